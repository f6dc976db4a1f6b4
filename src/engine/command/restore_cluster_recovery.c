/*
 * What a restored cluster is told of its recovery: how far it goes, and where
 * its WAL comes from.
 */
#include "command/restore_cluster.h"

#include <limits.h>

#include "command/human.h"
#include "command/shell.h"
#include "command/workspace.h"
#include "process.h"
#include "protocol.h"
#include "recovery/tablespace_scan.h"

/* The settings for a target, by its kind. */
static const char *const target_settings[] = {
	[RECOVERY_TIME] = "recovery_target_time",
	[RECOVERY_LSN] = "recovery_target_lsn",
	[RECOVERY_XID] = "recovery_target_xid",
	[RECOVERY_NAME] = "recovery_target_name",
	[RECOVERY_IMMEDIATE] = "recovery_target",
};

/* What the original may have set, and this recovery must not have. */
static const char *const emptied_settings[] = {
	"primary_conninfo", "primary_slot_name", "recovery_end_command",
	"archive_cleanup_command",
};

/*
 * Appends a word for the shell; restore_command has a meaning for "%".
 */
static void
append_word(StringInfo command, const char *word)
{
	char	   *quoted = shell_quote(word);

	if (command->len > 0)
		appendStringInfoChar(command, ' ');
	for (const char *character = quoted; *character != '\0'; character++)
	{
		appendStringInfoChar(command, *character);
		if (*character == '%')
			appendStringInfoChar(command, '%');
	}
	pg_free(quoted);
}

/*
 * Appends an option and its value.
 */
static void
append_option(StringInfo command, const char *option, const char *value)
{
	appendStringInfo(command, " %s", option);
	append_word(command, value);
}

/*
 * The command that has the server get its WAL from this repository; allocated.
 * Secrets stay in their file.
 */
static char *
restore_command(const ClusterRestore *restore)
{
	const CommonOptions *options = restore->options;
	char		secrets_file[PATH_MAX];
	StringInfoData command;

	initStringInfo(&command);
	append_word(&command, program_path(NULL, "erpgo_backup"));
	append_option(&command, "--repository", options->repository);
	append_option(&command, "--cluster", restore->repository->cluster);
	if (options->secrets_file != NULL)
	{
		if (realpath(options->secrets_file, secrets_file) == NULL)
			fail_errno("could not find file \"%s\"", options->secrets_file);
		append_option(&command, "--secrets-file", secrets_file);
	}
	if (options->encryption_key_command != NULL)
		append_option(&command, "--encryption-key-command", options->encryption_key_command);
	appendStringInfoString(&command, " wal-get");
	if (restore->request->standby)
		appendStringInfoString(&command, " --standby");
	else
		append_option(&command, "--tail-after", restore->recovery->own_last);
	appendStringInfoString(&command, " %f %p");
	return command.data;
}

/*
 * Adds the settings for how far to go.  There may be only one target, so those
 * that the original had are emptied.
 */
static void
add_target(ClusterRestore *restore)
{
	const RecoveryTarget *target = &restore->request->recovery;

	for (int i = 0; i < lengthof(target_settings); i++)
	{
		if (target_settings[i] != NULL && i != (int) target->kind)
			cluster_add_setting(restore, target_settings[i], "");
	}
	if (target->kind == RECOVERY_IMMEDIATE)
		cluster_add_setting(restore, "recovery_target", "immediate");
	else if (target->kind != RECOVERY_LATEST)
		cluster_add_setting(restore, target_settings[target->kind], target->text);
	cluster_add_setting(restore, "recovery_target_inclusive",
						target->exclusive ? "off" : "on");
	cluster_add_setting(restore, "recovery_target_action",
						recovery_action_name(target->action));
}

/*
 * Adds the timeline that was planned, so that the server looks for no other
 * one that may come to be meanwhile.
 */
static void
add_timeline(ClusterRestore *restore)
{
	const TimelineHistory *history = &restore->recovery->history;
	char	   *timeline = psprintf("%u", history->timeline);

	if (restore->request->standby)
		cluster_add_setting(restore, "recovery_target_timeline", "latest");
	/* The backup's own needs no history file, which may not be there. */
	else if (history->timeline == restore->backup->manifest->physical->timeline)
		cluster_add_setting(restore, "recovery_target_timeline", "current");
	else
		cluster_add_setting(restore, "recovery_target_timeline", timeline);
	pfree(timeline);
}

