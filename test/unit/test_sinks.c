/*
 * Chains of sinks, and the sinks that count, hash, collect and write out.
 */
#include "helpers.h"

#include <fcntl.h>
#include <unistd.h>

#include "stream/filters.h"

/* A sink that notes what happens to it. */
typedef struct NotingSink
{
	Sink		sink;
	char		name;
	char	   *notes;
} NotingSink;

/*
 * Appends what happens to the notes: the event and the sink's name.
 */
static void
note(NotingSink *noting, char event)
{
	size_t		length = strlen(noting->notes);

	noting->notes[length] = event;
	noting->notes[length + 1] = noting->name;
	noting->notes[length + 2] = '\0';
}

static void
noting_write(Sink *sink, const void *data, size_t len)
{
	note((NotingSink *) sink, 'w');
	sink_write(sink->next, data, len);
}

static void
noting_finish(Sink *sink)
{
	note((NotingSink *) sink, 'f');
}

static void
noting_release(Sink *sink)
{
	note((NotingSink *) sink, 'r');
	pg_free(sink);
}

static const SinkOps noting_ops = {
	.write = noting_write,
	.finish = noting_finish,
	.release = noting_release,
};

static const SinkOps noting_ops_without_finish = {
	.write = noting_write,
	.release = noting_release,
};

/*
 * Makes a sink that notes what happens to it.
 */
static Sink *
noting_sink(Sink *next, char name, char *notes)
{
	NotingSink *noting = pg_malloc(sizeof(NotingSink));

	noting->sink.ops = &noting_ops;
	noting->sink.next = next;
	noting->name = name;
	noting->notes = notes;
	return &noting->sink;
}

static void
what_happens_to_a_chain_happens_to_each_sink_in_order(void **state)
{
	char		notes[100] = "";
	Sink	   *chain = noting_sink(NULL, '3', notes);

	chain = noting_sink(chain, '2', notes);
	chain->ops = &noting_ops_without_finish;
	chain = noting_sink(chain, '1', notes);
	sink_write(chain, "x", 1);
	sink_finish(chain);
	sink_release(chain);
	assert_string_equal(notes, "w1w2w3f1f3r1r2r3");
}

static void
nothing_is_not_written(void **state)
{
	char		notes[100] = "";
	Sink	   *chain = noting_sink(NULL, '1', notes);

	sink_write(chain, "x", 0);
	sink_release(chain);
	assert_string_equal(notes, "r1");
}

static void
an_empty_chain_takes_everything(void **state)
{
	sink_write(NULL, "x", 1);
	sink_finish(NULL);
	sink_release(NULL);
}

/*
 * The digest of some bytes that are written in pieces.
 */
static Digest
digest_of(const char *data, size_t len)
{
	Digest		digest;
	Sink	   *chain = digest_sink(NULL, &digest);

	write_in_pieces(chain, data, len, 1000);
	sink_finish(chain);
	sink_release(chain);
	return digest;
}

