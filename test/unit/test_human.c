/*
 * Texts for people.
 */
#include "helpers.h"

#include "command/command.h"
#include "command/human.h"
#include "command/terminal.h"

#define KB INT64CONST(1024)
#define MB (1024 * KB)
#define GB (1024 * MB)

#define SECOND INT64CONST(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void
bytes_have_two_or_three_digits_and_a_unit(void **state)
{
	assert_string_equal(bytes_text(0), "0 B");
	assert_string_equal(bytes_text(1023), "1023 B");
	assert_string_equal(bytes_text(KB), "1.0 kB");
	assert_string_equal(bytes_text(9 * KB + 900), "9.9 kB");
	assert_string_equal(bytes_text(10 * KB), "10 kB");
	assert_string_equal(bytes_text(1234 * MB), "1.2 GB");
	assert_string_equal(bytes_text(5 * 1024 * GB), "5.0 TB");
	assert_string_equal(bytes_text(PG_INT64_MAX), "8192 PB");
}

static void
bytes_are_never_rounded_to_1024_of_a_unit(void **state)
{
	assert_string_equal(bytes_text(MB - 1), "1.0 MB");
	assert_string_equal(bytes_text(GB - 1), "1.0 GB");
	assert_string_equal(bytes_text(1023 * KB), "1023 kB");
}

static void
durations_have_at_most_two_units(void **state)
{
	assert_string_equal(duration_text(0), "0 ms");
	assert_string_equal(duration_text(999), "999 ms");
	assert_string_equal(duration_text(3400), "3.4 s");
	assert_string_equal(duration_text(3 * MINUTE + 4 * SECOND), "3 min 4 s");
	assert_string_equal(duration_text(2 * HOUR), "2 h");
	assert_string_equal(duration_text(2 * HOUR + 5 * MINUTE + 1), "2 h 5 min");
	assert_string_equal(duration_text(3 * DAY + 4 * HOUR), "3 d 4 h");
}

static void
durations_are_never_rounded_to_60_seconds(void **state)
{
	assert_string_equal(duration_text(MINUTE - 51), "59.9 s");
	assert_string_equal(duration_text(MINUTE - 1), "0 min 59 s");
	assert_string_equal(duration_text(MINUTE), "1 min");
}

static void
a_clock_that_went_back_does_no_harm(void **state)
{
	assert_string_equal(duration_text(-5), "0 ms");
	assert_string_equal(age_text(-5), "just now");
}

static void
ages_have_one_unit(void **state)
{
	assert_string_equal(age_text(999), "just now");
	assert_string_equal(age_text(59 * SECOND), "59 s ago");
	assert_string_equal(age_text(59 * MINUTE), "59 min ago");
	assert_string_equal(age_text(30 * HOUR), "30 h ago");
	assert_string_equal(age_text(2 * DAY), "2 d ago");
}

static void
control_characters_never_reach_a_terminal(void **state)
{
	assert_string_equal(printable_text("a\033[2Jb\nc\177"), "a?[2Jb?c?");
	assert_string_equal(printable_text("\xC2\x9B" "1m"), "??1m");
	assert_string_equal(printable_text(NULL), "-");
}

static void
other_characters_stay_as_they_are(void **state)
{
	assert_string_equal(printable_text("Übung \"x\" \xC2\xA0 \\"),
						"Übung \"x\" \xC2\xA0 \\");
}

static void
characters_of_several_bytes_take_one_column(void **state)
{
	assert_int_equal(display_width("Übung"), 5);
	assert_int_equal(display_width(""), 0);
}

static void
progress_without_a_known_end_has_no_bar(void **state)
{
	assert_string_equal(progress_line("building indexes", "erp", 0, 0, 0),
						"building indexes erp");
	assert_string_equal(progress_line("verifying", NULL, 5 * MB, 0, MB),
						"verifying 5.0 MB, 1.0 MB/s");
}

static void
progress_shows_share_rate_and_time_left(void **state)
{
	assert_string_equal(progress_line("restoring", "erp", 512 * MB, GB, 64 * MB),
						"restoring erp [############------------]  50 % 512 MB, 64 MB/s, 8.0 s left");
}

static void
progress_beyond_the_expected_end_is_all_of_it(void **state)
{
	assert_string_equal(progress_line("dumping", NULL, 3 * GB, GB, MB),
						"dumping [########################] 100 % 3.0 GB, 1.0 MB/s");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_have_two_or_three_digits_and_a_unit),
		cmocka_unit_test(bytes_are_never_rounded_to_1024_of_a_unit),
		cmocka_unit_test(durations_have_at_most_two_units),
		cmocka_unit_test(durations_are_never_rounded_to_60_seconds),
		cmocka_unit_test(a_clock_that_went_back_does_no_harm),
		cmocka_unit_test(ages_have_one_unit),
		cmocka_unit_test(control_characters_never_reach_a_terminal),
		cmocka_unit_test(other_characters_stay_as_they_are),
		cmocka_unit_test(characters_of_several_bytes_take_one_column),
		cmocka_unit_test(progress_without_a_known_end_has_no_bar),
		cmocka_unit_test(progress_shows_share_rate_and_time_left),
		cmocka_unit_test(progress_beyond_the_expected_end_is_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
