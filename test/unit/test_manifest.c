/*
 * Manifests: what is written is read again, and nothing else is.
 */
#include "helpers.h"
#include "example.h"

#include "repository/manifest.h"

#define NAME "main/backup/" EXAMPLE_BACKUP_ID "/manifest.json"
#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/*
 * Unlocks what is wrapped by the cluster key of the example.
 */
static void
unlock_example(void *context, const char *id, const WrappedKey *wrapped,
			   char data_key[KEY_HEX_SIZE])
{
	if (strcmp(id, EXAMPLE_CLUSTER_KEY_ID) != 0 ||
		!key_unwrap(wrapped, EXAMPLE_CLUSTER_KEY, data_key))
		fail(FAILURE_DAMAGED, NULL, "manifest \"%s\" is damaged: its key", NAME);
}

static Manifest *
parse(const char *content)
{
	char		data_key[KEY_HEX_SIZE];

	return manifest_parse(content, NAME, EXAMPLE_BACKUP_ID, unlock_example, NULL, data_key);
}

static void
parse_only(void *content)
{
	parse(content);
}

/*
 * A manifest with everything that one can have, not encrypted.
 */
static Manifest
make_manifest(void)
{
	static TableSize tables[] = {
		{"public.orders", INT64CONST(1) << 41},
		{"\"a \"\"b\n\".\xE2\x82\xAC", 8192}
	};
	static ManifestObject objects[] = {
		{OBJECT_GLOBALS, "globals.sql.zst", NULL, 10, 20, DIGEST_A},
		{OBJECT_DATABASES, "databases.json.zst", NULL, 30, 40, DIGEST_B},
		{OBJECT_DUMP, "erp.dump.zst", "erp", INT64CONST(1) << 40, 60, DIGEST_A, 70, DIGEST_B, tables, lengthof(tables)},
		{OBJECT_DUMP, "a%20%C3%A4%22.dump.zst", "a \xC3\xA4\"", 0, 0, DIGEST_B, 0, DIGEST_A}
	};
	Manifest	manifest = {
		.id = EXAMPLE_BACKUP_ID,
		.type = BACKUP_FULL,
		.cluster = "main",
		.system_identifier = EXAMPLE_SYSTEM_IDENTIFIER,
		.server_version = 170011,
		.engine_version = "1.0",
		.started_ms = INT64CONST(1795370400123),
		.finished_ms = INT64CONST(1795370407456),
		.compression = {COMPRESSION_ZSTD, 3},
		.cipher = CIPHER_NONE,
		.verified_depth = VERIFY_FULL,
		.label = "before the \"big\" upgrade\n\xE2\x82\xAC",
		.schedule = "every 6 hours",
		.objects = objects,
		.object_count = lengthof(objects)
	};

	return manifest;
}

static void
assert_same_object(const ManifestObject *a, const ManifestObject *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->database == NULL ? "" : a->database,
						b->database == NULL ? "" : b->database);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->stored_size, b->stored_size);
	assert_string_equal(a->sha256, b->sha256);
	assert_int_equal(a->toc_entries, b->toc_entries);
	assert_string_equal(a->toc_sha256, b->toc_sha256);
	assert_int_equal(a->tables == NULL, b->tables == NULL);
	assert_int_equal(a->table_count, b->table_count);
	for (int i = 0; i < a->table_count; i++)
	{
		assert_string_equal(a->tables[i].name, b->tables[i].name);
		assert_int_equal(a->tables[i].bytes, b->tables[i].bytes);
	}
}

static void
the_databases_that_were_asked_for_may_be_all_some_or_not_noted(void **state)
{
	char	   *names[] = {"erp", "a \"b\""};
	Manifest	written = make_manifest();
	Manifest   *read = parse(manifest_format(&written, NULL));

	assert_false(read->scope_known);
	written.scope_known = true;
	read = parse(manifest_format(&written, NULL));
	assert_true(read->scope_known);
	assert_null(read->scope);
	written.scope = names;
	written.scope_count = lengthof(names);
	read = parse(manifest_format(&written, NULL));
	assert_int_equal(read->scope_count, 2);
	assert_string_equal(read->scope[0], names[0]);
	assert_string_equal(read->scope[1], names[1]);
}

