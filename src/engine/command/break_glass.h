/*
 * The parts of break-glass instructions that only physical backups have.
 */
#ifndef ERPGO_ENGINE_COMMAND_BREAK_GLASS_H
#define ERPGO_ENGINE_COMMAND_BREAK_GLASS_H

#include "command/command.h"

/* Prints the variables that say where the files go. */
extern void break_glass_print_cluster_variables(const Manifest *manifest);

/* Prints how the data directory is made. */
extern void break_glass_print_cluster(const Manifest *manifest);

#endif
