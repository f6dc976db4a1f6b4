/*
 * The sink that hashes and counts what passes.
 */
#include "postgres_fe.h"

#include <openssl/evp.h>

#include "failure.h"
#include "stream/filters.h"

#define SHA256_SIZE 32

typedef struct DigestSink
{
	Sink		sink;
	EVP_MD_CTX *context;
	Digest	   *digest;
} DigestSink;

/*
 * Fails unless a function of libcrypto succeeded.
 */
static void
check(int result)
{
	if (result != 1)
		fail(FAILURE_INTERNAL, NULL, "could not compute a SHA-256 digest");
}

static void
digest_write(Sink *sink, const void *data, size_t len)
{
	DigestSink *digest = (DigestSink *) sink;

	check(EVP_DigestUpdate(digest->context, data, len));
	digest->digest->size += len;
	sink_write(sink->next, data, len);
}

static void
digest_finish(Sink *sink)
{
	DigestSink *digest = (DigestSink *) sink;
	unsigned char hash[SHA256_SIZE];

	check(EVP_DigestFinal_ex(digest->context, hash, NULL));
	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(digest->digest->sha256 + 2 * i, 3, "%02x", hash[i]);
}

static void
digest_release(Sink *sink)
{
	DigestSink *digest = (DigestSink *) sink;

	EVP_MD_CTX_free(digest->context);
	pg_free(digest);
}

static const SinkOps digest_ops = {
	.write = digest_write,
	.finish = digest_finish,
	.release = digest_release,
};

Sink *
digest_sink(Sink *next, Digest *digest)
{
	DigestSink *sink = pg_malloc(sizeof(DigestSink));

	memset(digest, 0, sizeof(*digest));
	sink->sink.ops = &digest_ops;
	sink->sink.next = next;
	sink->digest = digest;
	sink->context = EVP_MD_CTX_new();
	check(sink->context != NULL);
	check(EVP_DigestInit_ex(sink->context, EVP_sha256(), NULL));
	return &sink->sink;
}
