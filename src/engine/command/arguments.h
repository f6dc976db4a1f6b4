/*
 * What the arguments of a subcommand say.
 */
#ifndef ERPGO_ENGINE_COMMAND_ARGUMENTS_H
#define ERPGO_ENGINE_COMMAND_ARGUMENTS_H

#include <getopt.h>

#include "command/command.h"

/* What argument_next returns for "--help", which every subcommand has. */
#define ARGUMENT_HELP 'h'

/* How every list of options ends. */
#define ARGUMENT_HELP_OPTION {"help", no_argument, NULL, ARGUMENT_HELP}, {NULL}

/* What writes to a repository takes for these; the settings do the same. */
#define DEFAULT_CLUSTER "main"
#define DEFAULT_COMPRESSION "zstd:1"

/* How every help ends. */
#define HELP_COMMON \
"\n" \
"\"erpgo_backup --help\" lists the options that all subcommands have.\n"

/* Begins to read the arguments of a subcommand. */
extern void arguments_begin(void);

/*
 * The next option, as getopt_long; -1 after the last.  An option that is
 * unknown, or lacks its value, is FAILURE_USAGE.
 */
extern int	argument_next(int argc, char **argv, const struct option *options);

/*
 * The only argument that is no option, usually a backup; NULL if there is
 * none.  More than one is FAILURE_USAGE.
 */
extern const char *argument_single(int argc, char **argv);

/* FAILURE_USAGE with the hint how to get help. */
extern void usage_failure(const char *command, const char *message,...)
			pg_attribute_printf(2, 3) __attribute__((noreturn));

/* Prints JSON on standard output, and frees it. */
extern void json_print(json_t *json);

#endif
