/*
 * Alerts.
 */

CREATE FUNCTION @extschema@.erpgo_backup_notify_test(OUT channel text,
	OUT status text, OUT message text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_notify_test()
	IS 'sends a test alert through every channel that is configured';
REVOKE ALL ON FUNCTION @extschema@.erpgo_backup_notify_test() FROM PUBLIC;

