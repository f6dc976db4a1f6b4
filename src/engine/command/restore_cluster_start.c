/*
 * Starting a restored cluster, and judging what its recovery reached.
 */
#include "command/restore_cluster.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "command/human.h"
#include "command/restored_server.h"
#include "protocol.h"

/* How often is looked how far the server is. */
#define POLL_MS 200

/* So long may a server that lets clients in not answer. */
#define SILENCE_LIMIT_MS 60000

/* What the server says where recovery cannot go on as it was told. */
#define ENDED_EARLY "recovery ended before configured recovery target was reached"
#define NO_SEGMENT "could not restore file"
/* What it says where it was told to shut down. */
#define SHUT_DOWN "shutdown at recovery target"

/* A start under way. */
typedef struct Start
{
	const ClusterRestore *restore;
	RestoredServer server;
	int64		started_ms;
	ServerState state;
} Start;

/*
 * What a program writes for --version; allocated.
 */
static char *
program_version(const char *path)
{
	const char *argv[] = {path, "--version", NULL};
	Program    *program = program_start(argv, NULL, PROGRAM_OUT);
	char	   *version = pg_malloc0(256);

	(void) program_read(program, version, 255);
	program_finish(program, "--version");
	return version;
}

void
cluster_prepare_start(ClusterRestore *restore)
{
	int			wanted = restore->backup->manifest->server_version / 10000;
	char	   *version;
	int			major = 0;

	if (!restore->request->start)
		return;
	restore->pg_ctl = program_path(restore->options->bindir, "pg_ctl");
	version = program_version(restore->pg_ctl);
	if (sscanf(version, "%*[^)]) %d", &major) != 1 || major != wanted)
		fail(FAILURE_STATE, "Name the directory of the right programs with --bindir.",
			 "cannot start a server of PostgreSQL %d with \"%s\", which is of version %d",
			 wanted, restore->pg_ctl, major);
	pg_free(version);
}

/*
 * Makes the folder of the socket, which is nobody else's.
 */
static const char *
make_socket_directory(const ClusterRequest *request)
{
	const char *parent = getenv("TMPDIR");
	char	   *path;

	if (request->socket_directory != NULL)
	{
		path = make_absolute_path(request->socket_directory);
		if (path == NULL || mkdir(path, S_IRWXU) != 0)
			fail_errno("could not create directory \"%s\"", request->socket_directory);
		return path;
	}
	path = psprintf("%s/erpgo_backup_start_XXXXXX",
					parent == NULL || parent[0] != '/' ? "/tmp" : parent);
	if (mkdtemp(path) == NULL)
		fail_errno("could not create directory \"%s\"", path);
	return path;
}

/*
 * Says how far the recovery is, and fails if it takes too long.
 */
static void
look(const Start *start)
{
	const ClusterRestore *restore = start->restore;
	int64		limit_ms = restore->request->start_timeout * INT64CONST(1000);
	uint64		begin = restore->backup->manifest->physical->start_lsn;
	uint64		end = restore->recovery == NULL ? 0 : restore->recovery->last_lsn;
	uint64		lsn;
	uint32		timeline;

	(void) restored_server_control(&start->server, &lsn, &timeline);
	progress_report("recovering", NULL, lsn > begin ? lsn - begin : 0,
					end > begin ? end - begin : 0);
	if (limit_ms > 0 && clock_ms() - start->started_ms > limit_ms)
		fail(FAILURE_TIMEOUT,
			 psprintf("The server goes on. Its log is \"%s\".", start->server.log_file),
			 "the server on \"%s\" has not recovered within %d s, but reached %s",
			 start->server.data_directory, restore->request->start_timeout, lsn_text(lsn));
}

/*
 * Starts the server, and waits until it lets somebody in or has ended.
 */
static void
launch(Start *start)
{
	Program    *program;
	struct pollfd output;
	char		byte;

	/* A server that stays must not be a child of this process. */
	(void) prctl(PR_SET_CHILD_SUBREAPER, 0);
	program = restored_server_launch(&start->server);
	output = (struct pollfd)
	{
		.fd = program->out, .events = POLLIN
	};
	do
	{
		look(start);
		program_drain_errors(program);
		(void) poll(&output, 1, POLL_MS);
	} while (output.revents == 0 || read(program->out, &byte, 1) > 0);
	/* What became of it is asked below; pg_ctl knows less. */
	(void) program_wait(program);
	program_kill(program);
}

/*
 * Has the server done what it was told, as far as it says?
 */
static bool
has_arrived(const Start *start)
{
	const RecoveryTarget *target = &start->restore->request->recovery;

	if (start->restore->request->standby)
		return start->state.lsn > start->restore->recovery->last_lsn;
	if (target->action == RECOVERY_PAUSE)
		return start->state.is_paused;
	return !start->state.in_recovery;
}

/*
 * Waits until the server has done what it was told; false if it has ended.
 */
