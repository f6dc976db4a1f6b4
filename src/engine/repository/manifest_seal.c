/*
 * What the manifest of a sealed backup has in the place of a cluster key.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "repository/manifest.h"
#include "repository/record.h"

/*
 * Fails because something about the manifest is not as it must be.
 */
static void
check(bool holds, const char *name, const char *problem)
{
	if (!holds)
		fail(FAILURE_DAMAGED, NULL, "manifest \"%s\" is damaged: %s", name, problem);
}

void
manifest_seal_authenticate(json_t *json, const char *content, const char *name,
						   DataKeyUnlocker unlock, void *context,
						   char data_key[KEY_HEX_SIZE])
{
	const char *seal;
	const char *base64;
	json_t	   *key_json;
	json_t	   *record;
	char		signer[KEY_HEX_SIZE];
	WrappedKey	wrapped = {0};

	record = record_authenticate_signed(content, MANIFEST_PURPOSE, signer);
	check(record != NULL, name, "its signature does not authenticate it");
	json_decref(record);
	check(json_unpack(json, "{s:s, s:o, s:{s:s}}", "seal", &seal, "cluster_key", &key_json,
					  "data_key", "wrapped", &base64) == 0, name,
		  "what a sealed one must have is missing");
	check(hex_is_valid(seal, KEY_ID_SIZE - 1), name, "\"seal\" is not the name of a seal");
	check(json_is_null(key_json), name, "it names a seal and a cluster key");
	wrapped.wrapped = unconstify(char *, base64);
	unlock(context, seal, &wrapped, data_key);
}

void
manifest_seal_read(json_t *json, const char *name, Manifest *manifest)
{
	const char *seal;
	const char *signer;
	const char *wrapped;

	check(json_unpack(json, "{s:s, s:s, s:{s:s}}", "seal", &seal, "signer", &signer,
					  "data_key", "wrapped", &wrapped) == 0, name,
		  "what a sealed one must have is missing");
	check(manifest->cipher != CIPHER_NONE, name, "it names a seal, but is not encrypted");
	manifest->sealed = true;
	strlcpy(manifest->key_id, seal, sizeof(manifest->key_id));
	strlcpy(manifest->signer, signer, sizeof(manifest->signer));
	manifest->data_key.wrapped = pg_strdup(wrapped);
}
