/*
 * The socket that the metrics listener listens on.
 */
#include "postgres_fe.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "listener/listening_socket.h"

#define BACKLOG 32

/*
 * Finds the address of a host; to be freed by freeaddrinfo.
 */
static struct addrinfo *
look_up(const char *shown, const ListenAddress *address)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV
	};
	struct addrinfo *found;
	int			result = getaddrinfo(address->host, address->port, &hints, &found);

	if (result != 0)
		fail(FAILURE_STATE, "Look at the setting erpgo_backup.metrics_listen.",
			 "could not find the address \"%s\": %s", shown, gai_strerror(result));
	return found;
}

/*
 * Is it an address that only this machine reaches?
 */
static bool
is_loopback(const struct sockaddr *address)
{
	char		host[INET6_ADDRSTRLEN];
	const void *bytes;

	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *) address)->sin_addr;
	else
		bytes = &((const struct sockaddr_in6 *) address)->sin6_addr;
	return inet_ntop(address->sa_family, bytes, host, sizeof(host)) != NULL &&
		host_is_loopback(host);
}

int
listening_socket_open(const char *shown, const ListenAddress *address,
					  bool *beyond_loopback)
{
	struct addrinfo *found = look_up(shown, address);
	int			on = 1;
	int			fd;

	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/*
	 * The connections of a listener that ended a moment ago must not keep
	 * this one from coming.
	 */
	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
		listen(fd, BACKLOG) != 0)
		fail_errno("could not listen on \"%s\"", shown);
	*beyond_loopback = !is_loopback(found->ai_addr);
	freeaddrinfo(found);
	return fd;
}
