# A physical backup becomes a data directory that PostgreSQL's own programs
# accept, with everything that the server had.
use strict;
use warnings;
use ErpgoBackup qw(file_names read_file write_file);
use ErpgoCluster;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

# What the rows of all tables are, in one line.
my $ROWS = join(' UNION ALL ',
	map { "SELECT count(*) || ' ' || sum(hashtextextended(x::text, 0)) FROM $_ x" }
	  qw(in_one in_two pgbench_accounts pgbench_branches pgbench_tellers pgbench_history));

# Whether a folder is there and empty, or not there.
sub is_untouched
{
	my ($folder) = @_;

	return !-e $folder || !file_names($folder);
}

my $server = make_server('main', encrypted => 1, settings => { wal_level => 'replica' });
my $node = $server->node;
my $folder = $node->basedir . '/restored';

foreach my $place (qw(one two))
{
	$server->sql("CREATE TABLE in_$place (i int PRIMARY KEY, t text) TABLESPACE $place");
	$server->sql("INSERT INTO in_$place SELECT i, md5(i::text) FROM generate_series(1, 20000) i");
}
$server->sql('CREATE UNLOGGED TABLE forgotten AS SELECT 1');
$node->command_ok([ 'pgbench', '-i', '-s', 2, 'postgres' ], 'pgbench has its tables');

my $load = IPC::Run::start(
	[ 'pgbench', '-c', 2, '-T', 600, '-h', $node->host, '-p', $node->port, 'postgres' ],
	'<', \'', '>', \my $out, '2>', \my $err);
my $id = $server->sql("SELECT erpgo_backup_run('physical')");
$load->kill_kill;

subtest 'a backup made under load' => sub {
	my $restored = PostgreSQL::Test::Cluster->new('loaded');
	my $data = $restored->data_dir;
	my $printed = $server->cli_ok('--json', 'restore', $id, '--pgdata', $data,
		mapping($server, $folder));
	my $json = JSON::PP::decode_json($printed);

	is($json->{id}, $id, 'the JSON says which backup it was');
	is($json->{pgdata}, $data, 'and where it went');
	is_deeply([ map { $_->{location} } @{ $json->{tablespaces} } ],
		[ "$folder/one", "$folder/two" ], 'and where the tablespaces went');
	cmp_ok($json->{files_written}, '>', 900, 'and how many files were written');
	ok(!-e "$data/erpgo_backup.restoring", 'nothing says that it is incomplete');
	is((stat($data))[2] & 07777, 0700, 'nobody else may read it');

	start_restored($restored);
	is($restored->safe_psql('postgres',
			'SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)'),
		't', 'the rows are consistent');
	is($restored->safe_psql('postgres', 'SELECT sum(i) FROM in_one, LATERAL (SELECT 1) s'),
		$server->sql('SELECT sum(i) FROM in_one'), 'those in a tablespace are there');
	is($restored->safe_psql('postgres', 'SELECT count(*) FROM forgotten'), 0,
		'unlogged tables are empty');
	is($restored->safe_psql('postgres', 'SHOW work_mem'), '5MB', 'included settings hold');
	is($restored->safe_psql('postgres', 'SHOW archive_mode'), 'off', 'it archives nothing');
	is($restored->safe_psql('postgres', 'SHOW erpgo_backup.enabled'), 'off', 'it makes no backups');
	check_and_stop($restored);
};

subtest 'every compression and cipher' => sub {
	my $number = 0;

	foreach my $case (
		[ 'zstd:1', 'aes-256-ctr' ], [ 'lz4', 'aes-256-cbc' ],
		[ 'gzip:1', 'none' ], [ 'none', 'aes-256-ctr' ], [ 'none', 'none' ])
	{
		my ($compression, $cipher) = @$case;
		my $restored = PostgreSQL::Test::Cluster->new('case' . ++$number);

		$server->set('erpgo_backup.compression' => $compression,
			'erpgo_backup.encryption' => $cipher);
		$server->sql("SELECT erpgo_backup_run('physical')");
		$server->cli_ok('--jobs', 3, 'restore', 'latest', '--pgdata', $restored->data_dir,
			'--allow-unencrypted', mapping($server, "$folder/$number"));
		start_restored($restored);
		is($restored->safe_psql('postgres', $ROWS), $server->sql($ROWS),
			"$compression and $cipher bring all rows back");
		check_and_stop($restored);
	}
};

