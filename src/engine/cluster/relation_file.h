/*
 * What the names of files in a folder of a database tell.
 */
#ifndef ERPGO_ENGINE_CLUSTER_RELATION_FILE_H
#define ERPGO_ENGINE_CLUSTER_RELATION_FILE_H

#include "postgres_fe.h"

typedef enum RelationFork
{
	FORK_MAIN,
	FORK_FSM,
	FORK_VM,
	FORK_INIT
} RelationFork;

/* A file of a relation: "16384", "16384.1", "16384_fsm", "t3_16384_vm.2". */
typedef struct RelationFile
{
	bool		is_temporary;	/* of a session */
	Oid			number;
	RelationFork fork;
	uint32		segment;
} RelationFile;

/* Takes such a name apart; false if it is another one. */
extern bool relation_file_parse(const char *name, RelationFile *file);

/*
 * Is this the path, relative to the data directory, of a folder with
 * relations: "global", "base/<oid>", "pg_tblspc/<oid>/PG_…/<oid>"?
 */
extern bool is_relation_folder(const char *path);

#endif
