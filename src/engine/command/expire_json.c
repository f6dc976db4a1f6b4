/*
 * What becomes of a backup, as JSON.
 */
#include "postgres_fe.h"

#include "command/expire_json.h"
#include "command/command.h"
#include "protocol.h"

RetentionDecision
wal_decision(const Expiry *expiry)
{
	return expiry->wal->doomed_count > 0 ? RETENTION_DELETE : RETENTION_KEEP;
}

char *
wal_decision_text(const Expiry *expiry)
{
	const WalExpiry *wal = expiry->wal;
	char	   *window = duration_text(1000 * expiry->policy.recovery_window_s);

	if (!wal->has_bases)
		return psprintf("no verified physical backup is old enough for a recovery window of %s to begin with it",
						window);
	if (wal->doomed_count == 0)
		return psprintf("all of it is needed for the recovery window of %s", window);
	return psprintf("%d of %d files, up to \"%s\", are not needed for the recovery window of %s",
					wal->doomed_count, wal->files, wal->doomed_last, window);
}

/*
 * What becomes of the WAL archive, as JSON.
 */
static json_t *
wal_to_json(const Expiry *expiry)
{
	return json_pack("{s:s, s:s, s:n, s:s, s:o, s:I}",
					 "id", "WAL", "type", "wal", "role",
					 "decision", retention_decision_name(wal_decision(expiry)),
					 "reason", json_text(wal_decision_text(expiry)),
					 "bytes", (json_int_t) expiry->wal->doomed_bytes);
}

json_t *
expiry_item_to_json(const Expiry *expiry, int item)
{
	const ExpiryItem *about = &expiry->items[item];
	const RetentionBackup *judged = &expiry->judged[item];
	const char *role;

	if (item == EXPIRY_WAL)
		return wal_to_json(expiry);
	role = retention_role_name(judged->role);
	return json_pack("{s:s, s:s, s:o, s:s, s:o}",
					 "id", about->folder.id,
					 "type", backup_type_name(about->type),
					 "role", json_text(role[0] == '\0' ? NULL : role),
					 "decision", retention_decision_name(judged->decision),
					 "reason", json_text(about->reason));
}
