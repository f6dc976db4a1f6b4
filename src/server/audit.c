/*
 * The record of who did what.
 */
#include "postgres.h"

#include "audit.h"
#include "statement.h"

void
audit_add(const JobRequest *request, const char *action, const char *outcome,
		  const char *message)
{
	bool		is_further = request->target[0] != '\0';
	const char *args[] = {
		text_or_null(request->role),
		text_or_null(request->client),
		action,
		text_or_null(request->id),
		outcome,
		text_or_null(message),
		is_further ? "repository" : text_or_null(request->event_key),
		is_further ? request->target : text_or_null(request->event_value),
	};

	(void) statement_run("SELECT erpgo_backup.audit_add($1, $2, $3, $4, $5, $6, $7, $8)",
						 lengthof(args), args);
}
