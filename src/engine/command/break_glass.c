/*
 * Prints how to restore a backup without this program.
 *
 * The script holds the digests and wrapped keys of a backup that has
 * authenticated, so whoever runs it trusts the script and not the repository.
 */
#include "postgres_fe.h"

#include "command/break_glass.h"
#include "command/human.h"
#include "command/shell.h"
#include "common/store_url.h"
#include "failure.h"
#include "repository/record.h"

/*
 * The program that decompresses, and its arguments.
 */
static const char *
decompress_command(CompressionMethod method)
{
	switch (method)
	{
		case COMPRESSION_GZIP:
			return "gzip -dc";
		case COMPRESSION_LZ4:
			return "lz4 -dcq";
		case COMPRESSION_ZSTD:
			return "zstd -dcq";
		case COMPRESSION_NONE:
			break;
	}
	return "cat";
}

/*
 * What the script needs that depends on the backup's type; allocated.
 */
static char *
needs_text(const Manifest *manifest)
{
	int			major = manifest->server_version / 10000;

	return backup_type_is_logical(manifest->type) ?
		psprintf("psql and pg_restore of PostgreSQL %d or newer", major) :
		psprintf("tar and GNU coreutils; PostgreSQL %d can start what it makes", major);
}

/*
 * Prints what the script is for, and what it needs.
 */
static void
print_head(const Manifest *manifest)
{
	bool		encrypted = manifest->cipher != CIPHER_NONE;
	const char *decompress = decompress_command(manifest->compression.method);

	printf("#!/bin/bash\n"
		   "# Restores backup %s of cluster %s.\n"
		   "# Needs bash, sha256sum, %s%.*s, %s.\n"
		   "set -euo pipefail\n"
		   "umask 077\n",
		   manifest->id, printable_text(manifest->cluster),
		   encrypted ? "openssl, " : "",
		   (int) strcspn(decompress, " "), decompress, needs_text(manifest));
}

/*
 * Prints the variables that may be set.
 */
static void
print_variables(Repository *repository, const Manifest *manifest)
{
	const char *root = store_url_path(repository->store->url);
	char	   *folder = psprintf("%sbackup/%s", repository->prefix, manifest->id);

	if (root == NULL)
		printf("\n# A folder with the objects of %s in the repository\n# %s,\n# which any tool for object storage copies.\n"
			   ": \"${BACKUP_FOLDER:?Set it to the folder}\"\n",
			   folder, printable_text(repository->store->url));
	else
		printf("\n# The folder of the backup.\n"
			   "[ -n \"${BACKUP_FOLDER:-}\" ] || BACKUP_FOLDER=%s\n",
			   shell_quote(psprintf("%s/%s", root, folder)));
	if (manifest->physical != NULL)
		break_glass_print_cluster_variables(manifest);
	else
		printf("\n# The server to restore into, as a connection string without a database:\n"
			   "# TARGET='host=db2 port=5432 user=postgres'.  Empty means the local one.\n"
			   "TARGET=${TARGET:-}\n"
			   "\n# What a database may have set must not keep it from being filled.\n"
			   "export PGOPTIONS=\"${PGOPTIONS:-} -c default_transaction_read_only=off -c role=none\"\n");
	if (manifest->sealed)
		printf("\n# The private key (PEM) of the public key that backups are encrypted for; the\n"
			   "# backup names it as seal %s.\n"
			   "PRIVATE_KEY_FILE=$(realpath \"${PRIVATE_KEY_FILE:?Set it to the file that holds the private key}\")\n",
			   manifest->key_id);
	else if (manifest->cipher != CIPHER_NONE)
		printf("\n# A file with mode 0600 that holds the encryption key (the value of\n"
			   "# BACKUP_ENCRYPTION_KEY) on one line, and nothing else.\n"
			   "MASTER_KEY_FILE=$(realpath \"${MASTER_KEY_FILE:?Set it to the file that holds the encryption key}\")\n");
	printf("\nwork=$(mktemp -d)\n"
		   "trap 'rm -rf \"$work\"' EXIT\n");
	pg_free(folder);
}

/*
 * Prints the comparison of all objects with their digests.
 */
