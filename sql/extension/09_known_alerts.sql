/*
 * Monitoring.  Everything is derived from what the tables say and from the
 * clock, so that it is true even if nothing runs any more.
 */

-- Names in what follows are those of pg_catalog, or qualified.
SET LOCAL search_path = pg_catalog, pg_temp;

/*
 * Alerts: what is known of them.  What makes them fire comes further down.
 */

CREATE VIEW erpgo_backup.alert_kind AS
	SELECT * FROM (VALUES
		('backup_failed', 'critical', 'Backup failed'),
		('backup_delayed', 'warning', 'Backup delayed'),
		('low_disk_space', 'warning', 'Low disk space'),
		('low_disk_space', 'critical', 'No disk space for backups'),
		('size_spike', 'info', 'Backup size spike'),
		('size_collapse', 'warning', 'Backup size collapse'),
		('verification_failed', 'critical', 'Verification failed'),
		('bad_pages', 'critical', 'Bad pages'),
		('cleanup_failed', 'warning', 'Clean-up failed'),
		('copy_delayed', 'warning', 'Copy delayed'),
		('copy_delayed', 'critical', 'No copy of recent backups'),
		('wal_archiving_behind', 'warning', 'WAL archiving behind'),
		('wal_archiving_behind', 'critical', 'WAL is not archived'),
		('wal_missing', 'critical', 'WAL is missing'),
		('repository_unavailable', 'warning', 'Repository unavailable'),
		('notification_failed', 'warning', 'Alerts do not arrive'))
		AS k (kind, severity, title);
COMMENT ON VIEW erpgo_backup.alert_kind IS 'the alerts that there are';

CREATE TABLE erpgo_backup.alert (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind text NOT NULL,
	subject text NOT NULL,
	severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
	state text NOT NULL DEFAULT 'firing' CHECK (state IN ('firing', 'resolved')),
	title text NOT NULL,
	message text NOT NULL,
	backup_id text COLLATE "C",
	details jsonb NOT NULL DEFAULT '{}',
	fired_at timestamptz NOT NULL,
	notified_at timestamptz NOT NULL,
	resolved_at timestamptz,
	CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
COMMENT ON TABLE erpgo_backup.alert IS 'alerts, firing and resolved';
COMMENT ON COLUMN erpgo_backup.alert.subject IS 'what it is about; there is one alert of a kind for each';
COMMENT ON COLUMN erpgo_backup.alert.notified_at IS 'when a notice of it was queued last';
CREATE UNIQUE INDEX alert_firing_idx ON erpgo_backup.alert (kind, subject)
	WHERE state = 'firing';

CREATE TABLE erpgo_backup.notice (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	alert bigint REFERENCES erpgo_backup.alert (id) ON DELETE CASCADE,
	change text NOT NULL
		CHECK (change IN ('firing', 'escalated', 'repeated', 'resolved', 'heartbeat')),
	body jsonb NOT NULL DEFAULT '{}',
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	CHECK ((alert IS NULL) = (change = 'heartbeat'))
);
COMMENT ON TABLE erpgo_backup.notice IS 'what is to be told, of an alert or that a backup was made';
COMMENT ON COLUMN erpgo_backup.notice.body IS 'the alert as it was then, for the engine';
CREATE INDEX notice_alert_idx ON erpgo_backup.notice (alert);

CREATE TABLE erpgo_backup.delivery (
	notice bigint NOT NULL REFERENCES erpgo_backup.notice (id) ON DELETE CASCADE,
	channel text NOT NULL
		CHECK (channel IN ('slack', 'webhook', 'email', 'heartbeat')),
	status text NOT NULL DEFAULT 'queued'
		CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'unconfigured')),
	attempts integer NOT NULL DEFAULT 0,
	next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at timestamptz,
	error text,
	PRIMARY KEY (notice, channel)
);
COMMENT ON TABLE erpgo_backup.delivery IS 'notices on their way, one row a channel';
COMMENT ON COLUMN erpgo_backup.delivery.status IS 'failed: given up; unconfigured: there is no such channel';
CREATE INDEX delivery_pending_idx ON erpgo_backup.delivery (notice)
	WHERE status IN ('queued', 'sending');

CREATE TABLE erpgo_backup.health (
	subject text PRIMARY KEY CHECK (subject IN ('repository', 'clean-up', 'WAL archive')),
	problem text,
	at timestamptz NOT NULL
);
COMMENT ON TABLE erpgo_backup.health IS 'how what leaves no other record went the last time';
COMMENT ON COLUMN erpgo_backup.health.problem IS 'null: it went well';


CREATE TABLE erpgo_backup.repository_state (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	free_bytes bigint NOT NULL,
	total_bytes bigint NOT NULL,
	measured_at timestamptz NOT NULL
);
COMMENT ON TABLE erpgo_backup.repository_state IS 'the room in the first repository, when the engine saw it last';

