/*
 * Who the metrics listener is, for TLS: a certificate and its key.
 */
#include "postgres_fe.h"

#include <openssl/pem.h>

#include "failure.h"
#include "listener/identity.h"
#include "repository/small_file.h"

/*
 * Says that there is no passphrase; without it, a terminal would be asked.
 */
static int
no_passphrase(char *buffer, int size, int writing, void *context)
{
	return -1;
}

/*
 * Something to read a text from, in OpenSSL's way.
 */
static BIO *
open_text(const char *pem)
{
	BIO		   *bio = BIO_new_mem_buf(pem, -1);

	if (bio == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not read a certificate: out of memory");
	return bio;
}

/*
 * Takes the first certificate from its file.
 */
static X509 *
read_certificate(const char *pem, const char *path)
{
	BIO		   *bio = open_text(pem);
	X509	   *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);

	BIO_free(bio);
	if (certificate == NULL)
		fail(FAILURE_STATE, "The file must be in the format PEM.",
			 "could not read a certificate from file \"%s\"", path);
	return certificate;
}

/*
 * Fails unless a file holds the key of the certificate.
 */
static void
require_key(const char *pem, const char *path, X509 *certificate)
{
	BIO		   *bio = open_text(pem);
	EVP_PKEY   *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

	BIO_free(bio);
	if (key == NULL)
		fail(FAILURE_STATE, "The file must be in the format PEM, without a passphrase.",
			 "could not read a private key from file \"%s\"", path);
	if (X509_check_private_key(certificate, key) != 1)
		fail(FAILURE_STATE, "Look at erpgo_backup.metrics_tls_certificate and erpgo_backup.metrics_tls_key.",
			 "the key in file \"%s\" does not belong to the certificate", path);
	EVP_PKEY_free(key);
}

Identity
identity_load(const char *certificate_path, const char *key_path)
{
	Identity	identity;
	size_t		len;

	identity.certificate_pem = small_file_read("certificate file", certificate_path, &len);
	identity.certificate = read_certificate(identity.certificate_pem, certificate_path);
	identity.key_pem = secret_file_read("key file", key_path, &len);
	require_key(identity.key_pem, key_path, identity.certificate);
	return identity;
}
