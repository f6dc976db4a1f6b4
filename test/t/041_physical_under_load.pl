# Physical backups that are made while everything about a server changes
# become servers that are whole, and have what was committed at their end.
# For much longer where ERPGO_BACKUP_TEST_LONG is set.
use strict;
use warnings;
use ErpgoBackup qw(write_file wait_for);
use ErpgoCluster;
use File::Path ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use Test::More;
use Time::HiRes ();

my $ROUNDS_S = $ENV{ERPGO_BACKUP_TEST_LONG} ? 1800 : 15;
my $ACCOUNTS = 200;
my $WAL_SEGMENT_SIZE = 16 * 1024 * 1024;

# The buffers are few, so that pages are written all the time.
my $server = make_server('load',
	settings => { wal_level => 'replica', shared_buffers => '4MB', max_wal_size => '64MB',
		checkpoint_timeout => '30s', log_statement => 'none', log_min_messages => 'warning' });
my $node = $server->node;
my $folder = $node->basedir . '/restored';

# What each client of the workload does, again and again.  A row of the
# journal has a position in the WAL before that of its commit; the next row of
# the same client has one behind it.
my %scripts = (
	ledger => <<'END',
\set from random(1, 100)
\set to random(101, 200)
\set amount random(1, 1000)
BEGIN;
UPDATE ledger SET balance = balance - :amount WHERE client = :client_id AND account = :from;
UPDATE ledger SET balance = balance + :amount WHERE client = :client_id AND account = :to;
INSERT INTO journal SELECT :client_id, coalesce(max(number), 0) + 1, :from, :to, :amount, pg_current_wal_insert_lsn()
	FROM journal WHERE client = :client_id;
COMMIT;
END
	relations => <<'END',
CREATE TABLE passing (i int PRIMARY KEY, t text) TABLESPACE one;
INSERT INTO passing SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 2000) i;
CREATE INDEX passing_text ON passing (t) TABLESPACE two;
CREATE UNLOGGED TABLE fleeting AS SELECT * FROM passing;
CREATE TEMPORARY TABLE own AS SELECT * FROM passing;
VACUUM FULL passing;
ALTER TABLE passing SET TABLESPACE two;
ALTER TABLE fleeting SET LOGGED;
DELETE FROM fleeting WHERE i % 2 = 0;
VACUUM fleeting;
TRUNCATE passing;
INSERT INTO passing SELECT i, i::text FROM generate_series(1, 500) i;
ALTER TABLE passing ALTER COLUMN i TYPE bigint;
DROP TABLE passing, fleeting, own;
ALTER TABLE moved SET TABLESPACE one;
VACUUM FULL moved;
REINDEX TABLE moved;
VACUUM FULL pg_class;
ALTER TABLE moved SET TABLESPACE two;
CLUSTER moved USING moved_pkey;
UPDATE moved SET t = md5(t) WHERE i % 10 = 0;
ALTER TABLE moved SET TABLESPACE pg_default;
END
	databases => <<'END',
CREATE DATABASE logged TEMPLATE pattern STRATEGY wal_log;
CREATE DATABASE copied TEMPLATE pattern STRATEGY file_copy TABLESPACE one;
ALTER DATABASE copied SET TABLESPACE two;
ALTER DATABASE logged RENAME TO renamed;
DROP DATABASE copied;
DROP DATABASE renamed;
END
);

$server->sql(<<"END");
CREATE TABLE ledger (client int, account int, balance bigint NOT NULL, PRIMARY KEY (client, account));
INSERT INTO ledger SELECT c, a, 0 FROM generate_series(0, 1) c, generate_series(1, $ACCOUNTS) a;
CREATE TABLE journal (client int, number bigint, "from" int, "to" int, amount bigint, lsn pg_lsn,
	PRIMARY KEY (client, number));
CREATE TABLE moved (i int PRIMARY KEY, t text);
INSERT INTO moved SELECT i, md5(i::text) FROM generate_series(1, 20000) i;
END
$server->sql('CREATE DATABASE pattern');
$server->sql('CREATE TABLE sample AS SELECT i FROM generate_series(1, 1000) i', 'pattern');
$node->command_ok([ 'pgbench', '-i', '-s', 5, 'postgres' ], 'pgbench has its tables');

