/*
 * Reading an object of a bucket: in ranges, several of which are on their way
 * at a time, passed on in their order.
 *
 * The range whose turn it is goes to the reader as it comes; those after it
 * wait in memory, which so is bounded.
 */
#include "postgres_fe.h"

#include "store/s3_store.h"

#include "failure.h"
#include "store/s3_answer.h"
#include "store/s3_flight.h"

/* So much of what has waited is passed on before others are looked after. */
#define PIECE_SIZE (1024 * 1024)

#define HTTP_PARTIAL 206
#define HTTP_NO_SUCH_RANGE 416

/* As the size of a range: to the end of the object, wherever that is. */
#define TO_THE_END PG_INT64_MAX

typedef struct Fetch Fetch;

/* A range of the object. */
typedef struct Range
{
	Fetch	   *fetch;
	int64		from;
	int64		size;
	int64		begun;			/* bytes that came before this attempt */
	int64		seen;			/* bytes of this attempt's answer */
	int64		came;			/* bytes of the range that have come */
	char	   *buffer;			/* as long as it is not its turn, or NULL */
	int64		buffered;
	char		header[64];
} Range;

/* An object on its way to a chain. */
struct Fetch
{
	S3Store    *store;
	const char *name;
	Sink	   *into;
	int			places;			/* for ranges */
	S3Flight	flights[S3_PARALLEL_LIMIT];
	Range		ranges[S3_PARALLEL_LIMIT];
	int			turn;			/* the place of the range whose turn it is */
	int64		asked;			/* bytes that ranges were begun for */
	int64		total;			/* bytes of the object; -1 until it is known */
	bool		started;		/* something was passed on */
	char		etag[128];
};

/*
 * Takes what the first answer says of the object; fails if a later one says
 * something else.
 */
static void
check_object(Fetch *fetch, const S3Answer *answer)
{
	bool		is_part = answer->status == HTTP_PARTIAL && answer->range_from >= 0;
	int64		total = is_part ? answer->range_total : TO_THE_END;

	if (answer->status == HTTP_PARTIAL && !is_part)
		fail(FAILURE_IO, NULL, "could not read object \"%s\" in \"%s\": the server does not say which part of it it sends",
			 fetch->name, fetch->store->store.url);
	if (fetch->total < 0)
	{
		fetch->total = total;
		strlcpy(fetch->etag, answer->etag, sizeof(fetch->etag));
	}
	if (strcmp(fetch->etag, answer->etag) != 0 || (is_part && fetch->total != total &&
												   fetch->total != TO_THE_END))
		fail(FAILURE_IO, NULL, "object \"%s\" in \"%s\" was replaced while it was read",
			 fetch->name, fetch->store->store.url);
}

/*
 * Passes on, or keeps, what belongs to a range and did not come before.  A
 * server that does not know ranges begins from the start, and does not stop.
 */
static void
take_data(void *context, const S3Answer *answer, const char *data, size_t len)
{
	Range	   *range = context;
	Fetch	   *fetch = range->fetch;
	int64		at = range->seen;	/* where the data is in the object */
	int64		skipped;

	check_object(fetch, answer);
	if (fetch->total == TO_THE_END)
		range->size = TO_THE_END - range->from;
	at += answer->status == HTTP_PARTIAL ? answer->range_from : 0;
	if (at > range->from + range->came)
		fail(FAILURE_IO, NULL, "could not read object \"%s\" in \"%s\": the server sends another part of it",
			 fetch->name, fetch->store->store.url);
	range->seen += len;
	skipped = Min((int64) len, Max(0, range->from + range->came - at));
	len = Min((int64) len - skipped, range->size - range->came);
	if (range->buffer == NULL)
	{
		fetch->started = fetch->started || len > 0;
		range->came += len;
		sink_write(fetch->into, data + skipped, len);
		return;
	}
	memcpy(range->buffer + range->buffered, data + skipped, len);
	range->buffered += len;
	range->came += len;
}

/*
 * Has the call ask for what has not come yet of a range; true if some has come
 * since it was last asked for.
 */
static bool
ask_for_rest(void *context, S3Call *call)
{
	Range	   *range = context;
	bool		came_further = range->came > range->begun;
	int64		from = range->from + range->came;

	range->begun = range->came;
	range->seen = 0;
	call->header_count = from == 0 && range->size == TO_THE_END ? 0 : 1;
	if (range->size >= TO_THE_END - range->from)
		snprintf(range->header, sizeof(range->header), "bytes=" INT64_FORMAT "-", from);
	else
		snprintf(range->header, sizeof(range->header), "bytes=" INT64_FORMAT "-" INT64_FORMAT,
				 from, range->from + range->size - 1);
	return came_further;
}

/*
 * Begins to read a range at a place that is free; it waits for its turn if it
 * is to be kept.
 */
