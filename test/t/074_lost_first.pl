# The first repository is lost, and the server with it: what the second one has,
# and the key, restore the cluster to the last WAL that was archived.
use strict;
use warnings;
use ErpgoArchive qw(archived);
use ErpgoBackup qw(wait_for file_names read_file write_file);
use ErpgoCluster;
use File::Path qw(remove_tree);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = ErpgoBackup->new('lost', encrypted => 1,
	settings => { wal_level => 'replica', archive_mode => 'on' });
my $base = $server->node->basedir;
my $first = $server->folder;
my $second = "$base/second";
my $follower = "$base/follower";
my @program = ('erpgo_backup', '--secrets-file', $server->{secrets});

# A command of the command line with both repositories, for a setting.
sub command
{
	my (@words) = @_;

	return join(' ', @program, '--repository', "\"file://$first, file://$second?wal=required\"", @words);
}

# Runs the command line with one repository.
sub run_with
{
	my ($folder, @arguments) = @_;

	return ErpgoBackup::run_program(@program, '--repository', "file://$folder", @arguments);
}

# The files of WAL that a repository has, with their bytes.
sub wal_of
{
	my ($folder) = @_;

	return { map { $_ => read_file("$folder/main/wal/$_") }
		  grep { !m{/tail/} } file_names("$folder/main/wal") };
}

# Archives a segment with a row; its name.
sub archive_row
{
	my ($n) = @_;

	$server->sql("INSERT INTO ledger VALUES ($n)");
	my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
	$server->sql('SELECT pg_switch_wal()');
	return $segment;
}

sub is_reported_archived
{
	my ($segment) = @_;

	return $server->sql("SELECT count(*) FROM pg_stat_archiver WHERE last_archived_wal >= '$segment'") eq '1';
}

# Restores from a folder alone, starts what comes out, and tells its rows.
sub rows_restored_from
{
	my ($folder, $name) = @_;
	my $restored = PostgreSQL::Test::Cluster->new($name);
	my ($exit_code, $out, $err) = run_with($folder, 'restore', 'latest', '--pgdata', $restored->data_dir, '--to', 'latest');

	is($exit_code, 0, 'the cluster is restored') or diag($out, $err);
	start_server($restored);
	$restored->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'it does not end its recovery';
	my $rows = $restored->safe_psql('postgres', 'SELECT string_agg(n::text, \',\' ORDER BY n) FROM ledger');
	$restored->stop;
	return $rows;
}

$server->set('archive_command' => command('wal-push', '%p'));
$server->sql('CREATE TABLE ledger (n int)');
my $backup = $server->run_backup(type => 'physical');
foreach my $folder ($second, $follower)
{
	my ($exit_code, $out, $err) = ErpgoBackup::run_program(@program, '--repository', "file://$first",
		'copy', 'latest', '--to', "file://$folder");
	is($exit_code, 0, 'the backup is copied') or diag($out, $err);
}

subtest 'WAL goes to both' => sub {
	my $segment = archive_row(1);

	wait_for('the segment to be archived', sub { is_reported_archived($segment) });
	is_deeply(wal_of($second), wal_of($first), 'as the same bytes');
	is_deeply([ file_names("$second/main/archived") ], [ file_names("$first/main/archived") ], 'with the note how far it went');
};

subtest 'a required repository that is away' => sub {
	rename($second, "$second.away") or die "rename: $!";
	write_file($second, 'in the way');
	my $segment = archive_row(2);

	wait_for('a failure', sub {
		return $server->sql("SELECT count(*) FROM pg_stat_archiver WHERE last_failed_wal = '$segment'") eq '1';
	});
	ok(!is_reported_archived($segment), 'holds archiving up: nothing is said to be archived');
	ok(-e $server->node->data_dir . "/pg_wal/archive_status/$segment.ready", 'and the server keeps the segment');
	unlink($second);
	rename("$second.away", $second) or die "rename: $!";
	$server->sql('SELECT pg_switch_wal() FROM (SELECT txid_current()) AS x');
	wait_for('the segment to be archived', sub { is_reported_archived($segment) });
	is_deeply(wal_of($second), wal_of($first), 'when it is back, it has the same bytes again');
};

subtest 'a repository that follows' => sub {
	my ($exit_code, $out) = run_with($first, 'copy', '--wal', '--to', "file://$follower");

	is($exit_code, 0, 'is given the WAL later') or diag($out);
	my %needed = %{ wal_of($first) };
	my ($start) = $server->sql("SELECT pg_walfile_name(start_lsn) FROM (SELECT (physical->>'start_lsn')::pg_lsn AS start_lsn
		FROM jsonb_to_record('" . (run_with($first, 'show', '--json', $backup))[1] =~ s/'/''/gr . "') AS x(physical jsonb)) AS y");
	delete @needed{ grep { m{/([0-9A-F]{24})-} && $1 lt $start } keys %needed };
	is_deeply(wal_of($follower), \%needed, 'from the start of its first backup on, as the same bytes');
	is_deeply([ file_names("$follower/main/archived") ], [ file_names("$first/main/archived") ], 'with the notes');
	($exit_code, $out) = run_with($first, 'copy', '--wal', '--to', "file://$follower");
	like($out, qr/files copied: 0$/, 'once');
};

my $last = archive_row(3);
wait_for('the last segment to be archived', sub { is_reported_archived($last) });
my ($copied) = run_with($first, 'copy', '--wal', '--to', "file://$follower");
is($copied, 0, 'the follower is up to date');
$server->node->stop('immediate');
remove_tree($first, $server->node->data_dir);

subtest 'a server that takes over with a list that has the lost one' => sub {
	my $folder = "$base/taken_over";
	my $owner = read_file("$second/main/owner.json");
	my ($exit_code, $out, $err) = ErpgoBackup::run_program(@program, '--repository', "file://$first, file://$second",
		'restore', 'latest', '--pgdata', $folder, '--to', 'latest', '--take-over');

	is($exit_code, 0, 'is restored') or diag($out, $err);
	like($err, qr/repository "file:\/\/\Q$first\E" is passed over.*leave it out of the list/s, 'with a warning how to go on');
	like(read_file("$folder/postgresql.auto.conf"), qr/^restore_command = .*file:\/\/\Q$first\E, file:\/\/\Q$second\E.* wal-get /m,
		'and will ask all repositories for WAL');
	isnt(read_file("$second/main/owner.json"), $owner, 'it owns the repository that is there');
	like($err, qr/does not own repository "file:\/\/\Q$first\E"/, 'and not the one that is away');
};

is(rows_restored_from($second, 'second'), '1,2,3', 'from the second repository nothing is missing');
is(rows_restored_from($follower, 'follower'), '1,2,3', 'nor from the one that followed');

$server->log_is_clean;
done_testing();
