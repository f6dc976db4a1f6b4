/*
 * Where a repository in Azure's Blob service is: a URL without secrets.
 *
 * Container and prefix obey the rules of a bucket of S3.
 */
#include "common/azure_url.h"

#include <stdio.h>
#include <string.h>

#include "common/host_port.h"
#include "common/url_text.h"

#define SCHEME "azure://"
#define LOCATION_SIZE (S3_BUCKET_SIZE + S3_PREFIX_SIZE + 8)

#define SMALLEST_ACCOUNT 3
#define SMALLEST_PART_MIB 5
#define LARGEST_PART_MIB 1024
#define LONGEST_TIMEOUT_S 3600
#define MIB (INT64_C(1024) * 1024)

#define FORM "A repository in Azure's Blob service is given as \"azure://account/container/prefix\"."

/*
 * Takes "https://host:port", or that and "/account" where the account is not
 * in the host.
 */
static bool
take_endpoint(void *target, const char *value)
{
	AzureUrl   *url = target;
	const char *host = strstr(value, "://");
	const char *slash;
	size_t		length;
	char		name[HOST_SIZE];

	if (host == NULL)
		return false;
	host += strlen("://");
	url->storage.tls = strncmp(value, "https://", strlen("https://")) == 0;
	if (!url->storage.tls && strncmp(value, "http://", strlen("http://")) != 0)
		return false;
	length = strcspn(host, "/");
	slash = host + length;
	url->account_in_path = *slash == '/';
	if (url->account_in_path && strcmp(slash + 1, url->account) != 0)
		return false;
	url->storage.has_endpoint = true;
	return copy_word(url->storage.host, sizeof(url->storage.host), host, length,
					 LOWER UPPER DIGITS ".-_:[]") &&
		host_header_parse(url->storage.host, name);
}

static bool
take_tier(void *target, const char *value)
{
	static const char *const tiers[] = {"Hot", "Cool", "Cold"};

	for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++)
	{
		if (strcmp(tiers[i], value) == 0)
			return copy_word(((AzureUrl *) target)->tier, S3_CLASS_SIZE, value,
							 strlen(value), LOWER UPPER);
	}
	return false;
}

static bool
take_part_size(void *target, const char *value)
{
	int			mib;

	if (!read_number(value, SMALLEST_PART_MIB, LARGEST_PART_MIB, &mib))
		return false;
	((AzureUrl *) target)->storage.part_size = mib * MIB;
	return true;
}

static bool
take_parallel(void *target, const char *value)
{
	return read_number(value, 1, S3_PARALLEL_LIMIT, &((AzureUrl *) target)->storage.parallel);
}

static bool
take_timeout(void *target, const char *value)
{
	return read_number(value, 1, LONGEST_TIMEOUT_S, &((AzureUrl *) target)->storage.timeout_s);
}

static const UrlParameter parameters[] = {
	{"endpoint", take_endpoint, "An endpoint is given as \"https://host\" or \"https://host:port\", with \"/account\" behind it where the account is not part of the host."},
	{"access_tier", take_tier, "The tier of new objects is \"access_tier=Hot\", \"access_tier=Cool\" or \"access_tier=Cold\"."},
	{"part_size", take_part_size, "The size of blocks is a number of MiB from 5 to 1024."},
	{"parallel", take_parallel, "The number of requests of one object at a time is from 1 to 16."},
	{"timeout", take_timeout, "A timeout is a number of seconds from 1 to 3600."},
};

/*
 * Takes "account/container/prefix", so many bytes; the prefix may be missing.
 */
static bool
take_location(AzureUrl *url, const char *text, size_t length, const char **problem)
{
	size_t		account_length = strcspn(text, "/?");
	char		location[LOCATION_SIZE];

	*problem = "The name of a storage account consists of 3 to 24 lower-case letters and digits.";
	if (account_length < SMALLEST_ACCOUNT ||
		!copy_word(url->account, sizeof(url->account), text, account_length, LOWER DIGITS))
		return false;
	*problem = FORM;
	if (account_length + 1 >= length || length - account_length > S3_BUCKET_SIZE + S3_PREFIX_SIZE)
		return false;
	snprintf(location, sizeof(location), "s3:/%.*s", (int) (length - account_length),
			 text + account_length);
	if (!s3_url_parse(location, &url->storage, problem))
	{
		*problem = "Container and prefix consist of lower-case letters, digits and \"-\"; the prefix may have capital letters, \"_\", \".\" and single slashes as well.";
		return false;
	}
	return true;
}

bool
azure_url_is_meant(const char *url)
{
	return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

bool
azure_url_parse(const char *url, AzureUrl *parsed, const char **problem)
{
	const char *location = url + strlen(SCHEME);
	size_t		length;

	memset(parsed, 0, sizeof(*parsed));
	*problem = FORM;
	if (!azure_url_is_meant(url))
		return false;
	length = strcspn(location, "?");
	if (!take_location(parsed, location, length, problem))
		return false;
	snprintf(parsed->storage.host, sizeof(parsed->storage.host),
			 "%s.blob.core.windows.net", parsed->account);
	return location[length] != '?' ||
		url_parameters_take(parameters, sizeof(parameters) / sizeof(parameters[0]),
							parsed, location + length + 1,
							"The parameters of a repository in Azure's Blob service are endpoint, access_tier, part_size, parallel and timeout.",
							problem);
}
