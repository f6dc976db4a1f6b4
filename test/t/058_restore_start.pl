# A restored server is started, and what it reached is compared with what it
# was to reach.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal archived);
use ErpgoBackup qw(wait_for read_file write_file file_names);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $source = ErpgoBackup->new('source', encrypted => 1, settings => {
	wal_level => 'replica', max_wal_senders => 4, archive_mode => 'on', archive_library => 'erpgo_backup' });
my $scratch = PostgreSQL::Test::Utils::tempdir_short();
my $count = 0;
my %started;

# Adds a row; (the transaction that did, the position after it).
sub add_row
{
	my ($n) = @_;

	return split(/\|/, $source->sql("INSERT INTO ledger VALUES ($n) RETURNING pg_current_xact_id(), pg_current_wal_insert_lsn()"));
}

# Restores to a new directory and starts the server: (directory, exit code,
# what was reached, errors).
sub start
{
	my ($id, @options) = @_;
	my $name = 'copy' . ++$count;
	my $folder = $source->node->basedir . "/$name";
	my ($exit_code, $out, $err) = $source->cli('restore', $id, '--pgdata', $folder,
		'--start', '--socket-dir', "$scratch/$name", '--json', @options);

	$started{$folder} = 1;
	return ($folder, $exit_code, $exit_code == 0 ? decode_json($out)->{start} : undef, $out . $err);
}

# Asks a started server.
sub ask
{
	my ($reached, $sql) = @_;
	my ($exit_code, $out, $err) = ErpgoBackup::run_program('psql', '-XAtq', '--host', $reached->{socket_directory},
		'--port', $reached->{port}, '--username', $source->sql('SELECT current_user'), '--command', $sql, 'postgres');

	chomp $out;
	return $exit_code == 0 ? $out : $err;
}

sub stop
{
	my ($folder) = @_;

	PostgreSQL::Test::Utils::system_log('pg_ctl', 'stop', '-s', '-m', 'fast', '-D', $folder)
	  if -e "$folder/postmaster.pid";
	delete $started{$folder};
	return;
}

# Starts with options, and tests what is there then.
sub reaches
{
	my ($state, $rows, @arguments) = @_;
	my ($folder, $exit_code, $reached, $err) = start(@arguments);

	is($exit_code, 0, "restore --start @arguments[1 .. $#arguments]") or diag $err;
	is($reached->{state}, $state, "the server is $state");
	like($reached->{lsn}, qr{^[0-9A-F]+/[0-9A-F]+$}, 'the position is told');
	is(ask($reached, q{SELECT string_agg(n::text, ',' ORDER BY n) FROM ledger}), $rows, "it has the rows $rows")
	  if $state ne 'shut down';
	return ($folder, $reached);
}

# Fails with an exit code and a message; no server is left.
sub fails
{
	my ($code, $message, @arguments) = @_;
	my ($folder, $exit_code, $reached, $err) = start(@arguments);

	is($exit_code, $code, "it ends with exit code $code");
	like($err, $message, 'and says why');
	ok(!-e "$folder/postmaster.pid", 'and no server runs');
	return ($folder, $err);
}

$source->sql('CREATE TABLE ledger (n int)');
add_row(0);
my $id = $source->sql("SELECT erpgo_backup_run('physical')");
my ($xid_1, $lsn_1) = add_row(1);
switch_wal($source);
my ($xid_2, $lsn_2) = add_row(2);
my $middle = switch_wal($source);
my ($xid_3) = add_row(3);
my $newest = switch_wal($source);

subtest 'the end of the archive' => sub {
	my ($folder, $reached) = reaches('open', '0,1,2,3', $id, '--to', 'latest');

	is($reached->{timeline}, 2, 'on a timeline of its own');
	like($reached->{last_commit}, qr/^\d{4}-\d\d-\d\dT[0-9:.]+Z$/, 'the last commit is told');
	is(ask($reached, 'SHOW listen_addresses'), '', 'it listens to no network');
	is((stat $reached->{socket_directory})[2] & 0777, 0700, 'and is reached by its user alone');
	like(read_file($reached->{log}), qr/archive recovery complete/, 'its log is where it is said to be');
	is($source->sql('SELECT count(*) FROM ledger'), 4, 'the original runs beside it');
	stop($folder);
};

