/*
 * Secrets: from a file that only its owner can read, else from the
 * environment.  They are never settings, arguments, log lines or JSON.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_SECRETS_H
#define ERPGO_ENGINE_REPOSITORY_SECRETS_H

#include "postgres_fe.h"

/*
 * Reads KEY=value lines ("#" begins a comment line, blank lines are skipped,
 * a value may be in single or double quotes, "export " before a key is
 * allowed).  The file must be a regular file owned by this user or root, with
 * no permission for others and none to write for the group: else
 * FAILURE_PERMISSION.  path may be NULL: then only the environment counts.
 * Also keeps this process from leaving its memory in a core file.
 */
extern void secrets_load(const char *path);

/*
 * The value of a secret, the file's before the environment's; NULL if it is
 * in neither or empty.  The text lives until the process ends.
 */
extern const char *secret_get(const char *name);

/* Does the value come from the environment and not from the file? */
extern bool secret_is_from_environment(const char *name);

/*
 * Overwrites every secret of this process but one, and the environment; the
 * result is that one, allocated, or NULL.  For a process that strangers talk
 * to, and which needs no other.
 */
extern char *secrets_forget_but(const char *name);

/* The names in use. */
#define SECRET_ENCRYPTION_KEY "BACKUP_ENCRYPTION_KEY"
/* The one that takes its place (erpgo_backup rekey). */
#define SECRET_ENCRYPTION_KEY_NEW "BACKUP_ENCRYPTION_KEY_NEW"
#define SECRET_PASSWORD "POSTGRES_PASSWORD"

/* Where alerts go.  A URL lets whoever knows it send, so it is a secret. */
#define SECRET_SLACK_WEBHOOK_URL "SLACK_WEBHOOK_URL"
#define SECRET_WEBHOOK_URL "WEBHOOK_URL"
#define SECRET_WEBHOOK_SECRET "WEBHOOK_SECRET"
#define SECRET_HEARTBEAT_URL "HEARTBEAT_URL"
#define SECRET_NOTIFICATION_EMAIL "NOTIFICATION_EMAIL"
#define SECRET_SMTP_HOST "SMTP_HOST"
#define SECRET_SMTP_PORT "SMTP_PORT"
#define SECRET_SMTP_USER "SMTP_USER"
#define SECRET_SMTP_PASSWORD "SMTP_PASSWORD"
#define SECRET_SMTP_FROM "SMTP_FROM"
#define SECRET_SMTP_SECURITY "SMTP_SECURITY"

/* What opens object storage, by the names that AWS gave them. */
#define SECRET_AWS_ACCESS_KEY_ID "AWS_ACCESS_KEY_ID"
#define SECRET_AWS_SESSION_TOKEN "AWS_SESSION_TOKEN"

/* What who reads metrics has to show. */
#define SECRET_METRICS_TOKEN "METRICS_TOKEN"

/* Certificates that are trusted beside the system's. */
#define SECRET_CA_FILE "BACKUP_CA_FILE"

#endif
