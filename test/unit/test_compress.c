/*
 * Compressing and decompressing, here and by the tools that users have.
 */
#include "helpers.h"

#include <sys/wait.h>
#include <unistd.h>

#include <zstd.h>

#include "stream/filters.h"

/* More than any test's data. */
#define LIMIT (256 * 1024 * 1024)

static const Compression methods[] = {
	{COMPRESSION_NONE, 0}, {COMPRESSION_ZSTD, 1}, {COMPRESSION_GZIP, 6}, {COMPRESSION_LZ4, 0},
	{COMPRESSION_LZ4, 3},
};

/* Sizes around the edges of frames. */
static const size_t sizes[] = {
	0, 1, FRAME_SIZE - 1, FRAME_SIZE, FRAME_SIZE + 1, 2 * FRAME_SIZE + 12345,
};

/*
 * Compresses some bytes, written in pieces of at most piece_limit.
 */
static Bytes
compress(Compression compression, int workers, Bytes plain, size_t piece_limit)
{
	static bool gently = false;
	Bytes		compressed;
	Sink	   *chain = memory_sink(&compressed.data, &compressed.len, LIMIT, "compressed");

	/* Both ways take turns. */
	gently = !gently;
	chain = compress_sink(chain, &compression, workers, gently);
	write_in_pieces(chain, plain.data, plain.len, piece_limit);
	sink_finish(chain);
	sink_release(chain);
	return compressed;
}

/*
 * Decompresses some bytes, written in pieces of at most piece_limit.
 */
static Bytes
decompress(CompressionMethod method, Bytes compressed, size_t piece_limit)
{
	Bytes		plain;
	Sink	   *chain = memory_sink(&plain.data, &plain.len, LIMIT, "plain");

	chain = decompress_sink(chain, method, "x");
	write_in_pieces(chain, compressed.data, compressed.len, piece_limit);
	sink_finish(chain);
	sink_release(chain);
	return plain;
}

/*
 * Compares what was got, and frees it, with what was expected.
 */
static void
assert_bytes_equal(Bytes got, Bytes expected)
{
	assert_int_equal(got.len, expected.len);
	assert_memory_equal(got.data, expected.data, expected.len);
	pg_free(got.data);
}

/*
 * So many bytes of rows.
 */
static Bytes
rows_of_size(size_t len)
{
	Bytes		rows = {compressible_data(len), len};

	return rows;
}

static void
assert_round_trip(Compression compression, int workers, Bytes plain)
{
	size_t		piece_limit = 1 + random_below(3 * FRAME_SIZE);
	Bytes		compressed = compress(compression, workers, plain, piece_limit);

	assert_bytes_equal(decompress(compression.method, compressed, 1 + random_below(FRAME_SIZE)), plain);
	pg_free(compressed.data);
}

static void
every_method_and_size_comes_back(void **state)
{
	for (int i = 0; i < lengthof(methods); i++)
	{
		for (int j = 0; j < lengthof(sizes); j++)
		{
			Bytes		rows = rows_of_size(sizes[j]);
			Bytes		noise = {random_data(sizes[j]), sizes[j]};

			for (int workers = 1; workers <= 3; workers += 2)
			{
				assert_round_trip(methods[i], workers, rows);
				assert_round_trip(methods[i], workers, noise);
			}
			pg_free(rows.data);
			pg_free(noise.data);
		}
	}
}

static void
the_number_of_workers_does_not_change_a_byte(void **state)
{
	Bytes		plain = rows_of_size(7 * FRAME_SIZE);

	for (int i = 0; i < lengthof(methods); i++)
	{
		Bytes		expected = compress(methods[i], 1, plain, FRAME_SIZE);

		for (int workers = 2; workers <= 5; workers += 3)
			assert_bytes_equal(compress(methods[i], workers, plain, 3 * FRAME_SIZE), expected);
		pg_free(expected.data);
	}
	pg_free(plain.data);
}

static void
pieces_of_one_byte_come_back(void **state)
{
	Bytes		plain = rows_of_size(50000);

	for (int i = 0; i < lengthof(methods); i++)
		assert_bytes_equal(decompress(methods[i].method, compress(methods[i], 1, plain, 1), 1), plain);
}

/*
 * The tool that users have for a method.
 */
static const char *
tool_of(CompressionMethod method)
{
	return method == COMPRESSION_ZSTD ? "/usr/bin/zstd" :
		method == COMPRESSION_GZIP ? "/bin/gzip" : "/usr/bin/lz4";
}

