/*
 * Where a repository is: a URL without secrets.
 *
 * A path is taken byte for byte, without the escapes that URLs of other kinds
 * have, so that it is the path which the shell shows.
 */
#include "common/store_url.h"

#include <string.h>

#include "common/azure_url.h"
#include "common/s3_url.h"
#include "common/sftp_url.h"
#include "common/url_text.h"

#define FILE_SCHEME "file://"
#define FILE_SCHEME_LENGTH (sizeof(FILE_SCHEME) - 1)

/*
 * The path of a URL that is a bare path or begins with "file://", checked
 * for nothing but its first slash; NULL if it is neither.
 */
static const char *
path_start(const char *url)
{
	if (strncmp(url, FILE_SCHEME, FILE_SCHEME_LENGTH) == 0)
		url += FILE_SCHEME_LENGTH;
	return url[0] == '/' ? url : NULL;
}

/*
 * Checks a URL of a directory.
 */
static bool
check_path(const char *url, const char **problem)
{
	const char *path = path_start(url);

	if (path != NULL)
		return path_is_plain(path, problem);
	*problem = "A repository is given as \"file:///absolute/path\", \"s3://bucket/prefix\", "
		"\"azure://account/container/prefix\" or \"sftp://user@host/absolute/path\".";
	return false;
}

bool
store_url_check(const char *url, const char **problem)
{
	S3Url		s3_url;
	AzureUrl	azure_url;
	SftpUrl		sftp_url;

	if (s3_url_is_meant(url))
		return s3_url_parse(url, &s3_url, problem);
	if (azure_url_is_meant(url))
		return azure_url_parse(url, &azure_url, problem);
	if (sftp_url_is_meant(url))
		return sftp_url_parse(url, &sftp_url, problem);
	return check_path(url, problem);
}

const char *
store_url_path(const char *url)
{
	const char *problem;

	return check_path(url, &problem) ? path_start(url) : NULL;
}