# Runs pgbench until it is ended: its own script, or one of those above.
sub start_load
{
	my ($script, $clients) = @_;
	my @file = ();

	if ($script ne 'pgbench')
	{
		write_file($node->basedir . "/$script.sql", $scripts{$script});
		@file = ('-n', '-f', $node->basedir . "/$script.sql");
	}
	my %load = (name => $script, in => '', out => '', err => '');
	$load{run} = IPC::Run::start(
		[ 'pgbench', @file, '-c', $clients, '-T', 2 * $ROUNDS_S + 600,
			'-h', $node->host, '-p', $node->port, 'postgres' ],
		'<', \$load{in}, '>', \$load{out}, '2>', \$load{err});
	return \%load;
}

my @loads = (start_load('pgbench', 2), start_load('ledger', 2), start_load('relations', 1),
	start_load('databases', 1));

# The invariants of the ledger, and what never changes.
my $WRONG = <<'END';
SELECT 'balance', client, account FROM ledger l
WHERE balance <> (SELECT coalesce(sum(CASE l.account WHEN j."to" THEN amount ELSE -amount END), 0)
	FROM journal j WHERE j.client = l.client AND l.account IN (j."from", j."to"))
UNION ALL SELECT 'gap', client, count(*) FROM journal GROUP BY client HAVING count(*) <> max(number)
UNION ALL SELECT 'moved', count(*), sum(i) FROM moved HAVING (count(*), sum(i)) <> (20000, 200010000)
UNION ALL SELECT 'branches', 0, 0 WHERE (SELECT sum(bbalance) FROM pgbench_branches)
	<> (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
UNION ALL SELECT 'accounts', 0, 0 WHERE (SELECT sum(abalance) FROM pgbench_accounts)
	<> (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
END

# The journal of both clients up to these rows.
sub journal
{
	my ($node_, @last) = @_;

	return $node_->safe_psql('postgres',
		'SELECT client, count(*), sum(hashtextextended(j::text, 0)) FROM journal j WHERE '
		  . join(' OR ', map { "client = $_ AND number <= $last[$_]" } 0 .. $#last)
		  . ' GROUP BY client ORDER BY client');
}

# Tests that a restored server has what was committed when the backup ended.
# The segment with that position has more; what it has is replayed.
sub has_what_was_committed
{
	my ($restored, $stop_lsn) = @_;
	my @last = split(/\n/, $restored->safe_psql('postgres',
		'SELECT max(number) FROM journal GROUP BY client ORDER BY client'));
	my @least = split(/\n/, $server->sql(
		"SELECT max(number) - 1 FROM journal WHERE lsn < '$stop_lsn' GROUP BY client ORDER BY client"));

	is($restored->safe_psql('postgres', $WRONG), '', 'its rows fit each other');
	is(scalar(@last), 2, 'it has rows of both clients');
	foreach my $client (0, 1)
	{
		cmp_ok($last[$client], '>=', $least[$client], "and all that client $client had committed");
	}
	is($restored->safe_psql('postgres', "SELECT count(*) FROM journal
			WHERE lsn >= '0/0'::pg_lsn + ceil(('$stop_lsn'::pg_lsn - '0/0') / $WAL_SEGMENT_SIZE) * $WAL_SEGMENT_SIZE"),
		0, 'and nothing from later');
	is(journal($restored, @last), journal($node, @last), 'as the source has it');
	return;
}

# A backup, and what becomes of it.
sub round
{
	my ($number) = @_;
	my $restored = PostgreSQL::Test::Cluster->new("round$number");
	my $id = $server->sql("SELECT erpgo_backup_run('physical')");
	my $physical = JSON::PP::decode_json($server->cli_ok('--json', 'show', $id))->{physical};

	is($physical->{bad_page_count}, 0, 'no page seems to be bad');
	$server->cli_ok('restore', $id, '--pgdata', $restored->data_dir,
		mapping($server, "$folder/$number"));
	start_restored($restored);
	has_what_was_committed($restored, $physical->{stop_lsn});
	check_and_stop($restored);
	File::Path::remove_tree($restored->basedir, "$folder/$number", $server->backup_folder($id));
	return;
}

wait_for('the workload to get going',
	sub { $server->sql('SELECT count(DISTINCT client) FROM journal WHERE number > 20') eq 2 });
my $end = Time::HiRes::time() + $ROUNDS_S;
for (my $number = 1; $number <= 2 || Time::HiRes::time() < $end; $number++)
{
	subtest "round $number" => sub { round($number); };
}

foreach my $load (@loads)
{
	ok($load->{run}->pumpable, "\"$load->{name}\" ran all the time") or diag($load->{err});
	$load->{run}->kill_kill;
}
is($server->sql('SELECT count(*) FROM pg_replication_slots'), 0, 'no replication slot is left');
$server->log_is_clean(qr/terminating (?:background worker|autovacuum process)|connection to client lost/);
done_testing();
