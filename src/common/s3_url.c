/*
 * Where a repository in object storage is: a URL without secrets.
 *
 * Nothing is unescaped: what a bucket, a prefix or a parameter may consist of
 * needs no escapes, and a key or a password in the place of a user's name is
 * refused with everything else.
 */
#include "common/s3_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/host_port.h"
#include "common/object_name.h"
#include "common/url_text.h"

#define SCHEME "s3://"

#define DEFAULT_REGION "us-east-1"
#define GOOGLE_HOST "storage.googleapis.com"
#define DEFAULT_PART_MIB 8
#define LARGEST_PART_MIB 1024
#define DEFAULT_MAX_PARTS 10000
#define DEFAULT_PARALLEL 4
#define DEFAULT_THAW_DAYS 7
#define DEFAULT_TIMEOUT_S 30
#define LONGEST_TIMEOUT_S 3600

#define MIB (INT64_C(1024) * 1024)

/* What the parameters say, before the host is known. */
typedef struct Parameters
{
	S3Url	   *url;
	bool		has_style;
} Parameters;

/* Takes the value of a parameter; false if it makes no sense. */
typedef bool (*ParameterTaker) (Parameters *parameters, const char *value);

typedef struct ParameterKind
{
	const char *name;
	ParameterTaker take;
	const char *problem;
} ParameterKind;

static bool
take_endpoint(Parameters *parameters, const char *value)
{
	S3Url	   *url = parameters->url;
	const char *host = strstr(value, "://");
	const char *usual_port;
	char		name[HOST_SIZE];
	size_t		length;

	if (host == NULL)
		return false;
	url->tls = strncmp(value, "https://", strlen("https://")) == 0;
	if (!url->tls && strncmp(value, "http://", strlen("http://")) != 0)
		return false;
	host += strlen("://");
	if (!host_header_parse(host, name))
		return false;

	/* The server is told the port, and it is signed, only if it is another. */
	usual_port = url->tls ? ":443" : ":80";
	length = strlen(host);
	if (length > strlen(usual_port) &&
		strcmp(host + length - strlen(usual_port), usual_port) == 0)
		length -= strlen(usual_port);
	url->has_endpoint = true;
	return copy_word(url->host, sizeof(url->host), host, length,
					 LOWER UPPER DIGITS ".-_:[]");
}

/*
 * Copies a region; false if it cannot be one.
 */
static bool
copy_region(char region[S3_REGION_SIZE], const char *value)
{
	return copy_word(region, S3_REGION_SIZE, value, strlen(value),
					 LOWER UPPER DIGITS "-_");
}

static bool
take_region(Parameters *parameters, const char *value)
{
	parameters->url->has_region = true;
	return copy_region(parameters->url->region, value);
}

static bool
take_style(Parameters *parameters, const char *value)
{
	parameters->has_style = true;
	parameters->url->path_style = strcmp(value, "path") == 0;
	return parameters->url->path_style || strcmp(value, "virtual") == 0;
}

static bool
take_claims(Parameters *parameters, const char *value)
{
	parameters->url->claims = strcmp(value, "always") == 0;
	return parameters->url->claims;
}

static bool
take_storage_class(Parameters *parameters, const char *value)
{
	return copy_word(parameters->url->storage_class, S3_CLASS_SIZE, value,
					 strlen(value), UPPER DIGITS "_");
}

static bool
take_part_size(Parameters *parameters, const char *value)
{
	int			mib;

	if (!read_number(value, S3_SMALLEST_PART / MIB, LARGEST_PART_MIB, &mib))
		return false;
	parameters->url->part_size = mib * MIB;
	return true;
}

static bool
take_timeout(Parameters *parameters, const char *value)
{
	return read_number(value, 1, LONGEST_TIMEOUT_S, &parameters->url->timeout_s);
}

static bool
take_max_parts(Parameters *parameters, const char *value)
{
	return read_number(value, 100, DEFAULT_MAX_PARTS, &parameters->url->max_parts);
}

static bool
take_parallel(Parameters *parameters, const char *value)
{
	return read_number(value, 1, S3_PARALLEL_LIMIT, &parameters->url->parallel);
}

/*
 * Takes one of two words, each for the value that the server knows it by.
 */
static bool
take_word(const char *value, const char *const words[][2], size_t count, const char **taken)
{
	for (size_t i = 0; i < count; i++)
	{
		if (strcmp(words[i][0], value) != 0)
			continue;
		*taken = words[i][1];
		return true;
	}
	return false;
}