static void
print_digests(const Manifest *manifest)
{
	printf("\n# Nothing is decrypted before all objects are known to be whole.\n"
		   "cd \"$BACKUP_FOLDER\"\n"
		   "sha256sum --check --strict --quiet <<'END'\n");
	for (int i = 0; i < manifest->object_count; i++)
		printf("%s  %s\n", manifest->objects[i].sha256, manifest->objects[i].name);
	printf("END\n");
}

/*
 * Prints the arguments of "unwrap" for one wrapping of the cluster key, if
 * this object is one.
 */
static void
print_wrapping(Repository *repository, const char *name, const char *key_id)
{
	char	   *content = store_get_text(repository->store, name, RECORD_LIMIT);
	json_t	   *record = content == NULL ? NULL : record_parse(content);
	const char *cluster_key = json_string_value(json_object_get(record,
																"cluster_key"));
	WrappedKey	wrapped;

	if (cluster_key != NULL && strcmp(cluster_key, key_id) == 0 &&
		record_get_wrapped_key(record, &wrapped))
		printf(" \\\n\t%s", shell_quote(psprintf("%d %s", wrapped.iterations,
												 wrapped.wrapped)));
	json_decref(record);
	pg_free(content);
}

/*
 * Prints how the data key of a sealed backup is unwrapped.
 */
static void
print_sealed_key(const Manifest *manifest)
{
	printf("\n# The key of the backup, which only the private key opens.\n"
		   "if ! printf '%%s' %s |\n"
		   "\topenssl base64 -d -A |\n"
		   "\topenssl pkeyutl -decrypt -inkey \"$PRIVATE_KEY_FILE\" \\\n"
		   "\t\t-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 >\"$work/data.key\" ||\n"
		   "\t! grep -qxE '[0-9a-f]{64}' \"$work/data.key\"; then\n"
		   "\techo \"the key in $PRIVATE_KEY_FILE does not open this backup\" >&2\n"
		   "\texit 1\n"
		   "fi\n",
		   shell_quote(manifest->data_key.wrapped));
}

/*
 * Prints how the keys are unwrapped.  The master key may open any of the
 * wrappings of the cluster key.
 */
static void
print_keys(Repository *repository, const Manifest *manifest)
{
	char	   *folder = psprintf("%skey/", repository->prefix);
	StoreListing listing = store_list(repository->store, folder);

	printf("\n# unwrap \"ITERATIONS WRAPPED_KEY\" PASSPHRASE_FILE KEY_FILE\n"
		   "unwrap()\n"
		   "{\n"
		   "\tprintf '%%s\\n' \"${1#* }\" |\n"
		   "\t\topenssl enc -d -aes-256-cbc -pbkdf2 -iter \"${1%%%% *}\" -md sha256 -a -A \\\n"
		   "\t\t\t-pass \"file:$2\" >\"$3\" 2>/dev/null || return 1\n"
		   "\tgrep -qxE '[0-9a-f]{64}' \"$3\"\n"
		   "}\n"
		   "opened=\n"
		   "for wrapped in");
	for (int i = 0; i < listing.count; i++)
		print_wrapping(repository, listing.objects[i].name, manifest->key_id);
	printf("; do\n"
		   "\tif unwrap \"$wrapped\" \"$MASTER_KEY_FILE\" \"$work/cluster.key\"; then\n"
		   "\t\topened=1\n"
		   "\t\tbreak\n"
		   "\tfi\n"
		   "done\n"
		   "if [ -z \"$opened\" ] ||\n"
		   "\t! unwrap %s \"$work/cluster.key\" \"$work/data.key\"; then\n"
		   "\techo \"the key in $MASTER_KEY_FILE does not open this backup\" >&2\n"
		   "\texit 1\n"
		   "fi\n",
		   shell_quote(psprintf("%d %s", manifest->data_key.iterations,
								manifest->data_key.wrapped)));
	store_listing_free(&listing);
	pg_free(folder);
}

/*
 * Prints how an object becomes plain.
 */
