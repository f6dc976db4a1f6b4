# A restore that was interrupted goes on with --delta, which also brings a
# data directory back to what a backup has; a damaged backup is not restored,
# and a disk that is too small is noticed.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use ErpgoBackup qw(damage file_names read_file small_file_system wait_for write_file);
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $server = ErpgoBackup->new('main', settings => { wal_level => 'replica' });
my $node = $server->node;
my $location = $node->basedir . '/place';
my $ROWS = 'SELECT (SELECT sum(hashtextextended(x::text, 0)) FROM pgbench_accounts x), '
  . '(SELECT sum(hashtextextended(x::text, 0)) FROM elsewhere x)';

mkdir($location) or die "mkdir: $!";
$server->sql("CREATE TABLESPACE place LOCATION '$location'");
$server->sql('CREATE TABLE elsewhere TABLESPACE place AS SELECT i FROM generate_series(1, 50000) i');
$node->command_ok([ 'pgbench', '-i', '-s', 10, 'postgres' ], 'pgbench has its tables');
my $id = $server->sql("SELECT erpgo_backup_run('physical')");
my $rows = $server->sql($ROWS);

# The arguments that restore to a folder.
sub arguments
{
	my ($folder, @more) = @_;

	return ('restore', $id, '--pgdata', "$folder/data",
		'--tablespace-mapping', "$location=$folder/place", @more);
}

# Restores with --delta, tests the directory, and gives back the JSON.
sub restore_again
{
	my ($folder) = @_;
	my $json = JSON::PP::decode_json($server->cli_ok('--json', arguments($folder, '--delta')));

	$node->command_ok([ 'pg_verifybackup', "$folder/data" ], 'pg_verifybackup accepts it');
	return $json;
}

# Starts a server in a restored directory, and tests that its rows are those
# of the backup.  Afterwards it is stopped.
sub has_rows
{
	my ($name, $folder) = @_;
	my $restored = PostgreSQL::Test::Cluster->new($name);

	rename("$folder/data", $restored->data_dir) or die "rename: $!";
	$restored->append_conf('postgresql.conf', join("\n",
		'port = ' . $restored->port, "unix_socket_directories = '" . $restored->host . "'"));
	$restored->start;
	is($restored->safe_psql('postgres', $ROWS), $rows, 'it has the rows of the backup');
	$restored->stop;
	rename($restored->data_dir, "$folder/data") or die "rename: $!";
	return;
}

subtest 'what differs' => sub {
	my $folder = $node->basedir . '/delta';
	my $data = "$folder/data";
	my $outside = $node->basedir . '/outside';

	$server->cli_ok(arguments($folder));
	has_rows('delta', $folder);
	mkdir($outside) or die "mkdir: $!";
	write_file("$outside/file", 'not of the server');
	write_file("$data/base/stray", 'does not belong there');
	mkdir("$data/strange") or die "mkdir: $!";
	symlink($outside, "$data/strange/link") or die "symlink: $!";
	my $table = $data . '/' . $server->sql("SELECT pg_relation_filepath('pgbench_accounts')");
	damage($table, 'flip');
	my $linked = $data . '/' . $server->sql("SELECT pg_relation_filepath('pgbench_tellers')");
	my $content = read_file($linked);
	unlink($linked);
	symlink("$outside/file", $linked) or die "symlink: $!";
	my $json = restore_again($folder);

	ok(!-e "$data/base/stray" && !-e "$data/strange", 'what does not belong there is removed');
	is(read_file("$outside/file"), 'not of the server', 'but nothing behind a link');
	ok(!-l $linked && read_file($linked) eq $content, 'a link becomes a file again');
	cmp_ok($json->{files_kept}, '>', 900, 'most files are kept');
	cmp_ok($json->{files_written}, '<', 50, 'few are written');
	has_rows('after_delta', $folder);
};

subtest 'killed at any moment' => sub {
	my $folder = $node->basedir . '/killed';
	my $killed = 0;
	my $complete = 0;

	# As if the very first file had been cut short.
	mkdir($folder) or die "mkdir: $!";
	mkdir("$folder/data", 0700) or die "mkdir: $!";
	write_file("$folder/data/erpgo_backup.restoring.restoring", '7');

	# Later and later: the first kill finds nothing, the last one is too late.
	for (my $delay_ms = 0; !$complete && $delay_ms < 20_000; $delay_ms += 40)
	{
		my $restore = IPC::Run::start(
			[ 'erpgo_backup', '--repository', $server->url, arguments($folder, '--delta') ],
			'<', \undef, '>', \my $out, '2>', \my $err);
		Time::HiRes::usleep($delay_ms * 1000);
		$restore->signal('KILL');
		$restore->finish;
		$complete = -e "$folder/data/global/pg_control"
		  && !-e "$folder/data/erpgo_backup.restoring";
		next if $complete || !-e "$folder/data/erpgo_backup.restoring";
		$killed++;
		$node->command_fails([ 'pg_ctl', '-D', "$folder/data", '-t', 10, '-w', 'start' ],
			"killed after $delay_ms ms: the directory does not start")
		  unless -e "$folder/data/global/pg_control";
	}
	cmp_ok($killed, '>', 2, 'a restore was killed on its way more than twice');
	restore_again($folder);
	has_rows('after_kill', $folder);
};

