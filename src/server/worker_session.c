/*
 * The database session of a background worker of ours.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "utils/guc.h"

#include "settings.h"
#include "worker_session.h"

/*
 * Whatever is set for the database or the role, our statements mean what they
 * say, may write, and end in finite time.  None is worth being compiled.
 * Settings that a version of the server lacks are left out.
 */
static const char *const pinned_settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"role", "none"},
	{"client_encoding", "UTF8"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_deferrable", "off"},
	{"statement_timeout", "0"},
	{"lock_timeout", "10s"},
	{"idle_in_transaction_session_timeout", "0"},
	{"idle_session_timeout", "0"},
	{"transaction_timeout", "0"},
	{"row_security", "on"},
	{"jit", "off"},
	{"synchronous_commit", "on"},
	{"session_replication_role", "origin"},
	{"standard_conforming_strings", "on"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"lc_messages", "C"},
};

/*
 * Sets what is pinned.
 */
static void
pin_settings(void)
{
	for (int i = 0; i < lengthof(pinned_settings); i++)
	{
		const char *name = pinned_settings[i][0];

		if (GetConfigOption(name, true, false) != NULL)
			SetConfigOption(name, pinned_settings[i][1], PGC_SUSET,
							PGC_S_OVERRIDE);
	}
}

void
worker_session_start(const char *application_name_wanted)
{
	BackgroundWorkerInitializeConnection(setting_database, NULL, 0);

	StartTransactionCommand();
	pin_settings();
	SetConfigOption("application_name", application_name_wanted, PGC_USERSET,
					PGC_S_OVERRIDE);
	CommitTransactionCommand();
	pgstat_report_appname(application_name_wanted);
}
