/*
 * Events: what is written is read again, and nothing else is.
 */
#include "helpers.h"
#include "example.h"

#include "repository/event.h"

#define FOLDER EXAMPLE_BACKUP_FOLDER EVENT_FOLDER
#define NAME FOLDER EXAMPLE_EVENT_NAME

/* An event's text, and as what it is read. */
typedef struct Reading
{
	const char *content;
	const char *name;
	const char *backup_id;
	const char *data_key;
} Reading;

static void
read_event(void *argument)
{
	Reading    *reading = argument;

	event_parse(reading->content, reading->name, reading->backup_id, reading->data_key);
}

static void
expect_damage(const char *problem, const char *content, const char *name,
			  const char *data_key)
{
	Reading		reading = {content, name, EXAMPLE_BACKUP_ID, data_key};

	expect_failure(FAILURE_DAMAGED, problem, read_event, &reading);
}

static void
kinds_have_words_and_words_have_kinds(void **state)
{
	EventKind	kind;

	for (int i = EVENT_PIN; i <= EVENT_DELETING; i++)
	{
		assert_true(event_kind_parse(event_kind_name(i), &kind));
		assert_int_equal(kind, i);
	}
	assert_false(event_kind_parse("pinned", &kind));
	assert_false(event_kind_parse("", &kind));
}

static void
what_was_written_is_read(void **state)
{
	const Event events[] = {
		{EVENT_PIN, 0, NULL, "before the \"upgrade\"\n"},
		{EVENT_UNPIN, 1, NULL, NULL},
		{EVENT_ANNOTATE, INT64CONST(1795370400123), "ticket", ""},
		{EVENT_VERIFIED, INT64CONST(1795370400999), NULL, "full"},
		{EVENT_FAILED, INT64CONST(1795370401000), NULL, "object \"x\" is missing"},
		{EVENT_DELETING, INT64CONST(1795370401001), NULL, "older than 7 days"}
	};
	const char *const keys[] = {NULL, "", EXAMPLE_DATA_KEY};

	for (int i = 0; i < lengthof(events) * lengthof(keys); i++)
	{
		const Event *event = &events[i / lengthof(keys)];
		const char *key = keys[i % lengthof(keys)];
		char	   *name = psprintf("%s%s", FOLDER, event_file_name(event));
		char	   *content = event_format(event, EXAMPLE_BACKUP_ID, key);
		Event		read = event_parse(content, name, EXAMPLE_BACKUP_ID, key);

		assert_int_equal(read.kind, event->kind);
		assert_int_equal(read.at_ms, event->at_ms);
		assert_int_equal(read.key == NULL, event->key == NULL);
		assert_int_equal(read.value == NULL, event->value == NULL);
		if (event->key != NULL)
			assert_string_equal(read.key, event->key);
		if (event->value != NULL)
			assert_string_equal(read.value, event->value);
	}
}

static void
the_example_is_read_and_written_byte_for_byte(void **state)
{
	Event		event = event_parse(EXAMPLE_EVENT, NAME, EXAMPLE_BACKUP_ID, EXAMPLE_DATA_KEY);

	assert_int_equal(event.kind, EVENT_PIN);
	assert_string_equal(event.value, "before the upgrade");
	assert_string_equal(event_file_name(&event), EXAMPLE_EVENT_NAME);
	assert_string_equal(event_format(&event, EXAMPLE_BACKUP_ID, EXAMPLE_DATA_KEY), EXAMPLE_EVENT);
}

static void
names_tell_times(void **state)
{
	int64		at_ms;

	assert_true(event_name_time("20261122T180000.123Z-pin.json", &at_ms));
	assert_int_equal(at_ms, INT64CONST(1795370400123));
	assert_true(event_name_time(NAME, &at_ms));
	assert_false(event_name_time("", &at_ms));
	assert_false(event_name_time("20261122T180000Z-pin.json", &at_ms));
	assert_false(event_name_time("20261322T180000.123Z-pin.json", &at_ms));
	assert_false(event_name_time("event/20261122T180000.123", &at_ms));
}

