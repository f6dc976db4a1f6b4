/*
 * Archives the files of WAL that the server's archiver asks for, one after the
 * other, and those that it will ask for next ahead of it, side by side.
 *
 * The processes that do it stay for the next file, and go when there was
 * nothing to do for a while.
 */
#include "command/job.h"

#include <poll.h>

#include "clock.h"
#include "command/archive_worker.h"
#include "command/wal_ready.h"
#include "command/wal_targets.h"
#include "protocol.h"
#include "protocol_input.h"
#include "repository/sealing.h"
#include "repository/secrets.h"

/* How often it is noted how far the archive went while more follows. */
#define NOTE_INTERVAL_MS 1000

/* Workers that had nothing to do for so long end. */
#define IDLE_LIMIT_MS 5000

/*
 * For each process that the job may have, so many push to a server: one spends
 * most of its time waiting for it.
 */
#define PUSHES_OF_A_JOB 4

/*
 * So many push at a time at most.  It may be fewer than what is archived ahead:
 * while one push takes long, as one that notes itself, those after it go on.
 */
#define PUSHES_AT_A_TIME 16

/* What the archiver asks for comes on top of what is done ahead. */
#define PUSH_LIMIT (ARCHIVE_AHEAD_LIMIT + 1)

/* A file, from its beginning until the archiver was told. */
typedef struct Push
{
	char		file[WAL_NAME_SIZE];	/* "" for none */
	ArchiveWorker *worker;		/* NULL: it is archived */
} Push;

typedef struct Archiver
{
	json_t	   *job;
	ProtocolInput input;
	Push		pushes[PUSH_LIMIT];
	ArchiveWorker *idle[PUSH_LIMIT];
	int			idle_count;
	char		wanted[WAL_NAME_SIZE];	/* what the archiver waits for, or "" */
	char		told[WAL_NAME_SIZE];	/* what it was last told is archived */
	bool		may_look;		/* something may be ready since the last look */
	int64		noted_ms;		/* when a push was told to note itself */
	bool		keys_ready;		/* no push has to derive them any more */
	int			push_count;		/* how many there are at a time */
} Archiver;

/*
 * How many files are to be archived at a time.
 */
static int
choose_push_count(json_t *job)
{
	const char *urls[REPOSITORY_LIST_LIMIT];
	int64		jobs = job_integer(job, "jobs", 1);

	if (wal_targets_are_on_servers(urls, wal_target_urls(job, urls)))
		jobs *= PUSHES_OF_A_JOB;
	return (int) Min(jobs, PUSHES_AT_A_TIME);
}

/*
 * The push of a file; with "", a place for one.  NULL if there is none.
 */
static Push *
find_push(Archiver *archiver, const char *file)
{
	for (int i = 0; i < PUSH_LIMIT; i++)
	{
		if (strcmp(archiver->pushes[i].file, file) == 0)
			return &archiver->pushes[i];
	}
	return NULL;
}

/*
 * A place for the file that the archiver asks for: one that is free or, if all
 * are taken, one whose file it has not asked for as it was to.
 */
static Push *
make_place(Archiver *archiver)
{
	Push	   *place = find_push(archiver, "");

	for (int i = 0; i < PUSH_LIMIT && place == NULL; i++)
	{
		if (archiver->pushes[i].worker == NULL)
			place = &archiver->pushes[i];
	}
	return place;
}

/*
 * Begins to archive a file.
 */
static void
start_push(Archiver *archiver, Push *push, const char *file)
{
	int64		now = clock_ms();
	bool		is_noted = now - archiver->noted_ms >= NOTE_INTERVAL_MS;

	if (is_noted)
		archiver->noted_ms = now;
	strlcpy(push->file, file, sizeof(push->file));
	push->worker = archiver->idle_count > 0 ? archiver->idle[--archiver->idle_count] :
		archive_worker_start(archiver->job);
	archive_worker_push(push->worker, file, is_noted);
}

/*
 * How many files are being archived now.
 */
static int
running_count(const Archiver *archiver)
{
	int			count = 0;

	for (int i = 0; i < PUSH_LIMIT; i++)
		count += archiver->pushes[i].worker != NULL;
	return count;
}

/*
 * Begins to archive what will be asked for next, if there is a process to
 * spare.
 */
static void
look_ahead(Archiver *archiver)
{
	const char *data_directory = job_required_text(json_object_get(archiver->job, "server"),
												   "data_directory");
	int			spare = archiver->push_count - running_count(archiver);
	WalName		ready[PUSH_LIMIT];
	int			count;

	if (!archiver->may_look || spare <= 0 || find_push(archiver, "") == NULL)
		return;
	count = wal_ready_segments(data_directory, ready, ARCHIVE_AHEAD_LIMIT);
	for (int i = 0; i < count && spare > 0; i++)
	{
		char		file[WAL_SEGMENT_SIZE];
		Push	   *place = find_push(archiver, "");

		wal_segment_format(&ready[i], file);
		/* The archiver marks a file as done a while after it was told. */
		if (place == NULL || find_push(archiver, file) != NULL ||
			strcmp(file, archiver->told) == 0)
			continue;
		start_push(archiver, place, file);
		spare--;
	}
	archiver->may_look = spare <= 0;
}

