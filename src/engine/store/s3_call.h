/*
 * Requests to object storage, signed, sent by libcurl, and sent again where
 * that may help.
 *
 * Whatever the server does, an answer comes in bounded memory, and a silent
 * one is given up; no redirect is followed and no proxy of the environment
 * used; certificates are verified always.
 */
#ifndef ERPGO_ENGINE_STORE_S3_CALL_H
#define ERPGO_ENGINE_STORE_S3_CALL_H

#include "postgres_fe.h"

#include <curl/curl.h>

#include "common/s3_url.h"
#include "lib/stringinfo.h"
#include "store/s3_sign.h"
#include "store/store.h"

#define S3_PAIR_LIMIT 12

typedef struct S3Client S3Client;
struct S3Exchange;

/* What a kind of object storage other than S3 does in its own way. */
typedef struct S3Dialect
{
	/* Signs a request, and tells libcurl where it goes, with all headers. */
	void		(*prepare) (struct S3Exchange *exchange);

	/* Which secret lets us in. */
	const char *(*credentials_source) (const S3Client *client);
	const char *key_hint;		/* what to do where the server refuses us */
} S3Dialect;

/* A server to talk to, and how. */
struct S3Client
{
	const char *shown_url;		/* for messages */
	const S3Url *url;
	StoreAccess access;
	bool		reached;		/* the server has answered before */
	bool		renewed;		/* credentials, since the last success */
	bool		followed;		/* the server's clock, since then */
	int			signing;		/* counts changes of how it is signed */
	int64		clock_offset_s; /* of the server's clock, where it insisted */
	const S3Dialect *dialect;	/* NULL for S3 itself */
	const void *dialect_url;	/* what else the dialect has to know */
};

typedef struct S3Answer S3Answer;

/* Takes a piece of what was asked for; it may fail (failure.h). */
typedef void (*S3DataReader) (void *context, const S3Answer *answer,
							  const char *data, size_t len);

/* What is asked for. */
typedef struct S3Call
{
	const char *method;
	const char *name;			/* of an object of the store; NULL for the
								 * bucket */
	S3Pair		query[S3_PAIR_LIMIT];	/* names in byte order */
	int			query_count;
	S3Pair		headers[S3_PAIR_LIMIT]; /* names in lower case */
	int			header_count;
	const void *body;
	size_t		body_len;
	bool		has_checksum;	/* the server is to compare and keep the
								 * body's digest */
	S3DataReader on_data;		/* NULL: into the answer */
	void	   *context;
} S3Call;

/* What became of it. */
struct S3Answer
{
	CURLcode	result;
	long		status;			/* of HTTP; 0 if there is none */
	char		error[64];		/* the server's word for it, or "" */
	char		etag[128];
	char		token[64];		/* the value of S3_TOKEN_HEADER */
	char		checksum[64];	/* the value of S3_CHECKSUM_HEADER */
	char		sent_checksum[S3_CHECKSUM_SIZE];	/* what it was told */
	char		restore[128];	/* the value of "x-amz-restore" */
	char		storage_class[S3_CLASS_SIZE];	/* "" is the usual one */
	int64		size;			/* bytes that it announces; -1 if not told */
	int64		range_from;		/* of a part of an object; -1 if it is none */
	int64		range_total;	/* bytes of that object; -1 if not told */
	time_t		date;			/* by the server's clock; 0 if not told */
	int			signing;		/* the client's, when it was signed */
	int			attempts;		/* that there were */
	StringInfoData body;		/* what there was no other reader for */
};

/* The header that marks an object with its writer's token. */
#define S3_TOKEN_HEADER "x-amz-meta-erpgo-token"
#define AZURE_TOKEN_HEADER "x-ms-meta-erpgotoken"

/* The header with the digest of what is stored, in base64. */
#define S3_CHECKSUM_HEADER "x-amz-checksum-sha256"

/* Adds a parameter; their names come in byte order. */
extern void s3_call_add_query(S3Call *call, const char *name,
							  const char *value);

/* Adds a header, whose name is in lower case. */
extern void s3_call_add_header(S3Call *call, const char *name,
							   const char *value);

/*
 * Sends a request until it is answered in a way that another attempt would
 * not change, or there were enough of them.  The answer is to be freed.
 */
extern void s3_call(S3Client *client, const S3Call *call, S3Answer *answer);

/* Sends it once. */
extern void s3_call_once(S3Client *client, const S3Call *call,
						 S3Answer *answer);

/*
 * After an attempt, the number of which is given, from 1 on: true if there is
 * to be another one, after a delay.
 */
extern bool s3_call_again(S3Client *client, const S3Answer *answer,
						  int attempt, int64 *delay_ms);

extern void s3_answer_free(S3Answer *answer);

#endif
