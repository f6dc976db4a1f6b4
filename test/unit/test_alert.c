/*
 * Alerts, and what they look like to Slack and in a mail.
 */
#include "helpers.h"

#include <jansson.h>

#include "common/string.h"
#include "notify/channel.h"

#define HOSTILE_TITLE "x\r\nBcc: everybody@example.com\r\n\r\nbody"

static Alert
make_alert(const char *title, const char *words)
{
	json_t	   *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
								 "kind", "backup_failed", "severity", "critical",
								 "title", title, "text", words,
								 "host", "db1", "at", "2026-11-22T18:00:00.000Z");

	assert_non_null(json);
	return alert_from_json(json, "main");
}

/* Reads an alert from JSON; for expect_failure. */
static void
read_alert(void *json)
{
	alert_from_json(json_loads(json, 0, NULL), "main");
}

static char *
repeat(const char *piece, int count)
{
	char	   *result = pg_malloc0(strlen(piece) * count + 1);

	for (int i = 0; i < count; i++)
		strcat(result, piece);
	return result;
}

static const char *
text_at(json_t *message, int block, const char *key)
{
	json_t	   *object = json_object_get(json_array_get(json_object_get(message, "blocks"), block), key);

	return json_string_value(json_object_get(object, "text"));
}

static void
an_alert_without_kind_or_title_is_refused(void **state)
{
	expect_failure(FAILURE_USAGE, "has no \"kind\"", read_alert, "{\"title\": \"t\"}");
	expect_failure(FAILURE_USAGE, "has no \"title\"", read_alert, "{\"kind\": \"k\"}");
	expect_failure(FAILURE_USAGE, "has no \"kind\"", read_alert, "[]");
}

static void
an_alert_comes_back_as_it_was(void **state)
{
	const char *line = "{\"version\": 1, \"source\": \"erpgo_backup\", \"id\": \"17\", \"kind\": \"size_spike\","
		" \"severity\": \"info\", \"state\": \"resolved\", \"title\": \"Größe\", \"text\": \"a\\nb\","
		" \"cluster\": \"c\", \"host\": \"h\", \"backup\": \"20261122T180000Z-full\","
		" \"at\": \"2026-11-22T18:00:00.000Z\", \"details\": {\"bytes\": 5}}";
	json_t	   *json = json_loads(line, 0, NULL);
	Alert		alert = alert_from_json(json, "main");

	assert_true(json_equal(alert_to_json(&alert), json));
}

static void
an_unknown_severity_is_critical(void **state)
{
	Alert		alert = alert_from_json(json_pack("{s:s, s:s, s:s}", "kind", "k", "title", "t",
												  "severity", "odd"), "main");

	assert_int_equal(alert.severity, ALERT_CRITICAL);
	assert_string_equal(alert.cluster, "main");
	assert_true(strlen(alert.host) > 0);
	assert_true(strlen(alert.at) > 0);
}

static void
an_alert_is_for_all_channels_or_for_those_it_names(void **state)
{
	Alert		all = alert_from_json(json_pack("{s:s, s:s}", "kind", "k", "title", "t"), "main");
	Alert		some = alert_from_json(json_pack("{s:s, s:s, s:[s, i, s]}", "kind", "k", "title", "t",
												 "channels", "slack", 1, "email"), "main");
	Alert		none = alert_from_json(json_pack("{s:s, s:s, s:[]}", "kind", "k", "title", "t",
												 "channels"), "main");

	assert_true(alert_is_for(&all, "webhook"));
	assert_true(alert_is_for(&some, "slack") && alert_is_for(&some, "email"));
	assert_false(alert_is_for(&some, "webhook"));
	assert_false(alert_is_for(&none, "slack"));
}

static void
what_is_too_long_is_cut_at_a_character(void **state)
{
	Alert		alert = make_alert(repeat("é", 1000), repeat("x€", 10000));

	assert_int_equal(strlen(alert.title), 200);
	assert_true(strlen(alert.text) <= 4000 && strlen(alert.text) > 3990);
	assert_non_null(json_string(alert.title));
	assert_non_null(json_string(alert.text));
	assert_string_equal(cut_text("aé", 2), "a");
	assert_string_equal(cut_text("aé", 3), "aé");
	assert_string_equal(cut_text("", 0), "");
}

static void
control_characters_become_blanks(void **state)
{
	Alert		alert = make_alert("a\nb\tc\x1b[31m\x7f", "a\nb\r\x1b");

	assert_string_equal(alert.title, "a b c [31m ");
	assert_string_equal(alert.text, "a\nb  ");
}

static void
slack_gets_no_markup_of_others(void **state)
{
	Alert		alert = make_alert("<!channel> & <http://x|y>", "1 < 2 && 3 > 2");
	json_t	   *message = slack_message(&alert);

	assert_string_equal(text_at(message, 0, "text"),
						":red_circle: &lt;!channel&gt; &amp; &lt;http://x|y&gt;");
	assert_string_equal(text_at(message, 1, "text"), "1 &lt; 2 &amp;&amp; 3 &gt; 2");
	assert_string_equal(json_string_value(json_object_get(message, "text")),
						"[critical] &lt;!channel&gt; &amp; &lt;http://x|y&gt;: main on db1");
}