/*
 * Tells the archiver what became of the file that it waits for; problem is
 * NULL if it is archived.
 */
static void
answer(Archiver *archiver, const Failure *problem)
{
	/* The key was read at the start; the next engine knows the one of then. */
	if (problem != NULL && problem->kind == FAILURE_KEY)
		fail_with(problem);
	protocol_send("row", json_pack("{s:s, s:b, s:o, s:o, s:o}",
								   "file", archiver->wanted,
								   "archived", problem == NULL,
								   "message", json_text(problem == NULL ? NULL : problem->message),
								   "detail", json_text(problem == NULL ? NULL : problem->detail),
								   "hint", json_text(problem == NULL ? NULL : problem->hint)));
	if (problem == NULL)
		strlcpy(archiver->told, archiver->wanted, sizeof(archiver->told));
	archiver->wanted[0] = '\0';
	archiver->may_look = true;
}

/*
 * Derives the keys that there are once for all pushes to come: that takes
 * longer than to archive a segment.  The first push of all makes one.
 */
static void
prepare_keys(Archiver *archiver)
{
	Repository *repository = archive_repository(archiver->job);
	const char *master = repository->master_key;

	cluster_keys_prepare(repository->store, repository->prefix, master);
	if (sealing_is_on() && strcmp(job_required_text(archiver->job, "encryption"), "none") != 0)
		(void) seal_current(repository->store, repository->prefix);
	archiver->keys_ready = master == NULL || sealing_is_on() ||
		strcmp(job_required_text(archiver->job, "encryption"), "none") == 0 ||
		cluster_has_keys(repository->store, repository->prefix);
	repository_close(repository);
}

/*
 * Ends the workers that have nothing to do.
 */
static void
end_idle_workers(Archiver *archiver)
{
	while (archiver->idle_count > 0)
		archive_worker_end(archiver->idle[--archiver->idle_count]);
}

/*
 * Takes the end of a push.  One that failed ahead of time is tried again when
 * it is asked for, or after that; not at once, for it would fail again.
 */
static void
end_push(Archiver *archiver, Push *push)
{
	bool		is_wanted = strcmp(push->file, archiver->wanted) == 0;
	Failure		problem;
	bool		archived = archive_worker_finish(&push->worker, &problem);

	if (push->worker != NULL)
		archiver->idle[archiver->idle_count++] = push->worker;
	push->worker = NULL;
	if (archived && !archiver->keys_ready)
	{
		prepare_keys(archiver);
		end_idle_workers(archiver);
	}
	if (is_wanted)
		answer(archiver, archived ? NULL : &problem);
	if (is_wanted || !archived)
		push->file[0] = '\0';
	if (!archived)
		archiver->may_look = false;
}

/*
 * Takes what the archiver asks for.
 */
static void
take_request(Archiver *archiver, json_t *message)
{
	const char *file = job_required_text(message, "archive");
	WalName		name;
	Push	   *push;

	if (!wal_name_parse(file, &name) || archiver->wanted[0] != '\0')
		fail(FAILURE_USAGE, NULL, "the server asks for \"%s\" to be archived", file);
	strlcpy(archiver->wanted, file, sizeof(archiver->wanted));
	archiver->may_look = true;
	push = find_push(archiver, file);
	if (push == NULL)
		start_push(archiver, make_place(archiver), file);
	else if (push->worker == NULL)
	{
		answer(archiver, NULL);
		push->file[0] = '\0';
	}
	json_decref(message);
}

/*
 * Waits until the archiver asks for something or a push ends, and takes that;
 * false if the server is gone.
 */
static bool
work(Archiver *archiver)
{
	struct pollfd polled[PUSH_LIMIT + 1];
	json_t	   *message;
	bool		is_there;
	int			ready;

	for (int i = 0; i < PUSH_LIMIT; i++)
		polled[i] = (struct pollfd)
	{
		.fd = archiver->pushes[i].worker == NULL ? -1 :
			archive_worker_descriptor(archiver->pushes[i].worker),
			.events = POLLIN
	};
	polled[PUSH_LIMIT] = (struct pollfd)
	{
		.fd = archiver->input.fd, .events = POLLIN
	};
	ready = poll(polled, lengthof(polled), archiver->idle_count > 0 ? IDLE_LIMIT_MS : -1);
	if (ready < 0 && errno != EINTR)
		fail_errno("could not wait for the server");
	if (ready == 0)
		end_idle_workers(archiver);

	for (int i = 0; i < PUSH_LIMIT; i++)
	{
		if (polled[i].fd >= 0 && polled[i].revents != 0)
			end_push(archiver, &archiver->pushes[i]);
	}
	is_there = protocol_input_fill(&archiver->input);
	while ((message = protocol_input_next(&archiver->input)) != NULL)
		take_request(archiver, message);
	return is_there;
}

json_t *
job_archive(json_t *job)
{
	Archiver	archiver = {.job = job, .push_count = choose_push_count(job)};

	job_require_outside(job);
	secrets_load(job_text(job, "secrets_file"));
	prepare_keys(&archiver);
	protocol_input_init(&archiver.input);
	do
		look_ahead(&archiver);
	while (work(&archiver));
	return json_object();
}
