/*
 * Retention: the words for the decision.
 */
#include "common/retention.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct
{
	unsigned	reason;
	const char *words;
}			further_reasons[] = {
	{KEEP_MINIMUM, "among the newest good ones"},
	{KEEP_PINNED, "pinned"},
	{KEEP_WINDOW, "the recovery window begins with it"},
	{KEEP_NEEDED, "needed by one that builds on it"},
	{KEEP_RUNNING, "being written"},
	{KEEP_UNFINISHED, "unfinished, written to a short while ago"},
	{KEEP_UNPROVEN, "not superseded for long"},
	{KEEP_FUTURE, "dated in the future"}
};

const char *
retention_role_name(RetentionRole role)
{
	switch (role)
	{
		case RETENTION_DAILY:
			return "daily";
		case RETENTION_WEEKLY:
			return "weekly";
		case RETENTION_MONTHLY:
			return "monthly";
		case RETENTION_NO_ROLE:
			break;
	}
	return "";
}

const char *
retention_decision_name(RetentionDecision decision)
{
	switch (decision)
	{
		case RETENTION_KEEP:
			return "keep";
		case RETENTION_DELETE:
			return "delete";
		case RETENTION_CONFIRM:
			break;
	}
	return "confirm";
}

/* Adds words, after a semicolon if there are some already. */
static void
__attribute__((format(printf, 2, 3)))
append(char text[RETENTION_TEXT_SIZE], const char *format,...)
{
	size_t		length = strlen(text);
	va_list		arguments;

	if (length > 0)
		length += snprintf(text + length, RETENTION_TEXT_SIZE - length, "; ");
	if (length >= RETENTION_TEXT_SIZE)
		return;
	va_start(arguments, format);
	(void) vsnprintf(text + length, RETENTION_TEXT_SIZE - length, format,
					 arguments);
	va_end(arguments);
}

/* By which tier is it kept?  The longest one counts. */
static RetentionRole
keeping_tier(const RetentionBackup *backup)
{
	if (backup->reasons & KEEP_MONTHLY)
		return RETENTION_MONTHLY;
	if (backup->reasons & KEEP_WEEKLY)
		return RETENTION_WEEKLY;
	return (backup->reasons & KEEP_DAILY) ? RETENTION_DAILY : RETENTION_NO_ROLE;
}

static void
explain_tier(const RetentionBackup *backup, char text[RETENTION_TEXT_SIZE])
{
	RetentionRole tier = keeping_tier(backup);
	bool		is_monthly = (tier == RETENTION_MONTHLY);

	if (tier == RETENTION_NO_ROLE)
		return;
	if (tier == RETENTION_DAILY || tier != backup->role)
		append(text, "%s", retention_role_name(tier));
	else if (backup->promoted)
		append(text, "%s, the first after a missing %s",
			   retention_role_name(tier),
			   is_monthly ? "first of the month" : "Sunday");
	else
		append(text, "%s, made on %s", retention_role_name(tier),
			   is_monthly ? "the first of a month" : "a Sunday");
}

static void
explain_age(const char *role, int span, const char *unit,
			char text[RETENTION_TEXT_SIZE])
{
	append(text, "%s, older than %d %s%s", role, span, unit,
		   (span == 1) ? "" : "s");
}

/* Why a good backup is not kept. */
static void
explain_expiry(const RetentionPolicy *policy, const RetentionBackup *backup,
			   char text[RETENTION_TEXT_SIZE])
{
	const char *role = retention_role_name(backup->role);

	switch (backup->role)
	{
		case RETENTION_DAILY:
			explain_age(role, policy->daily_days, "day", text);
			break;
		case RETENTION_WEEKLY:
			explain_age(role, policy->weekly_weeks, "week", text);
			break;
		case RETENTION_MONTHLY:
			explain_age(role, policy->monthly_months, "month", text);
			break;
		case RETENTION_NO_ROLE:
			append(text, "in no tier");
	}
}

/* What keeps a complete backup from being good. */
static const char *
flaw(const RetentionBackup *backup)
{
	if (backup->state == RETENTION_UNVERIFIED)
		return "never verified";
	if (backup->state == RETENTION_DAMAGED)
		return "its verification failed";
	return "builds on one that is missing or not verified";
}

static void
explain_deletion(const RetentionPolicy *policy, const RetentionBackup *backup,
				 char text[RETENTION_TEXT_SIZE])
{
	if (backup->state == RETENTION_DELETING)
		append(text, "its deletion has begun");
	else if (backup->state == RETENTION_UNFINISHED)
		append(text, "unfinished, not written to for a while");
	else if (!backup->sound)
		append(text, "%s, superseded for long", flaw(backup));
	else
		explain_expiry(policy, backup, text);
	if (backup->decision == RETENTION_CONFIRM)
		append(text, "to be confirmed, as more than half of a kind would go");
}

/* Until when the store does not delete it. */
static void
explain_lock(const RetentionBackup *backup, char text[RETENTION_TEXT_SIZE])
{
	time_t		until = (time_t) backup->locked_until;
	struct tm	parts;
	char		words[32];

	if (gmtime_r(&until, &parts) != NULL &&
		strftime(words, sizeof(words), "%Y-%m-%d %H:%M UTC", &parts) > 0)
		append(text, "locked until %s", words);
	else
		append(text, "locked for ever");
}

void
retention_explain(const RetentionPolicy *policy,
				  const RetentionBackup *backup,
				  char text[RETENTION_TEXT_SIZE])
{
	size_t		count = sizeof(further_reasons) / sizeof(further_reasons[0]);

	text[0] = '\0';
	if (backup->decision != RETENTION_KEEP)
	{
		explain_deletion(policy, backup, text);
		return;
	}
	explain_tier(backup, text);
	if (backup->reasons & KEEP_UNPROVEN)
		append(text, "%s", flaw(backup));
	for (size_t i = 0; i < count; i++)
	{
		if (backup->reasons & further_reasons[i].reason)
			append(text, "%s", further_reasons[i].words);
	}
	if (backup->reasons & KEEP_LOCKED)
		explain_lock(backup, text);
}
