# The server is stopped, crashes or drops a database while a job runs.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use PostgreSQL::Test::Utils qw(slurp_file);
use Test::More;
use Time::HiRes 'time';

my $server = ErpgoBackup->new('server', settings => { restart_after_crash => 'on' });
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');

# A job that waits for a lock, and all its processes.
sub held_run
{
	my $handle = hold_table($server, 'erp', 't');
	my $id = start_run($server, 'full', '{erp}');
	my $processes;

	wait_for('pg_dump',
		sub { $processes = job_processes($server, $id); return $processes->{programs}{pg_dump} });
	return ($handle, $id,
		[ @$processes{qw(supervisor worker)}, values %{ $processes->{programs} } ], $processes->{job});
}

sub is_interrupted
{
	my ($id, $pids) = @_;

	is(wait_run($server, $id), 'interrupted', 'the history says interrupted');
	ok(all_gone(@$pids), 'nothing is left running');
	wait_for('the repository to be clean', sub { !repository_leftovers($server) });
	is($server->sql("SELECT count(*) FROM erpgo_backup_list() WHERE id = '$id'"), 0, 'it is not listed');
	return;
}

foreach my $mode (qw(fast immediate))
{
	subtest "a $mode shutdown in the middle of a backup" => sub {
		my ($handle, $id, $pids) = held_run();
		my $before = time();

		$server->node->stop($mode);
		cmp_ok(time() - $before, '<', 5, 'the shutdown is not held up');
		wait_for('the processes to go', sub { all_gone(@$pids) });
		$handle->{run}->kill_kill;
		$server->node->start;
		is_interrupted($id, $pids);
	};
}

subtest 'kill -9 of the job worker' => sub {
	my ($handle, $id, $pids, $job) = held_run();

	kill('KILL', $job);
	wait_for('the processes to go', sub { all_gone($job, @$pids) });
	$handle->{run}->kill_kill;
	wait_for('the server to come back', sub { ($server->try_sql('SELECT 1'))[0] == 0 });
	is_interrupted($id, $pids);
};

subtest 'DROP DATABASE while the engine hangs' => sub {
	my ($handle, $id, $pids) = held_run();

	$server->sql('CREATE DATABASE other');
	kill('STOP', @$pids);
	my $before = time();
	$server->sql('DROP DATABASE other');
	cmp_ok(time() - $before, '<', 2, 'it returns within two seconds');

	$before = time();
	is($server->sql("SELECT erpgo_backup_cancel('$id')"), 't', 'the job is cancelled');
	is(wait_run($server, $id), 'cancelled', 'although the engine hangs');
	wait_for('the processes to go', sub { all_gone(@$pids) });
	release_table($handle);
	wait_for('the repository to be clean', sub { !repository_leftovers($server) });
};

subtest 'a scheduler that ends by an error again and again' => sub {
	my $backend = "backend_type = 'erpgo_backup scheduler'";
	my $call = q{SELECT erpgo_backup_run('full', '{erp}')};

	$server->sql('ALTER TABLE erpgo_backup.attempt RENAME TO away');
	$server->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $backend");
	wait_for('the error in the log', sub { slurp_file($server->node->logfile) =~ /"erpgo_backup\.attempt" does not exist/ });
	foreach my $call_number (1 .. 3)
	{
		my ($status, undef, $error) = $server->try_sql($call);
		isnt($status, 0, "call $call_number ends with an error");
		like($error, qr/erpgo_backup's scheduler (is not running|did not start)/, 'which names the scheduler');
	}
	$server->sql('ALTER TABLE erpgo_backup.away RENAME TO attempt');
	wait_for('the scheduler to work', sub { ($server->try_sql($call))[0] == 0 });
};

is(run_status($server, $server->run_backup(databases => ['erp'])), 'ok', 'the next run works');
$server->log_is_clean(qr/terminating|shutting down|starting up|in recovery|killed by signal|was terminated by signal 9|erpgo_backup|pg_dump|terminated by signal 9|all server processes terminated|connection to client lost/);
done_testing();
