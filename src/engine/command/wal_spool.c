/*
 * The spool of wal-get.
 */
#include "postgres_fe.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "command/wal_spool.h"
#include "failure.h"
#include "isolated.h"

#define READ_SIZE (1024 * 1024)
#define SPOOL_ID_DIGITS 16
/* More than this is not prefetched at a time. */
#define FILL_LIMIT 64
/* A recovery that has asked for nothing for so long is over. */
#define STALE_S (24 * 60 * 60)
/* For so long a repository that did not answer is asked after the others. */
#define SILENT_S 60

/* A segment that is being prefetched. */
typedef struct Fill
{
	const WalSpool *spool;
	WalArchive *archive;
	char		segment[WAL_SEGMENT_SIZE];
} Fill;

/*
 * Makes a folder unless it is there; false unless it belongs to this user
 * alone.
 */
static bool
make_private_folder(const char *path)
{
	struct stat status;

	if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
		return false;
	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
		status.st_uid == geteuid() && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/*
 * Is this what a spool calls a segment, or one that is not whole yet?  The
 * folder of spools may be one that has other things in it.
 */
static bool
is_segment_file(const char *name)
{
	char		segment[WAL_SEGMENT_SIZE];
	WalName		parsed;

	strlcpy(segment, name[0] == '.' ? name + 1 : name, sizeof(segment));
	return wal_name_parse(segment, &parsed) && parsed.kind == WAL_SEGMENT;
}

/*
 * Removes a spool; whoever fills it again makes it again.
 */
static void
remove_folder(const char *path)
{
	DIR		   *directory = opendir(path);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
	{
		if (is_segment_file(entry->d_name))
			(void) unlinkat(dirfd(directory), entry->d_name, 0);
	}
	if (directory != NULL)
		closedir(directory);
	(void) rmdir(path);
}

/*
 * Removes the spools that recoveries have left which stopped or were given up.
 */
static void
remove_stale(const char *parent)
{
	DIR		   *directory = opendir(parent);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
	{
		char	   *path = psprintf("%s/%s", parent, entry->d_name);
		struct stat status;

		if (hex_is_valid(entry->d_name, SPOOL_ID_DIGITS) && lstat(path, &status) == 0 &&
			S_ISDIR(status.st_mode) && time(NULL) - status.st_mtime > STALE_S)
			remove_folder(path);
		pg_free(path);
	}
	if (directory != NULL)
		closedir(directory);
}

void
wal_spool_remove(const WalSpool *spool)
{
	remove_folder(spool->folder);
}

bool
wal_spool_open(WalSpool *spool, const char *parent,
			   const Repository *repository, const char *destination)
{
	char	   *folder = pg_strdup(destination);
	char	   *real;
	char	   *claim;
	char		id[SHA256_HEX_SIZE];

	get_parent_directory(folder);
	real = realpath(folder[0] == '\0' ? "." : folder, NULL);
	claim = psprintf("%s\n%s\n%s\n%s", repository->store->url, repository->cluster,
					 repository->system_identifier, real == NULL ? "" : real);
	sha256_hex(claim, strlen(claim), id);
	spool->folder = psprintf("%s/%.*s", parent, SPOOL_ID_DIGITS, id);
	free(real);
	pg_free(claim);
	pg_free(folder);
	if (make_private_folder(parent) && make_private_folder(spool->folder))
	{
		remove_stale(parent);
		return true;
	}
	notice("warning", NULL, "no WAL is prefetched: folder \"%s\" cannot be used, or is not private",
		   spool->folder);
	return false;
}

/*
 * The path of the file that says that a repository did not answer; allocated.
 */
static char *
silence_path(const char *parent, const char *url)
{
	char		id[SHA256_HEX_SIZE];

	sha256_hex(url, strlen(url), id);
	return psprintf("%s/silent-%.*s", parent, SPOOL_ID_DIGITS, id);
}

void
wal_spool_note_answer(const char *parent, const char *url, bool answered)
{
	char	   *path = silence_path(parent, url);
	int			fd;

	/* A new file has a new time. */
	(void) unlink(path);
	if (!answered && make_private_folder(parent))
	{
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
		if (fd >= 0)
			close(fd);
	}
	pg_free(path);
}

bool
wal_spool_is_silent(const char *parent, const char *url)
{
	char	   *path = silence_path(parent, url);
	struct stat status;
	time_t		now = time(NULL);
	bool		is_silent = lstat(path, &status) == 0 && status.st_uid == geteuid() &&
		status.st_mtime <= now && now - status.st_mtime < SILENT_S;

	pg_free(path);
	return is_silent;
}

/*
 * The path of the segment's file in the spool, allocated; NULL if it is not
 * there.
 */
static char *
find_segment(const WalSpool *spool, const char *segment)
{
	DIR		   *directory = opendir(spool->folder);
	char	   *path = NULL;
	struct dirent *entry;

	if (directory == NULL)
		return NULL;
	while (path == NULL && (entry = readdir(directory)) != NULL)
	{
		if (strncmp(entry->d_name, segment, strlen(segment)) == 0 &&
			entry->d_name[strlen(segment)] == '-')
			path = psprintf("%s/%s", spool->folder, entry->d_name);
	}
	closedir(directory);
	return path;
}

/*
 * Copies a file to a new one; its digest.
 */
static Digest
copy_file(const char *from, const char *path)
{
	int			in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int			out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
						   S_IRUSR | S_IWUSR);
	char	   *buffer = pg_malloc(READ_SIZE);
	Digest		digest;
	Sink	   *chain;
	ssize_t		len;

	if (in < 0 || out < 0)
		fail_errno("could not copy file \"%s\" to \"%s\"", from, path);
	chain = digest_sink(fd_sink(out, path, NULL), &digest);
	while ((len = read(in, buffer, READ_SIZE)) != 0)
	{
		if (len < 0)
			fail_errno("could not read file \"%s\"", from);
		sink_write(chain, buffer, len);
	}
	sink_finish(chain);
	sink_release(chain);
	pg_free(buffer);
	close(in);
	if (close(out) != 0)
		fail_errno("could not write file \"%s\"", path);
	return digest;
}

