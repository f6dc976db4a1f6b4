# The extension comes and goes: without preloading, while a job runs, in a
# database that does not exist yet, for users without privileges.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use Test::More;

my $server = ErpgoBackup->new('life', settings => { 'erpgo_backup.database' => 'later' }, extension => 0);
my $started = server_start_time($server);

subtest 'a database that does not exist yet' => sub {
	wait_for('the warning',
		sub { PostgreSQL::Test::Utils::slurp_file($server->node->logfile) =~ /WARNING:.*"later"/ });
	$server->sql('CREATE DATABASE later');
	$server->sql('CREATE EXTENSION erpgo_backup', 'later');
	$server->sql('CREATE EXTENSION erpgo_backup');
	my ($exit_code, $out, $err) = $server->try_sql('SELECT erpgo_backup_run()');
	isnt($exit_code, 0, 'it does not run in another database');
	like($err, qr/"later"/, 'and says in which');
	$server->sql('DROP EXTENSION erpgo_backup');
};
$server->node->stop;
$server->node->append_conf('postgresql.conf', "erpgo_backup.database = 'postgres'");
$server->node->start;
$started = server_start_time($server);

subtest 'DROP EXTENSION and CREATE EXTENSION' => sub {
	$server->sql('CREATE EXTENSION erpgo_backup');
	my $id = $server->run_backup;
	$server->sql('DROP EXTENSION erpgo_backup; CREATE EXTENSION erpgo_backup');
	is($server->sql('SELECT count(*) FROM erpgo_backup_history'), 0, 'the history is gone with it');
	is($server->sql('SELECT erpgo_backup_sync()'), 1, 'sync finds the backup again');
	is($server->sql('SELECT id || status FROM erpgo_backup_history'), $id . 'ok', 'and it is good');
};

subtest 'DROP EXTENSION while a job runs' => sub {
	$server->sql('CREATE TABLE t (i int)');
	my $handle = hold_table($server, 'postgres', 't');
	my $id = start_run($server, 'full', '{postgres}');
	wait_for('pg_dump', sub { job_processes($server, $id)->{programs}{pg_dump} });
	my ($exit_code, $out, $err) = $server->try_sql('DROP EXTENSION erpgo_backup');
	isnt($exit_code, 0, 'is refused');
	like($err, qr/\Q$id\E|running/, 'and says why');
	($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('full')");
	like($err, qr/\Q$id\E/, 'a second run of the same type is refused, and names the first');
	release_table($handle);
	is(wait_run($server, $id), 'ok', 'the run ends well');
};

subtest 'cancelled by who waits for it' => sub {
	my $handle = hold_table($server, 'postgres', 't');
	my ($exit_code, $out, $err) =
	  $server->try_sql("SET statement_timeout = '1s'; SELECT erpgo_backup_run('full', '{postgres}')");
	isnt($exit_code, 0, 'the call ends');
	my $id = $server->sql('SELECT id FROM erpgo_backup_history ORDER BY id DESC LIMIT 1');
	is(wait_run($server, $id), 'cancelled', 'and the run is cancelled');
	release_table($handle);
	wait_for('the repository to be clean', sub { !repository_leftovers($server) });
};

subtest 'transactions' => sub {
	my ($exit_code, $out, $err) =
	  $server->try_sql("BEGIN; INSERT INTO t VALUES (1); SELECT erpgo_backup_run('schema')");
	isnt($exit_code, 0, 'a transaction that wrote may not wait for a run');
	like($err, qr/wait => false/, 'and is told what to do');
	my $id = $server->sql("BEGIN; INSERT INTO t VALUES (2); SELECT erpgo_backup_run('schema', wait => false); ROLLBACK");
	is(wait_run($server, $id), 'ok', 'a rollback does not undo a run');
	$id = start_run($server, 'full', '{postgres}');
	$server->sql("CALL erpgo_backup_wait('$id')");
	is(run_status($server, $id), 'ok', 'CALL erpgo_backup_wait waits');
};

subtest 'privileges' => sub {
	$server->sql('CREATE ROLE nobody LOGIN; CREATE ROLE operator LOGIN; CREATE ROLE monitor LOGIN IN ROLE pg_monitor');
	$server->sql("GRANT EXECUTE ON FUNCTION erpgo_backup_run TO operator");
	my $functions = $server->sql("SELECT oid::regprocedure FROM pg_proc WHERE proname ~ '^erpgo_backup_' ORDER BY 1");
	my $public = $server->sql("SELECT string_agg(oid::regprocedure::text, ' ') FROM pg_proc
		WHERE (proname ~ '^erpgo_backup_' OR pronamespace = 'erpgo_backup'::regnamespace) AND has_function_privilege('nobody', oid, 'EXECUTE')");
	is($public, '', 'nobody may call a function');
	is($server->sql("SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c
		WHERE (relname ~ '^erpgo_backup_' OR relnamespace = 'erpgo_backup'::regnamespace) AND relkind IN ('r', 'v', 'S')
		AND has_table_privilege('nobody', c.oid, 'SELECT, INSERT, UPDATE, DELETE')"), '', 'nor reach a table or view');
	is($server->sql("SELECT count(*) FROM pg_proc p, unnest(proargnames) a WHERE proname ~ '^erpgo_backup_'
		AND proargmodes IS NULL AND a ~ '(path|url|file|command|dir)'"), 0, 'no function takes a path, URL or command');
	is($server->sql("SELECT string_agg(oid::regprocedure::text, ' ') FROM pg_proc WHERE proname ~ '^erpgo_backup_'
		AND prokind = 'f' AND NOT coalesce(proconfig::text, '') ~ 'search_path'"), '', 'every function pins its search_path');
	is($server->sql("SELECT string_agg(oid::regprocedure::text, ' ') FROM pg_proc WHERE proname ~ '^erpgo_backup_'
		AND obj_description(oid, 'pg_proc') IS NULL"), '', 'every function is described');
	like($server->sql("SET ROLE operator; SELECT erpgo_backup_run('schema', '{postgres}')"), qr/-schema$/,
		'GRANT EXECUTE makes an operator');
	my ($exit_code, $out, $err) = $server->try_sql('SET ROLE operator; SELECT * FROM erpgo_backup.backup');
	isnt($exit_code, 0, 'who still cannot reach the tables');
	cmp_ok($server->sql('SET ROLE monitor; SELECT count(*) FROM erpgo_backup_history'), '>', 0, 'pg_monitor reads the views');
	($exit_code, $out, $err) = $server->try_sql('SET ROLE nobody; SHOW erpgo_backup.repository');
	isnt($exit_code, 0, 'who is nobody does not see where the repository is');
};

subtest 'the audit' => sub {
	foreach my $statement ('UPDATE erpgo_backup.audit SET action = NULL', 'DELETE FROM erpgo_backup.audit', 'TRUNCATE erpgo_backup.audit')
	{
		my ($exit_code, $out, $err) = $server->try_sql($statement);
		isnt($exit_code, 0, "$statement is refused");
	}
	cmp_ok($server->sql("SELECT count(*) FROM erpgo_backup.audit WHERE role = 'operator'"), '>', 0, 'it names who did what');
};

is(server_start_time($server), $started, 'the server never restarted');
$server->log_is_clean(qr/erpgo_backup|permission denied|"later"|canceling statement|audit|pg_dump|exit code 1|is running already|cannot wait for a backup|refused/);
done_testing();
