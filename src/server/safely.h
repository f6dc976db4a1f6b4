/*
 * Steps of a worker that must not end it.
 */
#ifndef ERPGO_SERVER_SAFELY_H
#define ERPGO_SERVER_SAFELY_H

#include "postgres.h"

/*
 * Does something that ends its transactions; false if there was an error,
 * which becomes a warning.
 */
extern bool do_safely(void (*step) (void *), void *subject, const char *purpose);

#endif
