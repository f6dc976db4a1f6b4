# A restored server takes the place of the one that was lost: it goes on
# writing to the same repository, and the old one, coming back, only reads.
use strict;
use warnings;
use ErpgoArchive qw(archived);
use ErpgoBackup qw(wait_for read_file);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $old = ErpgoBackup->new('old', encrypted => 1, settings => {
	wal_level => 'replica', archive_mode => 'on', archive_library => 'erpgo_backup' });

# Ends the current segment, and waits until it is archived.
sub finish_segment
{
	my ($server, $sql) = @_;

	$server->sql($sql);
	my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
	$server->sql('SELECT pg_switch_wal()');
	wait_for("segment $segment in the archive", sub { return scalar archived($old, $segment); });
	return $segment;
}

# The rows of the table.
sub rows
{
	my ($server) = @_;

	return $server->sql(q{SELECT string_agg(n::text, ',' ORDER BY n) FROM ledger});
}

# Restores the old server's cluster beside it: (node, exit code, output, errors).
sub restore
{
	my ($name, @arguments) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	return ($node, $old->cli('restore', @arguments, '--pgdata', $node->data_dir));
}

$old->sql('CREATE TABLE ledger (n int)');
$old->sql('INSERT INTO ledger VALUES (0)');
my $first = $old->sql("SELECT erpgo_backup_run('physical')");
finish_segment($old, 'INSERT INTO ledger VALUES (1)');
my ($time_1) = $old->sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.USOF')");
$old->sql('SELECT pg_create_restore_point($$one$$)');
finish_segment($old, 'INSERT INTO ledger VALUES (2)');
$old->node->stop;
my $sockets = PostgreSQL::Test::Utils::tempdir_short() . '/new';
my ($node, $exit_code, $out, $err) = restore('new', $first, '--to-name', 'one', '--take-over');

is($exit_code, 0, 'the cluster is restored to take over') or diag $err;
$node->command_ok([ 'pg_verifybackup', $node->data_dir ], 'pg_verifybackup accepts it');
my $new = bless { %$old, node => $node }, ref $old;
$node->append_conf('postgresql.conf', join("\n", 'port = ' . $node->port, "unix_socket_directories = '" . $node->host . "'"));
$node->start;
$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'it does not open';
is(rows($new), '0,1', 'it is what the old one was at the restore point');
is($new->sql('SHOW archive_mode'), 'on', 'it archives');
is($new->sql('SHOW erpgo_backup.enabled'), 'on', 'it backs up');
is($new->sql(q{SELECT status FROM erpgo_backup_check() WHERE name = 'owner'}), 'ok', 'it owns the repository');
like(finish_segment($new, 'INSERT INTO ledger VALUES (3)'), qr/^00000002/, 'it archives a timeline of its own');
my ($lsn_3) = $new->sql('SELECT pg_current_wal_insert_lsn()');
ok(my $second = $new->sql("SELECT erpgo_backup_run('physical')"), 'it makes backups in the same repository');
finish_segment($new, 'INSERT INTO ledger VALUES (4)');

subtest 'the old server comes back' => sub {
	$old->node->start;
	my ($code, $output, $errors) = $old->try_sql("SELECT erpgo_backup_run('physical')");
	isnt($code, 0, 'its backup is refused');
	like($errors, qr/this server is not the owner, so it must not write/, 'and it says why');
	$old->sql('INSERT INTO ledger VALUES (9)');
	$old->sql('SELECT pg_switch_wal()');
	wait_for('the refusal in its log', sub { return read_file($old->node->logfile) =~ /could not be archived|not the owner/; });
	is($old->sql('SELECT erpgo_backup_sync() > 0'), 't', 'it may read');
	is($old->sql(q{SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '00000001%.ready'}) > 0, 1, 'its WAL waits');
	$old->node->stop('immediate');
};

# Restores, starts, and tests which rows there are.
sub recovers_to
{
	my ($rows, @arguments) = @_;
	my $place = $old->node->basedir . '/' . ++$new->{copies};
	my $socket_dir = "$sockets-$new->{copies}";
	my ($code, $output, $errors) = $old->cli('restore', @arguments, '--pgdata', $place, '--start', '--socket-dir', $socket_dir, '--json');

	is($code, 0, "restore @arguments") or return diag $output, $errors;
	my $reached = decode_json($output)->{start};
	my ($asked, $found) = ErpgoBackup::run_program('psql', '-XAtq', '--host', $socket_dir, '--port', $reached->{port},
		'--command', q{SELECT string_agg(n::text, ',' ORDER BY n) FROM ledger}, 'postgres');
	chomp $found;
	is($found, $rows, "has the rows $rows");
	PostgreSQL::Test::Utils::system_log('pg_ctl', 'stop', '-s', '-m', 'fast', '-D', $place);
	return;
}

subtest 'over the change of the timeline' => sub { recovers_to('0,1,3,4', $first, '--to', 'latest'); };
subtest 'a position on the new timeline' => sub { recovers_to('0,1,3', $first, '--to-lsn', $lsn_3); };
subtest 'a time before the change' => sub { recovers_to('0,1', $first, '--to-time', $time_1); };
subtest 'the timeline that was left' => sub { recovers_to('0,1,2', $first, '--to', 'latest', '--timeline', 1); };
subtest 'from the backup of the new timeline' => sub { recovers_to('0,1,3,4', 'latest', '--to', 'latest'); };

$new->node->stop;
$_->log_is_clean(qr/must not write|not the owner|terminating|could not be archived|administrator command|erpgo_backup: error/) foreach $old, $new;
done_testing();
