/*
 * The name of an object of the WAL archive.
 */
#include "common/wal_object.h"

#include <stdio.h>
#include <string.h>

#include "common/encryption.h"

static const CompressionMethod methods[] = {
	COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_LZ4, COMPRESSION_ZSTD
};

/*
 * The ending of a name.
 */
static void
format_suffixes(const WalObject *object, CompressionMethod method,
				char suffixes[WAL_KEY_SIZE])
{
	Cipher		cipher = object->cluster_key[0] == '\0' ? CIPHER_NONE :
		CIPHER_AES_256_CTR;

	snprintf(suffixes, WAL_KEY_SIZE, "%s%s", compression_suffix(method),
			 cipher_suffix(cipher));
}

void
wal_object_format(const WalObject *object, char text[WAL_OBJECT_SIZE])
{
	char		suffixes[WAL_KEY_SIZE];

	format_suffixes(object, object->compression, suffixes);
	snprintf(text, WAL_OBJECT_SIZE, "%s-%s-%s%s%s%s", object->file,
			 object->content, object->stored,
			 object->cluster_key[0] == '\0' ? "" : "-", object->cluster_key,
			 suffixes);
}

/*
 * Reads a dash and as many hexadecimal digits as fit; the text behind them,
 * or NULL if they are not there.
 */
static const char *
read_digits(const char *text, char *digits, size_t size)
{
	if (text == NULL || text[0] != '-' ||
		strspn(text + 1, "0123456789abcdef") != size - 1)
		return NULL;
	memcpy(digits, text + 1, size - 1);
	digits[size - 1] = '\0';
	return text + size;
}

/*
 * Reads the ending of a name; false if it is none.
 */
static bool
read_suffixes(const char *text, WalObject *object)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
	{
		char		suffixes[WAL_KEY_SIZE];

		format_suffixes(object, methods[i], suffixes);
		if (strcmp(text, suffixes) == 0)
		{
			object->compression = methods[i];
			return true;
		}
	}
	return false;
}

bool
wal_object_parse(const char *text, WalObject *object)
{
	size_t		length = strcspn(text, "-");

	memset(object, 0, sizeof(*object));
	if (length >= sizeof(object->file))
		return false;
	memcpy(object->file, text, length);
	if (!wal_file_parse(object->file, &object->name))
		return false;

	text = read_digits(text + length, object->content, WAL_PROOF_SIZE);
	text = read_digits(text, object->stored, WAL_PROOF_SIZE);
	if (text != NULL && text[0] == '-')
		text = read_digits(text, object->cluster_key, WAL_KEY_SIZE);
	return text != NULL && read_suffixes(text, object);
}
