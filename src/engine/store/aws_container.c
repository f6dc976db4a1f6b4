/*
 * Credentials that the surroundings of a container have for it: ECS, EKS.
 */
#include "postgres_fe.h"

#include <curl/curl.h>

#include "common/host_port.h"
#include "store/aws_answer.h"
#include "store/aws_http.h"

#define ECS_ADDRESS "http://169.254.170.2"
#define TIMEOUT_S 5
#define ATTEMPTS 3
#define TOKEN_LIMIT (16 * 1024)

/*
 * May a host be asked without TLS?  Names are not looked up.
 */
static bool
is_trusted_host(const char *host)
{
	static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

	for (int i = 0; i < lengthof(hosts); i++)
	{
		if (strcmp(host, hosts[i]) == 0)
			return true;
	}
	return host_is_loopback(host);
}

/*
 * May a URL be asked?
 */
static bool
is_trusted_url(const char *content)
{
	CURLU	   *url = curl_url();
	char	   *scheme = NULL;
	char	   *host = NULL;
	bool		trusted;

	trusted = url != NULL &&
		curl_url_set(url, CURLUPART_URL, content, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		(strcmp(scheme, "https") == 0 ||
		 (strcmp(scheme, "http") == 0 && is_trusted_host(host)));
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return trusted;
}

/*
 * The line of the header with the token, allocated, in *line; NULL if none is
 * set.  False if it cannot be had.
 */
static bool
make_authorization(AwsSearch *search, char **line)
{
	const char *path = aws_variable(search, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *given = aws_variable(search, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char	   *token = NULL;
	const char *words;

	*line = NULL;
	if (path == NULL && given == NULL)
		return true;
	token = path != NULL ? aws_file(search, path, false) : pg_strdup(given);
	if (token == NULL)
		return false;
	token[strcspn(token, "\r\n")] = '\0';
	/* It may be two words, as "Bearer …". */
	words = strchr(token, ' ');
	if (!aws_is_sendable(words == NULL ? token : words + 1, TOKEN_LIMIT))
		(void) aws_outcome(search, AWS_FAILED, "the authorization token cannot be sent in a header");
	else
		*line = psprintf("Authorization: %s", token);
	aws_forget(token);
	return *line != NULL;
}

/*
 * Asks.
 */
static AwsOutcome
ask(AwsSearch *search, const char *url)
{
	AwsRequest	request = {
		.method = "GET",
		.url = url,
		.timeout_s = TIMEOUT_S,
		.attempts = ATTEMPTS
	};
	AwsOutcome	outcome = AWS_FAILED;
	char	   *answer;

	if (!is_trusted_url(url))
		return aws_outcome(search, AWS_FAILED,
						   "\"%s\" is neither https nor an address of this machine or its container service", url);
	if (!make_authorization(search, &request.headers[0]))
		return AWS_FAILED;
	answer = aws_request(search, &request);
	if (answer != NULL && aws_read_json(answer, "Token", &search->found))
		outcome = aws_outcome(search, AWS_FOUND, "\"%s\"", url);
	else if (answer != NULL)
		(void) aws_outcome(search, AWS_FAILED, "\"%s\" answered without credentials", url);
	aws_forget(answer);
	aws_forget(request.headers[0]);
	return outcome;
}

AwsOutcome
aws_container(AwsSearch *search)
{
	const char *relative = aws_variable(search, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = aws_variable(search, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	char	   *url;
	AwsOutcome	outcome;

	if (relative == NULL && full == NULL)
		return aws_outcome(search, AWS_ABSENT, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set");
	if (relative != NULL && relative[0] != '/')
		return aws_outcome(search, AWS_FAILED, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
	url = relative != NULL ? psprintf(ECS_ADDRESS "%s", relative) : pg_strdup(full);
	outcome = ask(search, url);
	pg_free(url);
	return outcome;
}
