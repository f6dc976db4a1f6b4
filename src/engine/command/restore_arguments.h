/*
 * What the arguments of "restore" ask for.
 */
#ifndef ERPGO_ENGINE_COMMAND_RESTORE_ARGUMENTS_H
#define ERPGO_ENGINE_COMMAND_RESTORE_ARGUMENTS_H

#include "command/restore.h"

/*
 * Reads the arguments.  False if they ask for help; arguments that make no
 * sense together are FAILURE_USAGE.
 */
extern bool restore_arguments_parse(RestoreRequest *request, int argc,
									char **argv);

#endif
