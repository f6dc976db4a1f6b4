/*
 * Checks what a backup needs, and tells what it finds.
 *
 * Each step runs in a process of its own: one that fails is a finding, and the
 * others are made all the same.
 */
#include "command/job.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/store_url.h"
#include "database/catalog.h"
#include "isolated.h"
#include "process.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "repository/sealing.h"
#include "repository/secrets.h"

/* What a step needs to know. */
typedef struct CheckStep
{
	json_t	   *job;
	const char *subject;		/* a database or program, or NULL */
} CheckStep;

/*
 * Sends a finding; hint may be NULL.
 */
static void
send_row(const char *name, const char *status, const char *message, const char *hint)
{
	protocol_send("row", json_pack("{s:o, s:s, s:o, s:o}",
								   "name", json_text(name),
								   "status", status,
								   "message", json_text(message),
								   "hint", json_text(hint)));
}

/*
 * Makes a step; if it fails, that is the finding.  Tells whether it was made.
 */
static bool
check(const char *name, IsolatedStep function, CheckStep *step)
{
	Failure		problem;

	if (isolated_run(function, step, &problem))
		return true;
	send_row(name, "error", problem.message, problem.hint);
	return false;
}

/*
 * Can the repository be written, and what is there to say of it?
 */
static void
repository_step(void *context)
{
	CheckStep  *step = context;
	Repository *repository = job_repository(step->job);
	char	   *name = psprintf("%scheck-%d.json", repository->prefix, (int) getpid());
	json_t	   *findings;
	json_t	   *finding;
	size_t		i;

	store_put_text(repository->store, name, "{}\n", PUT_REPLACE);
	store_remove(repository->store, name);
	send_row("writing", "ok",
			 psprintf("repository \"%s\" can be written", repository->store->url), NULL);

	job_send_space(repository, NULL);
	findings = check_repository(repository);
	json_array_foreach(findings, i, finding)
	{
		protocol_send("row", json_incref(finding));
	}
}

/*
 * Is it this server that writes there?
 */
static void
owner_step(void *context)
{
	CheckStep  *step = context;

	(void) job_owned_repository(step->job);
	send_row("owner", "ok", "this server is the one that writes to the repository", NULL);
}

/*
 * Every process of the server has the environment, and may show it.
 */
static void
secrets_step(void *context)
{
	static const char *const names[] = {
		SECRET_ENCRYPTION_KEY, SECRET_PASSWORD, SECRET_SLACK_WEBHOOK_URL,
		SECRET_WEBHOOK_URL, SECRET_WEBHOOK_SECRET, SECRET_HEARTBEAT_URL,
		SECRET_SMTP_PASSWORD, SECRET_METRICS_TOKEN
	};
	CheckStep  *step = context;
	const char *path = job_text(step->job, "secrets_file");
	bool		found = false;

	secrets_load(path);
	for (int i = 0; i < lengthof(names); i++)
	{
		if (!secret_is_from_environment(names[i]))
			continue;
		found = true;
		send_row("secret_sources", "warning",
				 psprintf("secret \"%s\" comes from the server's environment, which every backend inherits",
						  names[i]),
				 "Put it into the file that erpgo_backup.secrets_file names.");
	}
	if (!found)
		send_row("secret_sources", "ok", path == NULL ? "no secrets are used" :
				 psprintf("secrets come from file \"%s\" only", path), NULL);
}

/*
 * Are both on the same file system, as far as that can be told?
 */
static bool
is_same_file_system(const char *a, const char *b)
{
	struct stat first;
	struct stat second;

	return a != NULL && b != NULL && stat(a, &first) == 0 && stat(b, &second) == 0 &&
		first.st_dev == second.st_dev;
}

/*
 * Will the key be there when the data is not?
 */
