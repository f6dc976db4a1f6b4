/*
 * What tests of stores on a server, which the environment names, have in
 * common.
 */
#ifndef ERPGO_TEST_UNIT_FAR_STORE_H
#define ERPGO_TEST_UNIT_FAR_STORE_H

#include "store/store.h"

#define MIB (1024 * 1024)

/*
 * Takes the URL of a store, which has parameters, from a variable of the
 * environment, in which the secrets are as well; false if there is none.
 * ca_file may be NULL.
 */
extern bool far_store_is_given(const char *variable, const char *ca_file);

/* The URL of a part of that store; allocated. */
extern char *far_store_url(const char *part);

/* Opens it. */
extern Store *far_store_open(const char *part, bool create);

/* Opens a part in which there is nothing. */
extern Store *far_store_open_new(void);

/* The teardown of a case whose state is a store. */
extern int	far_store_close(void **state);

/* Begins the object "folder/large" with so many MiB: too large for one request. */
extern Sink *begin_large(Store *store, int mib);

/*
 * Passes if an object of so many MiB takes less memory than a limit beyond
 * that of a smaller one.
 */
extern void assert_memory_is_bounded(Store *store, int small_mib, int large_mib,
									 int limit_mib);

#endif