static void
begin_range(Fetch *fetch, int place, int64 size, bool is_kept)
{
	Range	   *range = &fetch->ranges[place];
	S3Flight   *flight = &fetch->flights[place];
	S3Call		call = {
		.method = "GET",
		.name = fetch->name,
		.headers = {{"range", range->header}},
		.on_data = take_data,
		.context = range
	};

	memset(range, 0, sizeof(*range));
	range->fetch = fetch;
	range->from = fetch->asked;
	range->size = size;
	fetch->asked += size;
	if (is_kept)
		range->buffer = pg_malloc(size);
	flight->resume = ask_for_rest;
	(void) ask_for_rest(range, &call);
	s3_flight_begin(flight, &fetch->store->client, &call);
}

/*
 * The size of the next range; 0 if there is none.
 */
static int64
next_size(const Fetch *fetch)
{
	return fetch->total == TO_THE_END || fetch->asked >= fetch->total ? 0 :
		Min(fetch->store->url.part_size, fetch->total - fetch->asked);
}

/*
 * Begins as many ranges as there are places for.  Their order is that of the
 * places, after the one whose turn it is.
 */
static void
begin_ranges(Fetch *fetch)
{
	for (int i = 1; i <= fetch->places && next_size(fetch) > 0; i++)
	{
		int			place = (fetch->turn + i) % fetch->places;

		if (fetch->flights[place].state == S3_IDLE)
			begin_range(fetch, place, next_size(fetch), true);
	}
}

/*
 * Frees a place.
 */
static void
end_range(Fetch *fetch, int place)
{
	s3_flight_end(&fetch->flights[place]);
	pg_free(fetch->ranges[place].buffer);
	fetch->ranges[place].buffer = NULL;
}

/*
 * Fails unless the range whose turn it was has come whole.
 */
static void
require_whole(Fetch *fetch)
{
	const Range *range = &fetch->ranges[fetch->turn];
	int64		expected = Min(range->size, fetch->total - range->from);

	if (fetch->total != TO_THE_END && fetch->total >= 0 && range->came != expected)
		fail(FAILURE_IO, NULL, "could not read object \"%s\" in \"%s\": the server sent too little of it",
			 fetch->name, fetch->store->store.url);
}

/*
 * Makes it the next range's turn: passes on what has come of it.
 */
static void
take_turn(Fetch *fetch, int place)
{
	Range	   *range = &fetch->ranges[place];

	fetch->started = true;
	for (int64 passed = 0; passed < range->buffered;)
	{
		int64		len = Min(PIECE_SIZE, range->buffered - passed);

		sink_write(fetch->into, range->buffer + passed, len);
		passed += len;
		s3_flights_move(fetch->flights, fetch->places, false);
	}
	pg_free(range->buffer);
	range->buffer = NULL;
	fetch->turn = place;
}

/*
 * Goes on after the range whose turn it was has come; false if it was the
 * last one.
 */
static bool
next_range(Fetch *fetch)
{
	int			next = (fetch->turn + 1) % fetch->places;

	require_whole(fetch);
	end_range(fetch, fetch->turn);
	if (fetch->flights[next].state != S3_IDLE)
	{
		begin_ranges(fetch);
		take_turn(fetch, next);
		return true;
	}
	if (next_size(fetch) == 0)
		return false;
	begin_range(fetch, fetch->turn, next_size(fetch), false);
	return true;
}

/*
 * Moves all ranges on until that whose turn it is has ended, and begins
 * others meanwhile.
 */
static S3Flight *
await_turn(Fetch *fetch)
{
	S3Flight   *flight = &fetch->flights[fetch->turn];

	while (flight->state != S3_ENDED)
	{
		s3_flights_move(fetch->flights, fetch->places, true);
		begin_ranges(fetch);
	}
	return flight;
}

bool
s3_get(Store *store, const char *name, Sink *into)
{
	Fetch	   *fetch = pg_malloc0(sizeof(Fetch));
	S3Flight   *flight;
	bool		found;

	fetch->store = (S3Store *) store;
	fetch->name = name;
	fetch->into = into;
	fetch->total = -1;
	fetch->places = fetch->store->url.parallel;
	begin_range(fetch, 0, fetch->store->url.part_size, false);
	flight = await_turn(fetch);
	if (flight->answer.status == HTTP_NO_SUCH_RANGE && !fetch->started)
	{
		/* It is empty. */
		end_range(fetch, 0);
		fetch->asked = 0;
		begin_range(fetch, 0, TO_THE_END, false);
		flight = await_turn(fetch);
	}
	while (s3_answer_is_success(&flight->answer) && next_range(fetch))
		flight = await_turn(fetch);
	/* The last range that was read may have been ended. */
	found = flight->state == S3_IDLE || s3_answer_is_success(&flight->answer);
	if (!found && (fetch->started || !s3_answer_is_absent(&flight->answer)))
		s3_fail(&fetch->store->client, &flight->answer, "read", name);
	for (int i = 0; i < fetch->places; i++)
		end_range(fetch, i);
	pg_free(fetch);
	return found;
}
