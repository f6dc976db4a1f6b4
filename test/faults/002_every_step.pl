# The engine is killed at each of the system calls that make things durable
# or visible, one after the other, until a run gets through untouched.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use ErpgoFaults;
use PostgreSQL::Test::Utils ();
use Test::More;

plan skip_all => 'strace is not installed' if system('strace -V >/dev/null 2>&1') != 0;

my $CALLS = 'fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat';
my $folder = PostgreSQL::Test::Utils::tempdir();
my $installation = private_installation("$folder/installation");
my $step = "$folder/step";

fail_engine_at($installation, $step, 'postgres:', once => 1);

my $server = ErpgoBackup->new('steps', install_path => $installation, encrypted => 1);
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i');
my $first = $server->run_backup(databases => ['postgres']);
my $started = server_start_time($server);

# The clean-up after it must not take the first step for itself.
$server->sql('SELECT * FROM erpgo_backup_cleanup()');

my ($killed, $finished) = (0, 0);
for (my $when = 1; $when <= 200 && !$finished; $when++)
{
	write_file($step, "$CALLS:signal=KILL:when=$when");
	my ($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{postgres}')");
	my ($id) = $server->sql('SELECT id FROM erpgo_backup_history ORDER BY id DESC LIMIT 1');
	my $status = run_status($server, $id);

	if ($exit_code == 0)
	{
		$finished = 1;
		is($status, 'ok', "step $when: a run that was not killed is good");
		last;
	}
	$killed++;
	wait_for('the clean-up', sub { !repository_leftovers($server) });
	# Killed after the manifest was in place, the backup exists and is good,
	# and history learns that.
	wait_for('history to agree with the repository',
		sub {
			my $listed = $server->cli_ok('list') =~ /\Q$id\E/;

			$status = run_status($server, $id);
			return $status eq ($listed ? 'ok' : 'failed');
		});
	ok(1, "step $when: history and repository say $status");
	$server->cli_ok('verify', $id) if $status eq 'ok';
}
ok($killed > 10, "killed at $killed steps");
ok($finished, 'then a run got through');
is(server_start_time($server), $started, 'the server never restarted');
$server->cli_ok('verify', '--all', '--depth', 'full');
$server->log_is_clean(qr/erpgo_backup|killed by signal/);
done_testing();
