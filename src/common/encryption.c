/*
 * How an object is encrypted: the words for it.
 */
#include "common/encryption.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[CIPHER_NONE] = "none",
	[CIPHER_AES_256_CBC] = "aes-256-cbc",
	[CIPHER_AES_256_CTR] = "aes-256-ctr",
};

bool
cipher_parse(const char *word, Cipher *cipher)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (strcmp(word, names[i]) == 0)
		{
			*cipher = (Cipher) i;
			return true;
		}
	}
	return false;
}

const char *
cipher_name(Cipher cipher)
{
	return names[cipher];
}

const char *
cipher_suffix(Cipher cipher)
{
	return cipher == CIPHER_NONE ? "" : ".aes";
}
