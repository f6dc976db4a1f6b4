/*
 * What a target has already, and what of it does not belong there.
 */
#ifndef ERPGO_ENGINE_CLUSTER_RESTORE_DELTA_H
#define ERPGO_ENGINE_CLUSTER_RESTORE_DELTA_H

#include "cluster/restore_files.h"

/*
 * Finds the files of the plan that the target has as they are in the backup:
 * they are to be kept.  Changes nothing in the target but their modes.
 */
extern void restore_compare(RestoreWork *work);

/*
 * Removes whatever else is in the data directory, and in the folders of
 * tablespaces below those that the server makes there.  Never follows a link.
 * The folder for configuration files, if it is another one, only loses the
 * files that are to be written.
 */
extern void restore_remove_rest(RestoreWork *work);

#endif
