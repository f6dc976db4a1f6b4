# WAL is kept as long as the cluster is to be restored to any moment, and then
# goes without leaving a hole, wherever the clean-up is killed.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal recovered_rows);
use ErpgoBackup qw(wait_for file_names write_file);
use ErpgoFaults;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $installation = private_installation("$folder/installation");
my $step = "$folder/step";

# Only the engine of a clean-up, by what its parent is called.
fail_engine_at($installation, $step, 'clean-up of old backups', once => 1);

my $server = ErpgoBackup->new('source', encrypted => 1, install_path => $installation,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica' });
my $second = 0;

sub physical { return $server->sql("SELECT erpgo_backup_run('physical')"); }

# The segments of the archive.
sub segments
{
	return sort map { m{/([0-9A-F]{24})-} ? $1 : () } map { "/$_" } file_names($server->folder . '/main/wal');
}

# What clean-up says of an identifier: decision and reason.
sub decision
{
	my ($id) = @_;

	return $server->sql("SELECT decision, reason FROM erpgo_backup_retention() WHERE id = '$id'");
}

# Waits until the clock has left the second in which something ended.
sub leave_second
{
	my $now = time();

	wait_for('the next second but one', sub { time() > $now + 1 });
	return;
}

# Are there all segments from one on to the newest?
sub is_whole
{
	my ($first, $what) = @_;
	my @there = grep { $_ ge $first } segments();
	my @gaps = grep { hex(substr($there[$_], 8)) != hex(substr($there[ $_ - 1 ], 8)) + 1 } 1 .. $#there;

	is("$there[0] @gaps", "$first ", $what);
	return;
}

$server->sql('CREATE TABLE ledger (n int)');
my $oldest = physical();
my @old = map { switch_wal($server, "INSERT INTO ledger VALUES ($_)") } 1 .. 6;
my $base = physical();
my ($base_segment) = $server->sql("SELECT pg_walfile_name(start_lsn) FROM erpgo_backup_list() WHERE id = '$base'");
my @kept = map { switch_wal($server, "INSERT INTO ledger VALUES ($_)") } 7 .. 8;
my $moment = $server->sql('SELECT pg_current_wal_insert_lsn()');
switch_wal($server, 'INSERT INTO ledger VALUES (9)');
leave_second();
my $newest = physical();

subtest 'within the window' => sub {
	is(decision('WAL'), 'keep|no verified physical backup is old enough for a recovery window of 7 d to begin with it',
		'nothing goes before a backup is older than the window');
	is(scalar(grep { $_ eq $old[0] } segments()), 1, 'also after a clean-up');
};

subtest 'after the window' => sub {
	my @before = segments();

	$server->set('erpgo_backup.recovery_window' => '1s');
	like(decision('WAL'), qr/^delete\|\d+ of \d+ files, up to "0+1[0-9A-F]{16}(?:[.][0-9A-F]+[.]backup)?", are not needed for the recovery window of 1[.]0 s$/,
		'older WAL is to go');
	like(decision($base), qr/^keep\|.*the recovery window begins with it/, 'a backup is kept that the window begins with');
	is(join(' ', segments()), "@before", 'what only asks deletes nothing');
	my ($exit_code, $out, $err) = $server->cli('expire', '--dry-run', '--recovery-window', 30, '--json');
	my ($wal) = grep { $_->{id} eq 'WAL' } @{ JSON::PP::decode_json($out) };
	is($wal->{decision}, 'keep', 'the command line decides by the window that it is given');
	is(join(' ', segments()), "@before", 'and deletes nothing in a dry run');
};

subtest 'a clean-up that is killed' => sub {
	foreach my $when (1, 3)
	{
		write_file($step, "unlinkat:signal=KILL:when=$when");
		my ($exit_code, $out, $err) = $server->try_sql('SELECT * FROM erpgo_backup_cleanup()');

		isnt($exit_code, 0, "at the file number $when fails");
		is_whole((segments())[0], 'and leaves no hole');
		cmp_ok((segments())[0], 'le', $base_segment, 'nor takes what is needed');
	}
	like($server->sql('SELECT id, type, decision FROM erpgo_backup_cleanup()'), qr/^WAL\|wal\|delete$/m, 'the next one ends it');
	is_whole($base_segment, 'then the archive begins with the window');
	like(decision('WAL'), qr/^keep\|all of it is needed/, 'and nothing more is to go');
	is($server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'delete' AND type = 'wal' AND size > 0"), 1,
		'the audit has it');
};

is($server->sql('SELECT backups, begins_with, missing FROM erpgo_backup_recovery_window OFFSET 1'),
	"2|$base|", 'the recovery window begins with that backup');

# Restores and starts a copy; what the table holds then.
sub rows_of
{
	my ($name, @arguments) = @_;
	my $copy = PostgreSQL::Test::Cluster->new($name);

	$server->cli_ok('restore', @arguments, '--pgdata', $copy->data_dir);
	$copy->append_conf('postgresql.conf', join("\n", 'port = ' . $copy->port,
		"unix_socket_directories = '" . $copy->host . "'"));
	$copy->start;
	$copy->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the copy does not end its recovery';
	my $rows = recovered_rows($copy);
	$copy->stop;
	return $rows;
}

subtest 'what can be restored' => sub {
	is(rows_of('window', 'latest', '--to-lsn', $moment), '1,2,3,4,5,6,7,8', 'every moment of the window');
	is(rows_of('old', $oldest), '', 'an older backup, to its own end');
	my ($exit_code, $out, $err) = $server->cli('restore', $oldest, '--to', 'latest', '--pgdata', "$folder/none");
	isnt($exit_code, 0, 'no moment in between');
	like($err, qr/$old[0]/, 'the error names what is gone');
};

subtest 'by itself' => sub {
	leave_second();
	my $after = physical();
	my ($first) = $server->sql("SELECT pg_walfile_name(start_lsn) FROM erpgo_backup_list() WHERE id = '$newest'");

	wait_for('the clean-up after a backup', sub { (segments())[0] eq $first });
	pass('WAL goes after a backup');
};

$server->log_is_clean(qr/killed by signal|erpgo_backup/);
done_testing();
