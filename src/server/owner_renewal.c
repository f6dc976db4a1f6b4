/*
 * Whether further repositories hear that their owner is alive.
 *
 * They are told at every health interval, by the job that looks at the first
 * one.  Shared memory knows which could not be told the last time, so that the
 * log hears of each once.
 */
#include "postgres.h"

#include "further_repository.h"
#include "owner_renewal.h"

/*
 * Notes how it went; true if that is news.  That nothing is there yet, where
 * nothing was seen since the server started, is none: a repository is made by
 * its first copy.
 */
static bool
note_renewal(const char *url, bool told, bool is_missing)
{
	RepositoryList *list = settings_repositories();
	OwnerRenewal *renewal;
	bool		is_news;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	renewal = &further_repository(url, list)->owner;
	is_news = told ? renewal->failed : !renewal->failed && (renewal->was_reached || !is_missing);
	renewal->failed = told ? false : renewal->failed || is_news;
	renewal->was_reached |= told;
	LWLockRelease(job_table->lock);
	pfree(list);
	return is_news;
}

void
owner_renewal_take_row(const EngineMessage *message)
{
	char	   *url = message_text(message, "repository");
	char	   *problem = message_text(message, "message");
	char	   *hint = message_text(message, "hint");
	char	   *sqlstate = message_text(message, "sqlstate");
	bool		told = message_bool(message, "told");
	bool		is_news;

	if (url == NULL || (!told && problem == NULL))
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine did not say whether a repository was told that its owner is alive"));
	is_news = note_renewal(url, told, sqlstate != NULL &&
						   strcmp(sqlstate, unpack_sql_state(ERRCODE_UNDEFINED_OBJECT)) == 0);
	if (!told)
		ereport(is_news ? WARNING : DEBUG1,
				errmsg("could not tell repository \"%s\" that its owner is alive: %s", url, problem),
				hint != NULL ? errhint("%s", hint) : 0);
	else if (is_news)
		ereport(LOG,
				errmsg("repository \"%s\" is told again that its owner is alive", url));
}
