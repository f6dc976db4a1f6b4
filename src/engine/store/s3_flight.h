/*
 * Requests to object storage that are on their way side by side, and sent
 * again where that may help.
 */
#ifndef ERPGO_ENGINE_STORE_S3_FLIGHT_H
#define ERPGO_ENGINE_STORE_S3_FLIGHT_H

#include "store/s3_exchange.h"

typedef enum S3FlightState
{
	S3_IDLE,
	S3_UNDER_WAY,
	S3_DELAYED,					/* until it is sent again */
	S3_ENDED
} S3FlightState;

typedef struct S3Flight
{
	S3FlightState state;
	S3Client   *client;
	S3Call		call;
	S3Answer	answer;			/* of the last attempt */

	/*
	 * Called with the call's context before it is sent again, may change it;
	 * true if the attempt brought something, so that it does not count.  May
	 * be NULL.
	 */
	bool		(*resume) (void *context, S3Call *call);
	S3Exchange *exchange;
	int			attempt;
	int64		due_ms;			/* of one that is delayed, by clock_ms */
} S3Flight;

/* Sends a request; the flight, which was idle, has to stay where it is. */
extern void s3_flight_begin(S3Flight *flight, S3Client *client, const S3Call *call);

/*
 * Moves all of these on that are neither idle nor ended; with wait, waits a
 * while for something to happen to them.
 */
extern void s3_flights_move(S3Flight *flights, int count, bool wait);

/* Makes a flight idle, whatever its state. */
extern void s3_flight_end(S3Flight *flight);

#endif