static void
slack_gets_no_more_than_it_takes(void **state)
{
	Alert		alert = make_alert(repeat("<é", 500), repeat("&", 10000));
	json_t	   *message;
	json_t	   *fields;

	for (int i = 0; i < 30; i++)
		json_object_set_new(alert.details, psprintf("key %d", i), json_string(repeat(">", 400)));
	message = slack_message(&alert);
	assert_true(strlen(text_at(message, 0, "text")) <= 150);
	assert_true(pg_str_endswith(text_at(message, 0, "text"), "\xE2\x80\xA6"));
	assert_true(strlen(text_at(message, 1, "text")) <= 3000);
	assert_true(pg_str_endswith(text_at(message, 1, "text"), "&amp;\xE2\x80\xA6"));
	fields = json_object_get(json_array_get(json_object_get(message, "blocks"), 2), "fields");
	assert_int_equal(json_array_size(fields), 10);
	for (int i = 0; i < 10; i++)
		assert_true(json_string_length(json_object_get(json_array_get(fields, i), "text")) <= 2000);
}

static void
slack_gets_no_empty_section(void **state)
{
	Alert		alert = make_alert("t", "");
	json_t	   *message = slack_message(&alert);

	assert_int_equal(json_array_size(json_object_get(message, "blocks")), 3);
	alert.resolved = true;
	assert_string_equal(text_at(slack_message(&alert), 0, "text"), ":white_check_mark: t");
}

static void
a_mail_has_the_headers_that_it_needs(void **state)
{
	Alert		alert = make_alert("Backup failed", "why");
	char	   *mail = mail_text(&alert, "from@example.com", "a@example.com,b@example.com", 0);

	assert_non_null(strstr(mail, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"));
	assert_non_null(strstr(mail, "From: erpgo_backup <from@example.com>\r\n"));
	assert_non_null(strstr(mail, "To: a@example.com,\r\n b@example.com\r\n"));
	assert_non_null(strstr(mail, "@example.com>\r\n"));
	assert_non_null(strstr(mail, "Subject: =?UTF-8?B?W2NyaXRpY2FsXSBCYWNrdXAgZmFpbGVkOiBtYWluIG9uIGRiMQ==?=\r\n"));
	assert_string_not_equal(mail, mail_text(&alert, "from@example.com", "a@example.com,b@example.com", 0));
}

static void
nothing_in_an_alert_adds_a_header(void **state)
{
	Alert		alert = make_alert(HOSTILE_TITLE, "a\r\n.\r\nQUIT");
	char	   *mail;

	/* As if the alert had not been cleaned. */
	alert.title = HOSTILE_TITLE;
	alert.host = alert.cluster = alert.kind = HOSTILE_TITLE;
	mail = mail_text(&alert, "from@example.com", "a@example.com", 0);
	assert_null(strstr(mail, "Bcc"));
	assert_null(strstr(mail, "QUIT"));
	assert_null(strstr(mail, "\r\n."));
}

static void
a_mail_has_short_lines_that_end_as_they_should(void **state)
{
	Alert		alert = make_alert(repeat("€", 60), repeat("line\n", 500));
	char	   *mail = mail_text(&alert, "from@example.com", "a@example.com", 0);
	const char *line = mail;
	const char *end;

	while ((end = strchr(line, '\n')) != NULL)
	{
		assert_true(end > line && end[-1] == '\r');
		assert_true(end - line <= 76 + 1);
		line = end + 1;
	}
	assert_string_equal(line, "");
}

static void
a_mail_address_is_one_and_nothing_else(void **state)
{
	static const char *const good[] = {"a@b", "first.last+tag@mail.example.com"};
	static const char *const bad[] = {
		"", "@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b\r\nRCPT", "<a@b>", "a@b,c@d", "ä@b",
		"\"a\"@b", "a@b>", "a@[1.2.3.4]"
	};

	for (int i = 0; i < lengthof(good); i++)
		assert_true(mail_address_is_valid(good[i]));
	for (int i = 0; i < lengthof(bad); i++)
		assert_false(mail_address_is_valid(bad[i]));
	assert_false(mail_address_is_valid(psprintf("%s@b", repeat("a", 253))));
}

static void
the_signature_is_that_of_time_and_body(void **state)
{
	/* printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key */
	assert_string_equal(webhook_signature("key", 1700000000, "{\"a\":1}"),
						"t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03");
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(an_alert_without_kind_or_title_is_refused),
		cmocka_unit_test(an_alert_comes_back_as_it_was),
		cmocka_unit_test(an_unknown_severity_is_critical),
		cmocka_unit_test(an_alert_is_for_all_channels_or_for_those_it_names),
		cmocka_unit_test(what_is_too_long_is_cut_at_a_character),
		cmocka_unit_test(control_characters_become_blanks),
		cmocka_unit_test(slack_gets_no_markup_of_others),
		cmocka_unit_test(slack_gets_no_more_than_it_takes),
		cmocka_unit_test(slack_gets_no_empty_section),
		cmocka_unit_test(a_mail_has_the_headers_that_it_needs),
		cmocka_unit_test(nothing_in_an_alert_adds_a_header),
		cmocka_unit_test(a_mail_has_short_lines_that_end_as_they_should),
		cmocka_unit_test(a_mail_address_is_one_and_nothing_else),
		cmocka_unit_test(the_signature_is_that_of_time_and_body)
	};

	return cmocka_run_group_tests_name("alert", cases, NULL, NULL);
}
