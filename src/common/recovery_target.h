/*
 * How far a recovery goes: what the options of a restore say, checked and in
 * the words of the server's settings.
 */
#ifndef ERPGO_COMMON_RECOVERY_TARGET_H
#define ERPGO_COMMON_RECOVERY_TARGET_H

#include <stdbool.h>
#include <stdint.h>

/* The longest name of a restore point has 63 bytes. */
#define RECOVERY_TEXT_SIZE 64

typedef enum RecoveryKind
{
	RECOVERY_NONE,				/* no recovery beyond the backup's own WAL */
	RECOVERY_TIME,
	RECOVERY_LSN,
	RECOVERY_XID,
	RECOVERY_NAME,
	RECOVERY_IMMEDIATE,			/* as soon as the cluster is consistent */
	RECOVERY_LATEST				/* the end of the archive */
} RecoveryKind;

/* What the server does when it is there. */
typedef enum RecoveryAction
{
	RECOVERY_PROMOTE,
	RECOVERY_PAUSE,
	RECOVERY_SHUTDOWN
} RecoveryAction;

typedef struct RecoveryTarget
{
	RecoveryKind kind;
	char		text[RECOVERY_TEXT_SIZE];	/* for the server's setting */
	int64_t		time_us;		/* since 1970, of a time */
	uint64_t	lsn;			/* of an LSN */
	uint32_t	timeline;		/* 0: the newest that the backup leads to */
	bool		exclusive;		/* stop just before it */
	RecoveryAction action;
} RecoveryTarget;

/* What decides whether a recovery can begin at a backup. */
typedef struct RecoveryStart
{
	int64_t		started_ms;
	int64_t		finished_ms;
	uint64_t	stop_lsn;
} RecoveryStart;

/*
 * Reads a target of this kind from the text that a user gave.  Returns false,
 * and leaves the target as it was, unless it is
 *
 *   RECOVERY_TIME       2026-11-23 14:30:00.5+01:00: with an offset or "Z", for
 *                       the zones of this program and the server may differ
 *   RECOVERY_LSN        as the server writes it: 16/B374D848
 *   RECOVERY_XID        a decimal number
 *   RECOVERY_NAME       the name of a restore point
 *
 * or, for RECOVERY_IMMEDIATE and RECOVERY_LATEST, anything.
 */
extern bool recovery_target_parse(RecoveryTarget *target, RecoveryKind kind,
								  const char *text);

/* Reads the number of a timeline; false unless there can be such a one. */
extern bool recovery_timeline_parse(const char *text, uint32_t *timeline);

/* Reads an action; false if there is no such one. */
extern bool recovery_action_parse(const char *word, RecoveryAction *action);

/* The word for an action, as recovery_target_action has it. */
extern const char *recovery_action_name(RecoveryAction action);

/*
 * Is a backup certainly complete before the target?  Transactions and restore
 * points do not say when they were: these are taken to be after any backup.
 */
extern bool recovery_is_after(const RecoveryTarget *target, const RecoveryStart *start);

/*
 * Is the target certainly before the end of the backup, so that no recovery
 * can begin there?
 */
extern bool recovery_is_before(const RecoveryTarget *target, const RecoveryStart *start);

#endif
