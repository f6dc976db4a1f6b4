# Archiving goes on over many segments, for which its processes are replaced
# now and then, and which end when there is nothing to do.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use Test::More;

my $SEGMENTS = 300;

my $server = ErpgoBackup->new('source', encrypted => 1, init => [ '--wal-segsize=1' ],
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		wal_keep_size => '1GB', 'erpgo_backup.jobs' => 2, log_statement => 'none' });
my $status = $server->node->data_dir . '/pg_wal/archive_status';

# How many files of WAL are in a state.
sub files { return scalar(my @files = glob("$status/*.$_[0]")); }

$server->sql("DO \$\$ BEGIN FOR i IN 1 .. $SEGMENTS LOOP
	PERFORM pg_logical_emit_message(false, 'test', 'segment ' || i), pg_switch_wal(); END LOOP; END \$\$");
wait_for('all to be archived', sub { files('ready') == 0 && files('done') >= $SEGMENTS });
is($server->sql('SELECT failed_count FROM pg_stat_archiver'), 0, 'all are archived, each at the first try');
my $stored = () = glob($server->folder . '/main/wal/*/*/*');
cmp_ok($stored, '>=', $SEGMENTS, 'all are in the archive');

my ($archiver) = split /\n/, $server->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'archiver'");
my ($supervisor) = ErpgoFaults::children($archiver);
my ($engine) = ErpgoFaults::children($supervisor->{pid});

wait_for('the processes without work to end', sub { ErpgoFaults::children($engine->{pid}) == 0 });
is($engine->{name}, 'erpgo_backup', 'only the engine that waits for the next segment stays');
$server->sql("SELECT pg_logical_emit_message(false, 'test', 'one more'), pg_switch_wal()");
wait_for('one more to be archived', sub { files('ready') == 0 && files('done') > $SEGMENTS });
is($server->sql('SELECT failed_count FROM pg_stat_archiver'), 0, 'which it gets archived, too');
$server->log_is_clean;
$server->node->stop;
done_testing();
