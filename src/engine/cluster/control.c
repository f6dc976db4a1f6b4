/*
 * What a cluster says of itself.
 */
#include "cluster/control.h"

#include "access/xlog_internal.h"
#include "catalog/pg_control.h"
#include "failure.h"
#include "port/pg_crc32c.h"

StaticAssertDecl(sizeof(XLogLongPageHeaderData) <= WAL_HEADER_SIZE,
				 "the header of a segment is too long");
StaticAssertDecl(PG_CONTROL_FILE_SIZE == CONTROL_SIZE,
				 "pg_control has another size");

void
control_check(const char *control, size_t len, const char *name,
			  const char *system_identifier)
{
	ControlFileData data;
	pg_crc32c	crc;

	if (len != CONTROL_SIZE)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it has %zu bytes instead of %d",
			 name, len, CONTROL_SIZE);
	memcpy(&data, control, sizeof(data));
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, control, offsetof(ControlFileData, crc));
	FIN_CRC32C(crc);
	if (!EQ_CRC32C(crc, data.crc))
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: its checksum is wrong", name);
	if (strcmp(psprintf(UINT64_FORMAT, data.system_identifier), system_identifier) != 0)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it belongs to another cluster",
			 name);
}

void
label_check(const char *label, const char *name, const PhysicalBackup *physical)
{
	char	   *first = psprintf("START WAL LOCATION: %s (file ",
								 lsn_text(physical->start_lsn));

	if (strncmp(label, first, strlen(first)) != 0)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it does not begin where the manifest says",
			 name);
	pfree(first);
}

/*
 * The number of the segment that has the byte before a position, or at it.
 */
static XLogSegNo
segment_number(const PhysicalBackup *physical, uint64 lsn)
{
	return lsn / physical->wal_segment_size;
}

char *
wal_segment_name(const PhysicalBackup *physical, uint64 lsn)
{
	char		name[MAXFNAMELEN];

	XLogFileName(name, physical->timeline, segment_number(physical, lsn),
				 (int) physical->wal_segment_size);
	return pg_strdup(name);
}

int64
wal_segment_count(const PhysicalBackup *physical)
{
	return segment_number(physical, physical->stop_lsn - 1) -
		segment_number(physical, physical->start_lsn) + 1;
}

char *
wal_segment_name_at(const PhysicalBackup *physical, int64 index)
{
	return wal_segment_name(physical,
							physical->start_lsn + index * physical->wal_segment_size);
}

void
physical_wal_check(const PhysicalBackup *physical, const char *segment,
				   const char *begin, const char *name,
				   const char *system_identifier)
{
	XLogLongPageHeaderData header;
	char		expected[MAXFNAMELEN];

	memcpy(&header, begin, sizeof(header));
	XLogFileName(expected, physical->timeline,
				 header.std.xlp_pageaddr / physical->wal_segment_size,
				 (int) physical->wal_segment_size);
	if (strcmp(expected, segment) != 0 ||
		header.std.xlp_pageaddr % physical->wal_segment_size != 0 ||
		header.xlp_seg_size != physical->wal_segment_size ||
		strcmp(psprintf(UINT64_FORMAT, header.xlp_sysid), system_identifier) != 0)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it is not segment \"%s\" of the WAL",
			 name, segment);
}