static void
plain_tools_read_what_is_written(void **state)
{
	for (int i = 1; i < lengthof(methods); i++)
	{
		const char *const argv[] = {tool_of(methods[i].method), "-dc", NULL};

		if (access(argv[0], X_OK) != 0)
			skip();
		for (int j = 0; j < lengthof(sizes); j++)
		{
			Bytes		plain = rows_of_size(sizes[j]);
			Bytes		compressed = compress(methods[i], 2, plain, FRAME_SIZE);

			assert_bytes_equal(run_filter(argv, compressed.data, compressed.len), plain);
			pg_free(plain.data);
			pg_free(compressed.data);
		}
	}
}

static void
what_plain_tools_write_is_read(void **state)
{
	Bytes		plain = rows_of_size(2 * FRAME_SIZE + 7);

	for (int i = 1; i < lengthof(methods); i++)
	{
		const char *const argv[] = {tool_of(methods[i].method), "-c", NULL};

		if (access(argv[0], X_OK) != 0)
			skip();
		assert_bytes_equal(decompress(methods[i].method, run_filter(argv, plain.data, plain.len),
									  100000), plain);
	}
}

static void
frames_of_zstd_have_their_size_and_a_checksum(void **state)
{
	Bytes		plain = rows_of_size(2 * FRAME_SIZE + 5);
	Compression compression = {COMPRESSION_ZSTD, 1};
	Bytes		compressed = compress(compression, 2, plain, FRAME_SIZE);
	size_t		at = 0;
	int			frames = 0;

	while (at < compressed.len)
	{
		const char *frame = compressed.data + at;

		assert_int_equal(ZSTD_getFrameContentSize(frame, compressed.len - at),
						 frames < 2 ? FRAME_SIZE : 5);
		/* Bit 2 of the frame header's descriptor. */
		assert_true(frame[4] & 0x04);
		at += ZSTD_findFrameCompressedSize(frame, compressed.len - at);
		frames++;
	}
	assert_int_equal(frames, 3);
}

static void
an_empty_stream_is_one_empty_frame(void **state)
{
	Bytes		nothing = {"", 0};

	for (int i = 1; i < lengthof(methods); i++)
	{
		for (int workers = 1; workers <= 2; workers++)
		{
			Bytes		compressed = compress(methods[i], workers, nothing, 1);

			assert_true(compressed.len > 0);
			assert_int_equal(decompress(methods[i].method, compressed, 3).len, 0);
		}
	}
}

/* What is to be decompressed in a process of its own. */
typedef struct Damaged
{
	CompressionMethod method;
	Bytes		compressed;
	Bytes		plain;			/* what it was */
} Damaged;

static void
decompress_damaged(void *argument)
{
	Damaged    *damaged = argument;
	Bytes		again = decompress(damaged->method, damaged->compressed, 10000);

	/* A change that changes nothing, as that of a time stamp, is no damage. */
	if (again.len != damaged->plain.len ||
		memcmp(again.data, damaged->plain.data, again.len) != 0)
		abort();
}

static void
an_end_in_the_middle_of_a_frame_is_damage(void **state)
{
	Bytes		plain = rows_of_size(FRAME_SIZE + 3000);

	for (int i = 1; i < lengthof(methods); i++)
	{
		Damaged		damaged = {methods[i].method, compress(methods[i], 1, plain, FRAME_SIZE)};
		size_t		whole = damaged.compressed.len;

		for (int missing = 1; missing <= 10; missing++)
		{
			damaged.compressed.len = whole - missing;
			expect_failure(FAILURE_DAMAGED, "cannot decompress object \"x\": it ends in the middle of a frame",
						   decompress_damaged, &damaged);
		}
		damaged.compressed.len = 0;
		expect_failure(FAILURE_DAMAGED, "cannot decompress object \"x\"", decompress_damaged, &damaged);
	}
}

static void
what_follows_the_last_frame_is_damage(void **state)
{
	static const Bytes garbage[] = {
		{"\0", 1}, {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16}, {"x", 1}, {"garbage garbage garbage", 23},
	};
	Bytes		plain = rows_of_size(3000);

	for (int i = 1; i < lengthof(methods); i++)
	{
		for (int j = 0; j < lengthof(garbage); j++)
		{
			Damaged		damaged = {methods[i].method, compress(methods[i], 1, plain, FRAME_SIZE)};

			damaged.compressed.data = pg_realloc(damaged.compressed.data, damaged.compressed.len + 100);
			memcpy(damaged.compressed.data + damaged.compressed.len, garbage[j].data, garbage[j].len);
			damaged.compressed.len += garbage[j].len;
			expect_failure(FAILURE_DAMAGED, "cannot decompress object \"x\": ", decompress_damaged, &damaged);
		}
	}
}

