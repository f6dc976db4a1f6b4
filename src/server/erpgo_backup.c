/*
 * The library's entry, and what it hooks into the server.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "compat.h"
#include "copy_run.h"
#include "job_slot.h"
#include "scheduler.h"
#include "settings.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

static object_access_hook_type previous_object_access_hook = NULL;

/* Something that the scheduler looks at was changed in this transaction. */
static bool wake_at_commit = false;

void
scheduler_wake_at_commit(void)
{
	wake_at_commit = true;
}

/*
 * Throws an error if our extension must not be dropped now: a job needs its
 * tables until its end.
 */
static void
refuse_drop_while_active(Oid extension)
{
	char	   *name = get_extension_name(extension);
	char		id[BACKUP_ID_SIZE];

	if (name == NULL || strcmp(name, "erpgo_backup") != 0 ||
		strcmp(get_database_name(MyDatabaseId), setting_database) != 0 ||
		!job_any_active(id))
		return;
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_IN_USE),
			errmsg("cannot drop extension \"erpgo_backup\" while a job is running"),
			id[0] ? errdetail("The job works on backup \"%s\".", id) : 0,
			errhint("Wait until it has ended, or stop it with erpgo_backup_cancel."));
}

/*
 * Watches extensions come and go.  A new one cannot be looked up yet, so all
 * wake the scheduler.
 */
static void
watch_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
					int sub_id, void *arg)
{
	if (previous_object_access_hook != NULL)
		previous_object_access_hook(access, class_id, object_id, sub_id, arg);
	if (class_id != ExtensionRelationId)
		return;
	if (access == OAT_DROP)
		refuse_drop_while_active(object_id);
	if (access == OAT_DROP || access == OAT_POST_CREATE ||
		access == OAT_POST_ALTER)
		scheduler_wake_at_commit();
}

/*
 * Wakes the scheduler when what it is to see can be seen.
 */
static void
end_of_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)
		return;
	if (wake_at_commit && event == XACT_EVENT_COMMIT)
	{
		copies_want();
		scheduler_wake();
	}
	wake_at_commit = false;
}

/*
 * Sets up everything if the server loads the library at its start.  Loaded by
 * a session, it only offers the functions, which say what is missing.
 */
void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;

	settings_define();
	if (IsBinaryUpgrade)
		return;
	job_table_install_hooks();
	previous_object_access_hook = object_access_hook;
	object_access_hook = watch_object_access;
	RegisterXactCallback(end_of_transaction, NULL);
	scheduler_register();
}
