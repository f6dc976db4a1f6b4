/*
 * Where a repository on an SFTP server is: a URL without secrets.
 *
 * Nothing is unescaped, and a password behind the user's name is refused.  Who
 * the server is has to be given as well: without that, anybody in between
 * could be it.
 */
#include "common/sftp_url.h"

#include "common/url_text.h"

#include <stdlib.h>
#include <string.h>

#define SCHEME "sftp://"
#define FINGERPRINT_START "SHA256:"

#define DEFAULT_PORT 22
#define DEFAULT_TIMEOUT_S 30
#define LONGEST_TIMEOUT_S 3600

#define FORM "A repository on an SFTP server is given as \"sftp://user@host:port/absolute/path?host_key=SHA256:...\"."

static bool
take_host_key(void *target, const char *value)
{
	SftpUrl    *url = target;

	if (strncmp(value, FINGERPRINT_START, strlen(FINGERPRINT_START)) != 0)
		return false;
	value += strlen(FINGERPRINT_START);
	return strlen(value) == SFTP_FINGERPRINT_SIZE - 1 &&
		copy_word(url->host_key, sizeof(url->host_key), value, strlen(value),
				  LOWER UPPER DIGITS "+/");
}

static bool
take_known_hosts(void *target, const char *value)
{
	SftpUrl    *url = target;
	const char *problem;

	if (strlen(value) >= sizeof(url->known_hosts) || !path_is_plain(value, &problem))
		return false;
	memcpy(url->known_hosts, value, strlen(value) + 1);
	return true;
}

static bool
take_timeout(void *target, const char *value)
{
	return read_number(value, 1, LONGEST_TIMEOUT_S, &((SftpUrl *) target)->timeout_s);
}

static const UrlParameter parameters[] = {
	{"host_key", take_host_key, "A host key is given by its fingerprint, as \"host_key=SHA256:\" and 43 characters: see ssh-keygen -l."},
	{"known_hosts", take_known_hosts, "A file with host keys is given as \"known_hosts=/absolute/path\"."},
	{"timeout", take_timeout, "A timeout is a number of seconds from 1 to 3600."},
};

/*
 * Takes "user@", and says where the host begins; NULL if it makes no sense.
 */
static const char *
take_user(SftpUrl *url, const char *text, const char **problem)
{
	size_t		length = strcspn(text, "@/?");

	*problem = FORM;
	if (text[length] != '@')
		return NULL;
	*problem = "The user of an SFTP server consists of letters, digits, \"_\", \"-\" and \".\"; a password belongs into the secrets file.";
	if (!copy_word(url->user, sizeof(url->user), text, length,
				   LOWER UPPER DIGITS "_-."))
		return NULL;
	return text + length + 1;
}

/*
 * Takes "host", "host:port" or the same with an address in brackets, so many
 * bytes.
 */
static bool
take_host(SftpUrl *url, const char *text, size_t length)
{
	char		copy[HOST_SIZE + PORT_SIZE + 2];
	const char *colon;

	if (!copy_word(copy, sizeof(copy), text, length, LOWER UPPER DIGITS ".-_:[]") ||
		!host_header_parse(copy, url->host))
		return false;
	colon = strrchr(copy, ':');
	if (colon != NULL && strchr(colon, ']') == NULL)
		url->port = atoi(colon + 1);
	return true;
}

/*
 * Takes the path, so many bytes.
 */
static bool
take_path(SftpUrl *url, const char *text, size_t length, const char **problem)
{
	*problem = "The path of a repository on an SFTP server is too long.";
	if (length >= sizeof(url->path))
		return false;
	memcpy(url->path, text, length);
	return path_is_plain(url->path, problem);
}

bool
sftp_url_is_meant(const char *url)
{
	return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

bool
sftp_url_parse(const char *url, SftpUrl *parsed, const char **problem)
{
	const char *host;
	size_t		host_length;
	const char *path;
	size_t		path_length;

	memset(parsed, 0, sizeof(*parsed));
	parsed->port = DEFAULT_PORT;
	parsed->timeout_s = DEFAULT_TIMEOUT_S;

	*problem = FORM;
	if (!sftp_url_is_meant(url))
		return false;
	host = take_user(parsed, url + strlen(SCHEME), problem);
	if (host == NULL)
		return false;
	host_length = strcspn(host, "/?");
	path = host + host_length;
	path_length = strcspn(path, "?");
	*problem = FORM;
	if (!take_host(parsed, host, host_length) ||
		!take_path(parsed, path, path_length, problem))
		return false;
	if (path[path_length] == '?' &&
		!url_parameters_take(parameters, sizeof(parameters) / sizeof(parameters[0]),
							 parsed, path + path_length + 1,
							 "The parameters of a repository on an SFTP server are host_key, known_hosts and timeout.",
							 problem))
		return false;
	*problem = "Say which host key the server has, by \"host_key=SHA256:...\" or \"known_hosts=/absolute/path\".";
	return (parsed->host_key[0] == '\0') != (parsed->known_hosts[0] == '\0');
}
