/*
 * The settings that say where encryption keys come from.  They hold none.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "key_settings.h"

static char *encryption_key_command;
static char *encryption_public_key;

/*
 * A public key is in a file that is named by an absolute path.
 */
static bool
check_public_key(char **newval, void **extra, GucSource source)
{
	if ((*newval)[0] == '\0' || is_absolute_path(*newval))
		return true;
	GUC_check_errdetail("The path of the public key must be absolute.");
	return false;
}

void
key_settings_define(void)
{
	DefineCustomStringVariable("erpgo_backup.encryption_key_command",
							   "Shell command that prints the encryption key.",
							   "It is not run by the server, but by the program that makes backups.  It must hold no secret.",
							   &encryption_key_command, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("erpgo_backup.encryption_public_key",
							   "File with the public key that backups and WAL are encrypted for.",
							   "Only the private key, which is to be elsewhere, reads them.",
							   &encryption_public_key, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_public_key, NULL, NULL);
}

const char *
settings_encryption_key_command(void)
{
	return encryption_key_command[0] == '\0' ? NULL : encryption_key_command;
}

const char *
settings_encryption_public_key(void)
{
	return encryption_public_key[0] == '\0' ? NULL : encryption_public_key;
}
