# A physical backup of a running server holds everything that PostgreSQL needs
# to start from it, and verification finds whatever is changed in it.
use strict;
use warnings;
use ErpgoBackup qw(damage file_names read_file write_file);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

# Restores a backup that is not encrypted with "tar" and "zstd" alone.  The
# only tablespace goes to another folder.
sub unpack_backup
{
	my ($server, $id, $data, $tablespace) = @_;
	my $folder = $server->backup_folder($id);

	PostgreSQL::Test::Utils::system_or_bail('bash', '-euo', 'pipefail', '-c', <<'SCRIPT',
		cd "$1"
		mkdir -m 700 "$2" && mkdir -p -m 700 "$2/pg_tblspc" "$3"
		oid=$(zstd -qdc tablespace_map.zst | cut -d ' ' -f 1)
		ln -s "$3" "$2/pg_tblspc/$oid"
		echo "$oid $3" > "$2/tablespace_map"
		for pack in pack-*.tar.zst; do zstd -qdc "$pack" | tar -x -f - -C "$2"; done
		zstd -qdc backup_label.zst > "$2/backup_label"
		zstd -qdc pg_control.zst > "$2/global/pg_control"
		for wal in wal-*.zst; do
			name=${wal#wal-}
			zstd -qdc "$wal" > "$2/pg_wal/${name%.zst}"
		done
SCRIPT
		'unpack', $folder, $data, $tablespace);
	return;
}

my $server = ErpgoBackup->new('plain', settings => { 'wal_level' => 'replica' });
my $node = $server->node;
my $place = $node->basedir . '/place';

PostgreSQL::Test::Utils::system_or_bail($node->config_data('--bindir') . '/pg_ctl',
	'stop', '-D', $node->data_dir, '-m', 'fast');
PostgreSQL::Test::Utils::system_or_bail($node->config_data('--bindir') . '/pg_checksums',
	'--enable', '-D', $node->data_dir);
$node->{_pid} = undef;
$node->start;
mkdir($place);
$server->sql("CREATE TABLESPACE place LOCATION '$place'");
$server->sql('CREATE TABLE elsewhere TABLESPACE place AS SELECT i FROM generate_series(1, 20000) i');
$server->sql('CREATE UNLOGGED TABLE forgotten AS SELECT 1');
$node->command_ok([ 'pgbench', '-i', '-s', 3, 'postgres' ], 'pgbench has its tables');

my $work = IPC::Run::start(
	[ 'pgbench', '-c', 2, '-T', 600, '-h', $node->host, '-p', $node->port, 'postgres' ],
	'<', \'', '>', \my $out, '2>', \my $err);
my $id = $server->sql("SELECT erpgo_backup_run('physical')");
$work->kill_kill;

like($id, qr/-physical$/, 'a physical backup is made while pgbench runs');
is($server->sql("SELECT count(*) FROM pg_replication_slots"), 0, 'no replication slot is left');
is($server->sql("SELECT status FROM erpgo_backup_history WHERE id = '$id'"), 'ok', 'history has it');
foreach my $depth (qw(digest archive full))
{
	$server->cli_ok('verify', $id, '--depth', $depth);
}

subtest 'what was restored with tar' => sub {
	my $restored = PostgreSQL::Test::Cluster->new('restored');

	unpack_backup($server, $id, $restored->data_dir, $restored->basedir . '/place');
	ok(!-e $restored->data_dir . '/postmaster.pid', 'has no file of the running server');
	$restored->append_conf('postgresql.conf', join("\n",
		'port = ' . $restored->port, "unix_socket_directories = '" . $restored->host . "'",
		'erpgo_backup.enabled = off'));
	$restored->start;
	is($restored->safe_psql('postgres', 'SELECT count(*) FROM elsewhere'), 20000,
		'has the rows in a tablespace');
	is($restored->safe_psql('postgres', 'SELECT count(*) FROM forgotten'), 0,
		'has unlogged tables without rows');
	is($restored->safe_psql('postgres',
			'SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)'),
		't', 'is consistent');
	$restored->stop;
	$restored->command_ok([ 'pg_checksums', '--check', '-D', $restored->data_dir ],
		'has good checksums');
};

subtest 'a flipped byte' => sub {
	foreach my $file (grep { m{/backup/\Q$id\E/} } file_names($server->folder))
	{
		my $path = $server->folder . "/$file";
		my $bytes = read_file($path);

		damage($path, 'flip');
		my ($exit_code, $stdout, $stderr) = $server->cli('verify', $id, '--depth', 'digest');
		my $name = $file =~ s{^.*/}{}r;
		ok($exit_code == 3 && "$stdout$stderr" =~ /\Q$name\E/, "in $name is found")
		  or diag("exit code $exit_code: $stdout$stderr");
		write_file($path, $bytes);
	}
};

subtest 'a page that does not match its checksum' => sub {
	my $path = $server->sql("SELECT pg_relation_filepath('pgbench_accounts')");

	$server->sql('CHECKPOINT');
	my $file = $node->data_dir . "/$path";
	my $bytes = read_file($file);
	my $changed = $bytes;
	substr($changed, 8192 * 3 + 5000, 4) = 'oops';
	write_file($file, $changed);
	my $warned = $server->sql("SELECT erpgo_backup_run('physical')");
	like(read_file($server->backup_folder($warned) . '/manifest.json'),
		qr/"path": "\Q$path\E",\s*"block": 3\b/, 'is named in the manifest');
	$server->set('erpgo_backup.on_bad_page' => 'fail');
	my ($code, $stdout, $stderr) = $server->try_sql("SELECT erpgo_backup_run('physical')");
	like($stderr, qr/1 pages do not match their checksums, the first one is block 3 of file "\Q$path\E"/,
		'fails the backup where that is wanted');
	write_file($file, $bytes);
};

$server->log_is_clean(qr/do not match their checksums|terminating background worker|connection to client lost/);
done_testing();
