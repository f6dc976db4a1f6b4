/* The objects of the extension erpgo_backup 1.0. */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION erpgo_backup" to load this file. \quit

CREATE SCHEMA erpgo_backup;
COMMENT ON SCHEMA erpgo_backup IS 'what erpgo_backup knows of backups; rebuilt from the repository by erpgo_backup_sync()';

/*
 * Tables.  They mirror the repository and are not dumped: the ones of a
 * restored database would speak of another server.
 */

CREATE TABLE erpgo_backup.backup (
	id text COLLATE "C" PRIMARY KEY,
	type text NOT NULL
		CHECK (type IN ('full', 'schema', 'data', 'physical', 'incremental')),
	status text NOT NULL
		CHECK (status IN ('running', 'verifying', 'ok', 'failed', 'cancelled',
						  'interrupted', 'deleted')),
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	size_bytes bigint,
	stored_bytes bigint,
	verified_at timestamptz,
	verified_depth text,
	full_verified_at timestamptz,
	verification_error text,
	failed_depth text,
	compression text,
	cipher text,
	key_id text,
	server_version integer,
	engine_version text,
	databases text[],
	all_databases boolean NOT NULL DEFAULT false,
	label text,
	schedule text,
	pinned boolean NOT NULL DEFAULT false,
	pin_reason text,
	annotations jsonb NOT NULL DEFAULT '{}',
	objects jsonb NOT NULL DEFAULT '[]',
	error text,
	seen_at timestamptz,
	deleted_at timestamptz,
	timeline integer,
	physical jsonb,
	leftovers boolean NOT NULL DEFAULT false,
	present boolean NOT NULL GENERATED ALWAYS AS
		(status = 'ok' OR (status = 'failed' AND verification_error IS NOT NULL)) STORED
);
COMMENT ON TABLE erpgo_backup.backup IS 'backups, one row each';
COMMENT ON COLUMN erpgo_backup.backup.all_databases IS 'all were asked for, whichever there were; false if that is not known';
COMMENT ON COLUMN erpgo_backup.backup.full_verified_at IS 'when a verification of everything went well for the last time';
COMMENT ON COLUMN erpgo_backup.backup.failed_depth IS 'depth of the verification that found the damage';
COMMENT ON COLUMN erpgo_backup.backup.seen_at IS 'when it was last seen in the repository';
COMMENT ON COLUMN erpgo_backup.backup.deleted_at IS 'when it was noticed that it is there no more';
COMMENT ON COLUMN erpgo_backup.backup.timeline IS 'of the server when it began; null if another server made it';
COMMENT ON COLUMN erpgo_backup.backup.physical IS 'what the manifest of a physical backup says in addition';
COMMENT ON COLUMN erpgo_backup.backup.leftovers IS 'an unfinished run may have left objects in the repository';
COMMENT ON COLUMN erpgo_backup.backup.present IS 'it is in the repository, be it damaged';

CREATE TABLE erpgo_backup.attempt (
	backup_id text COLLATE "C" NOT NULL
		REFERENCES erpgo_backup.backup (id) ON DELETE CASCADE,
	operation text NOT NULL CHECK (operation IN ('backup', 'verify')),
	number integer NOT NULL,
	depth text,
	schedule text,
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	status text NOT NULL
		CHECK (status IN ('running', 'ok', 'failed', 'cancelled', 'interrupted')),
	phase text,
	bytes bigint,
	error text,
	sqlstate text,
	detail text,
	hint text,
	PRIMARY KEY (backup_id, operation, number)
);
COMMENT ON TABLE erpgo_backup.attempt IS 'every attempt to make or to verify a backup';
COMMENT ON COLUMN erpgo_backup.attempt.depth IS 'of a verification';
COMMENT ON COLUMN erpgo_backup.attempt.schedule IS 'that asked for it; null if a session did';

/*
 * Copies of backups in further repositories.  They are never waited for by a
 * backup; what is to be done is what their rows say.
 */
