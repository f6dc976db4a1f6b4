/*
 * Headers of the members of tar archives.
 */
#include "postgres_fe.h"

#include <sys/stat.h>
#include <unistd.h>

#include "pgtar.h"
#include "repository/pack.h"

/* The longest name that a plain header takes. */
#define NAME_LIMIT 99
/* Where the type of a member is in its header. */
#define TYPE_OFFSET 156
#define CHECKSUM_OFFSET 148
#define CHECKSUM_SIZE 8
#define TYPE_PAX 'x'

/*
 * Makes a header for a member whose name fits.
 */
static void
make_header(char *header, const PackMember *member, const char *name)
{
	mode_t		type = member->is_directory ? S_IFDIR : S_IFREG;

	if (tarCreateHeader(header, name, NULL, member->size, member->mode | type,
						geteuid(), getegid(), member->mtime) != TAR_OK)
		fail(FAILURE_STATE, NULL, "cannot store file \"%s\": its name is too long",
			 member->path);
}

/*
 * Changes the type in a header, and its checksum with it.
 */
static void
set_type(char *header, char type)
{
	header[TYPE_OFFSET] = type;
	memset(header + CHECKSUM_OFFSET, ' ', CHECKSUM_SIZE);
	print_tar_number(header + CHECKSUM_OFFSET, CHECKSUM_SIZE - 1, tarChecksum(header));
}

/*
 * The record of a pax header that says a path, its own length first;
 * allocated.
 */
static char *
path_record(const char *path, bool is_directory)
{
	char	   *rest = psprintf(" path=%s%s\n", path, is_directory ? "/" : "");
	int			len = strlen(rest) + 1;
	char	   *record;

	/* The digits of the length count, too. */
	while (snprintf(NULL, 0, "%d", len) + strlen(rest) != len)
		len++;
	record = psprintf("%d%s", len, rest);
	pfree(rest);
	return record;
}

/*
 * Makes the pax header of a member with a long path; returns its length.
 */
static size_t
make_pax_header(char *buffer, const PackMember *member)
{
	char	   *record = path_record(member->path, member->is_directory);
	PackMember	pax = {
		.path = member->path,
		.mode = S_IRUSR | S_IWUSR,
		.size = strlen(record)
	};
	size_t		padded = pack_padded(pax.size);

	if (padded + 2 * TAR_BLOCK_SIZE > PACK_HEADER_LIMIT)
		fail(FAILURE_STATE, NULL, "cannot store file \"%s\": its name is too long",
			 member->path);
	make_header(buffer, &pax, "PaxHeaders/1");
	set_type(buffer, TYPE_PAX);
	memset(buffer + TAR_BLOCK_SIZE, 0, padded);
	memcpy(buffer + TAR_BLOCK_SIZE, record, pax.size);
	pfree(record);
	return TAR_BLOCK_SIZE + padded;
}

size_t
pack_header(const PackMember *member, char *buffer)
{
	size_t		len = 0;
	char		name[NAME_LIMIT + 1];

	/* The slash at the end of a directory's name counts. */
	if (strlen(member->path) + (member->is_directory ? 1 : 0) > NAME_LIMIT)
		len = make_pax_header(buffer, member);
	strlcpy(name, member->path, NAME_LIMIT);
	make_header(buffer + len, member, name);
	return len + TAR_BLOCK_SIZE;
}

int64
pack_padded(int64 size)
{
	return TYPEALIGN64(TAR_BLOCK_SIZE, size);
}
