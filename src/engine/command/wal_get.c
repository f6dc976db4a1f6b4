/*
 * "erpgo_backup wal-get": takes a file out of the WAL archive, as
 * restore_command.
 */
#include "postgres_fe.h"

#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "command/arguments.h"
#include "command/wal_get.h"
#include "command/wal_get_any.h"
#include "command/wal_spool.h"
#include "repository/wal_note.h"
#include "repository/wal_tail.h"

/* The file until it is whole and was found to be what it should be. */
#define TEMPORARY_SUFFIX ".erpgo"

/* How long a segment may be missing while those after it are there. */
#define HOLE_LIMIT_MS 5000
#define HOLE_DELAY_MS 250

#define DEFAULT_PREFETCH 8
#define PREFETCH_LIMIT 64

const char *const help_wal_get =
"Usage: erpgo_backup wal-get [OPTIONS] FILE PATH\n"
"\n"
"Takes a file out of the WAL archive, for a server in recovery:\n"
"\n"
"  restore_command = 'erpgo_backup --repository file:///backups wal-get %f %p'\n"
"\n"
"Options:\n"
"  --prefetch N         how many of the segments that follow are taken at the\n"
"                       same time, for the server will ask for them\n"
"                       (default: 8; 0 for none)\n"
"  --spool DIR          where these wait, in a folder for this user alone\n"
"                       (default: erpgo_backup-wal-UID in TMPDIR or /tmp)\n"
"  --tail-after SEGMENT of the unfinished segment, take the pieces that there are,\n"
"                       if it comes after that one; for a server that is to\n"
"                       open at the end of the WAL, never for a standby\n"
"  --standby            a missing segment is no error though later ones are\n"
"                       there, for the server may get it from its primary\n"
"  -h, --help           print this help\n"
"\n"
"Of several repositories, the first that has the file gives it; one that is away, or\n"
"where it is damaged, is passed over with a warning.\n"
"\n"
"Exit code: 0 if the file is at PATH, whole and authentic; 1 if there is no such\n"
"file in the archive, as every repository says; 126 if that cannot be told, or if the archive has a hole.\n"
"A server in recovery takes 1 for the end of the WAL, but stops at 126.\n"
HELP_COMMON;

static const struct option get_options[] = {
	{"prefetch", required_argument, NULL, 'n'},
	{"spool", required_argument, NULL, 's'},
	{"standby", no_argument, NULL, 'b'},
	{"tail-after", required_argument, NULL, 't'},
	ARGUMENT_HELP_OPTION
};

/* What is asked for. */
typedef struct GetRequest
{
	const char *file;
	const char *path;
	WalName		name;
	int			prefetch;
	int			jobs;
	const char *spool;
	bool		standby;
	bool		takes_tail;
	WalName		tail_after;
} GetRequest;

/* What is removed at exit; NULL if the file has its name. */
static char *unfinished = NULL;

static void
remove_unfinished(void)
{
	if (unfinished != NULL)
		unlink(unfinished);
}

/*
 * Reads how many segments to prefetch.
 */
static int
parse_prefetch(const char *word)
{
	char	   *end;
	long		number = strtol(word, &end, 10);

	if (end == word || *end != '\0' || number < 0 || number > PREFETCH_LIMIT)
		fail(FAILURE_USAGE, NULL, "option \"--prefetch\" must be between 0 and %d, not \"%s\"",
			 PREFETCH_LIMIT, word);
	return (int) number;
}

/*
 * Reads the segment behind which pieces are taken.
 */
static void
take_tail_after(GetRequest *request, const char *word)
{
	request->takes_tail = true;
	if (!wal_name_parse(word, &request->tail_after) ||
		request->tail_after.kind != WAL_SEGMENT)
		fail(FAILURE_USAGE, NULL, "option \"--tail-after\" must be the name of a segment, not \"%s\"",
			 word);
}

/*
 * The folder of spools where none is named.
 */
static const char *
default_spool(void)
{
	const char *folder = getenv("TMPDIR");

	return psprintf("%s/erpgo_backup-wal-%u",
					folder == NULL || folder[0] != '/' ? "/tmp" : folder,
					(unsigned) geteuid());
}

/*
 * Gives the file its name.
 */
static void
publish(const GetRequest *request)
{
	if (rename(unfinished, request->path) != 0)
		fail_errno("could not rename file \"%s\" to \"%s\"", unfinished,
				   request->path);
	unfinished = NULL;
}

/*
 * What says that a file which is not in the archive should be there; NULL if
 * nothing does.
 */
static const char *
reason_to_expect(const GetRequest *request, WalArchive *archive)
{
	if (request->standby || request->name.kind != WAL_SEGMENT)
		return NULL;
	if (wal_archive_has_later(archive, &request->name))
		return "later ones are there";
	if (wal_note_covers(archive, &request->name))
		return "it was noted that it, or a later one, was archived";
	return NULL;
}

/*
 * Are pieces of the unfinished segment wanted?
 */
static bool
wants_tail(const GetRequest *request)
{
	WalName		after = request->tail_after;

	/* The timeline may have changed since. */
	after.timeline = request->name.timeline;
	return request->takes_tail && request->name.kind == WAL_SEGMENT &&
		wal_segment_compare(&request->name, &after) > 0;
}

/*
 * Puts together what is there of the unfinished segment; false if that is not
 * wanted, or nothing is there.
 */
static bool
fetch_tail(const GetRequest *request, WalArchive *archive)
{
	return wants_tail(request) && wal_tail_get(archive, &request->name, unfinished);
}

/*
 * Takes the file out of the archive.  A segment that is not there yet although
 * later ones are may be on its way, for several are archived side by side; if
 * it does not come, the archive has a hole.  False if there is no such file.
 */
