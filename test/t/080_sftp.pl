# A repository on an SFTP server: a backup from SQL, listed, verified and
# restored with the command line, WAL, refusals that say what to do, lost
# connections, and nothing that is left of what was stopped.
use strict;
use warnings;
use ErpgoArchive qw(command switch_wal);
use ErpgoBackup qw(wait_for file_names read_file write_file);
use ErpgoFaults;
use ErpgoSftp;
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
# Keys are changed on the way, as they are after some gigabytes.
my $sftp = ErpgoSftp->new("$basedir/sftp", 'RekeyLimit 16M');
plan skip_all => 'SKIPPED: SFTP was not tested: sshd is missing' if !$sftp;

my $url = $sftp->url('some/where');
my $folder = $sftp->path('some/where');
my $key = "BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n";
my $SECRET = qr/$ErpgoSftp::PASSPHRASE|Topsecret|$ErpgoBackup::MASTER_KEY/;
my $server = ErpgoBackup->new('sftp', encrypted => 1,
	settings => { 'erpgo_backup.compression' => 'none', 'log_min_messages' => 'debug5',
		archive_mode => 'on', archive_command => '/bin/true', wal_level => 'replica', max_wal_senders => 4, max_replication_slots => 4 });
$server->{url} = $url;
$server->{folder} = $folder;
$server->write_secrets($key . $sftp->secrets);
$server->set('erpgo_backup.repository' => $url);

# What is unfinished has a name that begins with a dot.
sub leftovers { return join("\n", grep { m{(^|/)\.} } -d $folder ? split(/\n/, `find $folder -mindepth 1`) : ()); }
sub leaves_nothing { my ($what) = @_; return is(leftovers() =~ s{^\Q$folder\E/}{}mgr, '', "$what leaves no temporary file and no claim"); }

# Whatever kind of store it is, it keeps what stores promise.
my ($code, $out, $err) = $sftp->run_conformance;
is($code, 0, 'a folder on an SFTP server keeps all promises of a store') or diag($out, $err);

$server->sql('CREATE DATABASE erp');
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 10000) i", 'erp');
my $id = $server->run_backup;
is($server->sql("SELECT status, verified_depth FROM erpgo_backup_history WHERE id = '$id'"),
	'ok|archive', 'a backup onto an SFTP server is good after it was read back');
ok(-f "$folder/main/backup/$id/manifest.json", 'it lies in the folder of the URL');
leaves_nothing('it');

