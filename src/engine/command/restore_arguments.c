/*
 * What the arguments of "restore" ask for.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "command/arguments.h"
#include "command/restore_arguments.h"
#include "command/restore_cluster_arguments.h"

const char *const help_restore =
"Usage: erpgo_backup restore ID|latest --database NAME --dbname CONNINFO [OPTIONS]\n"
"       erpgo_backup restore ID|latest --globals --dbname CONNINFO [OPTIONS]\n"
"       erpgo_backup restore ID|latest --database NAME --to-file FILE|-\n"
"       erpgo_backup restore ID|latest --globals --to-file FILE|-\n"
"       erpgo_backup restore ID|latest --pgdata DIR [OPTIONS]\n"
"\n"
"Restores a database of a logical backup, or the whole server from a physical\n"
"one. Before anything is written, the digests of all objects that are needed\n"
"are compared with the manifest.\n"
"\n"
"What and where to:\n"
"  --database NAME      the database in the backup\n"
"  --dbname CONNINFO    the target: a connection string, or the name of a\n"
"                       database; must not hold a password\n"
"  --create             create the target database, with the properties of the\n"
"                       original (owner, encoding, locale, settings,\n"
"                       privileges, comment); without a name in CONNINFO it is\n"
"                       called as the original\n"
"  --globals            restore roles and tablespaces first; what exists\n"
"                       stays, but roles get the attributes and passwords of\n"
"                       the backup\n"
"  --to-file FILE       write the plain dump of pg_dump, or the script of the\n"
"                       globals, to a file (-: standard output)\n"
"  --force              let --to-file replace a file\n"
"\n"
"Which part:\n"
"  --table NAME         only this table; may be given more than once\n"
"  --schema NAME        only this schema; may be given more than once\n"
"  --data-only          only rows\n"
"  --schema-only        only definitions\n"
"  --no-owner           leave owners out\n"
"  --no-privileges      leave privileges out\n"
"\n"
HELP_CLUSTER
"How:\n"
"  --jobs N             with N > 1, make indexes and constraints in parallel\n"
"  --temp-dir DIR       with --jobs, load rows in parallel, too: needs room in\n"
"                       DIR for the plain dump\n"
"  --keep-partial       if it fails, do not drop the database that was created\n"
"  --allow-unencrypted  accept an unencrypted backup though a key is given\n"
"  --wait-for-thaw      wait for objects that lie in an archive of the store\n"
"  --json               print a JSON object at the end\n"
"  -h, --help           print this help\n"
"\n"
"Without --create and with one job, a restore of a database that fails changes\n"
"nothing. A data directory that is not complete cannot be started.\n"
"\n"
"Exit code: 0 if everything was restored; 1 if it was not; 2 if the arguments\n"
"make no sense; 3 if the backup is damaged.\n"
HELP_COMMON;

/* Options without a short form. */
enum
{
	OPTION_DATABASE = 256,
	OPTION_DBNAME,
	OPTION_CREATE,
	OPTION_GLOBALS,
	OPTION_TO_FILE,
	OPTION_FORCE,
	OPTION_TABLE,
	OPTION_SCHEMA,
	OPTION_DATA_ONLY,
	OPTION_SCHEMA_ONLY,
	OPTION_NO_OWNER,
	OPTION_NO_PRIVILEGES,
	OPTION_TEMP_DIR,
	OPTION_KEEP_PARTIAL,
	OPTION_ALLOW_UNENCRYPTED,
	OPTION_WAIT_FOR_THAW
};

static const struct option restore_options[] = {
	{"database", required_argument, NULL, OPTION_DATABASE},
	{"dbname", required_argument, NULL, OPTION_DBNAME},
	{"create", no_argument, NULL, OPTION_CREATE},
	{"globals", no_argument, NULL, OPTION_GLOBALS},
	{"to-file", required_argument, NULL, OPTION_TO_FILE},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"table", required_argument, NULL, OPTION_TABLE},
	{"schema", required_argument, NULL, OPTION_SCHEMA},
	{"data-only", no_argument, NULL, OPTION_DATA_ONLY},
	{"schema-only", no_argument, NULL, OPTION_SCHEMA_ONLY},
	{"no-owner", no_argument, NULL, OPTION_NO_OWNER},
	{"no-privileges", no_argument, NULL, OPTION_NO_PRIVILEGES},
	{"temp-dir", required_argument, NULL, OPTION_TEMP_DIR},
	{"keep-partial", no_argument, NULL, OPTION_KEEP_PARTIAL},
	{"allow-unencrypted", no_argument, NULL, OPTION_ALLOW_UNENCRYPTED},
	{"wait-for-thaw", no_argument, NULL, OPTION_WAIT_FOR_THAW},
	CLUSTER_OPTIONS,
	ARGUMENT_HELP_OPTION
};

