/*
 * Pages of relations.
 */
#include "cluster/page.h"

#include <openssl/hmac.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "failure.h"
#include "storage/bufpage.h"
#include "storage/checksum.h"
#include "storage/checksum_impl.h"

/* What an HMAC-SHA-256 has. */
#define DIGEST_SIZE 32

void
page_secret_make(const unsigned char seed[PAGE_SEED_SIZE],
				 unsigned char secret[PAGE_SECRET_SIZE])
{
	for (int i = 0; i < PAGE_SECRET_SIZE / DIGEST_SIZE; i++)
	{
		char		label[64];
		unsigned int len = DIGEST_SIZE;

		snprintf(label, sizeof(label), "erpgo_backup pages %d", i + 1);
		if (HMAC(EVP_sha256(), seed, PAGE_SEED_SIZE, (unsigned char *) label,
				 strlen(label), secret + i * DIGEST_SIZE, &len) == NULL)
			fail(FAILURE_INTERNAL, NULL, "could not compute an HMAC");
	}
}

void
page_hash(const unsigned char secret[PAGE_SECRET_SIZE], const void *page,
		  unsigned char hash[PAGE_HASH_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical,
							 XXH3_128bits_withSecret(page, BLCKSZ, secret,
													 PAGE_SECRET_SIZE));
	memcpy(hash, canonical.digest, PAGE_HASH_SIZE);
}

/*
 * Are these only zeros?
 */
static bool
is_zero(const char *page)
{
	return page[0] == 0 && memcmp(page, page + 1, BLCKSZ - 1) == 0;
}

bool
page_is_good(char *page, BlockNumber block, XLogRecPtr start)
{
	PageHeader	header = (PageHeader) page;

	if (PageIsNew(page))
		return is_zero(page);
	if (PageXLogRecPtrGet(header->pd_lsn) >= start)
		return true;
	return pg_checksum_page(page, block) == header->pd_checksum;
}