static bool
wait_for_arrival(Start *start)
{
	int64		answered_ms = clock_ms();

	while (restored_server_runs(&start->server))
	{
		if (restored_server_ask(&start->server, &start->state))
			answered_ms = clock_ms();
		if (answered_ms > 0 && start->state.timeline > 0 && has_arrived(start))
			return true;
		if (clock_ms() - answered_ms > SILENCE_LIMIT_MS)
			fail(FAILURE_CONNECTION,
				 psprintf("Name a superuser with --superuser. The server runs; its log is \"%s\".",
						  start->server.log_file),
				 "the server on \"%s\" does not say how far it is", start->server.data_directory);
		look(start);
		(void) poll(NULL, 0, POLL_MS);
	}
	return false;
}

/*
 * Fails because the recovery did not do what it should.
 */
static void
fail_recovery(const Start *start, FailureKind kind, const char *message)
{
	Failure		failure = {
		.kind = kind,
		.message = message,
		.detail = restored_server_last_words(&start->server),
		.hint = "The server is stopped. What it has replayed so far is in its data directory."
	};

	fail_with(&failure);
}

/*
 * Judges a server that has ended by itself.
 */
static void
judge_end(Start *start)
{
	const RestoredServer *server = &start->server;
	bool		is_shut_down = restored_server_control(server, &start->state.lsn,
													   &start->state.timeline);
	bool		is_early = restored_server_said(server, ENDED_EARLY) ||
		restored_server_said(server, NO_SEGMENT);

	if (start->restore->request->recovery.action == RECOVERY_SHUTDOWN && is_shut_down &&
		restored_server_said(server, SHUT_DOWN))
		return;
	if (is_early)
		fail_recovery(start, FAILURE_DAMAGED,
					  psprintf("the recovery ended at %s, before its target",
							   lsn_text(start->state.lsn)));
	fail_recovery(start, FAILURE_PROGRAM,
				  psprintf("the server on \"%s\" did not start, or has ended",
						   server->data_directory));
}

/*
 * Judges a server that has opened: what was archived must be in it.
 */
static void
judge_position(const Start *start)
{
	const RecoveryPlan *recovery = start->restore->recovery;

	if (start->restore->request->recovery.kind != RECOVERY_LATEST ||
		start->state.lsn > recovery->last_lsn)
		return;
	restored_server_stop(&start->server);
	fail_recovery(start, FAILURE_DAMAGED,
				  psprintf("the recovery ended at %s, but the archive goes beyond %s",
						   lsn_text(start->state.lsn), lsn_text(recovery->last_lsn)));
}

/*
 * What was reached, as JSON.
 */
static json_t *
reached_json(const Start *start, bool runs)
{
	const ServerState *state = &start->state;
	const char *waiting = start->restore->request->standby ? "standby" : "paused";
	int			port = runs ? restored_server_port(&start->server) : 0;

	return json_pack("{s:s, s:s, s:I, s:o, s:I, s:o, s:o, s:o}",
					 "state", !runs ? "shut down" : state->in_recovery ? waiting : "open",
					 "lsn", lsn_text(state->lsn),
					 "timeline", (json_int_t) state->timeline,
					 "last_commit", state->last_commit[0] == '\0' ? json_null() : json_text(state->last_commit),
					 "duration_ms", (json_int_t) (clock_ms() - start->started_ms),
					 "socket_directory", runs ? json_text(start->server.socket_directory) : json_null(),
					 "port", runs ? json_integer(port) : json_null(),
					 "log", json_text(start->server.log_file));
}

json_t *
cluster_start(const ClusterRestore *restore)
{
	Start		start = {
		.restore = restore,
		.started_ms = clock_ms(),
		.server = {
			.pg_ctl = restore->pg_ctl,
			.data_directory = restore->target->folders[TARGET_DATA].path,
			.config_file = cluster_config_file(restore),
			.superuser = restore->request->superuser
		}
	};
	bool		runs;

	cluster_check_places(restore);
	start.server.socket_directory = make_socket_directory(restore->request);
	launch(&start);
	runs = wait_for_arrival(&start);
	if (runs)
		judge_position(&start);
	else
		judge_end(&start);
	return reached_json(&start, runs);
}

void
cluster_report_start(json_t *reached)
{
	const char *state = json_string_value(json_object_get(reached, "state"));
	const char *commit = json_string_value(json_object_get(reached, "last_commit"));
	const char *folder = json_string_value(json_object_get(reached, "socket_directory"));

	printf("the server is %s at %s on timeline %lld after %s; last commit: %s\n", state,
		   json_string_value(json_object_get(reached, "lsn")),
		   (long long) json_integer_value(json_object_get(reached, "timeline")),
		   duration_text(json_integer_value(json_object_get(reached, "duration_ms"))),
		   commit == NULL ? "unknown" : commit);
	if (folder != NULL)
		printf("until it is stopped and started again, only this user reaches it: psql --host %s --port %lld\n",
			   printable_text(folder),
			   (long long) json_integer_value(json_object_get(reached, "port")));
}
