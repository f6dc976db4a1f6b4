/*
 * A process that archives files of WAL, one after the other.
 *
 * It opens the repository anew for each of them: one that was unmounted, or
 * put away, since the last one is seen.  On a server, which every request asks
 * anyway, it is opened for some seconds: who looks for the owner and the keys
 * each time waits six times as often as for the file.  To start a process for
 * each file, with fresh memory, would take longer than to compress it.
 */
#include "postgres_fe.h"

#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "command/archive_worker.h"
#include "command/wal_ready.h"
#include "command/wal_targets.h"
#include "isolated.h"
#include "repository/master_key.h"
#include "repository/secrets.h"

/*
 * After so many files a worker ends, and with it goes what it has allocated.
 */
#define FILES_OF_A_WORKER 128

/* How long a repository on a server stays open. */
#define OPEN_LIMIT_MS 10000

/* What a worker is asked for; it answers with one byte, or dies. */
typedef struct Request
{
	char		file[WAL_NAME_SIZE];
	bool		is_noted;
} Request;

struct ArchiveWorker
{
	json_t	   *job;
	Isolated   *process;
	int			socket;			/* of the parent, or of the worker itself */
	int			files;			/* it was asked for */
	WalTargets	targets;		/* that are open; a count of 0 for none */
	int64		opened_ms;
	bool		encrypted;		/* what is stored there */
};

Repository *
archive_repository(json_t *job)
{
	return repository_open_writer(job_required_text(job, "repository"),
								  job_required_text(job, "cluster"),
								  master_key(),
								  job_required_text(json_object_get(job, "server"),
													"system_identifier"));
}

/*
 * Is it to be noted that this segment is archived?  Where others are ready,
 * their pushes will do that, too.
 */
static bool
is_to_be_noted(const Request *request, const char *data_directory, const WalName *name)
{
	WalName		ready[ARCHIVE_AHEAD_LIMIT + 1];
	int			count;

	if (name->kind != WAL_SEGMENT || request->is_noted)
		return name->kind == WAL_SEGMENT;
	count = wal_ready_segments(data_directory, ready, lengthof(ready));
	return count == 0 || wal_segment_compare(&ready[count - 1], name) <= 0;
}

/*
 * Whose WAL the job is about.
 */
static WalOrigin
origin_of(json_t *job)
{
	json_t	   *server = json_object_get(job, "server");

	return (WalOrigin)
	{
		.cluster = job_required_text(job, "cluster"),
			.system_identifier = job_required_text(server, "system_identifier"),
			.data_directory = job_required_text(server, "data_directory")
	};
}

/*
 * Opens the archives, if they are not open, for a server that may write them.
 */
static void
open_archives(ArchiveWorker *worker, const WalOrigin *origin)
{
	const char *urls[REPOSITORY_LIST_LIMIT];

	if (worker->targets.count > 0)
		return;
	worker->opened_ms = clock_ms();
	wal_targets_open(&worker->targets, urls, wal_target_urls(worker->job, urls), origin);
	worker->encrypted = job_cipher(worker->job, worker->targets.archives[0]->repository) != CIPHER_NONE;
}

/*
 * Closes them, unless they are to stay open.
 */
static void
close_archives(ArchiveWorker *worker)
{
	const char *urls[REPOSITORY_LIST_LIMIT];
	int			count = wal_target_urls(worker->job, urls);

	if (wal_targets_are_on_servers(urls, count) &&
		clock_ms() - worker->opened_ms < OPEN_LIMIT_MS)
		return;
	wal_targets_close(&worker->targets);
	worker->targets.count = 0;
}

/*
 * Archives one file.
 */
static void
push_file(ArchiveWorker *worker, const Request *request)
{
	WalOrigin	origin = origin_of(worker->job);
	const char *problem;
	WalName		name;
	WalSource	source = {
		.file = request->file,
		.path = psprintf("%s/" WAL_FOLDER "/%s", origin.data_directory, request->file)
	};

	open_archives(worker, &origin);
	source.encrypted = worker->encrypted;
	if (!compression_parse(job_required_text(worker->job, "compression"),
						   &source.compression, &problem))
		fail(FAILURE_USAGE, problem, "cannot compress as the job description says");
	wal_targets_push(&worker->targets, &source, wal_name_parse(request->file, &name) &&
					 is_to_be_noted(request, origin.data_directory, &name));
	close_archives(worker);
}

/*
 * What the process does: a failure ends it, and so does its parent's end.
 */
static void
serve_requests(void *context)
{
	ArchiveWorker *worker = context;
	Request		request;

	for (int i = 0; i < FILES_OF_A_WORKER; i++)
	{
		if (recv(worker->socket, &request, sizeof(request), MSG_WAITALL) != sizeof(request))
			return;
		push_file(worker, &request);
		(void) send(worker->socket, "", 1, MSG_NOSIGNAL);
	}
}

ArchiveWorker *
archive_worker_start(json_t *job)
{
	ArchiveWorker *worker = pg_malloc0(sizeof(ArchiveWorker));
	int			sockets[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
		fail_errno("could not create a socket");
	worker->job = job;
	worker->socket = sockets[1];
	worker->process = isolated_start(serve_requests, worker);
	close(sockets[1]);
	worker->socket = sockets[0];
	return worker;
}

void
archive_worker_push(ArchiveWorker *worker, const char *file, bool is_noted)
{
	Request		request = {.is_noted = is_noted};

	strlcpy(request.file, file, sizeof(request.file));
	worker->files++;

	/* That it died shows when its answer is awaited. */
	(void) send(worker->socket, &request, sizeof(request), MSG_NOSIGNAL);
}

int
archive_worker_descriptor(const ArchiveWorker *worker)
{
	return worker->socket;
}

/*
 * Takes leave of a worker whose process is over, or about to be.
 */
static bool
reap(ArchiveWorker *worker, Failure *problem)
{
	bool		ended_well = isolated_finish(worker->process, problem);

	close(worker->socket);
	pg_free(worker);
	return ended_well;
}

bool
archive_worker_finish(ArchiveWorker **worker, Failure *problem)
{
	ArchiveWorker *finished = *worker;
	bool		is_last = finished->files == FILES_OF_A_WORKER;
	char		answer;
	bool		archived = recv(finished->socket, &answer, 1, 0) == 1;

	if (archived && !is_last)
		return true;
	*worker = NULL;
	if (reap(finished, problem) && !archived)
		fail(FAILURE_INTERNAL, NULL, "a worker process did not archive what it was asked for");
	return archived;
}

void
archive_worker_end(ArchiveWorker *worker)
{
	isolated_kill(worker->process);
	close(worker->socket);
	pg_free(worker);
}
