/*
 * The settings "erpgo_backup.*".
 */
#ifndef ERPGO_SERVER_SETTINGS_H
#define ERPGO_SERVER_SETTINGS_H

#include "postgres.h"

extern bool setting_enabled;
extern char *setting_database;	/* where the extension works */
extern char *setting_cluster;	/* folder of this server in the repository */
extern char *setting_connection;	/* conninfo for pg_dump, or "" */
extern char *setting_compression;
extern int	setting_jobs;
extern int	setting_max_rate;	/* kB a second; 0 is no limit */
extern bool setting_fast_checkpoint;
extern int	setting_lock_wait_timeout;	/* milliseconds */
extern int	setting_maximum_duration;	/* seconds; 0 is no limit */
extern int	setting_nice;
extern int	setting_notify_timeout; /* milliseconds */
extern int	setting_verify_budget;	/* milliseconds; 0 is without limit */
extern int	setting_audit_retention;	/* days; 0 is for ever */
extern bool setting_audit_log;
extern int	setting_max_retries;
extern char *setting_metrics_file;	/* path, or "" */
extern int	setting_delayed_after;	/* seconds */
extern int	setting_minimum_free_space; /* percent; 0 is no minimum */
extern int	setting_alert_repeat_interval;	/* seconds; 0 is never */
extern int	setting_health_interval;	/* seconds */
extern int	setting_retry_delay;	/* milliseconds, before the first one */
extern int	setting_retention_daily_days;
extern int	setting_retention_weekly_weeks;
extern int	setting_retention_monthly_months;
extern int	setting_retention_minimum;
extern int	setting_recovery_window;	/* seconds */

/* Defines the settings; to be called while the server starts. */
extern void settings_define(void);


/* The path of the secrets file; NULL if none is set. */
extern const char *settings_secrets_file(void);

/* The name of the time zone of retention, as the time zone database has it. */
extern const char *settings_retention_timezone(void);

/* The words that the settings of the same names have. */
extern const char *settings_encryption(void);
extern const char *settings_verify_depth(void);
extern const char *settings_on_bad_page(void);

#endif
