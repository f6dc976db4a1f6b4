/*
 * How files of the WAL archive are encrypted.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "repository/sealing.h"
#include "repository/wal_cipher.h"
#include "stream/filters.h"

/* Takes the wrapped key from before a file, and decrypts what follows. */
typedef struct UnsealSink
{
	Sink		sink;
	const RsaKey *key;
	const char *object_name;
	unsigned char wrapped[RSA_BYTES_MAX];
	size_t		len;			/* of what is there of it */
} UnsealSink;

/*
 * The cipher of objects with this key.
 */
static Cipher
cipher_of(const WalKey *key)
{
	return key->id[0] == '\0' ? CIPHER_NONE : CIPHER_AES_256_CTR;
}

/*
 * Does the file have a key of its own?
 */
static bool
has_own_key(const WalKey *key, const WalName *name)
{
	return key->seal != NULL && name->kind != WAL_HISTORY;
}

Sink *
wal_encrypt_sink(Sink *next, const WalKey *key, const WalName *name)
{
	unsigned char wrapped[RSA_BYTES_MAX];
	char		own[KEY_HEX_SIZE];
	Sink	   *chain;

	if (!has_own_key(key, name))
		return encrypt_sink(next, cipher_of(key), key->passphrase);
	key_generate(own);
	sink_write(next, wrapped, seal_wrap_bytes(own, wrapped));
	chain = encrypt_sink(next, CIPHER_AES_256_CTR, own);
	OPENSSL_cleanse(own, sizeof(own));
	return chain;
}

/*
 * Opens the wrapped key, which is there, and puts what decrypts with it behind
 * this sink.
 */
static void
open_own_key(UnsealSink *unseal)
{
	char		own[KEY_HEX_SIZE];

	if (!rsa_unwrap(unseal->key, unseal->wrapped, unseal->len, own))
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "object \"%s\" is damaged: the private key does not open the key in it",
			 unseal->object_name);
	unseal->sink.next = decrypt_sink(unseal->sink.next, CIPHER_AES_256_CTR, own,
									 unseal->object_name);
	OPENSSL_cleanse(own, sizeof(own));
}

static void
unseal_write(Sink *sink, const void *data, size_t len)
{
	UnsealSink *unseal = (UnsealSink *) sink;
	size_t		missing = unseal->key->size - unseal->len;
	size_t		taken = Min(missing, len);

	memcpy(unseal->wrapped + unseal->len, data, taken);
	unseal->len += taken;
	if (missing > 0 && taken == missing)
		open_own_key(unseal);
	sink_write(sink->next, (const char *) data + taken, len - taken);
}

static void
unseal_finish(Sink *sink)
{
	UnsealSink *unseal = (UnsealSink *) sink;

	if (unseal->len < unseal->key->size)
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "object \"%s\" is damaged: it ends before its key does", unseal->object_name);
}

static void
unseal_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps unseal_ops = {
	.write = unseal_write,
	.finish = unseal_finish,
	.release = unseal_release
};

Sink *
wal_decrypt_sink(Sink *next, const WalKey *key, const WalName *name,
				 const char *object_name)
{
	UnsealSink *unseal;

	if (!has_own_key(key, name))
		return decrypt_sink(next, cipher_of(key), key->passphrase, object_name);
	unseal = pg_malloc0(sizeof(UnsealSink));
	unseal->sink.ops = &unseal_ops;
	unseal->sink.next = next;
	unseal->object_name = object_name;
	unseal->key = seal_private_key(key->seal, psprintf("object \"%s\"", object_name));
	return &unseal->sink;
}
