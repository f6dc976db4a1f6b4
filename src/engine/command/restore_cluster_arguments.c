/*
 * What the arguments of "restore --pgdata" ask for.
 */
#include "command/restore_cluster_arguments.h"

#include "command/arguments.h"

/*
 * Takes where a tablespace goes.
 */
static void
add_mapping(ClusterRequest *request, const char *command)
{
	TablespaceMapping mapping;

	if (!tablespace_mapping_parse(optarg, &mapping))
		usage_failure(command,
					  "\"%s\" is not OLD=NEW with two absolute paths (\"\\=\" is an equals sign in a path)",
					  optarg);
	request->mappings = pg_realloc(request->mappings,
								   (request->mapping_count + 1) * sizeof(TablespaceMapping));
	request->mappings[request->mapping_count++] = mapping;
}

bool
cluster_arguments_take(ClusterRequest *request, const char *command, int option)
{
	switch (option)
	{
		case OPTION_PGDATA:
			request->data_directory = optarg;
			return true;
		case OPTION_TABLESPACE_MAPPING:
			add_mapping(request, command);
			return true;
		case OPTION_CONFIG_DIR:
			request->config_directory = optarg;
			return true;
		case OPTION_DELTA:
			request->delta = true;
			return true;
		case OPTION_TAKE_OVER:
			request->take_over = true;
			return true;
		default:
			return false;
	}
}

void
cluster_arguments_check(const ClusterRequest *request, const char *command, bool given)
{
	bool		physical = request->mapping_count > 0 || request->config_directory != NULL ||
		request->delta || request->take_over;

	if (request->data_directory == NULL && physical)
		usage_failure(command, "--pgdata is missing");
	if (request->data_directory != NULL && given)
		usage_failure(command, "--pgdata restores the whole server: options for databases exclude it");
	if (request->data_directory != NULL && request->data_directory[0] == '\0')
		usage_failure(command, "--pgdata names no directory");
}
