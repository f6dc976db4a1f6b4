/*
 * Names that users chose, made safe as one component of an object's name.
 */
#ifndef ERPGO_COMMON_OBJECT_NAME_H
#define ERPGO_COMMON_OBJECT_NAME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Escapes a name: letters, digits, "_", "-" and, but for the first place, "."
 * of ASCII stay; every other byte becomes "%" and two upper-case hexadecimal
 * digits.  Writes at most size bytes with the terminating zero; false if that
 * is too small (three bytes for each byte of the name always suffice).
 */
extern bool object_name_escape(const char *name, char *escaped, size_t size);

/*
 * The reverse; false if the text is not what object_name_escape writes for
 * any name, or size is too small.
 */
extern bool object_name_unescape(const char *escaped, char *name, size_t size);

/*
 * Is this a name that an object in a repository may have?  Components of
 * letters, digits, "_", "-", ".", "%" separated by single "/", none of them
 * empty or beginning with ".", at most 1,000 bytes in all.  What a manifest
 * or a listing names is checked with this before it is used.
 */
extern bool object_name_is_valid(const char *name);

#endif
