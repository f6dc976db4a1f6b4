/*
 * Giving a file a name that another file may have: the extension
 * posix-rename@openssh.com, which libssh2 does not know.
 *
 * It is spoken on a channel of its own, beside the one that libssh2 has.
 * Messages are a length, a type, and what belongs to it; numbers have four
 * bytes, the highest first, and texts begin with their length
 * (draft-ietf-secsh-filexfer-02).
 */
#include "postgres_fe.h"

#include "lib/stringinfo.h"
#include "port/pg_bswap.h"
#include "store/sftp_client.h"

#define EXTENSION "posix-rename@openssh.com"
#define PROTOCOL_VERSION 3
#define REQUEST_ID 1

/* Types of messages. */
#define SFTP_INIT 1
#define SFTP_VERSION 2
#define SFTP_STATUS 101
#define SFTP_EXTENDED 200

/* No answer to these requests has more to say. */
#define MESSAGE_LIMIT (64 * 1024)

static void
add_number(StringInfo message, uint32 number)
{
	uint32		bytes = pg_hton32(number);

	appendBinaryStringInfo(message, (const char *) &bytes, sizeof(bytes));
}

static void
add_text(StringInfo message, const char *string)
{
	add_number(message, strlen(string));
	appendStringInfoString(message, string);
}

/*
 * Takes a number off the front of a message; false if there is none.
 */
static bool
take_number(StringInfo message, uint32 *number)
{
	if (message->len - message->cursor < (int) sizeof(*number))
		return false;
	memcpy(number, message->data + message->cursor, sizeof(*number));
	*number = pg_ntoh32(*number);
	message->cursor += sizeof(*number);
	return true;
}

/*
 * Takes a text off the front of a message, and says whether it is a certain
 * one; false if there is none.
 */
static bool
take_text(StringInfo message, const char *expected, bool *is_expected)
{
	uint32		len;

	if (!take_number(message, &len) || len > message->len - message->cursor)
		return false;
	*is_expected = len == strlen(expected) &&
		memcmp(message->data + message->cursor, expected, len) == 0;
	message->cursor += len;
	return true;
}

/*
 * Sends a message; 0, or an error of libssh2.
 */
static int
send_message(LIBSSH2_CHANNEL *channel, const StringInfoData *message)
{
	StringInfoData framed;
	int			sent = 0;
	ssize_t		count = 0;

	initStringInfo(&framed);
	add_number(&framed, message->len);
	appendBinaryStringInfo(&framed, message->data, message->len);
	while (sent < framed.len &&
		   (count = libssh2_channel_write(channel, framed.data + sent, framed.len - sent)) > 0)
		sent += count;
	pg_free(framed.data);
	return sent == framed.len ? 0 : count < 0 ? (int) count : LIBSSH2_ERROR_SOCKET_SEND;
}

/*
 * Reads so many bytes; 0, or an error of libssh2.
 */
static int
read_bytes(LIBSSH2_CHANNEL *channel, StringInfo message, int len)
{
	resetStringInfo(message);
	enlargeStringInfo(message, len);
	while (message->len < len)
	{
		ssize_t		count = libssh2_channel_read(channel, message->data + message->len,
												 len - message->len);

		if (count <= 0)
			return count < 0 ? (int) count : LIBSSH2_ERROR_SOCKET_DISCONNECT;
		message->len += count;
	}
	return 0;
}

/*
 * Reads a message of a type; 0, or an error of libssh2.
 */
static int
read_message(LIBSSH2_CHANNEL *channel, StringInfo message, uint8 type)
{
	uint32		len;
	int			result = read_bytes(channel, message, sizeof(len));

	if (result != 0)
		return result;
	if (!take_number(message, &len) || len < 1 || len > MESSAGE_LIMIT)
		return LIBSSH2_ERROR_PROTO;
	result = read_bytes(channel, message, len);
	if (result != 0)
		return result;
	message->cursor = 1;
	return (uint8) message->data[0] == type ? 0 : LIBSSH2_ERROR_PROTO;
}

/*
 * Begins to talk; 0, a status if the server has no such extension, or an error
 * of libssh2.
 */
static int
begin(LIBSSH2_CHANNEL *channel, StringInfo message)
{
	uint32		version;
	bool		is_extension = false;
	bool		is_version;
	int			result;

	appendStringInfoChar(message, SFTP_INIT);
	add_number(message, PROTOCOL_VERSION);
	result = send_message(channel, message);
	if (result == 0)
		result = read_message(channel, message, SFTP_VERSION);
	if (result != 0)
		return result;
	if (!take_number(message, &version) || version != PROTOCOL_VERSION)
		return LIBSSH2_FX_OP_UNSUPPORTED;
	while (!is_extension && take_text(message, EXTENSION, &is_extension) &&
		   take_text(message, "1", &is_version))
		is_extension = is_extension && is_version;
	return is_extension ? 0 : LIBSSH2_FX_OP_UNSUPPORTED;
}

/*
 * Asks for the new name: the server's status, or an error of libssh2.
 */
static int
ask(LIBSSH2_CHANNEL *channel, StringInfo message, const SftpPaths *paths)
{
	uint32		id;
	uint32		status;
	int			result = begin(channel, message);

	if (result != 0)
		return result;
	resetStringInfo(message);
	appendStringInfoChar(message, (char) SFTP_EXTENDED);
	add_number(message, REQUEST_ID);
	add_text(message, EXTENSION);
	add_text(message, paths->path);
	add_text(message, paths->other);
	result = send_message(channel, message);
	if (result == 0)
		result = read_message(channel, message, SFTP_STATUS);
	if (result != 0)
		return result;
	if (!take_number(message, &id) || id != REQUEST_ID ||
		!take_number(message, &status) || status > LIBSSH2_FX_LINK_LOOP)
		return LIBSSH2_ERROR_PROTO;
	return (int) status;
}

int
sftp_rename_over(SftpClient *client, void *context)
{
	LIBSSH2_CHANNEL *channel = libssh2_channel_open_session(client->session);
	StringInfoData message;
	int			result;

	if (channel == NULL)
		return sftp_last_result(client);
	initStringInfo(&message);
	result = libssh2_channel_subsystem(channel, "sftp");
	if (result == 0)
		result = ask(channel, &message, context);
	pg_free(message.data);
	(void) libssh2_channel_free(channel);
	return result;
}
