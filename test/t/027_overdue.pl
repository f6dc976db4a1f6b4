# A backup is overdue when a schedule's run has not become one in time, even
# if nothing runs any more that could notice it.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use Test::More;

my $server = ErpgoBackup->new('server', default_schedules => 1);

# The row of a check: "status|value".
sub status
{
	my ($check) = @_;

	return $server->sql(qq{SELECT status, value FROM erpgo_backup_status WHERE "check" = '$check'});
}

# Makes it look as if the last backup had been finished at a moment.
sub finished_at
{
	my ($moment) = @_;

	$server->sql("UPDATE erpgo_backup.backup SET finished_at = $moment, started_at = $moment - interval '1 min', verified_at = $moment");
	return;
}

# Waits until the scheduler has planned a schedule; whether that is in force.
sub planned
{
	my ($name) = @_;

	wait_for("the plan of $name",
		sub { $server->sql("SELECT next_run IS NOT NULL FROM erpgo_backup.schedule_state WHERE name = '$name'") eq 't' });
	return;
}

# How long after a moment the next full backup is overdue.
sub due_after
{
	my ($moment) = @_;

	return $server->sql("SELECT due_at - ($moment) FROM erpgo_backup.monitoring");
}

my $last_run = "date_bin('6 hours', now(), '2000-01-01 00:00+00')";

planned('every 6 hours');

subtest 'a new server' => sub {
	like(status('overdue'), qr/^ok\|no, due in /, 'has some time left');
	is(due_after("$last_run + interval '6 hours'"), '02:00:00', 'after its first run');
	is(status('last success'), 'critical|never', 'though it has no backup');
};

subtest 'the schedule that is there from the start' => sub {
	$server->run_backup(databases => ['postgres']);
	is(due_after("$last_run + interval '6 hours'"), '02:00:00', 'gives a run two hours');
	finished_at("$last_run - interval '1 s'");
	is(due_after($last_run), '02:00:00', 'one that came to nothing, too');
	finished_at("now() - interval '8 hours'");
	like(status('overdue'), qr/^critical\|by /, 'so no backup within 8 hours is too late');
	like(status('last success'), qr/^critical\|8 h 0 min ago/, 'which is critical');
	$server->run_backup(databases => ['postgres']);
	like(status('overdue'), qr/^ok\|/, 'until there is one');
};

subtest 'schedules of your own' => sub {
	$server->sql("SELECT erpgo_backup_unschedule('every 6 hours')");
	finished_at("now() - interval '7 hours'");
	like(status('overdue'), qr/^ok\|no, due in (?:59|60) min/, 'without any, 8 hours are allowed');
	$server->sql("SELECT erpgo_backup_schedule('often', '\@hourly')");
	planned('often');
	is(due_after("date_trunc('hour', now()) + interval '1 hour'"), '00:20:00', 'one that was just made has missed nothing');
	$server->sql("SELECT erpgo_backup_schedule('often', '\@yearly')");
	finished_at("now() - interval '30 days'");
	wait_for('the new plan', sub { $server->sql("SELECT cron FROM erpgo_backup.schedule_state WHERE name = 'often'") eq '@yearly' });
	is(due_after("date_trunc('year', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 year'"), '08:00:00', 'nor has one that was changed');
	like(status('overdue'), qr/^ok\|/, 'a backup of a month ago is not overdue if one a year is planned');
	like(status('last success'), qr/^ok\|30 d/, 'nor is it too old');
	$server->set('erpgo_backup.delayed_after' => '1d');
	like(status('overdue'), qr/^critical\|by 29 d/, 'unless a setting says so');
	$server->set('erpgo_backup.delayed_after' => '0');
	$server->sql("SELECT erpgo_backup_unschedule('often')");
};

subtest 'nothing runs any more' => sub {
	$server->sql("SELECT erpgo_backup_schedule('every 6 hours', '0 */6 * * *')");
	planned('every 6 hours');
	finished_at('now()');
	$server->sql("UPDATE erpgo_backup.schedule_state SET since = now() - interval '1 month'");
	$server->node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
	$server->node->restart;
	like(status('overdue'), qr/^ok\|/, 'a server without the scheduler has some time left');
	finished_at("now() - interval '9 hours'");
	like(status('overdue'), qr/^critical\|by /, 'and knows when that is over');
	like($server->sql('SELECT erpgo_backup_metrics()'), qr/^erpgo_backup_overdue_seconds [1-9]/m, 'as do metrics');
	$server->sql('CREATE ROLE monitor LOGIN IN ROLE pg_monitor');
	is($server->sql(q{SET ROLE monitor; SELECT status FROM erpgo_backup_status WHERE "check" = 'overdue'}), 'critical',
		'monitoring sees it');
};

$server->log_is_clean(qr/terminating (?:background worker|connection)/);
done_testing();
