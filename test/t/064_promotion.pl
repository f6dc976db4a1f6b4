# A standby is promoted: when it has been told so it goes on in the repository
# of its primary, and the archive leads from one timeline to the next.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal archived);
use ErpgoBackup qw(wait_for read_file write_file);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $primary = ErpgoBackup->new('primary', encrypted => 1, settings => {
	wal_level => 'replica', max_wal_senders => 4, archive_mode => 'on', archive_library => 'erpgo_backup' });
my $scratch = PostgreSQL::Test::Utils::tempdir_short();
my $copies = 0;

$primary->sql('CREATE TABLE ledger (n int)');
$primary->sql('INSERT INTO ledger VALUES (0)');
$primary->node->backup('base');
my $id = $primary->sql("SELECT erpgo_backup_run('physical')");
switch_wal($primary, 'INSERT INTO ledger VALUES (1)');

my $node = PostgreSQL::Test::Cluster->new('standby');
my $standby = bless { %$primary, node => $node }, ref $primary;
$node->init_from_backup($primary->node, 'base', has_streaming => 1);
$node->start;

subtest 'a standby' => sub {
	$node->poll_query_until('postgres', 'SELECT count(*) = 2 FROM ledger') or die 'it does not follow';
	my ($exit_code, undef, $err) = $standby->try_sql("SELECT erpgo_backup_run('physical')");
	isnt($exit_code, 0, 'makes no backup');
	like($err, qr/recovery|standby/, 'and says why');
	is($standby->sql("SELECT count(*) FROM erpgo_backup_history WHERE id = '$id'"), 1, 'shows those of its primary');
	is($standby->sql("SELECT value FROM erpgo_backup_status WHERE \"check\" = 'WAL archiving'"), 'left to the primary', 'leaves archiving to its primary');
	my @views = split /\n/, $standby->sql("SELECT oid::regclass FROM pg_class WHERE relkind = 'v' AND relnamespace IN ('public'::regnamespace, 'erpgo_backup'::regnamespace)");
	cmp_ok(scalar(@views), '>', 20, 'has views');
	foreach my $view (grep { $_ ne 'erpgo_backup_recovery_window' } @views)
	{
		my ($code, undef, $problem) = $standby->try_sql("SELECT * FROM $view");
		is($code, 0, "$view can be looked at") or diag $problem;
	}
	is($standby->sql('SELECT length(erpgo_backup_metrics()) > 100'), 't', 'and tells its metrics');
	$standby->log_is_clean(qr/ERROR:.*(?:recovery|standby|read-only)/);
};

# Restores and starts a copy: (exit code, rows, errors).
sub recover
{
	my (@arguments) = @_;
	my $place = $primary->node->basedir . '/copy' . ++$copies;
	my $sockets = "$scratch/$copies";
	my ($exit_code, $out, $err) = $standby->cli('restore', @arguments, '--pgdata', $place,
		'--start', '--socket-dir', $sockets, '--json');

	return ($exit_code, '', $out . $err) if $exit_code != 0;
	my (undef, $rows) = ErpgoBackup::run_program('psql', '-XAtq', '--host', $sockets, '--port',
		decode_json($out)->{start}->{port}, '--command',
		q{SELECT string_agg(n::text, ',' ORDER BY n) FROM ledger}, 'postgres');
	PostgreSQL::Test::Utils::system_log('pg_ctl', 'stop', '-s', '-m', 'fast', '-D', $place);
	chomp $rows;
	return ($exit_code, $rows, $err);
}

# What is in the last segment of the old timeline has nobody else but the standby.
$primary->sql('INSERT INTO ledger VALUES (2)');
$primary->node->wait_for_catchup($node, 'replay');
$primary->node->stop('immediate');
$node->promote;
$standby->sql('INSERT INTO ledger VALUES (3)');

subtest 'a standby that was promoted' => sub {
	wait_for('the refusal in its log', sub { read_file($node->logfile) =~ /could not archive file "00000002\.history": .*(?:not the owner|is a copy)/ });
	is(scalar(archived($standby, '00000002')), 0, 'archives nothing before it is told to take over');
	$standby->set('erpgo_backup.wal_flush_interval' => '1s');
	$standby->sql('SELECT erpgo_backup_adopt()');
	my $lsn = $standby->sql('SELECT pg_current_wal_flush_lsn()');
	wait_for('pieces of the new timeline', sub { $standby->sql("SELECT lsn >= '$lsn' FROM erpgo_backup.wal_tail()") eq 't' });
	my ($exit_code, $rows, $err) = recover($id, '--to', 'latest');
	is($rows, '0,1,2,3', 'the pieces of its first segment lead over the promotion') or diag $err;
	switch_wal($standby, 'SELECT pg_create_restore_point($$between$$)');
	my $segment = switch_wal($standby, 'INSERT INTO ledger VALUES (4)');
	like($segment, qr/^00000002/, 'then it archives its own timeline');
	like($standby->cli_ok('check'), qr/all WAL on timeline 2 from physical backup "$id"/,
		'to which the backup of its primary leads');
};

subtest 'the old primary' => sub {
	$primary->node->start;
	my ($exit_code, undef, $err) = $primary->try_sql("SELECT erpgo_backup_run('physical')");
	like($err, qr/this server is not the owner, so it must not write/, 'only reads when it comes back');
	$primary->node->stop;
};

my ($exit_code, $rows, $err) = recover($id, '--to', 'latest');
is($exit_code, 0, 'a restore over the promotion ends well') or diag $err;
is($rows, '0,1,2,3,4', 'with what either of them committed');
($exit_code, $rows, $err) = recover($id, '--to', 'latest', '--timeline', 1);
is($rows, '0,1', 'the timeline that was left ends with what its server archived') or diag $err;

# The first segment of the new timeline is the one in which it was left.
my ($first) = sort map { archived($standby, sprintf '0000000200000000%08X', $_) } 1 .. 9;
my ($name) = $first =~ /([0-9A-F]{24})-/;
my $path = $standby->folder . "/$first";
my $bytes = read_file($path);

unlink($path) or die "unlink: $!";
like($standby->cli_ok('check'), qr/WAL is missing \($name\): on timeline 2/, 'a segment that is missing where one became the other is named');
($exit_code, $rows, $err) = recover($id, '--to', 'latest');
isnt($exit_code, 0, 'and stops a restore');
like($err, qr/$name/, 'by name');
write_file($path, $bytes);
$node->stop;
$_->log_is_clean(qr/not the owner|must not write|terminating|administrator command|ERROR:.*(?:recovery|standby|read-only)|could not receive data|could not connect/) foreach $primary, $standby;
done_testing();
