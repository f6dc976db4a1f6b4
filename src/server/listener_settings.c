/*
 * The settings of the metrics listener.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "common/host_port.h"
#include "listener_settings.h"

char	   *setting_metrics_listen;
char	   *setting_metrics_tls_certificate;
char	   *setting_metrics_tls_key;

/*
 * An address has a port, or there is none.
 */
static bool
check_listen(char **newval, void **extra, GucSource source)
{
	ListenAddress address;
	const char *problem;

	if ((*newval)[0] == '\0' ||
		listen_address_parse(*newval, &address, &problem))
		return true;
	GUC_check_errdetail("%s", problem);
	return false;
}

/*
 * A file is named by an absolute path, or not at all.
 */
static bool
check_path(char **newval, void **extra, GucSource source)
{
	if ((*newval)[0] == '\0' || is_absolute_path(*newval))
		return true;
	GUC_check_errdetail("The path must be absolute.");
	return false;
}

void
listener_settings_define(void)
{
	DefineCustomStringVariable("erpgo_backup.metrics_listen",
							   "Address on which metrics are served over HTTP, as in \"127.0.0.1:9187\".",
							   "Empty means that they are not; a port alone is one of 127.0.0.1.",
							   &setting_metrics_listen, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_listen, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.metrics_tls_certificate",
							   "File with the certificate with which metrics are served.",
							   "Empty means that they are served without TLS.",
							   &setting_metrics_tls_certificate, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_path, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.metrics_tls_key",
							   "File with the key of that certificate.",
							   "Only the server's user may be able to read it.",
							   &setting_metrics_tls_key, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_path, NULL, NULL);
}