void
cluster_configure_recovery(ClusterRestore *restore)
{
	bool		standby = restore->request->standby;
	char	   *command;

	if (restore->recovery == NULL)
		return;
	command = restore_command(restore);
	cluster_add_setting(restore, "restore_command", command);
	for (int i = 0; i < lengthof(emptied_settings); i++)
		cluster_add_setting(restore, emptied_settings[i], "");
	if (restore->request->primary_conninfo != NULL)
		cluster_add_setting(restore, "primary_conninfo", restore->request->primary_conninfo);
	cluster_add_setting(restore, "recovery_min_apply_delay", "0");
	add_target(restore);
	add_timeline(restore);
	/* It would read on behind the target, into the hole, and end there. */
	if (restore->recovery->hole_follows)
		cluster_add_setting(restore, "recovery_prefetch", "off");
	target_remove_file(restore->target, data_path(standby ? "recovery.signal" : "standby.signal"));
	target_write_file(restore->target, data_path(standby ? "standby.signal" : "recovery.signal"),
					  cluster_file_mode(restore), "", 0);
	pfree(command);
}

void
cluster_plan_recovery(ClusterRestore *restore)
{
	const RecoveryTarget *target = &restore->request->recovery;

	if (target->kind == RECOVERY_NONE)
		return;
	restore->recovery = recovery_plan(restore->repository, restore->backup->manifest, target,
									  !restore->request->standby);
	restore->pg_waldump = program_path(restore->options->bindir, "pg_waldump");
	workspace_create(NULL);
}

/*
 * What a scan of the WAL of the recovery needs.
 */
static TablespaceScan
make_scan(const ClusterRestore *restore)
{
	TablespaceScan scan = {
		.repository = restore->repository,
		.plan = restore->recovery,
		.segment_bytes = restore->backup->manifest->physical->wal_segment_size,
		.pg_waldump = restore->pg_waldump,
		.folder = workspace_path("")
	};

	return scan;
}

void
cluster_scan_recovery(const ClusterRestore *restore)
{
	TablespaceScan scan;

	if (restore->recovery == NULL)
		return;
	scan = make_scan(restore);
	tablespace_scan(&scan);
}

void
cluster_check_places(const ClusterRestore *restore)
{
	TablespaceScan scan;

	if (restore->recovery == NULL)
		return;
	scan = make_scan(restore);
	tablespace_check_places(&scan);
}

/* What kinds of targets are called in a report. */
static const char *const kind_names[] = {
	[RECOVERY_TIME] = "time",
	[RECOVERY_LSN] = "LSN",
	[RECOVERY_XID] = "transaction",
	[RECOVERY_NAME] = "restore point",
	[RECOVERY_IMMEDIATE] = "the end of the backup",
	[RECOVERY_LATEST] = "the end of the archive",
};

json_t *
cluster_recovery_json(const ClusterRestore *restore)
{
	const RecoveryTarget *target = &restore->request->recovery;

	if (restore->recovery == NULL)
		return json_null();
	return json_pack("{s:s, s:o, s:b, s:s, s:I, s:i, s:o, s:b}",
					 "to", kind_names[target->kind],
					 "target", target->text[0] == '\0' ? json_null() : json_text(target->text),
					 "exclusive", target->exclusive,
					 "action", recovery_action_name(target->action),
					 "timeline", (json_int_t) restore->recovery->history.timeline,
					 "archived_segments", restore->recovery->segment_count,
					 "tail_lsn", restore->recovery->tail_lsn == 0 ? json_null() :
					 json_text(lsn_text(restore->recovery->tail_lsn)),
					 "standby", restore->request->standby);
}

/*
 * What to say of pieces of the unfinished segment; allocated if not "".
 */
static const char *
tail_remark(const RecoveryPlan *plan)
{
	return plan->tail_lsn == 0 ? "" :
		psprintf(", the last one in pieces up to %s", lsn_text(plan->tail_lsn));
}

void
cluster_report_recovery(const ClusterRestore *restore)
{
	const RecoveryTarget *target = &restore->request->recovery;

	if (restore->recovery == NULL)
		return;
	if (restore->request->standby)
		printf("when it is started, it is a standby (segments in the archive: %d)\n",
			   restore->recovery->segment_count);
	else
		printf("when it is started, it recovers to %s%s%s%s on timeline %u (action: %s, segments in the archive: %d%s)\n",
			   target->exclusive ? "just before " : "", kind_names[target->kind],
			   target->text[0] == '\0' ? "" : " ", printable_text(target->text),
			   restore->recovery->history.timeline, recovery_action_name(target->action),
			   restore->recovery->segment_count, tail_remark(restore->recovery));
}
