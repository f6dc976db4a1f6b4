# A standby that was registered goes on in its primary's repository when that
# is gone; no other does, and the old primary does not come back.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal archived);
use ErpgoBackup qw(wait_for file_names read_file);
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = ErpgoBackup->new('primary', encrypted => 1, settings => {
	wal_level => 'replica', max_wal_senders => 4, archive_mode => 'on', archive_library => 'erpgo_backup',
	'erpgo_backup.wal_flush_interval' => 0 });
my $owner = $primary->folder . '/main/owner.json';

# Makes a standby.
sub make_standby
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init_from_backup($primary->node, 'base', has_streaming => 1);
	$node->start;
	return bless { %$primary, node => $node }, ref $primary;
}

# Registers a server: (exit code, output, errors).
sub register
{
	my ($server) = @_;
	my $node = $server->node;

	return $primary->cli('register-standby', '--dbname', 'host=' . $node->host . ' port=' . $node->port);
}

# Waits until a server has been refused, from a place in its log on.
sub is_refused
{
	my ($server, $offset) = @_;

	wait_for('the refusal', sub { substr(read_file($server->node->logfile), $offset) =~ /could not archive file "0000000[23]\.history": .*so it must not write/ });
	return;
}

# Lets the owner have been silent for so many minutes.
sub silence
{
	my ($minutes) = @_;
	my $then = time() - 60 * $minutes;

	utime($then, $then, $owner) == 1 or die "utime: $!";
	return;
}

$primary->sql('CREATE TABLE ledger (n int)');
$primary->sql("SELECT erpgo_backup_run('physical')");
$primary->node->backup('base');
my ($one, $two) = map { make_standby($_) } 'one', 'two';

subtest 'registration' => sub {
	my ($exit_code, $out, $err) = register($primary);
	is($exit_code, 1, 'is not for a primary');
	like($err, qr/the server is not a standby/, 'and says so');
	($exit_code, $out, $err) = register($one);
	is($exit_code, 0, 'of a standby') or diag $err;
	like($out, qr/is registered in cluster "main"/, 'is confirmed');
	is(scalar(grep { m{/standby/[0-9a-f]{32}\.json$} } file_names($primary->folder)), 1, 'and is in the repository');
	($exit_code, $out, $err) = register($one);
	is(scalar(grep { m{/standby/} } file_names($primary->folder)), 1, 'once, however often');
};

subtest 'the owner says that it is alive' => sub {
	my $content = read_file($owner);

	silence(120);
	$primary->set('erpgo_backup.health_interval' => '1s');
	wait_for('the renewal', sub { (stat($owner))[9] > time() - 600 });
	is(read_file($owner), $content, 'and else nothing changes');
	$primary->set('erpgo_backup.health_interval' => '1d');
};

subtest 'one that archives although it was not promoted' => sub {
	my $content = read_file($owner);

	$one->node->append_conf('postgresql.conf', "archive_mode = 'always'");
	$one->node->restart;
	silence(120);
	# Only the standby is to archive it.
	$primary->set(archive_library => '');
	$primary->sql('INSERT INTO ledger VALUES (0)');
	$primary->sql('SELECT pg_switch_wal()');
	wait_for('the refusal', sub { read_file($one->node->logfile) =~ /could not archive file "00000001\w{16}": .*so it must not write/ });
	is(read_file($owner), $content, 'does not take over, however long the owner is silent');
	$primary->set(archive_library => 'erpgo_backup');
	$one->node->append_conf('postgresql.conf', "archive_mode = 'on'");
	$one->node->restart;
};

$primary->sql('INSERT INTO ledger VALUES (1)');
$primary->node->wait_for_catchup($_->node, 'replay') foreach $one, $two;
$primary->node->stop('immediate');

subtest 'one that was not registered' => sub {
	silence(120);
	$two->node->promote;
	is_refused($two, 0);
	$two->node->stop('immediate');
	is(scalar(archived($one, '00000002')), 0, 'archives nothing, however long the owner is silent');
};

subtest 'one that was registered' => sub {
	silence(30);
	$one->node->promote;
	is_refused($one, 0);
	is(scalar(archived($one, '00000002')), 0, 'archives nothing while its primary may be alive');
	silence(61);
	my $segment = switch_wal($one, 'INSERT INTO ledger VALUES (2)');
	like($segment, qr/^00000002/, 'and goes on when that was silent for an hour');
	like(read_file($one->node->logfile), qr/takes cluster "main" in repository ".*" over from host/, 'which it tells its log');
	is($one->sql("SELECT erpgo_backup_run('physical') IS NOT NULL"), 't', 'it backs itself up');
	like($one->cli_ok('check'), qr/all WAL on timeline 2/, 'no WAL is missing');
};

subtest 'the old primary' => sub {
	$primary->node->start;
	silence(120);
	my ($exit_code, undef, $err) = $primary->try_sql("SELECT erpgo_backup_run('physical')");
	like($err, qr/this server is not the owner, so it must not write/, 'only reads when it comes back');
	$primary->node->stop;
};

$one->log_is_clean(qr/could not archive file|archiving write-ahead log file|FATAL:.*(?:walreceiver|replication|streaming|WAL stream)|could not connect to the primary|terminating background worker/);
done_testing();
