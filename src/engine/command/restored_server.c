/*
 * A server on a data directory that was restored.
 *
 * It is told on its command line what it is told for this start alone: its
 * files stay what they are.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_control.h"
#include "command/restored_server.h"
#include "command/shell.h"
#include "common/controldata_utils.h"
#include "failure.h"
#include "lib/stringinfo.h"
#include "libpq-fe.h"
#include "utils/pidfile.h"

#define LOG_NAME "erpgo_backup.start.log"
#define HBA_NAME "pg_hba.conf"

/* Who can reach the socket may do everything to the server's files anyway. */
#define HBA_CONTENT "local all all trust\n"

/* More than any recovery takes; pg_ctl wants a number. */
#define FOR_EVER "1000000000"

/* How much of the log is looked at, and quoted. */
#define LOG_LIMIT (4 * 1024 * 1024)
#define QUOTED_BYTES 1000

static const char state_query[] =
"SELECT pg_catalog.pg_is_in_recovery(),"
" CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_get_wal_replay_pause_state() = 'paused' END,"
" pg_catalog.pg_last_wal_replay_lsn(),"
" CASE WHEN pg_catalog.pg_is_in_recovery()"
"  THEN (SELECT c.min_recovery_end_timeline FROM pg_catalog.pg_control_recovery() c)"
"  ELSE (('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32))::int4 END,"
" pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.pg_last_xact_replay_timestamp()),"
"  'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

/*
 * Writes who is let in.
 */
static char *
write_hba(const RestoredServer *server)
{
	char	   *path = psprintf("%s/" HBA_NAME, server->socket_directory);
	int			fd;

	(void) unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0 || write(fd, HBA_CONTENT, strlen(HBA_CONTENT)) != strlen(HBA_CONTENT) ||
		close(fd) != 0)
		fail_errno("could not write file \"%s\"", path);
	return path;
}

/*
 * Appends a setting for the command line.
 */
static void
append_setting(StringInfo line, const char *name, const char *value)
{
	char	   *word = shell_quote(psprintf("%s=%s", name, value));

	appendStringInfo(line, " -c %s", word);
	pg_free(word);
}

/*
 * The options of the server; allocated.
 */
static char *
server_options(const RestoredServer *server)
{
	StringInfoData line;

	initStringInfo(&line);
	if (server->config_file != NULL)
		append_setting(&line, "config_file", server->config_file);
	append_setting(&line, "listen_addresses", "");
	append_setting(&line, "unix_socket_directories",
				   psprintf("\"%s\"", server->socket_directory));
	append_setting(&line, "unix_socket_permissions", "0700");
	append_setting(&line, "hba_file", write_hba(server));
	append_setting(&line, "hot_standby", "on");
	/* Its log is read, and shown. */
	append_setting(&line, "logging_collector", "off");
	append_setting(&line, "log_destination", "stderr");
	append_setting(&line, "log_min_messages", "warning");
	append_setting(&line, "lc_messages", "C");
	return line.data;
}

Program *
restored_server_launch(RestoredServer *server)
{
	char	   *options = server_options(server);
	const char *argv[] = {
		server->pg_ctl, "start", "--silent", "--wait", "--timeout", FOR_EVER,
		"--pgdata", server->data_directory, "--log", NULL, "--options", options, NULL
	};

	server->log_file = psprintf("%s/" LOG_NAME, server->data_directory);
	argv[9] = server->log_file;
	if (unlink(server->log_file) != 0 && errno != ENOENT)
		fail_errno("could not remove file \"%s\"", server->log_file);
	return program_start(argv, NULL, PROGRAM_OUT);
}

/*
 * A line of postmaster.pid, counted from 1, as a number; 0 if it is not there.
 */
static int
pid_file_number(const RestoredServer *server, int wanted)
{
	char	   *path = psprintf("%s/postmaster.pid", server->data_directory);
	FILE	   *file = fopen(path, "r");
	char		line[MAXPGPATH] = "";

	pg_free(path);
	if (file == NULL)
		return 0;
	for (int i = 0; i < wanted; i++)
	{
		if (fgets(line, sizeof(line), file) == NULL)
			line[0] = '\0';
	}
	fclose(file);
	return atoi(line);
}

