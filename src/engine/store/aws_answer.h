/*
 * What those who give out credentials say.
 */
#ifndef ERPGO_ENGINE_STORE_AWS_ANSWER_H
#define ERPGO_ENGINE_STORE_AWS_ANSWER_H

#include "store/aws_source.h"

/* No answer with credentials is longer. */
#define AWS_ANSWER_LIMIT (64 * 1024)

/*
 * Takes credentials out of JSON, as container, instance and
 * credential_process give it; token_name is the key of the session token.
 * False, with nothing taken, if they are not there or not such that they can
 * be sent.
 */
extern bool aws_read_json(const char *content, const char *token_name,
						  AwsCredentials *credentials);

/* The same for the XML of STS. */
extern bool aws_read_xml(const char *content, AwsCredentials *credentials);

/* The server's word for an error in XML or JSON, allocated; NULL if none. */
extern char *aws_read_error(const char *content);

/*
 * Reads "2026-02-25T06:03:31Z", also with a fraction or an offset in the place
 * of "Z": seconds since 1970, or 0 if it is none.
 */
extern int64 aws_read_time(const char *content);

/* Overwrites and frees credentials. */
extern void aws_credentials_clear(AwsCredentials *credentials);

/* Can a text be sent as the value of a header? */
extern bool aws_is_sendable(const char *content, size_t limit);

#endif
