# Whatever process of a job is killed, and when: the server goes on, the
# history says what happened, nothing half-made stays, the next run works.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use ErpgoFaults;
use PostgreSQL::Test::Utils ();
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $installation = private_installation("$folder/installation");
my $hold = "$folder/hold";
my $held = "$folder/held";

# pg_restore waits where a file says so: "verify" in the verification only.
replace_program($installation, 'pg_restore', <<"END");
phase=\$(cat $hold 2>/dev/null)
if [ "\$phase" = all ] || { [ "\$phase" = verify ] && [ ! -e $folder/dumping ]; }; then
	touch $held
	while [ -e $hold ]; do read -t 0.05 <><(:); done
fi
exec "\$REAL" "\$\@"
END

my $server = ErpgoBackup->new('kill', install_path => $installation);
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE filler AS SELECT i, md5(i::text) AS text FROM generate_series(1, 200000) i', 'erp');
my $started = server_start_time($server);

# How to hold a run in a phase, and let it go.
my %phases = (
	dumping => sub { return hold_table($server, 'erp', 'filler'); },
	verifying => sub {
		write_file($hold, 'all');
		return undef;
	});

sub let_go
{
	my ($handle) = @_;

	unlink($hold, $held);
	release_table($handle) if $handle;
	return;
}

# Starts a run and waits until it is held in the phase.
sub held_run
{
	my ($phase) = @_;
	my $id = start_run($server, 'full', '{erp}');
	my $processes;

	wait_for("phase $phase",
		sub {
			return 0 unless $server->sql("SELECT phase FROM erpgo_backup_progress WHERE id = '$id'") eq 'dumping'
			  || $phase ne 'dumping';
			$processes = job_processes($server, $id);
			return $phase eq 'dumping' ? $processes->{programs}{pg_dump} : -e $held;
		});
	return ($id, $processes);
}

my @cases = (
	['pg_dump', 'KILL', 'dumping', 'failed', qr/pg_dump.*(?:killed by )?signal 9/],
	['pg_dump', 'TERM', 'dumping', 'failed', qr/pg_dump/],
	['worker', 'KILL', 'dumping', 'failed', qr/killed by signal 9/],
	['worker', 'KILL', 'verifying', 'failed', qr/killed by signal 9/],
	['supervisor', 'KILL', 'dumping', 'failed', qr/killed by signal 9|ended without/],
	['supervisor', 'KILL', 'verifying', 'failed', qr/killed by signal 9|ended without/],
	['supervisor', 'TERM', 'dumping', 'failed', qr/./],
	['job', 'TERM', 'dumping', 'interrupted', qr/./],
	['job', 'TERM', 'verifying', 'interrupted', qr/./],
	['job', 'INT', 'dumping', 'cancelled', qr/./]);

foreach my $case (@cases)
{
	my ($victim, $signal, $phase, $status, $error) = @$case;

	subtest "SIG$signal to $victim while $phase" => sub {
		my $handle = $phases{$phase}->();
		my ($id, $processes) = held_run($phase);
		my $pid = $processes->{$victim} || $processes->{programs}{$victim};

		kill($signal, $pid);
		is(wait_run($server, $id), $status, "the history says $status");
		like($server->sql("SELECT error FROM erpgo_backup_history WHERE id = '$id'"),
			$error, 'and why');
		wait_for('the processes to go',
			sub { all_gone(@$processes{qw(job supervisor worker)}, values %{ $processes->{programs} }) });
		let_go($handle);
		wait_for('the repository to be clean', sub { !repository_leftovers($server) });
		is(join(' ', repository_leftovers($server)), '', 'nothing half-made stays');
		is($server->sql("SELECT count(*) FROM erpgo_backup_list() WHERE id = '$id'"), 0, 'it is not listed');
		unlike($server->cli_ok('list'), qr/\Q$id\E/, 'nor by the command line');
		is(server_start_time($server), $started, 'the server never restarted');
	};
}

my $id = $server->run_backup(databases => ['erp']);
is(run_status($server, $id), 'ok', 'the next run works');
$server->cli_ok('verify', $id, '--depth', 'full');
$server->log_is_clean(qr/erpgo_backup|pg_dump|canceling statement due to user request|terminating connection|could not receive data/);
done_testing();