like($server->cli_ok('list'), qr/^\Q$id\E\s.*\bok\b/m, 'it is listed');
$server->cli_ok('restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
ok($server->contents('copy') eq $server->contents('erp'), 'what was restored equals the source');
is($server->sql("SELECT count(*) FROM erpgo_backup_check() WHERE status = 'error'"), '0', 'no check finds an error');
like($server->cli_ok('check'), qr/credentials come from SFTP_PRIVATE_KEY_FILE/, 'the check says what lets it in');

# A physical backup and WAL go the same way.
my $physical = $server->run_backup(type => 'physical');
$server->cli_ok('restore', $physical, '--pgdata', "$basedir/restored");
ok(-f "$basedir/restored/PG_VERSION", 'a physical backup is restored out of it');
$server->set('archive_command' => command($server, 'wal-push', '%p'));
my $segment = switch_wal($server, 'CREATE TABLE ledger (n int)');
$server->cli_ok('wal-get', $segment, "$basedir/$segment");
is(-s "$basedir/$segment", 16 * 1024 * 1024, 'a segment that was archived comes back');
leaves_nothing('that');

# What is wrong is told, with what to do about it, and no secret.
sub refused
{
	my ($what, $secrets, $wrong_url, $message, $hint) = @_;

	$server->write_secrets($key . $secrets);
	local $server->{url} = $wrong_url;
	my ($exit_code, $output, $errors) = $server->cli('list');

	is($exit_code, 1, "$what: it fails");
	like($errors, $message, 'saying why');
	like($errors, $hint, 'and what to do') if $hint;
	unlike($errors, $SECRET, 'without a secret');
	return;
}

sub accepted
{
	my ($what, $secrets, $other_url) = @_;

	$server->write_secrets($key . $secrets);
	local $server->{url} = $other_url;
	like($server->cli_ok('list'), qr/\Q$id\E/, $what);
	return;
}
my $id_passphrase = $sftp->secrets('id_passphrase');
accepted('a key with a passphrase', $id_passphrase . "SFTP_PRIVATE_KEY_PASSPHRASE=$ErpgoSftp::PASSPHRASE\n", $url);
accepted('a host key of another type', $sftp->secrets, $sftp->url('some/where', host_key => $sftp->fingerprint('host_ecdsa')));
accepted('a file with the host key', $sftp->secrets, $sftp->url('some/where', known_hosts => "$sftp->{folder}/known_hosts"));

refused('wrong host key', $sftp->secrets, $sftp->url('some/where', host_key => $sftp->fingerprint('other')),
	qr/the host key of the server is not the one that is expected/, qr/ssh-keygen -l/);
write_file("$basedir/known_hosts", read_file("$sftp->{folder}/known_hosts") =~ s/^\S+/other/r);
refused('unknown host', $sftp->secrets, $sftp->url('some/where', known_hosts => "$basedir/known_hosts"),
	qr/the host key of the server is not the one that is expected/, qr/known_hosts/);
refused('wrong key', $sftp->secrets('other'), $url, qr/server refuses user/, qr/authorized keys/);
refused('wrong passphrase', $id_passphrase . "SFTP_PRIVATE_KEY_PASSPHRASE=Topsecret\n", $url, qr/could not read the key in private key file/, qr/passphrase/);
refused('no key', '', $url, qr/there are no credentials for repository/, qr/SFTP_PRIVATE_KEY_FILE/);
refused('a password that the server does not want', "SFTP_PASSWORD=Topsecret\n", $url, qr/server refuses user/, undef);
refused('no such folder', $sftp->secrets, $sftp->url('some/where/else'), qr/does not exist/, qr/URL/);
refused('server away', $sftp->secrets, $sftp->url('x', port => PostgreSQL::Test::Cluster::get_free_port()),
	qr/could not open repository .*: Couldn't connect to server/, qr/Check that the server is running/);
refused('a server that says nothing', $sftp->secrets, $sftp->url('x', port => $sftp->start_proxy(0, 0), timeout => 1),
	qr/could not open repository .*: (server does not answer|.*timed? ?out)/i, qr/Check that the server is running/);
chmod(0644, "$sftp->{folder}/id") or die "chmod: $!";
refused('a private key that others may read', $sftp->secrets, $url, qr/is not for its owner only/, qr/0600/);
chmod(0600, "$sftp->{folder}/id") or die "chmod: $!";
$server->write_secrets($key . $sftp->secrets);

# Connections that are lost are made again, and what was on its way goes on.
{
	local $server->{url} = $sftp->url('some/where', port => $sftp->start_proxy(4 * 1024 * 1024, 3));
	$server->set('erpgo_backup.repository' => $server->url);
	my $cut = $server->run_backup(databases => ['erp']);
	is($server->sql("SELECT status FROM erpgo_backup_history WHERE id = '$cut'"), 'ok', 'a backup whose connection was lost three times is good');
	$server->set('erpgo_backup.repository' => $url);
	local $server->{url} = $sftp->url('some/where', port => $sftp->start_proxy(4 * 1024 * 1024, 3));
	$server->cli_ok('verify', $cut, '--depth', 'full');
	leaves_nothing('that');
}

# A disk of the server that is full is told.
SKIP: {
	my $small = ErpgoBackup::small_file_system();

	skip('SKIPPED: a full disk was not tested: there is no small file system', 2) if !$small;
	local $server->{url} = $url =~ s/\Q$folder\E/$small\/repository/r;
	my ($full, undef, $why) = $server->cli('wal-push', '--compression', 'none', '--pgdata', $server->node->data_dir,
		"$basedir/$segment");
	is($full, 1, 'a segment for which there is no space is refused');
	like($why, qr/could not store object .*: no space left on the server/, 'saying why');
}

# What is stopped in the middle of a dump leaves nothing.
my $before = join("\n", file_names("$folder/main/backup"));
foreach my $how (qw(cancelled killed))
{
	my $handle = hold_table($server, 'copy', 't');
	my $stopped = start_run($server, 'full', '{erp,copy}');

	wait_for('the first objects', sub { return scalar(glob("$folder/main/backup/$stopped/databases.json*")) });
	if ($how eq 'cancelled') { $server->sql("SELECT erpgo_backup_cancel('$stopped')"); }
	else { kill('KILL', job_processes($server, $stopped)->{worker}); }
	isnt(wait_run($server, $stopped), 'ok', "a run that was $how is no backup");
	release_table($handle);
	is(join("\n", file_names("$folder/main/backup")), $before, 'and leaves no object');
	leaves_nothing('and it');
}

# Old ones are deleted as in any repository.
$server->sql("SELECT * FROM erpgo_backup_cleanup()");
unlike(read_file($server->node->logfile), $SECRET, 'no secret in the server log');
unlike($server->sql('SELECT * FROM pg_settings'), $SECRET, 'nor in pg_settings');
$server->log_is_clean(qr/canceling|was killed by signal|cancelled|connection to client lost/);
done_testing();
