/*
 * URLs of repositories in object storage.
 */
#include "helpers.h"

#include "common/s3_object.h"
#include "common/store_url.h"

static S3Url
parse(const char *url)
{
	S3Url		parsed;
	const char *problem;

	if (!s3_url_parse(url, &parsed, &problem))
		fail_msg("\"%s\" was refused: %s", url, problem);
	return parsed;
}

static void
what_is_not_given_is_that_of_aws(void **state)
{
	S3Url		url = parse("s3://backups/some/where");

	assert_string_equal(url.bucket, "backups");
	assert_string_equal(url.prefix, "some/where/");
	assert_string_equal(url.region, "us-east-1");
	assert_string_equal(url.host, "s3.us-east-1.amazonaws.com");
	assert_true(url.tls);
	assert_false(url.path_style);
	assert_string_equal(url.storage_class, "");
	assert_int_equal(url.part_size, 8 * 1024 * 1024);
	assert_int_equal(url.timeout_s, 30);
	assert_int_equal(url.parallel, 4);
	assert_int_equal(url.max_parts, 10000);
	assert_null(url.encryption);
	assert_null(url.lock_mode);
	assert_string_equal(url.tags, "");
	assert_string_equal(url.thaw_tier, "Standard");
}

static void
what_the_server_does_with_objects_is_taken_as_it_wants_it(void **state)
{
	S3Url		url = parse("s3://backups?sse=aws:kms&sse_key_id=arn:aws:kms:eu-west-1:111:key/a-b&tag=team:erp&tag=env:prod"
							"&object_lock=compliance&lock_days=30&thaw_days=3&thaw_tier=Bulk");

	assert_string_equal(url.encryption, "aws:kms");
	assert_string_equal(url.encryption_key, "arn:aws:kms:eu-west-1:111:key/a-b");
	assert_string_equal(url.tags, "team=erp&env=prod");
	assert_string_equal(url.lock_mode, "COMPLIANCE");
	assert_int_equal(url.lock_days, 30);
	assert_int_equal(url.thaw_days, 3);
	assert_string_equal(url.thaw_tier, "Bulk");
}

/*
 * Bytes of an object that is stored in as many parts as it may have, and
 * what memory that takes at most.
 */
static int64_t
largest_object(const S3Url *url, int64_t *memory)
{
	int64_t		bytes = 0;

	*memory = 0;
	for (int i = 0; i < url->max_parts; i++)
	{
		int64_t		size = s3_url_part_size(url, i);

		assert_true(i <= 1 || size >= s3_url_part_size(url, i - 1));
		bytes += size;
		*memory = Max(*memory, size * s3_url_parallel(url, size));
	}
	return bytes;
}

static void
parts_grow_so_that_there_are_never_too_many(void **state)
{
	S3Url		url = parse("s3://backups");
	S3Url		other = parse("s3://backups?max_parts=1000&part_size=16&parallel=1");
	int64_t		gib = INT64_C(1024) * 1024 * 1024;
	int64_t		memory;

	assert_int_equal(s3_url_part_size(&url, 0), s3_url_whole_size(&url));
	assert_int_equal(s3_url_part_size(&url, 1), url.part_size);
	assert_int_equal(s3_url_part_size(&url, 999), url.part_size);
	assert_int_equal(s3_url_part_size(&url, 1000), 2 * url.part_size);
	assert_true(largest_object(&url, &memory) > 3500 * gib);
	assert_true(memory <= 2 * gib);
	assert_true(largest_object(&other, &memory) > 400 * gib);
	assert_true(memory <= gib);
}

static void
memory_is_that_of_the_parts_in_parallel(void **state)
{
	S3Url		url = parse("s3://backups?part_size=8&parallel=4");

	assert_int_equal(s3_url_parallel(&url, url.part_size), 4);
	assert_int_equal(s3_url_parallel(&url, 2 * url.part_size), 2);
	assert_int_equal(s3_url_parallel(&url, 16 * url.part_size), 2);
	url = parse("s3://backups?parallel=1");
	assert_int_equal(s3_url_parallel(&url, url.part_size), 1);
}

static void
the_prefix_may_be_missing(void **state)
{
	assert_string_equal(parse("s3://backups").prefix, "");
	assert_string_equal(parse("s3://backups?region=a").prefix, "");
}