static void
key_location_step(void *context)
{
	CheckStep  *step = context;
	Repository *repository = job_repository(step->job);
	const char *file = job_text(step->job, "secrets_file");
	const char *data = job_text(json_object_get(step->job, "server"), "data_directory");
	const char *beside = is_same_file_system(file, data) ? "the data directory" :
		is_same_file_system(file, store_url_path(repository->store->url)) ? "the repository" : NULL;

	if (sealing_is_on() || master_key_has_command() || secret_get(SECRET_ENCRYPTION_KEY) == NULL ||
		secret_is_from_environment(SECRET_ENCRYPTION_KEY) || beside == NULL)
		return;
	if (cluster_key_recipients(repository) > 1)
		send_row("key_location", "ok", "there is another encryption key beside the one in the secrets file", NULL);
	else
		send_row("key_location", "warning",
				 psprintf("the only encryption key is on the same file system as %s", beside),
				 "Keep a copy elsewhere, or add a further key with \"erpgo_backup rekey --add-recipient\".");
}

/*
 * The major version in "pg_dump (PostgreSQL) 15.20 (Debian …)"; 0 if there is
 * none.
 */
static int
parse_version(const char *line)
{
	const char *mark = strstr(line, "(PostgreSQL) ");

	return mark == NULL ? 0 : atoi(mark + strlen("(PostgreSQL) "));
}

/*
 * Is a program there, and of the server's version?
 */
static void
program_step(void *context)
{
	CheckStep  *step = context;
	const char *path = program_path(job_bindir(step->job), step->subject);
	const char *argv[] = {path, "--version", NULL};
	int			wanted = job_server_version(step->job) / 10000;
	Program    *program = program_start(argv, NULL, PROGRAM_OUT);
	char		line[256];
	size_t		len = program_read(program, line, sizeof(line) - 1);

	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	program_finish(program, "option --version");
	if (parse_version(line) == wanted)
		send_row(step->subject, "ok", line, NULL);
	else
		send_row(step->subject, "error",
				 psprintf("program \"%s\" is not of version %d: \"%s\"", path, wanted, line),
				 "Install the client programs of the server's version.");
}

/*
 * How to reach the server, with the password if there is one.
 */
static ServerAddress
address_with_secrets(json_t *job)
{
	secrets_load(job_text(job, "secrets_file"));
	return job_server_address(job);
}

/*
 * Does the server let us in?
 */
static void
connection_step(void *context)
{
	CheckStep  *step = context;
	ServerAddress address = address_with_secrets(step->job);
	PGconn	   *connection = job_connect(&address);

	send_row("connection", "ok",
			 psprintf("connected as role \"%s\"", PQuser(connection)), NULL);
	PQfinish(connection);
}

/*
 * Does it let us into a database?
 */
static void
database_step(void *context)
{
	CheckStep  *step = context;
	ServerAddress address = job_server_address(step->job);

	PQfinish(connect_or_fail(server_conninfo(&address, step->subject)));
}

/*
 * Does it let us into every database that a backup takes?
 */
static void
databases_step(void *context)
{
	CheckStep  *step = context;
	ServerAddress address = address_with_secrets(step->job);
	PGconn	   *connection = job_connect(&address);
	int			count;
	char	  **databases = catalog_databases(connection, NULL, 0, &count);
	int			good = 0;

	PQfinish(connection);
	for (int i = 0; i < count; i++)
	{
		step->subject = databases[i];
		good += check("database", database_step, step);
	}
	send_row("databases", good == count ? "ok" : "error",
			 psprintf("%d of %d databases accept the connection", good, count), NULL);
}

json_t *
job_check(json_t *job)
{
	static const char *const programs[] = {"pg_dump", "pg_restore", "pg_dumpall"};
	CheckStep	step = {.job = job};

	check("secret_sources", secrets_step, &step);
	if (check("repository", repository_step, &step))
	{
		check("key_location", key_location_step, &step);
		check("owner", owner_step, &step);
	}
	for (int i = 0; i < lengthof(programs); i++)
	{
		step.subject = programs[i];
		check(programs[i], program_step, &step);
	}
	if (check("connection", connection_step, &step))
		check("databases", databases_step, &step);
	return json_object();
}
