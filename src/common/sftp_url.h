/*
 * Where a repository on an SFTP server is: a URL without secrets.
 */
#ifndef ERPGO_COMMON_SFTP_URL_H
#define ERPGO_COMMON_SFTP_URL_H

#include "common/host_port.h"

#include <stdbool.h>
#include <stdint.h>

#define SFTP_USER_SIZE 65
#define SFTP_PATH_SIZE 1024

/* A SHA-256 in base64 without padding, with its terminating zero. */
#define SFTP_FINGERPRINT_SIZE 44

typedef struct SftpUrl
{
	char		user[SFTP_USER_SIZE];
	char		host[HOST_SIZE];	/* a name or an address, without brackets */
	int			port;
	char		path[SFTP_PATH_SIZE];	/* absolute, without a slash at its
										 * end */
	char		host_key[SFTP_FINGERPRINT_SIZE];	/* fingerprint, or empty */
	char		known_hosts[SFTP_PATH_SIZE];	/* a file, or empty */
	int			timeout_s;		/* how long a server may be silent */
} SftpUrl;

/* Does a text begin as a URL of this kind? */
extern bool sftp_url_is_meant(const char *url);

/*
 * Reads "sftp://user@host:port/absolute/path?parameter=value&…".  On false,
 * *problem is a static sentence that says what would be valid.
 */
extern bool sftp_url_parse(const char *url, SftpUrl *parsed,
						   const char **problem);

#endif
