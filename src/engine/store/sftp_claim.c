/*
 * Who may give a file the name of a new object.
 *
 * The protocol says that renaming fails where the new name is taken, and
 * OpenSSH keeps that by means of a hard link, in one step.  Other servers, and
 * OpenSSH where a file system has no such links, look first and rename then:
 * two may look before either renames.  So who wants to rename makes a folder
 * first, the claim, for a folder is made by exactly one of two everywhere.
 */
#include "postgres_fe.h"

#include <time.h>

#include "failure.h"
#include "store/s3_sign.h"
#include "store/sftp_store.h"

#define DIGEST_LENGTH 32
#define LONGEST_DELAY_US 50000

/* A claim that is not made so often, though there is none, cannot be made. */
#define ATTEMPT_LIMIT 20

/* Nobody needs longer from the claim to the object. */
#define CLAIM_LIFE_S 60

/*
 * The path of the claim on a name.
 */
static char *
claim_path(SftpStore *store, const char *name)
{
	size_t		folder_length = sftp_folder_length(name);
	char	   *folder = pnstrdup(name, folder_length);
	char		digest[S3_DIGEST_SIZE];
	char	   *claim;
	char	   *path;

	s3_digest(name, strlen(name), digest);
	claim = psprintf(SFTP_CLAIM_PREFIX "%.*s", DIGEST_LENGTH, digest);
	path = sftp_path(store, folder, claim);
	pg_free(claim);
	pg_free(folder);
	return path;
}

/*
 * Makes the claim as soon as nobody else has it.  Time is measured here, for
 * the clock of the server is another one: what stays for too long, the same
 * all the time, belongs to a process that died.
 */
static void
make_claim(SftpStore *store, SftpPaths *claim, const char *name)
{
	SftpClient *client = &store->client;
	unsigned long claimed_at = 0;
	time_t		since = 0;
	int			failures = 0;
	int			status;

	while ((status = sftp_do(client, sftp_make_folder, claim, "store", name)) != LIBSSH2_FX_OK)
	{
		uint32		random = 0;

		if (sftp_do(client, sftp_look, claim, "store", name) == LIBSSH2_FX_OK)
		{
			failures = 0;
			if (since == 0 || claim->attributes.mtime != claimed_at)
				since = time(NULL);
			claimed_at = claim->attributes.mtime;
			if (labs((long) (time(NULL) - since)) > CLAIM_LIFE_S)
				(void) sftp_do(client, sftp_remove_folder, claim, "store", name);
		}
		else if ((status != LIBSSH2_FX_FAILURE && status != LIBSSH2_FX_FILE_ALREADY_EXISTS) ||
				 ++failures == ATTEMPT_LIMIT)
			sftp_fail_write(store, status, name);
		(void) pg_strong_random(&random, sizeof(random));
		pg_usleep(1000 + random % LONGEST_DELAY_US);
	}
}

/*
 * Renames under the claim: false if the name is taken.
 */
static bool
rename_claimed(SftpStore *store, const char *temporary, const char *name)
{
	SftpClient *client = &store->client;
	char	   *path = sftp_path(store, "", name);
	SftpPaths	paths = {.path = temporary, .other = path};
	LIBSSH2_SFTP_ATTRIBUTES attributes;
	bool		taken = sftp_exists(store, name, &attributes);
	int			status;

	if (!taken)
	{
		status = sftp_do(client, sftp_rename_new, &paths, "store", name);

		/* An attempt whose answer was lost may have done it. */
		if (status == LIBSSH2_FX_NO_SUCH_FILE && client->repeated)
			status = LIBSSH2_FX_OK;
		taken = status != LIBSSH2_FX_OK && sftp_exists(store, name, &attributes);
		if (status != LIBSSH2_FX_OK && !taken)
			sftp_fail(client, status, "store", name);
	}
	pg_free(path);
	return !taken;
}

bool
sftp_publish_new(SftpStore *store, const char *temporary, const char *name)
{
	char	   *path = claim_path(store, name);
	SftpPaths	claim = {.path = path};
	bool		published;

	make_claim(store, &claim, name);
	published = rename_claimed(store, temporary, name);
	(void) sftp_do(&store->client, sftp_remove_folder, &claim, "store", name);
	pg_free(path);
	return published;
}
