/*
 * Events: writing and reading one.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "repository/event.h"
#include "repository/record.h"

#define EVENT_FORMAT 1
#define EVENT_PURPOSE "event"

#define DAMAGED_HINT \
	"Take the object from another copy of the repository. Where there is none, remove it; " \
	"if it was a pin or an annotation, make it again."

static const char *const event_kinds[] = {
	[EVENT_PIN] = "pin",
	[EVENT_UNPIN] = "unpin",
	[EVENT_ANNOTATE] = "annotate",
	[EVENT_VERIFIED] = "verified",
	[EVENT_FAILED] = "failed",
	[EVENT_DELETING] = "deleting"
};

const char *
event_kind_name(EventKind kind)
{
	return event_kinds[kind];
}

bool
event_kind_parse(const char *word, EventKind *kind)
{
	for (int i = 0; i < lengthof(event_kinds); i++)
	{
		if (strcmp(event_kinds[i], word) == 0)
		{
			*kind = (EventKind) i;
			return true;
		}
	}
	return false;
}

char *
event_file_name(const Event *event)
{
	char		at[TIME_TEXT_SIZE];
	char	   *compact = at;

	/* Colons are not for names of files, hyphens separate the kind. */
	time_format(event->at_ms, at);
	for (const char *from = at; *from != '\0'; from++)
	{
		if (*from != '-' && *from != ':')
			*compact++ = *from;
	}
	*compact = '\0';
	return psprintf("%s-%s.json", at, event_kind_name(event->kind));
}

bool
event_name_time(const char *name, int64 *at_ms)
{
	const char *slash = strrchr(name, '/');
	char		at[TIME_TEXT_SIZE];

	/* As "20261122T180000.123Z". */
	if (slash != NULL)
		name = slash + 1;
	if (strspn(name, "0123456789TZ.") != strlen("20261122T180000.123Z"))
		return false;
	snprintf(at, sizeof(at), "%.4s-%.2s-%.5s:%.2s:%.7s", name, name + 4,
			 name + 6, name + 11, name + 13);
	return time_parse(at, at_ms);
}

bool
event_name_kind(const char *name, EventKind *kind)
{
	const char *hyphen = strrchr(name, '-');
	const char *dot = strrchr(name, '.');
	char	   *word;
	bool		known;

	if (hyphen == NULL || dot == NULL || dot < hyphen)
		return false;
	word = pnstrdup(hyphen + 1, dot - hyphen - 1);
	known = event_kind_parse(word, kind);
	pg_free(word);
	return known;
}

/*
 * An event as JSON, without what authenticates it.
 */
static json_t *
event_to_json(const Event *event, const char *backup_id)
{
	char		at[TIME_TEXT_SIZE];
	json_t	   *json;

	time_format(event->at_ms, at);
	json = json_pack("{s:i, s:s, s:s, s:s}",
					 "format", EVENT_FORMAT,
					 "backup", backup_id,
					 "kind", event_kind_name(event->kind),
					 "at", at);
	json_object_set_new(json, "key", record_string(event->key, "key"));
	json_object_set_new(json, "value", record_string(event->value, "value"));
	return json;
}

char *
event_format(const Event *event, const char *backup_id, const char *data_key)
{
	return record_format(event_to_json(event, backup_id), data_key, EVENT_PURPOSE);
}

char *
event_format_signed(const Event *event, const char *backup_id, const char *signing_key)
{
	return record_format_signed(event_to_json(event, backup_id), signing_key, EVENT_PURPOSE);
}

/*
 * Fails because something about an event is not as it must be.
 */
static void
check(bool holds, const char *name, const char *problem)
{
	if (!holds)
		fail(FAILURE_DAMAGED, DAMAGED_HINT, "event \"%s\" is damaged: %s",
			 name, problem);
}

/*
 * Fails unless the object has the name that belongs to the event, so that
 * events cannot change places.
 */
static void
check_name(const Event *event, const char *name)
{
	char	   *expected = event_file_name(event);
	const char *slash = strrchr(name, '/');

	check(strcmp(slash == NULL ? name : slash + 1, expected) == 0, name,
		  "its name is not the one that belongs to its time and kind");
	pg_free(expected);
}

/*
 * Takes the fields of an event from its JSON, checked.
 */
static Event
read_fields(json_t *json, const char *name, const char *backup_id)
{
	Event		event = {0};
	const char *backup;
	const char *kind;
	const char *at;
	const char *key;
	const char *value;
	json_t	   *key_json;
	json_t	   *value_json;
	json_error_t error;
	VerifyDepth depth;

	if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s:s, s:o, s:o}",
					   "backup", &backup, "kind", &kind, "at", &at,
					   "key", &key_json, "value", &value_json) != 0)
		check(false, name, error.text);
	check(strcmp(backup, backup_id) == 0, name, "it belongs to another backup");
	check(event_kind_parse(kind, &event.kind), name, "its kind is not known");
	check(time_parse(at, &event.at_ms), name, "\"at\" is not a time");
	check(record_optional_string(key_json, &key), name,
		  "\"key\" is not a string");
	check(record_optional_string(value_json, &value), name,
		  "\"value\" is not a string");
	check(event.kind != EVENT_ANNOTATE || (key != NULL && value != NULL), name,
		  "an annotation needs a key and a value");
	check(event.kind != EVENT_VERIFIED ||
		  (value != NULL && verify_depth_parse(value, &depth)), name,
		  "a verification needs a depth");
	event.key = key == NULL ? NULL : pg_strdup(key);
	event.value = value == NULL ? NULL : pg_strdup(value);
	return event;
}

/*
 * Reads an event from its JSON, NULL if it did not authenticate; takes that
 * over.
 */
static Event
parse_json(json_t *json, const char *name, const char *backup_id)
{
	json_int_t	format;
	Event		event;

	check(json != NULL, name, "its last line does not authenticate it");
	check(json_unpack(json, "{s:I}", "format", &format) == 0, name,
		  "it has no format");
	if (format > EVENT_FORMAT)
		fail(FAILURE_STATE, "Use a newer version of erpgo_backup.",
			 "event \"%s\" has format %lld, but this version knows only formats up to %d",
			 name, (long long) format, EVENT_FORMAT);
	check(format == EVENT_FORMAT, name, "\"format\" is not a format");
	event = read_fields(json, name, backup_id);
	check_name(&event, name);
	json_decref(json);
	return event;
}

Event
event_parse(const char *content, const char *name, const char *backup_id,
			const char *data_key)
{
	return parse_json(record_authenticate(content, data_key, EVENT_PURPOSE), name,
					  backup_id);
}

Event
event_parse_signed(const char *content, const char *name, const char *backup_id)
{
	char		signer[KEY_HEX_SIZE];

	return parse_json(record_authenticate_signed(content, EVENT_PURPOSE, signer), name,
					  backup_id);
}

bool
event_signer(const char *content, char signer[KEY_HEX_SIZE])
{
	json_t	   *json = record_authenticate_signed(content, EVENT_PURPOSE, signer);
	bool		is_signed = json != NULL;

	json_decref(json);
	return is_signed;
}
