/*
 * What the exit code of wal-get means to a server.
 *
 * In recovery, a server takes an exit code from 1 to 125 for the end of the
 * WAL: it opens, without the transactions that follow.  So nothing but the
 * certainty that there is no such file may come out as that, and everything
 * else, whatever ends the program, as more.
 */
#ifndef ERPGO_ENGINE_COMMAND_WAL_GET_H
#define ERPGO_ENGINE_COMMAND_WAL_GET_H

/* What the program's code ends with if there is no such file. */
#define WAL_GET_ABSENT 100

/*
 * Returns in a child process, where the command is to be run; the calling
 * process waits for that, tries again where it may help, and exits with 0, 1
 * or 126.
 */
extern void wal_get_guard(void);

#endif
