# A full disk, a repository that cannot be written, a revoked permission, a
# database that disappears: the run fails with a message that says so, nothing
# half-made stays, and the next run works.
use strict;
use warnings;
use ErpgoBackup qw(read_file small_file_system wait_for write_file);
use ErpgoFaults;
use Test::More;

my $server = ErpgoBackup->new('surroundings');
$server->sql('CREATE DATABASE erp');
# Bytes that no method compresses: about 12 MB.
$server->sql(<<'END', 'erp');
CREATE TABLE filler AS
SELECT i, (SELECT string_agg(sha256(convert_to(i || ' ' || j, 'UTF8')), ''::bytea) FROM generate_series(1, 40) j) AS noise
FROM generate_series(1, 10000) i;
END
my $started = server_start_time($server);

# Runs a backup that must fail: its error matches a pattern, and so, or by
# another pattern, does what the history says.
sub fails_like
{
	my ($pattern, $what, $in_history) = @_;
	my ($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
	my $id = $server->sql('SELECT id FROM erpgo_backup_history ORDER BY id DESC LIMIT 1');

	isnt($exit_code, 0, "$what: the call fails");
	like($err, $pattern, "$what: the error says why");
	is(run_status($server, $id), 'failed', "$what: the history says failed");
	like($server->sql("SELECT error FROM erpgo_backup_history WHERE id = '$id'"),
		$in_history || $pattern, "$what: and why");
	return;
}

sub is_clean
{
	my ($what) = @_;

	wait_for('the clean-up', sub { !repository_leftovers($server) });
	is(join(' ', repository_leftovers($server)), '', "$what: nothing half-made stays");
	is(server_start_time($server), $started, "$what: the server never restarted");
	return;
}

SKIP:
{
	my $small = small_file_system();

	skip 'no small file system (ERPGO_BACKUP_SMALL_FS) was given', 1 unless $small;
	subtest 'a full disk' => sub {
		my $repository = "$small/surroundings.$$";

		$server->set('erpgo_backup.repository' => "file://$repository", 'erpgo_backup.minimum_free_space' => '0');
		local $server->{folder} = $repository;
		fails_like(qr/No space left on device/, 'full disk');
		is_clean('full disk');
		is($server->sql("SELECT erpgo_backup_run('schema', '{erp}') LIKE '%-schema'"), 't',
			'what fits still works there');
		$server->set('erpgo_backup.repository' => 'file://' . $server->node->basedir . '/repository');
		system('rm', '-r', $repository);
	};
}

subtest 'a repository without write permission' => sub {
	$server->run_backup(databases => ['postgres']);
	my $backups = $server->folder . '/main/backup';
	chmod(0500, $backups);
	fails_like(qr/could not .*: Permission denied/, 'read-only');
	chmod(0700, $backups);
	is_clean('read-only');
};

subtest 'a file where the repository should be' => sub {
	write_file($server->node->basedir . '/file', 'x');
	$server->set('erpgo_backup.repository' => 'file://' . $server->node->basedir . '/file');
	fails_like(qr/Not a directory|not a directory/, 'file');
	$server->set('erpgo_backup.repository' => $server->url);
};

subtest 'pg_hba.conf refuses' => sub {
	my $hba = $server->node->data_dir . '/pg_hba.conf';
	my $lines = read_file($hba);
	write_file($hba, "local erp all reject\n$lines");
	$server->node->reload;
	wait_for('the new rules', sub { ($server->try_sql('SELECT 1', 'erp'))[0] != 0 });
	fails_like(qr/pg_hba\.conf/, 'refused');
	my ($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
	like($err, qr/HINT:.*local\s+all\s+\S+\s+peer/s, 'the hint shows the line to add');
	write_file($hba, $lines);
	$server->node->reload;
	wait_for('the old rules', sub { ($server->try_sql('SELECT 1', 'erp'))[0] == 0 });
	is_clean('refused');
};

subtest 'a database that is dropped while others are dumped' => sub {
	$server->sql('CREATE DATABASE aaa');
	$server->sql('CREATE TABLE t AS SELECT 1 AS one', 'aaa');
	$server->sql('CREATE DATABASE zzz');
	my $handle = hold_table($server, 'aaa', 't');
	my $id = start_run($server, 'full', '{aaa,zzz}');
	wait_for('pg_dump', sub { job_processes($server, $id)->{programs}{pg_dump} });
	$server->sql('DROP DATABASE zzz');
	release_table($handle);
	is(wait_run($server, $id), 'failed', 'the run fails');
	like($server->sql("SELECT error FROM erpgo_backup_history WHERE id = '$id'"),
		qr/database "zzz"/, 'and names the database');
	is_clean('dropped');
};

subtest 'a lock that is never released' => sub {
	$server->set('erpgo_backup.lock_wait_timeout' => '200ms');
	my $handle = hold_table($server, 'erp', 'filler');
	fails_like(qr/erpgo_backup\.lock_wait_timeout/, 'lock', qr/statement timeout/);
	release_table($handle);
	$server->sql('ALTER SYSTEM RESET erpgo_backup.lock_wait_timeout');
	$server->node->reload;
	is_clean('lock');
};

subtest 'a run that takes too long' => sub {
	$server->set('erpgo_backup.maximum_duration' => '1s');
	my $handle = hold_table($server, 'erp', 'filler');
	fails_like(qr/took longer than 1 s.*erpgo_backup\.maximum_duration/s, 'duration', qr/took longer than 1 s/);
	release_table($handle);
	$server->sql('ALTER SYSTEM RESET erpgo_backup.maximum_duration');
	$server->node->reload;
	is_clean('duration');
};

my $id = $server->run_backup(databases => ['erp']);
is(run_status($server, $id), 'ok', 'the next run works');
$server->cli_ok('verify', $id, '--depth', 'full');
$server->log_is_clean(qr/could not|is not a directory|took longer than|connection to client lost|no pg_hba\.conf entry|pg_hba\.conf rejects|pg_dump|database "zzz"|lock timeout|canceling statement|duration|terminating connection/);
done_testing();
