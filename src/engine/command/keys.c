/*
 * "erpgo_backup keys": lists who can open the encryption keys.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "command/all_repositories.h"
#include "command/arguments.h"
#include "command/human.h"
#include "command/table.h"
#include "protocol.h"
#include "repository/key_object.h"
#include "repository/sealing.h"

const char *const help_keys =
"Usage: erpgo_backup keys [OPTIONS]\n"
"\n"
"Lists the wrappings of the cluster keys: each lets one encryption key open the\n"
"backups; and, of servers that write what they cannot read, for which private\n"
"key they do.  Of several repositories, all are asked.\n"
"\n"
"Options:\n"
"  --json               print a JSON array\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0, or another one if a repository could not be read.\n"
HELP_COMMON;

static const struct option keys_options[] = {
	ARGUMENT_HELP_OPTION
};

static const Column key_columns[] = {
	{"WRAPPING"}, {"CLUSTER KEY"}, {"WRAPPED"}, {"KIND"}, {"OPENED"}, {"LABEL"},
	{"REPOSITORY"}
};

/*
 * What the master key of a wrapping is, as far as the wrapping tells.
 */
static const char *
kind_of(const KeyObject *object)
{
	if (object->damaged)
		return "damaged";
	return object->wrapped.iterations <= RANDOM_KEY_ITERATIONS ? "random key" : "passphrase";
}

/*
 * Does the present key open it?  Null if there is none.
 */
static json_t *
opened_by(const KeyObject *object, const char *master)
{
	ClusterKey	key;
	bool		opens;

	if (master == NULL)
		return json_null();
	opens = key_object_open(object, master, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	return json_boolean(opens);
}

/*
 * A time as JSON; null if it is not known.
 */
static json_t *
time_to_json(const KeyObject *object, int64 time_ms)
{
	char		formatted[TIME_TEXT_SIZE];

	if (object->damaged)
		return json_null();
	time_format(time_ms, formatted);
	return json_string(formatted);
}

/*
 * A wrapping as JSON.
 */
static json_t *
wrapping_to_json(const KeyObject *object, const char *master)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o}",
					 "wrapping", key_object_wrapping(object),
					 "cluster_key", json_text(object->damaged ? NULL : object->cluster_key),
					 "created_at", time_to_json(object, object->created_ms),
					 "wrapped_at", time_to_json(object, object->wrapped_ms),
					 "kind", kind_of(object),
					 "opened", opened_by(object, master),
					 "label", json_text(object->label));
}

/*
 * A seal as JSON: it lets a private key open what a server writes.
 */
static json_t *
seal_to_json(const Seal *seal)
{
	char		created_at[TIME_TEXT_SIZE];

	time_format(seal->created_ms, created_at);
	return json_pack("{s:s, s:n, s:s, s:s, s:s, s:o, s:s}",
					 "wrapping", seal->id, "cluster_key",
					 "created_at", created_at, "wrapped_at", created_at,
					 "kind", "private key",
					 "opened", sealing_has_private_key() ?
					 json_boolean(seal_is_opened(seal)) : json_null(),
					 "label", seal->recipient);
}

/*
 * Everything that lets a key open backups; a JSON array.
 */
static json_t *
collect(Repository *repository, void *context)
{
	KeyObjects	keys = key_objects_read(repository->store, repository->prefix);
	Seals		seals = seals_read(repository->store, repository->prefix);
	json_t	   *wrappings = json_array();

	for (int i = 0; i < keys.count; i++)
		json_array_append_new(wrappings, wrapping_to_json(&keys.objects[i], repository->master_key));
	for (int i = 0; i < seals.count; i++)
		json_array_append_new(wrappings, seal_to_json(&seals.seals[i]));
	key_objects_free(&keys);
	return wrappings;
}

/*
 * Prints a wrapping as a line of the table.
 */
static void
add_line(Table *table, const json_t *wrapping, bool is_one_of_several)
{
	const json_t *opened = json_object_get(wrapping, "opened");

	table_add(table, printable_member(wrapping, "wrapping"));
	table_add(table, printable_member(wrapping, "cluster_key"));
	table_add(table, printable_member(wrapping, "wrapped_at"));
	table_add(table, printable_member(wrapping, "kind"));
	table_add(table, pstrdup(json_is_null(opened) ? "no key given" :
							 json_is_true(opened) ? "yes" : "no"));
	table_add(table, printable_member(wrapping, "label"));
	if (is_one_of_several)
		table_add(table, printable_member(wrapping, "repository"));
}

/*
 * Prints all wrappings for people.
 */
static void
print_wrappings(const json_t *wrappings, bool several)
{
	Table	   *table = table_begin(key_columns, lengthof(key_columns) - (several ? 0 : 1));
	size_t		i;
	json_t	   *wrapping;

	json_array_foreach(wrappings, i, wrapping)
		add_line(table, wrapping, several);
	table_print(table);
}

int
command_keys(const CommonOptions *options, int argc, char **argv)
{
	RepositoryList *list;
	RepositoryRows wrappings;

	arguments_begin();
	if (argument_next(argc, argv, keys_options) == ARGUMENT_HELP)
	{
		fputs(help_keys, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"keys\" takes no argument");
	list = repositories_prepare(options);
	wrappings = repositories_gather(options, list, collect, NULL);
	if (options->json)
		json_print(wrappings.rows);
	else
	{
		print_wrappings(wrappings.rows, list->count > 1);
		json_decref(wrappings.rows);
	}
	return wrappings.exit_code;
}
