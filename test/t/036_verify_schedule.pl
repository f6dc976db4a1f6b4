# Verifications on schedule: one backup after the other, the one that was
# looked at longest ago first, within a budget; and what is remembered of them.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage write_file);
use ErpgoFaults;
use Test::More;

# A verification in depth waits as long as the file is there.
my $pause = PostgreSQL::Test::Utils::tempdir() . '/pause';
my $installation = private_installation(PostgreSQL::Test::Utils::tempdir());
replace_program($installation, 'pg_restore',
	"[ \"\$1\" != --file=/dev/null ] || while [ -e '$pause' ]; do sleep 0.05; done\nexec \$REAL \"\$@\"");

my $server = ErpgoBackup->new('verification', install_path => $installation);
my $started = server_start_time($server);
my $turns = 0;

$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i, md5(i::text) AS j FROM generate_series(1, 1000) AS i', 'erp');
$server->sql("SELECT erpgo_backup_schedule('deep', '\@yearly', 'verify')");
wait_for('its next run', sub { $server->sql("SELECT next_run IS NOT NULL FROM erpgo_backup.schedule_state WHERE name = 'deep'") eq 't' });

my ($first, $second, $third) = map { $server->run_backup(type => 'full', databases => ['erp']) } 1 .. 3;

# Verifications as the history has them since the test number n began.
sub attempts
{
	my ($columns) = @_;

	return $server->sql("SELECT coalesce(string_agg(concat_ws(' ', $columns), ', ' ORDER BY started_at), '')
		FROM erpgo_backup_attempts WHERE operation = 'verify' AND started_at > (SELECT at FROM mark)");
}

sub mark { return $server->sql('DROP TABLE IF EXISTS mark; CREATE TABLE mark AS SELECT clock_timestamp() AS at'); }

sub make_due
{
	mark();
	$server->sql("UPDATE erpgo_backup.schedule_state SET next_run = now() WHERE name = 'deep'");
	wait_for('the run', sub { $server->sql("SELECT last_run > (SELECT at FROM mark) FROM erpgo_backup.schedule_state WHERE name = 'deep'") eq 't' });
	return;
}

sub await_jobs
{
	wait_for('the jobs to end', sub { $server->sql('SELECT count(*) FROM erpgo_backup_progress') eq '0' });
	return;
}

sub run_series
{
	make_due();
	await_jobs();
	return;
}

# Begins a series that stops in its first verification; the backup's identifier.
sub begin_series
{
	write_file($pause, '');
	make_due();
	wait_for('the verification', sub { $server->sql("SELECT count(*) FROM erpgo_backup_progress WHERE operation = 'verify' AND phase = 'verifying'") eq '1' });
	return $server->sql("SELECT id FROM erpgo_backup_progress WHERE operation = 'verify'");
}

sub decision_about
{
	my ($id) = @_;

	return $server->sql("SELECT role IS NOT NULL, decision, reason FROM erpgo_backup_retention() WHERE id = '$id'");
}

sub last_status { return $server->sql("SELECT last_status FROM erpgo_backup_schedules WHERE name = 'deep'"); }

sub history
{
	my ($id, $columns) = @_;

	return $server->sql("SELECT $columns FROM erpgo_backup_history WHERE id = '$id'");
}

subtest 'all backups, the newest first as long as none was looked at' => sub {
	run_series();
	is(attempts('backup_id, status, depth, schedule'),
		join(', ', map { "$_ ok full deep" } $third, $second, $first), 'each once, in depth');
	is(last_status(), 'ok', 'the schedule shows that all went well');
	is($server->sql('SELECT count(*) FROM erpgo_backup_history WHERE full_verified_at > (SELECT at FROM mark)'), 3, 'the history knows when');
	is($server->sql("SELECT string_agg(object || ' ' || verification, ', ' ORDER BY at) FROM erpgo_backup_audit WHERE action = 'verify' AND outcome = 'ok'"),
		join(', ', map { "$_ full" } $third, $second, $first), 'as the audit does');
};

subtest 'the memory of a deep verification' => sub {
	my $deep = history($second, 'full_verified_at');

	$server->sql("SELECT erpgo_backup_verify('$second', 'digest')");
	is(history($second, 'verified_depth, verified_at > full_verified_at'), 'digest|t', 'a shallow one is the last one');
	is(history($second, 'full_verified_at'), $deep, 'but the deep one is not forgotten');
	like($server->cli_ok('show', $second, '--json'), qr/"full_verified_at": "\d{4}-/, 'nor is it in the repository');
	$server->sql("UPDATE erpgo_backup.backup SET full_verified_at = NULL WHERE id = '$second'; SELECT erpgo_backup_sync()");
	is(history($second, "full_verified_at - '$deep' < interval '1 minute'"), 't', 'from where it comes back');
};

subtest 'the budget' => sub {
	my $fourth = $server->run_backup(type => 'full', databases => ['erp']);
	my $fifth = $server->run_backup(type => 'schema', databases => ['erp']);

	$server->set('erpgo_backup.verify_budget' => '1ms');
	run_series();
	is(attempts('backup_id'), $fifth, 'a budget that is used up at once is enough for one backup');
	run_series();
	is(attempts('backup_id'), $fourth, 'the next series goes on with the next one');
	run_series();
	is(attempts('backup_id'), $third, 'then with that which was verified longest ago');
	$server->set('erpgo_backup.verify_budget' => '0');
	run_series();
	is(attempts('backup_id'), join(', ', $second, $first, $fifth, $fourth, $third), 'without a budget all are verified, in this order');
	$server->set('erpgo_backup.verify_budget' => '1h');
};

subtest 'damage, and a backup that is gone' => sub {
	my $dump = $server->backup_folder($second) . '/erp.dump.zst';

	like(decision_about($second), qr/^t\|keep\|/, 'retention counts a good backup');
	damage($dump, 'flip');
	File::Path::remove_tree($server->backup_folder($first));
	run_series();
	like(attempts('backup_id, status'), qr/^$second failed, $first failed, \S+ ok, \S+ ok, $third ok$/, 'the series goes on');
	is(last_status(), 'failed', 'the schedule shows that something is wrong');
	is(history($second, 'status, error IS NOT NULL, full_verified_at IS NOT NULL'), 'failed|t|t', 'the backup has failed');
	is(history($first, 'status'), 'ok', 'while of the other nothing is known');
	is($server->sql("SELECT outcome, verification FROM erpgo_backup_audit WHERE object = '$second' ORDER BY at DESC LIMIT 1"),
		'failed|damaged', 'the audit has it');
	is($server->sql("SELECT value FROM erpgo_backup_status WHERE \"check\" = 'verification'") =~ /^1 of/, 1, 'and the status');
	like(decision_about($second), qr/^f\|keep\|its verification failed/, 'retention counts it no more');
	$server->sql('SET client_min_messages = error; SELECT erpgo_backup_sync()');
	is(history($second, 'status, verified_at < (SELECT at FROM mark)'), 'failed|t', 'the repository knows it too');
	damage($dump, 'flip');
	$server->sql("SELECT erpgo_backup_verify('$second', 'archive')");
	is(history($second, 'status, verified_depth'), 'failed|archive', 'less than what found the damage does not prove that it is mended');
	like($server->cli_ok('show', $second, '--json'), qr/"status": "failed"/, 'nor for the repository');
	run_series();
	like(attempts('backup_id, status'), qr/^$second ok, \S+ ok, \S+ ok, $third ok$/, 'the next series verifies it, but not what is gone');
	is(history($second, 'status, error IS NULL'), 'ok|t', 'it is good again');
	like(decision_about($second), qr/^t\|keep\|/, 'also for retention');
};

subtest 'a backup that becomes due, and cancelling' => sub {
	my $id = begin_series();

	is(history($server->run_backup(type => 'full', databases => ['erp']), 'status'), 'ok', 'a backup is made meanwhile');
	$server->sql("SELECT erpgo_backup_cancel('$id')");
	await_jobs();
	is(attempts('backup_id, status'), "$id cancelled", 'cancelling a verification ends the series');
	is(last_status(), 'cancelled', 'the schedule says so');
	unlink($pause);
	run_series();
	like(attempts('backup_id, status'), qr/^\S+ ok, $id ok, /, 'the next one begins with what it did not come to');
};

subtest 'a restart' => sub {
	my $id = begin_series();

	$server->node->restart;
	unlink($pause);
	wait_for('the repair', sub { attempts('status') eq 'interrupted' });
	await_jobs();
	is(attempts('backup_id, status'), "$id interrupted", 'it ends the series');
	run_series();
	like(attempts('backup_id, status'), qr/^$id ok, /, 'the next one begins with the same backup');
	$started = server_start_time($server);
};

subtest 'the maximum duration' => sub {
	$server->sql("UPDATE erpgo_backup.schedule SET maximum_duration = '1 second' WHERE name = 'deep'");
	write_file($pause, '');
	run_series();
	unlink($pause);
	is(attempts('status'), 'failed', 'it bounds the whole series');
	is(history(attempts('backup_id'), 'status'), 'ok', 'and says nothing of the backup');
};

is(server_start_time($server), $started, 'the server never restarted by itself');
$server->log_is_clean(qr{terminating background worker|terminating connection});

done_testing();
