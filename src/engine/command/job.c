/*
 * What the jobs of the server have in common.
 */
#include "command/job.h"

#include "protocol.h"
#include "repository/owner.h"
#include "repository/master_key.h"
#include "repository/sealing.h"
#include "repository/secrets.h"

#define APPLICATION "erpgo_backup"

#define EMPTY_HINT \
	"Somebody removed all of it, or it is not the repository that it was: " \
	"see whether the URL is right and the disk is mounted."

static const struct
{
	const char *name;
	json_t	   *(*run) (json_t *job);
}			jobs[] = {
	{"archive", job_archive},
	{"backup", job_backup},
	{"verify", job_verify},
	{"sync", job_sync},
	{"adopt", job_adopt},
	{"event", job_event},
	{"discard", job_discard},
	{"check", job_check},
	{"expire", job_expire},
	{"metrics", job_metrics},
	{"measure", job_measure},
	{"tail", job_tail},
	{"notify", job_notify},
	{"listen", job_listen},
	{"window", job_window},
	{"copy", job_copy},
	{"copy_wal", job_copy_wal}
};

const char *
job_text(json_t *job, const char *key)
{
	return json_string_value(json_object_get(job, key));
}

const char *
job_required_text(json_t *job, const char *key)
{
	const char *value = job_text(job, key);

	if (value == NULL)
		fail(FAILURE_USAGE, NULL, "the job description has no \"%s\"", key);
	return value;
}

