/*
 * Messages of the engine: one JSON object a line.
 *
 * What the engine says is checked like any input: whatever it sends, the
 * worst that follows is an error.
 */
#ifndef ERPGO_SERVER_ENGINE_PROTOCOL_H
#define ERPGO_SERVER_ENGINE_PROTOCOL_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* No line is longer than this. */
#define ENGINE_LINE_LIMIT (1024 * 1024)

typedef struct LineReader
{
	pgsocket	socket;
	StringInfoData buffer;		/* its cursor is where the next line begins */
	bool		at_end;			/* the engine closed its side */
} LineReader;

typedef enum MessageKind
{
	MESSAGE_UNKNOWN,
	MESSAGE_PROGRESS,
	MESSAGE_LOG,
	MESSAGE_BACKUP,
	MESSAGE_ROW,
	MESSAGE_DELETED,
	MESSAGE_REPOSITORY,
	MESSAGE_REQUEST,
	MESSAGE_RESULT,
	MESSAGE_ERROR
} MessageKind;

typedef struct EngineMessage
{
	MessageKind kind;
	JsonbContainer *body;		/* an object */
	int			body_len;
} EngineMessage;

extern void line_reader_init(LineReader *reader, pgsocket socket);

/* Reads what there is, a bounded amount; never waits. */
extern void line_reader_fill(LineReader *reader);

/*
 * The next line that was read, allocated, or NULL if there is no complete
 * one.  A line that is too long is an error.
 */
extern char *line_reader_next(LineReader *reader);

/*
 * Takes a line apart.  One that is no JSON object is an error; one that says
 * nothing known is MESSAGE_UNKNOWN.
 */
extern EngineMessage engine_message_parse(const char *line);

/* The same for the body alone, as message_json wrote it. */
extern EngineMessage engine_message_read_body(const char *json);

/* A member as text, allocated; NULL if it is missing, null or no scalar. */
extern char *message_text(const EngineMessage *message, const char *key);

/* A member that is a number; 0 if it is missing or none. */
extern int64 message_int64(const EngineMessage *message, const char *key);

/* A member that is a boolean; false if it is missing or none. */
extern bool message_bool(const EngineMessage *message, const char *key);

/* The body as JSON text, allocated. */
extern char *message_json(const EngineMessage *message);

/*
 * Passes what a "log" message has to say on to the server's log; the level
 * that it has there.
 */
extern int	message_report(const EngineMessage *message);

#endif
