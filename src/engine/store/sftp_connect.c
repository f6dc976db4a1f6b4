/*
 * Connecting to an SFTP server: who is there, and who we are.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "failure.h"
#include "store/sftp_client.h"

#define CONNECT_TIMEOUT_S 10

/*
 * A server may have keys of several types, of which it shows one that the
 * client knows: each type is asked for until the right key is seen.
 */
static const char *const key_types[] = {
	"ssh-ed25519",
	"ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
	"rsa-sha2-512,rsa-sha2-256,ssh-rsa"
};

/*
 * Connects by TCP; false with the problem if that is impossible.
 */
static bool
connect_tcp(SftpClient *client)
{
	const SftpUrl *url = client->url;
	bool		is_ipv6 = strchr(url->host, ':') != NULL;
	char	   *address = psprintf("http://%s%s%s:%d", is_ipv6 ? "[" : "", url->host,
								   is_ipv6 ? "]" : "", url->port);
	CURLcode	result;

	client->tcp = curl_easy_init();
	if (client->tcp == NULL)
		fail(FAILURE_INTERNAL, NULL, "out of memory");
	(void) curl_easy_setopt(client->tcp, CURLOPT_URL, address);
	(void) curl_easy_setopt(client->tcp, CURLOPT_CONNECT_ONLY, 1L);
	(void) curl_easy_setopt(client->tcp, CURLOPT_PROXY, "");
	(void) curl_easy_setopt(client->tcp, CURLOPT_NOSIGNAL, 1L);
	(void) curl_easy_setopt(client->tcp, CURLOPT_TCP_KEEPALIVE, 1L);
	(void) curl_easy_setopt(client->tcp, CURLOPT_CONNECTTIMEOUT,
							(long) Min(CONNECT_TIMEOUT_S, url->timeout_s));
	result = curl_easy_perform(client->tcp);
	strlcpy(client->problem, curl_easy_strerror(result), sizeof(client->problem));
	pg_free(address);
	return result == CURLE_OK;
}

/*
 * Agrees with the server on keys, its own being of one of some types: 0, or an
 * error of libssh2.
 */
static int
shake_hands(SftpClient *client, const char *types)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int			result;

	client->session = libssh2_session_init();
	if (client->session == NULL)
		fail(FAILURE_INTERNAL, NULL, "out of memory");
	(void) curl_easy_getinfo(client->tcp, CURLINFO_ACTIVESOCKET, &fd);
	libssh2_session_set_blocking(client->session, 1);
	libssh2_session_set_timeout(client->session, client->url->timeout_s * 1000L);
	result = libssh2_session_method_pref(client->session, LIBSSH2_METHOD_HOSTKEY, types);
	return result != 0 ? result : libssh2_session_handshake(client->session, fd);
}

void
sftp_disconnect(SftpClient *client, bool dead)
{
	if (client->sftp != NULL && !dead)
		(void) libssh2_sftp_shutdown(client->sftp);
	if (client->session != NULL && !dead)
		(void) libssh2_session_disconnect(client->session, "done");

	/* Freeing waits for the server where the connection is not known as dead. */
	if (client->tcp != NULL)
		curl_easy_cleanup(client->tcp);
	if (client->session != NULL)
		(void) libssh2_session_free(client->session);
	client->sftp = NULL;
	client->session = NULL;
	client->tcp = NULL;
	client->owner = 0;
}

/*
 * Fails because the server is not the one that is meant.
 */
static void
fail_host_key(SftpClient *client, const char *shown)
{
	Failure		failure = {.kind = FAILURE_STATE};

	failure.message = psprintf("could not open repository \"%s\": the host key of the server is not the one that is expected",
							   client->shown_url);
	if (shown[0] != '\0')
		failure.detail = psprintf("The server shows a key with the fingerprint SHA256:%s.", shown);
	failure.hint = "Somebody may be in between, or the server has a new key: look at it there with ssh-keygen -l, then correct host_key in the URL of the repository, or the file that known_hosts names.";
	fail_with(&failure);
}

/*
 * Connects to the server and sees that it is the one that is meant; false with
 * the problem if there was no connection.
 */
static bool
connect_to_right_server(SftpClient *client)
{
	char		shown[SFTP_FINGERPRINT_SIZE] = "";

	for (int i = 0; i < lengthof(key_types); i++)
	{
		int			result;

		if (!connect_tcp(client))
			return false;
		result = shake_hands(client, key_types[i]);
		if (result == 0 && sftp_host_key_is_right(client, shown))
			return true;
		sftp_note_problem(client);
		if (result != 0 && result != LIBSSH2_ERROR_KEX_FAILURE &&
			result != LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE &&
			result != LIBSSH2_ERROR_METHOD_NOT_SUPPORTED)
			return false;
		sftp_disconnect(client, true);
	}
	fail_host_key(client, shown);
	return false;
}

/*
 * Begins SFTP on the connection, whose session is ready.
 */
static bool
begin_sftp(SftpClient *client)
{
	int			result = sftp_authenticate(client);

	if (result == 0)
		client->sftp = libssh2_sftp_init(client->session);
	if (client->sftp == NULL)
	{
		sftp_note_problem(client);
		return false;
	}
	return true;
}

bool
sftp_connect(SftpClient *client)
{
	static bool initialized = false;

	if (!initialized && libssh2_init(0) != 0)
		fail(FAILURE_INTERNAL, NULL, "could not initialize libssh2");
	initialized = true;

	/* The connection of a parent is left alone. */
	client->tcp = NULL;
	client->session = NULL;
	client->sftp = NULL;
	if (!connect_to_right_server(client) || !begin_sftp(client))
	{
		sftp_disconnect(client, true);
		return false;
	}
	client->owner = getpid();
	client->generation++;
	client->reached = true;
	return true;
}
