/*
 * What the answers of object storage mean.
 */
#include "postgres_fe.h"

#include "store/s3_answer.h"

#include "failure.h"
#include "store/aws_credentials.h"
#include "store/s3_xml.h"

/* A body that reports an error begins with this, close to its start. */
#define ERROR_START "<Error"
#define ERROR_START_LIMIT 200

#define ERROR_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789."

/* What to do about a word of the server. */
typedef struct Advice
{
	const char *error;
	FailureKind kind;
	const char *hint;
} Advice;

#define KEY_HINT "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the secrets file, or where else the credentials come from."
#define TOKEN_HINT "The credentials are temporary ones: put new ones where they come from."
#define REGION_HINT "Check region and endpoint in the URL of the repository."
#define CONTAINER_HINT "Create the container, or correct the URL of the repository."
#define TRUST_HINT "If a certification authority of your own signed it, name the file with its certificate as BACKUP_CA_FILE in the secrets file."

static const Advice advices[] = {
	{"SignatureDoesNotMatch", FAILURE_PERMISSION, KEY_HINT},
	{"InvalidAccessKeyId", FAILURE_PERMISSION, KEY_HINT},
	{"AccessDenied", FAILURE_PERMISSION,
	"The policies of the bucket and of these credentials must allow listing it, and getting, putting and deleting its objects."},
	{"NoSuchBucket", FAILURE_UNDEFINED, "Create the bucket, or correct the URL of the repository."},
	{"RequestTimeTooSkewed", FAILURE_PERMISSION, "Check the clock of this machine."},
	{"ExpiredToken", FAILURE_PERMISSION, TOKEN_HINT},
	{"InvalidToken", FAILURE_PERMISSION, TOKEN_HINT},
	{"AuthorizationHeaderMalformed", FAILURE_PERMISSION, REGION_HINT},
	{"PermanentRedirect", FAILURE_STATE, REGION_HINT},
	{"TemporaryRedirect", FAILURE_STATE, REGION_HINT},
	{"InvalidObjectState", FAILURE_STATE, "The object is in an archive. Have the backup thawed: run erpgo_backup verify with its identifier, or restore."},
	{"InvalidStorageClass", FAILURE_STATE, "Check storage_class in the URL of the repository."},
	{"ContainerNotFound", FAILURE_UNDEFINED, CONTAINER_HINT},
	{"BlobArchived", FAILURE_STATE, "The object is in an archive: have it rehydrated there first."},
	{"BlobImmutableDueToPolicy", FAILURE_PERMISSION, "The container has a policy that forbids it for some time."},
	{"QuotaExceeded", FAILURE_DISK_FULL, "Free some space in the bucket, or raise its quota."},
};

/* Results of libcurl that do not change by themselves. */
static const struct
{
	CURLcode	result;
	const char *hint;
}			lasting_results[] = {
	{CURLE_PEER_FAILED_VERIFICATION, TRUST_HINT},
	{CURLE_SSL_CACERT_BADFILE, "Check BACKUP_CA_FILE in the secrets file, and that the package ca-certificates is installed."},
	{CURLE_URL_MALFORMAT, "Check the URL of the repository."},
	{CURLE_UNSUPPORTED_PROTOCOL, NULL},
	{CURLE_WEIRD_SERVER_REPLY, "Check that the port of the endpoint is one that speaks HTTP."},
};

bool
s3_answer_is_success(const S3Answer *answer)
{
	return answer->result == CURLE_OK && answer->status / 100 == 2 &&
		answer->error[0] == '\0';
}

bool
s3_answer_is_absent(const S3Answer *answer)
{
	return answer->result == CURLE_OK && answer->status == 404 &&
		(answer->error[0] == '\0' || strcmp(answer->error, "NoSuchKey") == 0 ||
		 strcmp(answer->error, "BlobNotFound") == 0);
}

bool
s3_answer_is_unsupported(const S3Answer *answer)
{
	return answer->result == CURLE_OK && answer->status == 501;
}

bool
s3_class_is_archive(const char *storage_class)
{
	return strcmp(storage_class, "GLACIER") == 0 ||
		strcmp(storage_class, "DEEP_ARCHIVE") == 0;
}

/*
 * Is the server's word for an error one of these?
 */
static bool
error_is_among(const char *error, const char *const *errors, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (strcmp(errors[i], error) == 0)
			return true;
	}
	return false;
}

/*
 * Does the word say that it passes, whatever the status?
 */
static bool
error_is_transient(const char *error)
{
	static const char *const errors[] = {
		"InternalError", "SlowDown", "RequestTimeout", "ServiceUnavailable", "OperationAborted"
	};

	return error_is_among(error, errors, lengthof(errors));
}

