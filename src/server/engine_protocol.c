/*
 * Messages of the engine: one JSON object a line, parsed by the server's own
 * jsonb.
 */
#include "postgres.h"

#include <sys/socket.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "engine_protocol.h"

/* Read at most this much before interrupts are looked at again. */
#define READ_SIZE 65536

void
line_reader_init(LineReader *reader, pgsocket socket)
{
	reader->socket = socket;
	reader->at_end = false;
	initStringInfo(&reader->buffer);
}

/*
 * Forgets the lines that were handed out.
 */
static void
drop_consumed(StringInfo buffer)
{
	int			rest = buffer->len - buffer->cursor;

	memmove(buffer->data, buffer->data + buffer->cursor, rest);
	buffer->len = rest;
	buffer->data[rest] = '\0';
	buffer->cursor = 0;
}

void
line_reader_fill(LineReader *reader)
{
	StringInfo	buffer = &reader->buffer;
	ssize_t		got;

	drop_consumed(buffer);
	enlargeStringInfo(buffer, READ_SIZE);
	got = recv(reader->socket, buffer->data + buffer->len, READ_SIZE, 0);
	if (got > 0)
	{
		buffer->len += got;
		buffer->data[buffer->len] = '\0';
		return;
	}
	/* A reset connection is an end like any other: the engine is gone. */
	if (got == 0 || !(errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		reader->at_end = true;
}

char *
line_reader_next(LineReader *reader)
{
	StringInfo	buffer = &reader->buffer;
	char	   *start = buffer->data + buffer->cursor;
	int			rest = buffer->len - buffer->cursor;
	char	   *newline = memchr(start, '\n', rest);
	int			len = newline != NULL ? newline - start : rest;

	if (len > ENGINE_LINE_LIMIT)
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine sent a line of more than %d bytes",
					   ENGINE_LINE_LIMIT));
	if (newline == NULL)
		return NULL;
	buffer->cursor += len + 1;
	if (memchr(start, '\0', len) != NULL)
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine sent a line with a zero byte"));
	return pnstrdup(start, len);
}

/*
 * Reads JSON text in UTF-8; NULL if it is none.
 */
static Jsonb *
parse_json(const char *line)
{
	MemoryContext context = CurrentMemoryContext;
	Jsonb	   *json = NULL;

	PG_TRY();
	{
		char	   *converted = pg_any_to_server(line, strlen(line), PG_UTF8);

		json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												  CStringGetDatum(converted)));
	}
	PG_CATCH();
	{
		/* Reading text leaves nothing behind but memory. */
		MemoryContextSwitchTo(context);
		FlushErrorState();
		json = NULL;
	}
	PG_END_TRY();
	return json;
}

/*
 * A member of an object; NULL if there is none.
 */
static JsonbValue *
find_member(JsonbContainer *object, const char *key)
{
	return getKeyJsonValueFromContainer(object, key, strlen(key), NULL);
}

EngineMessage
engine_message_parse(const char *line)
{
	static const struct
	{
		const char *key;
		MessageKind kind;
	}			kinds[] = {
		{"progress", MESSAGE_PROGRESS},
		{"log", MESSAGE_LOG},
		{"backup", MESSAGE_BACKUP},
		{"row", MESSAGE_ROW},
		{"deleted", MESSAGE_DELETED},
		{"repository", MESSAGE_REPOSITORY},
		{"request", MESSAGE_REQUEST},
		{"result", MESSAGE_RESULT},
		{"error", MESSAGE_ERROR},
	};
	EngineMessage message = {MESSAGE_UNKNOWN, NULL, 0};
	Jsonb	   *json = parse_json(line);

	if (json == NULL || !JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine sent a line that is not a JSON object"));
	for (int i = 0; i < lengthof(kinds); i++)
	{
		JsonbValue *body = find_member(&json->root, kinds[i].key);

		if (body == NULL || body->type != jbvBinary ||
			!JsonContainerIsObject(body->val.binary.data))
			continue;
		message.kind = kinds[i].kind;
		message.body = body->val.binary.data;
		message.body_len = body->val.binary.len;
		break;
	}
	return message;
}

EngineMessage
engine_message_read_body(const char *json)
{
	EngineMessage message = {MESSAGE_UNKNOWN, NULL, 0};
	Datum		datum = DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
	Jsonb	   *body = DatumGetJsonbP(datum);

	Assert(JB_ROOT_IS_OBJECT(body));
	message.body = &body->root;
	message.body_len = VARSIZE(body);
	return message;
}

char *
message_text(const EngineMessage *message, const char *key)
{
	JsonbValue *value = find_member(message->body, key);

	if (value == NULL)
		return NULL;
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	return NULL;
}

int64
message_int64(const EngineMessage *message, const char *key)
{
	JsonbValue *value = find_member(message->body, key);

	if (value == NULL || value->type != jbvNumeric)
		return 0;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8,
											 NumericGetDatum(value->val.numeric)));
}

bool
message_bool(const EngineMessage *message, const char *key)
{
	JsonbValue *value = find_member(message->body, key);

	return value != NULL && value->type == jbvBool && value->val.boolean;
}

char *
message_json(const EngineMessage *message)
{
	return JsonbToCString(NULL, message->body, message->body_len);
}

int
message_report(const EngineMessage *message)
{
	char	   *level = message_text(message, "level");
	char	   *words = message_text(message, "message");
	char	   *hint = message_text(message, "hint");
	int			elevel = DEBUG1;

	if (level == NULL || words == NULL)
		return elevel;
	if (strcmp(level, "warning") == 0)
		elevel = WARNING;
	else if (strcmp(level, "log") == 0)
		elevel = LOG;
	ereport(elevel, errmsg_internal("%s", words), hint ? errhint("%s", hint) : 0);
	return elevel;
}