bool
restored_server_runs(const RestoredServer *server)
{
	int			pid = pid_file_number(server, LOCK_FILE_LINE_PID);

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

int
restored_server_port(const RestoredServer *server)
{
	return pid_file_number(server, LOCK_FILE_LINE_PORT);
}

/*
 * Connects as a role; NULL if the server does not let it in now.
 */
static PGconn *
connect_as(const RestoredServer *server, const char *role)
{
	char	   *port = psprintf("%d", restored_server_port(server));
	const char *const keywords[] = {
		"host", "port", "user", "dbname", "connect_timeout", "application_name", NULL
	};
	const char *const values[] = {
		server->socket_directory, port, role, "template1", "30", "erpgo_backup", NULL
	};
	PGconn	   *connection = PQconnectdbParams(keywords, values, 0);

	pg_free(port);
	if (PQstatus(connection) == CONNECTION_OK)
		return connection;
	PQfinish(connection);
	return NULL;
}

/*
 * Connects as whoever may be the superuser; NULL if nobody is let in now.
 */
static PGconn *
connect_somehow(const RestoredServer *server)
{
	struct passwd *entry = getpwuid(geteuid());
	PGconn	   *connection;

	if (server->superuser != NULL)
		return connect_as(server, server->superuser);
	connection = connect_as(server, "postgres");
	if (connection == NULL && entry != NULL)
		connection = connect_as(server, entry->pw_name);
	return connection;
}

/*
 * Takes what the server answered.
 */
static void
take_state(const PGresult *result, ServerState *state)
{
	uint32		high = 0;
	uint32		low = 0;

	(void) sscanf(PQgetvalue(result, 0, 2), "%X/%X", &high, &low);
	state->in_recovery = PQgetvalue(result, 0, 0)[0] == 't';
	state->is_paused = PQgetvalue(result, 0, 1)[0] == 't';
	state->lsn = (uint64) high << 32 | low;
	state->timeline = strtoul(PQgetvalue(result, 0, 3), NULL, 10);
	strlcpy(state->last_commit, PQgetvalue(result, 0, 4), sizeof(state->last_commit));
}

bool
restored_server_ask(const RestoredServer *server, ServerState *state)
{
	PGconn	   *connection = connect_somehow(server);
	PGresult   *result;
	bool		answered;

	if (connection == NULL)
		return false;
	result = PQexec(connection, state_query);
	answered = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
	if (answered)
		take_state(result, state);
	PQclear(result);
	PQfinish(connection);
	return answered;
}

bool
restored_server_control(const RestoredServer *server, uint64 *lsn, uint32 *timeline)
{
	bool		crc_ok;
	ControlFileData *control = get_controlfile(server->data_directory, &crc_ok);
	bool		is_shut_down = crc_ok && control->state == DB_SHUTDOWNED_IN_RECOVERY;

	/* It may be read while it is written. */
	*lsn = crc_ok ? control->minRecoveryPoint : 0;
	*timeline = crc_ok ? control->minRecoveryPointTLI : 0;
	pg_free(control);
	return is_shut_down;
}

/*
 * The end of the log; allocated.
 */
static char *
read_log(const RestoredServer *server)
{
	FILE	   *file = fopen(server->log_file, "r");
	char	   *log = pg_malloc0(LOG_LIMIT + 1);

	if (file == NULL)
		return log;
	if (fseek(file, -LOG_LIMIT, SEEK_END) != 0)
		rewind(file);
	log[fread(log, 1, LOG_LIMIT, file)] = '\0';
	fclose(file);
	return log;
}

bool
restored_server_said(const RestoredServer *server, const char *wanted)
{
	char	   *log = read_log(server);
	bool		found = strstr(log, wanted) != NULL;

	pg_free(log);
	return found;
}

char *
restored_server_last_words(const RestoredServer *server)
{
	char	   *log = read_log(server);
	size_t		len = strlen(log);
	const char *from = log + (len > QUOTED_BYTES ? len - QUOTED_BYTES : 0);
	const char *line = from == log ? log : strchr(from, '\n');
	char	   *words = psprintf("Its log \"%s\" ends with:\n%s", server->log_file,
								 line == NULL ? from : line);

	pg_free(log);
	return words;
}

void
restored_server_stop(const RestoredServer *server)
{
	const char *argv[] = {
		server->pg_ctl, "stop", "--silent", "--wait", "--timeout", FOR_EVER,
		"--mode", "fast", "--pgdata", server->data_directory, NULL
	};
	Program    *program;

	if (!restored_server_runs(server))
		return;
	program = program_start(argv, NULL, 0);
	/* It may have ended by itself meanwhile. */
	(void) program_wait(program);
	program_kill(program);
}
