# WAL is archived by the command line, and a server recovers with it.
use strict;
use warnings;
use ErpgoArchive qw(command switch_wal archived restore_copy recovered_rows);
use ErpgoBackup qw(wait_for file_names damage read_file write_file);
use File::Copy ();
use Test::More;

my $source = ErpgoBackup->new('source', encrypted => 1,
	settings => { archive_mode => 'on', wal_level => 'replica', max_wal_senders => 4 });
$source->set('archive_command' => command($source, 'wal-push', '%p'));
$source->sql('CREATE TABLE ledger (n int)');
$source->node->backup('base');
my @segments = map { switch_wal($source, "INSERT INTO ledger VALUES ($_)") } 1 .. 4;
my $get = command($source, 'wal-get', '%f', '%p');

# Runs wal-get for a file: (exit code, errors, what arrived).
sub wal_get
{
	my ($file, @options) = @_;
	my $path = $source->node->basedir . '/got';

	unlink($path);
	my ($exit_code, $out, $err) = $source->cli('wal-get', '--prefetch', 0, @options, $file, $path);
	my $got = -e $path ? read_file($path) : undef;
	ok(!-e "$path.erpgo", 'nothing unfinished is left');
	return ($exit_code, $err, $got);
}

subtest 'a server recovers to the end of the archive' => sub {
	my $copy = restore_copy($source, 'copy', 'base', restore_command => $get);

	is(recovered_rows($copy), '1,2,3,4', 'with all that was archived');
	$copy->stop;
};