static void
that_no_table_has_rows_is_not_the_same_as_not_noted(void **state)
{
	Manifest	written = make_manifest();
	ManifestObject objects[2] = {written.objects[2], written.objects[3]};
	TableSize	none;
	Manifest   *read;

	written.objects = objects;
	written.object_count = 2;
	objects[0].tables = &none;
	objects[0].table_count = 0;
	read = parse(manifest_format(&written, NULL));
	assert_non_null(read->objects[0].tables);
	assert_int_equal(read->objects[0].table_count, 0);
	assert_null(read->objects[1].tables);
}

static void
what_was_written_is_read(void **state)
{
	Manifest	written = make_manifest();
	char	   *content = manifest_format(&written, NULL);
	Manifest   *read = parse(content);

	assert_string_equal(read->id, written.id);
	assert_int_equal(read->type, written.type);
	assert_string_equal(read->cluster, written.cluster);
	assert_string_equal(read->system_identifier, written.system_identifier);
	assert_int_equal(read->server_version, written.server_version);
	assert_string_equal(read->engine_version, written.engine_version);
	assert_int_equal(read->started_ms, written.started_ms);
	assert_int_equal(read->finished_ms, written.finished_ms);
	assert_int_equal(read->compression.method, written.compression.method);
	assert_int_equal(read->compression.level, written.compression.level);
	assert_int_equal(read->cipher, written.cipher);
	assert_string_equal(read->key_id, "");
	assert_int_equal(read->verified_depth, written.verified_depth);
	assert_string_equal(read->label, written.label);
	assert_string_equal(read->schedule, written.schedule);
	assert_int_equal(read->object_count, written.object_count);
	for (int i = 0; i < written.object_count; i++)
		assert_same_object(&read->objects[i], &written.objects[i]);
	assert_string_equal(manifest_format(read, NULL), content);
}

static void
sizes_add_up_and_objects_are_found(void **state)
{
	Manifest	manifest = make_manifest();

	assert_int_equal(manifest_size(&manifest), (INT64CONST(1) << 40) + 40);
	assert_int_equal(manifest_stored_size(&manifest), 120);
	assert_ptr_equal(manifest_dump(&manifest, "erp"), &manifest.objects[2]);
	assert_null(manifest_dump(&manifest, "other"));
	assert_ptr_equal(manifest_object(&manifest, OBJECT_DATABASES), &manifest.objects[1]);
}

static void
the_example_is_read(void **state)
{
	char		data_key[KEY_HEX_SIZE];
	Manifest   *manifest = manifest_parse(EXAMPLE_MANIFEST, NAME, EXAMPLE_BACKUP_ID,
										  unlock_example, NULL, data_key);

	assert_string_equal(data_key, EXAMPLE_DATA_KEY);
	assert_int_equal(manifest->started_ms, INT64CONST(1795370400123));
	assert_int_equal(manifest->cipher, CIPHER_AES_256_CBC);
	assert_string_equal(manifest->key_id, EXAMPLE_CLUSTER_KEY_ID);
	assert_int_equal(manifest->object_count, 1);
	assert_string_equal(manifest->objects[0].name, EXAMPLE_OBJECT_NAME);
}

static void
the_example_is_written_byte_for_byte(void **state)
{
	Manifest   *manifest = parse(EXAMPLE_MANIFEST);

	assert_string_equal(manifest_format(manifest, EXAMPLE_DATA_KEY), EXAMPLE_MANIFEST);
}

static void
damaged_bytes_are_found_wherever_they_are(void **state)
{
	for (size_t i = 0; i < strlen(EXAMPLE_MANIFEST); i += 1 + random_below(4))
	{
		char	   *content = pg_strdup(EXAMPLE_MANIFEST);

		content[i] ^= 1 << random_below(8);
		expect_failure(FAILURE_DAMAGED, NAME, parse_only, content);
		pg_free(content);
	}
}

static void
a_manifest_that_is_cut_or_continued_is_damaged(void **state)
{
	char	   *content = pg_strdup(EXAMPLE_MANIFEST);

	expect_failure(FAILURE_DAMAGED, NAME, parse_only, psprintf("%s\n", content));
	expect_failure(FAILURE_DAMAGED, NAME, parse_only, psprintf(" %s", content));
	expect_failure(FAILURE_DAMAGED, NAME, parse_only, psprintf("%s%s", content, content));
	for (size_t len = strlen(content); len > 0; len -= Min(len, 97))
	{
		content[len - 1] = '\0';
		expect_failure(FAILURE_DAMAGED, NAME, parse_only, content);
	}
}

/*
 * Replaces the first occurrence of a text, and writes a new last line: what
 * somebody can do who can write to a repository that is not encrypted.
 */
