/*
 * Alerts by an incoming webhook of Slack.
 *
 * The limits are those that Slack documents for its blocks: a message beyond
 * them is refused as a whole.
 */
#include "postgres_fe.h"

#include "lib/stringinfo.h"
#include "notify/channel.h"
#include "protocol.h"
#include "repository/secrets.h"

/* In characters. */
#define HEADER_LIMIT 150
#define SECTION_LIMIT 3000
#define FIELD_LIMIT 2000
/* In all; those that every alert has are five. */
#define FIELDS_LIMIT 10

/* What is put before every value of a field. */
#define FIELD_MARKUP "**\n"

/*
 * What a character is written as in Slack's texts, where three of them are
 * the beginning or the end of something.
 */
static char *
escape_character(const char *character, int len)
{
	switch (*character)
	{
		case '&':
			return pg_strdup("&amp;");
		case '<':
			return pg_strdup("&lt;");
		case '>':
			return pg_strdup("&gt;");
		default:
			return pnstrdup(character, len);
	}
}

/*
 * A text escaped, and cut so that it has no more bytes, and so no more
 * characters, than the limit.
 */
static char *
escape_text(const char *string, size_t limit)
{
	static const char ellipsis[] = "\xE2\x80\xA6";
	StringInfoData result;

	initStringInfo(&result);
	while (*string != '\0')
	{
		int			len = character_length(string);
		char	   *piece = escape_character(string, len);

		if (result.len + strlen(piece) + strlen(ellipsis) > limit)
		{
			appendStringInfoString(&result, ellipsis);
			break;
		}
		appendStringInfoString(&result, piece);
		pg_free(piece);
		string += len;
	}
	return result.data;
}

/*
 * A text of Slack, of a type; takes the escaped content.
 */
static json_t *
text_object(const char *type, char *content)
{
	json_t	   *object = json_pack("{s:s, s:o}", "type", type,
								   "text", json_text(content));

	pg_free(content);
	return object;
}

/*
 * Adds a field with a label, if there is room and it has a value.
 */
static void
add_field(json_t *fields, const char *label, const char *value)
{
	char	   *name;
	char	   *content;

	if (value == NULL || value[0] == '\0' ||
		json_array_size(fields) >= FIELDS_LIMIT)
		return;
	name = escape_text(label, FIELD_LIMIT / 4);
	content = escape_text(value, FIELD_LIMIT - strlen(FIELD_MARKUP) - strlen(name));
	json_array_append_new(fields, text_object("mrkdwn",
											  psprintf("*%s*\n%s", name, content)));
	pg_free(name);
	pg_free(content);
}

/*
 * Adds the details, texts as they are and others as JSON.
 */
static void
add_details(json_t *fields, json_t *details)
{
	const char *key;
	json_t	   *value;

	json_object_foreach(details, key, value)
	{
		char	   *encoded = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		add_field(fields, key, json_is_string(value) ?
				  json_string_value(value) : encoded);
		free(encoded);
	}
}

/*
 * The fields of an alert.
 */
static json_t *
fields_of(const Alert *alert)
{
	json_t	   *fields = json_array();

	add_field(fields, "Severity", alert_severity_name(alert->severity));
	add_field(fields, "State", alert_state_name(alert));
	add_field(fields, "Cluster", alert->cluster);
	add_field(fields, "Host", alert->host);
	add_field(fields, "Backup", alert->backup);
	add_details(fields, alert->details);
	return fields;
}

/*
 * What is put before a title, so that it is seen from afar.
 */
static const char *
mark_of(const Alert *alert)
{
	static const char *const marks[] = {
		[ALERT_CRITICAL] = ":red_circle:",
		[ALERT_WARNING] = ":large_yellow_circle:",
		[ALERT_INFO] = ":large_blue_circle:",
	};

	return alert->resolved ? ":white_check_mark:" : marks[alert->severity];
}

json_t *
slack_message(const Alert *alert)
{
	json_t	   *blocks = json_array();
	char	   *title = psprintf("%s %s", mark_of(alert), alert->title);
	char	   *context = psprintf("erpgo_backup · %s · %s", alert->kind, alert->at);

	json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "header",
											"text", text_object("plain_text",
																escape_text(title, HEADER_LIMIT))));
	if (alert->text[0] != '\0')
		json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "section",
												"text", text_object("plain_text",
																	escape_text(alert->text, SECTION_LIMIT))));
	json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "section",
											"fields", fields_of(alert)));
	json_array_append_new(blocks, json_pack("{s:s, s:[o]}", "type", "context",
											"elements", text_object("mrkdwn",
																	escape_text(context, FIELD_LIMIT))));
	return json_pack("{s:o, s:o}",
					 "text", json_text(escape_text(alert_headline(alert), SECTION_LIMIT)),
					 "blocks", blocks);
}

/*
 * Prepares to send an alert to Slack.
 */
static Transfer *
prepare(const Alert *alert, int timeout_ms)
{
	Transfer   *transfer = transfer_create("Slack webhook", timeout_ms);
	json_t	   *message;

	if (!transfer_set_url(transfer, SECRET_SLACK_WEBHOOK_URL, URL_HTTPS))
		return transfer;
	message = slack_message(alert);
	transfer_post(transfer, json_dumps(message, JSON_COMPACT),
				  "application/json; charset=utf-8");
	json_decref(message);
	return transfer;
}

const Channel slack_channel = {
	.name = "slack",
	.secret = SECRET_SLACK_WEBHOOK_URL,
	.prepare = prepare,
};
