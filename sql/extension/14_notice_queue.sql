/*
 * The queue.  Notices of an alert go through a channel in order, so the next
 * one is not tried before the one before it has arrived or was given up.
 */

CREATE VIEW erpgo_backup.delivery_next AS
	SELECT DISTINCT ON (n.alert, d.channel)
		   d.notice, d.channel, n.body, d.status,
		   -- No pause is longer, unless the clock was set back.
		   least(d.next_try_at, clock_timestamp() + interval '1 hour') AS next_try_at
	FROM erpgo_backup.delivery AS d
	JOIN erpgo_backup.notice AS n ON n.id = d.notice
	WHERE d.status IN ('queued', 'sending')
	ORDER BY n.alert, d.channel, d.notice;
COMMENT ON VIEW erpgo_backup.delivery_next IS 'deliveries that may be tried, and when';

CREATE FUNCTION erpgo_backup.deliveries_claim()
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	/* Whoever was sending these was killed. */
	UPDATE erpgo_backup.delivery AS d
	SET status = 'queued'
	WHERE d.status = 'sending';
	WITH due AS (
		SELECT n.notice, n.channel
		FROM erpgo_backup.delivery_next AS n
		WHERE n.next_try_at <= clock_timestamp()
		ORDER BY n.notice
		LIMIT 60),
	claimed AS (
		UPDATE erpgo_backup.delivery AS d
		SET status = 'sending', attempts = d.attempts + 1,
			next_try_at = clock_timestamp() + erpgo_backup.retry_pause(d.attempts + 1)
		FROM due
		WHERE d.notice = due.notice AND d.channel = due.channel
		RETURNING d.notice)
	SELECT count(*) FROM claimed;
END;
COMMENT ON FUNCTION erpgo_backup.deliveries_claim()
	IS 'marks what a job is to deliver now; how much that is';

CREATE VIEW erpgo_backup.delivery_batch AS
	SELECT coalesce(jsonb_agg(a.body || jsonb_build_object('id', a.notice::text, 'channels', a.channels)
							  ORDER BY a.notice), '[]')::text AS alerts,
		   EXISTS (SELECT FROM erpgo_backup.delivery AS d
				   WHERE d.status = 'sending' AND d.channel = 'heartbeat')::text AS heartbeat
	FROM (SELECT n.notice, n.body, jsonb_agg(n.channel) AS channels
		  FROM erpgo_backup.delivery_next AS n
		  WHERE n.status = 'sending' AND n.channel <> 'heartbeat'
		  GROUP BY n.notice, n.body) AS a;
COMMENT ON VIEW erpgo_backup.delivery_batch IS 'what a job is to deliver, for the engine';

CREATE FUNCTION erpgo_backup.delivery_end(notice text, channel text, outcome text,
	transient text, problem text, OUT title text, OUT status text, OUT attempts integer)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.delivery AS d
	SET status = o.status,
		error = CASE WHEN o.status IN ('queued', 'failed') THEN delivery_end.problem END,
		ended_at = CASE WHEN o.status <> 'queued' THEN clock_timestamp() END,
		next_try_at = clock_timestamp() + erpgo_backup.retry_pause(d.attempts)
	FROM erpgo_backup.notice AS n
	CROSS JOIN LATERAL (
		SELECT CASE WHEN delivery_end.outcome = 'failed' AND delivery_end.transient::boolean
						AND n.at > clock_timestamp() - interval '1 day' THEN 'queued'
					ELSE delivery_end.outcome END) AS o (status)
	WHERE n.id = d.notice AND d.status = 'sending'
	AND (delivery_end.notice IS NULL OR d.notice = delivery_end.notice::bigint)
	AND (delivery_end.channel IS NULL OR d.channel = delivery_end.channel)
	RETURNING coalesce(n.body ->> 'title', n.change), o.status, d.attempts;
END;
COMMENT ON FUNCTION erpgo_backup.delivery_end(text, text, text, text, text)
	IS 'notes what became of a delivery, or, for a null, of all that are being sent; what may pass is tried again for a day';

-- A moment that passes while the alerts are evaluated is still to come: they
-- are evaluated first, and would not be again.
CREATE VIEW erpgo_backup.alert_agenda AS
	SELECT ceil(1000 * extract(epoch FROM least(
				CASE WHEN m.due_at > transaction_timestamp() THEN m.due_at END, r.repeat_at, c.delayed_at,
				CASE WHEN w.behind_at > transaction_timestamp() THEN w.behind_at
					 WHEN w.behind_at + interval '55 minutes' > transaction_timestamp()
					 THEN w.behind_at + interval '55 minutes' END) - m.now))::bigint AS next_ms,
		   ceil(1000 * extract(epoch FROM
				(SELECT min(d.next_try_at) FROM erpgo_backup.delivery_next AS d) - m.now))::bigint AS delivery_ms
	FROM erpgo_backup.monitoring AS m
	CROSS JOIN (
		SELECT a.ready_since + interval '5 minutes'
		FROM erpgo_backup.wal_archiving AS a) AS w (behind_at)
	CROSS JOIN (
		SELECT min(h.delayed_at)
		FROM (SELECT delayed_at FROM erpgo_backup.copy_health
			  UNION ALL
			  SELECT delayed_at FROM erpgo_backup.wal_follower) AS h
		WHERE h.delayed_at > transaction_timestamp()) AS c (delayed_at)
	CROSS JOIN (
		SELECT min(a.notified_at) + nullif(coalesce(
				   current_setting('erpgo_backup.alert_repeat_interval', true), '6h')::interval, '0')
		FROM erpgo_backup.alert AS a
		WHERE a.state = 'firing' AND a.severity <> 'info') AS r (repeat_at);
COMMENT ON VIEW erpgo_backup.alert_agenda
	IS 'one row: when time alone changes something';

CREATE VIEW @extschema@.erpgo_backup_alerts AS
	SELECT a.state, a.severity, a.title, a.fired_at, a.resolved_at,
		   (SELECT string_agg(d.channel || ' ' || d.status, ', ' ORDER BY d.channel)
			FROM erpgo_backup.delivery AS d
			WHERE d.notice = (SELECT max(n.id) FROM erpgo_backup.notice AS n WHERE n.alert = a.id)
			AND d.status <> 'unconfigured') AS delivery,
		   a.message, a.kind, a.subject, a.backup_id, a.details, a.notified_at, a.id
	FROM erpgo_backup.alert AS a
	ORDER BY a.state, a.fired_at DESC, a.id DESC;
COMMENT ON VIEW @extschema@.erpgo_backup_alerts IS 'alerts, those that are firing first';
GRANT SELECT ON @extschema@.erpgo_backup_alerts TO pg_monitor;