static char *
forge(const char *content, const char *from, const char *to)
{
	const char *at = strstr(content, from);
	char	   *replaced;

	assert_non_null(at);
	replaced = psprintf("%.*s%s%s", (int) (at - content), content, to, at + strlen(from));
	*strrchr(replaced, '\n') = '\0';
	*(strrchr(replaced, '\n') + 1) = '\0';
	return authentication_append(replaced, NULL, MANIFEST_PURPOSE);
}

/* What a forger may write, and what is said of it. */
typedef struct Forgery
{
	const char *from;
	const char *to;
	const char *problem;
} Forgery;

static const Forgery forgeries[] = {
	{"\"format\": 1", "\"format\": 0", "not a format"},
	{"\"format\": 1", "\"format\": \"1\"", "Expected"},
	{"\"format\": 1,", "", "format"},
	{"\"format\": 1", "\"format\": 4294967297.0", "Expected"},
	{"\"id\": \"2026", "\"id\": \"2027", "belongs to another backup"},
	{"\"type\": \"full\"", "\"type\": \"data\"", "not the one in"},
	{"\"cluster\": \"main\"", "\"cluster\": \"..\"", "not the name of a cluster"},
	{"\"cluster\": \"main\"", "\"cluster\": \"a/b\"", "not the name of a cluster"},
	{"\"730", "\"x730", "system_identifier"},
	{"\"730", "\"0730", "system_identifier"},
	{"\"730", "\"99999999730", "system_identifier"},
	{": 170011", ": 170011000011", "out of range"},
	{": 170011", ": -170011", "out of range"},
	{": 170011", ": 4295137307", "out of range"},
	{": 170011", ": 1.7e5", "Expected"},
	{"\"engine_version\": \"1.0\"", "\"engine_version\": \"\"", "empty"},
	{"\"started_at\": \"2026-11-22T18:00:00.123Z\"", "\"started_at\": \"yesterday\"", "not a time"},
	{"\"started_at\": \"2026-11-22", "\"started_at\": \"2026-11-23", "before"},
	{"\"finished_at\": \"2026-11-22T18", "\"finished_at\": \"2026-11-22T25", "not a time"},
	{"\"zstd:3\"", "\"zstd:99\"", "not a compression"},
	{"\"zstd:3\"", "\"gzip\"", "canonical"},
	{"\"zstd:3\"", "\"gzip:3\"", "name that it cannot have"},
	{"\"cipher\": \"none\"", "\"cipher\": \"rot13\"", "not a cipher"},
	{"\"cipher\": \"none\"", "\"cipher\": \"aes-256-cbc\"", "names no key"},
	{"\"cluster_key\": null", "\"cluster_key\": 1", "not a string"},
	{"\"cluster_key\": null", "\"cluster_key\": \"../../x\"", "name of a key"},
	{"\"cluster_key\": null", "\"cluster_key\": \"0123456789abcdef\"", "not a wrapped key"},
	{"\"data_key\": null", "\"data_key\": \"x\"", "names no key"},
	{"\"verified_depth\": \"full\"", "\"verified_depth\": \"fully\"", "not a depth"},
	{"\"schedule\": \"every 6 hours\"", "\"schedule\": 6", "not a string"},
	{"\"schedule\": \"every 6 hours\",", "", "schedule"},
	{"\"label\": \"before", "\"label\": [], \"other\": \"before", "not a string"},
	{"\"label\": \"before", "\"id\": \"x\", \"label\": \"before", "not a JSON object"},
	{"\"objects\": [", "\"requested_databases\": 1, \"objects\": [", "not a list of names"},
	{"\"objects\": [", "\"requested_databases\": [], \"objects\": [", "not a list of names"},
	{"\"objects\": [", "\"requested_databases\": [\"\"], \"objects\": [", "not a list of names"},
	{"\"objects\": [", "\"requested_databases\": [null], \"objects\": [", "not a list of names"},
	{"\"objects\": [", "\"objects\": 1, \"rest\": [", "not an array"},
	{"\"kind\": \"globals\"", "\"kind\": \"local\"", "not known"},
	{"\"kind\": \"databases\"", "\"kind\": \"globals\"", "occurs twice"},
	{"\"kind\": \"globals\"", "\"kind\": \"globals\", \"offset\": 1", "unknown key"},
	{"globals.sql.zst", "../../globals.sql.zst", "cannot have"},
	{"globals.sql.zst", "event/globals.sql.zst", "cannot have"},
	{"globals.sql.zst", "globals.sql", "cannot have"},
	{"globals.sql.zst", ".zst", "cannot have"},
	{"globals.sql.zst", "/globals.sql.zst", "cannot have"},
	{"globals.sql.zst", "", "cannot have"},
	{"globals.sql.zst", "databases.json.zst", "same name"},
	{"\"size\": 10", "\"size\": -10", "negative"},
	{"\"stored_size\": 20", "\"stored_size\": -1", "negative"},
	{"\"size\": 10", "\"size\": 9223372036854775807", "sum of all sizes"},
	{"\"size\": 10", "\"size\": 9223372036854775808", "not a JSON object"},
	{"\"size\": 10", "\"size\": \"10\"", "Expected"},
	{"\"stored_size\": 20,", "", "stored_size"},
	{DIGEST_A, "AAAA", "not a SHA-256"},
	{"\"database\": \"erp\"", "\"database\": \"\"", "empty or too long"},
	{"\"database\": \"erp\"", "\"database\": \"a \\u00e4\\\"\"", "occurs twice"},
	{"\"database\": \"erp\"", "\"database\": \"e\\u0000rp\"", "not a JSON object"},
	{"\"database\": \"erp\"", "\"database\": null", "Expected"},
	{"\"database\": \"erp\",", "", "unknown key"},
	{"\"toc_entries\": 70", "\"toc_entries\": -1", "out of range"},
	{"\"toc_entries\": 70", "\"toc_entries\": 4294967366", "out of range"},
	{"\"toc_entries\": 70,", "\"toc_entry\": 70,", "toc_entries"},
	{"\"tables\": [", "\"tables\": 1, \"other\": [", "unknown key"},
	{"\"toc_entries\": 0", "\"tables\": 1, \"toc_entries\": 0", "not an array"},
	{"\"name\": \"public.orders\"", "\"name\": \"\"", "name of a table"},
	{"\"name\": \"public.orders\"", "\"name\": null", "Expected"},
	{"\"bytes\": 8192", "\"bytes\": -1", "negative"},
	{"\"bytes\": 8192", "\"bytes\": \"8192\"", "Expected"},
	{"\"bytes\": 8192", "\"bytes\": 8192, \"rows\": 1", "unpacked"},
	{"{\n", "[{\n", "not a JSON object"},
};

