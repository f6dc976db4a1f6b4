/*
 * Who the metrics listener is, for TLS: a certificate and its key.
 */
#ifndef ERPGO_ENGINE_LISTENER_IDENTITY_H
#define ERPGO_ENGINE_LISTENER_IDENTITY_H

#include "postgres_fe.h"

#include <openssl/x509.h>

typedef struct Identity
{
	char	   *certificate_pem;	/* with those of the authorities between */
	char	   *key_pem;
	X509	   *certificate;
} Identity;

/*
 * Reads both files; fails (FAILURE_STATE) unless they hold a certificate and
 * the key that belongs to it, which needs no passphrase.
 */
extern Identity identity_load(const char *certificate_path,
							  const char *key_path);

#endif
