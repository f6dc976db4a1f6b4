/*
 * The settings that say where encryption keys come from.
 */
#ifndef ERPGO_SERVER_KEY_SETTINGS_H
#define ERPGO_SERVER_KEY_SETTINGS_H

#include "postgres.h"

/* Defines the settings; to be called while the server starts. */
extern void key_settings_define(void);

/* The command that prints the encryption key; NULL if none is set. */
extern const char *settings_encryption_key_command(void);

/* The path of the public key to write for; NULL if none is set. */
extern const char *settings_encryption_public_key(void);

#endif
