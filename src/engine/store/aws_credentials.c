/*
 * The credentials that requests to object storage are signed with.
 */
#include "postgres_fe.h"

#include <time.h>

#include "store/aws_credentials.h"

#include "failure.h"
#include "lib/stringinfo.h"
#include "store/aws_answer.h"

/* So long before they expire others are fetched, and at the latest. */
#define REFRESH_S 300
#define LATEST_S 10

/* Where that brings nothing yet, or fails, it is not tried more often. */
#define REFRESH_PAUSE_S 60

#define HINT "Put AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY into the secrets file, or set up one of the other sources."

typedef struct NamedSource
{
	const char *name;
	AwsSource	look;
} NamedSource;

static const NamedSource sources[] = {
	{"secrets file and environment", aws_static_keys},
	{"web identity", aws_web_identity},
	{"profile", aws_profile},
	{"container", aws_container},
	{"instance metadata", aws_instance},
};

/* What this process has. */
static AwsCredentials current;
static char current_source[1200];
static bool renewable;
static int64 next_refresh;		/* not before */

/*
 * Asks one source after the other; false if none has any.  What they said is
 * added to a text.
 */
static bool
look_everywhere(AwsSearch *search, StringInfo said)
{
	for (int i = 0; i < lengthof(sources); i++)
	{
		AwsOutcome	outcome;

		search->transient = false;
		outcome = sources[i].look(search);
		if (outcome == AWS_FOUND)
		{
			snprintf(current_source, sizeof(current_source), "%s: %s",
					 sources[i].name, search->reason);
			renewable = i > 0;
			return true;
		}
		appendStringInfo(said, "%s%s: %s", said->len == 0 ? "" : "; ", sources[i].name, search->reason);
		if (outcome == AWS_FAILED)
			return false;
	}
	/* That nobody ever answered at the metadata's address does not pass. */
	search->transient = search->transient && current_source[0] != '\0';
	return false;
}

/*
 * Is it time for others?
 */
static bool
is_due(int64 now)
{
	if (current.access_key == NULL)
		return true;
	if (current.expires == 0 || now < current.expires - REFRESH_S)
		return false;
	return now >= current.expires - LATEST_S || now >= next_refresh;
}

/*
 * Fetches others.  If there are none, those that still hold are kept.
 */
static void
refresh(AwsSearch *search, const char *shown_url, int64 now)
{
	StringInfoData said;

	initStringInfo(&said);
	next_refresh = now + REFRESH_PAUSE_S;
	if (look_everywhere(search, &said))
	{
		aws_credentials_clear(&current);
		current = search->found;
	}
	else if (current.access_key != NULL && now < current.expires)
		notice("warning", NULL, "could not renew the credentials for repository \"%s\": %s",
			   shown_url, said.data);
	else
		fail(search->transient ? FAILURE_IO : FAILURE_KEY, HINT,
			 "there are no credentials for repository \"%s\": %s", shown_url, said.data);
	pg_free(search->reason);
	pg_free(said.data);
}

const AwsCredentials *
aws_credentials(const StoreAccess *access, const char *region,
				const char *shown_url)
{
	AwsSearch	search = {.access = access, .region = region};
	int64		now = time(NULL);

	if (is_due(now))
		refresh(&search, shown_url, now);
	return &current;
}

bool
aws_credentials_expire(void)
{
	if (!renewable)
		return false;
	aws_credentials_clear(&current);
	return true;
}

const char *
aws_credentials_source(void)
{
	return current_source[0] == '\0' ? NULL : current_source;
}

char *
aws_region(const StoreAccess *access)
{
	const char *region = access->variable("AWS_REGION");

	if (region == NULL)
		region = access->variable("AWS_DEFAULT_REGION");
	return region != NULL ? pg_strdup(region) : aws_profile_region(access);
}
