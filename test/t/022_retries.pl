# A backup that failed is tried again, where that may help.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use Test::More;
use Time::HiRes 'time';

my $server = ErpgoBackup->new('server',
	settings => { 'erpgo_backup.max_retries' => 1, 'erpgo_backup.retry_delay' => '200ms' });
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');

sub attempts
{
	my ($id) = @_;

	return $server->sql(
		"SELECT number, status FROM erpgo_backup_attempts WHERE backup_id = '$id' ORDER BY number");
}

sub newest { return $server->sql('SELECT max(id) FROM erpgo_backup_history'); }

sub wait_for_phase
{
	my ($id, $phase) = @_;

	wait_for("$id to be $phase",
		sub { $server->sql("SELECT phase FROM erpgo_backup_progress WHERE id = '$id'") eq $phase });
	return;
}

# Kills a part of the engine that waits for a lock.
sub kill_held
{
	my ($what) = @_;
	my $handle = hold_table($server, 'erp', 't');
	my $id = start_run($server, 'full', '{erp}');
	my $processes;

	wait_for('pg_dump',
		sub { $processes = job_processes($server, $id); return $processes->{programs}{pg_dump} });
	kill('KILL', $what eq 'pg_dump' ? $processes->{programs}{pg_dump} : $processes->{$what});
	return ($handle, $id);
}

foreach my $what (qw(pg_dump worker supervisor))
{
	subtest "kill -9 of the $what is mended by the second attempt" => sub {
		my ($handle, $id) = kill_held($what);

		wait_for('the first attempt to end', sub { attempts($id) =~ /^1\|failed/ });
		release_table($handle);
		is(wait_run($server, $id), 'ok', 'the backup is made');
		is(attempts($id), "1|failed\n2|ok", 'both attempts are in the history');
		is($server->sql("SELECT attempts, error FROM erpgo_backup_history WHERE id = '$id'"),
			'2|', 'the history counts them and shows no error');
		like($server->sql("SELECT error FROM erpgo_backup_attempts WHERE backup_id = '$id' AND number = 1"),
			qr/./, 'the error is with the attempt that had it');
		$server->cli_ok('verify', $id);
	};
}

subtest 'after the last attempt the error is that of the call' => sub {
	$server->set('erpgo_backup.connection' => 'port=1');
	my ($status, undef, $error) = $server->try_sql("SELECT erpgo_backup_run('full')");

	isnt($status, 0, 'the call fails');
	like($error, qr/could not connect/, 'with the reason');
	is(attempts(newest()), "1|failed\n2|failed", 'after two attempts');
	is(run_status($server, newest()), 'failed', 'the history says failed');
	$server->set('erpgo_backup.connection' => '');
};

subtest 'what another attempt cannot mend is tried once' => sub {
	my $folder = $server->folder . '/main/backup';

	chmod(0500, $folder) or die "chmod: $!";
	my ($status, undef, $error) = $server->try_sql(q{SELECT erpgo_backup_run('full', '{erp}')});
	chmod(0700, $folder) or die "chmod: $!";
	like($error, qr/Permission denied/, 'the call fails');
	is(attempts(newest()), '1|failed', 'after one attempt');
};

subtest 'a backup that waits for its next attempt' => sub {
	$server->set('erpgo_backup.connection' => 'port=1', 'erpgo_backup.retry_delay' => '1h');
	my $id = start_run($server, 'full', '{erp}');

	wait_for_phase($id, 'waiting');
	is(run_status($server, $id), 'running', 'it counts as running');
	my $before = time();
	is($server->sql("SELECT erpgo_backup_cancel('$id')"), 't', 'can be cancelled');
	is(wait_run($server, $id), 'cancelled', 'the history says so');
	cmp_ok(time() - $before, '<', 30, 'long before the next attempt was due');

	$id = start_run($server, 'full', '{erp}');
	wait_for_phase($id, 'waiting');
	$server->node->restart('fast');
	is(wait_run($server, $id), 'interrupted', 'is interrupted by a restart of the server');
};

subtest 'without retries there is one attempt' => sub {
	$server->set('erpgo_backup.max_retries' => 0);
	my ($status) = $server->try_sql("SELECT erpgo_backup_run('full')");

	isnt($status, 0, 'the call fails');
	is(attempts(newest()), '1|failed', 'at once');
};

$server->log_is_clean(qr/erpgo_backup|pg_dump|backup "|Permission denied|killed by signal|could not connect|shutting down|terminating|connection to client lost/);
done_testing();
