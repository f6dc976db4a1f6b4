# A physical backup becomes a data directory that PostgreSQL's own programs
# accept, with everything that the server had.
use strict;
use warnings;
use ErpgoBackup qw(file_names read_file write_file);
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $MIB = 1024 * 1024;

# Makes a server with checksums, two tablespaces and a configuration that is
# included, and rows in all of them.
sub make_server
{
	my ($name, %options) = @_;
	my $server = ErpgoBackup->new($name, %options);
	my $node = $server->node;

	$node->stop;
	PostgreSQL::Test::Utils::system_or_bail('pg_checksums', '--enable', '-D', $node->data_dir);
	write_file($node->data_dir . '/more.conf', "work_mem = '5MB'\n");
	$node->append_conf('postgresql.conf', "include 'more.conf'");
	$node->start;
	foreach my $place (qw(one two))
	{
		my $location = $node->basedir . "/place $place";

		mkdir($location) or die "mkdir: $!";
		$server->sql("CREATE TABLESPACE $place LOCATION '$location'");
		$server->sql("CREATE TABLE in_$place (i int PRIMARY KEY, t text) TABLESPACE $place");
		$server->sql("INSERT INTO in_$place SELECT i, md5(i::text) FROM generate_series(1, 20000) i");
	}
	$server->sql('CREATE UNLOGGED TABLE forgotten AS SELECT 1');
	$node->command_ok([ 'pgbench', '-i', '-s', 2, 'postgres' ], 'pgbench has its tables');
	return $server;
}

# The arguments that send the tablespaces to folders below another one.
sub mapping
{
	my ($server, $folder) = @_;

	return map { ('--tablespace-mapping', $server->node->basedir . "/place $_=$folder/$_") }
	  qw(one two);
}

# A number that changes with any row of the tables.
my $CONTENTS = join(" UNION ALL ",
	map { "SELECT count(*), sum(hashtextextended(x::text, 0)) FROM $_ x" }
	  qw(in_one in_two pgbench_accounts pgbench_branches pgbench_tellers pgbench_history));

# Tests that a directory is what PostgreSQL wants, and starts it.
sub start_restored
{
	my ($name, $folder, $data) = @_;
	my $restored = PostgreSQL::Test::Cluster->new($name);

	$restored->command_ok([ 'pg_verifybackup', $data ], 'pg_verifybackup accepts it');
	rename($data, $restored->data_dir) or die "rename: $!";
	$restored->append_conf('postgresql.conf', join("\n",
		'port = ' . $restored->port, "unix_socket_directories = '" . $restored->host . "'"));
	$restored->start;
	return $restored;
}

my $server = make_server('main');
my $node = $server->node;
my $folder = $node->basedir . '/restored';
my $load = IPC::Run::start(
	[ 'pgbench', '-c', 2, '-T', 600, '-h', $node->host, '-p', $node->port, 'postgres' ],
	'<', \'', '>', \my $out, '2>', \my $err);
my $id = $server->sql("SELECT erpgo_backup_run('physical')");
$load->kill_kill;

my $json = JSON::PP::decode_json(
	$server->cli_ok('--json', 'restore', $id, '--pgdata', "$folder/data", mapping($server, $folder)));
is($json->{id}, $id, 'the JSON says which backup it was');
diag(JSON::PP->new->pretty->encode($json));
my $restored = start_restored('restored', $folder, "$folder/data");
is($restored->safe_psql('postgres', 'SELECT count(*) FROM in_two'), 20000, 'rows');
is($restored->safe_psql('postgres', 'SHOW archive_mode'), 'off');
is($restored->safe_psql('postgres', 'SHOW erpgo_backup.enabled'), 'off');
$restored->stop;
$restored->command_ok([ 'pg_checksums', '--check', '-D', $restored->data_dir ], 'checksums');
$server->log_is_clean(qr/terminating background worker/);
done_testing();
