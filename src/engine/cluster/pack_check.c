/*
 * Sinks that compare a pack with what the backup says of it.
 */
#include "cluster/pack_check.h"

#include <openssl/evp.h>

#include "failure.h"
#include "pgtar.h"

/* What SHA-256 has. */
#define DIGEST_SIZE 32

/* Fields of a header that depend on nothing but the member. */
static const struct
{
	int			offset;
	int			size;
}			header_fields[] = {
	{0, 100},					/* name */
	{100, 8},					/* mode */
	{124, 12},					/* size */
	{136, 12},					/* time */
	{156, 1},					/* type */
};
#define CHECKSUM_OFFSET 148
#define CHECKSUM_SIZE 8

typedef struct FrameCheck
{
	Sink		sink;
	const PackContent *content;
	EVP_MD_CTX *context;
	int			frame;			/* the one that is passing */
	uint32		passed;			/* of it */
} FrameCheck;

typedef struct TarCheck
{
	Sink		sink;
	const PackContent *content;
	bool		digests;
	const MemberTaker *taker;	/* or NULL */
	void	   *taker_context;
	int			index;			/* of the member that is passing */
	int64		position;		/* in the archive */
	char		expected[PACK_HEADER_LIMIT];	/* its header */
	char		header[PACK_HEADER_LIMIT];
	size_t		header_len;		/* 0 between members */
	size_t		header_filled;
	int64		content_left;
	int64		padding_left;
	int64		members_end;	/* where the last member ended */
	Sink	   *digest_chain;	/* NULL between members */
	Digest		digest;
} TarCheck;

/*
 * Fails unless a function of libcrypto succeeded.
 */
static void
check_crypto(int result)
{
	if (result != 1)
		fail(FAILURE_INTERNAL, NULL, "could not compute a SHA-256 digest");
}

/*
 * Compares the frame that has passed with its digest, and begins the next.
 */
static void
end_frame(FrameCheck *check)
{
	const PackContent *content = check->content;
	unsigned char digest[DIGEST_SIZE];

	check_crypto(EVP_DigestFinal_ex(check->context, digest, NULL));
	check_crypto(EVP_DigestInit_ex(check->context, EVP_sha256(), NULL));
	if (memcmp(digest, content->frames[check->frame].digest, FRAME_DIGEST_SIZE) != 0)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: frame %d does not match its digest",
			 content->name, check->frame);
	check->frame++;
	check->passed = 0;
}

static void
frame_check_write(Sink *sink, const void *data, size_t len)
{
	FrameCheck *check = (FrameCheck *) sink;
	const char *from = data;
	size_t		left = len;

	while (left > 0)
	{
		const PackContent *content = check->content;
		size_t		taken;

		if (check->frame == content->frame_count)
			fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it has more frames than are listed",
				 content->name);
		taken = Min(left, content->frames[check->frame].stored_len - check->passed);
		check_crypto(EVP_DigestUpdate(check->context, from, taken));
		check->passed += (uint32) taken;
		from += taken;
		left -= taken;
		if (check->passed == content->frames[check->frame].stored_len)
			end_frame(check);
	}
	sink_write(sink->next, data, len);
}

static void
frame_check_finish(Sink *sink)
{
	FrameCheck *check = (FrameCheck *) sink;

	if (check->frame != check->content->frame_count || check->passed != 0)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it has fewer frames than are listed",
			 check->content->name);
}

static void
frame_check_release(Sink *sink)
{
	EVP_MD_CTX_free(((FrameCheck *) sink)->context);
	pg_free(sink);
}

static const SinkOps frame_check_ops = {
	.write = frame_check_write,
	.finish = frame_check_finish,
	.release = frame_check_release
};

Sink *
frame_check_sink(Sink *next, const PackContent *content)
{
	FrameCheck *check = pg_malloc0(sizeof(FrameCheck));

	check->sink.ops = &frame_check_ops;
	check->sink.next = next;
	check->content = content;
	check->context = EVP_MD_CTX_new();
	check_crypto(check->context != NULL);
	check_crypto(EVP_DigestInit_ex(check->context, EVP_sha256(), NULL));
	return &check->sink;
}

/*
 * Fails because a member is not what the list says.
 */
static void
fail_member(const TarCheck *check, const char *problem)
{
	const PackContent *content = check->content;

	fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: %s of file \"%s\" is not what it was",
		 content->name, problem, content->files[check->index].member.path);
}

/*
 * Compares a block of the header.
 */
static bool
header_block_fits(char *block, const char *expected)
{
	for (int i = 0; i < lengthof(header_fields); i++)
	{
		if (memcmp(block + header_fields[i].offset, expected + header_fields[i].offset,
				   header_fields[i].size) != 0)
			return false;
	}
	return read_tar_number(block + CHECKSUM_OFFSET, CHECKSUM_SIZE) == tarChecksum(block);
}

