/*
 * Requests for jobs: what they are called, which exclude each other, and what
 * is recorded of them.
 */
#include "postgres.h"

#include "job_slot.h"

const char *
job_kind_name(JobKind kind)
{
	static const char *const names[] = {
		[JOB_BACKUP] = "backup",
		[JOB_VERIFY] = "verify",
		[JOB_SYNC] = "sync",
		[JOB_ADOPT] = "adopt",
		[JOB_EVENT] = "event",
		[JOB_CHECK] = "check",
		[JOB_WINDOW] = "window",
		[JOB_NOTIFY] = "notify",
		[JOB_RECOVER] = "recover",
		[JOB_EXPIRE] = "expire",
		[JOB_METRICS] = "metrics",
		[JOB_MEASURE] = "measure",
		[JOB_TAIL] = "tail",
		[JOB_COPY] = "copy",
		[JOB_COPY_WAL] = "copy_wal",
	};

	return names[kind];
}

char *
job_title(const JobRequest *request)
{
	static const char *const titles[] = {
		[JOB_BACKUP] = "backup",
		[JOB_VERIFY] = "verification of backup",
		[JOB_SYNC] = "synchronization with the repository",
		[JOB_ADOPT] = "adoption of the repository",
		[JOB_EVENT] = "change of backup",
		[JOB_CHECK] = "check of the repository",
		[JOB_WINDOW] = "search for recovery windows",
		[JOB_NOTIFY] = "sending of alerts",
		[JOB_RECOVER] = "clean-up of the repository",
		[JOB_EXPIRE] = "clean-up of old backups",
		[JOB_METRICS] = "update of the metrics file",
		[JOB_MEASURE] = "look at the room in the repository",
		[JOB_TAIL] = "archiving of the unfinished segment",
		[JOB_COPY] = "copy of backup",
		[JOB_COPY_WAL] = "copy of the WAL archive",
	};

	const char *title = titles[request->kind];

	if (request->id[0] != '\0')
		title = psprintf("%s \"%s\"", title, request->id);
	if (request->target[0] != '\0')
		return psprintf("%s in repository \"%s\"", title, request->target);
	return pstrdup(title);
}

bool
job_is_cleanup(const JobRequest *request)
{
	return request->kind == JOB_EXPIRE && !request->dry_run;
}

bool
job_is_delivery(const JobRequest *request)
{
	return request->kind == JOB_NOTIFY && request->role[0] == '\0';
}

bool
job_is_frequent(JobKind kind)
{
	return kind == JOB_METRICS || kind == JOB_TAIL || kind == JOB_COPY_WAL;
}

bool
job_requests_conflict(const JobRequest *a, const JobRequest *b)
{
	if (strcmp(a->target, b->target) != 0)
		return false;
	/* It must not find what is deleted, and write that down afterwards. */
	if (job_is_cleanup(a) || job_is_cleanup(b))
		return (job_is_cleanup(a) || a->kind == JOB_SYNC) &&
			(job_is_cleanup(b) || b->kind == JOB_SYNC);
	if (a->kind != b->kind)
		return false;
	if (a->kind == JOB_BACKUP)
		return a->type == b->type;
	if (a->kind == JOB_VERIFY)
		return strcmp(a->id, b->id) == 0;
	return a->kind == JOB_SYNC || a->kind == JOB_RECOVER ||
		a->kind == JOB_METRICS || a->kind == JOB_MEASURE ||
		a->kind == JOB_TAIL || a->kind == JOB_COPY || a->kind == JOB_COPY_WAL;
}

bool
job_leaves_record(const JobRequest *request, bool succeeded)
{
	switch (request->kind)
	{
		case JOB_CHECK:
		case JOB_WINDOW:
		case JOB_RECOVER:
		case JOB_METRICS:
		case JOB_MEASURE:
		case JOB_TAIL:
		case JOB_COPY_WAL:
			return false;
		case JOB_COPY:

			/*
			 * One that nobody asked for is tried until it succeeds.
			 */
			return request->role[0] != '\0' || succeeded;
		case JOB_NOTIFY:
			return !job_is_delivery(request);
		case JOB_EXPIRE:

			/*
			 * One that nobody asked for tells what it deleted, or its
			 * failure.
			 */
			return !request->dry_run &&
				(request->role[0] != '\0' || !succeeded);
		case JOB_BACKUP:
		case JOB_VERIFY:
		case JOB_SYNC:
		case JOB_ADOPT:
		case JOB_EVENT:
			break;
	}
	return true;
}
