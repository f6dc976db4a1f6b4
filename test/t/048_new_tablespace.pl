# Recovery makes a tablespace where the original has it: a restore that would
# write to the files of production is refused.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal);
use ErpgoBackup;
use ErpgoCluster;
use PostgreSQL::Test::Cluster;
use Test::More;

my $source = make_server('main', settings => {
	wal_level => 'replica', archive_mode => 'on', archive_library => 'erpgo_backup' });
my $folder = $source->node->basedir . '/restored';
my $place = $source->node->basedir . '/later, "new"';
my $count = 0;

# Restores to a target: the node, exit code and errors.
sub restore
{
	my ($id, @arguments) = @_;
	my $node = PostgreSQL::Test::Cluster->new('restored' . ++$count);
	my ($exit_code, $out, $err) = $source->cli('restore', $id, '--pgdata', $node->data_dir,
		mapping($source, "$folder/$count"), @arguments);

	return ($node, $exit_code, $err, $out);
}

# Starts a restored server and waits until it is open; the numbers in a table.
sub numbers_in
{
	my ($node, $table) = @_;

	start_restored($node);
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'it does not open';
	my $numbers = $node->safe_psql('postgres', "SELECT string_agg(n::text, ',' ORDER BY n) FROM $table");
	$node->stop;
	return $numbers;
}

$source->sql('CREATE TABLE ledger AS SELECT 1 AS n');
my $before = $source->sql("SELECT erpgo_backup_run('physical')");
$source->sql('INSERT INTO ledger VALUES (2)');
my $lsn = $source->sql('SELECT pg_current_wal_flush_lsn()');
# Several batches of segments lie before and behind what is looked for.
switch_wal($source, "INSERT INTO ledger VALUES ($_)") foreach 3 .. 11;
mkdir($place) or die "mkdir: $!";
$source->sql("CREATE TABLESPACE later LOCATION '$place'");
$source->sql('CREATE TABLE moved (n) TABLESPACE later AS SELECT generate_series(1, 3)');
switch_wal($source, "INSERT INTO ledger VALUES ($_)") foreach 12 .. 13;
my $after = $source->sql("SELECT erpgo_backup_run('physical')");
$source->sql('DELETE FROM moved WHERE n = 2');
switch_wal($source);

my ($node, $exit_code, $err) = restore($before, '--to', 'latest');
is($exit_code, 1, 'a recovery over the creation of a tablespace is refused where the original has it');
like($err, qr{would write to "\Q$place\E", where something is: a tablespace was created there at LSN [0-9A-F]+/[0-9A-F]+},
	'by folder and position');
ok(!-e $node->data_dir . '/PG_VERSION', 'nothing was written');
is($source->sql('SELECT count(*) FROM moved'), 2, 'the original is what it was');

($node, $exit_code, $err, my $out) = restore($before, '--to-lsn', $lsn);
is($exit_code, 0, 'a moment before that can be had') or diag $err;
like($out, qr/^when it is started, it recovers to LSN \Q$lsn\E on timeline 1 \(action: promote/m, 'it says what will happen');
is(numbers_in($node, 'ledger'), '1,2', 'with what was there');

($node, $exit_code, $err) = restore($after, '--to', 'latest',
	'--tablespace-mapping', "$place=$folder/later");
is($exit_code, 0, 'so can all that follows, from a later backup') or diag $err;
is(numbers_in($node, 'moved'), '1,3', 'with the tablespace elsewhere');
is($source->sql('SELECT count(*) FROM moved'), 2, 'beside the original');

$source->node->stop;
rename($place, "$place (away)") or die "rename: $!";
($node, $exit_code, $err) = restore($before, '--to', 'latest');
is($exit_code, 0, 'where nothing is, it is no obstacle') or diag $err;
like($err, qr{as long as directory "\Q$place\E" does not exist}, 'but there has to be a directory');
mkdir($place) or die "mkdir: $!";
is(numbers_in($node, 'moved'), '1,3', 'with which the recovery makes the tablespace');

$source->log_is_clean(qr/terminating background worker/);
done_testing();
