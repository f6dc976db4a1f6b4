# A restore from a server into a new directory reads each object once, and so
# does not know before it writes whether all will go well.  Whatever happens in
# the middle of it, it says what, no server starts in the directory, and the
# restore goes on from there.
use strict;
use warnings;
use ErpgoBackup qw(wait_for file_names small_file_system write_file);
use ErpgoClock qw(clock_library write_shifts);
use ErpgoCluster qw(start_restored);
use ErpgoS3;
use File::Path qw(remove_tree);
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: faults while restoring from object storage were not tested: radosgw is missing' if !$s3;

# One pack, read in ranges one after the other.
my $server = ErpgoBackup->new('source', encrypted => 1,
	settings => { wal_level => 'replica', max_wal_senders => 4, 'erpgo_backup.compression' => 'none', 'erpgo_backup.jobs' => 1 });

# Has a proxy between the server and the bucket.
sub use_proxy
{
	$server->{url} = $s3->url('faults', port => $s3->start_proxy, timeout => 2, part_size => 5, parallel => 1);
	$s3->misbehave;
	return;
}

use_proxy();
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
$server->set('erpgo_backup.repository' => $server->url);
my $location = $server->node->basedir . '/place';
mkdir($location) or die "mkdir: $!";
$server->sql("CREATE TABLESPACE place LOCATION '$location'");
$server->sql('CREATE TABLE t TABLESPACE place AS SELECT i, md5(i::text) AS filler FROM generate_series(1, 10000) i');
my $ROWS = 'SELECT sum(hashtextextended(t::text, 0)) FROM t';
my $rows = $server->sql($ROWS);
my $id = $server->run_backup(type => 'physical');
my ($pack) = map { s{^faults/}{}r } $s3->objects("faults/main/backup/$id/pack-");

# A server that is to be restored, its tablespace somewhere else if that is
# said, with the arguments for it.
sub new_target
{
	my ($name, $place) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my $mapping = "$location=" . ($place || $node->basedir . '/place');

	return { node => $node, data => $node->data_dir,
		arguments => [ 'restore', $id, '--jobs', 2, '--pgdata', $node->data_dir, '--tablespace-mapping', $mapping ] };
}

# Begins a restore in which the pack comes to a halt, after so many ranges of
# it, and waits for that.
sub start_restore
{
	my ($target, $ranges) = @_;
	my @command = ('erpgo_backup', '--repository', $server->url, '--secrets-file', $server->{secrets}, @{ $target->{arguments} });

	$target->{err} = '';
	$s3->misbehave(match => '^GET \S*/pack-', fault => 'stall', skip => $ranges);
	$target->{run} = IPC::Run::start(\@command, '<', \undef, '>', \$target->{out}, '2>', \$target->{err});
	wait_for('the pack to come to a halt', sub { return grep { / stall$/ } $s3->requests });
	wait_for('some files', sub { my @files = file_names("$target->{data}/base"); return @files > 5 }) if $ranges > 0;
	return;
}

# Waits until it has ended, while something happens again and again; its exit
# code.
sub end_restore
{
	my ($target, $meanwhile) = @_;
	my $run = $target->{run};

	wait_for('the end of the restore', sub { $meanwhile->() if $meanwhile; $run->pump_nb; return !$run->pumpable });
	$run->finish;
	return $run->result(0);
}

# Tests what a restore leaves that was not killed.
sub says_how_to_go_on
{
	my ($target) = @_;

	like($target->{err}, qr/warning: directory "\Q$target->{data}\E" is incomplete, and no server starts there\n.*hint: Repeat the restore with --delta/,
		'it says what is left, and how to go on');
	return;
}

# Tests that a directory is not one that a server starts in.
sub does_not_start
{
	my ($target) = @_;

	ok(!-e "$target->{data}/global/pg_control", 'there is no pg_control');
	$target->{node}->command_fails([ 'pg_ctl', '-D', $target->{data}, '-l', "$basedir/log", '-t', 10, '-w', 'start' ], 'no server starts there');
	return;
}

# Tests that the restore goes on as it says, and what there is then.
sub goes_on
{
	my ($target) = @_;
	my $node = $target->{node};

	$s3->misbehave;
	$server->cli_ok(@{ $target->{arguments} }, '--delta');
	ok(!-e "$target->{data}/erpgo_backup.restoring", 'it is completed');
	start_restored($node);
	is($node->safe_psql('postgres', $ROWS), $rows, 'a server has the rows of the backup');
	$node->stop;
	return;
}

