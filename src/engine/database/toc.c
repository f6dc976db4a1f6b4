/*
 * The table of contents of a pg_dump archive, as "pg_restore --list" shows it.
 */
#include "database/toc.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database/feed.h"
#include "database/toc_text.h"
#include "failure.h"
#include "lib/stringinfo.h"
#include "process.h"

struct TocReader
{
	Program    *program;
	StringInfoData list;		/* what pg_restore wrote so far */
	int			copy_fd;		/* -1 for none */
	const char *copy_path;
	bool		satisfied;
};

typedef struct TocSink
{
	Sink		base;
	TocReader  *reader;
} TocSink;

TocReader *
toc_reader_start(const char *pg_restore, const char *copy_path)
{
	const char *argv[] = {pg_restore, "--list", NULL};
	TocReader  *reader = pg_malloc0(sizeof(TocReader));

	initStringInfo(&reader->list);
	reader->copy_fd = -1;
	reader->copy_path = copy_path;
	if (copy_path != NULL)
	{
		reader->copy_fd = open(copy_path,
							   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (reader->copy_fd < 0)
			fail_errno("could not create file \"%s\"", copy_path);
	}
	reader->program = program_start(argv, NULL, PROGRAM_IN | PROGRAM_OUT);
	return reader;
}

bool
toc_reader_is_satisfied(const TocReader *reader)
{
	return reader->satisfied;
}

/*
 * Takes what pg_restore has written of its list; false at the end of it.
 */
static bool
read_list(TocReader *reader)
{
	char		buffer[16384];
	ssize_t		got = read(reader->program->out, buffer, sizeof(buffer));

	if (got > 0)
		appendBinaryStringInfo(&reader->list, buffer, got);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		fail_errno("could not read from pg_restore");
	return got != 0;
}

/*
 * Waits until pg_restore takes or gives something, and takes what it gives:
 * one that cannot get rid of its list would never read on.  Returns false
 * at the end of its list.
 */
static bool
exchange(TocReader *reader, bool for_writing)
{
	struct pollfd fds[] = {
		{.fd = reader->program->out, .events = POLLIN},
		{.fd = reader->program->err, .events = POLLIN},
		{.fd = for_writing ? reader->program->in : -1, .events = POLLOUT}
	};

	if (poll(fds, lengthof(fds), -1) < 0 && errno != EINTR)
		fail_errno("could not wait for pg_restore");
	if (fds[1].revents != 0)
		program_drain_errors(reader->program);
	return fds[0].revents == 0 || read_list(reader);
}

/*
 * Appends what pg_restore got to the copy.
 */
static void
write_copy(TocReader *reader, const char *data, size_t len)
{
	while (reader->copy_fd >= 0 && len > 0)
	{
		ssize_t		written = write(reader->copy_fd, data, len);

		if (written < 0 && errno != EINTR)
			fail_errno("could not write file \"%s\"", reader->copy_path);
		if (written > 0)
		{
			data += written;
			len -= written;
		}
	}
}

/*
 * Gives pg_restore as much as it takes at once; returns how much that was.
 */
static size_t
write_some(TocReader *reader, const char *data, size_t len)
{
	ssize_t		written = write(reader->program->in, data, len);

	if (written < 0 && errno == EPIPE)
		reader->satisfied = true;
	else if (written < 0 && errno != EAGAIN && errno != EINTR)
		fail_errno("could not write to pg_restore");
	if (written <= 0)
		return 0;
	write_copy(reader, data, written);
	return written;
}

static void
toc_write(Sink *sink, const void *data, size_t len)
{
	TocReader  *reader = ((TocSink *) sink)->reader;
	const char *next = data;
	const char *end = next + len;

	while (!reader->satisfied && next < end)
	{
		size_t		taken = write_some(reader, next, end - next);

		next += taken;
		if (taken == 0 && !reader->satisfied && !exchange(reader, true))
			reader->satisfied = true;
	}
	if (sink->next != NULL)
		sink_write(sink->next, data, len);
}

static void
toc_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps toc_ops = {
	.write = toc_write,
	.release = toc_release
};

Sink *
toc_reader_sink(TocReader *reader)
{
	TocSink    *sink = pg_malloc0(sizeof(TocSink));

	sink->base.ops = &toc_ops;
	sink->reader = reader;
	return &sink->base;
}

/*
 * Fails because pg_restore did not take an object for an archive, or could
 * not do its work.
 */
static void
fail_unreadable(const Program *program, int status, const char *object_name)
{
	int			line_length = strcspn(program->err_text, "\n");

	if (!WIFEXITED(status))
		fail(FAILURE_PROGRAM, NULL,
			 "could not read the table of contents of object \"%s\": pg_restore %s",
			 object_name, wait_status_text(status));
	if (strstr(program->err_text, "unsupported version") != NULL)
		fail(FAILURE_STATE,
			 "Use pg_restore of the PostgreSQL version that made the dump, or of a newer one.",
			 "cannot read the table of contents of object \"%s\": %.*s",
			 object_name, line_length, program->err_text);
	fail(FAILURE_DAMAGED, NULL,
		 "object \"%s\" is damaged: it is no archive that can be read: %.*s",
		 object_name, line_length, program->err_text);
}

Toc *
toc_reader_finish(TocReader *reader, const char *object_name)
{
	Program    *program = reader->program;
	Toc		   *toc;
	int			status;

	program_close_input(program);
	while (exchange(reader, false))
		;
	status = program_wait(program);
	if (status != 0)
		fail_unreadable(program, status, object_name);
	program_kill(program);
	if (reader->copy_fd >= 0 && close(reader->copy_fd) != 0)
		fail_errno("could not write file \"%s\"", reader->copy_path);

	toc = toc_parse(reader->list.data, object_name);
	pfree(reader->list.data);
	pg_free(reader);
	return toc;
}

/*
 * Passes bytes from a pipe to a reader until that has enough.
 */
static void
pass_on(int fd, TocReader *reader)
{
	char	   *buffer = pg_malloc(FRAME_SIZE);
	Sink	   *sink = toc_reader_sink(reader);
	ssize_t		got;

	while (!reader->satisfied &&
		   (got = read(fd, buffer, FRAME_SIZE)) != 0)
	{
		if (got < 0 && errno != EINTR)
			fail_errno("could not read from a worker process");
		if (got > 0)
			sink_write(sink, buffer, got);
	}
	sink_release(sink);
	pg_free(buffer);
}

Toc *
toc_of_object(Repository *repository, const Backup *backup,
			  const ManifestObject *object, const char *pg_restore,
			  const char *copy_path)
{
	TocReader  *reader = toc_reader_start(pg_restore, copy_path);
	Isolated   *feed;
	char	   *name = backup_object_name(repository, backup->manifest->id,
										  object->name);
	Failure		problem;
	Toc		   *toc;
	int			fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		fail_errno("could not create a pipe");
	feed = feed_start(repository, backup, object, fds[1], NULL);
	close(fds[1]);
	pass_on(fds[0], reader);
	close(fds[0]);
	if (reader->satisfied)
		isolated_kill(feed);
	else if (!isolated_finish(feed, &problem))
		fail_with(&problem);
	toc = toc_reader_finish(reader, name);
	pg_free(name);
	return toc;
}