static void
parameters_are_taken_in_any_order(void **state)
{
	S3Url		url = parse("s3://backups?timeout=7&endpoint=http://[::1]:9000&part_size=5&region=eu-central-1"
							"&storage_class=STANDARD_IA&style=virtual");

	assert_string_equal(url.host, "[::1]:9000");
	assert_false(url.tls);
	assert_false(url.path_style);
	assert_string_equal(url.region, "eu-central-1");
	assert_string_equal(url.storage_class, "STANDARD_IA");
	assert_int_equal(url.part_size, S3_SMALLEST_PART);
	assert_int_equal(url.timeout_s, 7);
}

static void
the_region_is_in_the_host_of_aws(void **state)
{
	assert_string_equal(parse("s3://backups?region=eu-west-3").host, "s3.eu-west-3.amazonaws.com");
}

static void
a_port_is_told_only_if_it_is_unusual(void **state)
{
	assert_string_equal(parse("s3://backups?endpoint=https://s3.example.com:443").host, "s3.example.com");
	assert_string_equal(parse("s3://backups?endpoint=http://s3.example.com:80").host, "s3.example.com");
	assert_string_equal(parse("s3://backups?endpoint=http://s3.example.com:443").host, "s3.example.com:443");
}

static void
the_bucket_is_in_the_path_where_a_host_cannot_have_it(void **state)
{
	assert_true(parse("s3://backups?endpoint=https://localhost").path_style);
	assert_true(parse("s3://back.ups").path_style);
	assert_false(parse("s3://back-ups").path_style);
	assert_true(parse("s3://backups?style=path").path_style);
}

static void
what_makes_no_sense_is_refused_with_what_would_be_valid(void **state)
{
	static const char *const wrong[] = {
		"s3://", "s3://a", "s3://Backups", "s3://key:secret@backups", "s3://backups/", "s3://backups//a",
		"s3://backups/../a", "s3://backups/.claim", "s3://backups/a b", "s3://backups/a%20b", "s3://.backups",
		"s3://backups/a\n", "s3://backups?", "s3://backups?region", "s3://backups?region=", "s3://backups?region=a/b",
		"s3://backups?secret=x", "s3://backups?endpoint=s3.example.com", "s3://backups?endpoint=ftp://s3.example.com",
		"s3://backups?endpoint=https://", "s3://backups?endpoint=https://a/b", "s3://backups?endpoint=https://u:p@a",
		"s3://backups?endpoint=https://a:0", "s3://backups?endpoint=https://a#b", "s3://backups?style=other",
		"s3://backups?part_size=4", "s3://backups?part_size=1025", "s3://backups?part_size=8M", "s3://backups?timeout=0",
		"s3://backups?timeout=-1", "s3://backups?storage_class=\r\nx:y", "s3://backups?claims=never", "s3://backups?region=a&&style=path",
		"s3://backups?parallel=0", "s3://backups?parallel=17", "s3://backups?max_parts=99", "s3://backups?max_parts=10001",
		"s3://backups?sse=AES128", "s3://backups?sse_key_id=a", "s3://backups?sse=AES256&sse_key_id=a",
		"s3://backups?tag=a", "s3://backups?tag=a:", "s3://backups?tag=:b", "s3://backups?tag=a:b:c", "s3://backups?tag=a:b\r",
		"s3://backups?object_lock=governance", "s3://backups?lock_days=3", "s3://backups?object_lock=legal&lock_days=3",
		"s3://backups?object_lock=compliance&lock_days=0", "s3://backups?thaw_days=0", "s3://backups?thaw_tier=fast",
		"s3://0123456789012345678901234567890123456789012345678901234567890123",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		S3Url		parsed;
		const char *problem = NULL;

		if (s3_url_parse(wrong[i], &parsed, &problem))
			fail_msg("\"%s\" was taken for a URL", wrong[i]);
		assert_non_null(problem);
		assert_int_equal(problem[strlen(problem) - 1], '.');
		assert_false(store_url_check(wrong[i], &problem));
	}
}

static void
claims_are_made_where_conditions_are_ignored(void **state)
{
	assert_false(parse("s3://backups").claims);
	assert_false(parse("s3://backups?endpoint=https://s3.example.com").claims);
	assert_true(parse("s3://backups?endpoint=https://s3.example.com&claims=always").claims);
	assert_true(parse("s3://backups?endpoint=https://storage.googleapis.com&region=auto").claims);
	assert_true(parse("s3://backups?endpoint=https://storage.googleapis.com:443").claims);
}

