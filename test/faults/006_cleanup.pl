# The engine is killed at each of the system calls by which a clean-up deletes
# backups, one after the other, until one gets through untouched.
use strict;
use warnings;
use ErpgoBackup qw(file_names write_file);
use ErpgoFaults;
use ErpgoHistory;
use JSON::PP ();
use PostgreSQL::Test::Utils ();
use Test::More;

plan skip_all => 'strace is not installed' if system('strace -V >/dev/null 2>&1') != 0;

my @CALLS = qw(fsync linkat unlinkat mkdirat);
my $folder = PostgreSQL::Test::Utils::tempdir();
my $installation = private_installation("$folder/installation");
my $step = "$folder/step";

# Only the engine of a clean-up, by what its parent is called: others may start.
fail_engine_at($installation, $step, 'clean-up of old backups', once => 1);

my $server = ErpgoBackup->new('cleanup', install_path => $installation);
my $good = $server->run_backup(type => 'schema', databases => ['postgres']);
my $second = $server->run_backup(type => 'schema', databases => ['postgres']);
my $started = server_start_time($server);
$server->sql('SELECT * FROM erpgo_backup_cleanup()');

# Whatever is listed must be whole, but for the one that was damaged before;
# the identifiers.
sub listed
{
	my ($what, $damaged) = @_;
	my ($exit_code, $out, $err) = $server->cli('verify', '--all', '--depth', 'digest', '--json');
	my @reports = @{ JSON::PP::decode_json($out) };

	is(join(' ', grep { $_ ne $damaged } map { $_->{status} eq 'ok' ? () : $_->{id} } @reports),
		'', "$what: all that is listed is whole") or diag($out, $err);
	return map { $_->{id} } @reports;
}

# What is left of the old backups.
sub rest
{
	my %left = map { m{^main/backup/(2025[^/]+)/} ? ($1 => 1) : () } file_names($server->folder);

	return sort keys %left;
}

# Old backups, one of which cannot be read for long, and what was left
# unfinished; the one that cannot be read comes first.
sub make_old
{
	my @old = map { backdate($server, $good, 1735732800 + $_) } 1, 2, 3;
	my $lost = $server->backup_folder($old[0]);

	make_unfinished($server, '20250101T120009Z-schema', dead_process(), 25);
	unlink("$lost/manifest.json");
	mkdir("$lost/event");
	write_file("$lost/event/20250101T120003.000Z-unreadable.json", "{}\n");
	utime(1735732800, 1735732800, map { "$lost/$_" } file_names($lost));
	return @old;
}

# One clean-up that is killed at a step; true if it got through.
sub clean_up_killed_at
{
	my ($where) = @_;
	my @old = make_old();
	my %old = map { $_ => 1 } @old;

	write_file($step, $where);
	my ($exit_code, $out, $err) = $server->try_sql(
		"SET client_min_messages = error; SELECT id FROM erpgo_backup_cleanup(confirm => true)");
	my @listed = listed($where, $old[0]);

	is_deeply([ grep { !$old{$_} } @listed ], [ $good, $second ], "$where: what is to stay is there");
	is(join(' ', rest()), '', "$where: not killed, nothing is left") if $exit_code == 0;
	$server->sql('SELECT * FROM erpgo_backup_cleanup(confirm => true)');
	is(join(' ', rest()), '', "$where: the next clean-up finishes") if $exit_code != 0;
	return $exit_code == 0;
}

my ($killed, $runs) = (0, 0);
foreach my $call (@CALLS)
{
	for (my $when = 1; $when <= 60; $when++)
	{
		$runs++;
		last if clean_up_killed_at("$call:signal=KILL:when=$when");
		$killed++;
	}
}
cmp_ok($killed, '>', 15, 'killed at many steps');
is($runs, $killed + @CALLS, 'then a clean-up got through, for each call');
is(server_start_time($server), $started, 'the server never restarted');
is($server->sql("SELECT count(*) FROM erpgo_backup_history WHERE status = 'ok'"), 2, 'history has what there is');
is($server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'delete'"), 4 * $runs,
	'the audit has every deletion once');
$server->log_is_clean(qr/erpgo_backup|killed by signal/);
done_testing();