int64
job_integer(json_t *job, const char *key, int64 otherwise)
{
	json_t	   *value = json_object_get(job, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

json_t *
job_run(json_t *job)
{
	const char *name = job_required_text(job, "job");

	master_key_set_command(job_text(job, "encryption_key_command"));
	sealing_configure(job_text(job, "encryption_public_key"),
					  job_text(json_object_get(job, "server"), "data_directory"));
	for (int i = 0; i < lengthof(jobs); i++)
	{
		if (strcmp(jobs[i].name, name) == 0)
			return jobs[i].run(job);
	}
	fail(FAILURE_USAGE, NULL, "there is no job \"%s\"", name);
}

char *
job_title(json_t *job)
{
	const char *id = job_text(job, "id");

	if (id == NULL)
		return psprintf("job \"%s\"", job_required_text(job, "job"));
	return psprintf("%s \"%s\"", job_required_text(job, "job"), id);
}

const char *
job_backup_id(json_t *job)
{
	const char *id = job_required_text(job, "id");

	if (!backup_id_parse(id, NULL, NULL))
		fail(FAILURE_USAGE, NULL, "\"%s\" is not the identifier of a backup", id);
	return id;
}

VerifyDepth
job_depth(json_t *job)
{
	const char *word = job_required_text(job, "depth");
	VerifyDepth depth;

	if (!verify_depth_parse(word, &depth) || depth > VERIFY_FULL)
		fail(FAILURE_USAGE, "Valid depths are \"digest\", \"archive\" and \"full\".",
			 "cannot verify to depth \"%s\"", word);
	return depth;
}

char	  **
job_databases(json_t *job, int *count)
{
	json_t	   *list = json_object_get(job, "databases");
	char	  **names;

	*count = 0;
	if (!json_is_array(list))
		return NULL;
	names = pg_malloc0((json_array_size(list) + 1) * sizeof(char *));
	for (size_t i = 0; i < json_array_size(list); i++)
	{
		const char *name = json_string_value(json_array_get(list, i));

		if (name == NULL)
			fail(FAILURE_USAGE, NULL, "\"databases\" of the job description is not a list of names");
		names[(*count)++] = pg_strdup(name);
	}
	return names;
}

/*
 * What the job description says of the server.
 */
static json_t *
job_server(json_t *job)
{
	json_t	   *server = json_object_get(job, "server");

	if (!json_is_object(server))
		fail(FAILURE_USAGE, NULL, "the job description has no \"%s\"", "server");
	return server;
}

Repository *
job_repository(json_t *job)
{
	secrets_load(job_text(job, "secrets_file"));
	return repository_open_writer(job_required_text(job, "repository"),
								  job_required_text(job, "cluster"),
								  master_key(),
								  job_required_text(job_server(job), "system_identifier"));
}

Repository *
job_owned_repository(json_t *job)
{
	Repository *repository = job_repository(job);

	owner_require(repository, job_required_text(job_server(job), "data_directory"));
	return repository;
}

Repository *
job_further_repository(json_t *job)
{
	secrets_load(job_text(job, "secrets_file"));
	return repository_open_written(job_required_text(job, "repository"),
								   job_required_text(job, "cluster"),
								   master_key(),
								   job_required_text(job_server(job), "system_identifier"));
}

Repository *
job_owned_further_repository(json_t *job)
{
	Repository *repository = job_further_repository(job);

	if (repository != NULL)
		owner_require(repository, job_required_text(job_server(job), "data_directory"));
	return repository;
}

Repository *
job_copied_repository(json_t *job)
{
	Repository *repository = job_owned_further_repository(job);

	if (repository == NULL)
		fail(FAILURE_GONE, EMPTY_HINT,
			 "backup \"%s\" is not in repository \"%s\", which has nothing of cluster \"%s\"",
			 job_required_text(job, "id"), job_required_text(job, "repository"),
			 job_required_text(job, "cluster"));
	return repository;
}

bool
job_is_about_copy(json_t *job)
{
	return json_is_true(json_object_get(job, "copy"));
}

json_t *
job_adopt(json_t *job)
{
	owner_adopt(job_repository(job),
				job_required_text(job_server(job), "data_directory"));
	return json_object();
}

ServerAddress
job_server_address(json_t *job)
{
	json_t	   *server = job_server(job);
	const char *id = job_text(job, "id");
	ServerAddress address = {
		.conninfo = job_text(server, "connection"),
		.socket_directory = job_text(server, "socket_directory"),
		.port = (int) job_integer(server, "port", DEF_PGPORT),
		.user = job_required_text(server, "user"),
		.application_name = id == NULL ? APPLICATION : psprintf(APPLICATION " %s", id)
	};

	return address;
}

int
job_server_version(json_t *job)
{
	return (int) job_integer(job_server(job), "version", 0);
}

const char *
job_bindir(json_t *job)
{
	return job_required_text(job_server(job), "bindir");
}

PGconn *
job_connect(const ServerAddress *address)
{
	PGconn	   *connection = connect_if_exists(server_conninfo(address, "postgres"));

	if (connection == NULL)
		connection = connect_or_fail(server_conninfo(address, "template1"));
	return connection;
}

Cipher
job_cipher(json_t *job, Repository *repository)
{
	const char *word = job_required_text(job, "encryption");
	bool		automatic = strcmp(word, "auto") == 0;
	bool		has_key = sealing_is_on() || master_key() != NULL;
	Cipher		cipher = has_key ? CIPHER_AES_256_CBC : CIPHER_NONE;

	if (!automatic && !cipher_parse(word, &cipher))
		fail(FAILURE_USAGE,
			 "Valid values are \"auto\", \"none\", \"aes-256-cbc\" and \"aes-256-ctr\".",
			 "there is no encryption \"%s\"", word);
	if (automatic && !has_key && cluster_has_keys(repository->store, repository->prefix))
		fail(FAILURE_KEY,
			 "Put BACKUP_ENCRYPTION_KEY into the secrets file, or set erpgo_backup.encryption to \"none\".",
			 "the repository has keys but no BACKUP_ENCRYPTION_KEY is set");
	if (cipher != CIPHER_NONE && !has_key)
		fail(FAILURE_KEY, "Put BACKUP_ENCRYPTION_KEY into the secrets file.",
			 "encryption \"%s\" needs a key but no BACKUP_ENCRYPTION_KEY is set", word);
	return cipher;
}

/*
 * Would a message with this be too long?
 */
static bool
is_too_long(json_t *body)
{
	return json_dumpb(body, NULL, 0, JSON_COMPACT) > PROTOCOL_LINE_LIMIT / 2;
}

void
job_send_backup(json_t *backup)
{
	json_t	   *object;
	size_t		i;

	if (is_too_long(backup))
	{
		json_array_foreach(json_object_get(backup, "objects"), i, object)
			json_object_del(object, "tables");
	}
	if (is_too_long(backup))
		json_object_del(backup, "objects");
	protocol_send("backup", backup);
}
