/*
 * Giving way to the server.
 */
#ifndef ERPGO_ENGINE_PRIORITY_H
#define ERPGO_ENGINE_PRIORITY_H

/*
 * From now on this process and its children come after others: for the
 * processor (nice, 0 to 19), for the disk, and first when memory runs out.
 * What the system refuses is left as it is.
 */
extern void priority_lower(int niceness);

#endif
