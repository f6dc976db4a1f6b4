/*
 * "erpgo_backup notify-test": do alerts arrive?
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/delivery.h"
#include "command/finding.h"
#include "repository/secrets.h"

const char *const help_notify_test =
"Usage: erpgo_backup notify-test [OPTIONS]\n"
"\n"
"Sends a test alert through every channel that the secrets configure, and\n"
"calls the heartbeat URL.\n"
"\n"
"Options:\n"
"  --timeout SECONDS    how long to wait for a receiver, 1 to 30 (default: 30)\n"
"  --json               print a JSON array of what became of it\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0, or 1 if there is no channel or one failed.\n"
HELP_COMMON;

enum
{
	OPTION_TIMEOUT = 256
};

static const struct option notify_test_options[] = {
	{"timeout", required_argument, NULL, OPTION_TIMEOUT},
	ARGUMENT_HELP_OPTION
};

static const Column delivery_columns[FINDING_COLUMNS] = {
	{"STATUS"}, {"CHANNEL"}, {"WHAT HAPPENED"}
};

/*
 * Adds what became of the alert on a channel to an array.
 */
static void
collect(const Delivery *delivery, void *context)
{
	json_array_append_new(context, delivery_to_json(delivery));
}

/*
 * How long to wait for a receiver, from the arguments; 0 if help is asked for.
 */
static int
read_timeout_ms(int argc, char **argv)
{
	int			timeout_ms = NOTIFY_TIMEOUT_LIMIT_MS;
	int			option;
	char	   *end;

	arguments_begin();
	while ((option = argument_next(argc, argv, notify_test_options)) != -1)
	{
		long		seconds;

		if (option == ARGUMENT_HELP)
			return 0;
		seconds = strtol(optarg, &end, 10);
		if (*end != '\0' || seconds < 1 || seconds > NOTIFY_TIMEOUT_LIMIT_MS / 1000)
			usage_failure(argv[0], "option \"--timeout\" must be between 1 and %d, not \"%s\"",
						  NOTIFY_TIMEOUT_LIMIT_MS / 1000, optarg);
		timeout_ms = (int) seconds * 1000;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"notify-test\" takes no argument");
	return timeout_ms;
}

int
command_notify_test(const CommonOptions *options, int argc, char **argv)
{
	json_t	   *rows = json_array();
	NotifyOptions notify_options = {
		.timeout_ms = read_timeout_ms(argc, argv),
		.heartbeat = true,
		.report = collect,
		.context = rows
	};
	Alert		alert;
	int			exit_code;

	if (notify_options.timeout_ms == 0)
	{
		fputs(help_notify_test, stdout);
		return 0;
	}
	secrets_load(options->secrets_file);
	alert = alert_for_test(options->cluster == NULL ? "main" : options->cluster);
	if (notify_send(&alert, 1, &notify_options) == 0)
		fail(FAILURE_STATE, notify_channels_hint, "no channel for alerts is configured");

	exit_code = findings_have(rows, DELIVERY_FAILED) ? 1 : 0;
	if (options->json)
		json_print(rows);
	else
		findings_print(rows, delivery_columns, "channel");
	return exit_code;
}
