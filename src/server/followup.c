/*
 * Jobs that follow another one.
 *
 * They are asked for in a transaction: only the end of one releases what an
 * error leaves locked.
 */
#include "postgres.h"

#include "followup.h"
#include "statement.h"

/* A job to be asked for. */
typedef struct Followup
{
	JobRequest *request;
	bool		(*prepare) (JobRequest *request);
} Followup;

/*
 * Asks for a job if there is something to be done.
 */
static void
ask(void *subject)
{
	Followup   *followup = subject;
	MemoryContext caller = transaction_begin();

	if (followup->prepare == NULL || followup->prepare(followup->request))
		(void) job_request(followup->request, 0, false);
	transaction_end(caller);
}

void
followup_request(JobRequest *request, bool (*prepare) (JobRequest *request),
				 const char *words)
{
	Followup	followup = {request, prepare};

	(void) transaction_try(ask, &followup, words);
}
