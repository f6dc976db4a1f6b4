# A standby is backed up on its own machine, into its primary's repository.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal recovered_rows);
use ErpgoBackup qw(wait_for file_names write_file);
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = ErpgoBackup->new('primary', encrypted => 1, settings => {
	wal_level => 'replica', max_wal_senders => 4, archive_mode => 'on', archive_library => 'erpgo_backup',
	'erpgo_backup.wal_flush_interval' => 0 });
my $copies = 0;

$primary->sql('CREATE TABLE ledger (n int)');
$primary->sql('INSERT INTO ledger VALUES (1)');
my $first = $primary->sql("SELECT erpgo_backup_run('physical')");
$primary->node->backup('base');
my $node = PostgreSQL::Test::Cluster->new('standby');
$node->init_from_backup($primary->node, 'base', has_streaming => 1);
$node->start;
my $standby = bless { %$primary, node => $node }, ref $primary;
my $conninfo = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

# Backs the standby up: (exit code, output, errors).
sub backup { return $standby->cli('backup', '--dbname', $conninfo, @_); }

# Waits until the standby has what the primary has.
sub catch_up { $primary->node->wait_for_catchup($node, 'replay'); return; }

# The backups in the repository.
sub backups { return map { $_->{id} } @{ JSON::PP::decode_json($primary->cli_ok('list', '--json')) }; }

# Restores a backup and starts it; the node.
sub restore
{
	my ($id, @options) = @_;
	my $copy = PostgreSQL::Test::Cluster->new('copy' . ++$copies);

	$primary->cli_ok('restore', $id, '--pgdata', $copy->data_dir, @options);
	$copy->command_ok([ 'pg_verifybackup', $copy->data_dir ], 'pg_verifybackup accepts what was restored');
	$copy->append_conf('postgresql.conf', "\nport = " . $copy->port . "\nunix_socket_directories = '" . $copy->host . "'");
	$copy->start;
	$copy->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the copy does not open';
	return $copy;
}

my $id;

subtest 'a standby is backed up' => sub {
	$primary->sql('INSERT INTO ledger VALUES (2)');
	catch_up();
	my ($exit_code, $out, $err) = backup('--label', 'from there', '--json');
	is($exit_code, 0, 'by the command line') or diag $err, $out;
	my $backup = JSON::PP::decode_json($out);
	$id = $backup->{id};
	like($id, qr/^\d{8}T\d{6}Z-physical$/, 'it has an identifier');
	is($backup->{label}, 'from there', 'and its label');
	is($backup->{verified_depth}, 'archive', 'it was read back');
	is_deeply([ sort(backups()) ], [ sort($first, $id) ], 'it is in the repository of the primary');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_replication_slots'), 0, 'no slot is left');
	is($primary->cli_ok('verify', $id, '--depth', 'full') =~ /ok/, 1, 'it can be verified');
};

subtest 'the primary' => sub {
	is($primary->sql("SELECT count(*) FROM erpgo_backup_history WHERE id = '$id'"), 0, 'does not know of it');
	$primary->sql('SELECT erpgo_backup_sync()');
	is($primary->sql("SELECT type || ' ' || status FROM erpgo_backup_history WHERE id = '$id'"), 'physical ok', 'until it is told to look');
};

subtest 'it is restored' => sub {
	my $copy = restore($id);
	is(recovered_rows($copy), '1,2', 'with what the standby had');
	$copy->command_ok([ 'pg_amcheck', '--all', '--heapallindexed', '-h', $copy->host, '-p', $copy->port ], 'pg_amcheck finds nothing wrong')
	  if $copy->psql('postgres', 'CREATE EXTENSION amcheck') == 0;
	$copy->stop;

	switch_wal($primary, 'INSERT INTO ledger VALUES (3)');
	$copy = restore($id, '--to', 'latest');
	is(recovered_rows($copy), '1,2,3', 'and with all that was archived since');
	$copy->stop;
};

