/*
 * The engine as a child of the server: one JSON object a line over a socket
 * pair.  src/README.md lists the messages.  Down comes one job description,
 * up go progress, log, row, backup, error and one result.
 */
#ifndef ERPGO_ENGINE_PROTOCOL_H
#define ERPGO_ENGINE_PROTOCOL_H

#include <jansson.h>

#include "failure.h"

/* No line is longer than this, in either direction. */
#define PROTOCOL_LINE_LIMIT (1024 * 1024)

/* Makes failures and notices of this process lines on fd. */
extern void protocol_init(int fd);

/* The descriptor that was given to that. */
extern int	protocol_socket(void);

/* Reads the job description; FAILURE_USAGE if it is not a JSON object. */
extern json_t *protocol_read_job(int fd);

/* Sends {"<kind>": body} and gives body back. */
extern void protocol_send(const char *kind, json_t *body);

/*
 * Asks the server for something, by name and with what else the request says,
 * and waits for the answer.
 */
extern json_t *protocol_ask(const char *name, json_t *request);

/* Sends the result, unless the job has been answered already. */
extern void protocol_send_result(json_t *body);

/*
 * Sends a failure as the error of the job, unless it has been answered
 * already: of several processes that fail, the first one is heard.
 */
extern void protocol_report_failure(const Failure *failure);

/* The body of an "error" message. */
extern json_t *failure_to_json(const Failure *failure);

/*
 * A text as a JSON value; NULL becomes null.  Where it is not valid UTF-8,
 * what is not ASCII becomes "?".
 */
extern json_t *json_text(const char *text);

/*
 * Progress, at most every half second unless the phase or the database
 * changed.  phase is a constant; bytes_expected 0 means unknown; database may
 * be NULL.
 */
extern void progress_report(const char *phase, const char *database,
							int64 bytes_done, int64 bytes_expected);

/* Where else progress goes: a bar on a terminal (command line). */
typedef void (*ProgressReporter) (const char *phase, const char *database,
								  int64 bytes_done, int64 bytes_expected);
extern void progress_set_reporter(ProgressReporter reporter);

/* What is called besides whenever there is progress, however often that is. */
typedef void (*ProgressCompanion) (void *context);
extern void progress_set_companion(ProgressCompanion companion, void *context);

#endif
