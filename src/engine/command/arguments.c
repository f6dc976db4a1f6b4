/*
 * What the arguments of a subcommand say.
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "failure.h"
#include "repository/master_key.h"
#include "repository/secrets.h"

void
arguments_begin(void)
{
	/* 0 makes the GNU library forget what it read before. */
	optind = 0;
	opterr = 0;
}

void
usage_failure(const char *command, const char *message,...)
{
	char		reason[1024];
	va_list		arguments;

	va_start(arguments, message);
	vsnprintf(reason, sizeof(reason), message, arguments);
	va_end(arguments);
	fail(FAILURE_USAGE,
		 psprintf("Try \"erpgo_backup %s --help\".", command), "%s", reason);
}

int
argument_next(int argc, char **argv, const struct option *options)
{
	int			option = getopt_long(argc, argv, ":h", options, NULL);

	if (option == ':')
		usage_failure(argv[0], "option \"%s\" requires a value",
					  argv[optind - 1]);
	if (option == '?')
		usage_failure(argv[0], "unrecognized option \"%s\"", argv[optind - 1]);
	return option;
}

const char *
argument_single(int argc, char **argv)
{
	if (argc > optind + 1)
		usage_failure(argv[0], "too many arguments: the second one is \"%s\"",
					  argv[optind + 1]);
	return argc > optind ? argv[optind] : NULL;
}

void
json_print(json_t *json)
{
	if (json_dumpf(json, stdout, JSON_INDENT(2)) != 0)
		fail_errno("could not write to standard output");
	putchar('\n');
	json_decref(json);
}

Repository *
repository_from_options(const CommonOptions *options)
{
	if (options->repository == NULL)
		fail(FAILURE_USAGE,
			 "Name it with --repository, or in the environment variable ERPGO_BACKUP_REPOSITORY.",
			 "no repository is given");
	secrets_load(options->secrets_file);
	return repository_open(options->repository, options->cluster,
						   master_key());
}
