# A repository whose file system is small, or full to the last byte.
use strict;
use warnings;
use ErpgoBackup qw(file_names small_file_system wait_for write_file);
use ErpgoFaults;
use Test::More;

my $small = small_file_system();
plan skip_all => 'no small file system (ERPGO_BACKUP_SMALL_FS) was given' unless $small;

my $server = ErpgoBackup->new('server');
$server->{folder} = "$small/full.$$";
$server->set('erpgo_backup.repository' => $server->url, 'erpgo_backup.minimum_free_space' => 0);
$server->sql("CREATE DATABASE $_") foreach qw(erp archive);

# Writes to the disk until nothing fits any more; the files.
sub fill_disk
{
	my @files;

	foreach my $size (1024 * 1024, 4096, 1)
	{
		while (1)
		{
			my $path = sprintf '%s/ballast.%d.%d', $small, $$, scalar @files;

			push @files, $path;
			last unless eval { write_file($path, "\0" x $size); 1 };
			last if @files > 10_000;
		}
	}
	return @files;
}

sub good_backups
{
	return join ' ', split /\n/, $server->sql("SELECT id FROM erpgo_backup_history WHERE status = 'ok' ORDER BY id");
}

sub folders
{
	opendir(my $directory, $server->folder . '/main/backup') or die "opendir: $!";
	return join ' ', sort grep { !/^\./ } readdir($directory);
}

subtest 'a first backup is refused only if it cannot fit' => sub {
	my $rows = sub { return "INSERT INTO t SELECT 'the same again and again' FROM generate_series(1, $_[0] * 15000)"; };
	my $total = $server->sql('SELECT pg_size_bytes(\'' . (split ' ', `df -k --output=size $small | tail -1`)[0] . ' kB\')');

	$server->set('erpgo_backup.minimum_free_space' => 5);
	$server->sql('CREATE TABLE t (x text)', 'erp');
	$server->sql($rows->(1 + 2 * int($total / (1024 * 1024))), 'erp');
	cmp_ok($server->sql("SELECT pg_database_size('erp')"), '>', $total, 'a database is larger than the disk');
	my $id = $server->run_backup(databases => ['erp']);
	is(run_status($server, $id), 'ok', 'compressed it fits');
	$server->set('erpgo_backup.compression' => 'none');
	my ($exit_code, undef, $err) = $server->try_sql("SELECT erpgo_backup_run('data', '{erp}')");
	like($err, qr/ERROR:.*is expected to need .* MB, but repository .* has only/, 'without compression it does not');
	$server->set('erpgo_backup.compression' => 'zstd:1', 'erpgo_backup.minimum_free_space' => 90);
	($exit_code, undef, $err) = $server->try_sql("SELECT erpgo_backup_run('data', '{erp}')");
	like($err, qr/ERROR:.*is expected to need .* MB, but repository .* has only/, 'nor if little room may be taken');
	$server->set('erpgo_backup.minimum_free_space' => 5);
	# Noise that no method compresses.
	$server->sql(sprintf(<<'END', 2 * int($total / 1024)), 'archive');
CREATE TABLE noise AS
SELECT (SELECT string_agg(sha256(convert_to(i || ' ' || j, 'UTF8')), ''::bytea) FROM generate_series(1, 32) j) AS noise
FROM generate_series(1, %d) i;
END
	($exit_code, undef, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{archive}')");
	like($err, qr/ERROR:.*repository .* has only \d+ of \d+ kB left, and \d+ kB are kept free/,
		'one that turns out larger than expected is stopped in time');
	wait_for('the clean-up', sub { !repository_leftovers($server) });
	is(good_backups(), $id, 'and leaves the others as they are');
};

subtest 'a clean-up frees room on a disk that is full' => sub {
	$server->set('erpgo_backup.minimum_free_space' => 0);
	$server->run_backup(databases => ['erp']) for 1 .. 3;
	my $last = $server->run_backup(databases => ['erp']);
	$server->sql("SELECT erpgo_backup_annotate('$last', 'why', 'the last one')");
	my @before = split ' ', good_backups();
	my @ballast = fill_disk();

	my ($exit_code, undef, $err) = $server->try_sql("SELECT erpgo_backup_pin('$last', 'no room')");
	like($err, qr/ERROR:.*No space left on device/, 'not even a small object can be stored');
	$server->set("erpgo_backup.retention_$_" => 0) foreach qw(daily_days weekly_weeks monthly_months);
	$server->set('erpgo_backup.retention_minimum' => 1);
	my $deleted = join ' ', split /\n/, $server->sql("SELECT id FROM erpgo_backup_cleanup(confirm => true) WHERE decision = 'delete'");
	is($deleted, join(' ', @before[ 0 .. $#before - 1 ]), 'the old ones are deleted');
	is(good_backups(), $last, 'the last one is kept');
	is(folders(), $last, 'of the others nothing stays');
	is($server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'delete' AND outcome = 'ok' AND detail ->> 'reason' <> ''"),
		scalar(@before) - 1, 'the audit says why');
	unlink(@ballast);
	$server->cli_ok('verify', $last, '--depth', 'full');
	ok($server->sql("SELECT erpgo_backup_pin('$last', 'room')") eq '', 'with room again all is well');
};

subtest 'by the command line, too' => sub {
	my @policy = map { ("--keep-$_", 0) } qw(daily weekly monthly);

	$server->set('erpgo_backup.retention_minimum' => 9);
	my $newer = $server->run_backup(databases => ['erp']);
	my $newest = $server->run_backup(databases => ['erp']);
	my @ballast = fill_disk();
	$server->cli_ok('expire', '--confirm', '--minimum', 1, @policy);
	unlike(folders(), qr/$newer/, 'what is to go is gone');
	like(folders(), qr/$newest/, 'what is to stay has stayed');
	unlink(@ballast);
	$server->cli_ok('verify', '--all');
};

system('rm', '-r', $server->folder);
$server->log_is_clean(qr/connection to client lost|is expected to need|kept free|No space left on device|erpgo_backup_(?:run|pin)/);
done_testing();
