/*
 * Reading many small objects of a bucket: their requests are on their way side
 * by side, so that the distance to the server counts once for all of them.
 */
#include "postgres_fe.h"

#include "store/s3_store.h"

#include "store/s3_answer.h"
#include "store/s3_flight.h"

/* Objects on their way into memory. */
typedef struct Gathering
{
	S3Store    *store;
	StoreBytes *objects;
	int			count;
	int			begun;			/* how many of them were asked for */
	S3Flight	flights[S3_PARALLEL_LIMIT];
	StoreBytes *targets[S3_PARALLEL_LIMIT];
	char		ranges[S3_PARALLEL_LIMIT][64];
} Gathering;

/*
 * Asks for the next object, and for one byte more than it should have.
 */
static void
begin_next(Gathering *gathering, int place)
{
	StoreBytes *object = &gathering->objects[gathering->begun++];
	S3Call		call = {
		.method = "GET",
		.name = object->name,
		.headers = {{"range", gathering->ranges[place]}},
		.header_count = 1
	};

	snprintf(gathering->ranges[place], sizeof(gathering->ranges[place]),
			 "bytes=0-" INT64_FORMAT, object->size);
	gathering->targets[place] = object;
	s3_flight_begin(&gathering->flights[place], &gathering->store->client, &call);
}

/*
 * Keeps what has come, if that is all there was to come.  After a failure no
 * others are asked for: a server that is away would be waited for each time.
 */
static void
take(Gathering *gathering, int place)
{
	S3Flight   *flight = &gathering->flights[place];
	StoreBytes *object = gathering->targets[place];

	if (!s3_answer_is_success(&flight->answer))
		gathering->count = gathering->begun;
	else if (flight->answer.body.len == object->size)
	{
		object->data = flight->answer.body.data;
		flight->answer.body.data = NULL;
	}
	s3_flight_end(flight);
}

/*
 * Moves all requests on, and begins others where there is a place.  Returns
 * how many are on their way.
 */
static int
move_all(Gathering *gathering, bool wait)
{
	int			busy = 0;

	s3_flights_move(gathering->flights, S3_PARALLEL_LIMIT, wait);
	for (int i = 0; i < S3_PARALLEL_LIMIT; i++)
	{
		if (gathering->flights[i].state == S3_ENDED)
			take(gathering, i);
		if (gathering->flights[i].state == S3_IDLE && gathering->begun < gathering->count)
			begin_next(gathering, i);
		busy += gathering->flights[i].state != S3_IDLE;
	}
	return busy;
}

void
s3_gather(Store *store, StoreBytes *objects, int count)
{
	Gathering  *gathering = pg_malloc0(sizeof(Gathering));

	gathering->store = (S3Store *) store;
	gathering->objects = objects;
	gathering->count = count;
	while (move_all(gathering, false) > 0)
		(void) move_all(gathering, true);
	pg_free(gathering);
}