subtest 'the server goes away for good' => sub {
	my $target = new_target('gone');
	my $shifts = "$basedir/shifts";
	my $passed = 0;

	write_shifts($shifts, 0);
	{
		# It is waited for longer than a test should take.
		local $ENV{LD_PRELOAD} = clock_library($basedir);
		local $ENV{LEAPING_CLOCK_FILE} = $shifts;
		start_restore($target, 1);
	}
	$s3->stop_proxy;
	is(end_restore($target, sub { write_shifts($shifts, 0, $passed += 40) }), 1, 'the restore fails');
	like($target->{err}, qr{error: could not read object "main/backup/\Q$id\E/\S+" in "s3://\S+": }, 'it says what it could not read, and from where');
	like($target->{err}, qr/hint: Check that the server is running/, 'and what to look at');
	says_how_to_go_on($target);
	does_not_start($target);
	use_proxy();
	my ($exit_code, undef, $err) = $server->cli(@{ $target->{arguments} });
	is($exit_code, 1, 'without --delta it is not repeated');
	like($err, qr/it is not empty.*--delta/s, 'which is said');
	goes_on($target);
};

foreach my $case (
	[ 'may not be read any more', 1, qr/could not read object "\Q$pack\E" in .*status 403 \(AccessDenied\)/, status => 403, code => 'AccessDenied', skip => 1 ],
	[ 'is gone', 3, qr/object "\Q$pack\E" is missing/, status => 404, code => 'NoSuchKey' ])
{
	my ($what, $expected, $message, %fault) = @$case;

	subtest "a pack that $what" => sub {
		my $target = new_target("refused$fault{status}");

		$s3->misbehave(match => '^GET \S*/pack-', fault => 'status', %fault);
		(my $exit_code, undef, $target->{err}) = $server->cli(@{ $target->{arguments} });
		is($exit_code, $expected, "ends the restore with exit code $expected");
		like($target->{err}, $message, 'and is named');
		says_how_to_go_on($target);
		does_not_start($target);
	};
}

SKIP:
{
	my $small = small_file_system();

	skip 'no small file system (ERPGO_BACKUP_SMALL_FS) was given', 1 unless $small;
	subtest 'the disk fills' => sub {
		my $folder = "$small/restored.$$";
		my $target = new_target('full', $folder);

		start_restore($target, 0);
		# There was room when that was looked at.
		eval { write_file("$small/ballast.$$", "\0" x (16 * 1024 * 1024)) } and die 'the file system is not small';
		$s3->misbehave;
		is(end_restore($target), 1, 'the restore fails');
		like($target->{err}, qr/error: could not write (?:to )?"\Q$folder\E\S*": No space left on device/, 'it says which file could not be written');
		says_how_to_go_on($target);
		does_not_start($target);

		my ($exit_code, undef, $err) = $server->cli(@{ $target->{arguments} }, '--delta');
		is($exit_code, 1, 'without room it does not go on');
		like($err, qr/cannot restore to "\Q$folder\E\S*": it needs .*B, the file system has/, 'and says how much it takes');
		does_not_start($target);
		unlink("$small/ballast.$$") or die "unlink: $!";
		goes_on($target);
		remove_tree($folder);
	};
}

subtest 'it is killed' => sub {
	my $target = new_target('killed');

	start_restore($target, 1);
	$target->{run}->signal('KILL');
	$target->{run}->finish;
	does_not_start($target);
	goes_on($target);
};

subtest 'one of its processes is killed' => sub {
	my $target = new_target('worker');

	start_restore($target, 1);
	my ($worker) = split(' ', `pgrep -P $target->{run}{KIDS}[0]{PID}`);
	my ($reader) = split(' ', `pgrep -P $worker`);
	kill('KILL', $reader) == 1 or die "kill: $!";
	is(end_restore($target), 1, 'the restore fails');
	like($target->{err}, qr/error: a worker process was killed by signal 9/, 'it says so');
	says_how_to_go_on($target);
	does_not_start($target);
};

$server->log_is_clean;
done_testing();
