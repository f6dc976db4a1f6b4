/*
 * The engine as a child of the server: one JSON object a line.
 *
 * Nobody checks whether a line could be written: where nobody listens any
 * more, the supervisor sees that and ends the job.
 */
#include "postgres_fe.h"

#include <signal.h>
#include <unistd.h>

#include "job_state.h"
#include "lib/stringinfo.h"
#include "protocol.h"

/* Where messages go; -1 as long as there is nobody. */
static int	protocol_fd = -1;

/*
 * Writes all bytes, or as many as there is somebody to read.
 */
static void
write_all(const char *data, size_t len)
{
	while (len > 0)
	{
		ssize_t		written = write(protocol_fd, data, len);

		if (written < 0 && errno != EINTR)
			return;
		if (written > 0)
		{
			data += written;
			len -= written;
		}
	}
}

json_t *
json_text(const char *string)
{
	json_t	   *value;
	char	   *ascii;

	if (string == NULL)
		return json_null();
	value = json_string(string);
	if (value != NULL)
		return value;

	ascii = pg_strdup(string);
	for (char *byte = ascii; *byte != '\0'; byte++)
	{
		if (IS_HIGHBIT_SET(*byte))
			*byte = '?';
	}
	value = json_string(ascii);
	pg_free(ascii);
	return value;
}

json_t *
failure_to_json(const Failure *failure)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:b}",
					 "sqlstate", failure_sqlstate(failure->kind),
					 "message", json_text(failure->message),
					 "detail", json_text(failure->detail),
					 "hint", json_text(failure->hint),
					 "transient", (int) failure_is_transient(failure->kind),
					 "damaged", (int) (failure->kind == FAILURE_DAMAGED));
}

void
protocol_report_failure(const Failure *failure)
{
	if (job_state_claim_answer(ANSWER_ERROR))
		protocol_send("error", failure_to_json(failure));
}

/*
 * Sends a notice.
 */
static void
report_notice(const char *level, const char *message, const char *hint)
{
	protocol_send("log", json_pack("{s:s, s:o, s:o}",
								   "level", level,
								   "message", json_text(message),
								   "hint", json_text(hint)));
}

/*
 * Sends progress.
 */
static void
report_progress(const char *phase, const char *database, int64 bytes_done,
				int64 bytes_expected)
{
	protocol_send("progress", json_pack("{s:s, s:o, s:I, s:I}",
										"phase", phase,
										"database", json_text(database),
										"bytes_done", (json_int_t) bytes_done,
										"bytes_expected", (json_int_t) bytes_expected));
}

void
protocol_init(int fd)
{
	protocol_fd = fd;
	signal(SIGPIPE, SIG_IGN);
	failure_set_reporter(protocol_report_failure);
	notice_set_reporter(report_notice);
	progress_set_reporter(report_progress);
}

int
protocol_socket(void)
{
	return protocol_fd;
}

/*
 * Reads until a line is complete; the line feed is not kept.  It takes byte
 * by byte, for what follows is read by the worker.
 */
static void
read_line(int fd, StringInfo line, const char *what)
{
	char		byte = '\0';

	while (byte != '\n')
	{
		ssize_t		len = read(fd, &byte, 1);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			fail_errno("could not read the %s", what);
		if (len == 0)
			fail(FAILURE_USAGE, NULL, "the %s ends within the line", what);
		if (line->len == PROTOCOL_LINE_LIMIT)
			fail(FAILURE_USAGE, NULL, "the %s is longer than %d bytes", what,
				 PROTOCOL_LINE_LIMIT);
		appendStringInfoChar(line, byte);
	}
	line->len--;
}

/*
 * Reads a line that must be a JSON object.
 */
static json_t *
read_object(int fd, const char *what)
{
	StringInfoData line;
	json_error_t error;
	json_t	   *object;

	initStringInfo(&line);
	read_line(fd, &line, what);
	object = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	pfree(line.data);
	if (!json_is_object(object))
		fail(FAILURE_USAGE, NULL, "the %s is not a JSON object: %s", what,
			 object == NULL ? error.text : "it is another kind of value");
	return object;
}

json_t *
protocol_read_job(int fd)
{
	return read_object(fd, "job description");
}

void
protocol_send(const char *kind, json_t *body)
{
	json_t	   *message = json_pack("{s:o}", kind, body);
	char	   *line = json_dumps(message, JSON_COMPACT);
	size_t		len;

	if (line == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not write a \"%s\" message as JSON", kind);
	json_decref(message);
	len = strlen(line);
	if (len >= PROTOCOL_LINE_LIMIT)
		fail(FAILURE_STATE, NULL, "a \"%s\" message is longer than %d bytes", kind,
			 PROTOCOL_LINE_LIMIT);
	line[len] = '\n';
	write_all(line, len + 1);
	free(line);
}

json_t *
protocol_ask(const char *name, json_t *request)
{
	json_object_set_new(request, "name", json_string(name));
	protocol_send("request", request);
	return read_object(protocol_fd, "answer of the server");
}

void
protocol_send_result(json_t *body)
{
	if (job_state_claim_answer(ANSWER_RESULT))
		protocol_send("result", body);
}
