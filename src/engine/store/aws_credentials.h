/*
 * The credentials that requests to object storage are signed with: found in
 * the order in which the AWS tools look for them, and fetched anew before they
 * expire.
 *
 * A process has one set of them, whichever repositories it opens.
 */
#ifndef ERPGO_ENGINE_STORE_AWS_CREDENTIALS_H
#define ERPGO_ENGINE_STORE_AWS_CREDENTIALS_H

#include "store/aws_source.h"

/*
 * The credentials as they are now; fails if there are none.  What they are
 * for is shown_url, and its region.  They hold until the next call.
 */
extern const AwsCredentials *aws_credentials(const StoreAccess *access,
											 const char *region,
											 const char *shown_url);

/*
 * After a server called them expired: has the next call fetch them anew.
 * False if that would bring the same ones.
 */
extern bool aws_credentials_expire(void);

/* Where they came from, in static memory; NULL before there are any. */
extern const char *aws_credentials_source(void);

/*
 * The region for a URL that has none, allocated; NULL if none is set.
 */
extern char *aws_region(const StoreAccess *access);

#endif
