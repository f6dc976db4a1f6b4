/*
 * What the beginning of a WAL segment says of it.
 *
 * The server only names the file.  A file that is cut short, or one of another
 * server that was put in its place, is found before it is archived.
 */
#include "postgres_fe.h"

#include "access/xlog_internal.h"
#include "failure.h"
#include "repository/wal_segment.h"

StaticAssertDecl(WAL_SEGMENT_HEADER_SIZE == SizeOfXLogLongPHD,
				 "a segment begins with the long header of a page");

/*
 * Where a segment begins.
 */
static XLogRecPtr
segment_start(const WalName *name, uint32 segment_bytes)
{
	return ((uint64) name->log << 32) + (uint64) name->segment * segment_bytes;
}

/*
 * Why this is not the segment; NULL if it is.
 */
static const char *
find_problem(const XLogLongPageHeaderData *header, int64 size,
			 const WalName *name, const char *system_identifier)
{
	if ((header->std.xlp_info & XLP_LONG_HEADER) == 0 ||
		!IsValidWalSegSize(header->xlp_seg_size))
		return "it does not begin as a segment of WAL does";
	if (header->xlp_sysid != strtou64(system_identifier, NULL, 10))
		return psprintf("it belongs to a server with the system identifier " UINT64_FORMAT,
						header->xlp_sysid);
	if (header->xlp_seg_size != size)
		return psprintf("it has " INT64_FORMAT " bytes instead of %u", size,
						header->xlp_seg_size);
	if (header->std.xlp_pageaddr != segment_start(name, header->xlp_seg_size) ||
		header->std.xlp_tli > name->timeline)
		return "it holds another segment";
	return NULL;
}

void
wal_segment_check(const char *header, int64 size, const WalName *name,
				  const char *system_identifier, const char *path)
{
	XLogLongPageHeaderData decoded;
	const char *problem = "it is too short";

	if (size >= WAL_SEGMENT_HEADER_SIZE)
	{
		memcpy(&decoded, header, sizeof(decoded));
		problem = find_problem(&decoded, size, name, system_identifier);
	}
	if (problem != NULL)
		fail(FAILURE_DAMAGED, NULL, "file \"%s\" is not the segment that its name says: %s",
			 path, problem);
}

uint32
wal_segment_size(const char *header, int64 known, const char *path)
{
	XLogLongPageHeaderData decoded;

	memcpy(&decoded, header, sizeof(decoded));
	if (known < WAL_SEGMENT_HEADER_SIZE || !IsValidWalSegSize(decoded.xlp_seg_size) ||
		decoded.xlp_seg_size < known)
		fail(FAILURE_DAMAGED, NULL, "file \"%s\" does not begin as a segment of WAL does",
			 path);
	return decoded.xlp_seg_size;
}