subtest 'who takes over' => sub {
	$server->cli_ok('restore', $id, '--pgdata', "$folder/successor", '--take-over',
		mapping($server, "$folder/of_successor"));
	unlike(read_file("$folder/successor/postgresql.auto.conf"), qr/archive_mode|enabled/,
		'keeps its settings');
	like(($server->try_sql(q{SELECT erpgo_backup_run('schema')}))[2], qr/this server is not the owner/,
		'the one that it replaces does not write any more');
	$server->sql('SELECT erpgo_backup_adopt()');
};

subtest 'what is refused' => sub {
	my @elsewhere = mapping($server, "$folder/refused");

	mkdir("$folder/busy") or die "mkdir: $!";
	write_file("$folder/busy/file", 'mine');
	foreach my $case (
		[ 'a directory that is not empty', 1, qr/"\Q$folder\E\/busy": it is not empty/,
			'--pgdata', "$folder/busy", @elsewhere ],
		[ 'a file', 1, qr/Not a directory/, '--pgdata', "$folder/busy/file", @elsewhere ],
		[ 'a directory of another cluster', 1, qr/neither empty nor a data directory of the same/,
			'--pgdata', "$folder/busy", '--delta', @elsewhere ],
		[ 'the directory of a running server', 1, qr/a server \(process \d+\) seems to be running/,
			'--pgdata', $node->data_dir, '--delta', @elsewhere ],
		[ 'tablespaces that the running server uses', 1, qr/restore a tablespace to .* not empty/,
			'--pgdata', "$folder/new" ],
		[ 'a tablespace that goes into the data directory', 1, qr/something else goes to/,
			'--pgdata', "$folder/new", mapping($server, "$folder/new") ],
		[ 'the repository', 1, qr/because the repository is at/,
			'--pgdata', $server->folder . '/main', @elsewhere ],
		[ 'a mapping of something that is no tablespace', 2, qr/has no tablespace at "\/nowhere"/,
			'--pgdata', "$folder/new", '--tablespace-mapping', '/nowhere=/tmp/x', @elsewhere ],
		[ 'a mapping to a relative path', 2, qr/is not OLD=NEW/,
			'--pgdata', "$folder/new", '--tablespace-mapping', '/a=b' ],
		[ 'options of a logical restore', 2, qr/options for databases exclude it/,
			'--pgdata', "$folder/new", '--database', 'postgres' ],
		[ 'no directory', 2, qr/--pgdata is missing/, '--delta' ])
	{
		my ($what, $expected, $like, @arguments) = @$case;
		my ($exit_code, $stdout, $stderr) = $server->cli('restore', $id, @arguments);

		ok($exit_code == $expected && $stderr =~ $like, "$what is refused")
		  or diag("exit code $exit_code: $stdout$stderr");
	}
	is(read_file("$folder/busy/file"), 'mine', 'what was there stays');
	ok(is_untouched("$folder/new") && is_untouched("$folder/refused"), 'nothing is written');

	my $logical = $server->run_backup;
	my ($exit_code, $stdout, $stderr) = $server->cli('restore', $logical, '--pgdata',
		"$folder/new", '--allow-unencrypted');
	ok($exit_code == 1 && $stderr =~ /is not a physical one/, 'so is a logical backup');
};

