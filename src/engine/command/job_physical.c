/*
 * Makes a physical backup: the files of the cluster, copied while the server
 * runs, and the WAL that makes them consistent.
 */
#include "command/physical.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/control.h"
#include "cluster/file_list.h"
#include "protocol.h"

/* How much WAL is read at once. */
#define READ_SIZE (1024 * 1024)

#define WAL_HINT "A free replication slot keeps the WAL during a backup: increase max_replication_slots, or wal_keep_size."

/* A physical backup that is being made. */
typedef struct PhysicalRun
{
	json_t	   *job;
	const PhysicalServer *server;
	Repository *repository;
	const char *data_directory;
	PhysicalBackup *physical;
	BackupWriter *writer;
	FileSet    *set;
	Copy	   *copy;
	json_t	   *stopped;		/* what the server said at the end */
} PhysicalRun;

/*
 * Asks the server for something.
 */
static json_t *
ask(const PhysicalRun *run, const char *request)
{
	return run->server->ask(run->server->context, request);
}

/*
 * A text that the server has to say.
 */
static const char *
answer_text(json_t *answer, const char *key)
{
	const char *value = json_string_value(json_object_get(answer, key));

	if (value == NULL)
		fail(FAILURE_USAGE, NULL, "the answer of the server has no \"%s\"", key);
	return value;
}

/*
 * A position in the WAL that the server has to say.
 */
static uint64
answer_lsn(json_t *answer, const char *key)
{
	const char *value = answer_text(answer, key);
	uint64		lsn;

	if (!lsn_parse(value, &lsn))
		fail(FAILURE_USAGE, NULL, "\"%s\" is not a position in the WAL", value);
	return lsn;
}

/*
 * Takes over the tablespaces that the server named.
 */
static void
take_tablespaces(PhysicalBackup *physical, json_t *answer)
{
	json_t	   *tablespaces = json_object_get(answer, "tablespaces");
	size_t		i;
	json_t	   *tablespace;

	physical->tablespaces = pg_malloc0((json_array_size(tablespaces) + 1) *
									   sizeof(BackupTablespace));
	json_array_foreach(tablespaces, i, tablespace)
	{
		BackupTablespace *entry = &physical->tablespaces[physical->tablespace_count++];

		entry->oid = (Oid) job_integer(tablespace, "oid", 0);
		entry->location = pg_strdup(answer_text(tablespace, "location"));
	}
}

/*
 * Has the server begin the backup.  What it says of itself is for the
 * manifest.
 */
static json_t *
start_backup(PhysicalRun *run)
{
	PhysicalBackup *physical = pg_malloc0(sizeof(PhysicalBackup));
	json_t	   *answer = ask(run, "start");

	run->physical = physical;
	physical->start_lsn = answer_lsn(answer, "start_lsn");
	physical->wal_segment_size = job_integer(answer, "wal_segment_size", 0);
	physical->block_size = job_integer(answer, "block_size", 0);
	physical->checksums = json_is_true(json_object_get(answer, "checksums"));
	if (physical->block_size != BLCKSZ || physical->wal_segment_size <= 0)
		fail(FAILURE_STATE, NULL, "cannot back up a server with blocks of %lld bytes, for this program was built for %d",
			 (long long) physical->block_size, BLCKSZ);
	take_tablespaces(physical, answer);
	return answer;
}

/*
 * The path in the backup of a configuration file; allocated.  Below the folder
 * of the main one it is the path from there.
 */
static char *
config_path(const char *source, const char *folder)
{
	size_t		len = strlen(folder);

	if (strncmp(source, folder, len) == 0 && source[len] == '/')
		return psprintf("config%s", source + len);
	return psprintf("config/_%s", source);
}

/*
 * Finds all files.
 */
static void
find_files(PhysicalRun *run, json_t *answer)
{
	json_t	   *config_files = json_object_get(answer, "config_files");
	const char *folder = answer_text(answer, "config_directory");
	size_t		i;
	json_t	   *file;

	run->set = cluster_walk(run->data_directory, job_server_version(run->job) / 10000);
	json_array_foreach(config_files, i, file)
	{
		const char *source = json_string_value(file);

		if (source != NULL)
			file_set_add_config(run->set, config_path(source, folder), source);
	}
	file_set_sort(run->set);
}

/*
 * Says what is wrong with pages, and fails if the job wants that.
 */