subtest 'under load' => sub {
	$primary->node->command_ok([ 'pgbench', '-i', '-q', '-s', 2, '-h', $primary->node->host, '-p', $primary->node->port, 'postgres' ], 'there is something to do');
	my $load = IPC::Run::start([ 'pgbench', '-n', '-c', 2, '-T', 300, '-h', $primary->node->host, '-p', $primary->node->port, 'postgres' ], '>', \my $out, '2>', \my $err);
	wait_for('transactions', sub { $primary->sql('SELECT count(*) > 100 FROM pgbench_history') eq 't' });
	my ($exit_code, $said, $errors) = backup('--json');
	is($exit_code, 0, 'it works as well') or diag $errors;
	$load->kill_kill;
	my $copy = restore(JSON::PP::decode_json($said)->{id});
	is($copy->safe_psql('postgres', 'SELECT (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(bbalance) FROM pgbench_branches) AND (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)'), 't', 'what is restored is consistent');
	$copy->stop;
};

subtest 'what cannot be backed up' => sub {
	my $before = join(' ', sort(backups()));
	my ($exit_code, $out, $err) = $primary->cli('backup', '--dbname', 'host=' . $primary->node->host . ' port=' . $primary->node->port);
	is($exit_code, 1, 'a primary is refused');
	like($err, qr/the server is not a standby.*erpgo_backup_run\('physical'\)/s, 'with the way to do it');
	($exit_code, $out, $err) = backup('--encryption', 'rot13');
	is($exit_code, 2, 'a wrong word is a wrong usage');
	($exit_code, $out, $err) = $standby->cli('backup');
	is($exit_code, 2, 'so is no server');
	is(join(' ', sort(backups())), $before, 'nothing was added');
};

subtest 'a folder that another backup has' => sub {
	my @taken = map { my @t = gmtime(time() + $_); sprintf('%s/main/backup/%04d%02d%02dT%02d%02d%02dZ-physical', $primary->folder, $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ]) } 0 .. 60;

	foreach my $folder (@taken)
	{
		mkdir($folder, 0700) or die "mkdir: $!";
		write_file("$folder/writer.json", 'of another server');
	}
	my ($exit_code, $out, $err) = backup();
	is($exit_code, 1, 'is not taken') or diag $out;
	like($err, qr{-physical/writer\.json" already exists}, 'which is said');
	is(scalar(grep { -e "$_/writer.json" } @taken), scalar(@taken), 'and nothing is removed from it');
	foreach my $folder (@taken)
	{
		unlink("$folder/writer.json");
		rmdir($folder) or die "rmdir: $!";
	}
};

subtest 'a backup that is interrupted' => sub {
	my $before = join(' ', sort(backups()));
	my @command = ('erpgo_backup', '--repository', $primary->url, '--secrets-file', $primary->{secrets}, 'backup', '--dbname', $conninfo, '--max-rate', 64);

	foreach my $signal ('INT', 'TERM')
	{
		my $run = IPC::Run::start(\@command, '>', \my $out, '2>', \my $err);
		wait_for('its beginning', sub { grep { m{/writer\.json$} } file_names($primary->folder) });
		$run->signal($signal);
		$run->finish;
		is($run->result(0), 1, "by SIG$signal fails");
		like($err, qr/the backup was interrupted|killed by signal/, 'and says so');
		is_deeply([ grep { m{/writer\.json$} } file_names($primary->folder) ], [], 'it leaves nothing');
		is(join(' ', sort(backups())), $before, 'and adds nothing');
	}
	wait_for('the end of its session', sub { $node->safe_psql('postgres', 'SELECT count(*) FROM pg_replication_slots') eq '0' });
};

subtest 'a promotion in the middle' => sub {
	my $before = join(' ', sort(backups()));
	my $run = IPC::Run::start([ 'erpgo_backup', '--repository', $primary->url, '--secrets-file', $primary->{secrets}, 'backup', '--dbname', $conninfo, '--max-rate', 4096 ], '>', \my $out, '2>', \my $err);
	wait_for('its beginning', sub { grep { m{/writer\.json$} } file_names($primary->folder) });
	$node->promote;
	$run->finish;
	is($run->result(0), 1, 'fails the backup');
	like($err, qr/the standby was promoted during online backup/, 'by its name');
	is_deeply([ grep { m{/writer\.json$} } file_names($primary->folder) ], [], 'it leaves nothing');
	is(join(' ', sort(backups())), $before, 'and adds nothing');
};

# The load is ended by a signal.
$primary->log_is_clean(qr/connection to client lost/);
done_testing();
