# Archiving is killed, or refused by the disk, at one system call after the
# other: what the server believes archived is in the archive, byte for byte,
# nothing half-made is there, and archiving goes on when the fault is gone.
use strict;
use warnings;
use ErpgoArchive qw(archived);
use ErpgoBackup qw(file_names read_file small_file_system wait_for write_file);
use ErpgoFaults;
use PostgreSQL::Test::Utils ();
use Test::More;

plan skip_all => 'strace is not installed' if system('strace -V >/dev/null 2>&1') != 0;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $installation = private_installation("$folder/installation");
my $step = "$folder/step";
my $niceness = 10;

# Only the engine of the archiver, by what its parent is called.
fail_engine_at($installation, $step, 'archiver');

my $server = ErpgoBackup->new('archives', encrypted => 1, install_path => $installation, init => ['--wal-segsize=1'],
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		wal_keep_size => '1GB', 'erpgo_backup.minimum_free_space' => 0 });
my $wal = $server->node->data_dir . '/pg_wal';

# Has the next file an engine of its own, with that step to fail at, or none.
sub renew_engine
{
	my ($where) = @_;

	unlink($step);
	write_file($step, $where) if defined $where;
	# The engine is told this at its start.
	$server->set('erpgo_backup.nice' => $niceness = 21 - $niceness);
	return;
}

sub failures { return $server->sql('SELECT failed_count FROM pg_stat_archiver'); }
sub segments { my ($state) = @_; return map { m{/([0-9A-F]{24})\.$state$} ? $1 : () } glob("$wal/archive_status/*.$state"); }

# Ends the current segment; its name.
sub end_segment
{
	my $segment = $server->sql("SELECT pg_walfile_name(pg_logical_emit_message(false, 'test', 'something'))");

	$server->sql('SELECT pg_switch_wal()');
	return $segment;
}

# What the archive has of a segment; undef if nothing.
sub fetched
{
	my ($segment) = @_;
	my $path = "$folder/fetched";

	unlink($path);
	my ($exit_code, undef, $err) = $server->cli('wal-get', $segment, $path);
	like($err, qr/not|no /, "$segment: wal-get says why") if $exit_code > 1;
	return $exit_code == 0 ? read_file($path) : undef;
}

# Every segment that the server believes archived must be there.
sub nothing_is_lost
{
	my ($what) = @_;
	my @lost = grep { my $got = fetched($_); !defined $got || $got ne read_file("$wal/$_") } segments('done');

	is(join(' ', @lost), '', "$what: whatever counts as archived comes back as it was");
	is(join(' ', grep { m{(?:^|/)\.} } file_names($server->folder)), '', "$what: nothing half-made is left");
	return;
}

# Archives a segment by an engine that fails at a step; true if it got through.
sub archives_in_spite_of
{
	my ($where) = @_;
	my $failed = failures();
	my $got_through;

	renew_engine($where);
	my $segment = end_segment();
	wait_for("$where: an end of segment $segment",
		sub { $got_through = -e "$wal/archive_status/$segment.done"; $got_through || failures() > $failed });
	if (!$got_through)
	{
		my $content = fetched($segment);

		# It may have died after the last step that matters.
		ok(!defined $content || $content eq read_file("$wal/$segment"), "$where: it is there as a whole or not at all");
		renew_engine();
	}
	wait_for("$where: segment $segment in the archive", sub { -e "$wal/archive_status/$segment.done" });
	is(scalar(archived($server, $segment)), 1, "$where: it is there once");
	return $got_through;
}

end_segment();
wait_for('the first segment in the archive', sub { segments('done') > 0 });
my $started = server_start_time($server);

# An error of write would meet the messages to the server as well.
my %calls = ('signal=KILL' => [qw(fsync linkat write)], 'error=EIO' => [qw(fsync linkat)]);

foreach my $fault (sort keys %calls)
{
	my $stopped = 0;

	foreach my $call (@{ $calls{$fault} })
	{
		for (my $when = 1; $when <= 20; $when++)
		{
			last if archives_in_spite_of("$call:$fault:when=$when");
			$stopped++;
		}
	}
	cmp_ok($stopped, '>=', 3, "$fault: stopped at several steps");
	nothing_is_lost($fault);
}
is(server_start_time($server), $started, 'the server never restarted');

subtest 'a full disk' => sub {
	my $small = small_file_system();

	plan skip_all => 'no small file system (ERPGO_BACKUP_SMALL_FS) was given' unless $small;
	local $server->{folder} = "$small/archive.$$";
	my $ballast = "$small/ballast.$$";

	renew_engine();
	$server->set('erpgo_backup.repository' => $server->url);
	my $first = end_segment();
	wait_for('a segment in the small archive', sub { -e "$wal/archive_status/$first.done" });
	system("dd if=/dev/zero of=$ballast bs=4096 >/dev/null 2>&1");
	my $failed = failures();
	my @segments = map { end_segment() } 1 .. 3;

	wait_for('a failure', sub { failures() > $failed });
	like(read_file($server->node->logfile), qr/could not archive file "$segments[0]": .*No space left on device/, 'is named in the log');
	is(join(' ', grep { -e "$wal/archive_status/$_.ready" } @segments), "@segments", 'the server keeps what does not fit');
	unlink($ballast);
	wait_for('all segments in the archive', sub { !grep { !-e "$wal/archive_status/$_.done" } @segments });
	is(join(' ', grep { (fetched($_) // '') ne read_file("$wal/$_") } $first, @segments), '', 'when there is room again all are archived');
	ErpgoBackup::run_program('rm', '-r', $server->folder);
};

subtest 'a server that crashes meanwhile' => sub {
	renew_engine('fsync:delay_enter=300000');
	$server->set('erpgo_backup.repository' => $server->url);
	my @segments = map { end_segment() } 1 .. 5;

	$server->node->stop('immediate');
	unlink($step);
	$server->node->start;
	wait_for('all segments in the archive', sub { !grep { !-e "$wal/archive_status/$_.done" } @segments });
	is(join(' ', grep { (fetched($_) // '') ne read_file("$wal/$_") } @segments), '', 'goes on where it was');
};

$server->log_is_clean(qr/could not archive file/);
$server->node->stop;
done_testing();
