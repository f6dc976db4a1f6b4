/*
 * The sink that compresses by several worker processes.
 *
 * Frames lie in slots of memory that this process shares with the workers,
 * so nothing is copied between them.  Frame number n uses slot n modulo the
 * count of slots.  Over the socket pair of each worker go only small
 * messages: down the slot to compress, up the same slot when that is done.
 * Each worker has frames queued in its socket, so that it goes on while this
 * process waits for its input or output.
 */
#include "postgres_fe.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "process.h"
#include "stream/compress.h"

/* More would only use memory. */
#define WORKER_LIMIT 64

/* Frames for each worker: the one it compresses, and the one after that. */
#define SLOTS_PER_WORKER 2

/* And those that this process fills and writes meanwhile. */
#define SLOTS_BESIDE 2

/* Where parts of the shared memory begin: at pages. */
#define SHARED_ALIGNMENT 4096

/* What a worker that fails leaves behind. */
typedef struct WorkerFailure
{
	bool		failed;
	FailureKind kind;
	char		message[1024];
	char		detail[1024];	/* "" if there is none */
	char		hint[1024];		/* "" if there is none */
} WorkerFailure;

/* A frame on its way; both buffers are shared memory. */
typedef struct Slot
{
	size_t		plain_len;
	size_t		frame_len;		/* 0 until the message came that it is done */
	char	   *plain;			/* FRAME_SIZE bytes */
	char	   *frame;
} Slot;

typedef struct Message
{
	int			slot;
	size_t		len;			/* plain bytes on the way down, else the
								 * frame's */
} Message;

typedef struct Worker
{
	pid_t		pid;
	int			socket;
	int			queued;			/* frames that it has not finished */
} Worker;

typedef struct ParallelSink
{
	Sink		sink;
	const Codec *codec;
	int			level;
	int			worker_limit;
	int			worker_count;	/* started so far */
	Worker		workers[WORKER_LIMIT];
	char	   *shared;			/* memory of failures and slots */
	size_t		shared_size;
	WorkerFailure *failures;	/* one for each worker */
	size_t		frame_room;
	int			slot_count;
	Slot		slots[WORKER_LIMIT * SLOTS_PER_WORKER + SLOTS_BESIDE];
	int64		filling;		/* number of the frame that is being filled */
	int64		writing;		/* number of the next frame to be written */
} ParallelSink;

/*
 * The slot of a frame.
 */
static Slot *
slot_of(ParallelSink *parallel, int64 frame_number)
{
	return &parallel->slots[frame_number % parallel->slot_count];
}

/*
 * Compresses so many plain bytes of a slot; returns the length of the frame.
 */
static size_t
compress_slot(const ParallelSink *parallel, void *encoder, const Slot *slot,
			  size_t len)
{
	return parallel->codec->encode_gently(encoder, slot->plain, len,
										  slot->frame, parallel->frame_room);
}

/* Where this process leaves its failure, if it is a worker. */
static WorkerFailure *own_failure;

/*
 * Leaves a failure where the parent finds it when this worker has exited.
 */
static void
report_to_parent(const Failure *failure)
{
	own_failure->kind = failure->kind;
	strlcpy(own_failure->message, failure->message, sizeof(own_failure->message));
	if (failure->detail != NULL)
		strlcpy(own_failure->detail, failure->detail, sizeof(own_failure->detail));
	if (failure->hint != NULL)
		strlcpy(own_failure->hint, failure->hint, sizeof(own_failure->hint));
	own_failure->failed = true;
}

/*
 * What a worker does: compresses the slots that it is told, until the parent
 * closes the socket.
 */
