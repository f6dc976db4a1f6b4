/*
 * What the metrics listener answers, decided without any input or output.
 */
#include "postgres_fe.h"

#include <openssl/x509v3.h>

#include "common/host_port.h"
#include "listener/answer.h"

#define PLAIN_TEXT "text/plain; charset=utf-8"
#define METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define OPENMETRICS_NAME "application/openmetrics-text"
#define OPENMETRICS_TEXT OPENMETRICS_NAME "; version=1.0.0; charset=utf-8"

/*
 * An answer for people.
 */
static Answer
words(int status, const char *body)
{
	Answer		answer = {status, body, PLAIN_TEXT};

	return answer;
}

/*
 * Is it a name of this listener?  A numeric address is: nobody can have looked
 * it up.
 */
static bool
host_is_known(const AccessPolicy *policy, const char *host)
{
	if (host_is_loopback(host) || host_is_numeric(host) ||
		pg_strcasecmp(host, policy->host) == 0)
		return true;
	return policy->certificate != NULL &&
		X509_check_host(policy->certificate, host, 0, 0, NULL) == 1;
}

/*
 * Metrics for who may see them.
 */
static Answer
answer_metrics(const AccessPolicy *policy, const Request *request,
			   const Snapshot *snapshot)
{
	Answer		answer = {200, NULL, METRICS_TEXT};

	if (policy->token != NULL &&
		!authorization_is_good(request->authorization, policy->token))
		return words(401, "the token is missing or wrong\n");
	if (snapshot == NULL)
		return words(503, "the server has not said of late how it is doing\n");
	if (snapshot->metrics == NULL)
		return words(503, snapshot->reasons);
	answer.body = snapshot->metrics;
	if (request->accept != NULL &&
		strstr(request->accept, OPENMETRICS_NAME) != NULL)
	{
		answer.body = snapshot->openmetrics;
		answer.content_type = OPENMETRICS_TEXT;
	}
	return answer;
}

/*
 * Whether all is well, for everybody.
 */
static Answer
answer_health(const Snapshot *snapshot)
{
	if (snapshot == NULL)
		return words(503, "the server has not said of late how it is doing\n");
	return snapshot->healthy ? words(200, "ok\n") : words(503, snapshot->reasons);
}

Answer
request_answer(const AccessPolicy *policy, const Request *request,
			   const Snapshot *snapshot)
{
	char		host[HOST_SIZE];
	bool		wants_metrics = strcmp(request->path, "/metrics") == 0;

	if (request->host == NULL || !host_header_parse(request->host, host))
		return words(400, "the request does not say for which host it is\n");
	if (!host_is_known(policy, host))
		return words(421, "this is another host\n");
	if (!wants_metrics && strcmp(request->path, "/healthz") != 0)
		return words(404, "there are /metrics and /healthz\n");
	if (strcmp(request->method, "GET") != 0 &&
		strcmp(request->method, "HEAD") != 0)
		return words(405, "this can only be read\n");
	return wants_metrics ? answer_metrics(policy, request, snapshot) :
		answer_health(snapshot);
}
