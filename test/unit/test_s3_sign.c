/*
 * Signatures, by the examples that AWS publishes with the method.
 */
#include "helpers.h"

#include "store/s3_sign.h"

#define EMPTY_DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const S3Identity example_identity = {
	.access_key = "AKIAIOSFODNN7EXAMPLE",
	.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	.region = "us-east-1"
};

/*
 * Checks a signature of the examples' day.
 */
static void
assert_signature(S3Signing signing, const char *names, const char *signature)
{
	char	   *expected = psprintf("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=%s,Signature=%s",
									names, signature);

	strcpy(signing.time, "20130524T000000Z");
	assert_string_equal(s3_authorization(&signing, &example_identity), expected);
}

static void
a_range_of_an_object_is_signed(void **state)
{
	const S3Pair headers[] = {
		{"host", "examplebucket.s3.amazonaws.com"},
		{"range", "bytes=0-9"},
		{"x-amz-content-sha256", EMPTY_DIGEST},
		{"x-amz-date", "20130524T000000Z"}
	};
	S3Signing	signing = {
		.method = "GET", .path = "/test.txt", .query = "",
		.headers = headers, .header_count = lengthof(headers),
		.digest = EMPTY_DIGEST
	};

	assert_signature(signing, "host;range;x-amz-content-sha256;x-amz-date",
					 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void
a_new_object_is_signed_with_its_content(void **state)
{
	const char *content = "Welcome to Amazon S3.";
	char		digest[S3_DIGEST_SIZE];
	const S3Pair headers[] = {
		{"date", "Fri, 24 May 2013 00:00:00 GMT"},
		{"host", "examplebucket.s3.amazonaws.com"},
		{"x-amz-content-sha256", digest},
		{"x-amz-date", "20130524T000000Z"},
		{"x-amz-storage-class", "REDUCED_REDUNDANCY"}
	};
	S3Signing	signing = {
		.method = "PUT", .path = s3_escape("/test$file.text", true), .query = "",
		.headers = headers, .header_count = lengthof(headers), .digest = digest
	};

	s3_digest(content, strlen(content), digest);
	assert_string_equal(digest, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
	assert_signature(signing, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
					 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

/*
 * Checks the signature of a GET of the bucket with a query.
 */
static void
assert_query_signature(const S3Pair *parameters, int count, const char *signature)
{
	const S3Pair headers[] = {
		{"host", "examplebucket.s3.amazonaws.com"},
		{"x-amz-content-sha256", EMPTY_DIGEST},
		{"x-amz-date", "20130524T000000Z"}
	};
	S3Signing	signing = {
		.method = "GET", .path = "/", .query = s3_query(parameters, count),
		.headers = headers, .header_count = lengthof(headers),
		.digest = EMPTY_DIGEST
	};

	assert_signature(signing, "host;x-amz-content-sha256;x-amz-date", signature);
}

static void
a_query_is_signed(void **state)
{
	const S3Pair lifecycle[] = {{"lifecycle", ""}};
	const S3Pair list[] = {{"max-keys", "2"}, {"prefix", "J"}};

	assert_query_signature(lifecycle, 1,
						   "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	assert_query_signature(list, 2,
						   "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void
all_but_unreserved_characters_are_escaped(void **state)
{
	assert_string_equal(s3_escape("a%20/b~c-d._+ \xc3\xa4:", true),
						"a%2520/b~c-d._%2B%20%C3%A4%3A");
	assert_string_equal(s3_escape("a/b", false), "a%2Fb");
	assert_string_equal(s3_escape("", true), "");
}

static void
the_digest_of_nothing_is_the_known_one(void **state)
{
	char		digest[S3_DIGEST_SIZE];

	s3_digest("", 0, digest);
	assert_string_equal(digest, EMPTY_DIGEST);
}

static void
digests_are_told_in_base64_too(void **state)
{
	char		checksum[S3_CHECKSUM_SIZE];
	char		md5[S3_MD5_SIZE];

	s3_checksum(EMPTY_DIGEST, checksum);
	assert_string_equal(checksum, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	s3_md5("", 0, md5);
	assert_string_equal(md5, "1B2M2Y8AsgTpgAmY7PhCfg==");
}

static void
times_are_those_of_greenwich(void **state)
{
	char		stamp[S3_TIME_SIZE];

	s3_time(1369353600, stamp);
	assert_string_equal(stamp, "20130524T000000Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_of_an_object_is_signed),
		cmocka_unit_test(a_new_object_is_signed_with_its_content),
		cmocka_unit_test(a_query_is_signed),
		cmocka_unit_test(all_but_unreserved_characters_are_escaped),
		cmocka_unit_test(the_digest_of_nothing_is_the_known_one),
		cmocka_unit_test(digests_are_told_in_base64_too),
		cmocka_unit_test(times_are_those_of_greenwich),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
