/*
 * Secrets: from a file that only its owner can read, else from the
 * environment.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "failure.h"
#include "repository/small_file.h"
#include "repository/secrets.h"

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
	size_t		len;
	int			number = 0;

	forbid_core_files();
	if (path == NULL)
		return;

	buffer = secret_file_read("secrets file", path, &len);
	if (strlen(buffer) != len)
		fail(FAILURE_STATE, SECRETS_SYNTAX_HINT,
			 "secrets file \"%s\" contains a zero byte", path);
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
	small_file_forget(buffer);
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

/*
 * Overwrites the environment, and has none any more.
 */
static void
forget_environment(void)
{
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		OPENSSL_cleanse(*entry, strlen(*entry));
	(void) clearenv();
}

char *
secrets_forget_but(const char *name)
{
	const char *value = secret_get(name);
	char	   *kept = value == NULL ? NULL : pg_strdup(value);

	while (secrets != NULL)
	{
		Secret	   *next = secrets->next;

		OPENSSL_cleanse(secrets->value, strlen(secrets->value));
		pg_free(secrets->value);
		pg_free(secrets->name);
		pg_free(secrets);
		secrets = next;
	}
	forget_environment();
	return kept;
}
