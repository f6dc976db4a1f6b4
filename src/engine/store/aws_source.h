/*
 * Where credentials for object storage can come from, each of them a function
 * that looks for them, and what these functions share.
 *
 * A source that is set up but gives nothing ends the search: another one's
 * credentials would be those of somebody else.
 */
#ifndef ERPGO_ENGINE_STORE_AWS_SOURCE_H
#define ERPGO_ENGINE_STORE_AWS_SOURCE_H

#include "postgres_fe.h"

#include "store/store.h"

typedef struct AwsCredentials
{
	char	   *access_key;
	char	   *secret_key;
	char	   *session_token;	/* NULL if there is none */
	int64		expires;		/* seconds since 1970; 0 for never */
} AwsCredentials;

typedef enum AwsOutcome
{
	AWS_ABSENT,					/* not set up; reason says what is missing */
	AWS_FAILED,					/* set up, but reason says why not */
	AWS_FOUND					/* reason says where exactly */
} AwsOutcome;

/* A search, and what came of the source that was asked last. */
typedef struct AwsSearch
{
	const StoreAccess *access;
	const char *region;
	AwsCredentials found;
	char	   *reason;			/* allocated; no secret in it */
	bool		transient;		/* a failure that may pass */
} AwsSearch;

typedef AwsOutcome (*AwsSource) (AwsSearch *search);

extern AwsOutcome aws_static_keys(AwsSearch *search);
extern AwsOutcome aws_web_identity(AwsSearch *search);
extern AwsOutcome aws_profile(AwsSearch *search);
extern AwsOutcome aws_container(AwsSearch *search);
extern AwsOutcome aws_instance(AwsSearch *search);

/* The value of a variable of the AWS tools; NULL if it is not set. */
extern const char *aws_variable(const AwsSearch *search, const char *name);

/* Sets the reason, and gives back the outcome. */
extern AwsOutcome aws_outcome(AwsSearch *search, AwsOutcome outcome,
							  const char *reason,...)
			pg_attribute_printf(3, 4);

/* The region that the profile names, allocated; NULL if none does. */
extern char *aws_profile_region(const StoreAccess *access);

/* Runs the command of a credential_process, and takes what it prints. */
extern AwsOutcome aws_process(AwsSearch *search, const char *command);

/*
 * The words of a command, allocated, with a NULL at the end: separated by
 * blanks, but where quotes or a backslash keep them together.  NULL if a quote
 * is not closed or there is no word.
 */
extern char **aws_words(const char *command);

/*
 * Reads a small regular file whole, allocated; NULL with the reason set, where
 * it cannot be read.  guarded: nobody but its owner, this user or root, may
 * be able to write it.
 */
extern char *aws_file(AwsSearch *search, const char *path, bool guarded);

/* Overwrites and frees a text with a secret; it may be NULL. */
extern void aws_forget(char *text);

#endif
