# Whatever is killed during a physical backup, and whatever is wrong with the
# files: the history says what happened, the server keeps nothing of it, the
# repository neither, and the next run works.  There are more kills where
# ERPGO_BACKUP_TEST_LONG is set.
use strict;
use warnings;
use ErpgoBackup qw(read_file small_file_system wait_for write_file);
use ErpgoFaults;
use Test::More;

my $server = ErpgoBackup->new('physical', settings => { wal_level => 'replica',
		restart_after_crash => 'on', checkpoint_timeout => '1h', 'erpgo_backup.jobs' => 2 });
my $node = $server->node;
my $data = $node->data_dir;

create_filler($server, 'postgres', 8_000);

# How to have a run stay in a phase.
my %phases = (
	starting => sub {
		$server->sql('UPDATE filler SET noise = noise');
		$server->set('erpgo_backup.fast_checkpoint' => 'off');
	},
	copying => sub { $server->set('erpgo_backup.max_rate' => '1MB'); });

sub let_go
{
	$server->set('erpgo_backup.fast_checkpoint' => 'on', 'erpgo_backup.max_rate' => '0');
	# One that was begun goes on slowly.
	$server->sql('CHECKPOINT');
	return;
}

# Starts a run and waits until it is in the phase: the run and its processes.
sub held_run
{
	my ($phase) = @_;

	$phases{$phase}->();
	my $id = start_run($server, 'physical');
	my $processes;
	wait_for("phase $phase",
		sub {
			return 0 unless $server->sql("SELECT phase FROM erpgo_backup_progress WHERE id = '$id'") eq $phase;
			$processes = job_processes($server, $id);
			return $phase eq 'starting'
			  ? $server->sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $processes->{job}
					AND wait_event = 'CheckpointDone'") eq '1'
			  : $processes->{programs}{erpgo_backup};
		});
	$processes->{copier} = $processes->{programs}{erpgo_backup};
	return ($id, $processes);
}

# Tests that a run ended as it should, and that nothing is left of it.
sub ended
{
	my ($id, $processes, $status, $error) = @_;

	is(wait_run($server, $id), $status, "the history says $status");
	like($server->sql("SELECT error FROM erpgo_backup_history WHERE id = '$id'"), $error, 'and why');
	wait_for('the processes to go',
		sub { all_gone(grep { defined } @$processes{qw(job supervisor worker copier)}) });
	is($server->sql('SELECT count(*) FROM pg_replication_slots'), 0, 'no replication slot is left');
	wait_for('the repository to be clean', sub { !repository_leftovers($server) });
	is($server->sql("SELECT count(*) FROM erpgo_backup_list() WHERE id = '$id'"), 0, 'it is not listed');
	return;
}

my $started = server_start_time($server);
my @cases = (
	[ 'copier', 'KILL', 'copying', 'failed', qr/a worker process was killed by signal 9/ ],
	[ 'worker', 'KILL', 'copying', 'failed', qr/backup process was killed by signal 9/ ],
	[ 'supervisor', 'KILL', 'copying', 'failed', qr/it was killed by signal 9/ ],
	[ 'job', 'TERM', 'copying', 'interrupted', qr/its worker was told to end/ ],
	[ 'job', 'INT', 'copying', 'cancelled', qr/was cancelled/ ],
	[ 'worker', 'KILL', 'starting', 'failed', qr/process was killed by signal 9/ ],
	[ 'job', 'TERM', 'starting', 'interrupted', qr/./ ]);
push(@cases,
	[ 'copier', 'TERM', 'copying', 'failed', qr/a worker process was killed by signal 15/ ],
	[ 'worker', 'TERM', 'copying', 'failed', qr/backup process (?:exited|was killed)/ ],
	[ 'supervisor', 'TERM', 'copying', 'failed', qr/ended without a result/ ],
	[ 'supervisor', 'KILL', 'starting', 'failed', qr/it was killed by signal 9/ ],
	[ 'job', 'INT', 'starting', 'cancelled', qr/was cancelled/ ]) if $ENV{ERPGO_BACKUP_TEST_LONG};

foreach my $case (@cases)
{
	my ($victim, $signal, $phase, $status, $error) = @$case;

	subtest "SIG$signal to $victim while $phase" => sub {
		my ($id, $processes) = held_run($phase);

		kill($signal, $processes->{$victim});
		ended($id, $processes, $status, $error);
		let_go();
		is(server_start_time($server), $started, 'the server never restarted');
	};
}

foreach my $phase (qw(starting copying))
{
	subtest "erpgo_backup_cancel while $phase" => sub {
		my ($id, $processes) = held_run($phase);

		$server->sql("SELECT erpgo_backup_cancel('$id')");
		ended($id, $processes, 'cancelled', qr/was cancelled/);
		let_go();
	};
}

