/*
 * The file backup_manifest, as the server's own base backup writes it.
 */
#include "postgres_fe.h"

#include <time.h>

#include "cluster/backup_manifest.h"
#include "failure.h"
#include "lib/stringinfo.h"

/* The first version of the server whose manifest names the cluster. */
#define SYSTEM_IDENTIFIER_SINCE 170000

struct BackupManifestWriter
{
	Sink	   *into;
	Sink	   *digest_chain;	/* hashes what is written */
	Digest		digest;
	const Manifest *manifest;
	int64		count;
};

/* What pg_verifybackup ignores, because it changes after the backup. */
static const char *const ignored_files[] = {
	"backup_manifest",
	"postgresql.auto.conf",
	"recovery.signal",
	"standby.signal",
};

/*
 * Writes text that the checksum covers.
 */
static void
pg_attribute_printf(2, 3)
write_text(BackupManifestWriter *writer, const char *format,...)
{
	va_list		args;
	char		line[1024];
	int			len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	Assert(len >= 0 && len < (int) sizeof(line));
	sink_write(writer->into, line, len);
	sink_write(writer->digest_chain, line, len);
}

/*
 * Writes a text as JSON, however long it is.
 */
static void
write_json_text(BackupManifestWriter *writer, const char *value)
{
	json_t	   *json = json_string(value);
	char	   *dumped = json_dumps(json, JSON_ENCODE_ANY);

	if (dumped == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not write \"%s\" as JSON", value);
	sink_write(writer->into, dumped, strlen(dumped));
	sink_write(writer->digest_chain, dumped, strlen(dumped));
	free(dumped);
	json_decref(json);
}

BackupManifestWriter *
backup_manifest_begin(Sink *into, const Manifest *manifest)
{
	BackupManifestWriter *writer = pg_malloc0(sizeof(BackupManifestWriter));

	writer->into = into;
	writer->digest_chain = digest_sink(NULL, &writer->digest);
	writer->manifest = manifest;
	if (manifest->server_version >= SYSTEM_IDENTIFIER_SINCE)
		write_text(writer, "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
				   "\"System-Identifier\": %s,\n\"Files\": [",
				   manifest->system_identifier);
	else
		write_text(writer, "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [");
	return writer;
}

void
backup_manifest_add(BackupManifestWriter *writer, const BackupManifestFile *file)
{
	time_t		seconds = (time_t) file->mtime;
	struct tm	parts;
	char		modified[64];

	if (gmtime_r(&seconds, &parts) == NULL ||
		strftime(modified, sizeof(modified), "%Y-%m-%d %H:%M:%S GMT", &parts) == 0)
		strlcpy(modified, "1970-01-01 00:00:00 GMT", sizeof(modified));
	write_text(writer, "%s\n{ \"Path\": ", writer->count++ == 0 ? "" : ",");
	write_json_text(writer, file->path);
	write_text(writer, ", \"Size\": %lld, \"Last-Modified\": \"%s\", "
			   "\"Checksum-Algorithm\": \"SHA256\", \"Checksum\": \"%s\" }",
			   (long long) file->size, modified, file->sha256);
}

void
backup_manifest_finish(BackupManifestWriter *writer)
{
	const PhysicalBackup *physical = writer->manifest->physical;
	char	   *last;

	write_text(writer, "\n],\n\"WAL-Ranges\": [\n"
			   "{ \"Timeline\": %u, \"Start-LSN\": \"%s\", \"End-LSN\": \"%s\" }\n],\n",
			   physical->timeline, lsn_text(physical->start_lsn),
			   lsn_text(physical->stop_lsn));
	sink_finish(writer->digest_chain);
	last = psprintf("\"Manifest-Checksum\": \"%s\"}\n", writer->digest.sha256);
	sink_write(writer->into, last, strlen(last));
	sink_release(writer->digest_chain);
	pfree(last);
	pg_free(writer);
}

bool
backup_manifest_has(const char *path)
{
	for (int i = 0; i < lengthof(ignored_files); i++)
	{
		if (strcmp(path, ignored_files[i]) == 0)
			return false;
	}
	return strncmp(path, "pg_wal/", strlen("pg_wal/")) != 0;
}
