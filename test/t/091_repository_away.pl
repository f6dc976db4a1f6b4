# While one of the required repositories is away nothing counts as archived, but
# the others get what waits: if the server is lost meanwhile, they have it.
use strict;
use warnings;
use ErpgoBackup qw(wait_for file_names read_file small_file_system write_file);
use ErpgoCluster;
use File::Path qw(remove_tree);
use PostgreSQL::Test::Cluster;
use Test::More;

my $server = ErpgoBackup->new('server', encrypted => 1,
	settings => {
		archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		'erpgo_backup.wal_flush_interval' => '1s', 'erpgo_backup.retry_delay' => '100ms' });
my $first = $server->folder;
my $second = $server->node->basedir . '/second';
my $rows = 0;

# The objects of the WAL archive that a repository has, with their bytes; pieces
# of an unfinished segment are left out.
sub wal_of
{
	my ($folder) = @_;

	return { map { $_ => read_file("$folder/main/wal/$_") }
		  grep { !m{/tail/|tmp} } file_names("$folder/main/wal") };
}

sub keys_of { return [ file_names("$_[0]/main/key") ]; }

sub has_segment
{
	my ($folder, $segment) = @_;

	return scalar grep { m{/\Q$segment\E-} } file_names("$folder/main/wal");
}

# Commits a row.
sub add_row { return $server->sql('INSERT INTO ledger VALUES (' . ++$rows . ')'); }

# Ends so many segments, each with a row; their names.
sub end_segments
{
	my ($count) = @_;

	return map {
		add_row();
		my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
		$server->sql('SELECT pg_switch_wal()');
		$segment
	} 1 .. $count;
}

sub await_archived
{
	my ($segment) = @_;

	wait_for("$segment to be archived",
		sub { $server->sql("SELECT last_archived_wal >= '$segment' FROM pg_stat_archiver") eq 't' });
	return;
}

# Puts a repository out of reach, and back.
sub take_away { rename($_[0], "$_[0].away") or die "rename: $!"; write_file($_[0], "no folder\n"); return; }
sub bring_back { unlink($_[0]); rename("$_[0].away", $_[0]) or die "rename: $!"; return; }

$server->sql('CREATE TABLE ledger (n int)');

subtest 'the first repository is full' => sub {
	my $small = small_file_system();

	plan skip_all => 'no small file system (ERPGO_BACKUP_SMALL_FS) was given' unless $small;
	my ($full, $other) = ("$small/first.$$", $server->node->basedir . '/other');

	$server->set('erpgo_backup.repository' => "file://$full,file://$other?wal=required");
	await_archived(end_segments(1));
	system("dd if=/dev/zero of=$small/ballast.$$ bs=4096 >/dev/null 2>&1");
	my $count = $server->sql('SELECT archived_count FROM pg_stat_archiver');
	my @segments = end_segments(3);

	foreach my $segment (@segments)
	{
		wait_for($segment, sub { has_segment($other, $segment) });
	}
	pass('the other one gets what waits');
	is($server->sql('SELECT archived_count FROM pg_stat_archiver'), $count, 'which does not count as archived');
	unlink("$small/ballast.$$");
	await_archived($segments[-1]);
	is_deeply(wal_of($full), wal_of($other), 'when there is room again, both have the same bytes');
	is_deeply(keys_of($full), keys_of($other), 'and the same keys');
	$server->set('erpgo_backup.repository' => $server->url . ",file://$second?wal=required");
	await_archived(end_segments(1));
	remove_tree($full);
};

# Also where there is no small file system.
$server->set('erpgo_backup.repository' => $server->url . ",file://$second?wal=required");
my $backup = $server->run_backup(type => 'physical');
wait_for('the copy', sub { $server->sql("SELECT status FROM erpgo_backup_copies WHERE id = '$backup'") eq 'ok' });
await_archived(end_segments(1));

foreach my $case ([ 'the first repository', $first, $second ], [ 'a further repository', $second, $first ])
{
	my ($name, $away, $there) = @$case;

	subtest "$name is away" => sub {
		take_away($away);
		my $count = $server->sql('SELECT archived_count FROM pg_stat_archiver');
		my @segments = end_segments(3);

		foreach my $segment (@segments)
		{
			wait_for($segment, sub { has_segment($there, $segment) });
		}
		pass('the other one gets what waits');
		is($server->sql('SELECT archived_count FROM pg_stat_archiver'), $count, 'which does not count as archived');
		ok(-e $server->node->data_dir . "/pg_wal/archive_status/$_.ready", "the server keeps $_") foreach @segments;
		bring_back($away);
		await_archived($segments[-1]);
		is_deeply(wal_of($away), wal_of($there), 'when it is back, both have the same bytes');
		is_deeply(keys_of($away), keys_of($there), 'and the same keys');
	};
}

take_away($first);
my @last = end_segments(2);
add_row();
my ($segment, $offset) = split /\|/, $server->sql('SELECT * FROM pg_walfile_name_offset(pg_current_wal_flush_lsn())');
wait_for('the segments', sub { has_segment($second, $last[0]) && has_segment($second, $last[1]) });
wait_for('the tail', sub {
	grep { m{/tail/\Q$segment\E\.\w+\.(\w+)\.tail} && hex($1) >= $offset } file_names("$second/main/wal") });
$server->node->stop('immediate');
remove_tree("$first.away", $server->node->data_dir);

my $restored = PostgreSQL::Test::Cluster->new('restored');
my ($code, $out, $err) = ErpgoBackup::run_program('erpgo_backup', '--secrets-file', $server->{secrets}, '--repository', "file://$second",
	'restore', 'latest', '--pgdata', $restored->data_dir, '--to', 'latest');
is($code, 0, 'the server is lost, and restored from the other repository') or diag($out, $err);
start_server($restored);
$restored->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'it does not end its recovery';
is($restored->safe_psql('postgres', 'SELECT count(*), max(n) FROM ledger'), "$rows|$rows", 'to the last row');
$restored->stop;

$server->log_is_clean(qr/could not archive|directory|No space left/);
done_testing();