static void
report_bad_pages(PhysicalRun *run)
{
	const Copy *copy = run->copy;
	const char *action = job_required_text(run->job, "on_bad_page");

	run->physical->bad_page_count = copy->bad_page_count;
	run->physical->bad_pages = copy->bad_pages;
	run->physical->bad_pages_named = (int) Min(copy->bad_page_count, BAD_PAGE_LIMIT);
	if (copy->bad_page_count == 0)
		return;
	if (strcmp(action, "fail") == 0)
		fail(FAILURE_STATE, "Restore the relation, or set erpgo_backup.on_bad_page to \"warn\" to have backups nevertheless.",
			 "%lld pages do not match their checksums, the first one is block %lld of file \"%s\"",
			 (long long) copy->bad_page_count, (long long) copy->bad_pages[0].block,
			 copy->bad_pages[0].path);
	notice("warning", "The backup has them as they are; earlier backups may have good ones.",
		   "%lld pages do not match their checksums, the first one is block %lld of file \"%s\"",
		   (long long) copy->bad_page_count, (long long) copy->bad_pages[0].block,
		   copy->bad_pages[0].path);
}

/*
 * Copies all files into packs.
 */
static void
copy_files(PhysicalRun *run)
{
	CopyRequest request = {
		.data_directory = run->data_directory,
		.set = run->set,
		.writer = run->writer,
		.jobs = (int) job_integer(run->job, "jobs", 1),
		.max_rate = job_integer(run->job, "max_rate_kb", 0) * 1024,
		.checksums = run->physical->checksums,
		.start = run->physical->start_lsn
	};

	run->copy = cluster_copy(&request);
	report_bad_pages(run);
}

/*
 * The value after a key at the beginning of a line of the label; allocated.
 */
static char *
label_value(const char *label, const char *key)
{
	const char *found = strstr(label, key);

	if (found == NULL || (found != label && found[-1] != '\n'))
		fail(FAILURE_USAGE, NULL, "the label of the backup has no \"%s\"", key);
	found += strlen(key);
	return pnstrdup(found, strcspn(found, " \n"));
}

/*
 * Has the server end the backup, and takes over where it begins and ends.
 */
static void
stop_backup(PhysicalRun *run)
{
	PhysicalBackup *physical = run->physical;
	const char *label;
	char	   *timeline;

	run->stopped = ask(run, "stop");
	label = answer_text(run->stopped, "label");
	physical->stop_lsn = answer_lsn(run->stopped, "stop_lsn");
	timeline = label_value(label, "START TIMELINE: ");
	physical->timeline = (uint32) strtoul(timeline, NULL, 10);
	if (!lsn_parse(label_value(label, "CHECKPOINT LOCATION: "), &physical->checkpoint_lsn) ||
		!lsn_parse(label_value(label, "START WAL LOCATION: "), &physical->start_lsn))
		fail(FAILURE_USAGE, NULL, "the label of the backup does not say where it begins");
	pfree(timeline);
}

/*
 * Stores a small file.
 */
static void
store_bytes(PhysicalRun *run, ObjectKind kind, const char *name, const void *data, size_t len)
{
	ObjectWriter *object = object_begin(run->writer, kind, name, NULL);

	sink_write(object->chain, data, len);
	object_finish(run->writer, object);
}

/*
 * The value of a hexadecimal digit that the server sent.
 */
static unsigned int
digit_value(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found = digit == '\0' ? NULL : strchr(digits, digit);

	if (found == NULL)
		fail(FAILURE_USAGE, NULL, "the pg_control in the answer of the server is not hexadecimal");
	return found - digits;
}

/*
 * Stores pg_control, which the server read.
 */
static void
store_control(PhysicalRun *run)
{
	const char *hex = answer_text(run->stopped, "control");
	char		control[CONTROL_SIZE];
	size_t		len = strlen(hex) / 2;

	for (size_t i = 0; i < Min(len, CONTROL_SIZE); i++)
		control[i] = (char) (digit_value(hex[2 * i]) << 4 | digit_value(hex[2 * i + 1]));
	control_check(control, len, "pg_control", run->repository->system_identifier);
	store_bytes(run, OBJECT_CONTROL, "pg_control", control, CONTROL_SIZE);
}

/*
 * Opens a segment of WAL; FAILURE_STATE if the server has removed it.
 */
