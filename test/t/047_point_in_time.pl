# A cluster is brought back to any moment that the archive has.
use strict;
use warnings;
use ErpgoArchive qw(command switch_wal archived recovered_rows);
use ErpgoBackup qw(wait_for damage read_file write_file);
use PostgreSQL::Test::Cluster;
use Test::More;

my $source = ErpgoBackup->new('source', encrypted => 1,
	settings => {
		archive_mode => 'on', wal_level => 'replica', max_wal_senders => 4,
		# What the original has set must not hold in a copy.
		recovery_target_name => 'nowhere', primary_conninfo => 'host=nowhere' });
$source->set('archive_command' => command($source, 'wal-push', '%p'));
$source->sql('CREATE TABLE ledger (n int)');

# Adds a row; (the transaction that did, the position after it, the time then).
sub add_row
{
	my ($n) = @_;
	my $xid = $source->sql("INSERT INTO ledger VALUES ($n) RETURNING pg_current_xact_id()");

	return ($xid, split(/\|/, $source->sql("SELECT pg_current_wal_insert_lsn(), to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.USOF')")));
}

my ($before_xid, $before_lsn, $before_time) = add_row(0);
my $first = $source->sql("SELECT erpgo_backup_run('physical')");
my ($xid_1, $lsn_1, $time_1) = add_row(1);
my $segment_1 = switch_wal($source);
my ($xid_2, $lsn_2, $time_2) = add_row(2);
$source->sql("SELECT pg_create_restore_point('after two')");
my $segment_2 = switch_wal($source);
my $second = $source->sql("SELECT erpgo_backup_run('physical')");
add_row(3);
my $segment_3 = switch_wal($source);
my $copies = 0;

# Restores with options to a new directory: (node, exit code, output, errors).
sub restore
{
	my ($id, @options) = @_;
	my $node = PostgreSQL::Test::Cluster->new('copy' . ++$copies);

	return ($node, $source->cli('restore', $id, '--pgdata', $node->data_dir, @options));
}

# Has a restored server listen where the test looks for it.
sub give_address
{
	my ($node) = @_;

	$node->append_conf('postgresql.conf', join("\n", 'port = ' . $node->port,
		"unix_socket_directories = '" . $node->host . "'"));
	return;
}

# Restores, starts, and waits until a query is true; the node.
sub recover
{
	my ($until, $id, @options) = @_;
	my ($node, $exit_code, $out, $err) = restore($id, @options);

	is($exit_code, 0, "restore @options") or diag $err;
	$node->command_ok([ 'pg_verifybackup', $node->data_dir ], 'pg_verifybackup accepts it');
	give_address($node);
	$node->start;
	$node->poll_query_until('postgres', $until) or die 'the copy does not come so far';
	return $node;
}

# Tests what the table holds after a recovery that ends by itself.
sub recovers_to
{
	my ($rows, @arguments) = @_;
	my $node = recover('SELECT NOT pg_is_in_recovery()', @arguments);

	is(recovered_rows($node), $rows, "recovers to the rows $rows");
	$node->stop;
	return;
}

subtest 'the end of the archive' => sub { recovers_to('0,1,2,3', 'latest', '--to', 'latest'); };
subtest 'the end from an older backup' => sub { recovers_to('0,1,2,3', $first, '--to', 'latest'); };
subtest 'as soon as it is consistent' => sub { recovers_to('0', $first, '--to', 'immediate'); };
subtest 'a time, from the backup before it' => sub { recovers_to('0,1', 'latest', '--to-time', $time_1); };
subtest 'a position' => sub { recovers_to('0,1', 'latest', '--to-lsn', $lsn_1); };
subtest 'what was before a transaction' => sub { recovers_to('0,1', $first, '--to-xid', $xid_2, '--exclusive'); };
subtest 'a restore point' => sub { recovers_to('0,1,2', $first, '--to-name', 'after two'); };

subtest 'a server that pauses there' => sub {
	my $node = recover('SELECT pg_get_wal_replay_pause_state() = \'paused\'', 'latest', '--to-lsn', $lsn_1, '--action', 'pause');

	is(recovered_rows($node), '0,1', 'shows what there was');
	is($node->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'and is in recovery');
	$node->stop;
};

foreach my $case (
	[ 'a backup that is too late', qr/is too late for the target.*Backup "\Q$first\E" suits/s, $second, '--to-lsn', $lsn_1 ],
	[ 'a time before a backup', qr/is too late for the target/, $second, '--to-time', $before_time ],
	[ 'a time before all backups', qr/there is no physical backup .* can begin at/, 'latest', '--to-time', $before_time ],
	[ 'a position that was not archived yet', qr/that the recovery needs are not in the archive/, 'latest', '--to-lsn', 'FF/0' ],
	[ 'a timeline that there is not', qr/is not in the history of timeline 7/, $first, '--to', 'latest', '--timeline', 7 ],
	[ 'a time without its zone', qr/is not a time with its offset/, 'latest', '--to-time', '2026-11-23 14:00:00' ],
	[ 'two targets', qr/only one target/, 'latest', '--to', 'latest', '--to-xid', 5 ],
	[ 'an exclusive end', qr/--exclusive needs/, 'latest', '--to', 'latest', '--exclusive' ])
{
	my ($what, $says, @arguments) = @$case;
	my ($node, $exit_code, $out, $err) = restore(@arguments);

	isnt($exit_code, 0, "$what is refused");
	like($err, $says, 'and it says why');
	ok(!-e $node->data_dir . '/PG_VERSION', 'before anything is written');
}

# From here on segments are damaged: the source archives nothing any more.
$source->node->stop;
my ($object) = map { $source->folder . "/$_" } archived($source, $segment_2);
my $good = read_file($object);

subtest 'a segment that is not there' => sub {
	unlink($object);
	my ($node, $exit_code, $out, $err) = restore($first, '--to', 'latest');
	is($exit_code, 3, 'is found before anything is written');
	like($err, qr/not in the archive \(1\): "$segment_2"/, 'by name');
	ok(!-e $node->data_dir . '/PG_VERSION', 'nothing was written');
	recovers_to('0,1', $first, '--to-lsn', $lsn_1);
	write_file($object, $good);
};

subtest 'a segment that is damaged' => sub {
	my ($untouched, $exit_code, $out, $err) = do { damage($object, 'flip'); restore($first, '--to', 'latest') };
	is($exit_code, 3, 'is found before anything is written');
	like($err, qr/is damaged: its digest is not what its name says/, 'by name');
	ok(!-e $untouched->data_dir . '/PG_VERSION', 'nothing was written');
	write_file($object, $good);

	(my $node, $exit_code, $out, $err) = restore($first, '--to', 'latest');
	is($exit_code, 0, 'one that gets damaged afterwards is not') or diag $err;
	damage($object, 'flip');
	give_address($node);
	$node->start(fail_ok => 1);
	wait_for('the end of the server', sub { return !-e $node->data_dir . '/postmaster.pid' });
	# It may have let clients in before it came to that segment.
	$node->_update_pid(0);
	like(read_file($node->logfile), qr/is damaged: its digest is not what its name says/, 'the server is told');
	unlike(read_file($node->logfile), qr/archive recovery complete/, 'and does not open');
	write_file($object, $good);
};

$source->log_is_clean(qr{terminating background worker "erpgo_backup scheduler"});
done_testing();
