/*
 * Looking at compressed bytes without decompressing them all.
 */
#include "helpers.h"

#include "stream/filters.h"
#include "stream/skim.h"

#define LIMIT (64 * 1024 * 1024)

static const CompressionMethod methods[] = {
	COMPRESSION_NONE, COMPRESSION_ZSTD, COMPRESSION_LZ4, COMPRESSION_GZIP,
};

/* Some compressed bytes. */
typedef struct Compressed
{
	CompressionMethod method;
	Bytes		bytes;
} Compressed;

static Compressed
compressed_rows(CompressionMethod method, size_t len)
{
	Compressed	compressed = {.method = method};
	Compression compression = {method, method == COMPRESSION_LZ4 ? 0 : 1};
	char	   *rows = compressible_data(len);
	Sink	   *chain = memory_sink(&compressed.bytes.data, &compressed.bytes.len, LIMIT, "x");

	chain = compress_sink(chain, &compression, 1, true);
	sink_write(chain, rows, len);
	sink_finish(chain);
	sink_release(chain);
	pg_free(rows);
	return compressed;
}

/*
 * Skims compressed bytes; how many plain bytes they hold.
 */
static int64
skim(const Compressed *compressed, size_t piece_limit)
{
	int64		size;
	Sink	   *sink = skim_sink(compressed->method, "erp.dump", &size);

	write_in_pieces(sink, compressed->bytes.data, compressed->bytes.len, piece_limit);
	sink_finish(sink);
	sink_release(sink);
	return size;
}

static void
skim_step(void *compressed)
{
	skim(compressed, 100000);
}

static void
whole_frames_tell_how_much_they_hold(void **state)
{
	static const size_t sizes[] = {0, 1, FRAME_SIZE, FRAME_SIZE + 1, 5 * FRAME_SIZE + 12345};
	static const size_t pieces[] = {10007, FRAME_SIZE, LIMIT};

	for (int i = 0; i < lengthof(methods); i++)
	{
		for (int j = 0; j < lengthof(sizes); j++)
		{
			Compressed	compressed = compressed_rows(methods[i], sizes[j]);

			for (int k = 0; k < lengthof(pieces); k++)
				assert_int_equal(skim(&compressed, pieces[k]), sizes[j]);
			pg_free(compressed.bytes.data);
		}
	}
}

static void
a_stream_that_was_cut_is_damage(void **state)
{
	/* Without compression, nothing tells where the end is. */
	for (int i = 1; i < lengthof(methods); i++)
	{
		for (int cut = 1; cut < 20; cut++)
		{
			Compressed	compressed = compressed_rows(methods[i], 2 * FRAME_SIZE);

			compressed.bytes.len -= cut;
			expect_failure(FAILURE_DAMAGED, "erp.dump", skim_step, &compressed);
			pg_free(compressed.bytes.data);
		}
	}
}

static void
bytes_behind_the_last_frame_are_damage(void **state)
{
	for (int i = 1; i < lengthof(methods); i++)
	{
		Compressed	compressed = compressed_rows(methods[i], 1000);

		/* There is room for the terminating zero. */
		compressed.bytes.len += 1;
		expect_failure(FAILURE_DAMAGED, "erp.dump", skim_step, &compressed);
		pg_free(compressed.bytes.data);
	}
}

static void
a_last_frame_whose_checksum_differs_is_damage(void **state)
{
	for (int i = 1; i < lengthof(methods); i++)
	{
		Compressed	compressed = compressed_rows(methods[i], FRAME_SIZE + 1000);

		compressed.bytes.data[compressed.bytes.len - 2] ^= 1;
		expect_failure(FAILURE_DAMAGED, "erp.dump", skim_step, &compressed);
		pg_free(compressed.bytes.data);
	}
}

static void
what_is_no_frame_is_damage(void **state)
{
	for (int i = 1; i < lengthof(methods); i++)
	{
		Compressed	noise = {methods[i], {random_data(100000), 100000}};
		Compressed	nothing = {methods[i], {pg_strdup(""), 0}};

		expect_failure(FAILURE_DAMAGED, "erp.dump", skim_step, &noise);
		expect_failure(FAILURE_DAMAGED, "erp.dump", skim_step, &nothing);
		pg_free(noise.bytes.data);
		pg_free(nothing.bytes.data);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_frames_tell_how_much_they_hold),
		cmocka_unit_test(a_stream_that_was_cut_is_damage),
		cmocka_unit_test(bytes_behind_the_last_frame_are_damage),
		cmocka_unit_test(a_last_frame_whose_checksum_differs_is_damage),
		cmocka_unit_test(what_is_no_frame_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