static bool
fetch(const GetRequest *request, WalArchive *archive, Digest *content)
{
	int64		deadline = clock_ms() + HOLE_LIMIT_MS;

	while (!wal_archive_get(archive, request->file, unfinished, content))
	{
		const char *reason = reason_to_expect(request, archive);

		if (reason == NULL)
			return false;
		if (clock_ms() >= deadline)
			fail(FAILURE_DAMAGED,
				 "Take the objects of that segment from another copy of the repository. A standby that gets it from its primary needs the option --standby.",
				 "segment \"%s\" is missing in the archive although %s",
				 request->file, reason);
		pg_usleep(HOLE_DELAY_MS * 1000L);
	}
	return true;
}

/*
 * Opens the spool, if there is to be one.
 */
static bool
open_spool(const GetRequest *request, const WalArchive *archive, WalSpool *spool)
{
	return request->prefetch > 0 &&
		wal_spool_open(spool, request->spool, archive->repository, request->path);
}

/*
 * Takes the file from the spool, if it is there, and gives it its name.
 */
static bool
take_from_spool(const GetRequest *request, const WalSpool *spool)
{
	if (!wal_spool_take(spool, request->file, unfinished))
		return false;
	publish(request);
	return true;
}

/*
 * Gives the file that was taken out of the archive its name, and takes those
 * that follow.
 */
static void
publish_and_prefetch(const GetRequest *request, WalArchive *archive, const WalSpool *spool,
					 const Digest *content)
{
	publish(request);
	if (spool != NULL && request->name.kind == WAL_SEGMENT)
		wal_spool_fill(spool, archive, &request->name, content->size,
					   request->prefetch, request->jobs);
}

/*
 * Gets the file, from the spool if it is there; the exit code.
 */
static int
get(const GetRequest *request, WalArchive *archive)
{
	WalSpool	spool;
	bool		prefetches = open_spool(request, archive, &spool);
	Digest		content;

	(void) unlink(unfinished);
	if (prefetches && take_from_spool(request, &spool))
		return 0;
	if (fetch(request, archive, &content))
		publish_and_prefetch(request, archive, prefetches ? &spool : NULL, &content);
	else if (fetch_tail(request, archive))
		publish(request);
	else
	{
		/* Nothing follows, or the server is done. */
		if (prefetches)
			wal_spool_remove(&spool);
		return WAL_GET_ABSENT;
	}
	return 0;
}

/* --- the same, where there are several repositories --- */

static WalAnswer
take_now(WalArchive *archive, void *context)
{
	const GetRequest *request = context;
	WalSpool	spool;
	bool		prefetches = open_spool(request, archive, &spool);
	Digest		content;

	(void) unlink(unfinished);
	if (prefetches && take_from_spool(request, &spool))
		return WAL_ANSWER_TAKEN;
	if (wal_archive_get(archive, request->file, unfinished, &content))
	{
		publish_and_prefetch(request, archive, prefetches ? &spool : NULL, &content);
		return WAL_ANSWER_TAKEN;
	}
	return reason_to_expect(request, archive) == NULL ? WAL_ANSWER_ABSENT : WAL_ANSWER_EXPECTED;
}

static uint32
tail_reach(WalArchive *archive, void *context)
{
	const GetRequest *request = context;

	return wants_tail(request) ? wal_tail_end(archive, &request->name) : 0;
}

static bool
take_tail(WalArchive *archive, void *context)
{
	const GetRequest *request = context;

	if (!fetch_tail(request, archive))
		return false;
	publish(request);
	return true;
}

static void
forget(WalArchive *archive, void *context)
{
	WalSpool	spool;

	if (open_spool(context, archive, &spool))
		wal_spool_remove(&spool);
}

/*
 * Gets the file from one repository, or from any of several; the exit code.
 */
static int
get_from_list(GetRequest *request, const CommonOptions *options)
{
	RepositoryList *list = repositories_from_options(options);
	WalQuestions questions = {
		.take = take_now, .tail_reach = tail_reach, .take_tail = take_tail,
		.forget = forget, .context = request, .file = request->file,
		.spool = request->spool
	};

	if (list->count == 1)
		return get(request, wal_archive_open(repository_from_options(options)));
	return wal_get_from_any(options, list, &questions) ? 0 : WAL_GET_ABSENT;
}

/*
 * Takes what is asked for from the options; false if that is the help.
 */
static bool
parse_options(GetRequest *request, int argc, char **argv)
{
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, get_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
			return false;
		if (option == 'n')
			request->prefetch = parse_prefetch(optarg);
		if (option == 's')
			request->spool = optarg;
		if (option == 'b')
			request->standby = true;
		if (option == 't')
			take_tail_after(request, optarg);
	}
	if (request->standby && request->takes_tail)
		usage_failure(argv[0], "--standby and --tail-after exclude each other");
	if (argc != optind + 2)
		usage_failure(argv[0], "a file and a path are to be given");
	request->file = argv[optind];
	request->path = argv[optind + 1];
	if (!wal_name_parse(request->file, &request->name))
		usage_failure(argv[0], "\"%s\" is not the name of a file of WAL", request->file);
	return true;
}

int
command_wal_get(const CommonOptions *options, int argc, char **argv)
{
	GetRequest	request = {
		.prefetch = DEFAULT_PREFETCH, .jobs = options->jobs
	};

	if (!parse_options(&request, argc, argv))
	{
		fputs(help_wal_get, stdout);
		return 0;
	}
	if (request.spool == NULL)
		request.spool = default_spool();
	unfinished = psprintf("%s" TEMPORARY_SUFFIX, request.path);
	atexit(remove_unfinished);
	return get_from_list(&request, options);
}
