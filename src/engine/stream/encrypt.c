/*
 * The sink that encrypts.
 */
#include "postgres_fe.h"

#include <openssl/rand.h>

#include "failure.h"
#include "stream/cipher.h"
#include "stream/filters.h"

typedef struct EncryptSink
{
	Sink		sink;
	EVP_CIPHER_CTX *context;
	int			used;			/* of buffer */
	unsigned char buffer[CIPHER_BUFFER_SIZE];
} EncryptSink;

/*
 * Fails unless a function of libcrypto succeeded.
 */
static void
check(int result)
{
	if (result != 1)
		fail(FAILURE_INTERNAL, NULL, "could not encrypt");
}

/*
 * Hands on what was encrypted so far.
 */
static void
flush(EncryptSink *encrypt)
{
	sink_write(encrypt->sink.next, encrypt->buffer, encrypt->used);
	encrypt->used = 0;
}

static void
encrypt_write(Sink *sink, const void *data, size_t len)
{
	EncryptSink *encrypt = (EncryptSink *) sink;
	const unsigned char *from = data;

	while (len > 0)
	{
		/* A block that was begun before may come out in addition. */
		int			room = CIPHER_BUFFER_SIZE - encrypt->used - EVP_MAX_BLOCK_LENGTH;
		int			taken = Min(len, room);
		int			made;

		check(EVP_EncryptUpdate(encrypt->context, encrypt->buffer + encrypt->used,
								&made, from, taken));
		encrypt->used += made;
		from += taken;
		len -= taken;
		if (encrypt->used > CIPHER_BUFFER_SIZE - 2 * EVP_MAX_BLOCK_LENGTH)
			flush(encrypt);
	}
}

static void
encrypt_finish(Sink *sink)
{
	EncryptSink *encrypt = (EncryptSink *) sink;
	int			made;

	check(EVP_EncryptFinal_ex(encrypt->context, encrypt->buffer + encrypt->used, &made));
	encrypt->used += made;
	flush(encrypt);
}

static void
encrypt_release(Sink *sink)
{
	EncryptSink *encrypt = (EncryptSink *) sink;

	EVP_CIPHER_CTX_free(encrypt->context);
	pg_free(encrypt);
}

static const SinkOps encrypt_ops = {
	.write = encrypt_write,
	.finish = encrypt_finish,
	.release = encrypt_release,
};

Sink *
encrypt_sink(Sink *next, Cipher cipher, const char *passphrase)
{
	EncryptSink *encrypt;
	unsigned char *salt;

	if (cipher == CIPHER_NONE)
		return next;
	encrypt = pg_malloc(sizeof(EncryptSink));
	encrypt->sink.ops = &encrypt_ops;
	encrypt->sink.next = next;

	memcpy(encrypt->buffer, CIPHER_MAGIC, CIPHER_MAGIC_SIZE);
	salt = encrypt->buffer + CIPHER_MAGIC_SIZE;
	check(RAND_bytes(salt, CIPHER_SALT_SIZE));
	encrypt->used = CIPHER_HEADER_SIZE;
	encrypt->context = cipher_context_open(cipher, passphrase, salt, true);
	return &encrypt->sink;
}
