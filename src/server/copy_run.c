/*
 * Copies to further repositories, as a part of the scheduler.
 *
 * What is to be copied is in the tables, so that it survives everything.  One
 * copy at a time goes to each repository, the newest backup first.  Backups
 * come first: no copy begins while one is made, or takes the last slots.
 */
#include "postgres.h"

#include "copy_run.h"
#include "history.h"
#include "repository_settings.h"
#include "schedule_table.h"
#include "settings.h"
#include "statement.h"
#include "time_passed.h"

/* After an error, and while something is in the way. */
#define RETRY_MS (60 * 1000)
/* Slots that are left to jobs of other kinds. */
#define SLOTS_LEFT (JOB_COMMON_SLOTS / 2)

/* What is to be done for one repository. */
typedef struct CopyTurn
{
	char		target[REPOSITORY_URL_SIZE];
	char		id[BACKUP_ID_SIZE]; /* to be copied now; "" if none is */
	bool		mend;			/* and to be read if it is there */
	int64		next_ms;		/* until one is */
} CopyTurn;

/* What a look at the tables has shown. */
typedef struct CopyAgenda
{
	bool		is_released;
	CopyTurn	turns[REPOSITORY_LIST_LIMIT];
	int			count;
} CopyAgenda;

/* When to look again; 0 if only a mark will tell. */
static int64 next_look_ms = 0;

/* There may be rows of further repositories. */
static bool had_several = true;

void
copies_want(void)
{
	job_mark_set(&job_table->copies_wanted);
}

void
copies_want_again(void)
{
	job_mark_set(&job_table->copies_released);
	copies_want();
}

bool
copies_depend_on(JobKind kind)
{
	return kind == JOB_BACKUP || kind == JOB_VERIFY || kind == JOB_SYNC ||
		kind == JOB_EVENT || kind == JOB_EXPIRE || kind == JOB_COPY;
}

/*
 * Reads a row of the agenda.
 */
static void
read_turn(CopyTurn *turn, int row)
{
	char	   *id = statement_text(row, 2);

	strlcpy(turn->target, statement_text(row, 1), sizeof(turn->target));
	strlcpy(turn->id, id == NULL ? "" : id, sizeof(turn->id));
	turn->mend = id != NULL && strcmp(statement_text(row, 3), "true") == 0;
	turn->next_ms = strtoll(statement_text(row, 4), NULL, 10);
}

/*
 * Plans copies and reads what is due, in one transaction.
 */
static void
look(void *subject)
{
	CopyAgenda *agenda = subject;
	int			count;

	if (!schedule_begin())
		return;
	statement_run("SELECT erpgo_backup.copies_plan()", 0, NULL);
	if (agenda->is_released)
		statement_run("SELECT erpgo_backup.copies_release()", 0, NULL);
	count = (int) statement_run("SELECT url, backup_id, mend::text, next_ms FROM erpgo_backup.copy_agenda",
								0, NULL);
	agenda->count = Min(count, REPOSITORY_LIST_LIMIT);
	for (int i = 0; i < agenda->count; i++)
		read_turn(&agenda->turns[i], i);
	schedule_commit();
}

/*
 * Asks for the copy that is due for a repository.  Returns after how many
 * milliseconds to look again.
 */
static int64
take_turn(const CopyTurn *turn)
{
	JobRequest	request = {.kind = JOB_COPY};

	if (turn->id[0] == '\0')
		return Max(turn->next_ms, 1);
	if (job_target_active(JOB_COPY, turn->target) || job_backup_active() ||
		job_free_slots() <= SLOTS_LEFT)
		return RETRY_MS;
	request.mend = turn->mend;
	strlcpy(request.id, turn->id, sizeof(request.id));
	strlcpy(request.target, turn->target, sizeof(request.target));
	(void) job_request(&request, 0, false);
	return RETRY_MS;
}

/*
 * Looks, and does what is due.  Returns in how many milliseconds there is
 * more; 0 if that is not known.
 */
static int64
look_and_act(void)
{
	CopyAgenda *agenda = palloc0(sizeof(CopyAgenda));
	int64		rest = 0;

	agenda->is_released = job_mark_take(&job_table->copies_released);
	if (!transaction_try(look, agenda, "erpgo_backup could not plan copies"))
		return RETRY_MS;
	for (int i = 0; i < agenda->count; i++)
	{
		int64		next = take_turn(&agenda->turns[i]);

		rest = rest == 0 ? next : Min(rest, next);
	}
	return rest;
}

/*
 * Are there further repositories, or were there a moment ago?
 */
static bool
is_concerned(void)
{
	RepositoryList *list = settings_repositories();
	bool		has_several = list->count > 1;
	bool		concerned = has_several || had_several;

	had_several = has_several;
	return concerned;
}

long
copies_run(void)
{
	int64		now = passing_ms();
	bool		is_wanted = setting_enabled && job_mark_take(&job_table->copies_wanted);

	if (!setting_enabled)
		return 0;
	if (!is_wanted && (next_look_ms == 0 || now < next_look_ms))
		return next_look_ms == 0 ? 0 : (long) (next_look_ms - now);
	next_look_ms = 0;
	if (is_concerned())
	{
		int64		rest = look_and_act();

		next_look_ms = rest == 0 ? 0 : now + rest;
		return (long) rest;
	}
	return 0;
}

void
copies_repair(void)
{
	int			count;
	char	  **begun = history_copies_begun(&count);

	for (int i = 0; i < count; i += 2)
	{
		if (!job_copies(begun[i], begun[i + 1]))
			history_copy_interrupted(begun[i], begun[i + 1]);
	}
	copies_want();
}