static void
digests_are_those_of_the_standard(void **state)
{
	Digest		digest = digest_of("", 0);

	assert_int_equal(digest.size, 0);
	assert_string_equal(digest.sha256,
						"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest = digest_of("abc", 3);
	assert_int_equal(digest.size, 3);
	assert_string_equal(digest.sha256,
						"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
digests_do_not_depend_on_the_pieces(void **state)
{
	const char *const argv[] = {"/usr/bin/sha256sum", NULL};
	size_t		len = 300000;
	char	   *data = random_data(len);
	Digest		digest = digest_of(data, len);
	Bytes		expected = run_filter(argv, data, len);

	assert_int_equal(digest.size, len);
	assert_memory_equal(digest.sha256, expected.data, SHA256_HEX_SIZE - 1);
}

static void
what_is_hashed_and_counted_passes_on(void **state)
{
	Bytes		got;
	Digest		digest;
	int64		total = 5;
	Sink	   *chain = memory_sink(&got.data, &got.len, 100, "x");

	chain = digest_sink(count_sink(chain, &total), &digest);
	sink_write(chain, "ab", 2);
	sink_write(chain, "c", 1);
	sink_finish(chain);
	sink_release(chain);
	assert_string_equal(got.data, "abc");
	assert_int_equal(got.len, 3);
	assert_int_equal(total, 8);
	assert_int_equal(digest.size, 3);
}

static void
memory_holds_everything_after_the_sink_is_gone(void **state)
{
	size_t		len = 3000000;
	char	   *data = random_data(len);
	Bytes		got;
	Sink	   *chain = memory_sink(&got.data, &got.len, len, "x");

	write_in_pieces(chain, data, len, 10000);
	sink_finish(chain);
	sink_release(chain);
	assert_int_equal(got.len, len);
	assert_memory_equal(got.data, data, len);
	assert_int_equal(got.data[len], 0);
}

static void
memory_of_nothing_is_an_empty_text(void **state)
{
	Bytes		got;
	Sink	   *chain = memory_sink(&got.data, &got.len, 0, "x");

	sink_finish(chain);
	sink_release(chain);
	assert_int_equal(got.len, 0);
	assert_string_equal(got.data, "");
}

static void
collect_too_much(void *argument)
{
	Bytes		got;
	Sink	   *chain = memory_sink(&got.data, &got.len, 10, "backup/x/manifest.json");

	sink_write(chain, "0123456789", 10);
	sink_write(chain, "x", 1);
}

static void
more_than_the_limit_is_damage(void **state)
{
	expect_failure(FAILURE_DAMAGED, "object \"backup/x/manifest.json\" is larger than 10 bytes",
				   collect_too_much, NULL);
}

static void
a_descriptor_gets_everything_and_stays_open(void **state)
{
	char		path[] = "/tmp/erpgo_backup_test_XXXXXX";
	int			fd = mkstemp(path);
	char		got[10] = "";
	Sink	   *chain;

	assert_true(fd >= 0);
	unlink(path);
	chain = fd_sink(fd, path, NULL);
	sink_write(chain, "abc", 3);
	sink_write(chain, "de", 2);
	sink_finish(chain);
	sink_release(chain);
	assert_int_equal(pread(fd, got, sizeof(got), 0), 5);
	assert_string_equal(got, "abcde");
	close(fd);
}

static void
write_to_full_device(void *argument)
{
	sink_write(fd_sink(open("/dev/full", O_WRONLY), "/dev/full", NULL), "x", 1);
}

static void
a_full_device_is_a_failure(void **state)
{
	expect_failure(FAILURE_DISK_FULL, "could not write to \"/dev/full\": No space left on device",
				   write_to_full_device, NULL);
}

static void
write_to_nobody(void *argument)
{
	int			ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	sink_write(fd_sink(ends[1], "standard output", argument), "x", 1);
}

static void
a_reader_that_went_away_is_a_failure_unless_it_may(void **state)
{
	bool		gone = false;

	expect_failure(FAILURE_IO, "could not write to \"standard output\": Broken pipe",
				   write_to_nobody, NULL);
	write_to_nobody(&gone);
	assert_true(gone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happens_to_a_chain_happens_to_each_sink_in_order),
		cmocka_unit_test(nothing_is_not_written),
		cmocka_unit_test(an_empty_chain_takes_everything),
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(digests_do_not_depend_on_the_pieces),
		cmocka_unit_test(what_is_hashed_and_counted_passes_on),
		cmocka_unit_test(memory_holds_everything_after_the_sink_is_gone),
		cmocka_unit_test(memory_of_nothing_is_an_empty_text),
		cmocka_unit_test(more_than_the_limit_is_damage),
		cmocka_unit_test(a_descriptor_gets_everything_and_stays_open),
		cmocka_unit_test(a_full_device_is_a_failure),
		cmocka_unit_test(a_reader_that_went_away_is_a_failure_unless_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
