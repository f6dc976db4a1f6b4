/*
 * The command line, as far as all subcommands share it.
 */
#ifndef ERPGO_ENGINE_OPTIONS_H
#define ERPGO_ENGINE_OPTIONS_H

#include "command/command.h"

/*
 * Takes the common options out of the arguments, wherever they are before a
 * "--", and returns how many arguments are left; those follow argv[0] in their
 * order.  What is not given has its default.  A missing or wrong value is
 * FAILURE_USAGE.
 */
extern int	options_take(int argc, char **argv, CommonOptions *options);

/* The help on these options. */
extern const char *const help_common_options;

#endif