static bool
take_encryption(Parameters *parameters, const char *value)
{
	static const char *const words[][2] = {{"AES256", "AES256"}, {"aws:kms", "aws:kms"}};

	return take_word(value, words, 2, &parameters->url->encryption);
}

static bool
take_encryption_key(Parameters *parameters, const char *value)
{
	return copy_word(parameters->url->encryption_key, S3_KEY_ID_SIZE, value,
					 strlen(value), LOWER UPPER DIGITS "-_:/.");
}

/*
 * Adds "key:value" to the tags, as the server wants them.
 */
static bool
take_tag(Parameters *parameters, const char *value)
{
	char	   *tags = parameters->url->tags;
	size_t		used = strlen(tags);
	size_t		length = strlen(value);
	size_t		key_length = strcspn(value, ":");

	if (key_length == 0 || key_length >= length - 1 ||
		strspn(value, LOWER UPPER DIGITS "-_.:") != length ||
		strchr(value + key_length + 1, ':') != NULL ||
		used + length + 2 > S3_TAGS_SIZE)
		return false;
	snprintf(tags + used, S3_TAGS_SIZE - used, "%s%.*s=%s", used == 0 ? "" : "&",
			 (int) key_length, value, value + key_length + 1);
	return true;
}

static bool
take_lock(Parameters *parameters, const char *value)
{
	static const char *const words[][2] = {
		{"governance", "GOVERNANCE"}, {"compliance", "COMPLIANCE"}
	};

	return take_word(value, words, 2, &parameters->url->lock_mode);
}

static bool
take_lock_days(Parameters *parameters, const char *value)
{
	return read_number(value, 1, 36500, &parameters->url->lock_days);
}

static bool
take_thaw_days(Parameters *parameters, const char *value)
{
	return read_number(value, 1, 365, &parameters->url->thaw_days);
}

static bool
take_thaw_tier(Parameters *parameters, const char *value)
{
	static const char *const words[][2] = {
		{"Standard", "Standard"}, {"Bulk", "Bulk"}, {"Expedited", "Expedited"}
	};

	return take_word(value, words, 3, &parameters->url->thaw_tier);
}

static const ParameterKind parameter_kinds[] = {
	{"endpoint", take_endpoint, "An endpoint is given as \"https://host\" or \"https://host:port\", without TLS as \"http://host\"."},
	{"region", take_region, "A region is given as \"region=eu-central-1\"."},
	{"style", take_style, "The style of requests is \"style=path\" or \"style=virtual\"."},
	{"claims", take_claims, "Servers that ignore conditional requests need \"claims=always\"."},
	{"storage_class", take_storage_class, "A storage class is given as \"storage_class=STANDARD_IA\"."},
	{"part_size", take_part_size, "The size of parts is a number of MiB from 5 to 1024."},
	{"max_parts", take_max_parts, "The number of parts that the server takes of an object is from 100 to 10000."},
	{"parallel", take_parallel, "The number of requests of one object at a time is from 1 to 16."},
	{"sse", take_encryption, "The encryption on the server is \"sse=AES256\" or \"sse=aws:kms\"."},
	{"sse_key_id", take_encryption_key, "The identifier of a key consists of letters, digits, \"-\", \"_\", \":\", \"/\" and \".\"."},
	{"tag", take_tag, "A tag is given as \"tag=key:value\", of letters, digits, \"-\", \"_\" and \".\"."},
	{"object_lock", take_lock, "A lock is \"object_lock=governance\" or \"object_lock=compliance\"."},
	{"lock_days", take_lock_days, "A lock lasts a number of days from 1 to 36500."},
	{"thaw_days", take_thaw_days, "What was taken out of an archive stays for a number of days from 1 to 365."},
	{"thaw_tier", take_thaw_tier, "The way out of an archive is \"thaw_tier=Standard\", \"thaw_tier=Bulk\" or \"thaw_tier=Expedited\"."},
	{"timeout", take_timeout, "A timeout is a number of seconds from 1 to 3600."},
};

#define KIND_COUNT (sizeof(parameter_kinds) / sizeof(parameter_kinds[0]))

/*
 * Takes "name=value", which may be cut to pieces.
 */
static bool
take_parameter(Parameters *parameters, char *text, const char **problem)
{
	char	   *equals = strchr(text, '=');

	*problem = "The parameters of a repository in object storage are endpoint, region, style, claims, timeout, part_size, max_parts, parallel, storage_class, thaw_days, thaw_tier, sse, sse_key_id, tag, object_lock and lock_days.";
	if (equals == NULL)
		return false;
	*equals = '\0';
	for (size_t i = 0; i < KIND_COUNT; i++)
	{
		if (strcmp(parameter_kinds[i].name, text) != 0)
			continue;
		*problem = parameter_kinds[i].problem;
		return parameter_kinds[i].take(parameters, equals + 1);
	}
	return false;
}

