# Schedules run by themselves: when they are due, once after downtime, never
# twice at a time; and a change is seen at its commit.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use Test::More;

my $server = ErpgoBackup->new('schedules');
my $started = server_start_time($server);

$server->sql('CREATE DATABASE erp');

# Creates a schedule that runs once a year, so that only what a test does to
# its next run makes it run.
sub create_schedule
{
	my ($name, $arguments) = @_;

	$server->sql("SELECT erpgo_backup_schedule('$name', '\@yearly', databases => '{erp}'" . ($arguments || '') . ')');
	wait_for("the next run of $name", sub { state_of($name, 'next_run IS NOT NULL') eq 't' });
	return;
}

sub state_of
{
	my ($name, $expression) = @_;

	return $server->sql("SELECT $expression FROM erpgo_backup.schedule_state WHERE name = '$name'");
}

sub make_due
{
	my ($name, $ago) = @_;

	$server->sql("UPDATE erpgo_backup.schedule_state SET next_run = now() - interval '" . ($ago || '0') . "' WHERE name = '$name'");
	return;
}

# The state of the backups that a schedule made, oldest first.
sub backups_of
{
	my ($name) = @_;

	return $server->sql("SELECT coalesce(string_agg(status, ' ' ORDER BY id), '') FROM erpgo_backup_history WHERE schedule = '$name'");
}

sub wait_for_backups
{
	my ($name, $statuses) = @_;

	wait_for("backups of $name to be: $statuses", sub { backups_of($name) eq $statuses });
	wait_for('the jobs to end', sub { $server->sql('SELECT count(*) FROM erpgo_backup_progress') eq '0' });
	return;
}

# Waits until the scheduler has seen all that was committed so far: it plans a
# new schedule, and takes what is due first before.
my $turns = 0;

sub await_turn
{
	my $name = 'turn ' . ++$turns;

	create_schedule($name);
	$server->sql("SELECT erpgo_backup_unschedule('$name')");
	wait_for("$name to be forgotten", sub { state_of($name, 'true') eq '' });
	return;
}

