# With the postmaster as process 1 of its own PID namespace, as in a
# container, it inherits every orphan: none may look like a crashed backend.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use IPC::Run ();
use PostgreSQL::Test::Utils ();
use Test::More;

plan skip_all => 'user namespaces are not available'
  if system('unshare --user --pid --fork --map-user=0 true 2>/dev/null') != 0;

my $server = ErpgoBackup->new('first_process');
my ($group) = split(/ /, $();
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');
$server->node->stop;

# The map keeps the user's own number, so that the server does not see root.
my $log = $server->node->logfile;
my $postmaster = IPC::Run::start(
	[ 'unshare', '--user', "--map-user=$<", "--map-group=$group", '--pid', '--fork', '--mount-proc',
		'postgres', '-D', $server->node->data_dir ],
	'<', \undef, '>>', $log, '2>>', $log);
wait_for('the server', sub { ($server->try_sql('SELECT 1'))[0] == 0 });
is((split /\n/, PostgreSQL::Test::Utils::slurp_file($server->node->data_dir . '/postmaster.pid'))[0],
	1, 'the postmaster is process 1');
my $started = server_start_time($server);

my ($first) = map { /^\s*(\d+)/ } `ps -o pid= --ppid $postmaster->{KIDS}[0]{PID}`;

# The processes of a job of that server, numbered as outside of it.
sub tree
{
	my ($id) = @_;
	my %pids;

	wait_for('pg_dump',
		sub {
			my %parent = map { /^\s*(\d+)\s+(\d+)/ ? ($1 => $2) : () } `ps -eo pid=,ppid=`;
			my ($dump) = grep { descends_from_server($_, \%parent) } map { /^\s*(\d+)/ } `ps -C pg_dump -o pid=`;

			return 0 unless $dump;
			%pids = (pg_dump => $dump, worker => $parent{$dump}, supervisor => $parent{ $parent{$dump} });
			return $pids{supervisor};
		});
	return \%pids;
}

sub descends_from_server
{
	my ($pid, $parent) = @_;

	while ($pid && $pid != $first) { $pid = $parent->{$pid}; }
	return $pid;
}

foreach my $victim (qw(pg_dump worker supervisor))
{
	subtest "kill -9 of $victim" => sub {
		my $handle = hold_table($server, 'erp', 't');
		my $id = start_run($server, 'full', '{erp}');
		my $pids = tree($id);

		kill('KILL', $pids->{$victim});
		is(wait_run($server, $id), 'failed', 'the history says failed');
		wait_for('the processes to go', sub { all_gone(values %$pids) });
		release_table($handle);
		is(server_start_time($server), $started, 'the server never restarted');
	};
}

subtest 'SIGTERM of the job worker' => sub {
	my $handle = hold_table($server, 'erp', 't');
	my $id = start_run($server, 'full', '{erp}');
	my $pids = tree($id);

	$server->sql("SELECT pg_terminate_backend(pid) FROM erpgo_backup_progress WHERE id = '$id'");
	is(wait_run($server, $id), 'interrupted', 'the history says interrupted');
	wait_for('the processes to go', sub { all_gone(values %$pids) });
	release_table($handle);
	is(server_start_time($server), $started, 'the server never restarted');
};

is(run_status($server, $server->run_backup(databases => ['erp'])), 'ok', 'the next run works');
wait_for('the repository to be clean', sub { !repository_leftovers($server) });
unlike(PostgreSQL::Test::Utils::slurp_file($log), qr/all server processes terminated|reinitializing/,
	'no process looked like a crashed backend');

kill('INT', $first);
$postmaster->finish;
$server->log_is_clean(qr/erpgo_backup|pg_dump|terminating|the database system is/);
done_testing();