subtest 'asked to end' => sub {
	my $folder = $node->basedir . '/ended';
	my $restore = IPC::Run::start(
		[ 'erpgo_backup', '--repository', $server->url, arguments($folder) ],
		'<', \undef, '>', \my $out, '2>', \my $err);

	wait_for('the restore to begin', sub { -e "$folder/data/erpgo_backup.restoring" });
	$restore->signal('TERM');
	$restore->finish;
	like($err, qr/directory "\Q$folder\E\/data" is incomplete.*--delta/s, 'it says how to go on');
	my ($exit_code, $stdout, $stderr) = $server->cli(arguments($folder));
	ok($exit_code == 1 && $stderr =~ /it is not empty.*--delta/s, 'without --delta that is refused');
	restore_again($folder);
};

subtest 'a damaged backup' => sub {
	my $folder = $node->basedir . '/damaged';

	foreach my $file (grep { !/pages-/ } file_names($server->backup_folder($id)))
	{
		next if $file =~ /event/;
		my $path = $server->backup_folder($id) . "/$file";
		my $bytes = read_file($path);

		foreach my $kind ($file =~ /^pack-|manifest/ ? qw(flip cut missing) : qw(flip missing))
		{
			damage($path, $kind);
			my ($exit_code, $stdout, $stderr) = $server->cli(arguments($folder));
			ok($exit_code == 3 && $stderr =~ /\Q$file\E/ && !-e $folder,
				"$file ($kind) is named, and nothing is written")
			  or diag("exit code $exit_code: $stdout$stderr");
			write_file($path, $bytes);
		}
	}
};

# Runs a filter of text with some input.
sub filter
{
	my ($input, @command) = @_;
	my $output;

	IPC::Run::run(\@command, '<', \$input, '>', \$output) or die "$command[0] failed";
	return $output;
}

# Changes the list of files in a backup that is not encrypted as somebody could
# who can write to the repository: all digests are right again.
sub forge
{
	my ($from, $to) = @_;
	my $backup = $server->backup_folder($id);
	my $list = filter(read_file("$backup/files.jsonl.zst"), 'zstd', '-dc');

	$list =~ s/"path":"\Q$from\E"/"path":"$to"/ or die "there is no file \"$from\"";
	my $stored = filter($list, 'zstd', '-c');
	my $manifest = read_file("$backup/manifest.json");
	$manifest =~ s/("name": "files.jsonl.zst",\s*"size": )\d+(,\s*"stored_size": )\d+(,\s*"sha256": ")[0-9a-f]+/
		$1 . length($list) . $2 . length($stored) . $3 . sha256_hex($stored)/e or die 'no list';
	$manifest =~ s/"sha256": "[0-9a-f]+"\}\n\z//;
	write_file("$backup/files.jsonl.zst", $stored);
	write_file("$backup/manifest.json",
		$manifest . '"sha256": "' . sha256_hex($manifest) . "\"}\n");
	return;
}

subtest 'a forged list of files' => sub {
	my $folder = $node->basedir . '/forged';
	my $backup = $server->backup_folder($id);
	my %original = map { ($_ => read_file("$backup/$_")) } qw(files.jsonl.zst manifest.json);

	foreach my $case (
		[ 'PG_VERSION', '../escape', 'not one in the data directory' ],
		[ 'PG_VERSION', '/tmp/escape', 'not one in the data directory' ],
		[ 'base/1/PG_VERSION', 'base/1/../../../escape', 'not one in the data directory' ],
		[ 'base/1/PG_VERSION', 'base/1//PG_VERSION', 'not one in the data directory' ],
		[ 'global/pg_filenode.map', 'global/pg_control', 'no backup has a file' ],
		[ 'postgresql.auto.conf', 'postmaster.pid', 'no backup has a file' ])
	{
		my ($from, $to, $message) = @$case;

		chmod(0600, map { "$backup/$_" } keys %original);
		forge($from, $to);
		my ($exit_code, $stdout, $stderr) = $server->cli(arguments($folder));
		ok($exit_code == 3 && $stderr =~ /$message/ && !-e $folder,
			"with \"$to\" is refused before anything is written")
		  or diag("exit code $exit_code: $stdout$stderr");
		write_file("$backup/$_", $original{$_}) foreach keys %original;
	}
};

subtest 'a full disk' => sub {
	my $small = small_file_system();

	plan(skip_all => 'there is no small file system') unless $small;
	my ($exit_code, $stdout, $stderr) = $server->cli(arguments("$small/restored"));
	ok($exit_code == 1 && $stderr =~ /it needs .*B, the file system has/,
		'is noticed before anything is written')
	  or diag("exit code $exit_code: $stdout$stderr");
	is_deeply([ file_names($small) ], [], 'nothing is');
};

$server->log_is_clean;
done_testing();