static void
it_is_the_url_of_a_repository_without_a_path(void **state)
{
	const char *problem;

	assert_true(store_url_check("s3://backups/production", &problem));
	assert_null(store_url_path("s3://backups/production"));
}

static void
a_region_from_elsewhere_names_the_host_of_aws_only(void **state)
{
	S3Url		url = parse("s3://backups");
	S3Url		other = parse("s3://backups?endpoint=http://127.0.0.1:9000");

	assert_false(url.has_region);
	assert_true(parse("s3://backups?region=a").has_region);
	assert_true(s3_url_set_region(&url, "eu-west-1"));
	assert_string_equal(url.region, "eu-west-1");
	assert_string_equal(url.host, "s3.eu-west-1.amazonaws.com");
	assert_true(s3_url_set_region(&other, "eu-west-1"));
	assert_string_equal(other.region, "eu-west-1");
	assert_string_equal(other.host, "127.0.0.1:9000");
	assert_false(s3_url_set_region(&url, "example.com/"));
	assert_false(s3_url_set_region(&url, ""));
	assert_string_equal(url.region, "eu-west-1");
}

static void
only_what_a_backup_consists_of_gets_the_class(void **state)
{
	assert_true(s3_object_has_class("main/backup/20261122T180000Z-full/erp.dump.zst.aes"));
	assert_true(s3_object_has_class("main/backup/20261122T180000Z-physical/pack-00001.tar.zst"));
	assert_false(s3_object_has_class("main/backup/20261122T180000Z-full/manifest.json"));
	assert_false(s3_object_has_class("main/backup/20261122T180000Z-full/event/1-pin.json"));
	assert_false(s3_object_has_class("main/wal/00000001/000000010000000000000001-a-b.zst"));
	assert_false(s3_object_has_class("main/archived/00000001/000000010000000000000001-a"));
	assert_false(s3_object_has_class("main/key/1.json"));
	assert_false(s3_object_has_class("main/owner.json"));
	assert_false(s3_object_has_class("backup"));
}

static void
what_a_restore_needs_is_locked_and_what_is_replaced_is_not(void **state)
{
	assert_true(s3_object_is_locked("main/backup/20261122T180000Z-full/erp.dump.zst.aes"));
	assert_true(s3_object_is_locked("main/backup/20261122T180000Z-full/manifest.json"));
	assert_true(s3_object_is_locked("main/wal/00000001/000000010000000000000001-a-b.zst"));
	assert_true(s3_object_is_locked("main/key/1.json"));
	assert_true(s3_object_is_locked("main/cluster.json"));
	assert_false(s3_object_is_locked("main/backup/20261122T180000Z-full/writer.json"));
	assert_false(s3_object_is_locked("main/backup/20261122T180000Z-full/event/1-deleting.json"));
	assert_false(s3_object_is_locked("main/archived/00000001/000000010000000000000001-a"));
	assert_false(s3_object_is_locked("main/owner.json"));
	assert_false(s3_object_is_locked("main/check-1.json"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_is_that_of_aws),
		cmocka_unit_test(what_the_server_does_with_objects_is_taken_as_it_wants_it),
		cmocka_unit_test(parts_grow_so_that_there_are_never_too_many),
		cmocka_unit_test(memory_is_that_of_the_parts_in_parallel),
		cmocka_unit_test(only_what_a_backup_consists_of_gets_the_class),
		cmocka_unit_test(what_a_restore_needs_is_locked_and_what_is_replaced_is_not),
		cmocka_unit_test(the_prefix_may_be_missing),
		cmocka_unit_test(claims_are_made_where_conditions_are_ignored),
		cmocka_unit_test(parameters_are_taken_in_any_order),
		cmocka_unit_test(the_region_is_in_the_host_of_aws),
		cmocka_unit_test(a_port_is_told_only_if_it_is_unusual),
		cmocka_unit_test(the_bucket_is_in_the_path_where_a_host_cannot_have_it),
		cmocka_unit_test(what_makes_no_sense_is_refused_with_what_would_be_valid),
		cmocka_unit_test(it_is_the_url_of_a_repository_without_a_path),
		cmocka_unit_test(a_region_from_elsewhere_names_the_host_of_aws_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
