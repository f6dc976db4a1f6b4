/*
 * What the tables of schema erpgo_backup say, within a transaction.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "history.h"
#include "statement.h"

bool
history_exists(void)
{
	return OidIsValid(get_extension_oid("erpgo_backup", true));
}

void
history_require(void)
{
	if (!history_exists())
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("extension \"erpgo_backup\" does not exist in database \"%s\"",
					   get_database_name(MyDatabaseId)),
				errhint("Create it with CREATE EXTENSION erpgo_backup."));
}

int64
history_newest_time(void)
{
	int64_t		at = 0;

	SPI_connect();
	if (statement_run("SELECT max(id) FROM erpgo_backup.backup", 0, NULL) == 1)
	{
		char	   *id = statement_text(0, 1);

		if (id != NULL)
			(void) backup_id_parse(id, &at, NULL);
	}
	SPI_finish();
	return at;
}

char *
history_latest(void)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *id = NULL;

	SPI_connect();
	if (statement_run("SELECT max(id) FROM erpgo_backup.backup WHERE present", 0,
					  NULL) == 1)
		id = statement_text(0, 1);
	if (id != NULL)
		id = MemoryContextStrdup(caller, id);
	SPI_finish();
	return id;
}

/*
 * Takes the last error of a backup out of a result row of history_status.
 */
static void
read_outcome(JobOutcome *outcome)
{
	char	   *sqlstate = statement_text(0, 3);
	int			number = ERRCODE_INTERNAL_ERROR;

	if (sqlstate != NULL && strlen(sqlstate) == 5)
		number = MAKE_SQLSTATE(sqlstate[0], sqlstate[1], sqlstate[2],
							   sqlstate[3], sqlstate[4]);
	job_outcome_error(outcome, number, statement_text(0, 2), statement_text(0, 4),
					  statement_text(0, 5));
}

bool
history_status(const char *id, char status[JOB_WORD_SIZE], JobOutcome *outcome)
{
	bool		found;

	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	found = statement_read("SELECT b.status, coalesce(b.error, b.verification_error),"
						   " a.sqlstate, a.detail, a.hint"
						   " FROM erpgo_backup.backup AS b"
						   " LEFT JOIN erpgo_backup.attempt AS a"
						   " ON a.backup_id = b.id AND a.operation = 'backup'"
						   " WHERE b.id = $1 ORDER BY a.number DESC LIMIT 1",
						   1, &id) == 1;
	if (found)
	{
		strlcpy(status, statement_text(0, 1), JOB_WORD_SIZE);
		if (outcome != NULL)
			read_outcome(outcome);
	}
	PopActiveSnapshot();
	SPI_finish();
	return found;
}
