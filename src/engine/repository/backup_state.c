/*
 * What the events of a backup say, and adding one.
 */
#include "postgres_fe.h"

#include "repository/backup_texts.h"
#include "repository/sealing.h"

bool
backup_is_pinned(const Backup *backup, const char **reason)
{
	for (int i = backup->event_count - 1; i >= 0; i--)
	{
		const Event *event = &backup->events[i];

		if (event->kind == EVENT_UNPIN)
			return false;
		if (event->kind == EVENT_PIN)
		{
			*reason = event->value;
			return true;
		}
	}
	return false;
}

/*
 * How deep a verification went that failed.  One that does not say so counts
 * as the deepest, so that it is not taken back too easily.
 */
static VerifyDepth
failed_depth(const Event *event)
{
	VerifyDepth depth;

	return event->key != NULL && verify_depth_parse(event->key, &depth) ?
		depth : VERIFY_FULL;
}

/*
 * The last verification that counts among the events, or NULL.  One that went
 * well takes back earlier failures of those that looked no deeper.
 */
static const Event *
last_verification(const Backup *backup)
{
	const Event *last = NULL;
	VerifyDepth proven = VERIFY_DIGEST;

	for (int i = backup->event_count - 1; i >= 0; i--)
	{
		const Event *event = &backup->events[i];
		VerifyDepth depth;

		if (event->kind == EVENT_FAILED &&
			(last == NULL || failed_depth(event) > proven))
			return event;
		if (event->kind != EVENT_VERIFIED ||
			!verify_depth_parse(event->value, &depth))
			continue;
		proven = last == NULL ? depth : Max(depth, proven);
		if (last == NULL)
			last = event;
	}
	return last;
}

bool
backup_verification(const Backup *backup, int64 *at_ms, VerifyDepth *depth,
					const char **problem)
{
	const Event *event = last_verification(backup);

	*depth = backup->manifest->verified_depth;
	*at_ms = event == NULL ? backup->manifest->finished_ms : event->at_ms;
	if (event == NULL)
		return true;
	if (event->kind == EVENT_VERIFIED)
		return verify_depth_parse(event->value, depth);
	*depth = failed_depth(event);
	*problem = event->value;
	return false;
}

int64
backup_damaged_since(const Backup *backup)
{
	int64		since_ms = 0;
	int			proven = -1;

	for (int i = backup->event_count - 1; i >= 0; i--)
	{
		const Event *event = &backup->events[i];
		VerifyDepth depth;

		if (event->kind == EVENT_FAILED && (int) failed_depth(event) > proven)
			since_ms = event->at_ms;
		if (event->kind == EVENT_VERIFIED &&
			verify_depth_parse(event->value, &depth))
			proven = Max(proven, (int) depth);
	}
	return since_ms;
}

int64
backup_full_verification(const Backup *backup)
{
	for (int i = backup->event_count - 1; i >= 0; i--)
	{
		const Event *event = &backup->events[i];
		VerifyDepth depth;

		if (event->kind == EVENT_VERIFIED &&
			verify_depth_parse(event->value, &depth) && depth >= VERIFY_FULL)
			return event->at_ms;
	}
	return backup->manifest->verified_depth >= VERIFY_FULL ?
		backup->manifest->finished_ms : 0;
}

/*
 * The time of an event that is added: its own, but always after all that are
 * there, so that the order in which they were added is never lost.
 */
static int64
event_time(Repository *repository, const char *backup_id, int64 at_ms)
{
	char	   *folder = backup_object_name(repository, backup_id, EVENT_FOLDER);
	StoreListing listing = store_list(repository->store, folder);

	for (int i = 0; i < listing.count; i++)
	{
		int64		other_ms;

		if (event_name_time(listing.objects[i].name, &other_ms))
			at_ms = Max(at_ms, other_ms + 1);
	}
	store_listing_free(&listing);
	pg_free(folder);
	return at_ms;
}

/*
 * The text of an event, authenticated as those of its backup are; allocated.
 * A sealed one is signed where there is a signing key, else the data key does.
 */
static char *
authenticated_event(const Backup *backup, const char *backup_id, const Event *event)
{
	const char *signing_key;

	if (backup == NULL || !backup->manifest->sealed)
		return event_format(event, backup_id, backup == NULL ? "" : backup->data_key);
	signing_key = sealing_signing_key();
	if (signing_key != NULL)
		return event_format_signed(event, backup_id, signing_key);
	if (backup->data_key[0] == '\0')
		fail(FAILURE_KEY, PRIVATE_KEY_HINT,
			 "cannot note anything of backup \"%s\" without the private key or the server's signing key",
			 backup_id);
	return event_format(event, backup_id, backup->data_key);
}

void
backup_add_event(Repository *repository, const char *backup_id,
				 const Backup *backup, const Event *event)
{
	Event		added = *event;
	char	   *file_name;
	char	   *folder;
	char	   *name;
	char	   *content;

	added.at_ms = event_time(repository, backup_id, event->at_ms);
	file_name = event_file_name(&added);
	folder = backup_object_name(repository, backup_id, EVENT_FOLDER);
	name = psprintf("%s%s", folder, file_name);
	content = authenticated_event(backup, backup_id, &added);
	store_put_text(repository->store, name, content, PUT_NEW);
	pg_free(content);
	pg_free(name);
	pg_free(folder);
	pg_free(file_name);
}
