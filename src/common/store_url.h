/*
 * Where a repository is: a URL without secrets.
 */
#ifndef ERPGO_COMMON_STORE_URL_H
#define ERPGO_COMMON_STORE_URL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Checks a repository's URL without touching what it names.  Valid is
 * "file:///absolute/path" (a bare "/absolute/path" means the same) without
 * "." and ".." components, "s3://bucket/prefix" with parameters
 * (common/s3_url.h), "azure://account/container/prefix" with parameters
 * (common/azure_url.h), or "sftp://user@host/absolute/path" with parameters
 * (common/sftp_url.h).  On false, *problem is a static sentence that says
 * what would be valid.
 */
extern bool store_url_check(const char *url, const char **problem);

/*
 * The absolute path that a file URL names, without a trailing slash, inside
 * the text given; NULL if the URL is of another kind.
 */
extern const char *store_url_path(const char *url);

#endif
