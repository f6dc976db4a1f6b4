/*
 * The identity of a data directory.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_INSTANCE_H
#define ERPGO_ENGINE_REPOSITORY_INSTANCE_H

#include "postgres_fe.h"

/* The digits of an identity, with the terminating zero. */
#define INSTANCE_ID_SIZE 33

/* The file of a data directory that holds it. */
#define INSTANCE_FILE "erpgo_backup.instance"

/*
 * Reads the identity of a data directory, which is given one if it has none.
 * False if it was copied from elsewhere: then the identity is the other's.
 * A file that cannot be understood counts as copied, with "" as identity.
 */
extern bool instance_read(const char *data_directory, char id[INSTANCE_ID_SIZE]);

/* Gives a data directory a new identity, whatever it had. */
extern void instance_renew(const char *data_directory, char id[INSTANCE_ID_SIZE]);

#endif
