/*
 * An alert: something that an administrator should know.
 */
#ifndef ERPGO_ENGINE_NOTIFY_ALERT_H
#define ERPGO_ENGINE_NOTIFY_ALERT_H

#include "postgres_fe.h"

#include <jansson.h>

typedef enum AlertSeverity
{
	ALERT_CRITICAL,
	ALERT_WARNING,
	ALERT_INFO
} AlertSeverity;

/* All texts are valid UTF-8 of bounded length. */
typedef struct Alert
{
	const char *id;				/* what the sender calls it, or NULL */
	const char *kind;			/* as "backup_failed" */
	AlertSeverity severity;
	bool		resolved;		/* it is over */
	const char *title;			/* one line */
	const char *text;			/* may have several lines, or none */
	const char *cluster;
	const char *host;
	const char *backup;			/* identifier, or NULL */
	const char *at;				/* when it came up */
	json_t	   *details;		/* an object */
	json_t	   *channels;		/* names of those to send it by; NULL: all */
} Alert;

/*
 * An alert from JSON, as alert_to_json makes it.  What is missing and can be
 * known is filled in; cluster is the one to take.  Texts that are too long
 * are cut, and control characters in them become blanks, so that an alert is
 * never lost to what it tells of.  FAILURE_USAGE if it is no alert at all.
 */
extern Alert alert_from_json(json_t *json, const char *cluster);

/* An alert that tells of nothing but that alerts arrive. */
extern Alert alert_for_test(const char *cluster);

/* Is the alert to be sent by a channel? */
extern bool alert_is_for(const Alert *alert, const char *channel);

/* The alert as the generic webhook sends it. */
extern json_t *alert_to_json(const Alert *alert);

/* "critical", "warning" or "info", in static memory. */
extern const char *alert_severity_name(AlertSeverity severity);

/* "firing" or "resolved", in static memory. */
extern const char *alert_state_name(const Alert *alert);

/* "[critical] Backup failed: main on db1", one line; allocated. */
extern char *alert_headline(const Alert *alert);

/* A text that is no longer than so many bytes, cut at a character; allocated. */
extern char *cut_text(const char *string, size_t limit);

/* How many bytes the character at a place of a valid UTF-8 text has. */
extern int	character_length(const char *character);

#endif
