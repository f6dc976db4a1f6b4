/*
 * The settings "erpgo_backup.*".
 *
 * Settings name files and ways, never secrets: everybody who may see settings
 * would see those.  What names files is shown to superusers only.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "pgtime.h"
#include "utils/guc.h"

#include "common/compression.h"
#include "common/encryption.h"
#include "common/object_name.h"
#include "common/retention.h"
#include "common/wal_retention.h"
#include "common/verify_depth.h"
#include "key_settings.h"
#include "listener_settings.h"
#include "repository_settings.h"
#include "settings.h"
#include "tail_job.h"

/* Above every value of Cipher, so that it cannot be taken for one. */
#define ENCRYPTION_AUTO 100
/* What is done about a page that does not match its checksum. */
#define BAD_PAGE_WARN 0
#define BAD_PAGE_FAIL 1
/* A folder's name in a repository is at most this long. */
#define CLUSTER_NAME_LIMIT 63

bool		setting_enabled = true;
char	   *setting_database;
char	   *setting_cluster;
char	   *setting_connection;
char	   *setting_compression;
int			setting_jobs = 2;
int			setting_max_rate = 0;
bool		setting_fast_checkpoint = true;
int			setting_lock_wait_timeout = 60 * 1000;
int			setting_maximum_duration = 12 * 60 * 60;
int			setting_nice = 10;
int			setting_notify_timeout = 30 * 1000;
int			setting_verify_budget = 60 * 60 * 1000;
int			setting_audit_retention = 365;
bool		setting_audit_log = false;
int			setting_max_retries = 1;
int			setting_retry_delay = 5000;
int			setting_retention_daily_days = RETENTION_DAILY_DAYS;
int			setting_retention_weekly_weeks = RETENTION_WEEKLY_WEEKS;
int			setting_retention_monthly_months = RETENTION_MONTHLY_MONTHS;
int			setting_retention_minimum = RETENTION_MINIMUM;
int			setting_recovery_window = RECOVERY_WINDOW_S;
char	   *setting_metrics_file;
int			setting_delayed_after;
int			setting_minimum_free_space = 5;
int			setting_alert_repeat_interval = 6 * 60 * 60;
int			setting_health_interval = 15 * 60;

/* Looked at by the view erpgo_backup.default_schedule. */
static bool default_schedules = true;
static char *secrets_file;
static char *retention_timezone;
static int	encryption = ENCRYPTION_AUTO;
static int	verify_depth = VERIFY_ARCHIVE;
static int	on_bad_page = BAD_PAGE_WARN;

static const struct config_enum_entry encryption_options[] = {
	{"auto", ENCRYPTION_AUTO, false},
	{"none", CIPHER_NONE, false},
	{"aes-256-cbc", CIPHER_AES_256_CBC, false},
	{"aes-256-ctr", CIPHER_AES_256_CTR, false},
	{NULL, 0, false}
};

static const struct config_enum_entry on_bad_page_options[] = {
	{"warn", BAD_PAGE_WARN, false},
	{"fail", BAD_PAGE_FAIL, false},
	{NULL, 0, false}
};

static const struct config_enum_entry verify_depth_options[] = {
	{"digest", VERIFY_DIGEST, false},
	{"archive", VERIFY_ARCHIVE, false},
	{"full", VERIFY_FULL, false},
	{NULL, 0, false}
};

/*
 * A cluster's name is usable as the name of a folder as it stands.
 */
static bool
check_cluster(char **newval, void **extra, GucSource source)
{
	char		escaped[CLUSTER_NAME_LIMIT + 1];

	if ((*newval)[0] != '\0' &&
		object_name_escape(*newval, escaped, sizeof(escaped)) &&
		strcmp(escaped, *newval) == 0)
		return true;
	GUC_check_errdetail("A cluster's name consists of at most %d ASCII letters, digits, \"_\", \"-\" and, but for the first, \".\".",
						CLUSTER_NAME_LIMIT);
	return false;
}

/*
 * A secrets file is named by an absolute path, or not at all.
 */
static bool
check_secrets_file(char **newval, void **extra, GucSource source)
{
	if ((*newval)[0] == '\0' || is_absolute_path(*newval))
		return true;
	GUC_check_errdetail("The path of the secrets file must be absolute.");
	return false;
}

/*
 * A metrics file is named by an absolute path outside of the data directory,
 * or not at all.
 */
static bool
check_metrics_file(char **newval, void **extra, GucSource source)
{
	char		path[MAXPGPATH];

	if ((*newval)[0] == '\0')
		return true;
	strlcpy(path, *newval, sizeof(path));
	canonicalize_path(path);
	if (!is_absolute_path(path) || strlen(*newval) >= sizeof(path))
		GUC_check_errdetail("The path of the metrics file must be absolute.");
	else if (path_is_prefix_of_path(DataDir, path))
		GUC_check_errdetail("The metrics file must not be inside the data directory.");
	else
		return true;
	return false;
}

