/*
 * Names that users chose, made safe as one component of an object's name.
 *
 * The functions of <ctype.h> are avoided, for they follow the locale.
 */
#include "common/object_name.h"

#include <string.h>

#define LETTERS_AND_DIGITS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* The longest name of an object, in bytes. */
#define OBJECT_NAME_LIMIT 1000

static const char hex_digits[] = "0123456789ABCDEF";

/*
 * Does a byte of a name, at its first place or a later one, stay as it is?
 */
static bool
is_plain(char byte, bool first)
{
	if (byte == '\0')
		return false;
	if (byte == '.')
		return !first;
	return strchr(LETTERS_AND_DIGITS "_-", byte) != NULL;
}

bool
object_name_escape(const char *name, char *escaped, size_t size)
{
	size_t		used = 0;

	for (const char *from = name; *from != '\0'; from++)
	{
		bool		plain = is_plain(*from, from == name);
		unsigned char byte = (unsigned char) *from;

		if (size - used < (plain ? 1 : 3))
			return false;
		if (plain)
			escaped[used++] = *from;
		else
		{
			escaped[used++] = '%';
			escaped[used++] = hex_digits[byte >> 4];
			escaped[used++] = hex_digits[byte & 0x0F];
		}
	}
	if (used == size)
		return false;
	escaped[used] = '\0';
	return true;
}

/*
 * Reads the byte at *from, plain or escaped, and moves *from behind it.
 * Returns a zero byte, which no name contains, if it is not written as
 * object_name_escape writes it.
 */
static char
byte_unescape(const char **from, bool first)
{
	const char *text = *from;
	const char *high,
			   *low;
	char		byte;

	if (text[0] != '%')
	{
		*from += 1;
		return is_plain(text[0], first) ? text[0] : '\0';
	}

	if (text[1] == '\0' || text[2] == '\0')
		return '\0';
	high = strchr(hex_digits, text[1]);
	low = strchr(hex_digits, text[2]);
	if (high == NULL || low == NULL)
		return '\0';
	*from += 3;
	byte = (char) ((high - hex_digits) << 4 | (low - hex_digits));
	return is_plain(byte, first) ? '\0' : byte;
}

bool
object_name_unescape(const char *escaped, char *name, size_t size)
{
	const char *from = escaped;
	size_t		used = 0;

	while (*from != '\0')
	{
		char		byte = byte_unescape(&from, from == escaped);

		if (byte == '\0' || used == size)
			return false;
		name[used++] = byte;
	}
	if (used == size)
		return false;
	name[used] = '\0';
	return true;
}

bool
object_name_is_valid(const char *name)
{
	const char *component = name;

	if (strlen(name) > OBJECT_NAME_LIMIT)
		return false;

	for (;;)
	{
		size_t		length = strspn(component, LETTERS_AND_DIGITS "_-.%");

		if (length == 0 || component[0] == '.')
			return false;
		if (component[length] == '\0')
			return true;
		if (component[length] != '/')
			return false;
		component += length + 1;
	}
}