/*
 * Does it say that it does not, though the status would?
 */
static bool
error_is_lasting(const char *error)
{
	static const char *const errors[] = {
		"BlobAlreadyExists", "BlobArchived", "BlobImmutableDueToPolicy"
	};

	return error_is_among(error, errors, lengthof(errors));
}

bool
s3_answer_is_transient(const S3Answer *answer)
{
	for (int i = 0; i < lengthof(lasting_results); i++)
	{
		if (answer->result == lasting_results[i].result)
			return false;
	}
	if (answer->result == CURLE_OK && error_is_lasting(answer->error))
		return false;
	return answer->result != CURLE_OK || error_is_transient(answer->error) ||
		answer->status == 408 || answer->status == 409 || answer->status == 429 ||
		(answer->status >= 500 && answer->status != 501 && answer->status != 505 &&
		 answer->status != 507);
}

/*
 * Takes the word from its element.
 */
static void
read_code(void *context, const char *around, const char *name,
		  const char *content)
{
	S3Answer   *answer = context;

	if (strcmp(around, "Error") == 0 && strcmp(name, "Code") == 0 &&
		strspn(content, ERROR_CHARACTERS) == strlen(content))
		strlcpy(answer->error, content, sizeof(answer->error));
}

void
s3_answer_read_error(S3Answer *answer)
{
	char	   *start = pnstrdup(answer->body.data,
								 Min(answer->body.len, ERROR_START_LIMIT));

	/* A header may have brought another one. */
	if (strspn(answer->error, ERROR_CHARACTERS) != strlen(answer->error))
		answer->error[0] = '\0';

	/* The completion of an upload may fail after it was answered with 200. */
	if (strstr(start, ERROR_START) != NULL &&
		!s3_xml_read(answer->body.data, answer->body.len, read_code, answer))
		answer->error[0] = '\0';
	pg_free(start);
}

/*
 * What is to be said about a failure of libcurl.
 */
static void
describe_result(const S3Answer *answer, Failure *failure, char **reason)
{
	failure->kind = FAILURE_IO;
	failure->hint = answer->status == 0 && s3_answer_is_transient(answer) ?
		"Check that the server is running, the endpoint in the URL of the repository, and the network." : NULL;
	for (int i = 0; i < lengthof(lasting_results); i++)
	{
		if (answer->result != lasting_results[i].result)
			continue;
		failure->kind = FAILURE_STATE;
		failure->hint = lasting_results[i].hint;
	}
	*reason = pg_strdup(curl_easy_strerror(answer->result));
}

/*
 * The same about an answer.
 */
static void
describe_answer(const S3Client *client, const S3Answer *answer,
				Failure *failure, char **reason)
{
	bool		refused = answer->status == 401 || answer->status == 403;

	failure->kind = refused ? FAILURE_PERMISSION :
		answer->status == 404 ? FAILURE_UNDEFINED :
		answer->status == 507 ? FAILURE_DISK_FULL :
		s3_answer_is_transient(answer) ? FAILURE_IO : FAILURE_STATE;
	failure->hint = refused && client->dialect != NULL ? client->dialect->key_hint :
		refused ? KEY_HINT : answer->status / 100 == 3 ? REGION_HINT : NULL;
	for (int i = 0; i < lengthof(advices); i++)
	{
		if (strcmp(advices[i].error, answer->error) != 0)
			continue;
		failure->kind = advices[i].kind;
		failure->hint = advices[i].hint;
	}
	*reason = psprintf("server responded with status %ld%s%s%s", answer->status,
					   answer->error[0] == '\0' ? "" : " (", answer->error,
					   answer->error[0] == '\0' ? "" : ")");
}

/*
 * Where the credentials come from; NULL if that is not known.
 */
static const char *
credentials_source(const S3Client *client)
{
	return client->dialect == NULL ? aws_credentials_source() :
		client->dialect->credentials_source(client);
}

void
s3_fail(S3Client *client, const S3Answer *answer, const char *action,
		const char *name)
{
	Failure		failure = {0};
	char	   *reason;

	if (answer->result != CURLE_OK)
		describe_result(answer, &failure, &reason);
	else
		describe_answer(client, answer, &failure, &reason);
	if (name == NULL)
		failure.message = psprintf("could not %s repository \"%s\": %s", action,
								   client->shown_url, reason);
	else
		failure.message = psprintf("could not %s object \"%s\" in \"%s\": %s",
								   action, name, client->shown_url, reason);
	if (failure.kind == FAILURE_PERMISSION && credentials_source(client) != NULL)
		failure.detail = psprintf("The credentials come from %s.", credentials_source(client));
	fail_with(&failure);
}
