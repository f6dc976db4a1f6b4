/*
 * What users say of a backup that they ask for: its type, its databases.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "utils/builtins.h"

#include "backup_arguments.h"

BackupType
backup_type_argument(const char *word)
{
	BackupType	type;

	if (!backup_type_parse(word, &type))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unrecognized type of backup: \"%s\"", word),
				errhint("Types are \"full\", \"schema\", \"data\" and \"physical\"."));
	if (type == BACKUP_INCREMENTAL)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("backups of type \"%s\" are not supported", word),
				errhint("Types are \"full\", \"schema\", \"data\" and \"physical\"."));
	return type;
}

void
backup_scope_check(BackupType type, bool names_databases)
{
	if (names_databases && !backup_type_is_logical(type))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a backup of type \"%s\" cannot be one of certain databases",
					   backup_type_name(type)),
				errdetail("It has the files of the whole cluster."));
}

void
backup_databases_check(ArrayType *array)
{
	Datum	   *names;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls,
					  &count);
	if (count == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no database is named"),
				errhint("NULL instead of an array means all databases."));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("names of databases must not be null"));
		(void) get_database_oid(TextDatumGetCString(names[i]), false);
	}
}

void
backup_databases_fill(JobRequest *request, ArrayType *array)
{
	Datum	   *names;
	int			count;
	size_t		used = 0;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, NULL,
					  &count);
	for (int i = 0; i < count; i++)
	{
		char	   *name = TextDatumGetCString(names[i]);
		size_t		size = strlen(name) + 1;

		if (used + size > JOB_DATABASES_SIZE)
			ereport(ERROR,
					errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many databases are named"),
					errhint("Name fewer, or none to back up all."));
		memcpy(request->databases + used, name, size);
		used += size;
	}
	request->database_count = count;
}