void
argument_list_add(ArgumentList *list, const char *item)
{
	/* The last place is for the NULL. */
	if (list->count >= ARGUMENT_LIMIT - 1)
		fail(FAILURE_USAGE, NULL, "there are more than %d arguments",
			 ARGUMENT_LIMIT - 1);
	list->items[list->count++] = item;
	list->items[list->count] = NULL;
}

/*
 * Takes an option that pg_restore gets as it is; false if it is another one.
 */
static bool
take_passed_on(RestoreRequest *request, int option)
{
	switch (option)
	{
		case OPTION_TABLE:
			argument_list_add(&request->passed_on, psprintf("--table=%s", optarg));
			return true;
		case OPTION_SCHEMA:
			argument_list_add(&request->passed_on, psprintf("--schema=%s", optarg));
			return true;
		case OPTION_DATA_ONLY:
			argument_list_add(&request->passed_on, "--data-only");
			return true;
		case OPTION_SCHEMA_ONLY:
			argument_list_add(&request->passed_on, "--schema-only");
			return true;
		case OPTION_NO_OWNER:
			argument_list_add(&request->passed_on, "--no-owner");
			return true;
		case OPTION_NO_PRIVILEGES:
			argument_list_add(&request->passed_on, "--no-privileges");
			return true;
		default:
			return false;
	}
}

/*
 * Takes any other option.
 */
static void
take_option(RestoreRequest *request, int option)
{
	switch (option)
	{
		case OPTION_DATABASE:
			request->database = optarg;
			break;
		case OPTION_DBNAME:
			request->conninfo = optarg;
			break;
		case OPTION_CREATE:
			request->create = true;
			break;
		case OPTION_GLOBALS:
			request->globals = true;
			break;
		case OPTION_TO_FILE:
			request->to_file = optarg;
			break;
		case OPTION_FORCE:
			request->force = true;
			break;
		case OPTION_TEMP_DIR:
			request->temp_dir = optarg;
			break;
		case OPTION_KEEP_PARTIAL:
			request->keep_partial = true;
			break;
		case OPTION_ALLOW_UNENCRYPTED:
			request->allow_unencrypted = true;
			break;
		case OPTION_WAIT_FOR_THAW:
			request->wait_for_thaw = true;
			break;
	}
}

/*
 * Fails if the arguments do not say what to do.
 */
static void
check_request(const RestoreRequest *request, const char *command)
{
	if (request->database == NULL && !request->globals)
		usage_failure(command, "neither --database nor --globals nor --pgdata says what to restore");
	if (request->to_file == NULL && request->conninfo == NULL)
		usage_failure(command, "neither --dbname nor --to-file says where to restore to");
	if (request->temp_dir != NULL && request->jobs < 2)
		usage_failure(command, "--temp-dir makes no sense without --jobs of at least 2");
}

/*
 * Fails if options exclude each other.
 */
static void
check_exclusions(const RestoreRequest *request, const char *command)
{
	bool		to_server = request->conninfo != NULL || request->create ||
		request->passed_on.count > 0;

	if (request->to_file != NULL && to_server)
		usage_failure(command, "--to-file writes a whole object: options for a server exclude it");
	if (request->to_file != NULL && request->database != NULL && request->globals)
		usage_failure(command, "--to-file writes one object: --database and --globals exclude each other");
	if (request->to_file != NULL && strcmp(request->to_file, "-") == 0 &&
		isatty(STDOUT_FILENO))
		usage_failure(command, "cannot write to standard output: it is a terminal");
	if (request->database == NULL && (request->create || request->passed_on.count > 0))
		usage_failure(command, "--database is missing");
}

/*
 * Is there an option that only a logical restore has?
 */
static bool
is_logical(const RestoreRequest *request)
{
	return request->database != NULL || request->conninfo != NULL || request->create ||
		request->globals || request->to_file != NULL || request->force ||
		request->temp_dir != NULL || request->keep_partial || request->passed_on.count > 0;
}

bool
restore_arguments_parse(RestoreRequest *request, int argc, char **argv)
{
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, restore_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
			return false;
		if (!take_passed_on(request, option) &&
			!cluster_arguments_take(&request->cluster, argv[0], option))
			take_option(request, option);
	}
	request->id = argument_single(argc, argv);
	if (request->id == NULL)
		usage_failure(argv[0], "no backup is named");
	cluster_arguments_check(&request->cluster, argv[0], is_logical(request));
	if (request->cluster.data_directory != NULL)
		return true;
	check_request(request, argv[0]);
	check_exclusions(request, argv[0]);
	return true;
}