# Nothing but the tools of every system and PostgreSQL's own programs.
sub break_glass
{
	my ($restored, $backup, %environment) = @_;
	my $script = $restored->basedir . '/script';
	my $key = $restored->basedir . '/key';

	write_file($script, $server->cli_ok('show', $backup, '--break-glass'));
	write_file($key, $ErpgoBackup::MASTER_KEY);
	chmod(0600, $key);
	my ($exit_code, $stdout, $stderr) = ErpgoBackup::run_program('env', '-i',
		'PATH=/usr/bin:/bin', 'PGDATA=' . $restored->data_dir, "MASTER_KEY_FILE=$key",
		(map { "$_=$environment{$_}" } sort keys %environment), 'bash', $script);
	is($exit_code, 0, 'the script succeeds') or diag($stdout, $stderr);
	return;
}

subtest 'by break-glass instructions' => sub {
	$server->set('erpgo_backup.compression' => 'zstd:1', 'erpgo_backup.encryption' => 'aes-256-cbc');
	my $backup = $server->sql("SELECT erpgo_backup_run('physical')");
	my $restored = PostgreSQL::Test::Cluster->new('glass');
	my %places = map { ('TABLESPACE_' . $server->sql("SELECT oid FROM pg_tablespace WHERE spcname = '$_'"),
		"$folder/glass_$_") } qw(one two);

	break_glass($restored, $backup, %places);
	is(read_file($restored->data_dir . '/postgresql.auto.conf') =~ /enabled = off/, 1,
		'it would not make backups');
	start_server($restored);
	is($restored->safe_psql('postgres', $ROWS), $server->sql($ROWS), 'all rows are back');
	check_and_stop($restored);
};

# A server whose configuration lies where distributions have it.
subtest 'configuration files outside of the data directory' => sub {
	my $other = PostgreSQL::Test::Cluster->new('other');
	my $etc = $other->basedir . '/etc';
	my $url = 'file://' . $other->basedir . '/repository';

	$other->init(extra => ['--allow-group-access']);
	mkdir($etc) && mkdir("$etc/conf.d") or die "mkdir: $!";
	foreach my $file (qw(postgresql.conf pg_hba.conf pg_ident.conf))
	{
		rename($other->data_dir . "/$file", "$etc/$file") or die "rename: $!";
	}
	write_file("$etc/conf.d/more.conf", "work_mem = '6MB'\n");
	write_file("$etc/postgresql.conf", read_file("$etc/postgresql.conf") . join("\n",
		"data_directory = '" . $other->data_dir . "'", "hba_file = '$etc/pg_hba.conf'",
		"ident_file = '$etc/pg_ident.conf'", "include_dir = 'conf.d'",
		"shared_preload_libraries = 'erpgo_backup'", "erpgo_backup.default_schedules = off",
		"wal_level = 'replica'", "erpgo_backup.repository = '$url'"));
	PostgreSQL::Test::Utils::system_or_bail('pg_ctl', '-D', $etc, '-w', '-l', $other->logfile,
		'start');
	$other->_update_pid(1);
	$other->safe_psql('postgres', 'CREATE EXTENSION erpgo_backup');
	my $backup = $other->safe_psql('postgres', "SELECT erpgo_backup_run('physical')");
	my @restore = ('erpgo_backup', '--repository', $url, 'restore', $backup);
	my $restored = PostgreSQL::Test::Cluster->new('config');
	my $data = $restored->data_dir;

	$other->command_ok([ @restore, '--pgdata', $data ], 'go into the restored one');
	start_restored($restored);
	is($restored->safe_psql('postgres', 'SHOW work_mem'), '6MB', 'where they are read');
	is($restored->safe_psql('postgres', 'SHOW hba_file'), "$data/pg_hba.conf",
		'instead of those of the original');
	is((stat($data))[2] & 07777, 0750, 'the group may read it, as it could before');
	$restored->stop;
	$other->stop;
};

$server->log_is_clean(qr/terminating background worker|connection to client lost|not the owner|Backup failed/);
done_testing();
