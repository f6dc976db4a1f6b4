/*
 * Packs: tar archives of the files of a cluster, compressed in frames that
 * can be read by themselves.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_PACK_H
#define ERPGO_ENGINE_REPOSITORY_PACK_H

#include "repository/repository.h"

/* How much of the SHA-256 of a frame is kept. */
#define FRAME_DIGEST_SIZE 16

/* A new pack is begun where one has so many plain bytes. */
#define PACK_SIZE (INT64CONST(8) * 1024 * 1024 * 1024)

/* A frame of a pack. */
typedef struct PackFrame
{
	uint32		plain_len;
	uint32		stored_len;		/* compressed, before the cipher */
	unsigned char digest[FRAME_DIGEST_SIZE];
} PackFrame;

/* What is put into a pack. */
typedef struct PackMember
{
	const char *path;			/* relative */
	bool		is_directory;
	uint16		mode;
	int64		mtime;
	int64		size;
} PackMember;

/* Where a member begins. */
typedef struct PackPosition
{
	int			pack;
	uint32		frame;
	int64		offset;
} PackPosition;

/* A pack that is being made. */
typedef struct PackWriter PackWriter;

/* The name of the object of a pack, or of the hashes of its pages; allocated. */
extern char *pack_name(int number);
extern char *pack_pages_name(int number);

extern PackWriter *pack_begin(BackupWriter *writer, int number);

/* Begins a member; its bytes follow, exactly as many as it has. */
extern PackPosition pack_begin_member(PackWriter *pack, const PackMember *member);
extern void pack_write(PackWriter *pack, const void *data, size_t len);
extern void pack_end_member(PackWriter *pack);

/* Plain bytes so far. */
extern int64 pack_size(const PackWriter *pack);

/*
 * Ends the archive; it is durable, and an entry of the manifest, as by
 * object_finish.  The frames are allocated.
 */
extern ManifestObject *pack_finish(PackWriter *pack, PackFrame **frames, int *count);

/*
 * The header of a member as it stands in the archive, with the pax header
 * before it if it needs one; the result is its length, a multiple of 512.
 * buffer holds PACK_HEADER_LIMIT bytes.  A path that is too long is
 * FAILURE_STATE.
 */
#define PACK_HEADER_LIMIT (8 * 1024)

extern size_t pack_header(const PackMember *member, char *buffer);

/* How many bytes of an archive the content of a member takes. */
extern int64 pack_padded(int64 size);

/* What an archive ends with: that many zeros. */
#define PACK_END_SIZE 1024

#endif
