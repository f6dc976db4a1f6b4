/*
 * Copying the events of a backup, and mending those of a copy.
 */
#include "postgres_fe.h"

#include "isolated.h"
#include "repository/backup_copy.h"
#include "repository/record.h"

/*
 * Does an event say what a verification found, of the bytes in one place?
 */
static bool
is_finding(EventKind kind)
{
	return kind == EVENT_VERIFIED || kind == EVENT_FAILED;
}

/*
 * Does an event go with the backup to this copy?
 */
static bool
is_to_be_copied(const BackupCopy *copy, const char *name)
{
	EventKind	kind;

	return event_name_kind(name, &kind) && kind != EVENT_DELETING &&
		(copy->writer != NULL || !is_finding(kind));
}

/*
 * Copies an event that the target lacks, or has damaged.
 */
static void
copy_event(BackupCopy *copy, const EventText *event)
{
	Store	   *store = copy->target->store;
	char	   *there = store_get_text(store, event->name, RECORD_LIMIT);

	if (there == NULL)
		store_put_text(store, event->name, event->content, PUT_NEW);
	else if (copy->mends && copy->authenticated && strcmp(there, event->content) != 0)
	{
		store_put_text(store, event->name, event->content, PUT_REPLACE);
		copy->events_mended = true;
	}
	pg_free(there);
}

void
backup_copy_events(BackupCopy *copy)
{
	const BackupTexts *texts = &copy->texts;

	for (int i = 0; i < texts->event_count; i++)
	{
		if (is_to_be_copied(copy, texts->events[i].name))
			copy_event(copy, &texts->events[i]);
	}
}

/* Events of the target, to be read in a process of its own. */
typedef struct EventStep
{
	Repository *repository;
	BackupTexts texts;			/* with the manifest of the source */
} EventStep;

static void
event_step(void *context)
{
	EventStep  *step = context;

	(void) backup_texts_parse(step->repository, &step->texts);
}

/*
 * Are some events of the target damaged?  Then *problem says how.
 */
static bool
are_damaged(const BackupCopy *copy, EventText *events, int count, Failure *problem)
{
	EventStep	step = {copy->target, copy->texts};

	step.texts.events = events;
	step.texts.event_count = count;
	if (isolated_run(event_step, &step, problem))
		return false;
	if (problem->kind != FAILURE_DAMAGED)
		fail_with(problem);
	return true;
}

/*
 * Removes an event that is damaged and that only the target has, or fails.
 */
static void
remove_event(BackupCopy *copy, const char *name, const Failure *problem)
{
	const char *url = copy->target->store->url;
	EventKind	kind;

	if (!event_name_kind(name, &kind) || !is_finding(kind))
		fail(FAILURE_DAMAGED, problem->hint,
			 "could not mend backup \"%s\" in repository \"%s\": %s, and repository \"%s\" does not have it",
			 copy->texts.id, url, problem->message, copy->source->store->url);
	notice("warning", NULL,
		   "event \"%s\" in repository \"%s\" is damaged and is removed: a verification had noted there what it found",
		   name, url);
	backup_copy_remove(copy, name);
	copy->events_mended = true;
}

void
backup_copy_mend_events(BackupCopy *copy)
{
	BackupTexts there;
	Failure		problem;

	if (!copy->mends || !copy->authenticated)
		return;
	there = backup_texts_read(copy->target, copy->texts.id);
	if (!are_damaged(copy, there.events, there.event_count, &problem))
		return;
	for (int i = 0; i < there.event_count; i++)
	{
		if (are_damaged(copy, &there.events[i], 1, &problem))
			remove_event(copy, there.events[i].name, &problem);
	}
}
