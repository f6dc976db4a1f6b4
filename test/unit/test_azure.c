/*
 * Repositories in Azure's Blob service: their URLs, and how requests are
 * signed.  The signatures that are expected were computed by another program.
 */
#include "helpers.h"

#include "common/azure_url.h"
#include "common/store_url.h"
#include "store/azure_sign.h"

#define KEY "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define TIME "Sun, 06 Nov 1994 08:49:37 GMT"

static AzureUrl
parse(const char *url)
{
	AzureUrl	parsed;
	const char *problem;

	if (!azure_url_parse(url, &parsed, &problem))
		fail_msg("\"%s\" was refused: %s", url, problem);
	return parsed;
}

static void
what_is_not_given_is_that_of_azure(void **state)
{
	AzureUrl	url = parse("azure://account1/backups/some/where");

	assert_string_equal(url.account, "account1");
	assert_string_equal(url.storage.bucket, "backups");
	assert_string_equal(url.storage.prefix, "some/where/");
	assert_string_equal(url.storage.host, "account1.blob.core.windows.net");
	assert_true(url.storage.tls);
	assert_false(url.account_in_path);
	assert_string_equal(url.tier, "");
	assert_int_equal(url.storage.timeout_s, 30);
	assert_string_equal(parse("azure://account1/backups").storage.prefix, "");
}

static void
parameters_are_taken_in_any_order(void **state)
{
	AzureUrl	url = parse("azure://acc/backups?timeout=7&access_tier=Cool&part_size=5&parallel=2&endpoint=http://[::1]:10000/acc");

	assert_string_equal(url.storage.host, "[::1]:10000");
	assert_false(url.storage.tls);
	assert_true(url.account_in_path);
	assert_string_equal(url.tier, "Cool");
	assert_int_equal(url.storage.part_size, 5 * 1024 * 1024);
	assert_int_equal(url.storage.parallel, 2);
	assert_int_equal(url.storage.timeout_s, 7);
	assert_false(parse("azure://acc/backups?endpoint=https://acc.blob.core.chinacloudapi.cn").account_in_path);
}

static void
what_makes_no_sense_is_refused_with_what_would_be_valid(void **state)
{
	static const char *const wrong[] = {
		"azure://", "azure://account", "azure://account/", "azure://ac/backups", "azure://Account/backups",
		"azure://account:key@/backups", "azure://account/Backups", "azure://account/b", "azure://account/backups/",
		"azure://account/backups//a", "azure://account/backups/../a", "azure://account/backups/a b", "azure://account/backups?",
		"azure://account/backups?sig=x", "azure://account/backups?endpoint=host", "azure://account/backups?endpoint=ftp://host",
		"azure://account/backups?endpoint=https://host/other", "azure://account/backups?endpoint=https://u:p@host",
		"azure://account/backups?endpoint=https://", "azure://account/backups?access_tier=Archive", "azure://account/backups?access_tier=",
		"azure://account/backups?part_size=4", "azure://account/backups?parallel=0", "azure://account/backups?timeout=0",
		"azure://0123456789012345678901234/backups", "AZURE://account/backups",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		AzureUrl	parsed;
		const char *problem = NULL;

		if (azure_url_parse(wrong[i], &parsed, &problem))
			fail_msg("\"%s\" was taken for a URL", wrong[i]);
		assert_non_null(problem);
		assert_int_equal(problem[strlen(problem) - 1], '.');
		assert_false(store_url_check(wrong[i], &problem));
	}
}

static void
it_is_the_url_of_a_repository_without_a_path_here(void **state)
{
	const char *problem;

	assert_true(store_url_check("azure://account/backups/production", &problem));
	assert_null(store_url_path("azure://account/backups/production"));
}

static void
times_are_those_of_http(void **state)
{
	char		stamp[AZURE_TIME_SIZE];

	azure_time(784111777, stamp);
	assert_string_equal(stamp, TIME);
}

static void
reading_a_range_is_signed(void **state)
{
	const S3Pair headers[] = {{"range", "bytes=5-"}, {"x-ms-date", TIME}, {"x-ms-version", "2021-12-02"}};
	const AzureSigning signing = {
		.method = "GET", .account = "acc", .path = "/backups/a/b%25c",
		.headers = headers, .header_count = lengthof(headers)
	};

	assert_string_equal(azure_authorization(&signing, KEY), "SharedKey acc:tP6jEJ37jC2hnKK/B95aUD7jxDN+CYTiFFdKPdRIHb0=");
}

static void
storing_a_block_is_signed_with_its_parameters(void **state)
{
	const S3Pair headers[] = {
		{"content-md5", "XUFAKrxLKna5cZ2REBfFkg=="}, {"if-none-match", "*"}, {"x-ms-blob-type", "BlockBlob"}, {"x-ms-date", TIME}
	};
	const S3Pair query[] = {{"blockid", "ab+/"}, {"comp", "block"}};
	const AzureSigning signing = {
		.method = "PUT", .account = "acc", .path = "/acc/backups/a", .body_len = 5,
		.query = query, .query_count = lengthof(query),
		.headers = headers, .header_count = lengthof(headers)
	};

	assert_string_equal(azure_authorization(&signing, KEY), "SharedKey acc:UE3E8BlkUxeLEOQ8khZHuO66m2tXQAJGsY5sqmKBwew=");
}

static void
what_is_no_key_signs_nothing(void **state)
{
	static const char *const wrong[] = {"", "a", "abc", "????", "=", "====", "secret!?"};
	const AzureSigning signing = {.method = "GET", .account = "acc", .path = "/backups"};

	for (int i = 0; i < lengthof(wrong); i++)
		assert_null(azure_authorization(&signing, wrong[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_is_that_of_azure),
		cmocka_unit_test(parameters_are_taken_in_any_order),
		cmocka_unit_test(what_makes_no_sense_is_refused_with_what_would_be_valid),
		cmocka_unit_test(it_is_the_url_of_a_repository_without_a_path_here),
		cmocka_unit_test(times_are_those_of_http),
		cmocka_unit_test(reading_a_range_is_signed),
		cmocka_unit_test(storing_a_block_is_signed_with_its_parameters),
		cmocka_unit_test(what_is_no_key_signs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