/*
 * Does the string contain the word, in whatever case?
 */
static bool
contains_word(const char *string, const char *word)
{
	size_t		len = strlen(word);

	for (; *string != '\0'; string++)
	{
		if (pg_strncasecmp(string, word, len) == 0)
			return true;
	}
	return false;
}

/*
 * A connection is a conninfo string of keywords that holds no password.
 */
static bool
check_connection(char **newval, void **extra, GucSource source)
{
	if (contains_word(*newval, "password"))
	{
		GUC_check_errdetail("Settings hold no secrets.");
		GUC_check_errhint("Put POSTGRES_PASSWORD into the secrets file.");
		return false;
	}
	if (contains_word(*newval, "://"))
	{
		GUC_check_errdetail("A connection is given by keywords, as in \"host=/run/postgresql port=5432\", not as a URI.");
		return false;
	}
	return true;
}

/*
 * Compression is a method with or without a level.
 */
static bool
check_compression(char **newval, void **extra, GucSource source)
{
	Compression compression;
	const char *problem;

	if (compression_parse(*newval, &compression, &problem))
		return true;
	GUC_check_errdetail("%s", problem);
	return false;
}

/*
 * A time zone is one that the server knows by its name.
 */
static bool
check_timezone(char **newval, void **extra, GucSource source)
{
	pg_tz	   *zone = pg_tzset(*newval);

	if (zone != NULL && pg_tz_acceptable(zone))
		return true;
	GUC_check_errdetail("The view pg_timezone_names lists the names of time zones.");
	return false;
}

/*
 * Defines what says where things are.
 */
static void
define_places(void)
{
	DefineCustomStringVariable("erpgo_backup.database",
							   "Database in which the extension works.",
							   NULL, &setting_database, "postgres",
							   PGC_POSTMASTER, 0, NULL, NULL, NULL);
	repository_settings_define();
	DefineCustomStringVariable("erpgo_backup.cluster",
							   "Name of this server's folder in the repository.",
							   NULL, &setting_cluster, "main", PGC_SIGHUP, 0,
							   check_cluster, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.secrets_file",
							   "File with keys and passwords, one KEY=value a line.",
							   "Only the server's user may be able to read it.",
							   &secrets_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   check_secrets_file, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.connection",
							   "Connection string with which pg_dump connects.",
							   "Empty means the server's Unix socket and its superuser.",
							   &setting_connection, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_connection, NULL, NULL);
}

/*
 * Defines what says how backups are made.
 */