subtest 'the end of the backup' => sub {
	my ($folder, $reached) = reaches('open', '0', $id);

	is($reached->{timeline}, 1, 'without a timeline of its own');
	stop($folder);
};

subtest 'a pause' => sub {
	my ($folder, $reached) = reaches('paused', '0,1', $id, '--to-lsn', $lsn_1, '--action', 'pause');

	is($reached->{timeline}, 1, 'still on the timeline of the original');
	stop($folder);
};

subtest 'a shutdown' => sub {
	my ($folder, $reached) = reaches('shut down', undef, $id, '--to-lsn', $lsn_1, '--action', 'shutdown');

	ok(!-e "$folder/postmaster.pid", 'no server runs');
};

subtest 'a transaction' => sub {
	my ($with) = reaches('open', '0,1,2', $id, '--to-xid', $xid_2);
	stop($with);
	my ($without) = reaches('open', '0,1', $id, '--to-xid', $xid_2, '--exclusive');
	stop($without);
};

subtest 'a restore point that is nowhere' => sub {
	fails(3, qr/the recovery ended at .*, before its target/, $id, '--to-name', 'nowhere');
};

subtest 'a wait that is limited' => sub {
	like((start($id, '--start-timeout', 'soon'))[3], qr/is not a number of seconds/, 'has a limit that is a number');
};

subtest 'a replica' => sub {
	my $primary = 'host=' . $source->node->host . ' port=' . $source->node->port . " application_name='it''s'";
	my ($folder, $reached) = reaches('standby', '0,1,2,3', $id, '--standby', '--primary-conninfo', $primary =~ s/it''s/it\\'s/r);

	ok(-e "$folder/standby.signal", 'is a standby');
	add_row(4);
	wait_for('what the primary streams', sub { return ask($reached, 'SELECT count(*) FROM ledger') eq '5'; });
	is($source->sql('SELECT application_name FROM pg_stat_replication'), "it's", 'it streams from the primary');
	$source->sql('DELETE FROM ledger WHERE n = 4');
	stop($folder);
	my ($nowhere, $exit_code, $none, $err) = start($id, '--standby', '--primary-conninfo', 'host=/ password=secret');
	is($exit_code, 2, 'a password is refused');
	unlike($err, qr/secret/, 'and not repeated');
};

subtest 'the newest segment vanished' => sub {
	my ($object) = map { $source->folder . "/$_" } archived($source, $newest);
	my $bytes = read_file($object);

	unlink($object) or die "unlink: $!";
	my ($folder, $err) = fails(3, qr/segments of WAL that the recovery needs are not in the archive \(1\): \\"$newest/,
		$id, '--to', 'latest');
	ok(!-e "$folder/PG_VERSION", 'nothing was written');
	write_file($object, $bytes);
};

subtest 'the newest segment vanished between restore and start' => sub {
	my ($object) = map { $source->folder . "/$_" } archived($source, $newest);
	my $node = PostgreSQL::Test::Cluster->new('later');
	my ($exit_code, $out, $err) = $source->cli('restore', $id, '--pgdata', $node->data_dir, '--to', 'latest');

	is($exit_code, 0, 'the directory is restored') or diag $err;
	unlink($object) or die "unlink: $!";
	$node->append_conf('postgresql.conf', join("\n", 'port = ' . $node->port,
		"unix_socket_directories = '" . $node->host . "'"));
	$node->start(fail_ok => 1);
	wait_for('the end of the server', sub { return !-e $node->data_dir . '/postmaster.pid' });
	$node->_update_pid(0);
	like(read_file($node->logfile), qr/"$newest" is missing in the archive although it was noted/, 'wal-get knows of it');
	unlike(read_file($node->logfile), qr/archive recovery complete/, 'the server does not open');
};

stop($_) foreach keys %started;
$source->log_is_clean;
done_testing();