static void
each_forged_field_is_told(void **state)
{
	Manifest	manifest = make_manifest();
	const char *content = manifest_format(&manifest, NULL);

	for (int i = 0; i < lengthof(forgeries); i++)
		expect_failure(FAILURE_DAMAGED, forgeries[i].problem, parse_only,
					   forge(content, forgeries[i].from, forgeries[i].to));
}

static void
a_manifest_of_another_backup_is_refused(void **state)
{
	Manifest	manifest = make_manifest();

	strlcpy(manifest.id, "20261122T180001Z-full", BACKUP_ID_SIZE);
	expect_failure(FAILURE_DAMAGED, "another backup", parse_only,
				   manifest_format(&manifest, NULL));
}

static void
a_key_at_the_top_that_is_not_known_is_ignored(void **state)
{
	Manifest	manifest = make_manifest();
	const char *content = manifest_format(&manifest, NULL);

	assert_non_null(parse(forge(content, "\"format\": 1", "\"format\": 1, \"new\": {\"x\": []}")));
}

static void
a_format_of_the_future_is_refused_as_such(void **state)
{
	Manifest	manifest = make_manifest();
	const char *content = manifest_format(&manifest, NULL);

	expect_failure(FAILURE_STATE, "has format 2", parse_only,
				   forge(content, "\"format\": 1", "\"format\": 2"));
}

static void
an_encrypted_manifest_cannot_be_authenticated_without_its_key(void **state)
{
	/* The last line of one that names no key, over a text that names one. */
	expect_failure(FAILURE_DAMAGED, "does not authenticate", parse_only,
				   forge(EXAMPLE_MANIFEST, "\"label\": null", "\"label\": null"));
}

static void
an_hmac_where_no_key_is_named_is_refused(void **state)
{
	Manifest	manifest = make_manifest();

	expect_failure(FAILURE_DAMAGED, "does not authenticate", parse_only,
				   manifest_format(&manifest, EXAMPLE_DATA_KEY));
}

