/*
 * Which pages are good, and how they are told apart.
 */
#include "helpers.h"

#include "cluster/page.h"
#include "storage/bufpage.h"
#include "storage/checksum.h"

/* Pages from there on come from the WAL. */
#define START UINT64CONST(0x100000000)

/* A page, aligned as the checksum wants it. */
typedef union AlignedPage
{
	char		data[BLCKSZ];
	PageHeaderData header;
	uint64		force_alignment;
} AlignedPage;

/*
 * Makes a page that was changed before the backup, of a block.
 */
static void
make_page(AlignedPage *page, BlockNumber block)
{
	char	   *bytes = random_data(BLCKSZ);

	memcpy(page->data, bytes, BLCKSZ);
	page->header.pd_upper = 4096;
	PageXLogRecPtrSet(page->header.pd_lsn, START - 1);
	page->header.pd_checksum = pg_checksum_page(page->data, block);
	pg_free(bytes);
}

static void
a_page_with_its_checksum_is_good(void **state)
{
	AlignedPage page;
	AlignedPage before;

	make_page(&page, 7);
	before = page;
	assert_true(page_is_good(page.data, 7, START));
	assert_memory_equal(page.data, before.data, BLCKSZ);
}

static void
a_page_of_another_block_is_bad(void **state)
{
	AlignedPage page;

	make_page(&page, 7);
	assert_false(page_is_good(page.data, 8, START));
}

static void
a_page_with_a_flipped_bit_is_bad(void **state)
{
	static const int offsets[] = {offsetof(PageHeaderData, pd_checksum),
		offsetof(PageHeaderData, pd_special), SizeOfPageHeaderData, BLCKSZ / 2, BLCKSZ - 1};

	for (int i = 0; i < lengthof(offsets); i++)
	{
		AlignedPage page;

		make_page(&page, 7);
		page.data[offsets[i]] ^= 1;
		assert_false(page_is_good(page.data, 7, START));
	}
}

static void
a_page_from_the_wal_is_good_whatever_it_holds(void **state)
{
	AlignedPage page;

	make_page(&page, 7);
	page.data[BLCKSZ - 1] ^= 1;
	PageXLogRecPtrSet(page.header.pd_lsn, START);
	assert_true(page_is_good(page.data, 7, START));
}

static void
a_new_page_is_good_if_it_is_all_zeros(void **state)
{
	static const int offsets[] = {0, SizeOfPageHeaderData, BLCKSZ - 1};

	for (int i = 0; i < lengthof(offsets); i++)
	{
		AlignedPage page = {{0}};

		assert_true(page_is_good(page.data, 7, START));
		page.data[offsets[i]] = 1;
		assert_false(page_is_good(page.data, 7, START));
	}
}

/*
 * The hash of a page with the secret of a seed.
 */
static void
hash(unsigned char seed_byte, const AlignedPage *page, unsigned char into[PAGE_HASH_SIZE])
{
	unsigned char seed[PAGE_SEED_SIZE];
	unsigned char secret[PAGE_SECRET_SIZE];

	memset(seed, seed_byte, sizeof(seed));
	page_secret_make(seed, secret);
	page_hash(secret, page->data, into);
}

static void
hashes_tell_pages_and_secrets_apart(void **state)
{
	AlignedPage page;
	unsigned char first[PAGE_HASH_SIZE];
	unsigned char other[PAGE_HASH_SIZE];

	make_page(&page, 7);
	hash(1, &page, first);
	hash(1, &page, other);
	assert_memory_equal(first, other, PAGE_HASH_SIZE);
	hash(2, &page, other);
	assert_memory_not_equal(first, other, PAGE_HASH_SIZE);
	page.data[BLCKSZ - 1] ^= 1;
	hash(1, &page, other);
	assert_memory_not_equal(first, other, PAGE_HASH_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_with_its_checksum_is_good),
		cmocka_unit_test(a_page_of_another_block_is_bad),
		cmocka_unit_test(a_page_with_a_flipped_bit_is_bad),
		cmocka_unit_test(a_page_from_the_wal_is_good_whatever_it_holds),
		cmocka_unit_test(a_new_page_is_good_if_it_is_all_zeros),
		cmocka_unit_test(hashes_tell_pages_and_secrets_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
