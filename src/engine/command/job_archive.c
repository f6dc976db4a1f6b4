/*
 * Archives the files of WAL that the server's archiver asks for, one after the
 * other, and those that it will ask for next ahead of it, side by side.
 *
 * Each is pushed by a process of its own, which opens the repository anew: one
 * that was unmounted, or put away, since the last one is seen.
 */
#include "command/job.h"

#include <poll.h>

#include "clock.h"
#include "command/wal_ready.h"
#include "isolated.h"
#include "protocol.h"
#include "protocol_input.h"
#include "repository/owner.h"
#include "repository/secrets.h"
#include "repository/wal_archive.h"
#include "repository/wal_note.h"

/* How often it is noted how far the archive went while more follows. */
#define NOTE_INTERVAL_MS 1000

/* As many segments may be archived before the archiver asks for them. */
#define AHEAD_LIMIT 16
#define PUSH_LIMIT (AHEAD_LIMIT + 1)

/* A file, from its beginning until the archiver was told. */
typedef struct Push
{
	json_t	   *job;
	char		file[WAL_NAME_SIZE];	/* "" for none */
	bool		is_noted;		/* even if more is ready */
	Isolated   *step;			/* NULL: it is archived */
} Push;

typedef struct Archiver
{
	json_t	   *job;
	ProtocolInput input;
	Push		pushes[PUSH_LIMIT];
	char		wanted[WAL_NAME_SIZE];	/* what the archiver waits for, or "" */
	char		told[WAL_NAME_SIZE];	/* what it was last told is archived */
	bool		may_look;		/* something may be ready since the last look */
	int64		noted_ms;		/* when a push was told to note itself */
	bool		keys_ready;		/* no push has to derive them any more */
} Archiver;

/*
 * Opens the repository to write; the secrets have been loaded.
 */
static Repository *
open_repository(json_t *job)
{
	return repository_open_writer(job_required_text(job, "repository"),
								  job_required_text(job, "cluster"),
								  secret_get(SECRET_ENCRYPTION_KEY),
								  job_required_text(json_object_get(job, "server"),
													"system_identifier"));
}

/*
 * Is it to be noted that this segment is archived?  Where others are ready,
 * their pushes will do that, too.
 */
static bool
is_to_be_noted(const Push *push, const char *data_directory, const WalName *name)
{
	WalName		ready[PUSH_LIMIT];
	int			count;

	if (name->kind != WAL_SEGMENT || push->is_noted)
		return name->kind == WAL_SEGMENT;
	count = wal_ready_segments(data_directory, ready, PUSH_LIMIT);
	return count == 0 || wal_segment_compare(&ready[count - 1], name) <= 0;
}

/*
 * Archives one file, in a process of its own.
 */
static void
push_step(void *context)
{
	Push	   *push = context;
	Repository *repository = open_repository(push->job);
	const char *data_directory = job_required_text(json_object_get(push->job, "server"),
												   "data_directory");
	const char *problem;
	WalArchive *archive = wal_archive_open(repository);
	WalName		name;
	WalSource	source = {
		.file = push->file,
		.path = psprintf("%s/" WAL_FOLDER "/%s", data_directory, push->file),
		.encrypted = job_cipher(push->job, repository) != CIPHER_NONE
	};

	if (!compression_parse(job_required_text(push->job, "compression"),
						   &source.compression, &problem))
		fail(FAILURE_USAGE, problem, "cannot compress as the job description says");
	owner_require(repository, data_directory);
	wal_archive_push(archive, &source);
	if (wal_name_parse(push->file, &name) && is_to_be_noted(push, data_directory, &name))
		wal_note_write(archive, &name, source.encrypted);
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
		if (archiver->pushes[i].step == NULL)
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

	push->job = archiver->job;
	push->is_noted = now - archiver->noted_ms >= NOTE_INTERVAL_MS;
	if (push->is_noted)
		archiver->noted_ms = now;
	strlcpy(push->file, file, sizeof(push->file));
	push->step = isolated_start(push_step, push);
}

/*
 * How many files are being archived now.
 */
static int
running_count(const Archiver *archiver)
{
	int			count = 0;

	for (int i = 0; i < PUSH_LIMIT; i++)
		count += archiver->pushes[i].step != NULL;
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
	int			jobs = (int) Min(job_integer(archiver->job, "jobs", 1), AHEAD_LIMIT);
	int			spare = jobs - running_count(archiver);
	WalName		ready[PUSH_LIMIT];
	int			count;

	if (!archiver->may_look || spare <= 0 || find_push(archiver, "") == NULL)
		return;
	count = wal_ready_segments(data_directory, ready, AHEAD_LIMIT);
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
	Repository *repository = open_repository(archiver->job);
	const char *master = repository->master_key;

	cluster_keys_prepare(repository->store, repository->prefix, master);
	archiver->keys_ready = master == NULL ||
		cluster_has_keys(repository->store, repository->prefix);
	repository_close(repository);
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
	bool		archived = isolated_finish(push->step, &problem);

	push->step = NULL;
	if (archived && !archiver->keys_ready)
		prepare_keys(archiver);
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
	else if (push->step == NULL)
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

	for (int i = 0; i < PUSH_LIMIT; i++)
		polled[i] = (struct pollfd)
	{
		.fd = archiver->pushes[i].step == NULL ? -1 :
			isolated_descriptor(archiver->pushes[i].step),
			.events = POLLIN
	};
	polled[PUSH_LIMIT] = (struct pollfd)
	{
		.fd = archiver->input.fd, .events = POLLIN
	};
	if (poll(polled, lengthof(polled), -1) < 0 && errno != EINTR)
		fail_errno("could not wait for the server");

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
	Archiver	archiver = {.job = job};

	job_require_outside(job);
	secrets_load(job_text(job, "secrets_file"));
	prepare_keys(&archiver);
	protocol_input_init(&archiver.input);
	do
		look_ahead(&archiver);
	while (work(&archiver));
	return json_object();
}
