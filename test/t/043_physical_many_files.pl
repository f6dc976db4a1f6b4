# A physical backup of a server with very many small relations takes time in
# proportion to their number, and hardly any memory for each.  There are five
# times as many where ERPGO_BACKUP_TEST_LONG is set.
use strict;
use warnings;
use ErpgoBackup qw(read_file wait_for);
use ErpgoCluster;
use ErpgoFaults;
use PostgreSQL::Test::Cluster;
use Test::More;
use Time::HiRes ();

my $RELATIONS = $ENV{ERPGO_BACKUP_TEST_LONG} ? 100_000 : 20_000;

# Kilobytes, of each of the processes.
my $MEMORY_LIMIT = 96 * 1024;

my $server = ErpgoBackup->new('many', settings => { wal_level => 'replica', autovacuum => 'off',
		log_statement => 'none', log_min_messages => 'warning', max_locks_per_transaction => 256 });

# Makes as many tables with a row each as there are to be.  There is no index,
# so each is a single file.
sub make_tables
{
	my ($first, $last) = @_;

	for (my $from = $first; $from <= $last; $from += 1000)
	{
		my $to = $from + 999;
		$server->sql(<<"SQL");
DO \$\$
BEGIN
	FOR i IN $from .. $to LOOP
		EXECUTE format('CREATE TABLE small_%s AS SELECT %s AS i', i, i);
	END LOOP;
END
\$\$
SQL
	}
	$server->sql('CHECKPOINT');
	return;
}

# The most memory that a process of a job had, in kilobytes; 0 if it is gone.
sub memory_of
{
	my ($pid) = @_;
	my $status = eval { read_file("/proc/$pid/status") } || '';

	return $status =~ /^VmHWM:\s+(\d+) kB/m ? $1 : 0;
}

# Backs up, and gives back the seconds that it took and the most memory that
# one of the processes had.
sub measure
{
	my $begin = Time::HiRes::time();
	my $id = start_run($server, 'physical');
	my $processes = job_processes($server, $id);
	my $memory = 0;

	wait_for('the backup',
		sub {
			foreach my $pid (@$processes{qw(supervisor worker)}, map { $_->{pid} } ErpgoFaults::children($processes->{worker}))
			{
				my $now = memory_of($pid);
				$memory = $now if $now > $memory;
			}
			return run_status($server, $id) !~ /^(?:running|verifying)$/;
		});
	is(run_status($server, $id), 'ok', 'the backup is made');
	return ($id, Time::HiRes::time() - $begin, $memory);
}

make_tables(1, $RELATIONS / 4);
my (undef, $few_s, $few_kb) = measure();
make_tables($RELATIONS / 4 + 1, $RELATIONS);
my ($id, $many_s, $many_kb) = measure();

note(sprintf('%d relations: %.1f s, %d kB; %d: %.1f s, %d kB', $RELATIONS / 4, $few_s, $few_kb,
	$RELATIONS, $many_s, $many_kb));
cmp_ok($many_s, '<', 8 * $few_s, 'four times as many relations take at most eight times as long');
cmp_ok($many_kb, '<', $MEMORY_LIMIT, 'no process needs much memory');

my $restored = PostgreSQL::Test::Cluster->new('restored');
my $begin = Time::HiRes::time();
$server->cli_ok('restore', $id, '--pgdata', $restored->data_dir);
note(sprintf('restored in %.1f s', Time::HiRes::time() - $begin));
start_server($restored);
is($restored->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname LIKE 'small\\_%'"),
	$RELATIONS, 'all of them are restored');
is($restored->safe_psql('postgres', "SELECT i FROM small_$RELATIONS"), $RELATIONS, 'with their rows');
$restored->stop;
$server->log_is_clean(qr/terminating background worker/);
done_testing();
