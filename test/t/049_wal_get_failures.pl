# Whatever keeps wal-get from a segment of a recovery, the server never opens
# without commits that were archived.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal archived);
use ErpgoBackup qw(damage read_file write_file);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $INIT = [ '--wal-segsize=1' ];
my $source = ErpgoBackup->new('source', encrypted => 1, init => $INIT, settings => {
	wal_level => 'replica', archive_mode => 'on', archive_library => 'erpgo_backup' });
my $scratch = PostgreSQL::Test::Utils::tempdir_short();
my $count = 0;

$source->sql('CREATE TABLE ledger (n int)');
$source->sql('INSERT INTO ledger VALUES (0)');
my $id = $source->sql("SELECT erpgo_backup_run('physical')");
my @segments = map { switch_wal($source, "INSERT INTO ledger VALUES ($_)") } 1 .. 3;
my $repository = $source->folder;
my ($exit_code, $out, $err) = $source->cli('restore', $id, '--pgdata', $source->node->basedir . '/prepared', '--to', 'latest');

is($exit_code, 0, 'the original is restored') or diag $err;
$source->node->stop;

# Starts a copy of the prepared directory, whose recovery may fail; whether it
# opened, and its log.
sub recover
{
	my $folder = $source->node->basedir . '/copy' . ++$count;
	my $sockets = "$scratch/$count";
	my $log = "$folder.log";

	PostgreSQL::Test::RecursiveCopy::copypath($source->node->basedir . '/prepared', $folder);
	chmod(0700, $folder) or die "chmod: $!";
	mkdir($sockets) or die "mkdir: $!";
	# Without hot standby nobody is let in before it is open.
	ErpgoBackup::run_program('pg_ctl', 'start', '-s', '-w', '-D', $folder, '-l', $log, '-o',
		"-c hot_standby=off -c listen_addresses='' -c unix_socket_directories=$sockets");
	ErpgoBackup::wait_for('the end of the recovery',
		sub { return !-e "$folder/postmaster.pid" || read_file($log) =~ /database system is ready to accept connections/; });
	my $opened = read_file($log) =~ /archive recovery complete/ ? 1 : 0;
	my ($code, $rows) = $opened ? ErpgoBackup::run_program('psql', '-XAtq', '--host', $sockets, '--port', $source->node->port, '--command',
		q{SELECT string_agg(n::text, ',' ORDER BY n) FROM ledger}, 'postgres') : (0, '');

	PostgreSQL::Test::Utils::system_log('pg_ctl', 'stop', '-s', '-m', 'immediate', '-D', $folder) if -e "$folder/postmaster.pid";
	chomp $rows;
	return ($opened, $rows, read_file($log));
}

# What happens to the object of a segment, or the repository; and what the
# server is told.
my %kinds = (
	'is absent' => [ sub { unlink $_[0] }, qr/is missing in the archive although/ ],
	'has a flipped byte' => [ sub { damage($_[0], 'flip') }, qr/is damaged/ ],
	'is truncated' => [ sub { damage($_[0], 'cut') }, qr/is damaged/ ],
	'cannot be read' => [ sub { unlink $_[0]; symlink('/nonexistent', $_[0]) }, qr/erpgo_backup: error/ ]);

foreach my $segment (@segments)
{
	my ($object) = map { "$repository/$_" } archived($source, $segment);
	my $bytes = read_file($object);

	foreach my $kind (sort keys %kinds)
	{
		my ($damage, $says) = @{ $kinds{$kind} };

		$damage->($object);
		my ($opened, $rows, $log) = recover();
		ok(!$opened, "a server does not open when segment $segment $kind");
		like($log, $says, 'and is told why');
		unlink $object;
		write_file($object, $bytes);
	}
}

# What concerns the repository as a whole.
my $secrets = read_file($source->{secrets});
my %whole = (
	'the key is wrong' => [
		sub { write_file($source->{secrets}, "BACKUP_ENCRYPTION_KEY=not the key that it was at all\n") },
		sub { write_file($source->{secrets}, $secrets) }, qr/key/ ],
	'the secrets are gone' => [
		sub { unlink $source->{secrets} },
		sub { write_file($source->{secrets}, $secrets); chmod(0600, $source->{secrets}); }, qr/could not/ ],
	'the repository is gone' => [
		sub { rename($repository, "$repository.away") or die "rename: $!" },
		sub { rename("$repository.away", $repository) or die "rename: $!" }, qr/erpgo_backup: error/ ],
	'the archive is gone' => [
		sub { rename("$repository/main/wal", "$repository/main/away") or die "rename: $!" },
		sub { rename("$repository/main/away", "$repository/main/wal") or die "rename: $!" }, qr/is missing in the archive although/ ]);

foreach my $what (sort keys %whole)
{
	my ($spoil, $mend, $says) = @{ $whole{$what} };

	$spoil->();
	my ($opened, $rows, $log) = recover();
	ok(!$opened, "a server does not open when $what");
	like($log, $says, 'and is told why');
	$mend->();
}

my ($opened, $rows, $log) = recover();
is($rows, '0,1,2,3', 'it opens with everything when nothing is wrong') or diag $log;

$source->log_is_clean(qr/terminating background worker/);
done_testing();
