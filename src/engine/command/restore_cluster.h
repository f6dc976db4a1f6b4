/*
 * The steps of restoring a physical backup.
 */
#ifndef ERPGO_ENGINE_COMMAND_RESTORE_CLUSTER_H
#define ERPGO_ENGINE_COMMAND_RESTORE_CLUSTER_H

#include "cluster/restore_files.h"
#include "cluster/tablespace_mapping.h"
#include "command/command.h"
#include "lib/stringinfo.h"
#include "recovery/recovery_plan.h"

/* What the user asks for. */
typedef struct ClusterRequest
{
	const char *data_directory; /* NULL if it is no physical restore */
	const char *config_directory;	/* or NULL */
	TablespaceMapping *mappings;
	int			mapping_count;
	bool		delta;
	bool		take_over;
	bool		is_verified;	/* its digests have been compared */
	bool		standby;
	const char *primary_conninfo;	/* of a standby, or NULL */
	bool		start;
	int			start_timeout;	/* seconds; 0 for no limit */
	const char *socket_directory;	/* or NULL: a new one */
	const char *superuser;		/* or NULL */
	RecoveryTarget recovery;
} ClusterRequest;

/* What the process that restores tells the one that waits; shared memory. */
typedef struct ClusterProgress
{
	bool		begun;			/* the target is not what it was */
} ClusterProgress;

/* A restore under way. */
typedef struct ClusterRestore
{
	const ClusterRequest *request;
	const CommonOptions *options;
	Repository *repository;
	Backup	   *backup;
	Target	   *target;
	RestorePlan *plan;
	RecoveryPlan *recovery;		/* NULL without a target of recovery */
	char	   *pg_waldump;		/* its path, with a target of recovery */
	RestoreWork work;
	ClusterProgress *progress;
	char	   *label;
	char	   *control;		/* CONTROL_SIZE bytes */
	StringInfoData settings;	/* lines for postgresql.auto.conf */
	char	   *pg_ctl;			/* its path, if the server is to be started */
} ClusterRestore;

/*
 * Restores a physical backup to a data directory; the exit code.
 */
extern int	restore_cluster(const ClusterRequest *request, Repository *repository,
							Backup *backup, const CommonOptions *options);

/*
 * Compares the digests of all that will be needed of a backup, and fails if the
 * WAL for the recovery that is asked for is not there.
 */
extern void cluster_verify_source(const ClusterRequest *request, Repository *repository,
								  Backup *backup);

/*
 * "latest" becomes the newest physical backup, or the newest that a recovery
 * to the target can begin at; FAILURE_UNDEFINED if none.
 */
extern const char *cluster_resolve_id(Repository *repository, const RecoveryTarget *target,
									  const char *id_or_latest);

/* Plans the recovery, if there is to be one; fails as recovery_plan does. */
extern void cluster_plan_recovery(ClusterRestore *restore);

/* Looks at all WAL of the recovery; fails as tablespace_scan does. */
extern void cluster_scan_recovery(const ClusterRestore *restore);

/* What the recovery will do, as JSON; null without one. */
extern json_t *cluster_recovery_json(const ClusterRestore *restore);

/* Says what the recovery will do, if there is to be one. */
extern void cluster_report_recovery(const ClusterRestore *restore);

/* Has the restored cluster recover as planned, if there is to be a recovery. */
extern void cluster_configure_recovery(ClusterRestore *restore);

/* Looks at the places of tablespaces again; fails as tablespace_check_places. */
extern void cluster_check_places(const ClusterRestore *restore);

/*
 * Finds what starts the server, if it is to be started; fails (FAILURE_STATE)
 * if that is of another major version.
 */
extern void cluster_prepare_start(ClusterRestore *restore);

/*
 * Starts the server, and waits until it has done what it was told.  What it
 * reached, as JSON.  If the recovery ended before that, or before the end of
 * what was archived, the server is stopped, and this fails (FAILURE_DAMAGED).
 */
extern json_t *cluster_start(const ClusterRestore *restore);

/* Says what cluster_start returned. */
extern void cluster_report_start(json_t *reached);

/* Decides which folders the target has. */
extern void cluster_choose_target(ClusterRestore *restore);

/* Fails unless the target may be written to. */
extern void cluster_check_target(ClusterRestore *restore);

/* Fails unless there is room for what is to be written. */
extern void cluster_check_room(ClusterRestore *restore);

/*
 * Gives the restored cluster its settings.  All files are there, but
 * pg_control is not; what is written here is made durable afterwards.
 */
extern void cluster_configure(ClusterRestore *restore);

/*
 * The path of the main configuration file, if it is not in the data directory;
 * else NULL.
 */
extern const char *cluster_config_file(const ClusterRestore *restore);

/* Has a setting written to postgresql.auto.conf. */
extern void cluster_add_setting(ClusterRestore *restore, const char *name,
								const char *value);

/* Writes the backup_manifest. */
extern void cluster_write_manifest(ClusterRestore *restore);

/* The mode of files that the backup does not know. */
extern int	cluster_file_mode(const ClusterRestore *restore);

#endif
