/*
 * The socket that the metrics listener listens on.
 */
#ifndef ERPGO_ENGINE_LISTENER_LISTENING_SOCKET_H
#define ERPGO_ENGINE_LISTENER_LISTENING_SOCKET_H

#include "postgres_fe.h"

#include "common/host_port.h"

/*
 * Listens; *beyond_loopback says that other machines may reach the address.
 * shown is the address as somebody wrote it, for messages.
 */
extern int	listening_socket_open(const char *shown, const ListenAddress *address,
								  bool *beyond_loopback);

#endif