static void
print_decode(const Manifest *manifest)
{
	const char *decompress = decompress_command(manifest->compression.method);

	printf("\n# Writes an object in plain.\n"
		   "decode()\n"
		   "{\n");
	if (manifest->cipher == CIPHER_NONE)
		printf("\t%s <\"$1\"\n", decompress);
	else
		printf("\topenssl enc -d -%s -pbkdf2 -iter %d -md sha256 \\\n"
			   "\t\t-pass \"file:$work/data.key\" -in \"$1\" | %s\n",
			   cipher_name(manifest->cipher), RANDOM_KEY_ITERATIONS, decompress);
	printf("}\n");
}

/*
 * Prints how the globals are restored.
 */
static void
print_globals(const Manifest *manifest)
{
	const ManifestObject *globals = manifest_object(manifest, OBJECT_GLOBALS);

	if (globals == NULL)
		return;
	printf("\n# Roles and tablespaces.  Errors about those that exist already do no harm.\n"
		   "decode %s | psql -X -q -d \"$TARGET dbname=postgres\"\n",
		   shell_quote(globals->name));
}

/*
 * Prints how a database is restored.  Dumps with definitions know how their
 * database is created; the extension erpgo_backup is left out where the
 * server does not have it.
 */
static void
print_restore_function(const Manifest *manifest)
{
	printf("\n# ask VALUE <QUERY: is there a row?  The query may use :'value'.\n"
		   "ask()\n"
		   "{\n"
		   "\t[ -n \"$(psql -X -q -A -t -v value=\"$1\" -d \"$TARGET dbname=postgres\")\" ]\n"
		   "}\n"
		   "\n# restore NAME CONNINFO OBJECT\n"
		   "restore()\n"
		   "{\n"
		   "\tlocal options=(--exit-on-error)\n"
		   "\n"
		   "\tif ask \"$1\" <<<\"SELECT 1 FROM pg_database WHERE datname = :'value'\"; then\n"
		   "\t\toptions+=(--single-transaction --dbname=\"$TARGET $2\")\n"
		   "\telse\n"
		   "\t\toptions+=(--create --dbname=\"$TARGET dbname=postgres\")\n"
		   "\tfi\n"
		   "\tif ! ask erpgo_backup <<<\"SELECT 1 FROM pg_available_extensions WHERE name = :'value'\"; then\n"
		   "\t\t{ decode \"$3\" 2>/dev/null || true; } | pg_restore --list --create |\n"
		   "\t\t\tsed -E -e '/^[0-9; ]+(EXTENSION|SCHEMA) - erpgo_backup( |$)/d' \\\n"
		   "\t\t\t\t-e '/^[0-9; ]+(ACL|COMMENT|SECURITY LABEL) - (EXTENSION|SCHEMA) erpgo_backup( |$)/d' \\\n"
		   "\t\t\t\t-e '/^[0-9; ]+[A-Z ]+ erpgo_backup /d' \\\n"
		   "\t\t\t\t-e '/^[0-9; ]+(ACL|COMMENT|SECURITY LABEL) [^ ]+ [A-Z ]+ erpgo_backup_/d' >\"$work/list\"\n"
		   "\t\toptions+=(--use-list=\"$work/list\")\n"
		   "\tfi\n"
		   "\tprintf 'restoring database %%q\\n' \"$1\"\n"
		   "\tdecode \"$3\" | pg_restore \"${options[@]}\"\n"
		   "}\n\n");
}

/*
 * Prints one line for each database.
 */
static void
print_databases(const Manifest *manifest)
{
	if (manifest->type == BACKUP_DATA)
		printf("# These dumps hold rows only: the databases must exist and have the tables.\n");
	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		if (object->kind == OBJECT_DUMP)
			printf("restore %s %s %s\n", shell_quote(object->database),
				   shell_quote(conninfo_dbname(object->database)),
				   shell_quote(object->name));
	}
}

void
break_glass_print(const CommonOptions *options, Repository *repository,
				  const Backup *backup)
{
	const Manifest *manifest = backup->manifest;

	print_head(manifest);
	print_variables(repository, manifest);
	print_digests(manifest);
	if (manifest->sealed)
		print_sealed_key(manifest);
	else if (manifest->cipher != CIPHER_NONE)
		print_keys(repository, manifest);
	print_decode(manifest);
	if (manifest->physical != NULL)
	{
		break_glass_print_cluster(manifest);
		return;
	}
	print_globals(manifest);
	print_restore_function(manifest);
	print_databases(manifest);
}