static void
no_flipped_bit_changes_what_comes_back(void **state)
{
	Bytes		plain = rows_of_size(20000);

	for (int i = 1; i < lengthof(methods); i++)
	{
		Damaged		damaged = {methods[i].method, compress(methods[i], 1, plain, FRAME_SIZE), plain};

		for (int attempt = 0; attempt < 60; attempt++)
		{
			size_t		at = random_below(damaged.compressed.len);
			char		bit = (char) (1 << random_below(8));
			Outcome		outcome;

			damaged.compressed.data[at] ^= bit;
			outcome = run_apart(decompress_damaged, &damaged);
			damaged.compressed.data[at] ^= bit;
			assert_true(WIFEXITED(outcome.status));
			if (outcome.failed)
				assert_int_equal(outcome.kind, FAILURE_DAMAGED);
		}
	}
}

static void
a_window_that_needs_much_memory_is_refused(void **state)
{
	/* A frame header of zstd without content size, with a window of 1 GiB. */
	static char header[] = "\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00";
	Damaged		damaged = {COMPRESSION_ZSTD, {header, sizeof(header) - 1}};

	expect_failure(FAILURE_DAMAGED, "cannot decompress object \"x\": ", decompress_damaged, &damaged);
}

/* A sink that kills the children of this process when it gets something. */
static void
killing_write(Sink *sink, const void *data, size_t len)
{
	char	   *command = psprintf("pkill -KILL -P %d", (int) getpid());

	(void) !system(command);
}

static void
killing_release(Sink *sink)
{
}

static const SinkOps killing_ops = {
	.write = killing_write,
	.release = killing_release,
};

static void
compress_while_workers_are_killed(void *argument)
{
	Sink		killer = {.ops = &killing_ops};
	Compression compression = {COMPRESSION_ZSTD, 1};
	Sink	   *chain = compress_sink(&killer, &compression, 3, true);
	char	   *data = random_data(FRAME_SIZE);

	for (int i = 0; i < 100; i++)
		sink_write(chain, data, FRAME_SIZE);
}

static void
a_killed_worker_is_a_failure_that_names_the_signal(void **state)
{
	expect_failure(FAILURE_PROGRAM, "compression worker was killed by signal 9: Killed",
				   compress_while_workers_are_killed, NULL);
}

static void
no_worker_is_left_behind(void **state)
{
	Compression compression = {COMPRESSION_ZSTD, 1};
	Bytes		plain = {random_data(10 * FRAME_SIZE), 10 * FRAME_SIZE};
	Sink	   *chain = compress_sink(NULL, &compression, 3, true);

	sink_write(chain, plain.data, plain.len);
	sink_release(chain);
	compress(compression, 3, plain, FRAME_SIZE);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
what_fits_into_one_frame_costs_no_worker(void **state)
{
	Compression compression = {COMPRESSION_ZSTD, 1};
	Bytes		plain = {random_data(FRAME_SIZE), FRAME_SIZE};
	Sink	   *chain = compress_sink(NULL, &compression, 3, true);

	sink_write(chain, plain.data, plain.len);
	sink_finish(chain);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	sink_release(chain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_method_and_size_comes_back),
		cmocka_unit_test(the_number_of_workers_does_not_change_a_byte),
		cmocka_unit_test(pieces_of_one_byte_come_back),
		cmocka_unit_test(plain_tools_read_what_is_written),
		cmocka_unit_test(what_plain_tools_write_is_read),
		cmocka_unit_test(frames_of_zstd_have_their_size_and_a_checksum),
		cmocka_unit_test(an_empty_stream_is_one_empty_frame),
		cmocka_unit_test(an_end_in_the_middle_of_a_frame_is_damage),
		cmocka_unit_test(what_follows_the_last_frame_is_damage),
		cmocka_unit_test(no_flipped_bit_changes_what_comes_back),
		cmocka_unit_test(a_window_that_needs_much_memory_is_refused),
		cmocka_unit_test(a_killed_worker_is_a_failure_that_names_the_signal),
		cmocka_unit_test(no_worker_is_left_behind),
		cmocka_unit_test(what_fits_into_one_frame_costs_no_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
