/*
 * Verifies the objects that only physical backups have.
 */
#ifndef ERPGO_ENGINE_COMMAND_VERIFY_PHYSICAL_H
#define ERPGO_ENGINE_COMMAND_VERIFY_PHYSICAL_H

#include "command/verify_backup.h"

/*
 * Decodes an object and compares what comes out with the lists of the backup;
 * what passes is counted by the sink that progress puts before another.
 */
extern void verify_physical_object(Verification *verification,
								   const ManifestObject *object,
								   Sink *(*progress) (Sink *next));

#endif
