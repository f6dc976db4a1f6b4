/*
 * Verifies the objects that only physical backups have.
 */
#include "postgres_fe.h"

#include "cluster/control.h"
#include "cluster/pack_check.h"
#include "command/verify_physical.h"

/*
 * Reads a pack as the archive that it is.
 */
static void
verify_pack(Verification *verification, const ManifestObject *object,
			Sink *(*progress) (Sink *next))
{
	const Manifest *manifest = verification->backup->manifest;
	PackContent *content = pack_content_read(verification->repository,
											 verification->backup, object);
	Sink	   *chain = tar_check_sink(content, verification->depth >= VERIFY_FULL);

	chain = decompress_sink(chain, manifest->compression.method, content->name);
	chain = frame_check_sink(chain, content);
	chain = progress(backup_decrypt_sink(chain, verification->backup, content->name));
	object_get_content(verification, object, chain);
	sink_release(chain);
	pack_content_free(content);
}

/*
 * Takes an entry of the list of files, which has been checked.
 */
static void
drop_file(void *context, const ListedFile *file)
{
	pg_free(unconstify(char *, file->member.path));
	pg_free(file->source);
}

/*
 * Compares the list of frames with every pack.
 */
static void
verify_frames(Verification *verification)
{
	const Manifest *manifest = verification->backup->manifest;

	for (int pack = 1; manifest_pack(manifest, pack) != NULL; pack++)
	{
		int			count;

		pg_free(frame_list_read(verification->repository, verification->backup, pack, &count));
	}
}

/*
 * Reads pg_control.
 */
static void
verify_control(Verification *verification, const ManifestObject *object)
{
	size_t		len;
	char	   *control = object_read_bytes(verification->repository, verification->backup,
											object, &len);

	control_check(control, len, object->name,
				  verification->backup->manifest->system_identifier);
	pg_free(control);
}

/*
 * Reads the label, which must say where the manifest says that replay begins.
 */
static void
verify_label(Verification *verification, const ManifestObject *object)
{
	size_t		len;
	char	   *label = object_read_bytes(verification->repository, verification->backup,
										  object, &len);

	label_check(label, object->name, verification->backup->manifest->physical);
	pg_free(label);
}

/*
 * Decodes an object to its end.
 */
static void
verify_decodes(Verification *verification, const ManifestObject *object,
			   Sink *(*progress) (Sink *next))
{
	int64		size = 0;
	Sink	   *chain = progress(count_sink(NULL, &size));

	object_read(verification->repository, verification->backup, object, chain);
	sink_release(chain);
}

/* Keeps the beginning of what passes. */
typedef struct HeadSink
{
	Sink		sink;
	char		head[WAL_HEADER_SIZE];
	size_t		len;
} HeadSink;

static void
head_write(Sink *sink, const void *data, size_t len)
{
	HeadSink   *head = (HeadSink *) sink;
	size_t		taken = Min(len, WAL_HEADER_SIZE - head->len);

	memcpy(head->head + head->len, data, taken);
	head->len += taken;
}

static void
head_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps head_ops = {
	.write = head_write,
	.release = head_release
};

/*
 * Decodes a segment of WAL, whose beginning says which one it is.
 */
static void
verify_wal(Verification *verification, const ManifestObject *object,
		   Sink *(*progress) (Sink *next))
{
	const Manifest *manifest = verification->backup->manifest;
	HeadSink   *head = pg_malloc0(sizeof(HeadSink));
	Sink	   *chain = progress(&head->sink);
	char	   *segment = pg_strdup(object->name + Min(strlen(object->name), strlen("wal-")));

	head->sink.ops = &head_ops;
	segment[strcspn(segment, ".")] = '\0';
	object_read(verification->repository, verification->backup, object, chain);
	if (object->size != manifest->physical->wal_segment_size)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: it is not a whole segment of WAL",
			 object->name);
	physical_wal_check(manifest->physical, segment, head->head, object->name,
					   manifest->system_identifier);
	sink_release(chain);
	pg_free(segment);
}

void
verify_physical_object(Verification *verification, const ManifestObject *object,
					   Sink *(*progress) (Sink *next))
{
	if (object->kind == OBJECT_PACK)
		verify_pack(verification, object, progress);
	else if (object->kind == OBJECT_FILES)
		file_list_read(verification->repository, verification->backup, drop_file, NULL);
	else if (object->kind == OBJECT_FRAMES)
		verify_frames(verification);
	else if (object->kind == OBJECT_CONTROL)
		verify_control(verification, object);
	else if (object->kind == OBJECT_LABEL)
		verify_label(verification, object);
	else if (object->kind == OBJECT_WAL)
		verify_wal(verification, object, progress);
	else
		verify_decodes(verification, object, progress);
}
