/*
 * What the sources of credentials share, and the simplest one: keys that are
 * given as such.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/aws_answer.h"

const char *
aws_variable(const AwsSearch *search, const char *name)
{
	return search->access->variable(name);
}

AwsOutcome
aws_outcome(AwsSearch *search, AwsOutcome outcome, const char *reason,...)
{
	va_list		arguments;
	char		content[1024];

	va_start(arguments, reason);
	vsnprintf(content, sizeof(content), reason, arguments);
	va_end(arguments);
	pg_free(search->reason);
	search->reason = pg_strdup(content);
	return outcome;
}

/*
 * Why the file behind a descriptor is not read; NULL if it is.
 */
static const char *
objection(int fd, bool guarded)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "it is not a regular file";
	if (status.st_size > AWS_ANSWER_LIMIT)
		return "it is too large";
	if (guarded && status.st_uid != geteuid() && status.st_uid != 0)
		return "it belongs to another user";
	if (guarded && (status.st_mode & (S_IWGRP | S_IWOTH)))
		return "others may write it";
	return NULL;
}

char *
aws_file(AwsSearch *search, const char *path, bool guarded)
{
	int			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const char *problem = fd < 0 ? strerror(errno) : objection(fd, guarded);
	char	   *content = NULL;
	ssize_t		count = 0;
	size_t		len = 0;

	if (problem == NULL)
	{
		content = pg_malloc0(AWS_ANSWER_LIMIT + 1);
		while ((count = read(fd, content + len, AWS_ANSWER_LIMIT - len)) > 0)
			len += count;
		if (count < 0)
			problem = strerror(errno);
	}
	if (problem != NULL)
	{
		(void) aws_outcome(search, AWS_FAILED, "could not read file \"%s\": %s", path, problem);
		pg_free(content);
		content = NULL;
	}
	if (fd >= 0)
		close(fd);
	return content;
}

AwsOutcome
aws_static_keys(AwsSearch *search)
{
	const char *access_key = aws_variable(search, "AWS_ACCESS_KEY_ID");
	const char *secret_key = aws_variable(search, "AWS_SECRET_ACCESS_KEY");
	const char *session_token = aws_variable(search, "AWS_SESSION_TOKEN");

	if (access_key == NULL && secret_key == NULL)
		return aws_outcome(search, AWS_ABSENT, "AWS_ACCESS_KEY_ID is not set");
	if (access_key == NULL || secret_key == NULL)
		return aws_outcome(search, AWS_FAILED, "%s is not set",
						   access_key == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
	search->found.access_key = pg_strdup(access_key);
	search->found.secret_key = pg_strdup(secret_key);
	if (session_token != NULL)
		search->found.session_token = pg_strdup(session_token);
	return aws_outcome(search, AWS_FOUND, "AWS_ACCESS_KEY_ID");
}
