/*
 * "erpgo_backup wal-push": archives a file of WAL, as archive_command.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "access/xlog_internal.h"
#include "catalog/pg_control.h"
#include "command/arguments.h"
#include "command/repositories.h"
#include "command/wal_targets.h"
#include "common/controldata_utils.h"
#include "repository/sealing.h"
#include "repository/secrets.h"

const char *const help_wal_push =
"Usage: erpgo_backup wal-push [OPTIONS] PATH\n"
"\n"
"Archives a file of WAL, for servers without archive_library:\n"
"\n"
"  archive_command = 'erpgo_backup --repository file:///backups wal-push %p'\n"
"\n"
"When it exits with 0, the file is in the repository for good, and in all others of\n"
"a list that have wal=required. A file that is there already is compared; it is an\n"
"error if it is another one.\n"
"\n"
"Options:\n"
"  --pgdata DIR         data directory of the server (default: the current\n"
"                       directory, which it is in archive_command)\n"
"  --compression HOW    \"zstd\", \"gzip\" or \"lz4\", with \":LEVEL\", or \"none\"\n"
"                       (default: " DEFAULT_COMPRESSION ")\n"
"  --encryption HOW     \"auto\" encrypts if there is a key (default), \"none\" never\n"
"  -h, --help           print this help\n"
"\n"
"The name of the cluster is \"" DEFAULT_CLUSTER "\" if none is given.\n"
HELP_COMMON;

static const struct option push_options[] = {
	{"pgdata", required_argument, NULL, 'D'},
	{"compression", required_argument, NULL, 'c'},
	{"encryption", required_argument, NULL, 'e'},
	ARGUMENT_HELP_OPTION
};

/* What is asked for. */
typedef struct PushRequest
{
	const char *pgdata;
	const char *compression;
	const char *encryption;
	const char *path;
} PushRequest;

/*
 * The system identifier of the server with that data directory; allocated.
 */
static char *
read_system_identifier(const char *pgdata)
{
	char	   *path = psprintf("%s/%s", pgdata, XLOG_CONTROL_FILE);
	ControlFileData *control;
	bool		crc_ok;

	if (access(path, R_OK) != 0)
		fail_errno("could not open file \"%s\"", path);
	control = get_controlfile(pgdata, &crc_ok);
	if (!crc_ok)
		fail(FAILURE_DAMAGED, NULL, "file \"%s\" is damaged: its checksum is wrong", path);
	pg_free(path);
	return psprintf(UINT64_FORMAT, control->system_identifier);
}

/*
 * Is the file to be encrypted?
 */
static bool
decide_encryption(const char *word, Repository *repository)
{
	json_t	   *job = json_pack("{s:s}", "encryption", word);
	Cipher		cipher = job_cipher(job, repository);

	json_decref(job);
	return cipher != CIPHER_NONE;
}

/*
 * The repositories of the list that the file must be in; their URLs live as
 * long as the list.
 */
static int
required_urls(const RepositoryList *list, const char *urls[REPOSITORY_LIST_LIMIT])
{
	int			count = 0;

	for (int i = 0; i < list->count; i++)
	{
		if (list->repositories[i].wal_required)
			urls[count++] = list->repositories[i].url;
	}
	return count;
}

/*
 * Archives the file.
 */
static void
push(const CommonOptions *options, const PushRequest *request)
{
	const char *slash = strrchr(request->path, '/');
	WalSource	source = {
		.file = slash == NULL ? request->path : slash + 1,
		.path = request->path
	};
	WalOrigin	origin = {
		.cluster = options->cluster == NULL ? DEFAULT_CLUSTER : options->cluster,
		.data_directory = request->pgdata
	};
	RepositoryList *list = repositories_from_options(options);
	const char *urls[REPOSITORY_LIST_LIMIT];
	const char *problem;
	WalTargets	targets;

	if (!compression_parse(request->compression, &source.compression, &problem))
		fail(FAILURE_USAGE, problem, "there is no compression \"%s\"",
			 request->compression);
	secrets_load(options->secrets_file);
	sealing_configure(options->encryption_public_key, request->pgdata);
	origin.system_identifier = read_system_identifier(request->pgdata);
	wal_targets_open(&targets, urls, required_urls(list, urls), &origin);
	source.encrypted = decide_encryption(request->encryption, targets.archives[0]->repository);
	wal_targets_push(&targets, &source, true);
}

int
command_wal_push(const CommonOptions *options, int argc, char **argv)
{
	PushRequest request = {
		.pgdata = ".", .compression = DEFAULT_COMPRESSION, .encryption = "auto"
	};
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, push_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
		{
			fputs(help_wal_push, stdout);
			return 0;
		}
		if (option == 'D')
			request.pgdata = optarg;
		if (option == 'c')
			request.compression = optarg;
		if (option == 'e')
			request.encryption = optarg;
	}
	request.path = argument_single(argc, argv);
	if (request.path == NULL)
		usage_failure(argv[0], "no file is given");
	push(options, &request);
	return 0;
}