static void
worker_main(const ParallelSink *parallel, int socket)
{
	void	   *encoder;
	Message		message;

	own_failure = &parallel->failures[parallel->worker_count];
	failure_set_reporter(report_to_parent);
	worker_keep_only(socket);

	encoder = parallel->codec->encoder_open(parallel->level);
	while (recv(socket, &message, sizeof(message), 0) == sizeof(message))
	{
		message.len = compress_slot(parallel, encoder,
									&parallel->slots[message.slot], message.len);
		if (send(socket, &message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
			break;
	}
	parallel->codec->encoder_close(encoder);
	exit(EXIT_SUCCESS);
}

/*
 * Starts one more worker.
 */
static Worker *
worker_start(ParallelSink *parallel)
{
	Worker	   *worker = &parallel->workers[parallel->worker_count];
	int			ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		fail_errno("could not create a socket pair");
	worker->pid = worker_fork();
	if (worker->pid == 0)
		worker_main(parallel, ends[1]);

	close(ends[1]);
	worker->socket = ends[0];
	worker->queued = 0;
	parallel->worker_count++;
	return worker;
}

/*
 * Fails because a worker has gone away.
 */
static void
fail_for_worker(const ParallelSink *parallel, const Worker *worker)
{
	const WorkerFailure *left = &parallel->failures[worker - parallel->workers];
	int			status = 0;
	Failure		failure = {
		.kind = left->kind,
		.message = left->message,
		.detail = left->detail[0] != '\0' ? left->detail : NULL,
		.hint = left->hint[0] != '\0' ? left->hint : NULL,
	};

	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (left->failed)
		fail_with(&failure);
	fail(FAILURE_PROGRAM, NULL, "compression worker %s", wait_status_text(status));
}

/*
 * Takes the messages of workers that have finished frames; blocks until there
 * is one if timeout is -1, and not at all if it is 0.
 */
static void
receive_messages(ParallelSink *parallel, int timeout)
{
	struct pollfd polled[WORKER_LIMIT];

	for (int i = 0; i < parallel->worker_count; i++)
	{
		polled[i].fd = parallel->workers[i].socket;
		polled[i].events = POLLIN;
	}
	if (poll(polled, parallel->worker_count, timeout) < 0)
	{
		if (errno != EINTR)
			fail_errno("could not wait for compression workers");
		return;
	}

	for (int i = 0; i < parallel->worker_count; i++)
	{
		Message		message;

		if (polled[i].revents == 0)
			continue;
		if (recv(polled[i].fd, &message, sizeof(message), 0) != sizeof(message))
			fail_for_worker(parallel, &parallel->workers[i]);
		parallel->slots[message.slot].frame_len = message.len;
		parallel->workers[i].queued--;
	}
}

/*
 * Hands on all frames whose turn it is and which are compressed.
 */
static void
write_frames(ParallelSink *parallel)
{
	while (parallel->writing < parallel->filling)
	{
		Slot	   *slot = slot_of(parallel, parallel->writing);

		if (slot->frame_len == 0)
			break;
		sink_write(parallel->sink.next, slot->frame, slot->frame_len);
		slot->frame_len = 0;
		slot->plain_len = 0;
		parallel->writing++;
	}
}

/*
 * The worker to give the next frame to: the one that has the least to do, or
 * a new one if all have something to do.
 */
static Worker *
worker_choose(ParallelSink *parallel)
{
	Worker	   *best = NULL;

	for (int i = 0; i < parallel->worker_count; i++)
	{
		Worker	   *worker = &parallel->workers[i];

		if (best == NULL || worker->queued < best->queued)
			best = worker;
	}
	if (best != NULL &&
		(best->queued == 0 || parallel->worker_count == parallel->worker_limit))
		return best;
	return worker_start(parallel);
}

/*
 * Gives the frame that was being filled to a worker, and makes sure that
 * there is a slot for the next one.
 */
static void
submit_frame(ParallelSink *parallel)
{
	Message		message = {
		.slot = parallel->filling % parallel->slot_count,
		.len = slot_of(parallel, parallel->filling)->plain_len,
	};
	Worker	   *worker;

	receive_messages(parallel, 0);
	worker = worker_choose(parallel);
	if (send(worker->socket, &message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
		fail_for_worker(parallel, worker);
	worker->queued++;
	parallel->filling++;

	write_frames(parallel);
	while (parallel->filling - parallel->writing == parallel->slot_count)
	{
		receive_messages(parallel, -1);
		write_frames(parallel);
	}
}

static void
parallel_write(Sink *sink, const void *data, size_t len)
{
	ParallelSink *parallel = (ParallelSink *) sink;
	const char *from = data;

	while (len > 0)
	{
		Slot	   *slot = slot_of(parallel, parallel->filling);
		size_t		taken = Min(len, FRAME_SIZE - slot->plain_len);

		/* A full frame is given away only when there is more to come. */
		if (taken == 0)
		{
			submit_frame(parallel);
			continue;
		}
		memcpy(slot->plain + slot->plain_len, from, taken);
		slot->plain_len += taken;
		from += taken;
		len -= taken;
	}
}

/*
 * Compresses the only frame there is, in this process.
 */
static void
compress_only_frame(ParallelSink *parallel)
{
	void	   *encoder = parallel->codec->encoder_open(parallel->level);
	Slot	   *slot = slot_of(parallel, parallel->filling);

	slot->frame_len = compress_slot(parallel, encoder, slot, slot->plain_len);
	parallel->codec->encoder_close(encoder);
	parallel->filling++;
}

static void
parallel_finish(Sink *sink)
{
	ParallelSink *parallel = (ParallelSink *) sink;

	if (parallel->worker_count == 0)
		compress_only_frame(parallel);
	else
		submit_frame(parallel);

	write_frames(parallel);
	while (parallel->writing < parallel->filling)
	{
		receive_messages(parallel, -1);
		write_frames(parallel);
	}
}

static void
parallel_release(Sink *sink)
{
	ParallelSink *parallel = (ParallelSink *) sink;

	for (int i = 0; i < parallel->worker_count; i++)
		close(parallel->workers[i].socket);
	for (int i = 0; i < parallel->worker_count; i++)
	{
		while (waitpid(parallel->workers[i].pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	munmap(parallel->shared, parallel->shared_size);
	pg_free(parallel);
}

static const SinkOps parallel_ops = {
	.write = parallel_write,
	.finish = parallel_finish,
	.release = parallel_release,
};

/*
 * Allocates the memory that is shared with the workers.  Pages that are never
 * used cost nothing.
 */
static void
share_memory(ParallelSink *parallel)
{
	size_t		failures_size = TYPEALIGN(SHARED_ALIGNMENT,
										  parallel->worker_limit * sizeof(WorkerFailure));
	size_t		slot_size = TYPEALIGN(SHARED_ALIGNMENT, FRAME_SIZE + parallel->frame_room);

	parallel->shared_size = failures_size + parallel->slot_count * slot_size;
	parallel->shared = mmap(NULL, parallel->shared_size, PROT_READ | PROT_WRITE,
							MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (parallel->shared == MAP_FAILED)
		fail_errno("could not allocate %zu bytes of shared memory", parallel->shared_size);

	parallel->failures = (WorkerFailure *) parallel->shared;
	for (int i = 0; i < parallel->slot_count; i++)
	{
		Slot	   *slot = &parallel->slots[i];

		slot->plain = parallel->shared + failures_size + i * slot_size;
		slot->frame = slot->plain + FRAME_SIZE;
	}
}

Sink *
parallel_compress_sink(Sink *next, const Codec *codec, int level, int workers)
{
	ParallelSink *parallel = pg_malloc0(sizeof(ParallelSink));

	parallel->sink.ops = &parallel_ops;
	parallel->sink.next = next;
	parallel->codec = codec;
	parallel->level = level;
	parallel->worker_limit = Min(workers, WORKER_LIMIT);
	parallel->slot_count = parallel->worker_limit * SLOTS_PER_WORKER + SLOTS_BESIDE;
	parallel->frame_room = codec->bound(FRAME_SIZE);
	share_memory(parallel);
	return &parallel->sink;
}
