/*
 * What becomes of the backups of a cluster: retention applied to what is in
 * the repository.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_EXPIRY_H
#define ERPGO_ENGINE_REPOSITORY_EXPIRY_H

#include "common/retention.h"
#include "repository/backup_delete.h"
#include "repository/wal_expiry.h"

/* A backup, or what there is of one. */
typedef struct ExpiryItem
{
	BackupFolder folder;
	BackupType	type;
	int64		made_at;		/* seconds since 1970, as the identifier says */
	Backup	   *backup;			/* NULL if it is none, or cannot be read */
	char	   *reason;			/* why it is kept or deleted */
} ExpiryItem;

/* What becomes of all of them. */
typedef struct Expiry
{
	RetentionPolicy policy;
	ExpiryItem *items;			/* oldest first */
	RetentionBackup *judged;	/* one for each item */
	RetentionBackup **order;	/* those to be deleted come first */
	int			count;
	int			deletions;
	int			confirmations;	/* would be deleted if that was confirmed */
	WalExpiry  *wal;
} Expiry;

/*
 * Decides about all backups of the cluster and its WAL; changes nothing.  A damaged
 * backup is decided about like the others.  Anything else that keeps a backup
 * from being read, such as a missing key, is a failure: who cannot judge all
 * must not delete any.
 */
extern Expiry *expiry_plan(Repository *repository,
						   const RetentionPolicy *policy);

/*
 * Deletes what is to be deleted, and tells about each one that is gone, at
 * the end about WAL.  One that cannot be deleted does not keep the others; its
 * failure, the first one if there are several, comes at the end.
 */
#define EXPIRY_WAL (-1)			/* in place of an item */

typedef void (*ExpiryReporter) (const Expiry *expiry, int item);

extern void expiry_apply(Repository *repository, Expiry *expiry,
						 ExpiryReporter report);

/*
 * Numbers the kinds that backups are judged in: the type, and the databases
 * that were asked for, for all is one kind whichever there were.  Where the
 * manifest does not say which, those that are in the backup count.  What
 * cannot be read counts as a backup of all databases, if there is one of that
 * type, else as the newest one of that type.
 */
extern void expiry_number_kinds(const ExpiryItem *items, int count,
								int *kinds);

/*
 * The state that retention sees: from the folder's, whether somebody is
 * writing there, and whether its last verification went well.
 */
extern RetentionState expiry_state(FolderState folder, bool is_being_written,
								   bool is_verified);

#endif
