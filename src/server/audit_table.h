/*
 * The table of the audit, to which rows can only be added.
 */
#ifndef ERPGO_SERVER_AUDIT_TABLE_H
#define ERPGO_SERVER_AUDIT_TABLE_H

/*
 * Once a day, removes what is older than erpgo_backup.audit_retention says,
 * from the audit and from what ran.  An error becomes a warning.
 */
extern void audit_forget_if_due(void);

#endif