bool
wal_spool_take(const WalSpool *spool, const char *segment, const char *path)
{
	char	   *from = find_segment(spool, segment);
	Digest		digest;
	bool		intact;

	if (from == NULL)
		return false;
	digest = copy_file(from, path);
	intact = strcmp(strrchr(from, '-') + 1, digest.sha256) == 0;
	unlink(from);
	if (!intact)
		unlink(path);
	pg_free(from);
	return intact;
}

/*
 * Removes everything from the spool but the files of the segments wanted, and
 * notes which of these are there by emptying their names.
 */
static void
tidy(const WalSpool *spool, Fill *fills, int count)
{
	DIR		   *directory = opendir(spool->folder);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
	{
		bool		wanted = false;
		char	   *path = psprintf("%s/%s", spool->folder, entry->d_name);

		for (int i = 0; i < count && !wanted; i++)
		{
			wanted = fills[i].segment[0] != '\0' &&
				strncmp(entry->d_name, fills[i].segment, WAL_SEGMENT_SIZE - 1) == 0;
			if (wanted)
				fills[i].segment[0] = '\0';
		}
		if (!wanted)
			unlink(path);
		pg_free(path);
	}
	if (directory != NULL)
		closedir(directory);
}

/*
 * Takes one segment out of the archive.
 */
static void
fill_step(void *context)
{
	Fill	   *fill = context;
	char	   *temporary = psprintf("%s/.%s", fill->spool->folder, fill->segment);
	Digest		content;
	char	   *path;

	if (!wal_archive_get(fill->archive, fill->segment, temporary, &content))
		return;
	path = psprintf("%s/%s-%s", fill->spool->folder, fill->segment, content.sha256);
	if (rename(temporary, path) != 0)
		fail_errno("could not rename file \"%s\" to \"%s\"", temporary, path);
}

/*
 * Takes the segments that are wanted, so many at a time.
 */
static void
run_fills(Fill *fills, int count, int jobs)
{
	Isolated   *running[FILL_LIMIT] = {NULL};
	int			started = 0;
	Failure		problem;

	for (int ended = 0; ended < count; ended++)
	{
		for (; started < count && started < ended + jobs; started++)
			running[started] = fills[started].segment[0] == '\0' ? NULL :
				isolated_start(fill_step, &fills[started]);
		if (running[ended] != NULL && !isolated_finish(running[ended], &problem))
			notice("debug", problem.hint, "%s", problem.message);
	}
}

void
wal_spool_fill(const WalSpool *spool, WalArchive *archive,
			   const WalName *segment, int64 segment_bytes, int count, int jobs)
{
	Fill		fills[FILL_LIMIT];
	WalName		next = *segment;

	count = Min(count, FILL_LIMIT);
	for (int i = 0; i < count; i++)
	{
		wal_segment_next(&next, segment_bytes);
		fills[i] = (Fill)
		{
			.spool = spool, .archive = archive
		};
		wal_segment_format(&next, fills[i].segment);
	}
	tidy(spool, fills, count);
	run_fills(fills, count, jobs);
}