static int
open_segment(const char *path)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fail(FAILURE_STATE, WAL_HINT, "the server removed \"%s\" before it was stored", path);
	if (fd < 0)
		fail_errno("could not open file \"%s\"", path);
	return fd;
}

/*
 * Ends the reading of a segment, which must still be there: the server renames
 * and overwrites those that it does not keep.
 */
static void
close_segment(int fd, const char *path)
{
	struct stat ours;
	struct stat present;

	if (fstat(fd, &ours) != 0)
		fail_errno("could not examine file \"%s\"", path);
	if (stat(path, &present) != 0 || present.st_ino != ours.st_ino)
		fail(FAILURE_STATE, WAL_HINT, "the server removed \"%s\" while it was stored", path);
	close(fd);
}

/*
 * Stores a segment of WAL.  The server keeps it until the backup is
 * over, if a replication slot was free.
 */
static void
store_segment(PhysicalRun *run, const char *segment)
{
	char	   *path = psprintf("%s/pg_wal/%s", run->data_directory, segment);
	char	   *name = psprintf("wal-%s", segment);
	char	   *buffer = pg_malloc(READ_SIZE);
	int			fd = open_segment(path);
	ObjectWriter *object;
	ssize_t		len;

	object = object_begin(run->writer, OBJECT_WAL, name, NULL);
	while ((len = read(fd, buffer, READ_SIZE)) != 0)
	{
		if (len < 0 && errno != EINTR)
			fail_errno("could not read file \"%s\"", path);
		if (object->size == 0 && len >= WAL_HEADER_SIZE)
			physical_wal_check(run->physical, segment, buffer, name,
							   run->repository->system_identifier);
		sink_write(object->chain, buffer, Max(len, 0));
	}
	close_segment(fd, path);
	if (object_finish(run->writer, object)->size != run->physical->wal_segment_size)
		fail(FAILURE_IO, NULL, "file \"%s\" is not a whole segment of WAL", path);
	pg_free(buffer);
	pfree(name);
	pfree(path);
}

/*
 * Stores the WAL from the beginning of the backup to its end.
 */
static void
store_wal(PhysicalRun *run)
{
	int64		count = wal_segment_count(run->physical);

	for (int64 i = 0; i < count; i++)
	{
		char	   *segment = wal_segment_name_at(run->physical, i);

		progress_report("storing WAL", NULL, i * run->physical->wal_segment_size,
						count * run->physical->wal_segment_size);
		store_segment(run, segment);
		pg_free(segment);
	}
}

/*
 * Stores what the server said, and what was made.  From then on the server
 * need not keep the WAL any more, however long the verification takes.
 */
static void
store_rest(PhysicalRun *run)
{
	const char *label = answer_text(run->stopped, "label");
	const char *map = answer_text(run->stopped, "tablespace_map");

	store_bytes(run, OBJECT_LABEL, "backup_label", label, strlen(label));
	if (map[0] != '\0')
		store_bytes(run, OBJECT_TABLESPACE_MAP, "tablespace_map", map, strlen(map));
	store_control(run);
	store_wal(run);
	json_decref(ask(run, "release"));
	file_list_store(run->writer, run->set, run->copy);
	run->writer->manifest->physical = run->physical;
}

void
physical_backup(json_t *job, Repository *repository, const PhysicalServer *server)
{
	PhysicalRun run = {.job = job, .server = server, .repository = repository};
	json_t	   *started;

	run.data_directory = job_required_text(json_object_get(job, "server"), "data_directory");
	job_require_outside(job);
	job_send_space(run.repository, NULL);
	job_require_space(job, run.repository, job_integer(job, "expected_bytes", 0));
	run.writer = job_begin_backup(run.repository, job_manifest(job, run.repository), 1);

	started = start_backup(&run);
	progress_report("copying", NULL, 0, 0);
	find_files(&run, started);
	copy_files(&run);
	progress_report("stopping", NULL, run.set->bytes, run.set->bytes);
	stop_backup(&run);
	store_rest(&run);
	job_finish_backup(job, run.writer, run.set->bytes);
}

/*
 * Asks the server that has started this engine.
 */
static json_t *
ask_parent(void *context, const char *request)
{
	return protocol_ask(request, json_object());
}

json_t *
job_backup_physical(json_t *job)
{
	PhysicalServer server = {.ask = ask_parent};

	progress_report("starting", NULL, 0, 0);
	physical_backup(job, job_owned_repository(job), &server);
	return json_object();
}
