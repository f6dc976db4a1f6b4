/*
 * Who writes the folder of a cluster.
 */
#include "repository/owner.h"

#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "isolated.h"
#include "repository/instance.h"
#include "repository/record.h"

#define OWNER_FORMAT 1
#define OWNER_PURPOSE "owner"
#define OWNER_NAME "owner.json"
#define STANDBY_PURPOSE "standby"

/* A server has this file until it is promoted. */
#define STANDBY_FILE "standby.signal"

#define ADOPT_HINT \
	"If this server is the one to back up from now on, run SELECT erpgo_backup_adopt(); " \
	"otherwise set erpgo_backup.enabled = off, or give it a cluster name of its own."

/* What owner.json says. */
typedef struct Owner
{
	char		id[INSTANCE_ID_SIZE];
	char		host[256];
	char		since[TIME_TEXT_SIZE];
} Owner;

/*
 * Takes a text of the record over, if there is one that fits.
 */
static bool
take_text(json_t *record, const char *key, char *value, size_t size)
{
	const char *found = json_string_value(json_object_get(record, key));

	return found != NULL && strlcpy(value, found, size) < size;
}

/*
 * Reads who the owner is; false if there is none yet.
 */
static bool
read_owner(const Repository *repository, Owner *owner)
{
	char	   *name = psprintf("%s" OWNER_NAME, repository->prefix);
	char	   *content = store_get_text(repository->store, name, RECORD_LIMIT);
	json_t	   *record;

	if (content == NULL)
	{
		pg_free(name);
		return false;
	}
	record = record_authenticate(content, NULL, OWNER_PURPOSE);
	if (record == NULL ||
		!take_text(record, "instance", owner->id, sizeof(owner->id)) ||
		!hex_is_valid(owner->id, INSTANCE_ID_SIZE - 1) ||
		!take_text(record, "host", owner->host, sizeof(owner->host)) ||
		!take_text(record, "since", owner->since, sizeof(owner->since)))
		fail(FAILURE_DAMAGED, ADOPT_HINT, "object \"%s\" is damaged", name);
	json_decref(record);
	pg_free(content);
	pg_free(name);
	return true;
}

/*
 * Writes who a server is, since a time or, with NULL, since now.
 */
static void
write_record(const Repository *repository, const char *name, const char *id,
			 const char *since, const char *purpose, PutMode mode)
{
	char		host[256] = "";
	char		now[TIME_TEXT_SIZE];
	char	   *content;

	gethostname(host, sizeof(host) - 1);
	time_format(time_now_ms(), now);
	content = record_format(json_pack("{s:i, s:s, s:o, s:s}",
									  "format", OWNER_FORMAT,
									  "instance", id,
									  "host", record_string(host, "name of the host"),
									  "since", since == NULL ? now : since),
							NULL, purpose);
	store_put_text(repository->store, name, content, mode);
	pg_free(content);
}

/*
 * Writes that a server is the owner.
 */
static void
write_owner(const Repository *repository, const char *id, const char *since, PutMode mode)
{
	char	   *name = psprintf("%s" OWNER_NAME, repository->prefix);

	write_record(repository, name, id, since, OWNER_PURPOSE, mode);
	pg_free(name);
}

/*
 * The name of the record of a registered standby; allocated.
 */
static char *
standby_name(const Repository *repository, const char *id)
{
	return psprintf("%sstandby/%s.json", repository->prefix, id);
}

/*
 * Is there a genuine record that a server is a standby of this cluster?
 */
static bool
is_registered(const Repository *repository, const char *id)
{
	char	   *name = standby_name(repository, id);
	char	   *content = store_get_text(repository->store, name, RECORD_LIMIT);
	json_t	   *record = content == NULL ? NULL :
		record_authenticate(content, NULL, STANDBY_PURPOSE);
	char		found[INSTANCE_ID_SIZE];
	bool		is_it = record != NULL &&
		take_text(record, "instance", found, sizeof(found)) && strcmp(found, id) == 0;

	json_decref(record);
	pg_free(content);
	pg_free(name);
	return is_it;
}

/*
 * When an object was written, by the clock of the store; 0 if there is none.
 */
static time_t
modified(const Repository *repository, const char *name)
{
	StoreListing listing = store_list(repository->store, name);
	time_t		when = listing.count == 0 ? 0 : listing.objects[0].modified;

	store_listing_free(&listing);
	return when;
}

/*
 * Has nothing been heard of the owner for so long that it is taken for gone?
 * What is written now tells what the store's clock says.
 */
