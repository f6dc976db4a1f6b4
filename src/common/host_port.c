/*
 * Hosts and ports, as settings and HTTP have them.
 */
#include "common/host_port.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_HOST "127.0.0.1"
#define PORT_LIMIT 65535

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
#define DIGITS "0123456789"

/*
 * Copies so many bytes if they fit, not being none.
 */
static bool
copy_part(char *target, size_t size, const char *start, size_t length)
{
	if (length == 0 || length >= size)
		return false;
	memcpy(target, start, length);
	target[length] = '\0';
	return true;
}

/*
 * Takes a host from the start of a text, without its brackets; *rest is what
 * follows.  False if there is none that can be one.
 */
static bool
take_host(const char *text, char host[HOST_SIZE], const char **rest)
{
	struct in6_addr address;
	const char *end;

	if (text[0] != '[')
	{
		*rest = text + strspn(text, NAME_CHARACTERS);
		return copy_part(host, HOST_SIZE, text, *rest - text);
	}
	end = strchr(text, ']');
	if (end == NULL ||
		!copy_part(host, HOST_SIZE, text + 1, end - text - 1))
		return false;
	*rest = end + 1;
	return inet_pton(AF_INET6, host, &address) == 1;
}

/*
 * Is it the number of a port?
 */
static bool
port_is_valid(const char *port)
{
	size_t		length = strlen(port);

	return length > 0 && length < PORT_SIZE &&
		strspn(port, DIGITS) == length &&
		atoi(port) >= 1 && atoi(port) <= PORT_LIMIT;
}

bool
listen_address_parse(const char *text, ListenAddress *address,
					 const char **problem)
{
	const char *port = text;

	if (strchr(text, ':') == NULL)
		(void) copy_part(address->host, HOST_SIZE, DEFAULT_HOST,
						 strlen(DEFAULT_HOST));
	else if (!take_host(text, address->host, &port) || *port++ != ':')
	{
		*problem = "An address is given as \"host:port\", \"[IPv6 address]:port\" or \"port\".";
		return false;
	}
	if (!port_is_valid(port))
	{
		*problem = "A port is a number from 1 to 65535.";
		return false;
	}
	return copy_part(address->port, PORT_SIZE, port, strlen(port));
}

bool
host_header_parse(const char *text, char host[HOST_SIZE])
{
	const char *rest;

	if (!take_host(text, host, &rest))
		return false;
	return *rest == '\0' || (*rest == ':' && port_is_valid(rest + 1));
}

bool
host_is_loopback(const char *host)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;

	if (strcmp(host, "[::1]") == 0)
		return true;
	if (inet_pton(AF_INET, host, &ipv4) == 1)
		return (ntohl(ipv4.s_addr) >> 24) == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, host, &ipv6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&ipv6);
	return strcasecmp(host, "localhost") == 0;
}

bool
host_is_numeric(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 ||
		inet_pton(AF_INET6, host, &address) == 1;
}
