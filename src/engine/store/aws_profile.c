/*
 * Credentials and the region of a profile, in the files of the AWS tools.
 */
#include "postgres_fe.h"

#include <pwd.h>
#include <unistd.h>

#include "store/aws_answer.h"
#include "store/aws_http.h"
#include "store/aws_ini.h"

#define DEFAULT_PROFILE "default"

/* What a profile may consist of that is not for us. */
static const char *const unknown_keys[] = {"role_arn", "sso_session", "sso_start_url", "login_session"};

/* A profile, in both files. */
typedef struct Profile
{
	const char *name;
	char	   *section;		/* its name in the file config */
	char	   *credentials_path;
	char	   *config_path;
	char	   *credentials;	/* text of the files; NULL if not there */
	char	   *config;
} Profile;

/*
 * Where a file is: what a variable says, or its usual place, which the server
 * need not be told in HOME.
 */
static char *
file_path(const AwsSearch *search, const char *variable, const char *name)
{
	const char *path = aws_variable(search, variable);
	const char *home = getenv("HOME");
	struct passwd *user;

	if (path != NULL && strncmp(path, "~/", 2) != 0)
		return pg_strdup(path);
	if (home == NULL || home[0] == '\0')
	{
		user = getpwuid(geteuid());
		home = user == NULL ? "" : user->pw_dir;
	}
	return path != NULL ? psprintf("%s%s", home, path + 1) : psprintf("%s/.aws/%s", home, name);
}

/*
 * Reads a file that may be missing: false if it is there but cannot be read.
 */
static bool
read_optional(AwsSearch *search, const char *path, char **content)
{
	*content = NULL;
	if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	*content = aws_file(search, path, true);
	return *content != NULL;
}

/*
 * Reads both files; false if that fails.
 */
static bool
open_profile(AwsSearch *search, Profile *profile)
{
	const char *name = aws_variable(search, "AWS_PROFILE");

	memset(profile, 0, sizeof(*profile));
	profile->name = name == NULL ? DEFAULT_PROFILE : name;
	profile->section = strcmp(profile->name, DEFAULT_PROFILE) == 0 ?
		pg_strdup(DEFAULT_PROFILE) : psprintf("profile %s", profile->name);
	profile->credentials_path = file_path(search, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
	profile->config_path = file_path(search, "AWS_CONFIG_FILE", "config");
	return read_optional(search, profile->credentials_path, &profile->credentials) &&
		read_optional(search, profile->config_path, &profile->config);
}

static void
close_profile(Profile *profile)
{
	aws_forget(profile->credentials);
	aws_forget(profile->config);
	pg_free(profile->section);
	pg_free(profile->credentials_path);
	pg_free(profile->config_path);
}

/*
 * A setting in one of the files, allocated; see aws_ini_value.
 */
static char *
in_credentials(const Profile *profile, const char *key)
{
	return profile->credentials == NULL ? NULL :
		aws_ini_value(profile->credentials, profile->name, key);
}

static char *
in_config(const Profile *profile, const char *key)
{
	return profile->config == NULL ? NULL :
		aws_ini_value(profile->config, profile->section, key);
}

/* One of the two. */
typedef char *(*Lookup) (const Profile *profile, const char *key);

/*
 * Takes keys that are in one of the files.
 */
static AwsOutcome
take_keys(AwsSearch *search, const Profile *profile, Lookup lookup, const char *path)
{
	AwsCredentials *found = &search->found;

	found->access_key = lookup(profile, "aws_access_key_id");
	if (found->access_key == NULL)
		return AWS_ABSENT;
	found->secret_key = lookup(profile, "aws_secret_access_key");
	found->session_token = lookup(profile, "aws_session_token");
	if (found->secret_key != NULL)
		return aws_outcome(search, AWS_FOUND, "profile \"%s\" in file \"%s\"", profile->name, path);
	aws_credentials_clear(found);
	return aws_outcome(search, AWS_FAILED, "profile \"%s\" in file \"%s\" has no aws_secret_access_key",
					   profile->name, path);
}

/*
 * Runs the program that a profile names, if it does.
 */
static AwsOutcome
run_process(AwsSearch *search, const Profile *profile)
{
	char	   *command = in_credentials(profile, "credential_process");
	AwsOutcome	outcome;

	if (command == NULL)
		command = in_config(profile, "credential_process");
	if (command == NULL)
		return AWS_ABSENT;
	outcome = aws_process(search, command);
	pg_free(command);
	return outcome;
}

/*
 * Says what the profile has in the place of credentials.
 */
static AwsOutcome
explain_absence(AwsSearch *search, const Profile *profile)
{
	bool		exists = in_credentials(profile, NULL) != NULL || in_config(profile, NULL) != NULL;

	for (int i = 0; i < lengthof(unknown_keys); i++)
	{
		if (in_config(profile, unknown_keys[i]) != NULL ||
			in_credentials(profile, unknown_keys[i]) != NULL)
			return aws_outcome(search, AWS_FAILED,
							   "profile \"%s\" has %s, which is not supported: use credential_process",
							   profile->name, unknown_keys[i]);
	}
	return aws_outcome(search, exists || aws_variable(search, "AWS_PROFILE") == NULL ? AWS_ABSENT : AWS_FAILED,
					   "profile \"%s\" %s in files \"%s\" and \"%s\"", profile->name,
					   exists ? "has no credentials" : "is not",
					   profile->credentials_path, profile->config_path);
}

AwsOutcome
aws_profile(AwsSearch *search)
{
	Profile		profile;
	AwsOutcome	outcome = AWS_FAILED;

	if (open_profile(search, &profile))
	{
		outcome = take_keys(search, &profile, in_credentials, profile.credentials_path);
		if (outcome == AWS_ABSENT)
			outcome = run_process(search, &profile);
		if (outcome == AWS_ABSENT)
			outcome = take_keys(search, &profile, in_config, profile.config_path);
		if (outcome == AWS_ABSENT)
			outcome = explain_absence(search, &profile);
	}
	close_profile(&profile);
	return outcome;
}

char *
aws_profile_region(const StoreAccess *access)
{
	AwsSearch	search = {.access = access};
	Profile		profile;
	char	   *region = NULL;

	if (open_profile(&search, &profile))
	{
		region = in_credentials(&profile, "region");
		if (region == NULL)
			region = in_config(&profile, "region");
	}
	close_profile(&profile);
	pg_free(search.reason);
	return region;
}
