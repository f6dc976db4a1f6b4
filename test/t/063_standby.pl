# A restored replica follows its primary: by the archive alone, and where that
# ends, or lacks a segment, by streaming.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal archived);
use ErpgoBackup qw(wait_for damage read_file write_file);
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = ErpgoBackup->new('primary', encrypted => 1, settings => {
	wal_level => 'replica', max_wal_senders => 4, archive_mode => 'on', archive_library => 'erpgo_backup',
	# What the archive lacks, the primary still has.
	wal_keep_size => '512MB' });
my $conninfo = 'host=' . $primary->node->host . ' port=' . $primary->node->port . ' application_name=replica';

# Waits until a standby has these rows.
sub has_rows
{
	my ($standby, $rows) = @_;

	ok($standby->node->poll_query_until('postgres',
		q{SELECT string_agg(n::text, ',' ORDER BY n) FROM ledger}, $rows), "it comes to the rows $rows");
	return;
}

# What wal-get says of a segment: (exit code, errors).
sub wal_get
{
	my ($segment, @options) = @_;
	my ($exit_code, $out, $err) = $primary->cli('wal-get', '--prefetch', 0, @options, $segment,
		$primary->node->basedir . '/got');

	return ($exit_code, $err);
}

$primary->sql('CREATE TABLE ledger (n int)');
$primary->sql('INSERT INTO ledger VALUES (0)');
my $id = $primary->sql("SELECT erpgo_backup_run('physical')");
switch_wal($primary, 'INSERT INTO ledger VALUES (1)');
my $node = PostgreSQL::Test::Cluster->new('replica');
my ($exit_code, $out, $err) = $primary->cli('restore', $id, '--pgdata', $node->data_dir, '--standby');
is($exit_code, 0, 'a replica is restored') or diag $err;
like($out, qr/when it is started, it is a standby/, 'it is said to be one');
$node->command_ok([ 'pg_verifybackup', $node->data_dir ], 'pg_verifybackup accepts it');
my $standby = bless { %$primary, node => $node }, ref $primary;
$node->append_conf('postgresql.conf', 'port = ' . $node->port . "\nunix_socket_directories = '" . $node->host . "'");

subtest 'by the archive' => sub {
	$node->start;
	has_rows($standby, '0,1');
	switch_wal($primary, 'INSERT INTO ledger VALUES (2)');
	has_rows($standby, '0,1,2');
	is($primary->sql('SELECT count(*) FROM pg_stat_replication'), 0, 'without a connection to the primary');
	is($standby->sql('SELECT pg_is_in_recovery()'), 't', 'it waits for more at the end of the archive');
	is($standby->sql('SHOW archive_mode'), 'off', 'it archives nothing itself');
	$node->stop;
};

my ($lost) = map { switch_wal($primary, "INSERT INTO ledger VALUES ($_)") } 3, 4;
my ($object) = map { $primary->folder . "/$_" } archived($primary, $lost);
my $good = read_file($object);

subtest 'what wal-get says' => sub {
	unlink($object) or die "unlink: $!";
	($exit_code, $err) = wal_get($lost);
	is($exit_code, 126, 'a hole stops a recovery that has nothing but the archive');
	($exit_code, $err) = wal_get($lost, '--standby');
	is($exit_code, 1, 'but a standby looks for that segment elsewhere');
	is($err, '', 'which is not worth a word');
	write_file($object, $good);
	damage($object, 'flip');
	($exit_code, $err) = wal_get($lost, '--standby');
	is($exit_code, 126, 'a damaged segment stops a standby, too');
	like($err, qr/is damaged: its digest/, 'and it says why');
	unlink($object);
};

subtest 'by streaming, over a hole in the archive' => sub {
	$node->append_conf('postgresql.auto.conf', "primary_conninfo = '$conninfo'");
	$node->start;
	has_rows($standby, '0,1,2,3,4');
	$primary->sql('INSERT INTO ledger VALUES (5)');
	has_rows($standby, '0,1,2,3,4,5');
	is($primary->sql('SELECT application_name FROM pg_stat_replication'), 'replica', 'it is connected to the primary');
	$node->stop;
};

$_->log_is_clean(qr{terminating (?:walreceiver|background worker "erpgo_backup scheduler")}) foreach $primary, $standby;
done_testing();
