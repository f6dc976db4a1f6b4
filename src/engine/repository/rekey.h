/*
 * Changing who can open a cluster's keys.  Wrappings are added and removed;
 * cluster keys, manifests and data stay as they are.
 *
 * Whatever interrupts it, the keys that opened a cluster key before still do,
 * unless another one was seen to open it.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_REKEY_H
#define ERPGO_ENGINE_REPOSITORY_REKEY_H

#include "repository/key_object.h"

typedef struct Rekey
{
	Store	   *store;
	const char *prefix;			/* the cluster's folder, with its slash */
	const char *present;		/* the master key in use */
	const char *added;			/* another one, or NULL */
	const char *label;			/* what is said of that, or NULL */
	const KeyText *known;		/* wrappings by it that other repositories
								 * have */
	int			known_count;
	bool		retire;			/* the present one is to open nothing more */
	bool		dry_run;
	bool		is_one_of_several;	/* an earlier run may have come further
									 * here than elsewhere */
} Rekey;

/* What there is in a repository. */
typedef struct RekeyFound
{
	int			opened;			/* cluster keys that the present key opens */
	int			left;			/* that neither key opens */
	int64		newest_ms;		/* when the newest of the others was made */
} RekeyFound;

typedef enum RekeyAction
{
	REKEY_ADDED,				/* a wrapping by the other master key */
	REKEY_MADE,					/* a new cluster key, by one of them */
	REKEY_KEPT,					/* the other master key opens it already */
	REKEY_REMOVED
} RekeyAction;

/* Told of each step that was made, or with dry_run would be. */
typedef void (*RekeyListener) (void *context, RekeyAction action,
							   const char *cluster_key, const char *wrapping);

/* The word for an action, in static memory. */
extern const char *rekey_action_name(RekeyAction action);

/*
 * Has the other master key, if there is one, open all that the present one
 * opens, and reads that back.  A wrapping that another repository has is stored
 * as it is there.  FAILURE_KEY if the present key opens nothing; of several
 * repositories, the other one's opening something will do.
 *
 * If there is more to come that several repositories must have in common, it is
 * tried here whether key objects can be stored and removed.
 */
extern RekeyFound rekey_add(const Rekey *rekey, RekeyListener listener, void *context);

/* By how many master keys a new cluster key may be wrapped. */
#define REKEY_MASTERS 2

/*
 * Makes a cluster key for backups to come, newer than what was made then, and
 * wraps it by the master keys that are to open it; returns how many that are.
 * Nothing is stored.
 */
extern int	rekey_new_cluster_key(const Rekey *rekey, int64 newest_ms,
								  KeyText made[REKEY_MASTERS]);

/* Stores that, and reads it back. */
extern void rekey_make(const Rekey *rekey, const KeyText *made, int count,
					   RekeyListener listener, void *context);

/*
 * Removes the wrappings that the present key opens, if the other one opens the
 * same cluster key as the store has it now.
 */
extern void rekey_retire(const Rekey *rekey, RekeyListener listener, void *context);

/*
 * Removes one wrapping, if the present key opens another one of the same
 * cluster key; else FAILURE_STATE.  Returns false if there is no such wrapping.
 */
extern bool rekey_remove(const Rekey *rekey, const char *wrapping,
						 RekeyListener listener, void *context);

#endif
