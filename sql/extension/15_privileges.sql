/*
 * Nobody may do anything, but monitoring may look.
 */

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA erpgo_backup FROM PUBLIC;
REVOKE ALL ON FUNCTION
	@extschema@.erpgo_backup_run(text, text[], boolean, text),
	@extschema@.erpgo_backup_cancel(text),
	@extschema@.erpgo_backup_verify(text, text, text),
	@extschema@.erpgo_backup_list(),
	@extschema@.erpgo_backup_pin(text, text),
	@extschema@.erpgo_backup_unpin(text),
	@extschema@.erpgo_backup_annotate(text, text, text),
	@extschema@.erpgo_backup_check(),
	@extschema@.erpgo_backup_sync(),
	@extschema@.erpgo_backup_adopt()
FROM PUBLIC;
REVOKE ALL ON PROCEDURE @extschema@.erpgo_backup_wait(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION erpgo_backup.job_progress(), erpgo_backup.recovery_windows(), erpgo_backup.wal_tail(),
	erpgo_backup.wal_segment(bigint, pg_lsn, bigint),
	@extschema@.erpgo_backup_list()
TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_progress, @extschema@.erpgo_backup_recovery_window,
	@extschema@.erpgo_backup_history, @extschema@.erpgo_backup_attempts,
	@extschema@.erpgo_backup_audit
TO pg_monitor;
