/*
 * "erpgo_backup expire": deletes the backups that the policy lets go.
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/expire_json.h"
#include "command/human.h"
#include "command/table.h"
#include "time_zone.h"

const char *const help_expire =
"Usage: erpgo_backup expire [OPTIONS]\n"
"\n"
"Deletes the backups that are not to be kept any longer, and the WAL that only\n"
"they needed; prints of each what becomes of it and why.  Only verified backups count; age is\n"
"counted from the newest one of the same type and databases.\n"
"\n"
"Options:\n"
"  --dry-run              only print what would be done\n"
"  --confirm              delete even more than half of the backups of a type\n"
"  --keep-daily DAYS      keep every backup for so many days (default: 7)\n"
"  --keep-weekly WEEKS    keep that of each Sunday, or the first one after it,\n"
"                         for so many weeks (default: 4)\n"
"  --keep-monthly MONTHS  keep that of each first of a month, or the first one\n"
"                         after it, for so many months (default: 12)\n"
"  --minimum N            keep the newest N verified backups however old they\n"
"                         are (default: 2)\n"
"  --recovery-window DAYS keep what it takes to restore the cluster to any moment\n"
"                         of so many days before the newest verified physical\n"
"                         backup (default: 7)\n"
"  --timezone ZONE        where days begin, as in Europe/Berlin (default: UTC)\n"
"  --json                 print a JSON array\n"
"  -h, --help             print this help\n"
"\n"
"Exit code: 0, or 1 if backups were left because their deletion has to be\n"
"confirmed, or something could not be done.\n"
HELP_COMMON;

enum
{
	OPTION_DRY_RUN = 1000,
	OPTION_CONFIRM,
	OPTION_DAILY,
	OPTION_WEEKLY,
	OPTION_MONTHLY,
	OPTION_MINIMUM,
	OPTION_RECOVERY_WINDOW,
	OPTION_TIMEZONE
};

static const struct option expire_options[] = {
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"confirm", no_argument, NULL, OPTION_CONFIRM},
	{"keep-daily", required_argument, NULL, OPTION_DAILY},
	{"keep-weekly", required_argument, NULL, OPTION_WEEKLY},
	{"keep-monthly", required_argument, NULL, OPTION_MONTHLY},
	{"minimum", required_argument, NULL, OPTION_MINIMUM},
	{"recovery-window", required_argument, NULL, OPTION_RECOVERY_WINDOW},
	{"timezone", required_argument, NULL, OPTION_TIMEZONE},
	ARGUMENT_HELP_OPTION
};

static const Column expire_columns[] = {
	{"ID"}, {"ROLE"}, {"DECISION"}, {"REASON"}
};

/* What is asked for. */
typedef struct ExpireRequest
{
	RetentionPolicy policy;
	const char *timezone;
	bool		dry_run;
} ExpireRequest;

/*
 * Reads a number from least to most.
 */
static int
read_number(const char *command, const char *option, int least, int most)
{
	char	   *end;
	long		number = strtol(optarg, &end, 10);

	if (end == optarg || *end != '\0' || number < least || number > most)
		usage_failure(command, "option \"--%s\" must be between %d and %d, not \"%s\"",
					  option, least, most, optarg);
	return (int) number;
}

/*
 * Takes an option that is part of the policy.
 */
static void
take_policy_option(const char *command, int option, RetentionPolicy *policy)
{
	if (option == OPTION_DAILY)
		policy->daily_days = read_number(command, "keep-daily", 0,
										 RETENTION_DAILY_DAYS_LIMIT);
	if (option == OPTION_WEEKLY)
		policy->weekly_weeks = read_number(command, "keep-weekly", 0,
										   RETENTION_WEEKLY_WEEKS_LIMIT);
	if (option == OPTION_MONTHLY)
		policy->monthly_months = read_number(command, "keep-monthly", 0,
											 RETENTION_MONTHLY_MONTHS_LIMIT);
	if (option == OPTION_MINIMUM)
		policy->minimum = read_number(command, "minimum", 1,
									  RETENTION_MINIMUM_LIMIT);
	if (option == OPTION_RECOVERY_WINDOW)
		policy->recovery_window_s = INT64CONST(86400) *
			read_number(command, "recovery-window", 0, RECOVERY_WINDOW_LIMIT_S / 86400);
}

