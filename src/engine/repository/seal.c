/*
 * Seals, as objects of the repository.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "isolated.h"
#include "repository/manifest.h"
#include "repository/record.h"
#include "repository/secrets.h"
#include "repository/signing_key.h"

#define SEAL_FORMAT 1
#define SEAL_PURPOSE "seal"
#define SEAL_FOLDER "seal/"
#define SEAL_SUFFIX ".json"

/* Those that were read, for the life of the process. */
typedef struct CachedSeal
{
	Seal		seal;
	struct CachedSeal *next;
} CachedSeal;

static CachedSeal *cache = NULL;

/* A record that is to be stored. */
typedef struct PutStep
{
	Store	   *store;
	const char *name;
	const char *content;
} PutStep;

/*
 * Takes the fields of a seal from its JSON, whose signature is right; false if
 * they are not what they should be.
 */
static bool
read_fields(json_t *record, Seal *seal)
{
	json_int_t	format;
	const char *created_at;
	const char *recipient;
	const char *wrapped;

	if (json_unpack(record, "{s:I, s:s, s:s, s:s}", "format", &format,
					"created_at", &created_at, "recipient", &recipient,
					"wrapped", &wrapped) != 0 ||
		format != SEAL_FORMAT || !time_parse(created_at, &seal->created_ms) ||
		!hex_is_valid(recipient, SHA256_HEX_SIZE - 1))
		return false;
	strlcpy(seal->recipient, recipient, sizeof(seal->recipient));
	seal->wrapped = pg_strdup(wrapped);
	return true;
}

/*
 * Reads a seal from the text of its record; false if it does not authenticate.
 */
static bool
parse_seal(const char *content, const char *id, Seal *seal)
{
	json_t	   *record = record_authenticate_signed(content, SEAL_PURPOSE, seal->signer);
	bool		fits = record != NULL && read_fields(record, seal);

	strlcpy(seal->id, id, sizeof(seal->id));
	json_decref(record);
	return fits;
}

bool
signer_is_trusted(const char *signer)
{
	const char *trusted = secret_get(SECRET_TRUSTED_SIGNERS);
	const char *found = trusted == NULL ? NULL : strstr(trusted, signer);

	/* All of them have the same length, and nothing else has so many digits. */
	return trusted == NULL || found != NULL;
}

/*
 * Keeps a seal.
 */
static const Seal *
remember(const Seal *seal)
{
	CachedSeal *entry = pg_malloc(sizeof(CachedSeal));

	entry->seal = *seal;
	entry->next = cache;
	cache = entry;
	return &entry->seal;
}

const Seal *
seal_read(Store *store, const char *prefix, const char *id)
{
	char	   *name = psprintf("%s" SEAL_FOLDER "%s" SEAL_SUFFIX, prefix, id);
	char	   *content;
	Seal		seal = {{0}};

	for (CachedSeal *entry = cache; entry != NULL; entry = entry->next)
	{
		if (strcmp(entry->seal.id, id) == 0)
			return &entry->seal;
	}
	content = store_get_text(store, name, RECORD_LIMIT);
	if (content == NULL)
		return NULL;
	if (!parse_seal(content, id, &seal))
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "object \"%s\" is damaged", name);
	if (!signer_is_trusted(seal.signer))
		fail(FAILURE_KEY, "If that server is yours, add it to " SECRET_TRUSTED_SIGNERS " in the secrets file.",
			 "seal \"%s\" is signed by \"%s\", which is not trusted", id, seal.signer);
	pg_free(content);
	pg_free(name);
	return remember(&seal);
}

/*
 * The text of the record of a new seal; allocated.
 */
static char *
format_seal(const char *name_key, const RsaKey *recipient, const char *signing_key)
{
	char		created_at[TIME_TEXT_SIZE];
	char	   *wrapped = rsa_wrap_base64(recipient, name_key);
	json_t	   *record;

	time_format(time_now_ms(), created_at);
	record = json_pack("{s:i, s:s, s:s, s:s}", "format", SEAL_FORMAT,
					   "created_at", created_at,
					   "recipient", recipient->fingerprint,
					   "wrapped", wrapped);
	pg_free(wrapped);
	return record_format_signed(record, signing_key, SEAL_PURPOSE);
}

static void
put_step(void *context)
{
	PutStep    *step = context;

	store_put_text(step->store, step->name, step->content, PUT_NEW);
}

/*
 * Stores a new seal.  Another process may do the same: whose record is there
 * in the end does not matter, for both say the same.
 */