static void
the_authentication_of_one_purpose_is_not_that_of_another(void **state)
{
	const char *body = "{\n";
	char	   *content = authentication_append(body, EXAMPLE_DATA_KEY, "event");

	assert_true(authentication_check(content, EXAMPLE_DATA_KEY, "event"));
	assert_false(authentication_check(content, EXAMPLE_DATA_KEY, "manifest"));
	assert_false(authentication_check(content, EXAMPLE_CLUSTER_KEY, "event"));
	assert_false(authentication_check(content, NULL, "event"));
	assert_false(authentication_check(content, "", "event"));
}

static void
random_texts_are_damaged(void **state)
{
	for (int i = 0; i < 100; i++)
	{
		char	   *content = random_data(random_below(200));

		expect_failure(FAILURE_DAMAGED, NAME, parse_only, content);
		pg_free(content);
	}
}

static void
deeply_nested_texts_are_damaged(void **state)
{
	char	   *content = pg_malloc(1000001);

	memset(content, '[', 1000000);
	content[1000000] = '\0';
	expect_failure(FAILURE_DAMAGED, NAME, parse_only, content);
}

static void
times_are_read_as_they_are_written(void **state)
{
	const int64 times[] = {0, 1, 999, 1000, INT64CONST(1795370400123), INT64CONST(253402300799999)};

	for (int i = 0; i < lengthof(times); i++)
	{
		char		written[TIME_TEXT_SIZE];
		int64		read;

		time_format(times[i], written);
		assert_true(time_parse(written, &read));
		assert_int_equal(read, times[i]);
	}
}

static void
only_times_in_their_one_form_are_read(void **state)
{
	const char *const others[] = {
		"", "2026-11-22", "2026-11-22T18:00:00Z", "2026-11-22T18:00:00.12Z",
		"2026-11-22T18:00:00.1234Z", "2026-11-22T18:00:00.123", "2026-11-22T18:00:00.123Zx",
		"2026-11-22 18:00:00.123Z", "2026-11-31T18:00:00.123Z", "2026-13-22T18:00:00.123Z",
		"2026-11-22T24:00:00.000Z", "2026-11-22T18:00:60.000Z", " 2026-11-22T18:00:00.123Z",
		"+026-11-22T18:00:00.123Z", "1969-12-31T23:59:59.999Z", "2026-11-22T18:00:00.-12Z"
	};
	int64		read;

	for (int i = 0; i < lengthof(others); i++)
		assert_false(time_parse(others[i], &read));
}

static void
an_encrypted_manifest_is_read_without_its_key_if_that_is_asked_for(void **state)
{
	char		data_key[KEY_HEX_SIZE];
	Manifest   *read = manifest_parse(EXAMPLE_MANIFEST, NAME, EXAMPLE_BACKUP_ID, NULL, NULL,
									  data_key);

	assert_string_equal(read->key_id, EXAMPLE_CLUSTER_KEY_ID);
	assert_string_equal(data_key, "");
	assert_int_equal(read->object_count, 1);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(that_no_table_has_rows_is_not_the_same_as_not_noted),
		cmocka_unit_test(the_databases_that_were_asked_for_may_be_all_some_or_not_noted),
		cmocka_unit_test(sizes_add_up_and_objects_are_found),
		cmocka_unit_test(the_example_is_read),
		cmocka_unit_test(the_example_is_written_byte_for_byte),
		cmocka_unit_test(damaged_bytes_are_found_wherever_they_are),
		cmocka_unit_test(a_manifest_that_is_cut_or_continued_is_damaged),
		cmocka_unit_test(each_forged_field_is_told),
		cmocka_unit_test(a_manifest_of_another_backup_is_refused),
		cmocka_unit_test(a_key_at_the_top_that_is_not_known_is_ignored),
		cmocka_unit_test(a_format_of_the_future_is_refused_as_such),
		cmocka_unit_test(an_encrypted_manifest_cannot_be_authenticated_without_its_key),
		cmocka_unit_test(an_hmac_where_no_key_is_named_is_refused),
		cmocka_unit_test(the_authentication_of_one_purpose_is_not_that_of_another),
		cmocka_unit_test(random_texts_are_damaged),
		cmocka_unit_test(deeply_nested_texts_are_damaged),
		cmocka_unit_test(an_encrypted_manifest_is_read_without_its_key_if_that_is_asked_for),
		cmocka_unit_test(times_are_read_as_they_are_written),
		cmocka_unit_test(only_times_in_their_one_form_are_read)
	};

	return cmocka_run_group_tests_name("manifests", cases, NULL, NULL);
}
