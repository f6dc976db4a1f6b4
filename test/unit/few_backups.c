/*
 * A handful of backups for tests of retention.
 */
#include "few_backups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zone.h"

static const RetentionPolicy defaults = {7, 4, 12, 2, 24, true, {NULL, NULL}};

RetentionBackup backups[CAPACITY];
RetentionBackup *order[CAPACITY];
int			backup_count;
RetentionPolicy policy;

int
begin(void **state)
{
	(void) state;
	memset(backups, 0, sizeof(backups));
	backup_count = 0;
	policy = defaults;
	return 0;
}

int
add(const char *made_at)
{
	RetentionBackup *backup = &backups[backup_count];

	backup->kind = 1;
	backup->state = RETENTION_VERIFIED;
	backup->parent = RETENTION_NO_PARENT;
	backup->made_at = backup->touched_at = utc(made_at);
	return backup_count++;
}

int
add_state(const char *made_at, RetentionState state)
{
	int			place = add(made_at);

	backups[place].state = state;
	return place;
}

int
add_child(const char *made_at, int parent)
{
	int			place = add(made_at);

	backups[place].parent = parent;
	return place;
}

int
decide(const char *now)
{
	return retention_decide(&policy, utc(now), backups, backup_count, order);
}

void
expect_kept(int place, unsigned reasons)
{
	assert_int_equal(backups[place].decision, RETENTION_KEEP);
	assert_int_equal(backups[place].reasons, reasons);
}

void
expect_deleted(int place)
{
	assert_int_equal(backups[place].decision, RETENTION_DELETE);
	assert_int_equal(backups[place].reasons, 0);
}

void
expect_text(int place, const char *expected)
{
	char		text[RETENTION_TEXT_SIZE];

	retention_explain(&policy, &backups[place], text);
	assert_string_equal(text, expected);
}

void
add_recent(void)
{
	add("2026-11-25 12:00:00");
	add("2026-11-25 18:00:00");
}
