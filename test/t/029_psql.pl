# What people see in psql and on the command line: as wide as a terminal, in
# words, beside what programs read.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use Test::More;

my $server = ErpgoBackup->new('server', default_schedules => 1);

# What psql prints for a statement, as characters.
sub printed
{
	my ($statement) = @_;
	my ($exit_code, $out, $err) =
	  ErpgoBackup::run_program('psql', '-X', '-d', $server->conninfo('postgres'), '-c', $statement);

	die "psql: $err" if $exit_code != 0;
	utf8::decode($out);
	note($out);
	return $out;
}

# The length of the longest line of a text.
sub width
{
	my ($longest) = sort { $b <=> $a } map { length } split /\n/, $_[0];

	return $longest;
}

# The columns of a view.
sub columns
{
	my ($view) = @_;

	return $server->sql("SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '$view'::regclass AND attnum > 0");
}

sub fits
{
	my ($situation) = @_;

	foreach my $view ('erpgo_backup_status', 'erpgo_backup_recent', 'erpgo_backup_upcoming')
	{
		cmp_ok(width(printed("SELECT * FROM $view")), '<=', 120, "$view fits into 120 columns, $situation");
	}
	return;
}

fits('before anything happened');

# A day of a server: good backups, one that failed, one that was cancelled,
# one that runs; schedules that ran, were skipped, wait, or cannot run.
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');
$server->run_backup(databases => ['erp']) for 1 .. 2;
$server->run_backup(type => 'schema', databases => ['erp']);
$server->set('erpgo_backup.connection' => 'port=1');
my ($failed) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
isnt($failed, 0, 'a backup fails');
$server->set('erpgo_backup.connection' => '');
# Not due today, wherever: the scheduler would take back what is set below.
my $weekday = ((gmtime)[6] + 3) % 7;
$server->sql("SELECT erpgo_backup_schedule('weekdays, in the evening, Berlin', '15,45 18-22/2 * jan-dec $weekday', 'schema', timezone => 'America/Argentina/Buenos_Aires')");
$server->sql("SELECT erpgo_backup_schedule('nightly', '\@daily', databases => '{erp}', timezone => 'Europe/Berlin')");
$server->sql("INSERT INTO erpgo_backup.schedule (name, cron, timezone) VALUES ('wrong', '\@daily', 'Atlantis')");
$server->sql("SELECT erpgo_backup_unschedule('daily verify')");
wait_for('plans', sub { $server->sql('SELECT count(*) FROM erpgo_backup.schedule_state') == 5 });
$server->sql("UPDATE erpgo_backup.schedule_state SET next_run = now() WHERE name = 'nightly'");
wait_for('the run', sub { $server->sql("SELECT last_status FROM erpgo_backup_schedules WHERE name = 'nightly'") eq 'ok' });
wait_for('the clean-up', sub { $server->sql('SELECT count(*) FROM erpgo_backup_progress') eq '0' });
my $table = hold_table($server, 'erp', 't');
my $running = start_run($server, 'full', '{erp}');
wait_for('pg_dump', sub { job_processes($server, $running)->{programs}{pg_dump} });
$server->sql("UPDATE erpgo_backup.schedule_state SET next_run = now() WHERE name = 'every 6 hours'");
wait_for('the skip', sub { $server->sql("SELECT last_status FROM erpgo_backup_schedules WHERE name = 'every 6 hours'") eq 'skipped' });

fits('on a usual day');
my $upcoming = printed('SELECT * FROM erpgo_backup_upcoming');
like($upcoming, qr/^ every 6 hours +\| full +\| .* \| in \d+ (?:h|min|s) +\| skipped [\d.]+ s ago$/m, 'a run that was skipped is shown');
like($upcoming, qr/^ nightly +\| full +\| \@daily +\| Europe\/Berlin +\| in .* \| ok [\d.]+ s ago/m, 'one that went well');
like($upcoming, qr/^ weekdays, in the ev\.\.\. .* \| 15,45 18-22\/2 \* jan-d\.\.\. \| America\/Argentina\.\.\. \| in /m, 'long words are cut');
like($upcoming, qr/^ wrong .* \| never +\| -/m, 'one that cannot run');
like($upcoming, qr/^ daily verify .* \| disabled +\| -/m, 'one that is disabled');
my $recent = printed('SELECT * FROM erpgo_backup_recent');
like($recent, qr/^ \Q$running\E +\| running +\| [\d.]+ s +\| +\|/m, 'a backup that runs');
like($recent, qr/-full +\| failed .*\| .{22}\.\.\.$/m, 'the beginning of an error');
$server->sql("SELECT erpgo_backup_cancel('$running')");
is(wait_run($server, $running), 'cancelled', 'it is cancelled');
release_table($table);

# The longest words that there are.
$server->sql("INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, size_bytes, stored_bytes, verified_depth, databases, error)
	VALUES ('20300101T000000Z-incremental', 'incremental', 'interrupted', now() - interval '59 min 59 s', now() + interval '2 d',
			1e12::bigint, 10200 * 1024, 'archive', '{}', repeat('x', 200))");
$server->sql("UPDATE erpgo_backup.schedule_state SET last_run = now() - interval '59 min', last_skip = NULL, next_run = now() + interval '59 min 59 s',
	last_backup = '20300101T000000Z-incremental' WHERE name LIKE 'weekdays%'");
fits('with the longest words');
like(printed('SELECT * FROM erpgo_backup_upcoming'), qr/\| in 59 min +\| interrupted 59 min ago$/m, 'of a schedule');
cmp_ok(width($server->cli_ok('list')), '<=', 120, 'the list of the program fits, too');

subtest 'programs find everything, as it is' => sub {
	my $history = columns('erpgo_backup_history');

	foreach my $column (qw(id type status started_at finished_at duration size_bytes stored_bytes verified_at verified_depth attempts error schedule))
	{
		like($history, qr/\b$column\b/, "erpgo_backup_history has $column");
	}
	like(columns('erpgo_backup_schedules'), qr/^name cron type timezone enabled next_run last_run last_status\b/, 'erpgo_backup_schedules');
	is($server->sql("SELECT size, stored, duration FROM erpgo_backup_history WHERE type = 'incremental'"), '931 GB|10200 kB|2 days 00:59:59',
		'with sizes for people beside them');
	is($server->sql("SELECT length(error) FROM erpgo_backup_history WHERE type = 'incremental'"), 200, 'and nothing cut');
};

$server->log_is_clean(qr/could not connect|cannot run|canceling|was cancelled|erpgo_backup_run|backup "/);
done_testing();
