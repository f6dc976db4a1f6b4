/*
 * Finds out who can read the backups, and whether anybody can.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "command/command.h"
#include "isolated.h"
#include "protocol.h"
#include "repository/key_object.h"
#include "repository/sealing.h"
#include "repository/secrets.h"

/*
 * Adds a finding.  hint may be NULL; the message is freed.
 */
static void
add_row(json_t *rows, const char *name, const char *status, char *message, const char *hint)
{
	json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:o}",
										  "name", name, "status", status,
										  "message", json_text(message),
										  "hint", json_text(hint)));
	pg_free(message);
}

/*
 * How many wrappings there are of the cluster key that new backups use.
 */
static int
count_recipients(const KeyObjects *keys, const char *cluster_key)
{
	int			count = 0;

	for (int i = 0; i < keys->count; i++)
		count += !keys->objects[i].damaged &&
			strcmp(keys->objects[i].cluster_key, cluster_key) == 0;
	return count;
}

int
cluster_key_recipients(Repository *repository)
{
	KeyObjects	keys = key_objects_read(repository->store, repository->prefix);
	ClusterKey	current;
	const KeyObject *found = key_objects_open(&keys, NULL, repository->master_key, &current);
	int			count = found == NULL ? 0 : count_recipients(&keys, found->cluster_key);

	OPENSSL_cleanse(&current, sizeof(current));
	key_objects_free(&keys);
	return count;
}

static void
open_key_step(void *context)
{
	Repository *repository = context;
	ClusterKey	key = cluster_key_current(repository->store, repository->prefix,
										  repository->master_key, false);

	OPENSSL_cleanse(&key, sizeof(key));
}

/*
 * Does the key that is given open the repository's keys, and who else's does?
 */
static void
check_key(json_t *rows, Repository *repository)
{
	Failure		problem;
	int			count;

	if (!isolated_run(open_key_step, repository, &problem))
	{
		add_row(rows, "encryption", "error", pg_strdup(problem.message), problem.hint);
		return;
	}
	add_row(rows, "encryption", "ok", pg_strdup("the encryption key fits"), NULL);
	count = cluster_key_recipients(repository);
	add_row(rows, "recipients", "ok",
			psprintf(count == 1 ? "%d encryption key opens new backups" :
					 "%d encryption keys open new backups", count), NULL);
}

/*
 * Tells of a server that writes what it cannot read.
 */
static void
check_seal(json_t *rows, const Seal *seal)
{
	bool		is_trusted = signer_is_trusted(seal->signer);

	add_row(rows, "write_only", is_trusted ? "ok" : "error",
			psprintf("the server with the signing key %s writes for the private key %s%s",
					 seal->signer, seal->recipient, is_trusted ? "" : ", and is not trusted"),
			is_trusted ? NULL :
			"If that server is yours, add it to " SECRET_TRUSTED_SIGNERS " in the secrets file; if not, somebody else has written to the repository.");
}

/*
 * Tells who writes in write-only mode, and for whom; false if nobody does.
 */
static bool
check_seals(json_t *rows, Repository *repository)
{
	Seals		all = seals_read(repository->store, repository->prefix);
	int			signers = 0;

	for (int i = 0; i < all.count; i++)
	{
		check_seal(rows, &all.seals[i]);
		signers += i == 0 || strcmp(all.seals[i].signer, all.seals[0].signer) != 0;
	}
	if (all.damaged > 0)
		add_row(rows, "write_only", "error", psprintf("%d seals are damaged", all.damaged),
				"Take the objects under \"seal/\" from another copy of the repository.");
	if (signers > 1 && secret_get(SECRET_TRUSTED_SIGNERS) == NULL)
		add_row(rows, "write_only", "warning",
				pg_strdup("more than one server signs, and all of them are trusted"),
				"Name those that are yours in " SECRET_TRUSTED_SIGNERS " in the secrets file.");
	if (sealing_is_on() && sealing_has_private_key())
		add_row(rows, "write_only", "warning",
				pg_strdup("the private key is on the server that is not to be able to read its backups"),
				"Remove " SECRET_PRIVATE_KEY_FILE " from the secrets file, and the file.");
	return all.count > 0;
}

json_t *
check_keys(Repository *repository)
{
	json_t	   *rows = json_array();
	bool		has_keys = cluster_has_keys(repository->store, repository->prefix);
	bool		is_sealed = check_seals(rows, repository) || sealing_is_on();

	if (has_keys && repository->master_key != NULL)
		check_key(rows, repository);
	else if (has_keys)
		add_row(rows, "encryption", is_sealed ? "warning" : "error",
				pg_strdup("the repository has encrypted backups, but no encryption key is given"),
				"Set " SECRET_ENCRYPTION_KEY " in the secrets file.");
	else if (is_sealed)
		add_row(rows, "encryption", "ok",
				pg_strdup("backups are encrypted for the holder of a private key"), NULL);
	else if (repository->master_key != NULL)
		add_row(rows, "encryption", "ok",
				pg_strdup("an encryption key is given; no backup uses it yet"), NULL);
	else
		add_row(rows, "encryption", "warning",
				pg_strdup("backups are not encrypted"),
				"Set " SECRET_ENCRYPTION_KEY " in the secrets file.");
	return rows;
}