subtest 'what is pushed again' => sub {
	my $path = $source->node->basedir . "/$segments[0]";
	my ($exit_code, $err, $segment) = wal_get($segments[0]);

	is(length($segment), 16 * 1024 * 1024, 'a segment comes back whole');
	write_file($path, $segment);
	my @push = ('wal-push', '--pgdata', $source->node->data_dir, $path);
	$source->cli_ok(@push);
	is(scalar(archived($source, $segments[0])), 1, 'the same content is there once');
	($exit_code, my $out, $err) = $source->cli('wal-push', '--compression', 'gzip', '--encryption', 'none', @push[ 1 .. 3 ]);
	is($exit_code, 0, 'also if it would be stored in another way') or diag $err;
	is(scalar(archived($source, $segments[0])), 1, 'it is still there once');

	substr($segment, 5_000_000, 1) ^= "\x01";
	write_file($path, $segment);
	($exit_code, $out, $err) = $source->cli(@push);
	is($exit_code, 1, 'another content is refused');
	like($err, qr/is in the archive with another content: object "main\/wal\//, 'by name');

	chop($segment);
	write_file($path, $segment);
	($exit_code, $out, $err) = $source->cli(@push);
	is($exit_code, 3, 'a segment that was cut short is refused');
	like($err, qr/it has 16777215 bytes instead of 16777216/, 'and it says so');
	write_file("$path", '');
	($exit_code, $out, $err) = $source->cli(@push);
	is($exit_code, 3, 'so is an empty one');
	File::Copy::copy($source->node->data_dir . "/pg_wal/" . $source->sql('SELECT pg_walfile_name(pg_current_wal_lsn())'), $path);
	($exit_code, $out, $err) = $source->cli(@push);
	like($err, qr/it holds another segment/, 'and another segment under its name');
};

subtest 'files that are not segments' => sub {
	my $path = $source->node->basedir . '/00000002.history';

	write_file($path, "1\t0/3000000\tno recovery target specified\n");
	$source->cli_ok('wal-push', '--pgdata', $source->node->data_dir, $path);
	my ($exit_code, $err, $got) = wal_get('00000002.history');
	is($got, read_file($path), 'a history file comes back');
	my ($backup) = map { m{([0-9A-F]{24}\.[0-9A-F]{8}\.backup)-} } file_names($source->folder);
	($exit_code, $err, $got) = wal_get($backup);
	like($got, qr/^START WAL LOCATION/, 'so do the notes on a backup');
	($exit_code, $err, $got) = wal_get('00000003.history');
	is($exit_code, 1, 'one that is not there is told by 1');
	($exit_code, $err, $got) = wal_get('000000010000000900000001');
	is($exit_code, 1, 'so is a segment after all others');
	foreach my $wrong ('../00000002.history', '0000000200000000', 'postgresql.conf')
	{
		($exit_code, $err, $got) = wal_get($wrong);
		is($exit_code, 126, "\"$wrong\" is not asked for");
	}
};

# What goes wrong at a segment in the middle, and how wal-get says so.
my $object = (archived($source, $segments[1]))[0];
my $path = $source->folder . "/$object";
my $good = read_file($path);
my @damages = (
	[ 'a flipped byte', sub { damage($path, 'flip') }, qr/is damaged: its digest is not what its name says/ ],
	[ 'a byte too few', sub { damage($path, 'cut') }, qr/is damaged: its digest/ ],
	[ 'nothing in it', sub { damage($path, 'empty') }, qr/is damaged: its digest/ ],
	[ 'it is gone', sub { unlink $path }, qr/is missing in the archive although later ones are there/ ],
	[ 'a folder in its place', sub { unlink $path; mkdir $path }, qr/is missing in the archive|regular file/ ],
	[ 'a second content', sub { write_file($path =~ s/(-[0-9a-f]{16})\.zst/'-' . '0' x 16 . '.zst'/er, $good) }, qr/with two contents/ ],
	[ 'another content claimed', sub { rename($path, $path =~ s/-[0-9a-f]{32}-/'-' . '0' x 32 . '-'/er) }, qr/its content is not what its name says/ ],
	[ 'another object in its place', sub { write_file($path, read_file($source->folder . '/' . (archived($source, $segments[2]))[0])) }, qr/its digest/ ],
	[ 'the wrong key', sub { $source->write_secrets("BACKUP_ENCRYPTION_KEY=another key\n") }, qr/does not open the keys/ ],
	[ 'no key', sub { $source->write_secrets("\n") }, qr/no encryption key is given/ ],
	[ 'no repository', sub { rename($source->folder, $source->folder . '.away') }, qr/does not exist/ ],
	[ 'an empty repository', sub { rename($source->folder, $source->folder . '.away'); mkdir $source->folder }, qr/holds no cluster/ ]);

# Undoes whatever was done.
sub repair
{
	if (-d $source->folder . '.away')
	{
		rmdir $source->folder;
		rename($source->folder . '.away', $source->folder) or die "rename: $!";
	}
	rmdir $path if -d $path;
	unlink map { $source->folder . "/$_" } archived($source, $segments[1]);
	write_file($path, $good);
	$source->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n");
	return;
}

# The source archives nothing while its repository is damaged.
$source->node->stop;
foreach my $case (@damages)
{
	my ($what, $damage, $says) = @$case;

	subtest "$what: recovery stops" => sub {
		$damage->();
		my ($exit_code, $err, $got) = wal_get($segments[1]);
		is($exit_code, 126, 'wal-get exits with 126');
		like($err, $says, 'and says what is wrong');
		is($got, undef, 'no file arrives');
		repair();
	};
}
($path) = map { $source->folder . "/$_" } archived($source, $segments[1]);
unlink $path;
my $node = restore_copy($source, 'stopped', 'base', restore_command => $get, fails => 1);
wait_for('the end of the server', sub { return !-e $node->data_dir . '/postmaster.pid' });
like(read_file($node->logfile), qr/although later ones are there/, 'a server does not open over a hole');
unlike(read_file($node->logfile), qr/archive recovery complete/, 'and stays closed');
write_file($path, $good);

foreach my $arguments ([ 'wal-get' ], [ 'wal-get', 'x' ], [ '--nonsense', 'wal-get', 'a', 'b' ], [ 'wal-get', '--prefetch', '-1', $segments[0], 'x' ])
{
	my ($exit_code, $out, $err) = $source->cli(@$arguments);
	is($exit_code, 126, "\"@$arguments\" is no end of the WAL");
}
is((wal_get($segments[3], '--standby'))[0], 0, 'a standby gets what is there');

$source->log_is_clean(qr{terminating background worker "erpgo_backup scheduler"});
done_testing();
