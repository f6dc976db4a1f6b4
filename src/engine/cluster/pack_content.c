/*
 * What the lists of a backup say of a pack.
 */
#include "cluster/pack_check.h"

#include "failure.h"

/*
 * Keeps an entry that is in the pack.
 */
static void
keep_file(void *context, const ListedFile *file)
{
	PackContent *content = context;

	if (!file->is_stored || file->position.pack != content->pack)
	{
		pg_free(unconstify(char *, file->member.path));
		pg_free(file->source);
		return;
	}
	if (content->count == content->capacity)
	{
		content->capacity = Max(1024, content->capacity * 2);
		content->files = pg_realloc(content->files, content->capacity * sizeof(ListedFile));
	}
	content->files[content->count++] = *file;
}

int
listed_file_compare(const void *a, const void *b)
{
	const PackPosition *left = &((const ListedFile *) a)->position;
	const PackPosition *right = &((const ListedFile *) b)->position;

	if (left->pack != right->pack)
		return left->pack < right->pack ? -1 : 1;
	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

void
pack_content_check_frames(const PackContent *content)
{
	int64		begin = 0;
	int			frame = 0;

	for (int i = 0; i < content->count; i++)
	{
		const PackPosition *position = &content->files[i].position;

		while (frame < content->frame_count &&
			   begin + content->frames[frame].plain_len <= position->offset)
			begin += content->frames[frame++].plain_len;
		if (position->frame != frame || frame == content->frame_count)
			fail(FAILURE_DAMAGED, NULL,
				 "object \"%s\" is damaged: file \"%s\" does not begin in frame %u",
				 content->name, content->files[i].member.path, position->frame);
	}
}

PackContent *
pack_content_read(Repository *repository, const Backup *backup, const ManifestObject *object)
{
	PackContent *content = pg_malloc0(sizeof(PackContent));

	if (sscanf(object->name, "pack-%d.tar", &content->pack) != 1 ||
		manifest_pack(backup->manifest, content->pack) != object)
		fail(FAILURE_DAMAGED, NULL, "\"%s\" is not the name of a pack", object->name);
	content->name = backup_object_name(repository, backup->manifest->id, object->name);
	content->frames = frame_list_read(repository, backup, content->pack,
									  &content->frame_count);
	file_list_read(repository, backup, keep_file, content);
	if (content->count > 0)
		qsort(content->files, content->count, sizeof(ListedFile), listed_file_compare);
	pack_content_check_frames(content);
	return content;
}

void
pack_content_free(PackContent *content)
{
	for (int i = 0; i < content->count; i++)
	{
		pg_free(unconstify(char *, content->files[i].member.path));
		pg_free(content->files[i].source);
	}
	pg_free(content->files);
	pg_free(content->frames);
	pg_free(content->name);
	pg_free(content);
}
