# wal-get is killed while a server recovers, wherever it is: the server stops,
# and when it is started again it comes to the end of the archive all the same.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal recovered_rows);
use ErpgoBackup qw(wait_for file_names);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes ();

my $KILLS = $ENV{ERPGO_BACKUP_TEST_LONG} ? 40 : 6;

# Servers in recovery keep what they fetch ahead below this folder.
$ENV{TMPDIR} = PostgreSQL::Test::Utils::tempdir();
my $source = ErpgoBackup->new('source', encrypted => 1, settings => {
	archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
	'erpgo_backup.wal_flush_interval' => 0 });

$source->sql('CREATE TABLE ledger (n int)');
$source->sql("SELECT erpgo_backup_run('physical')");
$source->sql("INSERT INTO ledger VALUES ($_); SELECT pg_switch_wal()") foreach 1 .. 30;
switch_wal($source, 'INSERT INTO ledger VALUES (31)');
$source->log_is_clean;
$source->node->stop;

my $node = PostgreSQL::Test::Cluster->new('copy');
$source->cli_ok('restore', 'latest', '--pgdata', $node->data_dir, '--to', 'latest', '--jobs', 2);
$node->append_conf('postgresql.conf', "\nport = " . $node->port . "\nunix_socket_directories = '" . $node->host . "'");

# The processes that run wal-get for this copy.
sub wal_gets
{
	my $url = $source->url;

	return grep {
		my $line = '';
		if (open(my $file, '<', "/proc/$_/cmdline")) { $line = <$file> // ''; close($file); }
		$line =~ /\0wal-get\0/ && index($line, $url) >= 0
	} map { m{/(\d+)$} ? $1 : () } glob('/proc/[0-9]*');
}

# Has the server said so since a place in its log, which its first start makes?
sub said
{
	my ($words, $offset) = @_;

	return -e $node->logfile && PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset) =~ $words;
}

# Starts the server, kills a wal-get some time after one was seen, and waits
# until the server has stopped for it; false if it came to the end instead.
sub kill_one
{
	my ($delay_us) = @_;
	my $log = $node->logfile;
	my $offset = -e $log ? -s $log : 0;
	my $ended = qr/database system is shut down|archive recovery complete/;
	my $killed = 0;

	PostgreSQL::Test::Utils::system_log('pg_ctl', '-D', $node->data_dir, '-l', $log, '-W', 'start');
	wait_for('a wal-get', sub { return wal_gets() || said($ended, $offset); });
	Time::HiRes::usleep($delay_us);
	wait_for('the end of the server', sub { $killed ||= kill('KILL', wal_gets()); return said($ended, $offset); });
	return 0 if said(qr/archive recovery complete/, $offset);
	wait_for('the end of its process', sub { return !-e $node->data_dir . '/postmaster.pid'; });
	return 1;
}

my $stopped = 0;
$stopped++ while $stopped < $KILLS && kill_one(7000 * ($stopped + 1));
is($stopped, $KILLS, 'the server stops for it each time');
$node->start;
$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the copy does not open';
is(recovered_rows($node), join(',', 1 .. 31), 'and in the end it has everything that was archived');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|was terminated by signal 11/, 'nothing crashed');
$node->stop;
is_deeply([ file_names($ENV{TMPDIR}) ], [], 'nothing that was fetched ahead is left');
done_testing();
