/*
 * Changing who can open the encryption keys, in all repositories of a list.
 */
#ifndef ERPGO_ENGINE_COMMAND_REKEY_RUN_H
#define ERPGO_ENGINE_COMMAND_REKEY_RUN_H

#include "command/repositories.h"
#include "repository/rekey.h"

/* What is asked for. */
typedef struct RekeyRequest
{
	const char *removed;		/* a wrapping, and nothing else; or NULL */
	bool		new_cluster_key;
	Rekey		rekey;			/* without what is of one repository */
} RekeyRequest;

/* What became of it. */
typedef struct RekeyResult
{
	json_t	   *steps;			/* {"action", "cluster_key", "wrapping",
								 * "repository"} each */
	json_t	   *failed;			/* {"repository", "message", "hint"} each */
	int			left;			/* cluster keys that neither key opens, in
								 * each repository */
	Failure		problem;		/* of all of it; without a message, there is
								 * none */
} RekeyResult;

/*
 * Does what is asked for, in one repository after the other.  What takes
 * something away is done only when everything before it has succeeded in all of
 * them.  What fails in one of several is told by a warning, and by the result.
 */
extern RekeyResult rekey_all(const CommonOptions *options, const RepositoryList *list,
							 const RekeyRequest *request);

#endif
