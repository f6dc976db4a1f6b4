/*
 * Credentials of the role of a virtual machine, from its metadata (version 2).
 *
 * Most machines are not there, so nobody waits long for an answer.
 */
#include "postgres_fe.h"

#include "store/aws_answer.h"
#include "store/aws_http.h"

#define ADDRESS "http://169.254.169.254"
#define ADDRESS_IPV6 "http://[fd00:ec2::254]"
#define FOLDER "/latest/meta-data/iam/security-credentials/"
#define TIMEOUT_S 2
#define TOKEN_LIMIT 1024
#define ROLE_LIMIT 128

/*
 * What is at the end of a path, or a token; allocated, NULL if there is none.
 */
static char *
ask(AwsSearch *search, const char *method, const char *path, char *header)
{
	const char *endpoint = aws_variable(search, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = aws_variable(search, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	bool		ipv6 = mode != NULL && pg_strcasecmp(mode, "IPv6") == 0;
	size_t		len;
	char	   *url;
	char	   *answer;
	AwsRequest	request = {
		.method = method,
		.headers = {header},
		.timeout_s = TIMEOUT_S,
		.attempts = 1
	};

	if (endpoint == NULL)
		endpoint = ipv6 ? ADDRESS_IPV6 : ADDRESS;
	len = strlen(endpoint);
	while (len > 0 && endpoint[len - 1] == '/')
		len--;
	url = psprintf("%.*s%s", (int) len, endpoint, path);
	request.url = url;
	answer = aws_request(search, &request);
	pg_free(url);
	return answer;
}

/*
 * Gets credentials, with what a token allows.
 */
static AwsOutcome
ask_with_token(AwsSearch *search, char *header)
{
	char	   *role = ask(search, "GET", FOLDER, header);
	AwsOutcome	outcome = AWS_FAILED;
	char	   *path;
	char	   *answer;

	if (role == NULL)
		return AWS_FAILED;
	role[strcspn(role, "\r\n")] = '\0';
	if (!aws_is_sendable(role, ROLE_LIMIT) || strpbrk(role, "/?#%") != NULL)
		return aws_outcome(search, AWS_FAILED, "the metadata names no role");
	path = psprintf(FOLDER "%s", role);
	answer = ask(search, "GET", path, header);
	if (answer != NULL && aws_read_json(answer, "Token", &search->found))
		outcome = aws_outcome(search, AWS_FOUND, "role \"%s\"", role);
	else if (answer != NULL)
		(void) aws_outcome(search, AWS_FAILED, "the metadata has no credentials for role \"%s\"", role);
	aws_forget(answer);
	pg_free(path);
	pg_free(role);
	return outcome;
}

AwsOutcome
aws_instance(AwsSearch *search)
{
	static char lifetime[] = "X-aws-ec2-metadata-token-ttl-seconds: 21600";
	const char *disabled = aws_variable(search, "AWS_EC2_METADATA_DISABLED");
	char	   *token;
	char	   *header;
	AwsOutcome	outcome;

	if (disabled != NULL && pg_strcasecmp(disabled, "true") == 0)
		return aws_outcome(search, AWS_ABSENT, "AWS_EC2_METADATA_DISABLED is set");
	token = ask(search, "PUT", "/latest/api/token", lifetime);
	if (token == NULL)
		return AWS_ABSENT;
	if (!aws_is_sendable(token, TOKEN_LIMIT))
	{
		aws_forget(token);
		return aws_outcome(search, AWS_FAILED, "the metadata gives no token");
	}
	header = psprintf("X-aws-ec2-metadata-token: %s", token);
	outcome = ask_with_token(search, header);
	aws_forget(header);
	aws_forget(token);
	return outcome;
}
