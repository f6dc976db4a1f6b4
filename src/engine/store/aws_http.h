/*
 * A small request to a service that gives out credentials.
 */
#ifndef ERPGO_ENGINE_STORE_AWS_HTTP_H
#define ERPGO_ENGINE_STORE_AWS_HTTP_H

#include "store/aws_source.h"

#define AWS_HEADER_LIMIT 2

typedef struct AwsRequest
{
	const char *method;
	const char *url;
	char	   *headers[AWS_HEADER_LIMIT];	/* whole lines; NULL for none */
	const char *body;			/* of a POST */
	int			timeout_s;		/* for all of an attempt */
	int			attempts;
} AwsRequest;

/*
 * Sends it, again where that may help; the body of an answer with status 200,
 * allocated, to be overwritten with aws_forget.  NULL, with the reason set
 * and whether it may pass, for everything else.
 */
extern char *aws_request(AwsSearch *search, const AwsRequest *request);

#endif