CREATE TABLE erpgo_backup.copy (
	backup_id text COLLATE "C" NOT NULL
		REFERENCES erpgo_backup.backup (id) ON DELETE CASCADE,
	repository text NOT NULL,
	status text NOT NULL DEFAULT 'pending'
		CHECK (status IN ('pending', 'copying', 'ok', 'failed', 'deleted')),
	due_since timestamptz DEFAULT clock_timestamp(),
	attempts integer NOT NULL DEFAULT 0,
	next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	started_at timestamptz,
	finished_at timestamptz,
	copied_at timestamptz,
	stored_bytes bigint,
	verified_at timestamptz,
	verified_depth text,
	marks jsonb,
	mend boolean NOT NULL DEFAULT false,
	looked_at timestamptz,
	damage text,
	damage_depth text,
	error text,
	hint text,
	PRIMARY KEY (backup_id, repository)
);
COMMENT ON TABLE erpgo_backup.copy IS 'copies of backups, made or to be made, one row for each further repository';
COMMENT ON COLUMN erpgo_backup.copy.repository IS 'the URL';
COMMENT ON COLUMN erpgo_backup.copy.due_since IS 'since when something is to be done; null: nothing is';
COMMENT ON COLUMN erpgo_backup.copy.attempts IS 'since something is to be done';
COMMENT ON COLUMN erpgo_backup.copy.copied_at IS 'when it was first there; null: it is not there';
COMMENT ON COLUMN erpgo_backup.copy.marks IS 'pin and annotations that the copy has at least';
COMMENT ON COLUMN erpgo_backup.copy.mend IS 'it is to be read, and what is damaged to be stored anew';
COMMENT ON COLUMN erpgo_backup.copy.looked_at IS 'when a verification began for the last time, or the repository was found to be out of reach of one';
COMMENT ON COLUMN erpgo_backup.copy.damage IS 'what a verification found that is not mended yet';
COMMENT ON COLUMN erpgo_backup.copy.damage_depth IS 'depth of the verification that found the damage';

CREATE TABLE erpgo_backup.copy_target (
	repository text PRIMARY KEY,
	failures integer NOT NULL DEFAULT 0,
	next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	cleanup_problem text,
	free_bytes bigint,
	total_bytes bigint,
	measured_at timestamptz
);
COMMENT ON TABLE erpgo_backup.copy_target IS 'further repositories: how often nothing could be copied to them in a row, and when to try again; and the room in them';

CREATE TABLE erpgo_backup.audit (
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	role text,
	client text,
	action text NOT NULL,
	object text,
	type text,
	size bigint,
	outcome text NOT NULL,
	verification text,
	retention text,
	detail jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE erpgo_backup.audit IS 'who did what; rows can only be added';
COMMENT ON COLUMN erpgo_backup.audit.verification IS 'to which depth the backup was proven, or that it is damaged';
COMMENT ON COLUMN erpgo_backup.audit.retention IS 'the rule by which a backup was deleted';
CREATE INDEX audit_at_idx ON erpgo_backup.audit (at);

CREATE FUNCTION erpgo_backup.refuse_change() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_refuse_change';
COMMENT ON FUNCTION erpgo_backup.refuse_change() IS 'lets nobody change what was recorded';

CREATE TRIGGER refuse_change
	BEFORE UPDATE OR DELETE OR TRUNCATE ON erpgo_backup.audit
	FOR EACH STATEMENT EXECUTE FUNCTION erpgo_backup.refuse_change();
ALTER TABLE erpgo_backup.audit ENABLE ALWAYS TRIGGER refuse_change;

CREATE FUNCTION erpgo_backup.log_audit() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_log_audit';
COMMENT ON FUNCTION erpgo_backup.log_audit() IS 'writes an entry of the audit to the server''s log if that is asked for';

-- At commit: the log must not have what was rolled back.
CREATE CONSTRAINT TRIGGER log_audit
	AFTER INSERT ON erpgo_backup.audit
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION erpgo_backup.log_audit();
ALTER TABLE erpgo_backup.audit ENABLE ALWAYS TRIGGER log_audit;

