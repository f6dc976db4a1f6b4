/*
 * What became known of a backup after its manifest was written: small
 * authenticated objects "backup/<id>/event/<time>-<kind>.json".
 */
#ifndef ERPGO_ENGINE_REPOSITORY_EVENT_H
#define ERPGO_ENGINE_REPOSITORY_EVENT_H

#include "repository/manifest.h"

/* Where they are, below a backup's folder. */
#define EVENT_FOLDER "event/"

typedef enum EventKind
{
	EVENT_PIN,					/* value: the reason */
	EVENT_UNPIN,
	EVENT_ANNOTATE,				/* key and value; an empty value removes */
	EVENT_VERIFIED,				/* value: the depth */
	EVENT_FAILED,				/* verification failed; key: the depth; value:
								 * what was found */
	EVENT_DELETING				/* value: the rule that decided it */
} EventKind;

typedef struct Event
{
	EventKind	kind;
	int64		at_ms;			/* milliseconds since 1970, UTC */
	char	   *key;			/* or NULL */
	char	   *value;			/* or NULL */
} Event;

/* The word for a kind, in static memory, and the reverse. */
extern const char *event_kind_name(EventKind kind);
extern bool event_kind_parse(const char *word, EventKind *kind);

/*
 * The name of an event's object below "event/", allocated, and the time that
 * such a name tells; false if it tells none.
 */
extern char *event_file_name(const Event *event);
extern bool event_name_time(const char *name, int64 *at_ms);

/* The kind that such a name tells; false if it is none that is known. */
extern bool event_name_kind(const char *name, EventKind *kind);

/* The JSON text of an event of a backup, authenticated; allocated. */
extern char *event_format(const Event *event, const char *backup_id,
						  const char *data_key);

/* The same, signed. */
extern char *event_format_signed(const Event *event, const char *backup_id,
								 const char *signing_key);

/* Reads one; anything wrong is FAILURE_DAMAGED that names the object. */
extern Event event_parse(const char *text, const char *name,
						 const char *backup_id, const char *data_key);

/* The same for one that is signed; whose signature it is, is not said. */
extern Event event_parse_signed(const char *text, const char *name,
								const char *backup_id);

/* Who signed an event; false if it is not signed, or the signature is wrong. */
extern bool event_signer(const char *text, char signer[KEY_HEX_SIZE]);

#endif
