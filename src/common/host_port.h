/*
 * Hosts and ports, as settings and HTTP have them.
 */
#ifndef ERPGO_COMMON_HOST_PORT_H
#define ERPGO_COMMON_HOST_PORT_H

#include <stdbool.h>

/* A host name of the DNS is not longer. */
#define HOST_SIZE 254
#define PORT_SIZE 6

/* Where a listener listens. */
typedef struct ListenAddress
{
	char		host[HOST_SIZE];	/* a name or an address, without brackets */
	char		port[PORT_SIZE];	/* digits, 1 to 65535 */
} ListenAddress;

/*
 * Reads "port", "host:port" or "[address]:port"; without a host, it is that of
 * the loopback interface.  On false, *problem is a static sentence that says
 * what would be valid.
 */
extern bool listen_address_parse(const char *text, ListenAddress *address,
								 const char **problem);

/*
 * Takes the host out of what a client says it wants to talk to: "host",
 * "host:port", "[address]" or "[address]:port".  False if it is none of these.
 */
extern bool host_header_parse(const char *text, char host[HOST_SIZE]);

/*
 * Is it "localhost", or a numeric address of the loopback interface, with or
 * without brackets?
 */
extern bool host_is_loopback(const char *host);

/* Is it a numeric address? */
extern bool host_is_numeric(const char *host);

#endif
