/*
 * Changing who can open a cluster's keys.  Wrappings are added and removed;
 * cluster keys, manifests and data stay as they are.
 *
 * Whatever interrupts it, the keys that opened a cluster key before still do,
 * unless another one was seen to open it.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_REKEY_H
#define ERPGO_ENGINE_REPOSITORY_REKEY_H

#include "repository/keys.h"

typedef struct Rekey
{
	Store	   *store;
	const char *prefix;			/* the cluster's folder, with its slash */
	const char *present;		/* the master key in use */
	const char *added;			/* another one, or NULL */
	const char *label;			/* what is said of that, or NULL */
	bool		new_cluster_key;	/* for backups to come */
	bool		retire;			/* the present one is to open nothing more */
	bool		dry_run;
} Rekey;

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
 * Does all that is asked for.  FAILURE_KEY if the present key opens nothing;
 * how many cluster keys it does not open is in *left.
 */
extern void rekey_run(const Rekey *rekey, RekeyListener listener, void *context,
					  int *left);

/*
 * Removes one wrapping, if the present key opens another one of the same
 * cluster key; else FAILURE_STATE.
 */
extern void rekey_remove(const Rekey *rekey, const char *wrapping,
						 RekeyListener listener, void *context);

#endif
