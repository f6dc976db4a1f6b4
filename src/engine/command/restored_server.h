/*
 * A server on a data directory that was restored, while nobody but its own
 * user can reach it: it listens on a socket in a private folder alone.
 */
#ifndef ERPGO_ENGINE_COMMAND_RESTORED_SERVER_H
#define ERPGO_ENGINE_COMMAND_RESTORED_SERVER_H

#include "process.h"

typedef struct RestoredServer
{
	const char *pg_ctl;			/* its path */
	const char *data_directory;
	const char *config_file;	/* NULL if it is in the data directory */
	const char *socket_directory;
	const char *superuser;		/* NULL to try the usual ones */
	char	   *log_file;		/* of this start; set by launch */
} RestoredServer;

/* What a server says of itself. */
typedef struct ServerState
{
	bool		in_recovery;
	bool		is_paused;
	uint64		lsn;			/* up to which it replayed */
	uint32		timeline;
	char		last_commit[64];	/* the time of it, "" if it knows of none */
} ServerState;

/*
 * Starts the server, and returns the program that waits until it lets somebody
 * in or has ended; read its output to the end.  What the server says goes to
 * a log file.
 */
extern Program *restored_server_launch(RestoredServer *server);

/* Is there a server on the data directory? */
extern bool restored_server_runs(const RestoredServer *server);

/* Asks it; false if it does not answer now. */
extern bool restored_server_ask(const RestoredServer *server, ServerState *state);

/* The port in the name of its socket; 0 if it is not known. */
extern int	restored_server_port(const RestoredServer *server);

/*
 * Up to which position it must have replayed, as its pg_control says, and on
 * which timeline; 0 if it does not.  True if it was shut down in recovery.
 */
extern bool restored_server_control(const RestoredServer *server, uint64 *lsn,
									uint32 *timeline);

/* Does its log say this? */
extern bool restored_server_said(const RestoredServer *server, const char *text);

/* The end of its log, for a failure's detail; allocated. */
extern char *restored_server_last_words(const RestoredServer *server);

/* Stops it, and waits until it has ended. */
extern void restored_server_stop(const RestoredServer *server);

#endif