sub skips_of
{
	my ($name) = @_;

	return $server->sql("SELECT coalesce(string_agg(detail->>'message', '; ' ORDER BY at), '') FROM erpgo_backup_audit
		WHERE action = 'schedule' AND outcome = 'skipped' AND object = '$name'");
}

sub log_text { return PostgreSQL::Test::Utils::slurp_file($server->node->logfile); }

subtest 'a schedule that is due' => sub {
	create_schedule('yearly');
	is(backups_of('yearly'), '', 'a new schedule does not run at once');
	make_due('yearly');
	wait_for_backups('yearly', 'ok');
	is($server->sql("SELECT last_status, next_run > now(), last_run < now() FROM erpgo_backup_schedules WHERE name = 'yearly'"),
		'ok|t|t', 'the view shows how it ended and when it runs next');
	is($server->sql("SELECT databases, schedule FROM erpgo_backup_history WHERE schedule = 'yearly'"), '{erp}|yearly', 'of its databases');
	my ($id) = $server->sql("SELECT id FROM erpgo_backup_history WHERE schedule = 'yearly'");
	like($server->cli_ok('show', $id, '--json'), qr/"schedule": "yearly"/, 'the repository knows its schedule as well');
	await_turn();
	is(backups_of('yearly'), 'ok', 'it ran once');
};

subtest 'verification on schedule' => sub {
	$server->sql("SELECT erpgo_backup_schedule('deep', '\@yearly', 'verify')");
	wait_for('its next run', sub { state_of('deep', 'next_run IS NOT NULL') eq 't' });
	make_due('deep');
	wait_for('the verification', sub { $server->sql("SELECT last_status FROM erpgo_backup_schedules WHERE name = 'deep'") eq 'ok' });
	is($server->sql('SELECT verified_depth FROM erpgo_backup_history ORDER BY id DESC LIMIT 1'), 'full', 'the newest backup was verified in depth');
	$server->sql("SELECT erpgo_backup_unschedule('deep')");
};

subtest 'a run that would overlap' => sub {
	$server->sql('CREATE TABLE t (i int)', 'erp');
	my $handle = hold_table($server, 'erp', 't');
	make_due('yearly');
	wait_for_first_running('yearly');
	make_due('yearly');
	wait_for('the skip', sub { skips_of('yearly') ne '' });
	like(skips_of('yearly'), qr/its last run has not ended/, 'two runs of one schedule do not overlap');
	is($server->sql("SELECT last_status, reason FROM erpgo_backup_schedules WHERE name = 'yearly'"),
		'skipped|its last run has not ended', 'the view says so');
	create_schedule('another');
	make_due('another');
	wait_for('the skip', sub { skips_of('another') ne '' });
	like(skips_of('another'), qr/of the same type is running already/, 'nor do two of one type');
	like(log_text(), qr/LOG:.*schedule "another" was skipped: backup/, 'the log says so');
	is(state_of('another', 'next_run > now()'), 't', 'the next run is planned');
	release_table($handle);
	wait_for_backups('yearly', 'ok ok');
	is(backups_of('another'), '', 'what was skipped is not made up for');
	$server->sql("SELECT erpgo_backup_unschedule('another')");
};

subtest 'changes wake the scheduler at commit' => sub {
	$server->sql("BEGIN; SELECT erpgo_backup_schedule('undone', '\@yearly'); ROLLBACK");
	$server->sql("BEGIN; UPDATE erpgo_backup.schedule_state SET next_run = now() WHERE name = 'yearly'; ROLLBACK");
	await_turn();
	is(state_of('undone', 'count(*)'), '0', 'what is rolled back is not seen');
	is(backups_of('yearly'), 'ok ok', 'and does not run');
	$server->sql("INSERT INTO erpgo_backup.schedule (name, cron) VALUES ('by hand', '\@yearly')");
	wait_for('the next run', sub { state_of('by hand', 'next_run > now()') eq 't' });
	$server->sql("UPDATE erpgo_backup.schedule SET cron = '\@monthly', timezone = 'Asia/Tokyo' WHERE name = 'by hand'");
	wait_for('the new next run',
		sub { state_of('by hand', "next_run = (date_trunc('month', now() AT TIME ZONE 'Asia/Tokyo') + interval '1 month') AT TIME ZONE 'Asia/Tokyo'") eq 't' });
	$server->sql("DELETE FROM erpgo_backup.schedule WHERE name = 'by hand'");
	wait_for('it to be forgotten', sub { state_of('by hand', 'true') eq '' });
	pass('INSERT, UPDATE and DELETE are seen');
};

subtest 'what must not run' => sub {
	create_schedule('disabled');
	$server->sql("UPDATE erpgo_backup.schedule SET enabled = false WHERE name = 'disabled'");
	wait_for('it to have no next run', sub { state_of('disabled', 'next_run IS NULL') eq 't' });
	make_due('disabled');
	create_schedule('unscheduled');
	$server->sql("BEGIN; UPDATE erpgo_backup.schedule_state SET next_run = now() WHERE name = 'unscheduled';
		SELECT erpgo_backup_unschedule('unscheduled'); COMMIT");
	await_turn();
	is(backups_of('disabled'), '', 'a disabled schedule does not run');
	is(backups_of('unscheduled'), '', 'nor one that is no more');

	$server->set('erpgo_backup.enabled' => 'off');
	make_due('yearly');
	wait_for('the next run', sub { state_of('yearly', 'next_run > now()') eq 't' });
	$server->set('erpgo_backup.enabled' => 'on');
	await_turn();
	is(backups_of('yearly'), 'ok ok', 'nor any on a server that is not enabled');
};

subtest 'a schedule that is wrong' => sub {
	my ($exit_code, $out, $err) = $server->try_sql("INSERT INTO erpgo_backup.schedule (name, cron) VALUES ('wrong', 'every day')");
	like($err, qr/violates check constraint/, 'an expression that is none is refused');
	$server->sql("INSERT INTO erpgo_backup.schedule (name, cron, timezone) VALUES ('wrong', '\@daily', 'Atlantis')");
	wait_for('the warning', sub { log_text() =~ /WARNING:.*schedule "wrong" cannot run/ });
	make_due('yearly');
	wait_for_backups('yearly', 'ok ok ok');
	is($server->sql("SELECT next_run IS NULL, reason FROM erpgo_backup_schedules WHERE name = 'wrong'"),
		't|The server knows no time zone "Atlantis".', 'the view says why it does not run');
	my $warnings = () = log_text() =~ /schedule "wrong" cannot run/g;
	is($warnings, 1, 'the log says so once, and the others run');
	$server->sql("SELECT erpgo_backup_unschedule('wrong')");

	create_schedule('held');
	my $holder = hold_due('held');
	create_schedule('free');
	make_due('free');
	wait_for_backups('free', 'ok');
	pass('a row that is locked does not keep others from running');
	$server->sql("SELECT erpgo_backup_unschedule('held')");
	release_table($holder);
};

subtest 'downtime' => sub {
	create_schedule('no catch-up', ', catch_up => false');
	make_due('no catch-up', '1 day');
	wait_for('the skip', sub { skips_of('no catch-up') ne '' });
	restart_with('');
	make_due('yearly', '30 days');
	make_due('no catch-up', '1 hour');
	restart_with('erpgo_backup');
	wait_for_backups('yearly', 'ok ok ok ok');
	await_turn();
	is(backups_of('yearly'), 'ok ok ok ok', 'one run makes up for what was missed');
	is(backups_of('no catch-up'), '', 'none if that is not wanted');
	my @skips = split /; /, skips_of('no catch-up');
	is(scalar @skips, 2, 'but each is recorded');
	like($skips[1], qr/is not to catch up/, 'with the reason');
	$started = server_start_time($server);
};

subtest 'a limit of its own' => sub {
	my $handle = hold_table($server, 'erp', 't');
	create_schedule('short', ", maximum_duration => '1 second'");
	make_due('short');
	wait_for_backups('short', 'failed');
	release_table($handle);
	like($server->sql("SELECT error FROM erpgo_backup_history WHERE schedule = 'short'"), qr/longer|time|limit|maximum/, 'ends a run that takes longer');
};

subtest 'the schedules that are there from the start' => sub {
	is($server->sql("SELECT count(*) FROM erpgo_backup_schedules WHERE name IN ('every 6 hours', 'daily verify')"), 0, 'are not, if a setting says so');
	$server->set('erpgo_backup.default_schedules' => 'on');
	is($server->sql("SELECT string_agg(name || ': ' || cron, ', ' ORDER BY name) FROM erpgo_backup_schedules WHERE name IN ('every 6 hours', 'daily verify')"),
		'daily verify: 30 3 * * *, every 6 hours: 0 */6 * * *', 'are, if not');
	wait_for('their next runs', sub { state_of('every 6 hours', 'next_run > now()') eq 't' });
	is($server->sql("SELECT erpgo_backup_unschedule('every 6 hours'), erpgo_backup_unschedule('every 6 hours')"), 't|f', 'can be unscheduled, once');
	is($server->sql("SELECT enabled, next_run IS NULL FROM erpgo_backup_schedules WHERE name = 'every 6 hours'"), 'f|t', 'which disables them');
	$server->sql("SELECT erpgo_backup_schedule('every 6 hours', '0 1 * * *', 'schema')");
	is($server->sql("SELECT cron, type, enabled FROM erpgo_backup_schedules WHERE name = 'every 6 hours'"), '0 1 * * *|schema|t', 'can be replaced');
};

subtest 'a dump of the database' => sub {
	my $dump = $server->node->basedir . '/own.dump';
	my ($exit_code, $out, $err) = ErpgoBackup::run_program('pg_dump', '-Fc', '-f', $dump, '-d', $server->conninfo('postgres'));
	is($exit_code, 0, 'is made') or diag($err);
	$server->sql('CREATE DATABASE restored');
	($exit_code, $out, $err) = ErpgoBackup::run_program('pg_restore', '--exit-on-error', '-d', $server->conninfo('restored'), $dump);
	is($exit_code, 0, 'is restored without a collision') or diag($err);
	my $schedules = 'SELECT s::text FROM erpgo_backup.schedule AS s ORDER BY name';
	is($server->sql($schedules, 'restored'), $server->sql($schedules), 'and carries the schedules');
	is($server->sql('SELECT count(*) FROM erpgo_backup.schedule_state', 'restored'), 0, 'but not what was planned');
};

subtest 'the scheduler at rest' => sub {
	await_turn();
	is($server->sql("SELECT state, xact_start IS NULL, backend_xmin IS NULL, backend_xid IS NULL FROM pg_stat_activity
		WHERE backend_type = 'erpgo_backup scheduler'"), 'idle|t|t|t', 'holds no transaction');
};

# Waits until a schedule has a backup that runs.
sub wait_for_first_running
{
	my ($name) = @_;

	wait_for("$name to run", sub { backups_of($name) =~ /running/ });
	return;
}

# Starts the server anew, with a library or without any.
sub restart_with
{
	my ($library) = @_;

	$server->node->append_conf('postgresql.conf', "shared_preload_libraries = '$library'");
	$server->node->restart;
	return;
}

# Makes a schedule due and keeps the scheduler from noting anything of it.
sub hold_due
{
	my ($name) = @_;
	make_due($name, '-2 seconds');
	my %handle = (in => "BEGIN; UPDATE erpgo_backup.schedule_state SET problem = NULL WHERE name = '$name'; SELECT 'locked';\n", out => '');

	$handle{run} = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->conninfo('postgres') ],
		'<', \$handle{in}, '>', \$handle{out}, IPC::Run::timeout(180));
	$handle{run}->pump until $handle{out} =~ /locked/;
	return \%handle;
}

is(server_start_time($server), $started, 'the server never restarted');
$server->log_is_clean(qr{violates check constraint|terminating background worker|terminating connection|connection to client lost|canceling statement due to user request});
done_testing();
