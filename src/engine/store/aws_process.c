/*
 * Credentials that a program prints, as the setting credential_process of a
 * profile has it.
 */
#include "postgres_fe.h"

#include <jansson.h>
#include <sys/wait.h>

#include "lib/stringinfo.h"
#include "process.h"
#include "store/aws_answer.h"
#include "store/aws_http.h"

/* Ends a program that hangs, and finds it in PATH. */
#define TIMEOUT_PROGRAM "/usr/bin/timeout"
#define TIMEOUT "60"

#define FORMAT_VERSION 1

extern char **environ;

/*
 * Takes the next word of a command; false if a quote is not closed.
 */
static bool
next_word(const char **rest, StringInfo word)
{
	char		quote = '\0';

	for (; **rest != '\0' && (quote != '\0' || strchr(" \t", **rest) == NULL); *rest += 1)
	{
		if (quote != '\0' && **rest == quote)
			quote = '\0';
		else if (quote == '\0' && strchr("'\"", **rest) != NULL)
			quote = **rest;
		else
		{
			if (**rest == '\\' && quote != '\'' && (*rest)[1] != '\0')
				*rest += 1;
			appendStringInfoChar(word, **rest);
		}
	}
	return quote == '\0';
}

char	  **
aws_words(const char *command)
{
	/* No more words than every other character. */
	char	  **words = pg_malloc0((strlen(command) / 2 + 2) * sizeof(char *));
	int			count = 0;

	for (command += strspn(command, " \t"); *command != '\0'; command += strspn(command, " \t"))
	{
		StringInfoData word;

		initStringInfo(&word);
		if (!next_word(&command, &word))
			return NULL;
		words[count++] = word.data;
	}
	return count == 0 ? NULL : words;
}

/*
 * What such a program sees of the environment: where its user's files are,
 * and the variables of the AWS tools.
 */
static const char **
make_environment(void)
{
	int			count = 0;
	const char **entries;

	while (environ[count] != NULL)
		count++;
	entries = pg_malloc0((count + 1) * sizeof(char *));
	count = 0;
	for (char **entry = environ; *entry != NULL; entry++)
	{
		if (strncmp(*entry, "HOME=", 5) == 0 || strncmp(*entry, "AWS_", 4) == 0)
			entries[count++] = *entry;
	}
	return entries;
}

/*
 * The arguments of a command, with what limits its time before them.
 */
static const char **
make_arguments(char **words)
{
	int			count = 0;
	const char **arguments;

	while (words[count] != NULL)
		count++;
	arguments = pg_malloc0((count + 3) * sizeof(char *));
	arguments[0] = TIMEOUT_PROGRAM;
	arguments[1] = TIMEOUT;
	memcpy(arguments + 2, words, count * sizeof(char *));
	return arguments;
}

/*
 * Is it the format that we know?
 */
static bool
has_version(const char *content)
{
	json_t	   *object = json_loads(content, 0, NULL);
	bool		known = json_integer_value(json_object_get(object, "Version")) == FORMAT_VERSION;

	json_decref(object);
	return known;
}

/*
 * What a program says on standard error is not repeated: it may be a secret.
 */
AwsOutcome
aws_process(AwsSearch *search, const char *command)
{
	char	  **words = aws_words(command);
	Program    *program;
	char	   *output;
	AwsOutcome	outcome;
	int			status;

	if (words == NULL)
		return aws_outcome(search, AWS_FAILED, "credential_process is no command");
	output = pg_malloc0(AWS_ANSWER_LIMIT + 1);
	program = program_start(make_arguments(words), make_environment(), PROGRAM_OUT);
	(void) program_read(program, output, AWS_ANSWER_LIMIT);
	status = program_wait(program);
	program_kill(program);
	if (status != 0)
		outcome = aws_outcome(search, AWS_FAILED, "credential_process \"%s\" %s",
							  words[0], wait_status_text(status));
	else if (!has_version(output) || !aws_read_json(output, "SessionToken", &search->found))
		outcome = aws_outcome(search, AWS_FAILED,
							  "credential_process \"%s\" printed no credentials", words[0]);
	else
		outcome = aws_outcome(search, AWS_FOUND, "credential_process \"%s\"", words[0]);
	aws_forget(output);
	return outcome;
}
