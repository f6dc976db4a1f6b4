# The database that holds the extension is dumped and restored like any other.
use strict;
use warnings;
use ErpgoBackup;
use Test::More;

my $server = ErpgoBackup->new('own');
my $bare = ErpgoBackup->new('bare', preload => 0, extension => 0);

$server->sql('CREATE TABLE mine AS SELECT 1 AS one');
$server->run_backup;
my $id = $server->run_backup;

foreach my $jobs (1, 2)
{
	my ($exit_code, $out, $err) = $server->cli('restore', $id, '--database', 'postgres',
		'--dbname', $server->conninfo("copy$jobs"), '--create', '--jobs', $jobs);
	is($exit_code, 0, "restored with $jobs jobs") or diag($err);
	unlike($err, qr/error|warning/i, 'without an error or a warning');
	ok($server->contents("copy$jobs") eq $server->contents('postgres'), 'the copy is equal');
}

# A second time, into a server where the extension is installed but not preloaded.
my ($exit_code, $out, $err) = $server->cli('restore', $id, '--database', 'postgres',
	'--dbname', $bare->conninfo('copy'), '--create');
is($exit_code, 0, 'restored where it is not preloaded') or diag($err);
my ($code, $stdout, $stderr) = $bare->try_sql('SELECT erpgo_backup_run()', 'copy');
isnt($code, 0, 'there it does not run');
like($stderr, qr/shared_preload_libraries/, 'and says what to do');
$server->log_is_clean;
$bare->log_is_clean(qr/is not loaded by the server/);
done_testing();
