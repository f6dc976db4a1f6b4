/*
 * Progress on a terminal.
 */
#ifndef ERPGO_ENGINE_COMMAND_TERMINAL_H
#define ERPGO_ENGINE_COMMAND_TERMINAL_H

#include "command/command.h"

/*
 * Shows progress on standard error from now on, if that is a terminal and the
 * options do not ask for silence.
 */
extern void terminal_progress_start(const CommonOptions *options);

/* Removes the bar, so that something else can be printed. */
extern void terminal_progress_clear(void);

/*
 * The line that shows progress, allocated: phase, database, a bar with its
 * percentage where the end is known, bytes and rate.
 */
extern char *progress_line(const char *phase, const char *database,
						   int64 bytes_done, int64 bytes_expected,
						   int64 bytes_per_second);

#endif
