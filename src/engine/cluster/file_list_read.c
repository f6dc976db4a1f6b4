/*
 * Reading the list of the files in a physical backup, which may be anything
 * where the backup is not encrypted: everything is checked.
 */
#include "cluster/file_list.h"

#include <jansson.h>

#include "failure.h"
#include "lib/stringinfo.h"

/* A line holds a path twice at most, escaped, and some numbers. */
#define LINE_LIMIT (64 * 1024)

/* A frame takes so many bytes in the list of frames. */
#define FRAME_ENTRY_SIZE (8 + FRAME_DIGEST_SIZE)

/* Where the lines of the list arrive. */
typedef struct LineSink
{
	Sink		sink;
	StringInfoData line;
	char	   *name;			/* of the object */
	const Manifest *manifest;
	char	   *last_path;		/* of the line before; "" for the first */
	ListedFileTaker take;
	void	   *context;
} LineSink;

/*
 * Fails unless something about a line holds.
 */
static void
check(bool holds, const LineSink *lines, const char *problem)
{
	if (!holds)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is damaged: after \"%s\", %s",
			 lines->name, lines->last_path, problem);
}

/*
 * Is this a path that cannot lead out of the data directory?
 */
static bool
is_safe_path(const char *path)
{
	const char *part = path;

	if (path == NULL || path[0] == '\0')
		return false;
	while (part != NULL)
	{
		size_t		len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
			(len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part = part[len] == '\0' ? NULL : part + len + 1;
	}
	return true;
}

/*
 * A member of an entry that is a number in a range.
 */
static int64
get_number(const LineSink *lines, json_t *json, const char *key, int64 least, int64 most)
{
	json_t	   *value = json_object_get(json, key);

	/* There are many entries: nothing is allocated for those that hold. */
	if (!json_is_integer(value) || json_integer_value(value) < least ||
		json_integer_value(value) > most)
		check(false, lines, psprintf("\"%s\" is missing or out of range", key));
	return json_integer_value(value);
}

/*
 * Reads what only a file has.
 */
static void
read_content(const LineSink *lines, json_t *json, ListedFile *file)
{
	const char *sha256 = json_string_value(json_object_get(json, "sha256"));
	const char *source = json_string_value(json_object_get(json, "source"));

	file->member.size = get_number(lines, json, "size", 0, PG_INT64_MAX / 2);
	file->member.mtime = get_number(lines, json, "mtime", PG_INT64_MIN, PG_INT64_MAX);
	check(sha256 != NULL && hex_is_valid(sha256, SHA256_HEX_SIZE - 1), lines,
		  "\"sha256\" is not a SHA-256");
	strlcpy(file->sha256, sha256, sizeof(file->sha256));
	if (source != NULL)
		file->source = pg_strdup(source);
}

/*
 * Reads where it is.
 */
static void
read_position(const LineSink *lines, json_t *json, ListedFile *file)
{
	file->is_stored = json_object_get(json, "pack") != NULL;
	check(file->is_stored || file->member.is_directory, lines, "a file is in no pack");
	if (!file->is_stored)
		return;
	file->position.pack = (int) get_number(lines, json, "pack", 1, PG_INT32_MAX);
	file->position.frame = (uint32) get_number(lines, json, "frame", 0, PG_UINT32_MAX);
	file->position.offset = get_number(lines, json, "offset", 0, PG_INT64_MAX / 2);
	check(manifest_pack(lines->manifest, file->position.pack) != NULL, lines,
		  "there is no such pack");
}

/*
 * Reads an entry and hands it on.
 */
static void
take_line(LineSink *lines)
{
	json_t	   *json = json_loadb(lines->line.data, lines->line.len,
								  JSON_REJECT_DUPLICATES, NULL);
	const char *path = json_string_value(json_object_get(json, "path"));
	const char *type = json_string_value(json_object_get(json, "type"));
	ListedFile	file = {0};

	check(is_safe_path(path), lines, "\"path\" is missing, or not one in the data directory");
	check(strcmp(lines->last_path, path) < 0, lines, "a path is not in order");
	check(type != NULL && (strcmp(type, "file") == 0 || strcmp(type, "directory") == 0),
		  lines, "\"type\" is neither \"file\" nor \"directory\"");
	file.member.path = pg_strdup(path);
	file.member.is_directory = strcmp(type, "directory") == 0;
	file.member.mode = (uint16) get_number(lines, json, "mode", 0, 07777);
	if (!file.member.is_directory)
		read_content(lines, json, &file);
	read_position(lines, json, &file);
	pg_free(lines->last_path);
	lines->last_path = pg_strdup(path);
	json_decref(json);
	lines->take(lines->context, &file);
}

static void
line_write(Sink *sink, const void *data, size_t len)
{
	LineSink   *lines = (LineSink *) sink;
	const char *from = data;

	while (len > 0)
	{
		const char *end = memchr(from, '\n', len);
		size_t		taken = end == NULL ? len : end - from;

		check(lines->line.len + taken <= LINE_LIMIT, lines, "a line is too long");
		appendBinaryStringInfo(&lines->line, from, taken);
		if (end != NULL)
		{
			take_line(lines);
			resetStringInfo(&lines->line);
			taken++;
		}
		from += taken;
		len -= taken;
	}
}

static void
line_finish(Sink *sink)
{
	LineSink   *lines = (LineSink *) sink;

	check(lines->line.len == 0, lines, "it does not end with a line feed");
}

static void
line_release(Sink *sink)
{
	LineSink   *lines = (LineSink *) sink;

	pfree(lines->line.data);
	pg_free(lines->last_path);
	pg_free(lines->name);
	pg_free(lines);
}

static const SinkOps line_ops = {
	.write = line_write,
	.finish = line_finish,
	.release = line_release
};

/*
 * The only object of a kind, which a physical backup must have.
 */
static const ManifestObject *
require_object(const Manifest *manifest, ObjectKind kind)
{
	const ManifestObject *object = manifest_object(manifest, kind);

	if (object == NULL)
		fail(FAILURE_DAMAGED, NULL, "backup \"%s\" has no object of the kind \"%s\"",
			 manifest->id, object_kind_name(kind));
	return object;
}

void
file_list_read(Repository *repository, const Backup *backup, ListedFileTaker take,
			   void *context)
{
	const ManifestObject *object = require_object(backup->manifest, OBJECT_FILES);
	LineSink   *lines = pg_malloc0(sizeof(LineSink));

	lines->sink.ops = &line_ops;
	initStringInfo(&lines->line);
	lines->name = backup_object_name(repository, backup->manifest->id, object->name);
	lines->manifest = backup->manifest;
	lines->last_path = pg_strdup("");
	lines->take = take;
	lines->context = context;
	object_read(repository, backup, object, &lines->sink);
	sink_release(&lines->sink);
}

const ManifestObject *
manifest_pack(const Manifest *manifest, int number)
{
	char	   *base = pack_name(number);
	char	   *name = psprintf("%s%s%s", base, compression_suffix(manifest->compression.method),
								cipher_suffix(manifest->cipher));
	const ManifestObject *found = NULL;

	for (int i = 0; i < manifest->object_count && found == NULL; i++)
	{
		if (manifest->objects[i].kind == OBJECT_PACK &&
			strcmp(manifest->objects[i].name, name) == 0)
			found = &manifest->objects[i];
	}
	pfree(name);
	pfree(base);
	return found;
}

/*
 * Reads a number, least significant byte first.
 */
static uint32
read_uint32(const char *data)
{
	const unsigned char *bytes = (const unsigned char *) data;

	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32) bytes[3] << 24;
}