/*
 * Compares the header, of which the last block is the member's own, and what
 * comes before it a pax header with its content.
 */
static void
check_header(TarCheck *check)
{
	size_t		last = check->header_len - TAR_BLOCK_SIZE;

	if (!header_block_fits(check->header + last, check->expected + last))
		fail_member(check, "the header");
	if (last > 0 &&
		(!header_block_fits(check->header, check->expected) ||
		 memcmp(check->header + TAR_BLOCK_SIZE, check->expected + TAR_BLOCK_SIZE,
				last - TAR_BLOCK_SIZE) != 0))
		fail_member(check, "the name");
}

/*
 * Begins a member.
 */
static void
begin_member(TarCheck *check)
{
	const ListedFile *file = &check->content->files[check->index];

	if (file->position.offset != check->position)
		fail_member(check, "the place");
	check->header_len = pack_header(&file->member, check->expected);
	check->header_filled = 0;
	check->content_left = file->member.size;
	check->padding_left = pack_padded(file->member.size) - file->member.size;
	if (check->digests)
		check->digest_chain = digest_sink(NULL, &check->digest);
}

/*
 * Ends a member.
 */
static void
end_member(TarCheck *check)
{
	const ListedFile *file = &check->content->files[check->index];

	if (check->digest_chain != NULL)
	{
		sink_finish(check->digest_chain);
		sink_release(check->digest_chain);
		check->digest_chain = NULL;
		if (!file->member.is_directory &&
			strcmp(check->digest.sha256, file->sha256) != 0)
			fail_member(check, "the content");
	}
	if (check->taker != NULL)
		check->taker->end(check->taker_context);
	check->header_len = 0;
	check->members_end = check->position;
	check->index++;
}

/*
 * Takes a part of a member's header; how many bytes.
 */
static size_t
take_header(TarCheck *check, const char *data, size_t len)
{
	size_t		taken = Min(len, check->header_len - check->header_filled);

	memcpy(check->header + check->header_filled, data, taken);
	check->header_filled += taken;
	if (check->header_filled < check->header_len)
		return taken;
	check_header(check);
	if (check->taker != NULL)
		check->taker->begin(check->taker_context, check->index);
	return taken;
}

/*
 * Takes a part of a member's content; how many bytes.
 */
static size_t
take_content(TarCheck *check, const char *data, size_t len)
{
	size_t		taken = Min(len, check->content_left);

	if (check->digest_chain != NULL)
		sink_write(check->digest_chain, data, taken);
	if (check->taker != NULL)
		check->taker->write(check->taker_context, data, taken);
	check->content_left -= taken;
	return taken;
}

/*
 * Takes a part of a member's header, content or padding; how many bytes.
 */
static size_t
take_member(TarCheck *check, const char *data, size_t len)
{
	size_t		taken;

	if (check->header_filled < check->header_len)
		return take_header(check, data, len);
	if (check->content_left > 0)
		return take_content(check, data, len);
	taken = Min(len, check->padding_left);
	check->padding_left -= taken;
	return taken;
}

static void
tar_check_write(Sink *sink, const void *data, size_t len)
{
	TarCheck   *check = (TarCheck *) sink;
	const char *from = data;

	while (len > 0)
	{
		size_t		taken = len;

		if (check->header_len == 0 && check->index < check->content->count)
			begin_member(check);
		if (check->header_len > 0)
			taken = take_member(check, from, len);
		from += taken;
		len -= taken;
		check->position += taken;
		if (check->header_len > 0 && check->header_filled == check->header_len &&
			check->content_left == 0 && check->padding_left == 0)
			end_member(check);
	}
}

static void
tar_check_finish(Sink *sink)
{
	TarCheck   *check = (TarCheck *) sink;

	if (check->index != check->content->count)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it ends before its last file",
			 check->content->name);
	if (check->position - check->members_end != PACK_END_SIZE)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: there is something after its last file",
			 check->content->name);
}

static void
tar_check_release(Sink *sink)
{
	TarCheck   *check = (TarCheck *) sink;

	sink_release(check->digest_chain);
	pg_free(check);
}

static const SinkOps tar_check_ops = {
	.write = tar_check_write,
	.finish = tar_check_finish,
	.release = tar_check_release
};

Sink *
tar_check_sink(const PackContent *content, bool digests)
{
	TarCheck   *check = pg_malloc0(sizeof(TarCheck));

	check->sink.ops = &tar_check_ops;
	check->content = content;
	check->digests = digests;
	return &check->sink;
}

Sink *
tar_read_sink(const PackContent *content, const MemberTaker *taker, void *context)
{
	TarCheck   *check = (TarCheck *) tar_check_sink(content, true);

	check->taker = taker;
	check->taker_context = context;
	return &check->sink;
}
