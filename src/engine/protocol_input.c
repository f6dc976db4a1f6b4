/*
 * What the server has to say after the description of a job.
 */
#include "postgres_fe.h"

#include <sys/socket.h>

#include "protocol.h"
#include "protocol_input.h"

void
protocol_input_init(ProtocolInput *input)
{
	input->fd = protocol_socket();
	initStringInfo(&input->buffer);
}

bool
protocol_input_fill(ProtocolInput *input)
{
	char		piece[8192];
	ssize_t		len;

	while ((len = recv(input->fd, piece, sizeof(piece), MSG_DONTWAIT)) > 0)
	{
		appendBinaryStringInfo(&input->buffer, piece, (int) len);
		if (input->buffer.len > PROTOCOL_LINE_LIMIT)
			break;
	}
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

json_t *
protocol_input_next(ProtocolInput *input)
{
	StringInfo	buffer = &input->buffer;
	char	   *end = memchr(buffer->data, '\n', buffer->len);
	json_error_t error;
	json_t	   *message;
	int			len;

	if (end == NULL && buffer->len >= PROTOCOL_LINE_LIMIT)
		fail(FAILURE_USAGE, NULL, "the server sent a line of more than %d bytes",
			 PROTOCOL_LINE_LIMIT);
	if (end == NULL)
		return NULL;
	len = (int) (end + 1 - buffer->data);
	message = json_loadb(buffer->data, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(message))
		fail(FAILURE_USAGE, NULL, "the server sent a line that is not a JSON object");
	buffer->len -= len;
	memmove(buffer->data, end + 1, buffer->len);
	buffer->data[buffer->len] = '\0';
	return message;
}