subtest 'an immediate shutdown while copying' => sub {
	my ($id, $processes) = held_run('copying');

	$node->stop('immediate');
	wait_for('the processes to go', sub { all_gone(@$processes{qw(job supervisor worker copier)}) });
	$node->start;
	ended($id, $processes, 'interrupted', qr/./);
	let_go();
};

subtest 'kill -9 of the job worker while copying' => sub {
	my ($id, $processes) = held_run('copying');

	kill('KILL', $processes->{job});
	wait_for('the processes to go', sub { all_gone(@$processes{qw(job supervisor worker copier)}) });
	wait_for('the server to come back', sub { ($server->try_sql('SELECT 1'))[0] == 0 });
	ended($id, $processes, 'interrupted', qr/./);
	let_go();
};

# A run that must fail, for a reason in its surroundings.
sub fails_like
{
	my ($pattern) = @_;
	my ($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('physical')");
	my $id = $server->sql('SELECT id FROM erpgo_backup_history ORDER BY id DESC LIMIT 1');

	isnt($exit_code, 0, 'the call fails');
	like($err, $pattern, 'the error says why');
	ended($id, {}, 'failed', $pattern);
	return;
}

SKIP:
{
	my $small = small_file_system();

	skip 'no small file system (ERPGO_BACKUP_SMALL_FS) was given', 1 unless $small;
	subtest 'a full disk' => sub {
		my $repository = "$small/physical.$$";

		$server->set('erpgo_backup.repository' => "file://$repository", 'erpgo_backup.minimum_free_space' => '0');
		local $server->{folder} = $repository;
		fails_like(qr/No space left on device/);
		$server->set('erpgo_backup.repository' => 'file://' . $node->basedir . '/repository');
		system('rm', '-r', $repository);
	};
}

subtest 'a file that cannot be read' => sub {
	write_file("$data/base/secret", 'x');
	chmod(0000, "$data/base/secret");
	fails_like(qr{could not open file "\Q$data\E/base/secret": Permission denied});
	chmod(0600, "$data/base/secret");
	unlink("$data/base/secret");
};

subtest 'a folder that cannot be read' => sub {
	mkdir("$data/base/hidden", 0000) or die "mkdir: $!";
	fails_like(qr{could not open directory "\Q$data\E/base/hidden": Permission denied});
	rmdir("$data/base/hidden");
};

# Files are copied from the largest to the smallest.
subtest 'files that change after they were found' => sub {
	my $restored = $node->basedir . '/restored';

	write_file("$data/base/$_", 'twelve bytes') foreach qw(grows shrinks vanishes);
	$server->set('erpgo_backup.max_rate' => '20MB');
	my $id = start_run($server, 'physical');
	wait_for('the copy',
		sub { $server->sql("SELECT phase = 'copying' AND bytes_done > 0 FROM erpgo_backup_progress WHERE id = '$id'") eq 't' });
	write_file("$data/base/grows", 'twelve bytes and more');
	truncate("$data/base/shrinks", 6) or die "truncate: $!";
	unlink("$data/base/vanishes");
	is(wait_run($server, $id), 'ok', 'do not make the backup fail');
	$server->cli_ok('restore', $id, '--pgdata', $restored);
	is(read_file("$restored/base/grows"), 'twelve bytes', 'one that grew is as it was');
	is(read_file("$restored/base/shrinks"), 'twelve', 'one that shrank is as it is when it is copied');
	ok(!-e "$restored/base/vanishes", 'one that vanished is not there');
	$node->command_ok([ 'pg_verifybackup', $restored ], 'pg_verifybackup accepts that');
	let_go();
};

subtest 'WAL that the server removes' => sub {
	$server->sql('ALTER SYSTEM SET max_replication_slots = 0');
	$node->restart;
	$server->set('erpgo_backup.max_rate' => '10MB');
	my $id = start_run($server, 'physical');
	wait_for('the copy',
		sub { $server->sql("SELECT phase FROM erpgo_backup_progress WHERE id = '$id'") eq 'copying' });
	$server->sql('SELECT pg_switch_wal() FROM pg_create_restore_point($$x$$); CHECKPOINT') foreach 1 .. 3;
	ended($id, {}, 'failed', qr/the server removed ".*\/pg_wal\/[0-9A-F]{24}" before it was stored/);
	$server->sql('ALTER SYSTEM RESET max_replication_slots');
	$node->restart;
	let_go();
};

my $id = $server->sql("SELECT erpgo_backup_run('physical')");
is(run_status($server, $id), 'ok', 'the next run works');
$server->cli_ok('verify', $id, '--depth', 'full');
$server->log_is_clean(qr/erpgo_backup|No space left|Permission denied|terminating|terminated|could not receive data|connection to client lost|canceling statement/);
done_testing();
