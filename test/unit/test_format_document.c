/*
 * docs/REPOSITORY_FORMAT.md says what is true: its worked example is read by
 * this program, and its script reads it without.
 */
#include "helpers.h"
#include "example.h"
#include "scratch.h"

#include <openssl/evp.h>
#include <unistd.h>

#include "repository/repository.h"
#include "stream/filters.h"

#define DOCUMENT "docs/REPOSITORY_FORMAT.md"
#define SCRIPT_START "\n```bash\n"
#define SCRIPT_END "\n```\n"
#define OBJECT_SIZE 48

static char *directory;

/*
 * The document; the case is skipped where it is not to be found.
 */
static char *
read_document(void)
{
	if (access(DOCUMENT, R_OK) != 0)
		skip();
	return scratch_read(DOCUMENT, NULL);
}

/*
 * The stored bytes of the example's object.
 */
static void
decode_object(unsigned char object[OBJECT_SIZE])
{
	assert_int_equal(EVP_DecodeBlock(object, (const unsigned char *) EXAMPLE_OBJECT_BASE64,
									 strlen(EXAMPLE_OBJECT_BASE64)),
					 OBJECT_SIZE);
}

/*
 * Makes a repository of the texts of the example.
 */
static int
make_example(void **state)
{
	Store	   *store;
	unsigned char object[OBJECT_SIZE];
	Sink	   *put;

	directory = scratch_directory();
	store = store_open(directory, false);
	store_put_text(store, "main/cluster.json", EXAMPLE_CLUSTER, PUT_NEW);
	store_put_text(store, EXAMPLE_KEY_NAME, EXAMPLE_KEY, PUT_NEW);
	store_put_text(store, EXAMPLE_BACKUP_FOLDER MANIFEST_NAME, EXAMPLE_MANIFEST, PUT_NEW);
	store_put_text(store, EXAMPLE_BACKUP_FOLDER EVENT_FOLDER EXAMPLE_EVENT_NAME, EXAMPLE_EVENT, PUT_NEW);
	decode_object(object);
	put = store_put(store, EXAMPLE_BACKUP_FOLDER EXAMPLE_OBJECT_NAME, PUT_NEW);
	sink_write(put, object, OBJECT_SIZE);
	sink_finish(put);
	sink_release(put);
	store_close(store);
	return 0;
}

static void
the_example_is_read_whole(void **state)
{
	Repository *repository = repository_open(directory, NULL, EXAMPLE_MASTER_KEY);
	Backup	   *backup = backup_load(repository, EXAMPLE_BACKUP_ID);
	char	   *data;
	size_t		len;
	Sink	   *memory = memory_sink(&data, &len, 100, EXAMPLE_OBJECT_NAME);
	const char *reason;

	object_read(repository, backup, &backup->manifest->objects[0], memory);
	sink_release(memory);
	assert_string_equal(data, EXAMPLE_OBJECT_PLAIN);
	assert_true(backup_is_pinned(backup, &reason));
	assert_string_equal(reason, "before the upgrade");
	repository_close(repository);
}

static void
the_document_shows_the_example(void **state)
{
	const char *const parts[] = {
		EXAMPLE_MASTER_KEY, EXAMPLE_CLUSTER_KEY_ID, EXAMPLE_OBJECT_BASE64,
		EXAMPLE_CLUSTER, EXAMPLE_KEY, EXAMPLE_MANIFEST, EXAMPLE_EVENT,
		EXAMPLE_KEY_NAME, EXAMPLE_BACKUP_FOLDER MANIFEST_NAME, EXAMPLE_EVENT_NAME
	};
	char	   *document = read_document();

	for (int i = 0; i < lengthof(parts); i++)
	{
		if (strstr(document, parts[i]) == NULL)
			fail_msg("the document lacks: %s", parts[i]);
	}
}

/*
 * Puts the document's script into a file; returns its path.
 */
static char *
extract_script(void)
{
	char	   *document = read_document();
	char	   *start = strstr(document, SCRIPT_START);
	char	   *end;
	char	   *path = psprintf("%s/script", scratch_directory());

	assert_non_null(start);
	start += strlen(SCRIPT_START);
	end = strstr(start, SCRIPT_END);
	assert_non_null(end);
	scratch_write(path, start, end + 1 - start);
	return path;
}

static void
the_script_of_the_document_reads_the_example(void **state)
{
	char	   *master = psprintf("%s/master", scratch_directory());
	const char *const argv[] = {
		"/bin/bash", extract_script(), psprintf("%s/main", directory),
		EXAMPLE_BACKUP_ID, EXAMPLE_OBJECT_NAME, master, NULL
	};

	scratch_write(master, EXAMPLE_MASTER_KEY "\n", strlen(EXAMPLE_MASTER_KEY) + 1);
	assert_string_equal(run_filter(argv, "", 0).data, EXAMPLE_OBJECT_PLAIN);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(the_example_is_read_whole),
		cmocka_unit_test(the_document_shows_the_example),
		cmocka_unit_test(the_script_of_the_document_reads_the_example)
	};

	return cmocka_run_group_tests_name("the document of the format", cases, make_example, NULL);
}
