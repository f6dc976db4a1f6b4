/*
 * The settings of the metrics listener.
 */
#ifndef ERPGO_SERVER_LISTENER_SETTINGS_H
#define ERPGO_SERVER_LISTENER_SETTINGS_H

#include "postgres.h"

extern char *setting_metrics_listen;	/* address, or "" */
extern char *setting_metrics_tls_certificate;	/* path, or "" */
extern char *setting_metrics_tls_key;	/* path, or "" */

/* Defines them; to be called while the server starts. */
extern void listener_settings_define(void);

#endif
