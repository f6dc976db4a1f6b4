/*
 * Texts for a shell, read back by a shell and by libpq.
 */
#include "helpers.h"

#include "command/shell.h"
#include "libpq-fe.h"

static const char *const names[] = {
	"erp", "", " ", "it's", "''", "\\", "\\'", "a\nb", "$(id)", "`id`", "\"x\"", "!1", "*", "-n",
	"é", "x dbname=y", "a'; DROP TABLE t; --", "\t", "#", "~", "{a,b}", "\\\\'\\",
};

static void
a_shell_takes_a_quoted_text_for_one_word(void **state)
{
	for (int i = 0; i < lengthof(names); i++)
	{
		char	   *script = psprintf("set -- %s; printf '%%d:%%s' $# \"$1\"", shell_quote(names[i]));
		const char *const argv[] = {"/bin/bash", "-c", script, NULL};
		Bytes		printed = run_filter(argv, "", 0);

		assert_string_equal(printed.data, psprintf("1:%s", names[i]));
		pg_free(printed.data);
	}
}

static void
libpq_reads_the_name_of_a_database_back(void **state)
{
	for (int i = 0; i < lengthof(names); i++)
	{
		PQconninfoOption *options = PQconninfoParse(conninfo_dbname(names[i]), NULL);
		const char *found = NULL;

		assert_non_null(options);
		for (PQconninfoOption *option = options; option->keyword != NULL; option++)
		{
			if (strcmp(option->keyword, "dbname") == 0)
				found = option->val;
			else
				assert_null(option->val);
		}
		assert_string_equal(found, names[i]);
		PQconninfoFree(options);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_takes_a_quoted_text_for_one_word),
		cmocka_unit_test(libpq_reads_the_name_of_a_database_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
