/*
 * Making a pack.
 */
#include "postgres_fe.h"

#include <openssl/evp.h>

#include "failure.h"
#include "repository/pack.h"
#include "stream/codec.h"

/* What SHA-256 has. */
#define DIGEST_SIZE 32

struct PackWriter
{
	BackupWriter *writer;
	ObjectWriter *object;
	int			number;
	int64		size;			/* plain bytes so far */
	int64		member_size;	/* of the member that is being written */
	const Codec *codec;			/* NULL if nothing is compressed */
	void	   *encoder;
	size_t		filled;			/* of plain */
	char	   *plain;			/* FRAME_SIZE bytes */
	char	   *frame;
	size_t		frame_room;
	PackFrame  *frames;
	int			frame_count;
	int			frame_capacity;
};

char *
pack_name(int number)
{
	return psprintf("pack-%05d.tar", number);
}

char *
pack_pages_name(int number)
{
	return psprintf("pages-%05d.bin", number);
}

PackWriter *
pack_begin(BackupWriter *writer, int number)
{
	const Compression *compression = &writer->manifest->compression;
	PackWriter *pack = pg_malloc0(sizeof(PackWriter));
	char	   *name = pack_name(number);

	pack->writer = writer;
	pack->number = number;
	pack->object = object_begin_framed(writer, OBJECT_PACK, name);
	pack->plain = pg_malloc(FRAME_SIZE);
	pfree(name);
	if (compression->method == COMPRESSION_NONE)
		return pack;
	pack->codec = codec_of(compression->method);
	pack->encoder = pack->codec->encoder_open(compression->level);
	pack->frame_room = pack->codec->bound(FRAME_SIZE);
	pack->frame = pg_malloc(pack->frame_room);
	return pack;
}

/*
 * The entry for another frame.
 */
static PackFrame *
add_frame(PackWriter *pack)
{
	if (pack->frame_count == pack->frame_capacity)
	{
		pack->frame_capacity = Max(64, pack->frame_capacity * 2);
		pack->frames = pg_realloc(pack->frames,
								  pack->frame_capacity * sizeof(PackFrame));
	}
	return &pack->frames[pack->frame_count++];
}

/*
 * Stores what has gathered as a frame.
 */
static void
cut_frame(PackWriter *pack)
{
	PackFrame  *entry;
	const char *stored = pack->plain;
	unsigned char digest[DIGEST_SIZE];

	if (pack->filled == 0)
		return;
	entry = add_frame(pack);
	entry->plain_len = entry->stored_len = (uint32) pack->filled;
	if (pack->codec != NULL)
	{
		entry->stored_len = (uint32) pack->codec->encode(pack->encoder, pack->plain,
														 pack->filled, pack->frame,
														 pack->frame_room);
		stored = pack->frame;
	}
	if (EVP_Digest(stored, entry->stored_len, digest, NULL, EVP_sha256(), NULL) != 1)
		fail(FAILURE_INTERNAL, NULL, "could not compute a SHA-256 digest");
	memcpy(entry->digest, digest, FRAME_DIGEST_SIZE);
	sink_write(pack->object->chain, stored, entry->stored_len);
	pack->filled = 0;
}

void
pack_write(PackWriter *pack, const void *data, size_t len)
{
	const char *from = data;

	pack->size += len;
	while (len > 0)
	{
		size_t		taken = Min(len, FRAME_SIZE - pack->filled);

		memcpy(pack->plain + pack->filled, from, taken);
		pack->filled += taken;
		from += taken;
		len -= taken;
		if (pack->filled == FRAME_SIZE)
			cut_frame(pack);
	}
}

PackPosition
pack_begin_member(PackWriter *pack, const PackMember *member)
{
	char		header[PACK_HEADER_LIMIT];
	size_t		header_len = pack_header(member, header);
	PackPosition position;

	if (pack->filled + header_len + pack_padded(member->size) > FRAME_SIZE)
		cut_frame(pack);
	position.pack = pack->number;
	position.frame = pack->frame_count;
	position.offset = pack->size;
	pack->member_size = member->size;
	pack_write(pack, header, header_len);
	return position;
}

void
pack_end_member(PackWriter *pack)
{
	static const char zeros[PACK_END_SIZE];

	pack_write(pack, zeros, pack_padded(pack->member_size) - pack->member_size);
}

int64
pack_size(const PackWriter *pack)
{
	return pack->size;
}

ManifestObject *
pack_finish(PackWriter *pack, PackFrame **frames, int *count)
{
	static const char zeros[PACK_END_SIZE];
	ManifestObject *entry;

	pack_write(pack, zeros, sizeof(zeros));
	cut_frame(pack);
	pack->object->size = pack->size;
	entry = object_finish(pack->writer, pack->object);
	*frames = pack->frames;
	*count = pack->frame_count;
	if (pack->codec != NULL)
		pack->codec->encoder_close(pack->encoder);
	pg_free(pack->plain);
	pg_free(pack->frame);
	pg_free(pack);
	return entry;
}
