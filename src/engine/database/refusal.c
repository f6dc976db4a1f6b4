/*
 * Why a server did not let us in, and what to do about it.
 */
#include "postgres_fe.h"

#include "database/refusal.h"
#include "lib/stringinfo.h"

/* What an SQLSTATE means for us; the first that begins so counts. */
typedef struct KnownState
{
	const char *prefix;
	FailureKind kind;
} KnownState;

static const KnownState known_states[] = {
	{"28", FAILURE_PERMISSION},
	{"42501", FAILURE_PERMISSION},
	{"3D000", FAILURE_UNDEFINED},
	{"53100", FAILURE_DISK_FULL},
	{"53300", FAILURE_CONNECTION},
	{"55P03", FAILURE_TIMEOUT},
	{"57014", FAILURE_TIMEOUT},
	{"57P", FAILURE_CONNECTION},
	{"08", FAILURE_CONNECTION},
	{"XX001", FAILURE_PROGRAM},
};

FailureKind
sqlstate_failure_kind(const char *sqlstate, FailureKind otherwise)
{
	for (int i = 0; sqlstate != NULL && i < lengthof(known_states); i++)
	{
		if (strncmp(sqlstate, known_states[i].prefix, strlen(known_states[i].prefix)) == 0)
			return known_states[i].kind;
	}
	return otherwise;
}

/*
 * Are these the five characters of an SQLSTATE?
 */
static bool
is_sqlstate(const char *word)
{
	return strspn(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5;
}

bool
verbose_message_sqlstate(const char *message, char sqlstate[SQLSTATE_SIZE])
{
	const char *mark = message;

	/* "FATAL:  28000: no pg_hba.conf entry …", the first word translated. */
	while ((mark = strstr(mark, ":  ")) != NULL)
	{
		mark += strlen(":  ");
		if (is_sqlstate(mark) && mark[5] == ':')
		{
			strlcpy(sqlstate, mark, SQLSTATE_SIZE);
			return true;
		}
	}
	return false;
}

/*
 * A role's name as pg_hba.conf wants it.
 */
static char *
hba_name(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	if (name[strspn(name, plain)] == '\0' && strcmp(name, "all") != 0)
		return pg_strdup(name);
	return psprintf("\"%s\"", name);
}

char *
hba_hint(const char *role, const char *host, const char *system_user)
{
	bool		local = host == NULL || host[0] == '\0' || host[0] == '/' || host[0] == '@';
	bool		peer = local && strcmp(role, system_user) == 0;

	return psprintf("Add this line to pg_hba.conf before the others, and reload it:\n"
					"%s   all   %s   %s%s\n"
					"Or connect in another way (setting erpgo_backup.connection, option --dbname of restore), with the password as POSTGRES_PASSWORD in the secrets file.",
					local ? "local" : "host", hba_name(role),
					local ? "" : "samehost   ", peer ? "peer" : "scram-sha-256");
}
