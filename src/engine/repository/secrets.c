/*
 * Secrets: from a file that only its owner can read, else from the
 * environment.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "repository/secrets.h"

/* A secrets file is a few lines. */
#define SECRETS_FILE_LIMIT (64 * 1024)

#define SECRETS_SYNTAX_HINT "Each line is KEY=value, a comment that begins with \"#\", or blank."

typedef struct Secret
{
	char	   *name;
	char	   *value;
	struct Secret *next;
} Secret;

/* What the secrets file says, for the life of the process. */
static Secret *secrets = NULL;

/*
 * Keeps the kernel from writing the memory of this process, or of a program
 * that it starts, into a file.
 */
static void
forbid_core_files(void)
{
	const struct rlimit none = {0, 0};

	/* The limit does not hold where cores are piped to a program. */
	(void) setrlimit(RLIMIT_CORE, &none);
	(void) prctl(PR_SET_DUMPABLE, 0);
}

/*
 * Refuses a file that somebody else could have read or written.
 */
static void
check_permissions(const char *path, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		fail(FAILURE_PERMISSION, NULL,
			 "secrets file \"%s\" is not a regular file", path);
	if (status->st_uid != geteuid() && status->st_uid != 0)
		fail(FAILURE_PERMISSION,
			 "The file must belong to the user that runs the server, or to root.",
			 "secrets file \"%s\" belongs to another user", path);
	if (status->st_mode & (S_IRWXO | S_IWGRP))
		fail(FAILURE_PERMISSION,
			 "Run \"chmod 0600\" on the file, and change the secrets if others may have read them.",
			 "secrets file \"%s\" is open to others: its mode is %04o",
			 path, (unsigned int) (status->st_mode & 07777));
	if (status->st_size > SECRETS_FILE_LIMIT)
		fail(FAILURE_STATE, NULL,
			 "secrets file \"%s\" is larger than %d bytes",
			 path, SECRETS_FILE_LIMIT);
}

/*
 * Reads the whole file, checked, into a buffer of SECRETS_FILE_LIMIT + 1
 * bytes; the text ends with a zero byte.
 */
static void
read_secrets_file(const char *path, char *buffer)
{
	int			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	size_t		len = 0;
	ssize_t		count;

	if (fd < 0)
		fail_errno("could not open secrets file \"%s\"", path);
	if (fstat(fd, &status) != 0)
		fail_errno("could not examine secrets file \"%s\"", path);
	check_permissions(path, &status);

	while ((count = read(fd, buffer + len, SECRETS_FILE_LIMIT - len)) > 0)
		len += count;
	if (count < 0)
		fail_errno("could not read secrets file \"%s\"", path);
	close(fd);
	buffer[len] = '\0';
	if (strlen(buffer) != len)
		fail(FAILURE_STATE, SECRETS_SYNTAX_HINT,
			 "secrets file \"%s\" contains a zero byte", path);
}

/*
 * The text without white space around it; cuts the original.
 */
static char *
trim(char *string)
{
	size_t		len;

	string += strspn(string, " \t\r");
	len = strlen(string);
	while (len > 0 && strchr(" \t\r", string[len - 1]) != NULL)
		len--;
	string[len] = '\0';
	return string;
}

/*
 * Takes the quotes off a value; false if the first has no fellow at the end.
 */
static bool
unquote(char **value)
{
	char		quote = **value;
	size_t		len = strlen(*value);

	if (quote != '"' && quote != '\'')
		return true;
	if (len < 2 || (*value)[len - 1] != quote)
		return false;
	(*value)[len - 1] = '\0';
	*value += 1;
	return true;
}

/*
 * The entry of a name; NULL if the file has none.
 */
static Secret *
find_secret(const char *name)
{
	Secret	   *secret = secrets;

	while (secret != NULL && strcmp(secret->name, name) != 0)
		secret = secret->next;
	return secret;
}

/*
 * Remembers what a line says; false if that cannot be read.  The line itself
 * is cut to pieces.
 */
static bool
parse_line(char *line)
{
	char	   *name = trim(line);
	char	   *equals;
	char	   *value;
	Secret	   *secret;

	if (name[0] == '\0' || name[0] == '#')
		return true;
	if (strncmp(name, "export ", strlen("export ")) == 0)
		name = trim(name + strlen("export "));
	equals = strchr(name, '=');
	if (equals == NULL || equals == name ||
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != equals - name)
		return false;
	*equals = '\0';
	value = trim(equals + 1);
	if (!unquote(&value) || find_secret(name) != NULL)
		return false;

	secret = pg_malloc(sizeof(Secret));
	secret->name = pg_strdup(name);
	secret->value = pg_strdup(value);
	secret->next = secrets;
	secrets = secret;
	return true;
}

void
secrets_load(const char *path)
{
	char	   *buffer;
	char	   *rest;
	int			number = 0;

	forbid_core_files();
	if (path == NULL)
		return;

	buffer = pg_malloc(SECRETS_FILE_LIMIT + 1);
	read_secrets_file(path, buffer);
	rest = buffer;
	while (rest != NULL)
	{
		char	   *line = strsep(&rest, "\n");

		number++;

		/* What the line says is not repeated: it may be a secret. */
		if (!parse_line(line))
			fail(FAILURE_STATE, SECRETS_SYNTAX_HINT,
				 "could not read line %d of secrets file \"%s\": it is not KEY=value, or names a key again",
				 number, path);
	}
	OPENSSL_cleanse(buffer, SECRETS_FILE_LIMIT + 1);
	pg_free(buffer);
}

const char *
secret_get(const char *name)
{
	Secret	   *secret = find_secret(name);
	const char *value = secret != NULL ? secret->value : getenv(name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

bool
secret_is_from_environment(const char *name)
{
	return find_secret(name) == NULL && secret_get(name) != NULL;
}
