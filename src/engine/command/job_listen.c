/*
 * Serves the server's metrics over HTTP until the server ends that.
 */
#include "command/job.h"

#include <signal.h>

#include "listener/listener.h"
#include "repository/secrets.h"

json_t *
job_listen(json_t *job)
{
	ListenerOptions options = {
		.address = job_required_text(job, "address"),
		.certificate = job_text(job, "tls_certificate"),
		.key = job_text(job, "tls_key"),
		.maximum_age_ms = job_integer(job, "maximum_age_s", 0) * 1000
	};

	/* There is nothing to say farewell to. */
	signal(SIGTERM, SIG_DFL);
	secrets_load(job_text(job, "secrets_file"));
	options.token = secrets_forget_but(SECRET_METRICS_TOKEN);
	listener_run(&options);
	return json_object();
}
