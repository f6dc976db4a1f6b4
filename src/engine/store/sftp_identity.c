/*
 * Who an SFTP server is, and who we are.
 */
#include "postgres_fe.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "store/sftp_client.h"

#define DIGEST_BYTES 32
#define PADDED_SIZE (SFTP_FINGERPRINT_SIZE + 1)

#define SECRET_KEY_FILE "SFTP_PRIVATE_KEY_FILE"
#define SECRET_PASSPHRASE "SFTP_PRIVATE_KEY_PASSPHRASE"
#define SECRET_PASSWORD "SFTP_PASSWORD"

/*
 * Is the key that the server shows one that a file has for its host?
 */
static bool
is_known_host(SftpClient *client)
{
	const SftpUrl *url = client->url;
	LIBSSH2_KNOWNHOSTS *hosts = libssh2_knownhost_init(client->session);
	size_t		len;
	const char *key = libssh2_session_hostkey(client->session, &len, NULL);
	int			check;

	if (hosts == NULL)
		fail(FAILURE_INTERNAL, NULL, "out of memory");
	if (libssh2_knownhost_readfile(hosts, url->known_hosts, LIBSSH2_KNOWNHOST_FILE_OPENSSH) < 0)
		fail(FAILURE_STATE, "The file has lines as ssh-keyscan writes them.",
			 "could not read file \"%s\", which known_hosts names in the URL of repository \"%s\"",
			 url->known_hosts, client->shown_url);
	check = key == NULL ? LIBSSH2_KNOWNHOST_CHECK_FAILURE :
		libssh2_knownhost_checkp(hosts, url->host, url->port, key, len,
								 LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW, NULL);
	libssh2_knownhost_free(hosts);
	return check == LIBSSH2_KNOWNHOST_CHECK_MATCH;
}

bool
sftp_host_key_is_right(SftpClient *client, char shown[SFTP_FINGERPRINT_SIZE])
{
	const char *digest = libssh2_hostkey_hash(client->session, LIBSSH2_HOSTKEY_HASH_SHA256);
	unsigned char padded[PADDED_SIZE];

	if (digest == NULL)
		return false;
	(void) EVP_EncodeBlock(padded, (const unsigned char *) digest, DIGEST_BYTES);
	padded[SFTP_FINGERPRINT_SIZE - 1] = '\0';
	if (shown[0] == '\0')
		strlcpy(shown, (const char *) padded, SFTP_FINGERPRINT_SIZE);
	if (client->url->host_key[0] == '\0')
		return is_known_host(client);
	return strcmp((const char *) padded, client->url->host_key) == 0;
}

const char *
sftp_credentials_source(SftpClient *client)
{
	if (client->access.variable(SECRET_KEY_FILE) != NULL)
		return SECRET_KEY_FILE;
	if (client->access.variable(SECRET_PASSWORD) != NULL)
		return SECRET_PASSWORD;
	fail(FAILURE_KEY, "Set SFTP_PRIVATE_KEY_FILE or SFTP_PASSWORD in the secrets file.",
		 "there are no credentials for repository \"%s\"", client->shown_url);
}

/*
 * Fails unless a file with a private key is there and its owner's alone.
 */
static void
require_private(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		fail_errno("could not read private key file \"%s\"", path);
	if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0 ||
		(status.st_uid != geteuid() && status.st_uid != 0))
		fail(FAILURE_PERMISSION,
			 "It must be a regular file that belongs to the user which runs this program, with mode 0600.",
			 "private key file \"%s\" is not for its owner only", path);
}

/*
 * Shows the private key: 0, or an error of libssh2.
 */
static int
show_key(SftpClient *client, const char *path)
{
	const char *passphrase = client->access.variable(SECRET_PASSPHRASE);
	int			result;

	require_private(path);
	result = libssh2_userauth_publickey_fromfile_ex(client->session, client->url->user,
													strlen(client->url->user), NULL, path,
													passphrase == NULL ? "" : passphrase);
	if (result == LIBSSH2_ERROR_FILE || result == LIBSSH2_ERROR_METHOD_NONE)
		fail(FAILURE_KEY, "It must be a private key in a format of OpenSSH or PEM; its passphrase is SFTP_PRIVATE_KEY_PASSPHRASE in the secrets file.",
			 "could not read the key in private key file \"%s\"", path);
	return result;
}

/*
 * Does an error say that the server does not let us in, ever?
 */
static bool
is_refusal(int result)
{
	return result == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
		result == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED ||
		result == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED ||
		result == LIBSSH2_ERROR_PASSWORD_EXPIRED;
}

int
sftp_authenticate(SftpClient *client)
{
	const char *source = sftp_credentials_source(client);
	const char *path = client->access.variable(SECRET_KEY_FILE);
	const char *password = client->access.variable(SECRET_PASSWORD);
	int			result = LIBSSH2_ERROR_AUTHENTICATION_FAILED;

	if (path != NULL)
		result = show_key(client, path);
	if (is_refusal(result) && password != NULL)
		result = libssh2_userauth_password(client->session, client->url->user, password);
	if (is_refusal(result))
	{
		Failure		failure = {.kind = FAILURE_PERMISSION};

		failure.message = psprintf("could not open repository \"%s\": server refuses user \"%s\"",
								   client->shown_url, client->url->user);
		failure.detail = psprintf("The credentials come from %s.", source);
		failure.hint = "The public key must be among the authorized keys of that user; an ed25519 key is understood by all servers.";
		fail_with(&failure);
	}
	return result;
}