/*
 * Reads the frames of one pack, and adds up what they have.
 */
static PackFrame *
read_frames(const char *data, int count, int64 *plain, int64 *stored)
{
	PackFrame  *frames = pg_malloc0((count + 1) * sizeof(PackFrame));

	*plain = *stored = 0;
	for (int i = 0; i < count; i++)
	{
		const char *entry = data + (size_t) i * FRAME_ENTRY_SIZE;

		frames[i].plain_len = read_uint32(entry);
		frames[i].stored_len = read_uint32(entry + 4);
		memcpy(frames[i].digest, entry + 8, FRAME_DIGEST_SIZE);
		*plain += frames[i].plain_len;
		*stored += frames[i].stored_len;
	}
	return frames;
}

PackFrame *
frame_list_read(Repository *repository, const Backup *backup, int pack, int *count)
{
	const ManifestObject *object = require_object(backup->manifest, OBJECT_FRAMES);
	char	   *name = backup_object_name(repository, backup->manifest->id, object->name);
	char	   *buffer;
	size_t		len;
	Sink	   *sink = memory_sink(&buffer, &len, object->size, name);
	size_t		position = 0;
	PackFrame  *frames = NULL;
	int64		plain = -1;
	int64		stored;

	object_read(repository, backup, object, sink);
	sink_release(sink);
	for (int number = 1; number <= pack && len - position >= 4; number++)
	{
		uint32		entries = read_uint32(buffer + position);

		position += 4;
		if (entries > (len - position) / FRAME_ENTRY_SIZE)
			break;
		*count = (int) entries;
		if (number == pack)
			frames = read_frames(buffer + position, *count, &plain, &stored);
		position += (size_t) entries * FRAME_ENTRY_SIZE;
	}
	if (frames == NULL || plain != manifest_pack(backup->manifest, pack)->size)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: its frames are not those of pack %d", name, pack);
	pg_free(buffer);
	pg_free(name);
	return frames;
}
