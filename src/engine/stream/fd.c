/*
 * The sink that writes to a file descriptor.
 */
#include "postgres_fe.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "failure.h"
#include "process.h"
#include "stream/filters.h"

typedef struct FdSink
{
	Sink		sink;
	int			fd;
	char	   *name;
	bool	   *gone;
} FdSink;

/*
 * Deals with an error of write(): returns if it can go on.
 */
static void
handle_error(FdSink *fd_sink)
{
	if (errno == EAGAIN)
		descriptor_wait(fd_sink->fd, POLLOUT);
	else if (errno == EPIPE && fd_sink->gone != NULL)
		*fd_sink->gone = true;
	else if (errno != EINTR)
		fail_errno("could not write to \"%s\"", fd_sink->name);
}

static void
fd_write(Sink *sink, const void *data, size_t len)
{
	FdSink	   *fd_sink = (FdSink *) sink;
	const char *from = data;

	while (len > 0 && (fd_sink->gone == NULL || !*fd_sink->gone))
	{
		ssize_t		written = write(fd_sink->fd, from, len);

		if (written < 0)
			handle_error(fd_sink);
		else
		{
			from += written;
			len -= written;
		}
	}
}

static void
fd_release(Sink *sink)
{
	FdSink	   *fd_sink = (FdSink *) sink;

	pg_free(fd_sink->name);
	pg_free(fd_sink);
}

static const SinkOps fd_ops = {
	.write = fd_write,
	.release = fd_release,
};

Sink *
fd_sink(int fd, const char *name, bool *gone)
{
	FdSink	   *sink = pg_malloc(sizeof(FdSink));

	sink->sink.ops = &fd_ops;
	sink->sink.next = NULL;
	sink->fd = fd;
	sink->name = pg_strdup(name);
	sink->gone = gone;
	if (gone != NULL)
		*gone = false;

	/* That the reader went away is to be told by EPIPE. */
	signal(SIGPIPE, SIG_IGN);
	return &sink->sink;
}
