/*
 * How users write a compression.
 */
#include "helpers.h"

#include "common/compression.h"

static void
a_method_without_level_gets_its_default(void **state)
{
	static const struct
	{
		const char *written;
		const char *canonical;
	}			cases[] = {
		{"none", "none"}, {"zstd", "zstd:1"}, {"gzip", "gzip:4"}, {"lz4", "lz4:0"},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		Compression compression;
		const char *problem;
		char		canonical[COMPRESSION_SIZE];

		assert_true(compression_parse(cases[i].written, &compression, &problem));
		compression_format(&compression, canonical);
		assert_string_equal(canonical, cases[i].canonical);
	}
}

static void
every_valid_level_is_read_back_as_it_is_written(void **state)
{
	static const struct
	{
		const char *method;
		int			lowest,
					highest;
	}			methods[] = {{"zstd", 1, 19}, {"gzip", 1, 12}, {"lz4", 0, 12}};

	for (int i = 0; i < lengthof(methods); i++)
	{
		for (int level = -2; level < 130; level++)
		{
			char		written[32];
			char		canonical[COMPRESSION_SIZE];
			Compression compression;
			const char *problem = NULL;
			bool		valid = level >= methods[i].lowest && level <= methods[i].highest;

			snprintf(written, sizeof(written), "%s:%d", methods[i].method, level);
			assert_int_equal(compression_parse(written, &compression, &problem), valid);
			if (!valid)
				assert_non_null(strstr(problem, methods[i].method));
			else
			{
				compression_format(&compression, canonical);
				assert_string_equal(canonical, written);
			}
		}
	}
}

static void
another_text_is_refused_with_what_would_be_valid(void **state)
{
	static const char *const wrong[] = {
		"", ":", ":3", "zst", "zstdd", "ZSTD", " zstd", "zstd ", "zstd:", "zstd: 3", "zstd:3 ",
		"zstd:+3", "zstd:-1", "zstd:03", "zstd:3.0", "zstd:0x3", "zstd:3:3", "zstd:4294967297",
		"zstd:00000000000000000003", "none:0", "none:", "bzip2", "zstd:\x33\xc2\xa0",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		Compression compression = {COMPRESSION_GZIP, 9};
		const char *problem = NULL;

		if (compression_parse(wrong[i], &compression, &problem))
			fail_msg("\"%s\" was taken for a compression", wrong[i]);
		assert_non_null(problem);
		assert_int_equal(problem[strlen(problem) - 1], '.');
		assert_int_equal(compression.method, COMPRESSION_GZIP);
		assert_int_equal(compression.level, 9);
	}
}

static void
each_method_has_the_suffix_that_its_tools_know(void **state)
{
	assert_string_equal(compression_suffix(COMPRESSION_NONE), "");
	assert_string_equal(compression_suffix(COMPRESSION_GZIP), ".gz");
	assert_string_equal(compression_suffix(COMPRESSION_LZ4), ".lz4");
	assert_string_equal(compression_suffix(COMPRESSION_ZSTD), ".zst");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_method_without_level_gets_its_default),
		cmocka_unit_test(every_valid_level_is_read_back_as_it_is_written),
		cmocka_unit_test(another_text_is_refused_with_what_would_be_valid),
		cmocka_unit_test(each_method_has_the_suffix_that_its_tools_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
