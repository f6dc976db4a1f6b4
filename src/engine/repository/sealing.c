/*
 * Write-only mode: the keys that a process has for it, and what it does with
 * them.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "repository/sealing.h"
#include "repository/secrets.h"
#include "repository/signing_key.h"

/* What the name key is derived from, beside the signing key. */
#define NAME_KEY_TEXT "erpgo_backup name key "

static const char *public_key_file = NULL;
static const char *data_directory = NULL;

/* What was read, for the life of the process. */
static RsaKey *public_key = NULL;
static RsaKey *private_key = NULL;
static char *signing_key = NULL;

void
sealing_configure(const char *new_public_key_file, const char *new_data_directory)
{
	public_key_file = new_public_key_file;
	data_directory = new_data_directory;
}

bool
sealing_is_on(void)
{
	return public_key_file != NULL && public_key_file[0] != '\0';
}

bool
sealing_has_private_key(void)
{
	return secret_get(SECRET_PRIVATE_KEY_FILE) != NULL;
}

const RsaKey *
sealing_public_key(void)
{
	if (public_key == NULL)
		public_key = rsa_public_read(public_key_file);
	return public_key;
}

/*
 * The private key; NULL if it is not here.
 */
static const RsaKey *
sealing_private_key(void)
{
	const char *path = secret_get(SECRET_PRIVATE_KEY_FILE);

	if (private_key != NULL || path == NULL)
		return private_key;

	/* A server in recovery has another working directory than who asked. */
	if (!is_absolute_path(path))
		fail(FAILURE_USAGE, NULL, "the path in " SECRET_PRIVATE_KEY_FILE " is not absolute: \"%s\"", path);
	private_key = rsa_private_read(path);
	return private_key;
}

const char *
sealing_signing_key(void)
{
	if (signing_key == NULL && data_directory != NULL)
		signing_key = signing_key_read(data_directory);
	return signing_key;
}

const char *
sealing_own_signing_key(void)
{
	if (sealing_signing_key() == NULL && data_directory == NULL)
		fail(FAILURE_STATE, NULL, "cannot sign backups without a data directory to keep the signing key in");
	if (signing_key == NULL)
		signing_key = signing_key_make(data_directory);
	return signing_key;
}

char *
seal_wrap(const char *key)
{
	return rsa_wrap_base64(sealing_public_key(), key);
}

size_t
seal_wrap_bytes(const char *key, unsigned char wrapped[RSA_BYTES_MAX])
{
	rsa_wrap(sealing_public_key(), key, wrapped);
	return public_key->size;
}

/*
 * Fails if the private key is another one than the seal was made for.
 */
static void
require_fit(const Seal *seal, const RsaKey *key)
{
	if (strcmp(key->fingerprint, seal->recipient) != 0)
		fail(FAILURE_KEY,
			 psprintf("The fingerprint of the right one is %s.", seal->recipient),
			 "the private key in \"%s\" is not the one that backups were encrypted for",
			 secret_get(SECRET_PRIVATE_KEY_FILE));
}

bool
seal_is_opened(const Seal *seal)
{
	const RsaKey *key = sealing_private_key();

	return key != NULL && strcmp(key->fingerprint, seal->recipient) == 0;
}

const RsaKey *
seal_private_key(const Seal *seal, const char *what)
{
	const RsaKey *key = sealing_private_key();

	if (key == NULL)
		fail(FAILURE_KEY, PRIVATE_KEY_HINT, "cannot read %s without the private key", what);
	require_fit(seal, key);
	return key;
}

bool
seal_unwrap(const Seal *seal, const char *wrapped, const char *name, char key[KEY_HEX_SIZE])
{
	const RsaKey *opener = sealing_private_key();

	if (opener == NULL)
		return false;
	require_fit(seal, opener);
	if (!rsa_unwrap_base64(opener, wrapped, key))
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "object \"%s\" is damaged: the private key does not open the key in it", name);
	return true;
}

void
sealing_derive_name_key(const char *key, const char *recipient, char name_key[KEY_HEX_SIZE])
{
	char	   *label = psprintf(NAME_KEY_TEXT "%s", recipient);

	hmac_sha256_hex(key, strlen(key), label, strlen(label), name_key);
	pg_free(label);
}

/*
 * Is this the seal of the signing key that is here?
 */
static bool
is_own(const Seal *seal)
{
	const char *own = sealing_signing_key();
	char		signer[KEY_HEX_SIZE];

	if (own == NULL)
		return false;
	signing_public(own, signer);
	return strcmp(signer, seal->signer) == 0;
}

void
seal_name_key(const Seal *seal, char key[KEY_HEX_SIZE])
{
	char		id[KEY_ID_SIZE];
	char	   *name = psprintf("seal/%s.json", seal->id);

	if (is_own(seal))
		sealing_derive_name_key(signing_key, seal->recipient, key);
	else if (!seal_unwrap(seal, seal->wrapped, name, key))
		fail(FAILURE_KEY, "Set " SECRET_PRIVATE_KEY_FILE " in the secrets file, on a machine where restores happen.",
			 "cannot read the WAL archive without the private key");
	key_id(key, id);
	if (strcmp(id, seal->id) != 0)
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "object \"%s\" is damaged: its key has another name", name);
	pg_free(name);
}
