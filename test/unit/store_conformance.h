/*
 * What every kind of store promises (store/store.h), as test cases.
 */
#ifndef ERPGO_TEST_UNIT_STORE_CONFORMANCE_H
#define ERPGO_TEST_UNIT_STORE_CONFORMANCE_H

#include "store/store.h"

/* Opens a store in which there is nothing. */
typedef Store *(*StoreFactory) (void);

/* Runs all cases; the result is the program's exit code. */
extern int	store_conformance(const char *title, StoreFactory factory);

#endif
