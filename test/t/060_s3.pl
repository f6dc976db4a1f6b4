# A repository in object storage: a backup from SQL, listed, verified and
# restored with the command line, refusals that say what to do, and nothing
# that is left of what was stopped.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use ErpgoFaults;
use ErpgoS3;
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: object storage was not tested: radosgw is missing' if !$s3;

my $url = $s3->url('some/where', part_size => 5);
my $key = "BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n";
my $SECRET = qr/Topsecret-key|$ErpgoBackup::MASTER_KEY/;
my $server = ErpgoBackup->new('s3', encrypted => 1,
	settings => { 'erpgo_backup.compression' => 'none', 'log_min_messages' => 'debug5',
		wal_level => 'replica', max_wal_senders => 4, max_replication_slots => 4 });
$server->{url} = $url;
$server->write_secrets($key . $s3->secrets);
$server->set('erpgo_backup.repository' => $url);

# Whatever kind of store it is, it keeps what stores promise.
my ($code, $out, $err) = $s3->run_conformance;
is($code, 0, 'a bucket keeps all promises of a store') or diag($out, $err);
is($s3->upload_count, 0, 'and no upload stays of those that were given up, or whose process was killed');

# Larger than a part, so that it is stored in parts.
$server->sql('CREATE DATABASE erp');
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 10000) i", 'erp');
my $id = $server->run_backup;
is($server->sql("SELECT status, verified_depth FROM erpgo_backup_history WHERE id = '$id'"),
	'ok|archive', 'a backup into a bucket is good after it was read back');
my @names = $s3->objects('some/where/');
ok((grep { $_ eq "some/where/main/backup/$id/manifest.json" } @names), 'it lies under the prefix of the URL');
is((grep { m{/\.claim/} } @names), 0, 'no claim stays');
is($s3->upload_count, 0, 'no upload stays');

like($server->cli_ok('list'), qr/^\Q$id\E\s.*\bok\b/m, 'it is listed');
$server->cli_ok('verify', $id, '--depth', 'full');
$server->cli_ok('restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
ok($server->contents('copy') eq $server->contents('erp'), 'what was restored equals the source');
like($server->cli_ok('show', $id, '--break-glass'), qr/BACKUP_FOLDER:\?/, 'the break-glass instructions ask for a copy of its objects');
is($server->sql("SELECT count(*) FROM erpgo_backup_check() WHERE status = 'error'"), '0', 'no check finds an error');
like($server->sql("SELECT erpgo_backup_verify('$id', 'full')"), qr/\Q$id\E/, 'it can be verified from SQL');

# A physical backup goes the same way.
my $physical = $server->run_backup(type => 'physical');
$server->cli_ok('verify', $physical, '--depth', 'full');
my $restored = "$basedir/restored";
$server->cli_ok('restore', $physical, '--pgdata', $restored);
ok(-f "$restored/PG_VERSION", 'a physical backup is restored out of the bucket');

# What is wrong is told, with what to do about it, and no secret.
sub refused
{
	my ($what, $secrets, $wrong_url, $message, $hint, @command) = @_;

	$server->write_secrets($secrets);
	local $server->{url} = $wrong_url;
	my ($code, $out, $err) = $server->cli(@command ? @command : 'list');

	is($code, 1, "$what: it fails");
	like($err, $message, 'saying why');
	like($err, $hint, 'and what to do') if $hint;
	unlike($err, $SECRET, 'without a secret');
	return;
}
my ($access, $secret) = map { "$_\n" } split /\n/, $s3->secrets;
refused('wrong secret key', $key . $access . "AWS_SECRET_ACCESS_KEY=Topsecret-key-wrong\n", $url,
	qr/responded with status 403 \(SignatureDoesNotMatch\)/, qr/AWS_SECRET_ACCESS_KEY/);
refused('unknown access key', $key . "AWS_ACCESS_KEY_ID=nobody\n" . $secret, $url,
	qr/responded with status 403 \(InvalidAccessKeyId\)/, qr/AWS_ACCESS_KEY_ID/);
refused('no credentials', $key . "AWS_EC2_METADATA_DISABLED=true\n", $url, qr/there are no credentials for repository/, qr/AWS_ACCESS_KEY_ID/);
refused('no such bucket', $key . $s3->secrets, $url =~ s{s3://\w+}{s3://elsewhere}r,
	qr/status 404 \(NoSuchBucket\)/, qr/Create the bucket/);
refused('server away', $key . $s3->secrets, $s3->url('x', port => PostgreSQL::Test::Cluster::get_free_port()),
	qr/could not list repository .*: Couldn't connect to server/, qr/Check that the server is running/);
refused('no TLS there', $key . $s3->secrets, $url =~ s/http:/https:/r, qr/could not list repository .*: SSL connect error/);
refused('wrong master key', "BACKUP_ENCRYPTION_KEY=another master key of 32 bytes\n" . $s3->secrets, $url, qr/key/, undef, 'verify', $id);

# A run with wrong secrets tells it in SQL as well.
$server->write_secrets($key . $access . "AWS_SECRET_ACCESS_KEY=Topsecret-key-wrong\n");
($code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
like($err, qr/status 403 \(SignatureDoesNotMatch\)/, 'a run with a wrong secret key says so');
$server->write_secrets($key . $s3->secrets);

# What is stopped in the middle of a dump leaves nothing.
my $before = join("\n", $s3->objects('some/where/'));
foreach my $how (qw(cancelled killed))
{
	my $handle = hold_table($server, 'copy', 't');
	my $stopped = start_run($server, 'full', '{erp,copy}');

	wait_for('the first objects', sub { return grep { m{\Q$stopped\E/databases\.json} } $s3->objects('some/where/') });
	if ($how eq 'cancelled') { $server->sql("SELECT erpgo_backup_cancel('$stopped')"); }
	else { kill('KILL', job_processes($server, $stopped)->{worker}); }
	isnt(wait_run($server, $stopped), 'ok', "a run that was $how is no backup");
	release_table($handle);
	is(join("\n", $s3->objects('some/where/')), $before, 'and leaves no object');
	is($s3->upload_count, 0, 'and no upload');
}

# Old ones are deleted as in any repository.
$server->run_backup(databases => ['erp']) foreach 1 .. 2;
$server->sql("SELECT * FROM erpgo_backup_cleanup()");
unlike(read_file($server->node->logfile), $SECRET, 'no secret in the server log');
unlike($server->sql('SELECT * FROM pg_settings'), $SECRET, 'nor in pg_settings');
$server->log_is_clean(qr/SignatureDoesNotMatch|canceling|was killed by signal|cancelled|connection to client lost/);
done_testing();
