/*
 * What those who give out credentials say.
 */
#include "postgres_fe.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <time.h>

#include "store/aws_answer.h"
#include "store/s3_xml.h"

#define KEY_LIMIT 256
#define TOKEN_LIMIT (16 * 1024)
#define WORD_LIMIT 64

bool
aws_is_sendable(const char *content, size_t limit)
{
	size_t		len = strlen(content);

	for (size_t i = 0; i < len; i++)
	{
		if (content[i] <= ' ' || content[i] > '~')
			return false;
	}
	return len > 0 && len <= limit;
}

void
aws_forget(char *content)
{
	if (content == NULL)
		return;
	OPENSSL_cleanse(content, strlen(content));
	pg_free(content);
}

void
aws_credentials_clear(AwsCredentials *credentials)
{
	aws_forget(credentials->access_key);
	aws_forget(credentials->secret_key);
	aws_forget(credentials->session_token);
	memset(credentials, 0, sizeof(*credentials));
}

/*
 * Are they whole?  If not they are cleared.
 */
static bool
check(AwsCredentials *credentials)
{
	if (credentials->access_key != NULL && credentials->secret_key != NULL &&
		aws_is_sendable(credentials->access_key, KEY_LIMIT) &&
		aws_is_sendable(credentials->secret_key, KEY_LIMIT) &&
		(credentials->session_token == NULL ||
		 aws_is_sendable(credentials->session_token, TOKEN_LIMIT)) &&
		credentials->expires >= 0)
		return true;
	aws_credentials_clear(credentials);
	return false;
}

int64
aws_read_time(const char *content)
{
	struct tm	parts = {0};
	int			used = 0;
	int			hours;
	int			minutes;
	int64		moment;

	if (sscanf(content, "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon,
			   &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6)
		return 0;
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	moment = timegm(&parts);
	content += used;
	if (*content == '.')
		content += 1 + strspn(content + 1, "0123456789");
	if (strcmp(content, "Z") == 0)
		return Max(moment, 0);
	if ((*content != '+' && *content != '-') ||
		sscanf(content + 1, "%2d:%2d", &hours, &minutes) != 2)
		return 0;
	moment -= (*content == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return Max(moment, 0);
}

/*
 * The end of a time that was told; negative if it cannot be read.
 */
static int64
read_expiration(const char *content)
{
	int64		moment = aws_read_time(content);

	return moment == 0 ? -1 : moment;
}

/*
 * A copy of a string in an object; NULL if there is none.
 */
static char *
copy_string(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value == NULL ? NULL : pg_strdup(value);
}

bool
aws_read_json(const char *content, const char *token_name,
			  AwsCredentials *credentials)
{
	json_t	   *object = json_loads(content, 0, NULL);
	char	   *expiration;

	if (object == NULL)
		return false;
	credentials->access_key = copy_string(object, "AccessKeyId");
	credentials->secret_key = copy_string(object, "SecretAccessKey");
	credentials->session_token = copy_string(object, token_name);
	expiration = copy_string(object, "Expiration");
	credentials->expires = expiration == NULL ? 0 : read_expiration(expiration);
	pg_free(expiration);
	json_decref(object);
	return check(credentials);
}

/*
 * Takes what an element of the answer of STS has.
 */
static void
take_element(void *context, const char *around, const char *name,
			 const char *content)
{
	AwsCredentials *credentials = context;
	char	  **target = NULL;

	if (strcmp(around, "Credentials") != 0)
		return;
	if (strcmp(name, "AccessKeyId") == 0)
		target = &credentials->access_key;
	else if (strcmp(name, "SecretAccessKey") == 0)
		target = &credentials->secret_key;
	else if (strcmp(name, "SessionToken") == 0)
		target = &credentials->session_token;
	else if (strcmp(name, "Expiration") == 0)
		credentials->expires = read_expiration(content);
	if (target == NULL)
		return;
	aws_forget(*target);
	*target = pg_strdup(content);
}

bool
aws_read_xml(const char *content, AwsCredentials *credentials)
{
	if (!s3_xml_read(content, strlen(content), take_element, credentials))
	{
		aws_credentials_clear(credentials);
		return false;
	}
	return check(credentials);
}

/*
 * Takes the word for an error from its element.
 */
static void
take_code(void *context, const char *around, const char *name,
		  const char *content)
{
	char	  **word = context;

	if (*word == NULL && strcmp(around, "Error") == 0 && strcmp(name, "Code") == 0)
		*word = pg_strdup(content);
}

char *
aws_read_error(const char *content)
{
	json_t	   *object = json_loads(content, 0, NULL);
	char	   *word = NULL;

	if (object != NULL)
	{
		word = copy_string(object, "Code");
		if (word == NULL)
			word = copy_string(object, "code");
		json_decref(object);
	}
	else
		(void) s3_xml_read(content, strlen(content), take_code, &word);
	if (word == NULL || (word[0] != '\0' && strlen(word) <= WORD_LIMIT &&
						 strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.") == strlen(word)))
		return word;
	pg_free(word);
	return NULL;
}
