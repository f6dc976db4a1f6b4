# The clock of a machine is put forward or back while something runs, or waits:
# that ends nothing, and delays nothing.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file);
use ErpgoClock;
use ErpgoFaults;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes ();

my $DAY = 86400;
my $clock = ErpgoClock->new(PostgreSQL::Test::Utils::tempdir(), '2027-06-15 12:00');
# The server itself counts timeouts of statements by the clock.
my $server = ErpgoBackup->new('steps',
	install_path => $clock->installation,
	settings => { 'erpgo_backup.lock_wait_timeout' => 0 });

$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT 1 AS one', 'erp');

# Puts the clock forward, or back, and lets the scheduler see it.
sub step
{
	my ($seconds) = @_;

	$clock->set($clock->now + $seconds);
	$server->sql('SELECT pg_reload_conf()');
	return;
}

# Starts a backup that cannot end yet: its identifier, and what holds it.
sub start_held
{
	my $handle = hold_table($server, 'erp', 't');
	my $id = start_run($server, 'full', '{erp}');

	wait_for('pg_dump', sub { job_processes($server, $id)->{programs}{pg_dump} });
	return ($id, $handle);
}

# Waits until a process was awake a few times, and so has looked at its limits.
sub await_looks
{
	my ($pid) = @_;
	my $looks = sub { return (read_file("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m)[0]; };
	my $before = $looks->();

	wait_for('the job to look around', sub { $looks->() >= $before + 3 });
	return;
}

sub attempts
{
	my ($id) = @_;

	return $server->sql("SELECT string_agg(status, ' ' ORDER BY number) FROM erpgo_backup_attempts WHERE backup_id = '$id'");
}

foreach my $days (2, -1)
{
	my $direction = $days > 0 ? 'forward' : 'back';

	subtest "a backup runs while the clock is put $direction" => sub {
		my ($id, $handle) = start_held();

		step($days * $DAY);
		await_looks($server->sql("SELECT pid FROM erpgo_backup_progress WHERE id = '$id'"));
		release_table($handle);
		is(wait_run($server, $id), 'ok', 'it is not stopped, however long it seems to take');
	};

	subtest "a backup is cancelled while the clock is put $direction" => sub {
		my ($id, $handle) = start_held();
		my $started = Time::HiRes::time();

		$server->sql("SELECT erpgo_backup_cancel('$id')");
		step($days * $DAY);
		is(wait_run($server, $id), 'cancelled', 'it ends');
		cmp_ok(Time::HiRes::time() - $started, '<', 60, 'within seconds');
		release_table($handle);
	};

	subtest "a backup waits to be tried again while the clock is put $direction" => sub {
		$server->set('erpgo_backup.max_retries' => 1, 'erpgo_backup.connection' => 'port=1', 'erpgo_backup.retry_delay' => '2s');
		my $id = start_run($server, 'full', '{erp}');

		wait_for('it to wait', sub { $server->sql("SELECT phase FROM erpgo_backup_progress WHERE id = '$id'") eq 'waiting' });
		$server->set('erpgo_backup.connection' => '');
		step($days * $DAY);
		is(wait_run($server, $id), 'ok', 'it is tried again');
		is(attempts($id), 'failed ok', 'after its pause');
		$server->set('erpgo_backup.max_retries' => 0);
	};
}

is(join(' ', repository_leftovers($server)), '', 'nothing half-made is left');
$server->log_is_clean(qr/could not connect to|terminating connection|was cancelled|canceling statement due to user request|backup "/);
done_testing();
