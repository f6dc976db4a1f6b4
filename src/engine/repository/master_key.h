/*
 * Where the master key comes from: a command that prints it, the secrets file,
 * or the environment.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_MASTER_KEY_H
#define ERPGO_ENGINE_REPOSITORY_MASTER_KEY_H

#include "postgres_fe.h"

/* "openssl enc" reads no longer passphrase from a file. */
#define MASTER_KEY_LIMIT 1000

/* The command that prints the master key, where no option or setting names one. */
#define SECRET_ENCRYPTION_KEY_COMMAND "BACKUP_ENCRYPTION_KEY_COMMAND"

/* How long such a command may take. */
#define KEY_COMMAND_TIMEOUT_MS (30 * 1000)

/*
 * Names the command that prints the master key; NULL or "" leaves it to the
 * secrets.  To be called before master_key.
 */
extern void master_key_set_command(const char *command);

/*
 * The master key, with the secrets loaded (secrets_load): what the command
 * prints, if there is one, else the secret; NULL if there is neither.  The
 * command runs once in the life of a process.
 */
extern const char *master_key(void);

/* Does a command print the master key, whatever else there is? */
extern bool master_key_has_command(void);

/*
 * Has the shell run a command that prints a key on one line, and returns that;
 * allocated, the caller overwrites it.  FAILURE_PROGRAM if it fails,
 * FAILURE_TIMEOUT if it takes longer than the limit: both may pass.
 * FAILURE_KEY if it prints nothing, or what cannot be a key.  What it printed
 * is not told.
 */
extern char *key_command_run(const char *command, int timeout_ms);

/*
 * A key from a file that nobody else can read: its only line, allocated; the
 * caller overwrites it.
 */
extern char *key_file_read(const char *path);

/* Overwrites a key and frees it; NULL is none. */
extern void key_forget(char *key);

#endif