static void
each_damaged_byte_is_found(void **state)
{
	for (size_t i = 0; i < strlen(EXAMPLE_EVENT); i++)
	{
		char	   *content = pg_strdup(EXAMPLE_EVENT);

		content[i] ^= 1 << random_below(8);
		expect_damage(NAME, content, NAME, EXAMPLE_DATA_KEY);
		pg_free(content);
	}
}

static void
an_event_of_another_backup_or_key_is_refused(void **state)
{
	Reading		reading = {EXAMPLE_EVENT, NAME, "20261122T180000Z-data", EXAMPLE_DATA_KEY};

	expect_failure(FAILURE_DAMAGED, "another backup", read_event, &reading);
	expect_damage("does not authenticate", EXAMPLE_EVENT, NAME, EXAMPLE_CLUSTER_KEY);
	expect_damage("does not authenticate", EXAMPLE_EVENT, NAME, "");
}

static void
an_event_under_another_name_is_refused(void **state)
{
	expect_damage("its name", EXAMPLE_EVENT, FOLDER "20261123T083000.001Z-pin.json", EXAMPLE_DATA_KEY);
	expect_damage("its name", EXAMPLE_EVENT, FOLDER "20261123T083000.000Z-unpin.json", EXAMPLE_DATA_KEY);
}

static void
fields_that_make_no_sense_are_told(void **state)
{
	const char *const bodies[][2] = {
		{"\"kind\": \"pin\", \"at\": \"x\", \"key\": null, \"value\": null", "not a time"},
		{"\"kind\": \"glue\", \"at\": \"x\", \"key\": null, \"value\": null", "not known"},
		{"\"kind\": \"pin\", \"at\": \"2026-11-23T08:30:00.000Z\", \"key\": 1, \"value\": null", "not a string"},
		{"\"kind\": \"pin\", \"at\": \"2026-11-23T08:30:00.000Z\", \"key\": null, \"value\": {}", "not a string"},
		{"\"kind\": \"annotate\", \"at\": \"2026-11-23T08:30:00.000Z\", \"key\": null, \"value\": \"x\"", "needs a key"},
		{"\"kind\": \"verified\", \"at\": \"2026-11-23T08:30:00.000Z\", \"key\": null, \"value\": \"x\"", "needs a depth"},
		{"\"kind\": \"pin\"", "Object item not found"}
	};

	for (int i = 0; i < lengthof(bodies); i++)
	{
		char	   *body = psprintf("{\"format\": 1, \"backup\": \"%s\", %s,\n",
									EXAMPLE_BACKUP_ID, bodies[i][0]);

		expect_damage(bodies[i][1], authentication_append(body, NULL, "event"), NAME, NULL);
	}
}

static void
names_tell_kinds(void **state)
{
	EventKind	kind;

	assert_true(event_name_kind("a/event/20261123T083000.000Z-pin.json", &kind));
	assert_int_equal(kind, EVENT_PIN);
	assert_true(event_name_kind("20261123T083000.000Z-deleting.json", &kind));
	assert_int_equal(kind, EVENT_DELETING);
	assert_false(event_name_kind("20261123T083000.000Z-glue.json", &kind));
	assert_false(event_name_kind("20261123T083000.000Z.json", &kind));
	assert_false(event_name_kind("a.json-pin", &kind));
	assert_false(event_name_kind("", &kind));
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(kinds_have_words_and_words_have_kinds),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(the_example_is_read_and_written_byte_for_byte),
		cmocka_unit_test(names_tell_times),
		cmocka_unit_test(names_tell_kinds),
		cmocka_unit_test(each_damaged_byte_is_found),
		cmocka_unit_test(an_event_of_another_backup_or_key_is_refused),
		cmocka_unit_test(an_event_under_another_name_is_refused),
		cmocka_unit_test(fields_that_make_no_sense_are_told)
	};

	return cmocka_run_group_tests_name("events", cases, NULL, NULL);
}
