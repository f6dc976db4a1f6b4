/*
 * What becomes of a backup, as JSON.
 */
#include "postgres_fe.h"

#include "command/expire_json.h"
#include "protocol.h"

json_t *
expiry_item_to_json(const Expiry *expiry, int item)
{
	const ExpiryItem *about = &expiry->items[item];
	const RetentionBackup *judged = &expiry->judged[item];
	const char *role = retention_role_name(judged->role);

	return json_pack("{s:s, s:s, s:o, s:s, s:o}",
					 "id", about->folder.id,
					 "type", backup_type_name(about->type),
					 "role", json_text(role[0] == '\0' ? NULL : role),
					 "decision", retention_decision_name(judged->decision),
					 "reason", json_text(about->reason));
}
