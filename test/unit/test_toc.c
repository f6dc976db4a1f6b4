/*
 * What the lines of "pg_restore --list" mean.
 */
#include "helpers.h"

#include "database/toc_text.h"

static const char sample_list[] =
";\n"
"; Archive created at 2026-11-22 18:00:00 UTC\n"
";     TOC Entries: 13\n"
";\n"
"; Selected TOC Entries:\n"
";\n"
"6; 2615 16385 SCHEMA - s2 postgres\n"
"215; 1259 16386 TABLE public t postgres\n"
"216; 1259 4294967295 MATERIALIZED VIEW public mv postgres\n"
"3351; 0 16386 TABLE DATA public t postgres\n"
"3205; 1259 16393 INDEX public t_b_idx postgres\n";

static void
entries_are_read_and_comments_are_not(void **state)
{
	Toc		   *toc = toc_parse(sample_list, "x");

	assert_int_equal(toc->count, 5);
	assert_int_equal(toc->entries[0].dump_id, 6);
	assert_int_equal(toc->entries[0].catalog, 2615);
	assert_int_equal(toc->entries[0].oid, 16385);
	assert_string_equal(toc->entries[0].description, "SCHEMA - s2 postgres");
	assert_string_equal(toc->entries[2].line,
						"216; 1259 4294967295 MATERIALIZED VIEW public mv postgres");
	assert_true(toc->entries[2].oid == PG_UINT32_MAX);
	toc_free(toc);
}

static void
the_digest_covers_catalogs_and_oids_in_their_order(void **state)
{
	Toc		   *toc = toc_parse("1; 1259 5 TABLE a b c\n2; 0 6 TABLE DATA a b c\n", "x");
	Toc		   *renamed = toc_parse("7; 1259 5 TABLE d e f\n8; 0 6 TABLE DATA g h i", "x");
	Toc		   *swapped = toc_parse("2; 0 6 TABLE DATA a b c\n1; 1259 5 TABLE a b c\n", "x");
	char		expected[SHA256_HEX_SIZE];

	sha256_hex("1259 5\n0 6\n", 11, expected);
	assert_string_equal(toc->sha256, expected);
	assert_string_equal(toc->sha256, renamed->sha256);
	assert_string_not_equal(toc->sha256, swapped->sha256);
	toc_free(toc);
	toc_free(renamed);
	toc_free(swapped);
}

static void
an_empty_list_is_a_table_of_contents_without_entries(void **state)
{
	Toc		   *toc = toc_parse(";\n; Selected TOC Entries:\n;\n", "x");

	assert_int_equal(toc->count, 0);
	assert_true(toc_missing_relation(toc, NULL, 0) == InvalidOid);
	toc_free(toc);
}

static void
parse(void *list)
{
	toc_parse(list, "erp.dump");
}

static void
a_line_that_is_no_entry_is_damage(void **state)
{
	static const char *const lines[] = {
		"rubbish", "x; 1259 5 TABLE a b c", "1 1259 5 TABLE a b c", "1; 1259 TABLE a b c",
		"0; 1259 5 TABLE a b c", "1; 1259 4294967296 TABLE a b c", "-1; 1259 5 TABLE a b c",
		"99999999999999999999; 1259 5 TABLE a b c", "1; -1259 5 TABLE a b c", "1; 1259 5",
	};

	for (int i = 0; i < lengthof(lines); i++)
		expect_failure(FAILURE_DAMAGED, "erp.dump", parse, pg_strdup(lines[i]));
}

static void
a_relation_that_is_not_dumped_is_found(void **state)
{
	Toc		   *toc = toc_parse(sample_list, "x");
	Oid			present[] = {16386, 16393, PG_UINT32_MAX};
	Oid			one_missing[] = {16386, 16387, 16388};

	/* The schema has this OID, which is another catalog's. */
	Oid			of_another_catalog[] = {16385};

	assert_true(toc_missing_relation(toc, present, 3) == InvalidOid);
	assert_int_equal(toc_missing_relation(toc, one_missing, 3), 16387);
	assert_int_equal(toc_missing_relation(toc, of_another_catalog, 1), 16385);
	toc_free(toc);
}

static bool
is_of_extension(const char *description)
{
	Toc		   *toc = toc_parse(psprintf("1; 0 0 %s\n", description), "x");
	bool		result = toc_entry_is_of_extension(&toc->entries[0]);

	toc_free(toc);
	return result;
}

static void
the_extension_and_what_belongs_to_it_is_recognized(void **state)
{
	assert_true(is_of_extension("EXTENSION - erpgo_backup "));
	assert_true(is_of_extension("COMMENT - EXTENSION erpgo_backup "));
	assert_true(is_of_extension("SCHEMA - erpgo_backup postgres"));
	assert_true(is_of_extension("ACL - SCHEMA erpgo_backup postgres"));
	assert_true(is_of_extension("TABLE DATA erpgo_backup schedule postgres"));
	assert_true(is_of_extension("ACL erpgo_backup TABLE backup postgres"));
	assert_true(is_of_extension("ACL public FUNCTION erpgo_backup_run(type text) postgres"));
	assert_true(is_of_extension("ACL tools TABLE erpgo_backup_history postgres"));
	assert_true(is_of_extension("COMMENT public VIEW erpgo_backup_history postgres"));
}

static void
other_objects_are_not_taken_for_the_extension(void **state)
{
	assert_false(is_of_extension("EXTENSION - erpgo_backup2 "));
	assert_false(is_of_extension("EXTENSION - plpgsql "));
	assert_false(is_of_extension("TABLE public erpgo_backup postgres"));
	assert_false(is_of_extension("TABLE public erpgo_backup_mine postgres"));
	assert_false(is_of_extension("TABLE DATA erpgo t erpgo_backup"));
	assert_false(is_of_extension("PUBLICATION - erpgo_backup postgres"));
	assert_false(is_of_extension("ACL public FUNCTION f() erpgo_backup"));
	assert_false(is_of_extension("TABLE erpgo_backups t postgres"));
}

static void
an_archive_with_the_extension_is_recognized(void **state)
{
	Toc		   *with = toc_parse("1; 3079 5 EXTENSION - erpgo_backup \n", "x");
	Toc		   *without = toc_parse("1; 1259 5 TABLE erpgo_backup t postgres\n", "x");

	assert_true(toc_has_extension(with));
	assert_false(toc_has_extension(without));
	toc_free(with);
	toc_free(without);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read_and_comments_are_not),
		cmocka_unit_test(the_digest_covers_catalogs_and_oids_in_their_order),
		cmocka_unit_test(an_empty_list_is_a_table_of_contents_without_entries),
		cmocka_unit_test(a_line_that_is_no_entry_is_damage),
		cmocka_unit_test(a_relation_that_is_not_dumped_is_found),
		cmocka_unit_test(the_extension_and_what_belongs_to_it_is_recognized),
		cmocka_unit_test(other_objects_are_not_taken_for_the_extension),
		cmocka_unit_test(an_archive_with_the_extension_is_recognized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
