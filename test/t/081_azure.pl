# A repository in Azure's Blob service: a backup from SQL, listed, verified and
# restored with the command line, WAL, refusals that say what to do, and nothing
# that is left of what was stopped.
use strict;
use warnings;
use ErpgoArchive qw(command);
use ErpgoAzure;
use ErpgoBackup qw(wait_for read_file);
use ErpgoFaults;
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $azure = ErpgoAzure->new("$basedir/azure");
plan skip_all => "SKIPPED: Azure's Blob service was not tested: azurite is missing" if !$azure;

my $url = $azure->url('some/where', part_size => 5, access_tier => 'Cool');
my $key = "BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n";
my $SECRET = qr/\Q$ErpgoAzure::KEY\E|Topsecret|sig=|$ErpgoBackup::MASTER_KEY/;
my $server = ErpgoBackup->new('azure', encrypted => 1,
	settings => { 'erpgo_backup.compression' => 'none', 'log_min_messages' => 'debug5', wal_level => 'replica' });
$server->{url} = $url;
$server->write_secrets($key . $azure->secrets);
$server->set('erpgo_backup.repository' => $url);

# Whatever kind of store it is, it keeps what stores promise.
my ($code, $out, $err) = $azure->run_conformance;
is($code, 0, 'a container keeps all promises of a store') or diag($out, $err);

# Larger than what is stored in one request, so that there are blocks.
$server->sql('CREATE DATABASE erp');
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 12000) i", 'erp');
my $id = $server->run_backup;
is($server->sql("SELECT status, verified_depth FROM erpgo_backup_history WHERE id = '$id'"),
	'ok|archive', 'a backup into a container is good after it was read back');
ok((grep { $_ eq "some/where/main/backup/$id/manifest.json" } $azure->objects('some/where/')), 'it lies under the prefix of the URL');
like($azure->ask('GET', $ErpgoAzure::CONTAINER, 'comp=list', 'restype=container', "prefix=some/where/main/backup/$id/manifest"),
	qr{<AccessTier>Cool</AccessTier>}, 'in the tier of the URL');

like($server->cli_ok('list'), qr/^\Q$id\E\s.*\bok\b/m, 'it is listed');
$server->cli_ok('verify', $id, '--depth', 'full');
$server->cli_ok('restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
ok($server->contents('copy') eq $server->contents('erp'), 'what was restored equals the source');
is($server->sql("SELECT count(*) FROM erpgo_backup_check() WHERE status = 'error'"), '0', 'no check finds an error');
like($server->cli_ok('check'), qr/credentials come from AZURE_STORAGE_KEY/, 'the check says what lets it in');

# WAL goes the same way.
my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
$server->sql('SELECT pg_switch_wal()');
my $path = $server->node->data_dir . "/pg_wal/$segment";
$server->cli_ok('wal-push', '--pgdata', $server->node->data_dir, $path);
$server->cli_ok('wal-get', $segment, "$basedir/segment");
ok(read_file("$basedir/segment") eq read_file($path), 'a segment that was archived comes back');

# What is wrong is told, with what to do about it, and no secret.
sub refused
{
	my ($what, $secrets, $wrong_url, $message, $hint, @command) = @_;

	$server->write_secrets($key . $secrets);
	local $server->{url} = $wrong_url;
	my ($exit_code, $output, $errors) = $server->cli(@command ? @command : 'list');

	is($exit_code, 1, "$what: it fails");
	like($errors, $message, 'saying why');
	like($errors, $hint, 'and what to do') if $hint;
	unlike($errors, $SECRET, 'without a secret');
	return;
}
refused('wrong key', 'AZURE_STORAGE_KEY=' . MIME::Base64::encode_base64('another key', '') . "\n", $url,
	qr/status 403 \(\w+\)/, qr/AZURE_STORAGE_KEY/);
refused('no key at all', "AZURE_STORAGE_KEY=Topsecret!\n", $url, qr/is not a key in base64/, qr/portal/);
refused('no credentials', '', $url, qr/there are no credentials for repository/, qr/AZURE_STORAGE_KEY/);
refused('no such container', $azure->secrets, $azure->url('x', container => 'elsewhere'), qr/status 404 \(ContainerNotFound\)/, qr/Create the container/);
refused('server away', $azure->secrets, $azure->url('x', port => PostgreSQL::Test::Cluster::get_free_port()),
	qr/could not list repository .*: Couldn't connect to server/, qr/Check that the server is running/);

# A token permits what it says.
$server->write_secrets($key . $azure->token('rwdlac'));
my $by_token = $server->run_backup(databases => ['erp']);
$server->cli_ok('verify', $by_token);
like($server->cli_ok('check'), qr/credentials come from AZURE_STORAGE_SAS_TOKEN/, 'a token will do');
refused('a token that permits reading alone', $azure->token('rl'), $url, qr/status 403 \(\w+\)/, qr/AZURE_STORAGE_SAS_TOKEN/,
	'wal-push', '--pgdata', $server->node->data_dir, $server->node->data_dir . '/pg_wal/'
	  . $server->sql("SELECT pg_walfile_name(pg_switch_wal())"));
$server->write_secrets($key . $azure->secrets);

# What is stopped in the middle of a dump leaves nothing.
my $before = join("\n", grep { m{/backup/} } $azure->objects('some/where/'));
my $handle = hold_table($server, 'copy', 't');
my $stopped = start_run($server, 'full', '{erp,copy}');
wait_for('the first objects', sub { return grep { m{\Q$stopped\E/databases\.json} } $azure->objects('some/where/') });
kill('KILL', job_processes($server, $stopped)->{worker});
isnt(wait_run($server, $stopped), 'ok', 'a run that was killed is no backup');
release_table($handle);
is(join("\n", grep { m{/backup/} } $azure->objects('some/where/')), $before, 'and leaves no object');

# Old ones are deleted as in any repository.
$server->sql("SELECT * FROM erpgo_backup_cleanup()");
unlike(read_file($server->node->logfile), $SECRET, 'no secret in the server log');
unlike($server->sql('SELECT * FROM pg_settings'), $SECRET, 'nor in pg_settings');
$server->log_is_clean(qr/canceling|was killed by signal|connection to client lost/);
done_testing();
