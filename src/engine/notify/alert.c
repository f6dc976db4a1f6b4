/*
 * An alert: something that an administrator should know.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "failure.h"
#include "notify/alert.h"
#include "protocol.h"
#include "repository/manifest.h"

/* The version of what alert_to_json makes. */
#define ALERT_FORMAT 1

/* Longer texts help nobody, in bytes. */
#define WORD_LIMIT 64
#define TITLE_LIMIT 200
#define TEXT_LIMIT 4000
/* How much of the details is sent, as JSON. */
#define DETAILS_LIMIT (16 * 1024)

static const char *const severities[] = {
	[ALERT_CRITICAL] = "critical",
	[ALERT_WARNING] = "warning",
	[ALERT_INFO] = "info",
};

int
character_length(const char *character)
{
	int			len = 1;

	/* In UTF-8 only the bytes after the first of a character are 10xxxxxx. */
	while ((character[len] & 0xC0) == 0x80)
		len++;
	return len;
}

char *
cut_text(const char *string, size_t limit)
{
	size_t		len = 0;

	while (string[len] != '\0')
	{
		int			step = character_length(string + len);

		if (len + step > limit)
			break;
		len += step;
	}
	return pnstrdup(string, len);
}

/*
 * A text of bounded length without control characters; line feeds stay in one
 * of several lines.  NULL for NULL.
 */
static char *
clean_text(const char *string, size_t limit, bool has_lines)
{
	char	   *result;

	if (string == NULL)
		return NULL;
	result = cut_text(string, limit);
	for (char *byte = result; *byte != '\0'; byte++)
	{
		unsigned char value = (unsigned char) *byte;

		if ((value < ' ' || value == 0x7F) && !(has_lines && value == '\n'))
			*byte = ' ';
	}
	return result;
}

/*
 * A text of the alert; NULL if it is missing.
 */
static char *
read_text(json_t *json, const char *key, size_t limit)
{
	return clean_text(json_string_value(json_object_get(json, key)), limit,
					  false);
}

/*
 * The same for one that must be there.
 */
static char *
read_required_text(json_t *json, const char *key, size_t limit)
{
	char	   *value = read_text(json, key, limit);

	if (value == NULL)
		fail(FAILURE_USAGE, NULL, "the alert has no \"%s\"", key);
	return value;
}

/*
 * The severity of an alert; one that is unknown is taken seriously.
 */
static AlertSeverity
read_severity(json_t *json)
{
	const char *word = json_string_value(json_object_get(json, "severity"));

	for (int i = 0; word != NULL && i < lengthof(severities); i++)
	{
		if (strcmp(word, severities[i]) == 0)
			return (AlertSeverity) i;
	}
	return ALERT_CRITICAL;
}

/*
 * The details, if they are an object of a size that can be sent.
 */
static json_t *
read_details(json_t *json)
{
	json_t	   *details = json_object_get(json, "details");

	if (!json_is_object(details) ||
		json_dumpb(details, NULL, 0, JSON_COMPACT) > DETAILS_LIMIT)
		return json_object();
	return json_incref(details);
}

/*
 * The channels that are named; NULL if all are meant.
 */
static json_t *
read_channels(json_t *json)
{
	json_t	   *channels = json_object_get(json, "channels");

	return json_is_array(channels) ? json_incref(channels) : NULL;
}

/*
 * The name of this machine.
 */
static char *
host_name(void)
{
	char		name[256];

	if (gethostname(name, sizeof(name)) != 0)
		return pg_strdup("unknown");
	name[sizeof(name) - 1] = '\0';
	return pg_strdup(name);
}

/*
 * The present time as alerts have it.
 */
static char *
present_time(void)
{
	char		now[TIME_TEXT_SIZE];

	time_format(time_now_ms(), now);
	return pg_strdup(now);
}

Alert
alert_from_json(json_t *json, const char *cluster)
{
	const char *state = json_string_value(json_object_get(json, "state"));
	const char *words = json_string_value(json_object_get(json, "text"));
	Alert		alert = {
		.id = read_text(json, "id", WORD_LIMIT),
		.kind = read_required_text(json, "kind", WORD_LIMIT),
		.severity = read_severity(json),
		.resolved = state != NULL && strcmp(state, "resolved") == 0,
		.title = read_required_text(json, "title", TITLE_LIMIT),
		.text = clean_text(words == NULL ? "" : words, TEXT_LIMIT, true),
		.cluster = read_text(json, "cluster", TITLE_LIMIT),
		.host = read_text(json, "host", TITLE_LIMIT),
		.backup = read_text(json, "backup", WORD_LIMIT),
		.at = read_text(json, "at", WORD_LIMIT),
		.details = read_details(json),
		.channels = read_channels(json),
	};

	if (alert.cluster == NULL)
		alert.cluster = clean_text(json_string_value(json_text(cluster)),
								   TITLE_LIMIT, false);
	if (alert.host == NULL)
		alert.host = host_name();
	if (alert.at == NULL)
		alert.at = present_time();
	return alert;
}

Alert
alert_for_test(const char *cluster)
{
	json_t	   *json = json_pack("{s:s, s:s, s:s, s:s}",
								 "kind", "test",
								 "severity", "info",
								 "title", "Test of alerts",
								 "text", "This is a test: nothing has happened, and nothing is to be done.");
	Alert		alert = alert_from_json(json, cluster);

	json_decref(json);
	return alert;
}

bool
alert_is_for(const Alert *alert, const char *channel)
{
	size_t		i;
	json_t	   *name;

	if (alert->channels == NULL)
		return true;
	json_array_foreach(alert->channels, i, name)
	{
		if (json_is_string(name) && strcmp(json_string_value(name), channel) == 0)
			return true;
	}
	return false;
}

json_t *
alert_to_json(const Alert *alert)
{
	return json_pack("{s:i, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:O}",
					 "version", ALERT_FORMAT,
					 "source", "erpgo_backup",
					 "id", json_text(alert->id),
					 "kind", alert->kind,
					 "severity", alert_severity_name(alert->severity),
					 "state", alert_state_name(alert),
					 "title", json_text(alert->title),
					 "text", json_text(alert->text),
					 "cluster", json_text(alert->cluster),
					 "host", json_text(alert->host),
					 "backup", json_text(alert->backup),
					 "at", alert->at,
					 "details", alert->details);
}

const char *
alert_severity_name(AlertSeverity severity)
{
	return severities[severity];
}

const char *
alert_state_name(const Alert *alert)
{
	return alert->resolved ? "resolved" : "firing";
}

char *
alert_headline(const Alert *alert)
{
	return psprintf("[%s] %s: %s on %s",
					alert->resolved ? "resolved" : alert_severity_name(alert->severity),
					alert->title, alert->cluster, alert->host);
}