static const Seal *
store_seal(Store *store, const char *prefix, const char *id, char *content)
{
	char	   *name = psprintf("%s" SEAL_FOLDER "%s" SEAL_SUFFIX, prefix, id);
	PutStep		step = {store, name, content};
	Failure		problem;
	bool		stored = isolated_run(put_step, &step, &problem);
	const Seal *seal = seal_read(store, prefix, id);

	if (seal == NULL && !stored)
		fail_with(&problem);
	if (seal == NULL)
		fail(FAILURE_STATE, NULL, "object \"%s\" was removed while it was used", name);
	pg_free(name);
	pg_free(content);
	return seal;
}

const Seal *
seal_current(Store *store, const char *prefix)
{
	const RsaKey *recipient = sealing_public_key();
	const char *signing_key = sealing_own_signing_key();
	char		name_key[KEY_HEX_SIZE];
	char		id[KEY_ID_SIZE];
	const Seal *seal;

	sealing_derive_name_key(signing_key, recipient->fingerprint, name_key);
	key_id(name_key, id);
	seal = seal_read(store, prefix, id);
	if (seal == NULL)
		seal = store_seal(store, prefix, id, format_seal(name_key, recipient, signing_key));
	OPENSSL_cleanse(name_key, sizeof(name_key));
	return seal;
}

/*
 * The name of a seal from that of its object; false if that cannot be one.
 */
static bool
id_of(const char *name, char id[KEY_ID_SIZE])
{
	const char *last = strrchr(name, '/') + 1;

	if (strlen(last) != KEY_ID_SIZE - 1 + strlen(SEAL_SUFFIX))
		return false;
	strlcpy(id, last, KEY_ID_SIZE);
	return hex_is_valid(id, KEY_ID_SIZE - 1);
}

Seals
seals_read(Store *store, const char *prefix)
{
	char	   *folder = psprintf("%s" SEAL_FOLDER, prefix);
	StoreListing listing = store_list(store, folder);
	Seals		all = {.seals = pg_malloc0((listing.count + 1) * sizeof(Seal))};

	for (int i = 0; i < listing.count; i++)
	{
		char	   *content = listing.objects[i].size > RECORD_LIMIT ? NULL :
			store_get_text(store, listing.objects[i].name, RECORD_LIMIT);
		char		id[KEY_ID_SIZE];

		if (content != NULL && id_of(listing.objects[i].name, id) &&
			parse_seal(content, id, &all.seals[all.count]))
			all.count++;
		else
			all.damaged++;
		pg_free(content);
	}
	store_listing_free(&listing);
	pg_free(folder);
	return all;
}

/*
 * Copies a seal.
 */
static void
copy_seal(Store *from, Store *to, const StoreObject *listed)
{
	char	   *content = listed->size > RECORD_LIMIT ? NULL :
		store_get_text(from, listed->name, RECORD_LIMIT);
	char		id[KEY_ID_SIZE];
	Seal		seal = {{0}};

	if (content != NULL && id_of(listed->name, id) && parse_seal(content, id, &seal))
		record_store_once(to, listed->name, content);
	else
		notice("warning", "Take the object from another copy of the repository.",
			   "seal \"%s\" in \"%s\" is damaged, and not copied", listed->name, from->url);
	pg_free(seal.wrapped);
	pg_free(content);
}

void
seals_copy(Store *from, Store *to, const char *prefix)
{
	char	   *folder = psprintf("%s" SEAL_FOLDER, prefix);
	StoreListing listing = store_list(from, folder);
	StoreListing copied = store_list(to, folder);

	for (int i = 0; i < listing.count; i++)
	{
		if (!store_listing_has(&copied, listing.objects[i].name))
			copy_seal(from, to, &listing.objects[i]);
	}
	store_listing_free(&listing);
	store_listing_free(&copied);
	pg_free(folder);
}

bool
seal_exists(Store *store, const char *prefix, const char *id)
{
	char	   *name = psprintf("%s" SEAL_FOLDER "%s" SEAL_SUFFIX, prefix, id);
	StoreListing listing = store_list(store, name);
	bool		found = store_listing_has(&listing, name);

	store_listing_free(&listing);
	pg_free(name);
	return found;
}

bool
signer_is_known(Store *store, const char *prefix, const char *signer)
{
	Seals		all;
	bool		found = false;

	for (CachedSeal *entry = cache; entry != NULL; entry = entry->next)
	{
		if (strcmp(entry->seal.signer, signer) == 0)
			return true;
	}
	all = seals_read(store, prefix);
	for (int i = 0; i < all.count && !found; i++)
	{
		found = strcmp(all.seals[i].signer, signer) == 0 && signer_is_trusted(signer);
		if (found)
			(void) remember(&all.seals[i]);
	}
	return found;
}
