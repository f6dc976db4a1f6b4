/*
 * A sink takes bytes.  Sinks form a chain: each may hand what it made of its
 * bytes to the next one.  A filter knows only itself; finishing and releasing
 * is done to the whole chain by the functions below, so no filter can forget
 * to pass an event on.
 *
 * There is no such thing as a source: whoever has bytes runs a loop.
 * Errors do not return (failure.h).
 */
#ifndef ERPGO_ENGINE_STREAM_SINK_H
#define ERPGO_ENGINE_STREAM_SINK_H

#include "postgres_fe.h"

typedef struct Sink Sink;

typedef struct SinkOps
{
	/* Take len bytes.  The data belongs to the caller. */
	void		(*write) (Sink *sink, const void *data, size_t len);

	/* No more data: write what is buffered.  May be NULL. */
	void		(*finish) (Sink *sink);

	/*
	 * Give back memory, file descriptors and library contexts, the sink
	 * itself included.  Called exactly once, after finish or instead of it;
	 * released unfinished, an object that was being made does not exist.
	 */
	void		(*release) (Sink *sink);
} SinkOps;

/* The first member of every sink. */
struct Sink
{
	const SinkOps *ops;
	Sink	   *next;			/* NULL for the last of a chain */
};

/* Gives bytes to the first sink of a chain; len 0 does nothing. */
extern void sink_write(Sink *chain, const void *data, size_t len);

/* Finishes each sink of a chain, from the first to the last. */
extern void sink_finish(Sink *chain);

/* Releases each sink of a chain; NULL is an empty chain. */
extern void sink_release(Sink *chain);

#endif
