/*
 * Storing the list of the files in a physical backup.
 */
#include "cluster/file_list.h"

#include <jansson.h>

#include "failure.h"

/*
 * An entry of the list.  A path that is not UTF-8 could not be written as
 * JSON.
 */
static json_t *
entry_to_json(const ClusterFile *file, const CopyResult *result)
{
	json_t	   *path = json_string(file->path);
	json_t	   *json;

	if (path == NULL)
		fail(FAILURE_STATE, "Rename the file, or remove it.",
			 "cannot back up file \"%s\", because its name is not valid UTF-8", file->path);
	json = json_pack("{s:o, s:s, s:i}", "path", path,
					 "type", file->is_directory ? "directory" : "file",
					 "mode", (int) file->mode);
	if (!file->is_directory)
	{
		json_object_set_new(json, "size", json_integer(result->size));
		json_object_set_new(json, "mtime", json_integer(file->mtime));
		json_object_set_new(json, "sha256", json_string(result->sha256));
	}
	if (result->state == COPY_STORED)
	{
		json_object_set_new(json, "pack", json_integer(result->position.pack));
		json_object_set_new(json, "frame", json_integer(result->position.frame));
		json_object_set_new(json, "offset", json_integer(result->position.offset));
	}
	if (file->source != NULL)
		json_object_set_new(json, "source", json_string(file->source));
	return json;
}

/*
 * Stores the list.
 */
static void
store_files(BackupWriter *writer, const FileSet *set, const Copy *copy)
{
	ObjectWriter *object = object_begin(writer, OBJECT_FILES, "files.jsonl", NULL);

	for (int i = 0; i < set->count; i++)
	{
		json_t	   *json;
		char	   *line;

		if (copy->results[i].state == COPY_GONE)
			continue;
		json = entry_to_json(&set->files[i], &copy->results[i]);
		line = json_dumps(json, JSON_COMPACT);
		sink_write(object->chain, line, strlen(line));
		sink_write(object->chain, "\n", 1);
		free(line);
		json_decref(json);
	}
	object_finish(writer, object);
}

/*
 * Writes a number, least significant byte first.
 */
static void
write_uint32(Sink *sink, uint32 value)
{
	unsigned char bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char) (value >> 8 * i);
	sink_write(sink, bytes, sizeof(bytes));
}

/*
 * Stores the frames of all packs.
 */
static void
store_frames(BackupWriter *writer, const Copy *copy)
{
	ObjectWriter *object = object_begin(writer, OBJECT_FRAMES, "frames.bin", NULL);

	for (int pack = 0; pack < copy->pack_count; pack++)
	{
		write_uint32(object->chain, copy->frame_counts[pack]);
		for (int i = 0; i < copy->frame_counts[pack]; i++)
		{
			const PackFrame *frame = &copy->frames[pack][i];

			write_uint32(object->chain, frame->plain_len);
			write_uint32(object->chain, frame->stored_len);
			sink_write(object->chain, frame->digest, FRAME_DIGEST_SIZE);
		}
	}
	object_finish(writer, object);
}

void
file_list_store(BackupWriter *writer, const FileSet *set, const Copy *copy)
{
	store_files(writer, set, copy);
	store_frames(writer, copy);
}
