/*
 * What is known of the room in the repositories.
 *
 * The engine measures it: the server never touches the repository.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/snapmgr.h"

#include "history.h"
#include "job_description.h"
#include "repository_state.h"
#include "statement.h"

void
repository_state_take(const EngineMessage *message)
{
	int64		available = message_int64(message, "free_bytes");
	int64		total = message_int64(message, "total_bytes");
	const char *args[] = {
		psprintf(INT64_FORMAT, available),
		psprintf(INT64_FORMAT, total),
		message_text(message, "url"),
	};

	if (available < 0 || total <= 0 || available > total)
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine described a repository that cannot be: %s of %s bytes are free",
					   args[0], args[1]));
	history_execute("SELECT erpgo_backup.repository_measured($1, $2, $3)",
					lengthof(args), args);
}

int64
repository_expected_bytes(const JobRequest *request)
{
	const char *args[] = {
		backup_type_name(request->type),
		request->database_count == 0 ? NULL :
		names_to_json(request->databases, request->database_count),
	};
	char	   *bytes = NULL;
	int64		expected;

	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (statement_run("SELECT erpgo_backup.backup_expected_bytes($1, $2)",
					  lengthof(args), args) == 1)
		bytes = statement_text(0, 1);
	expected = bytes == NULL ? 0 : strtoll(bytes, NULL, 10);
	PopActiveSnapshot();
	SPI_finish();
	return expected;
}
