/*
 * The processes below the supervisor, and how to end them.
 */
#include "helpers.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descendants.h"

/* Far longer than anything here may take. */
#define LONG_MS 10000

/*
 * Makes this process what the supervisor is.
 */
static int
become_reaper(void **state)
{
	sigset_t	child_ended;

	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, NULL);
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/*
 * Starts a process that ignores requests to end, in a session of its own, and
 * waits until it does.
 */
static pid_t
start_stubborn(void)
{
	int			ready[2];
	char		byte;
	pid_t		pid;

	if (pipe(ready) != 0)
		_exit(1);
	pid = fork();
	if (pid == 0)
	{
		setsid();
		signal(SIGTERM, SIG_IGN);
		close(ready[1]);		/* the parent sees the end of file */
		for (;;)
			pause();
	}
	close(ready[1]);
	(void) !read(ready[0], &byte, 1);
	return pid;
}

static void
a_worker_that_ends_is_reaped_with_its_status(void **state)
{
	Worker		worker = descendants_start();

	if (worker.pid == 0)
		_exit(7);
	assert_true(descendants_wait(&worker, LONG_MS));
	assert_true(worker.ended);
	assert_int_equal(WEXITSTATUS(worker.status), 7);
}

static void
waiting_ends_when_the_time_is_up(void **state)
{
	Worker		worker = descendants_start();

	if (worker.pid == 0)
		pause();
	assert_false(descendants_wait(&worker, 10));
	assert_false(worker.ended);
	descendants_end(&worker);
	assert_true(worker.ended);
}

static void
a_worker_that_does_not_react_is_killed(void **state)
{
	Worker		worker = descendants_start();

	if (worker.pid == 0)
	{
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	assert_false(descendants_wait(&worker, 50));
	descendants_end(&worker);
	assert_true(worker.ended);
	assert_true(WIFSIGNALED(worker.status));
	assert_int_equal(WTERMSIG(worker.status), SIGKILL);
}

/*
 * Starts a worker that starts a stubborn process, which runs when this
 * returns, and then exits or waits.
 */
static Worker
start_parent_of_stubborn(bool exits)
{
	int			ready[2];
	char		byte;
	Worker		worker;

	assert_int_equal(pipe(ready), 0);
	worker = descendants_start();
	if (worker.pid == 0)
	{
		start_stubborn();
		(void) !write(ready[1], "", 1);
		if (exits)
			_exit(0);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return worker;
}

static void
who_left_the_process_group_is_ended_too(void **state)
{
	Worker		worker = start_parent_of_stubborn(false);

	descendants_end(&worker);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void
orphans_of_a_worker_that_ended_are_ended(void **state)
{
	Worker		worker = start_parent_of_stubborn(true);

	for (int waited = 0; !worker.ended && waited < LONG_MS; waited += 10)
		assert_false(descendants_wait(&worker, 10));
	assert_true(worker.ended);
	descendants_end(&worker);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_that_ends_is_reaped_with_its_status),
		cmocka_unit_test(waiting_ends_when_the_time_is_up),
		cmocka_unit_test(a_worker_that_does_not_react_is_killed),
		cmocka_unit_test(who_left_the_process_group_is_ended_too),
		cmocka_unit_test(orphans_of_a_worker_that_ended_are_ended),
	};

	return cmocka_run_group_tests(tests, become_reaper, NULL);
}
