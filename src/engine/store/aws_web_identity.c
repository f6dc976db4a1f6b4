/*
 * Credentials for a role, from STS, for the token of another identity: how
 * pods of Kubernetes get them.
 */
#include "postgres_fe.h"

#include "store/aws_answer.h"
#include "store/aws_http.h"
#include "store/s3_sign.h"

#define TIMEOUT_S 10
#define ATTEMPTS 3
#define DEFAULT_SESSION_NAME "erpgo_backup"

/*
 * What STS is asked, allocated.
 */
static char *
make_body(const char *role, const char *session, const char *token)
{
	char	   *escaped_role = s3_escape(role, false);
	char	   *escaped_session = s3_escape(session, false);
	char	   *escaped_token = s3_escape(token, false);
	char	   *body = psprintf("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s&RoleSessionName=%s&WebIdentityToken=%s",
								escaped_role, escaped_session, escaped_token);

	aws_forget(escaped_token);
	pg_free(escaped_session);
	pg_free(escaped_role);
	return body;
}

/*
 * Gets credentials for a token, from the endpoint of STS.
 */
static AwsOutcome
exchange(AwsSearch *search, const char *role, const char *token)
{
	const char *session = aws_variable(search, "AWS_ROLE_SESSION_NAME");
	const char *endpoint = aws_variable(search, "AWS_ENDPOINT_URL_STS");
	char	   *body = make_body(role, session == NULL ? DEFAULT_SESSION_NAME : session, token);
	char	   *url = endpoint != NULL ? pg_strdup(endpoint) :
		psprintf("https://sts.%s.amazonaws.com/", search->region);
	AwsRequest	request = {
		.method = "POST",
		.url = url,
		.body = body,
		.timeout_s = TIMEOUT_S,
		.attempts = ATTEMPTS
	};
	char	   *answer = aws_request(search, &request);
	AwsOutcome	outcome = AWS_FAILED;

	if (answer != NULL && aws_read_xml(answer, &search->found))
		outcome = aws_outcome(search, AWS_FOUND, "role \"%s\"", role);
	else if (answer != NULL)
		(void) aws_outcome(search, AWS_FAILED, "\"%s\" answered without credentials", url);
	aws_forget(answer);
	aws_forget(body);
	pg_free(url);
	return outcome;
}

AwsOutcome
aws_web_identity(AwsSearch *search)
{
	const char *path = aws_variable(search, "AWS_WEB_IDENTITY_TOKEN_FILE");
	const char *role = aws_variable(search, "AWS_ROLE_ARN");
	char	   *token;
	AwsOutcome	outcome;

	if (path == NULL)
		return aws_outcome(search, AWS_ABSENT, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
	if (role == NULL)
		return aws_outcome(search, AWS_FAILED, "AWS_ROLE_ARN is not set");
	token = aws_file(search, path, false);
	if (token == NULL)
		return AWS_FAILED;
	token[strcspn(token, "\r\n")] = '\0';
	outcome = exchange(search, role, token);
	aws_forget(token);
	return outcome;
}
