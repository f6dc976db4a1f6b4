/*
 * What making a logical and a physical backup have in common: the beginning
 * and the end.
 */
#include "command/job.h"

#include <openssl/crypto.h>

#include "common/version.h"
#include "job_state.h"
#include "process.h"
#include "protocol.h"

BackupType
job_backup_type(json_t *job)
{
	const char *word = job_required_text(job, "type");
	BackupType	type;
	BackupType	type_in_id;

	if (!backup_type_parse(word, &type) || type == BACKUP_INCREMENTAL)
		fail(FAILURE_USAGE, "Valid types are \"full\", \"schema\", \"data\" and \"physical\".",
			 "cannot make a backup of type \"%s\"", word);
	if (!backup_id_parse(job_backup_id(job), NULL, &type_in_id) || type_in_id != type)
		fail(FAILURE_USAGE, NULL, "\"%s\" is not the identifier of a backup of type \"%s\"",
			 job_backup_id(job), word);
	return type;
}

Compression
job_compression(json_t *job)
{
	const char *word = job_required_text(job, "compression");
	Compression compression;
	const char *problem;

	if (!compression_parse(word, &compression, &problem))
		fail(FAILURE_USAGE, problem, "there is no compression \"%s\"", word);
	return compression;
}

/*
 * A copy of a text that may be NULL.
 */
static char *
copy_text(const char *value)
{
	return value == NULL ? NULL : pg_strdup(value);
}

Manifest *
job_manifest(json_t *job, Repository *repository)
{
	json_t	   *server = json_object_get(job, "server");
	Manifest   *manifest = pg_malloc0(sizeof(Manifest));

	strlcpy(manifest->id, job_backup_id(job), sizeof(manifest->id));
	manifest->type = job_backup_type(job);
	manifest->cluster = pg_strdup(repository->cluster);
	manifest->system_identifier = pg_strdup(job_required_text(server, "system_identifier"));
	manifest->server_version = job_server_version(job);
	manifest->engine_version = pg_strdup(ERPGO_BACKUP_VERSION);
	manifest->started_ms = time_now_ms();
	manifest->compression = job_compression(job);
	manifest->cipher = job_cipher(job, repository);
	manifest->label = copy_text(job_text(job, "label"));
	manifest->schedule = copy_text(job_text(job, "schedule"));
	manifest->scope_known = true;
	manifest->scope = job_databases(job, &manifest->scope_count);
	return manifest;
}

/*
 * Says, as long as there is progress, that the folder is ours.
 */
static void
renew_claim(void *writer)
{
	backup_renew(writer);
}

BackupWriter *
job_begin_backup(Repository *repository, Manifest *manifest, int workers)
{
	BackupWriter *writer = backup_prepare(repository, manifest, workers);

	job_state_note_backup(BACKUP_BEGINNING);
	backup_begin(writer);
	job_state_note_backup(BACKUP_BEGUN);
	progress_set_companion(renew_claim, writer);
	return writer;
}

/*
 * Writes the manifest: now the backup exists.
 */
static void
publish(BackupWriter *writer, int64 bytes_done)
{
	progress_report("publishing", NULL, bytes_done, bytes_done);
	progress_set_companion(NULL, NULL);
	writer->manifest->finished_ms = time_now_ms();
	backup_publish(writer);
}

void
job_finish_backup(json_t *job, BackupWriter *writer, int64 bytes_done)
{
	Backup		backup = {.manifest = writer->manifest};
	VerifyDepth depth = job_depth(job);

	strlcpy(backup.data_key, writer->data_key, sizeof(backup.data_key));
	backup_verify(writer->repository, &backup, depth,
				  program_path(job_bindir(job), "pg_restore"), (int) job_integer(job, "jobs", 1));
	writer->manifest->verified_depth = depth;
	publish(writer, bytes_done);
	job_send_space(writer->repository, NULL);
	job_send_backup(backup_to_json(&backup));

	/* From here on only the private key opens what was sealed. */
	OPENSSL_cleanse(backup.data_key, sizeof(backup.data_key));
	OPENSSL_cleanse(writer->data_key, sizeof(writer->data_key));
}