static bool
is_lease_over(const Repository *repository, const char *id)
{
	char	   *owner = psprintf("%s" OWNER_NAME, repository->prefix);
	char	   *standby = standby_name(repository, id);
	time_t		renewed = modified(repository, owner);
	time_t		now;

	write_record(repository, standby, id, NULL, STANDBY_PURPOSE, PUT_REPLACE);
	now = modified(repository, standby);
	pg_free(owner);
	pg_free(standby);
	return renewed != 0 && now - renewed > OWNER_LEASE_S;
}

/*
 * Fails because a server is not the owner.  The owner may be NULL: there is
 * none yet.
 */
static void
refuse(const Repository *repository, const Owner *owner, const char *reason)
{
	Failure		failure = {
		.kind = FAILURE_STATE,
		.message = psprintf("%s, so it must not write to cluster \"%s\" in repository \"%s\"",
							reason, repository->cluster, repository->store->url),
		.detail = owner == NULL ? NULL :
		psprintf("It is written to by a server on host \"%s\" since %s.",
				 owner->host, owner->since),
		.hint = ADOPT_HINT
	};

	fail_with(&failure);
}

/* A server that becomes the owner. */
typedef struct Claim
{
	const Repository *repository;
	const char *id;
} Claim;

/*
 * Writes that a server is the first owner, in a process of its own.
 */
static void
claim_step(void *context)
{
	const Claim *claim = context;

	write_owner(claim->repository, claim->id, NULL, PUT_NEW);
}

/*
 * Makes a server the first owner, unless somebody else, perhaps another
 * process of this server, becomes that at the same time.
 */
static void
claim_first(const Repository *repository, const char *id)
{
	Claim		claim = {repository, id};
	Failure		problem;

	if (!isolated_run(claim_step, &claim, &problem) && problem.kind != FAILURE_DUPLICATE)
		fail_with(&problem);
}

/*
 * Makes a registered standby, which was promoted, the owner in place of one
 * that is gone, if it may be.  Of several that try, the last one to write is
 * the owner, and the others see that the next time.
 */
static void
take_over(const Repository *repository, const char *data_directory, const char *id,
		  Owner *owner)
{
	char	   *standby_file = psprintf("%s/" STANDBY_FILE, data_directory);
	bool		is_promoted = access(standby_file, F_OK) != 0;

	pg_free(standby_file);
	if (!is_promoted || !is_registered(repository, id) || !is_lease_over(repository, id))
		return;
	notice("log", NULL, "this server takes cluster \"%s\" in repository \"%s\" over from host \"%s\", of which nothing was heard for %d minutes",
		   repository->cluster, repository->store->url, owner->host, OWNER_LEASE_S / 60);
	write_owner(repository, id, NULL, PUT_REPLACE);
	(void) read_owner(repository, owner);
}

void
owner_require(Repository *repository, const char *data_directory)
{
	char		id[INSTANCE_ID_SIZE];
	bool		is_original = instance_read(data_directory, id);
	Owner		owner;
	bool		is_owned = read_owner(repository, &owner);

	if (!is_original)
		refuse(repository, is_owned ? &owner : NULL,
			   psprintf("data directory \"%s\" is a copy, or was moved", data_directory));
	if (!is_owned)
	{
		claim_first(repository, id);
		is_owned = read_owner(repository, &owner);
	}
	if (is_owned && strcmp(owner.id, id) != 0)
		take_over(repository, data_directory, id, &owner);
	if (!is_owned || strcmp(owner.id, id) != 0)
		refuse(repository, is_owned ? &owner : NULL, "this server is not the owner");
}

void
owner_adopt(Repository *repository, const char *data_directory)
{
	char		id[INSTANCE_ID_SIZE];

	if (!instance_read(data_directory, id))
		instance_renew(data_directory, id);
	write_owner(repository, id, NULL, PUT_REPLACE);
}

void
owner_renew(Repository *repository, const char *data_directory)
{
	char		id[INSTANCE_ID_SIZE];
	Owner		owner;

	if (instance_read(data_directory, id) && read_owner(repository, &owner) &&
		strcmp(owner.id, id) == 0)
		write_owner(repository, id, owner.since, PUT_REPLACE);
}

void
owner_register_standby(Repository *repository, const char *data_directory)
{
	char		id[INSTANCE_ID_SIZE];
	char	   *name;

	if (!instance_read(data_directory, id))
		instance_renew(data_directory, id);
	name = standby_name(repository, id);
	write_record(repository, name, id, NULL, STANDBY_PURPOSE, PUT_REPLACE);
	pg_free(name);
}
