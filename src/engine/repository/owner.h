/*
 * Who writes the folder of a cluster.
 *
 * A copy of a server has the same system identifier, so that alone does not
 * keep two servers apart.  Each data directory has an identity of its own,
 * which knows on which machine and in which inode it was made; the folder's
 * owner.json says which one writes.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_OWNER_H
#define ERPGO_ENGINE_REPOSITORY_OWNER_H

#include "repository/repository.h"

/* Seconds, by the clock of the store. */
#define OWNER_LEASE_S (60 * 60)

/*
 * Returns if the server with this data directory may write, making it the
 * owner of a folder that has none, or whose owner is gone if it is registered
 * and was promoted.  Fails (FAILURE_STATE) with the way out if the folder
 * belongs to another server, or this one is a copy.
 */
extern void owner_require(Repository *repository, const char *data_directory);

/*
 * Says that the owner is alive, if that is the server with this data
 * directory; otherwise nothing is done.
 */
extern void owner_renew(Repository *repository, const char *data_directory);

/*
 * Notes that the server with this data directory, a standby, may become the
 * owner once it is promoted and the owner has not been heard of for
 * OWNER_LEASE_S.  A copy is given a new identity first.
 */
extern void owner_register_standby(Repository *repository, const char *data_directory);

/*
 * Makes the server with this data directory the owner, whoever was that
 * before, and gives it a new identity if it is a copy.
 */
extern void owner_adopt(Repository *repository, const char *data_directory);

#endif
