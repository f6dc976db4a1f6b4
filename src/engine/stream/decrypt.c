/*
 * The sink that decrypts.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "stream/cipher.h"
#include "stream/filters.h"

typedef struct DecryptSink
{
	Sink		sink;
	Cipher		cipher;
	char	   *passphrase;
	char	   *name;			/* of the object, for messages */
	EVP_CIPHER_CTX *context;	/* NULL until the header is complete */
	size_t		header_len;
	unsigned char header[CIPHER_HEADER_SIZE];
	int			used;			/* of buffer */
	unsigned char buffer[CIPHER_BUFFER_SIZE];
} DecryptSink;

/*
 * Forgets the passphrase.
 */
static void
forget_passphrase(DecryptSink *decrypt)
{
	if (decrypt->passphrase != NULL)
		OPENSSL_cleanse(decrypt->passphrase, strlen(decrypt->passphrase));
	pg_free(decrypt->passphrase);
	decrypt->passphrase = NULL;
}

/*
 * Collects the header and begins to decrypt when it is complete.  Returns how
 * many bytes belonged to it.
 */
static size_t
take_header(DecryptSink *decrypt, const unsigned char *data, size_t len)
{
	size_t		taken = Min(len, CIPHER_HEADER_SIZE - decrypt->header_len);

	memcpy(decrypt->header + decrypt->header_len, data, taken);
	decrypt->header_len += taken;
	if (decrypt->header_len < CIPHER_HEADER_SIZE)
		return taken;

	if (memcmp(decrypt->header, CIPHER_MAGIC, CIPHER_MAGIC_SIZE) != 0)
		fail(FAILURE_DAMAGED, NULL,
			 "cannot decrypt object \"%s\": it does not begin with \"%s\"",
			 decrypt->name, CIPHER_MAGIC);
	decrypt->context = cipher_context_open(decrypt->cipher, decrypt->passphrase,
										   decrypt->header + CIPHER_MAGIC_SIZE, false);
	forget_passphrase(decrypt);
	return taken;
}

/*
 * Hands on what was decrypted so far.
 */
static void
flush(DecryptSink *decrypt)
{
	sink_write(decrypt->sink.next, decrypt->buffer, decrypt->used);
	decrypt->used = 0;
}

static void
decrypt_write(Sink *sink, const void *data, size_t len)
{
	DecryptSink *decrypt = (DecryptSink *) sink;
	const unsigned char *from = data;

	if (decrypt->context == NULL)
	{
		size_t		taken = take_header(decrypt, from, len);

		from += taken;
		len -= taken;
	}

	while (len > 0)
	{
		/* A block that was held back before may come out in addition. */
		int			room = CIPHER_BUFFER_SIZE - decrypt->used - EVP_MAX_BLOCK_LENGTH;
		int			taken = Min(len, room);
		int			made;

		if (EVP_DecryptUpdate(decrypt->context, decrypt->buffer + decrypt->used,
							  &made, from, taken) != 1)
			fail(FAILURE_INTERNAL, NULL, "could not decrypt object \"%s\"",
				 decrypt->name);
		decrypt->used += made;
		from += taken;
		len -= taken;
		if (decrypt->used > CIPHER_BUFFER_SIZE - 2 * EVP_MAX_BLOCK_LENGTH)
			flush(decrypt);
	}
}

static void
decrypt_finish(Sink *sink)
{
	DecryptSink *decrypt = (DecryptSink *) sink;
	int			made;

	if (decrypt->context == NULL)
		fail(FAILURE_DAMAGED, NULL,
			 "cannot decrypt object \"%s\": it ends in the middle of its header",
			 decrypt->name);
	if (EVP_DecryptFinal_ex(decrypt->context, decrypt->buffer + decrypt->used, &made) != 1)
		fail(FAILURE_DAMAGED, NULL,
			 "cannot decrypt object \"%s\": its last block is not padded as it should be",
			 decrypt->name);
	decrypt->used += made;
	flush(decrypt);
}

static void
decrypt_release(Sink *sink)
{
	DecryptSink *decrypt = (DecryptSink *) sink;

	EVP_CIPHER_CTX_free(decrypt->context);
	forget_passphrase(decrypt);
	pg_free(decrypt->name);
	pg_free(decrypt);
}

static const SinkOps decrypt_ops = {
	.write = decrypt_write,
	.finish = decrypt_finish,
	.release = decrypt_release,
};

Sink *
decrypt_sink(Sink *next, Cipher cipher, const char *passphrase, const char *name)
{
	DecryptSink *decrypt;

	if (cipher == CIPHER_NONE)
		return next;
	decrypt = pg_malloc0(sizeof(DecryptSink));
	decrypt->sink.ops = &decrypt_ops;
	decrypt->sink.next = next;
	decrypt->cipher = cipher;
	decrypt->passphrase = pg_strdup(passphrase);
	decrypt->name = pg_strdup(name);
	return &decrypt->sink;
}