CREATE FUNCTION erpgo_backup.repository_measured(free_bytes text, total_bytes text, url text DEFAULT NULL)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.repository_state (free_bytes, total_bytes, measured_at)
	SELECT repository_measured.free_bytes::bigint, repository_measured.total_bytes::bigint, clock_timestamp()
	WHERE repository_measured.url IS NULL
	ON CONFLICT (only_row) DO UPDATE SET
		free_bytes = EXCLUDED.free_bytes,
		total_bytes = EXCLUDED.total_bytes,
		measured_at = EXCLUDED.measured_at;
	UPDATE erpgo_backup.copy_target AS t
	SET free_bytes = repository_measured.free_bytes::bigint,
		total_bytes = repository_measured.total_bytes::bigint, measured_at = clock_timestamp()
	WHERE t.repository = repository_measured.url;
END;
COMMENT ON FUNCTION erpgo_backup.repository_measured(text, text, text)
	IS 'notes how much room there is in a repository, without a URL in the first one';

CREATE FUNCTION erpgo_backup.backup_expected_bytes(type text, databases text)
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH wanted AS (
		SELECT ARRAY(SELECT jsonb_array_elements_text(
			backup_expected_bytes.databases::jsonb)) AS names),
	kind AS (
		SELECT b.id, b.databases, b.stored_bytes
		FROM erpgo_backup.backup AS b, wanted AS w
		WHERE b.type = backup_expected_bytes.type AND b.status = 'ok'
		AND (backup_expected_bytes.databases IS NULL
			 OR (b.databases @> w.names AND b.databases <@ w.names))
		ORDER BY b.id DESC LIMIT 7)
	SELECT k.stored_bytes FROM kind AS k
	ORDER BY cardinality(k.databases) DESC, k.id DESC LIMIT 1;
END;
COMMENT ON FUNCTION erpgo_backup.backup_expected_bytes(text, text)
	IS 'what the last backup of a kind stored; databases is a JSON array, null for all';

CREATE FUNCTION erpgo_backup.retry_pause(attempts integer)
RETURNS interval
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT least(interval '1 hour',
				 greatest(interval '100 ms', coalesce(
					 current_setting('erpgo_backup.retry_delay', true), '5s')::interval)
				 * power(2, least(greatest(retry_pause.attempts, 1), 20) - 1));
END;
COMMENT ON FUNCTION erpgo_backup.retry_pause(integer)
	IS 'the pause after so many attempts to deliver or to copy something';

CREATE FUNCTION erpgo_backup.span(length interval)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT CASE
		WHEN t.s < 10 THEN round(t.exact, 1) || ' s'
		WHEN t.s < 60 THEN t.s || ' s'
		WHEN t.s < 3600 THEN t.s / 60 || ' min ' || t.s % 60 || ' s'
		WHEN t.s < 172800 THEN t.s / 3600 || ' h ' || t.s % 3600 / 60 || ' min'
		ELSE t.s / 86400 || ' d ' || t.s % 86400 / 3600 || ' h'
		END
	FROM (SELECT greatest(extract(epoch FROM span.length), 0) AS exact,
				 floor(greatest(extract(epoch FROM span.length), 0))::bigint AS s) AS t;
END;
COMMENT ON FUNCTION erpgo_backup.span(interval) IS 'a length of time for people, in two units';

CREATE FUNCTION erpgo_backup.rough_span(length interval)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT regexp_replace(erpgo_backup.span(rough_span.length), '^(\S+ \S+) .*', '\1');
END;
COMMENT ON FUNCTION erpgo_backup.rough_span(interval) IS 'a length of time for people, in one unit';

CREATE FUNCTION erpgo_backup.cut(value text, length integer)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT CASE WHEN length(cut.value) > cut.length
		THEN left(cut.value, cut.length - 3) || '...' ELSE cut.value END;
END;
COMMENT ON FUNCTION erpgo_backup.cut(text, integer) IS 'a text for people that is not longer than so many characters';

CREATE FUNCTION erpgo_backup.usual_size(backup_id text)
RETURNS TABLE (median_bytes bigint, compared bigint)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY o.stored_bytes)::bigint,
		   count(*)
	FROM (SELECT k.stored_bytes
		  FROM erpgo_backup.same_kind AS k
		  WHERE k.backup_id = usual_size.backup_id
		  AND k.other_id < usual_size.backup_id
		  ORDER BY k.other_id DESC LIMIT 7) AS o;
END;
COMMENT ON FUNCTION erpgo_backup.usual_size(text)
	IS 'the median of the seven backups of its kind before this one, or of as many as there were';

CREATE VIEW erpgo_backup.newest_good AS
	SELECT n.id, n.type, n.finished_at, n.finished_at - n.started_at AS duration,
		   n.size_bytes, n.stored_bytes, p.median_bytes, p.compared
	FROM (SELECT DISTINCT ON (b.type) b.*
		  FROM erpgo_backup.backup AS b
		  WHERE b.status = 'ok'
		  ORDER BY b.type, b.id DESC) AS n
	CROSS JOIN LATERAL erpgo_backup.usual_size(n.id) AS p;
COMMENT ON VIEW erpgo_backup.newest_good
	IS 'the newest good backup of each type, and the median of the seven of its kind before';

