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
#define DEFAULT_PART_MIB 8
#define LARGEST_PART_MIB 1024
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

static const ParameterKind parameter_kinds[] = {
	{"endpoint", take_endpoint, "An endpoint is given as \"https://host\" or \"https://host:port\", without TLS as \"http://host\"."},
	{"region", take_region, "A region is given as \"region=eu-central-1\"."},
	{"style", take_style, "The style of requests is \"style=path\" or \"style=virtual\"."},
	{"storage_class", take_storage_class, "A storage class is given as \"storage_class=STANDARD_IA\"."},
	{"part_size", take_part_size, "The size of parts is a number of MiB from 5 to 1024."},
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

	*problem = "The parameters of a repository in object storage are endpoint, region, style, storage_class, part_size and timeout.";
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

	if (!parameters->has_style)
		url->path_style = url->has_endpoint ||
			strchr(url->bucket, '.') != NULL;
	name_host(url);
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
	parsed->timeout_s = DEFAULT_TIMEOUT_S;

	*problem = "A repository in object storage is given as \"s3://bucket/prefix\".";
	if (!s3_url_is_meant(url))
		return false;
	length = strcspn(location, "?");
	if (!take_location(parsed, location, length, problem) ||
		(location[length] == '?' &&
		 !take_parameters(&parameters, location + length + 1, problem)))
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