static void
define_manners(void)
{
	DefineCustomBoolVariable("erpgo_backup.enabled",
							 "Allows this server to write to the repository.",
							 NULL, &setting_enabled, true, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable("erpgo_backup.default_schedules",
							 "Runs the schedules that are there from the start.",
							 NULL, &default_schedules, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.compression",
							   "Compression of backups: \"zstd\", \"gzip\" or \"lz4\", with \":LEVEL\", or \"none\".",
							   NULL, &setting_compression, "zstd:1", PGC_SIGHUP,
							   0, check_compression, NULL, NULL);
	DefineCustomEnumVariable("erpgo_backup.encryption",
							 "Encryption of backups; \"auto\" encrypts if there is a key.",
							 NULL, &encryption, ENCRYPTION_AUTO,
							 encryption_options, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
	DefineCustomEnumVariable("erpgo_backup.verify_depth",
							 "How thoroughly a new backup is read back.",
							 NULL, &verify_depth, VERIFY_ARCHIVE,
							 verify_depth_options, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
}

/*
 * Defines what says how the files of the cluster are backed up.
 */
static void
define_physical(void)
{
	DefineCustomBoolVariable("erpgo_backup.fast_checkpoint",
							 "Begins physical backups with a checkpoint at full speed.",
							 "Otherwise it is spread over time, as the server's own are.",
							 &setting_fast_checkpoint, true, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.max_rate",
							"How much of the cluster a physical backup reads in a second; 0 means without limit.",
							NULL, &setting_max_rate, 0, 0, INT_MAX, PGC_SIGHUP,
							GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomEnumVariable("erpgo_backup.on_bad_page",
							 "What a physical backup does about a page that does not match its checksum.",
							 NULL, &on_bad_page, BAD_PAGE_WARN, on_bad_page_options,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/*
 * Defines what bounds the load on the server.
 */
static void
define_limits(void)
{
	DefineCustomIntVariable("erpgo_backup.jobs",
							"Number of processes that compress side by side.",
							NULL, &setting_jobs, 2, 1, 64, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.lock_wait_timeout",
							"How long pg_dump waits for the locks on tables.",
							NULL, &setting_lock_wait_timeout, 60 * 1000,
							0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.maximum_duration",
							"How long a backup may take; 0 means without limit.",
							NULL, &setting_maximum_duration, 12 * 60 * 60,
							0, 20 * 24 * 60 * 60, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.verify_budget",
							"For how long schedules verify one backup after the other; 0 means all.",
							"One that has begun is verified to its end.",
							&setting_verify_budget, 60 * 60 * 1000,
							0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.max_retries",
							"How often a backup that failed is tried again.",
							"What another try cannot mend is not tried again.",
							&setting_max_retries, 1, 0, 10, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.retry_delay",
							"Pause before a backup is tried again; it doubles each time.",
							NULL, &setting_retry_delay, 5 * 1000,
							0, 60 * 60 * 1000, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.notify_timeout",
							"How long a receiver of alerts may take.",
							NULL, &setting_notify_timeout, 30 * 1000,
							100, 30 * 1000, PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.nice",
							"How much the backup's processes yield to others.",
							NULL, &setting_nice, 10, 0, 19, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
}

/*
 * Defines one of the numbers that say how long backups are kept.
 */
static void
define_retention(const char *name, const char *description, int *setting,
				 int least, int most)
{
	DefineCustomIntVariable(name, description, NULL, setting, *setting, least,
							most, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/*
 * Defines what says which backups are kept.
 */
static void
define_policy(void)
{
	define_retention("erpgo_backup.retention_daily_days",
					 "For how many days every backup is kept.",
					 &setting_retention_daily_days, 0,
					 RETENTION_DAILY_DAYS_LIMIT);
	define_retention("erpgo_backup.retention_weekly_weeks",
					 "For how many weeks that of each Sunday is kept.",
					 &setting_retention_weekly_weeks, 0,
					 RETENTION_WEEKLY_WEEKS_LIMIT);
	define_retention("erpgo_backup.retention_monthly_months",
					 "For how many months that of each first of a month is kept.",
					 &setting_retention_monthly_months, 0,
					 RETENTION_MONTHLY_MONTHS_LIMIT);
	define_retention("erpgo_backup.retention_minimum",
					 "How many of the newest verified backups are always kept.",
					 &setting_retention_minimum, 1, RETENTION_MINIMUM_LIMIT);
	DefineCustomIntVariable("erpgo_backup.recovery_window",
							"How far back the cluster can be restored to any moment.",
							"Physical backups and WAL are kept for that; it is counted from the newest verified physical backup.",
							&setting_recovery_window, RECOVERY_WINDOW_S, 0,
							RECOVERY_WINDOW_LIMIT_S, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.retention_timezone",
							   "Time zone of the days that backups are kept for.",
							   NULL, &retention_timezone, "UTC", PGC_SIGHUP, 0,
							   check_timezone, NULL, NULL);
}

/*
 * Defines what says how it is recorded who did what.
 */
static void
define_audit(void)
{
	DefineCustomIntVariable("erpgo_backup.audit_retention",
							"For how many days the audit, and what ran, is remembered.",
							"0 means for ever.  Backups that exist are always remembered.",
							&setting_audit_retention, 365, 0, 36500,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("erpgo_backup.audit_log",
							 "Writes each entry of the audit to the server's log, as JSON.",
							 NULL, &setting_audit_log, false, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
}

/*
 * Defines what says how backups are watched.
 */
static void
define_monitoring(void)
{
	DefineCustomIntVariable("erpgo_backup.delayed_after",
							"Age of the last full backup at which the next one is overdue.",
							"0 means that the schedules say when it is.",
							&setting_delayed_after, 0,
							0, INT_MAX, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.minimum_free_space",
							"Percentage of the repository's file system that backups leave free.",
							"0 means that they may fill it.",
							&setting_minimum_free_space, 5, 0, 90,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.alert_repeat_interval",
							"Time after which an alert that goes on is sent again.",
							"0 means that none is.",
							&setting_alert_repeat_interval, 6 * 60 * 60,
							0, 30 * 24 * 60 * 60, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.health_interval",
							"At most so much time passes between looks at how backups are doing.",
							NULL, &setting_health_interval, 15 * 60,
							1, 24 * 60 * 60, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.metrics_file",
							   "File that metrics for Prometheus are written to.",
							   "Empty means that none is written.",
							   &setting_metrics_file, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_metrics_file, NULL, NULL);
}

void
settings_define(void)
{
	define_places();
	key_settings_define();
	define_manners();
	define_physical();
	define_limits();
	define_policy();
	define_audit();
	define_monitoring();
	listener_settings_define();
	tail_job_define_setting();
	MarkGUCPrefixReserved("erpgo_backup");
}

const char *
settings_secrets_file(void)
{
	return secrets_file[0] == '\0' ? NULL : secrets_file;
}

const char *
settings_retention_timezone(void)
{
	return pg_get_timezone_name(pg_tzset(retention_timezone));
}

const char *
settings_encryption(void)
{
	return encryption == ENCRYPTION_AUTO ? "auto" : cipher_name(encryption);
}

const char *
settings_verify_depth(void)
{
	return verify_depth_name(verify_depth);
}

const char *
settings_on_bad_page(void)
{
	return on_bad_page == BAD_PAGE_FAIL ? "fail" : "warn";
}
