# The engine that archives looks ahead, but reads each segment only once.
use strict;
use warnings;
use ErpgoBackup qw(read_file wait_for);
use ErpgoFaults;
use PostgreSQL::Test::Utils ();
use Test::More;

plan skip_all => 'strace is not installed' if system('strace -V >/dev/null 2>&1') != 0;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $installation = private_installation("$folder/installation");

replace_program($installation, 'erpgo_backup', <<"END");
exec strace -D -ff -qq -o $folder/trace.\$\$ -e trace=pread64 -e signal=none "\$REAL" "\$\@"
END

my $server = ErpgoBackup->new('source', encrypted => 1, install_path => $installation,
	settings => { archive_mode => 'on', archive_library => '', wal_level => 'replica', wal_keep_size => '1GB' });
my $status = $server->node->data_dir . '/pg_wal/archive_status';

# How many files of WAL are in a state.
sub files { return scalar(my @files = glob("$status/*.$_[0]")); }

$server->sql('CREATE TABLE ledger (n int)');
$server->sql("INSERT INTO ledger VALUES ($_); SELECT pg_switch_wal()") foreach 1 .. 12;
cmp_ok(files('ready'), '>=', 12, 'segments wait to be archived');
$server->set(archive_library => 'erpgo_backup');
wait_for('all to be archived', sub { files('ready') == 0 });
cmp_ok(files('done'), '>=', 12, 'all are archived');
$server->log_is_clean;
$server->node->stop;

# Whose memory strace cannot read, so names are not to be had.
my $mebibytes = 0;
foreach my $trace (glob("$folder/trace.*"))
{
	$mebibytes += () = read_file($trace) =~ /\bpread64\(\d+, .*, 1048576, \d+\)\s+= 1048576$/mg;
}
is($mebibytes, 16 * files('done'), 'each of them was read once');
done_testing();
