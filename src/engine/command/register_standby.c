/*
 * "erpgo_backup register-standby": lets a standby take the repository over when
 * it is promoted because its primary is gone.
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/repositories.h"
#include "command/standby.h"
#include "repository/owner.h"
#include "repository/secrets.h"

const char *const help_register_standby =
"Usage: erpgo_backup register-standby --dbname CONNINFO\n"
"\n"
"Notes in the repository that a standby may write to it once it was promoted and\n"
"nothing was heard of its primary for an hour. Until then, and without this, a\n"
"server that was promoted needs SELECT erpgo_backup_adopt(). It is run on the\n"
"machine of the standby, as the user that its files belong to.\n"
"\n"
"Options:\n"
"      --dbname CONNINFO  how to connect to the standby, as a superuser\n"
"  -h, --help             print this help\n"
"\n"
"The name of the cluster is \"" DEFAULT_CLUSTER "\" if none is given.\n"
HELP_COMMON;

static const struct option register_options[] = {
	{"dbname", required_argument, NULL, 'd'},
	ARGUMENT_HELP_OPTION
};

/*
 * Registers the standby in one repository.
 */
static void
register_in(const char *url, const char *cluster, const Standby *standby)
{
	Repository *repository = repository_open_writer(url, cluster,
													secret_get(SECRET_ENCRYPTION_KEY),
													standby->system_identifier);

	owner_register_standby(repository, standby->data_directory);
	repository_close(repository);
	printf("the standby in \"%s\" is registered in cluster \"%s\" of repository \"%s\"\n",
		   standby->data_directory, cluster, url);
}

/*
 * Registers the standby in all repositories.
 */
static void
register_standby(const CommonOptions *options, const char *conninfo)
{
	const char *cluster = options->cluster == NULL ? DEFAULT_CLUSTER : options->cluster;
	const RepositoryList *list = repositories_from_options(options);
	Standby		standby = {NULL};

	secrets_load(options->secrets_file);
	standby_open(&standby, conninfo);
	for (int i = 0; i < list->count; i++)
		register_in(list->repositories[i].url, cluster, &standby);
	PQfinish(standby.connection);
}

int
command_register_standby(const CommonOptions *options, int argc, char **argv)
{
	const char *conninfo = NULL;
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, register_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
		{
			fputs(help_register_standby, stdout);
			return 0;
		}
		conninfo = optarg;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"register-standby\" takes no argument");
	if (conninfo == NULL)
		usage_failure(argv[0], "option \"--dbname\" is needed");
	if (options->repository == NULL)
		usage_failure(argv[0], "no repository is given");
	register_standby(options, conninfo);
	return 0;
}
