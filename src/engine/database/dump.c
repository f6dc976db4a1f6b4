/*
 * Starting pg_dump and pg_dumpall.
 */
#include "database/dump.h"

/* The most arguments that are used, with the NULL at the end. */
#define ARGUMENT_LIMIT 16

/* A program's arguments while they are collected. */
typedef struct Arguments
{
	const char *values[ARGUMENT_LIMIT];
	int			count;
} Arguments;

/*
 * Adds an argument.
 */
static void
add(Arguments *arguments, const char *value)
{
	Assert(arguments->count < ARGUMENT_LIMIT - 1);
	arguments->values[arguments->count++] = value;
}

/*
 * Begins the arguments of a program with those that all dumps have.
 */
static Arguments
begin_arguments(const DumpSettings *settings, const char *program, const char *database)
{
	Arguments	arguments = {.count = 0};

	add(&arguments, program_path(settings->bindir, program));
	add(&arguments, "--no-password");
	add(&arguments, psprintf("--dbname=%s", server_conninfo(&settings->address, database)));
	if (settings->lock_wait_timeout_ms > 0)
		add(&arguments, psprintf("--lock-wait-timeout=%d", settings->lock_wait_timeout_ms));
	return arguments;
}

Program *
dump_database_start(const DumpSettings *settings, const char *database,
					const char *snapshot)
{
	Arguments	arguments = begin_arguments(settings, "pg_dump", database);

	add(&arguments, "--format=custom");
	add(&arguments, "--compress=0");
	add(&arguments, psprintf("--snapshot=%s", snapshot));
	if (settings->type == BACKUP_SCHEMA)
		add(&arguments, "--schema-only");
	if (settings->type == BACKUP_DATA)
		add(&arguments, "--data-only");
	return program_start(arguments.values, connection_environment(),
						 PROGRAM_OUT | PROGRAM_WIDE);
}

Program *
dump_globals_start(const DumpSettings *settings, const char *database)
{
	Arguments	arguments = begin_arguments(settings, "pg_dumpall", database);

	/* pg_dumpall ignores the name of the database in a connection string. */
	add(&arguments, psprintf("--database=%s", database));
	add(&arguments, "--globals-only");
	return program_start(arguments.values, connection_environment(), PROGRAM_OUT);
}