/*
 * Takes what follows the question mark.
 */
static bool
take_parameters(Parameters *parameters, const char *text, const char **problem)
{
	char		copy[1024];
	char	   *rest = copy;

	*problem = "The parameters of the URL are too long.";
	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (char *parameter; (parameter = strsep(&rest, "&")) != NULL;)
	{
		if (!take_parameter(parameters, parameter, problem))
			return false;
	}
	return true;
}

/*
 * Takes "bucket/prefix", so many bytes; the prefix may be missing.
 */
static bool
take_location(S3Url *url, const char *text, size_t length, const char **problem)
{
	size_t		bucket_length = strcspn(text, "/?");
	size_t		prefix_length = length - bucket_length;

	*problem = "A bucket's name consists of 3 to 63 lower-case letters, digits, \"-\" and \".\".";
	if (bucket_length < 3 || text[0] == '.' || text[0] == '-' ||
		!copy_word(url->bucket, sizeof(url->bucket), text, bucket_length,
				   LOWER DIGITS ".-"))
		return false;
	*problem = "A repository in object storage is given as \"s3://bucket/prefix\"; the prefix consists of letters, digits, \"_\", \"-\", \".\" and single slashes.";
	if (prefix_length == 0)
		return true;
	if (prefix_length >= sizeof(url->prefix))
		return false;
	memcpy(url->prefix, text + bucket_length + 1, prefix_length - 1);
	if (strchr(url->prefix, '%') != NULL || !object_name_is_valid(url->prefix))
		return false;
	url->prefix[prefix_length - 1] = '/';
	return true;
}

/*
 * Names the host of AWS in the region, unless another one was given.
 */
static void
name_host(S3Url *url)
{
	if (!url->has_endpoint)
		snprintf(url->host, sizeof(url->host), "s3.%s.amazonaws.com",
				 url->region);
}

/*
 * Settles what was not given: AWS itself wants the bucket in the host, unless
 * a dot in its name would break the check of the certificate.
 */
static void
settle_host(const Parameters *parameters)
{
	S3Url	   *url = parameters->url;

	/* Google's ignores the condition of a new object, and takes it anyway. */
	if (strcmp(url->host, GOOGLE_HOST) == 0)
		url->claims = true;
	if (!parameters->has_style)
		url->path_style = url->has_endpoint ||
			strchr(url->bucket, '.') != NULL;
	name_host(url);
}

/*
 * Do the parameters go together?
 */
static bool
check_parameters(const S3Url *url, const char **problem)
{
	*problem = "The parameters object_lock and lock_days are given together.";
	if ((url->lock_mode != NULL) != (url->lock_days > 0))
		return false;
	*problem = "The parameter sse_key_id is given together with sse=aws:kms.";
	return url->encryption_key[0] == '\0' ||
		(url->encryption != NULL && strcmp(url->encryption, "aws:kms") == 0);
}

bool
s3_url_is_meant(const char *url)
{
	return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

bool
s3_url_parse(const char *url, S3Url *parsed, const char **problem)
{
	Parameters	parameters = {.url = parsed};
	const char *location = url + strlen(SCHEME);
	size_t		length;

	memset(parsed, 0, sizeof(*parsed));
	memcpy(parsed->region, DEFAULT_REGION, sizeof(DEFAULT_REGION));
	parsed->tls = true;
	parsed->part_size = DEFAULT_PART_MIB * MIB;
	parsed->max_parts = DEFAULT_MAX_PARTS;
	parsed->parallel = DEFAULT_PARALLEL;
	parsed->thaw_days = DEFAULT_THAW_DAYS;
	parsed->thaw_tier = "Standard";
	parsed->timeout_s = DEFAULT_TIMEOUT_S;

	*problem = "A repository in object storage is given as \"s3://bucket/prefix\".";
	if (!s3_url_is_meant(url))
		return false;
	length = strcspn(location, "?");
	if (!take_location(parsed, location, length, problem) ||
		(location[length] == '?' &&
		 !take_parameters(&parameters, location + length + 1, problem)) ||
		!check_parameters(parsed, problem))
		return false;
	settle_host(&parameters);
	return true;
}

bool
s3_url_set_region(S3Url *url, const char *region)
{
	char		copy[S3_REGION_SIZE];

	if (!copy_region(copy, region))
		return false;
	memcpy(url->region, copy, sizeof(copy));
	name_host(url);
	return true;
}
