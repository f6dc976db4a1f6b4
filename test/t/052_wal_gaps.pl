# The check and the recovery windows name WAL that is missing from the archive.
use strict;
use warnings;
use ErpgoArchive qw(command switch_wal archived);
use ErpgoBackup;
use JSON::PP ();
use Test::More;

my $source = ErpgoBackup->new('source',
	settings => { archive_mode => 'on', wal_level => 'replica', max_wal_senders => 4 });
$source->set('archive_command' => command($source, 'wal-push', '%p'));
$source->sql('CREATE TABLE ledger (n int)');

# The recovery windows: "timeline|backups|begins with|missing".
sub windows
{
	return $source->sql('SELECT timeline, backups, begins_with, missing FROM erpgo_backup_recovery_window');
}

$source->run_backup(type => 'schema', databases => ['postgres']);
my ($exit_code, $out, $err) = $source->cli('window', '--json');
is("$exit_code|$out", "1|[]\n", 'without a backup there is no recovery window');
is(windows(), '', 'nor in SQL');
my $first = $source->sql(q{SELECT erpgo_backup_run('physical')});
my @segments = map { switch_wal($source, "INSERT INTO ledger VALUES ($_)") } 1 .. 4;
is(windows(), "1|1|$first|", 'with WAL it becomes longer');
is($source->sql(qq{SELECT ends_at >= begins_at AND end_lsn > begin_lsn AND pg_walfile_name(end_lsn - 1) = '$segments[3]'
	FROM erpgo_backup_recovery_window}), 't', 'up to the end of the archive');
my $second = $source->sql(q{SELECT erpgo_backup_run('physical')});
my $last = switch_wal($source, 'INSERT INTO ledger VALUES (5)');
is(windows(), "1|2|$first|", 'another backup lies within it');

like($source->cli_ok('check'), qr/all WAL on timeline 1 from physical backup "$first" up to/,
	'an archive without a hole is said to have all WAL');

# Removes a segment from the archive.
sub lose
{
	my ($segment) = @_;
	my ($object) = archived($source, $segment);

	unlink($source->folder . "/$object") or die "could not remove \"$object\": $!";
	return;
}

lose($segments[1]);
is(windows(), "1|1|$first|$segments[1]\n1|1|$second|", 'where a segment is missing, a window ends');
is($source->sql(qq{SELECT pg_walfile_name(end_lsn - 1) FROM erpgo_backup_recovery_window WHERE begins_with = '$first'}),
	$segments[0], 'right before it');
lose($segments[2]);
my ($lost) = @{ JSON::PP::decode_json($source->cli_ok('window', '--json')) };
is($lost->{missing}, "$segments[1] to $segments[2]", 'the command line names all that are missing');
like($source->cli_ok('window'), qr/^ *1 .* $first +$segments[1] to $segments[2]$/m, 'also for people');
is($source->sql('SET ROLE pg_monitor; SELECT count(*) FROM erpgo_backup_recovery_window'), 2, 'monitoring may look');

my $third = switch_wal($source, 'INSERT INTO ledger VALUES (6)');
switch_wal($source, 'INSERT INTO ledger VALUES (7)');
lose($third);
like($source->cli_ok('check'), qr/WAL is missing \($third\): on timeline 1/,
	'a segment that is missing after the newest backup is named by the check');
like($source->sql('SELECT status, message FROM erpgo_backup_check()'),
	qr/warning\|WAL is missing \($third\)/, 'SQL says so, too');

# The alert of missing WAL.
sub is_told
{
	my ($count, $what) = @_;

	$source->sql('SELECT count(*) FROM erpgo_backup_cleanup()');
	ok($source->node->poll_query_until('postgres',
			"SELECT count(*) = $count FROM erpgo_backup_alerts WHERE state = 'firing' AND kind = 'wal_missing'"), $what);
	return;
}

is_told(1, 'a clean-up finds it, and an alert fires');
like($source->sql(q{SELECT message FROM erpgo_backup_alerts WHERE kind = 'wal_missing'}),
	qr/WAL is missing \($third\): on timeline 1 the cluster can be recovered up to/, 'which names it');
$source->sql(q{SELECT erpgo_backup_run('physical')});
is_told(0, 'a new physical backup ends it');

$source->log_is_clean;
done_testing();
