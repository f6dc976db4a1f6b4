/*
 * What every kind of store promises about names and texts, and about those who
 * put the same name at once.
 */
#include "helpers.h"
#include "store_cases.h"

#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

#define MANY_CONTENDERS 6

static void
put_name(void *argument)
{
	Target	   *target = argument;

	put_new(target->store, target->name, "content");
}

static void
get_name(void *argument)
{
	Target	   *target = argument;

	store_get_text(target->store, target->name, 1024);
}

void
names_that_no_object_can_have_are_refused(void **state)
{
	const char *const names[] = {
		"", ".", "..", "../object", "/object", "folder//object", "folder/",
		".hidden", "folder/.hidden", "a b", "a\nb", "a\\b", "folder/../object"
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		Target		target = {*state, names[i]};

		expect_failure(FAILURE_DAMAGED, "cannot be the name of an object", put_name, &target);
		expect_failure(FAILURE_DAMAGED, "cannot be the name of an object", get_name, &target);
	}
	assert_listing(*state, "", 0, NULL);
}

void
long_names_work(void **state)
{
	char		name[900];

	memset(name, 'x', sizeof(name));
	for (int i = 200; i < sizeof(name); i += 200)
		name[i] = '/';
	name[sizeof(name) - 1] = '\0';
	put_new(*state, name, "content");
	assert_content(*state, name, "content");
	assert_true(exists(*state, name));
	store_remove(*state, name);
	assert_listing(*state, "", 0, NULL);
}

static void
get_short_text(void *argument)
{
	store_get_text(argument, "object", 10);
}

void
a_text_larger_than_its_limit_is_damage(void **state)
{
	put_new(*state, "object", "12345678901");
	expect_failure(FAILURE_DAMAGED, "object", get_short_text, *state);
}

void
a_text_with_a_zero_byte_is_damage(void **state)
{
	Sink	   *object = store_put(*state, "object", PUT_NEW);

	sink_write(object, "a\0b", 3);
	sink_finish(object);
	sink_release(object);
	expect_failure(FAILURE_DAMAGED, "zero byte", get_short_text, *state);
}

/*
 * The loser of a contest says nothing: one failure is what is expected.
 */
static void
say_nothing(const Failure *failure)
{
}

/*
 * Starts a process that puts an object as soon as the pipe is closed; its
 * exit code is 0 if it won.
 */
static pid_t
start_contender(Store *store, const char *name, const int gate[2])
{
	pid_t		pid = worker_fork();
	char		byte;

	if (pid != 0)
		return pid;
	close(gate[1]);
	failure_set_reporter(say_nothing);
	if (read(gate[0], &byte, 1) != 0)
		_exit(2);
	put_new(store, name, "content");
	exit(0);
}

/*
 * Has several processes put the same name at once; how many won.
 */
static int
run_contest(Store *store, const char *name, int contenders)
{
	int			gate[2];
	pid_t		pids[MANY_CONTENDERS];
	int			winners = 0;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < contenders; i++)
		pids[i] = start_contender(store, name, gate);
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < contenders; i++)
	{
		int			status;

		waitpid(pids[i], &status, 0);
		winners += status == 0;
	}
	return winners;
}

/*
 * Of those who put a name at once one wins, each time.
 */
static void
run_contests(Store *store, int contenders, int rounds)
{
	for (int round = 0; round < rounds; round++)
	{
		char	   *name = psprintf("round/%d", round);

		assert_int_equal(run_contest(store, name, contenders), 1);
		assert_content(store, name, "content");
		pg_free(name);
	}
}

void
of_two_new_objects_of_one_name_exactly_one_wins(void **state)
{
	run_contests(*state, 2, 50);
}

void
of_many_new_objects_of_one_name_exactly_one_wins(void **state)
{
	run_contests(*state, MANY_CONTENDERS, 5);
}