/*
 * Reads the arguments; false if they ask for help.
 */
static bool
parse_arguments(int argc, char **argv, ExpireRequest *request)
{
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, expire_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
			return false;
		if (option == OPTION_DRY_RUN)
			request->dry_run = true;
		if (option == OPTION_CONFIRM)
			request->policy.confirmed = true;
		if (option == OPTION_TIMEZONE)
			request->timezone = optarg;
		take_policy_option(argv[0], option, &request->policy);
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"expire\" takes no argument");
	return true;
}

/*
 * The server's part is to be told of each deletion; here the list at the end
 * is enough.
 */
static void
ignore_deletion(const Expiry *expiry, int item)
{
}

/*
 * Prints what becomes of the backups as a JSON array.
 */
static void
print_json(const Expiry *expiry)
{
	json_t	   *list = json_array();

	for (int i = 0; i < expiry->count; i++)
		json_array_append_new(list, expiry_item_to_json(expiry, i));
	if (expiry->wal->files > 0)
		json_array_append_new(list, expiry_item_to_json(expiry, EXPIRY_WAL));
	json_print(list);
}

/*
 * The same as a table.
 */
static void
print_table(const Expiry *expiry)
{
	Table	   *table = table_begin(expire_columns, lengthof(expire_columns));

	for (int i = 0; i < expiry->count; i++)
	{
		const RetentionBackup *judged = &expiry->judged[i];

		table_add(table, pstrdup(expiry->items[i].folder.id));
		table_add(table, pstrdup(retention_role_name(judged->role)));
		table_add(table, pstrdup(retention_decision_name(judged->decision)));
		table_add(table, printable_text(expiry->items[i].reason));
	}
	if (expiry->wal->files > 0)
	{
		table_add(table, pstrdup("WAL"));
		table_add(table, pstrdup(""));
		table_add(table, pstrdup(retention_decision_name(wal_decision(expiry))));
		table_add(table, wal_decision_text(expiry));
	}
	table_print(table);
}

/*
 * Says that something is left to be confirmed.
 */
static void
warn_of_confirmation(const Expiry *expiry)
{
	notice("warning", "Look at the list, then add --confirm.",
		   "%d backups are not deleted before that is confirmed, as more than half of a kind would go",
		   expiry->confirmations);
}

int
command_expire(const CommonOptions *options, int argc, char **argv)
{
	ExpireRequest request = {
		.policy = {
			.daily_days = RETENTION_DAILY_DAYS,
			.weekly_weeks = RETENTION_WEEKLY_WEEKS,
			.monthly_months = RETENTION_MONTHLY_MONTHS,
			.minimum = RETENTION_MINIMUM,
			.recovery_window_s = RECOVERY_WINDOW_S,
			.unfinished_hours = RETENTION_UNFINISHED_HOURS
		},
		.timezone = "UTC"
	};
	Repository *repository;
	Expiry	   *expiry;

	if (!parse_arguments(argc, argv, &request))
	{
		fputs(help_expire, stdout);
		return 0;
	}
	request.policy.clock = time_zone_clock(request.timezone);
	repository = repository_from_options(options);
	expiry = expiry_plan(repository, &request.policy);
	if (!request.dry_run)
		expiry_apply(repository, expiry, ignore_deletion);
	if (options->json)
		print_json(expiry);
	else
		print_table(expiry);
	if (request.dry_run || expiry->confirmations == 0)
		return 0;
	warn_of_confirmation(expiry);
	return 1;
}
