/*
 * The first process of an engine that the server starts: it does no work
 * itself, so there is always somebody to end, clean up and report.
 */
#ifndef ERPGO_ENGINE_SUPERVISOR_H
#define ERPGO_ENGINE_SUPERVISOR_H

/*
 * Does the job that comes on standard input, a socket, and returns the exit
 * code: 0 if the job was done or nothing is left of it, 1 if something may
 * have to be removed.  It is never another one, and never a signal, for a postmaster that is process 1 of a container would take that
 * for a crash of a backend.
 */
extern int	supervisor_run(void);

#endif
