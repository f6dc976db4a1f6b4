# A cluster as Debian's pg_createcluster makes it, with its configuration in
# a tree of its own, is backed up with that, and restored either way.
use strict;
use warnings;
use ErpgoBackup qw(read_file write_file);
use ErpgoCluster;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my ($major) = `pg_config --version` =~ /PostgreSQL (\d+)/;
plan skip_all => "pg_createcluster for PostgreSQL $major is not installed (package postgresql-common)"
  unless -x '/usr/bin/pg_createcluster' && -x "/usr/lib/postgresql/$major/bin/initdb";

my $node = PostgreSQL::Test::Cluster->new('main');
my $base = $node->basedir;
my $etc = "$base/etc/$major";
my $url = "file://$base/repository";

# Debian's programs look there instead of in /etc/postgresql.
$ENV{PG_CLUSTER_CONF_ROOT} = "$base/etc";

# Starts a cluster by its folder in that tree.
sub start_by_configuration
{
	my ($cluster, $folder) = @_;

	PostgreSQL::Test::Utils::system_or_bail('pg_ctl', '-D', $folder, '-w', '-l', $cluster->logfile, 'start');
	$cluster->_update_pid(1);
	return;
}

PostgreSQL::Test::Utils::system_or_bail('pg_createcluster', $major, 'main',
	'--datadir', $node->data_dir, '--socketdir', $node->host, '--logfile', "$base/log",
	'--port', $node->port, '--', '--data-checksums');
write_file("$etc/main/conf.d/backup.conf", join("\n",
	"shared_preload_libraries = 'erpgo_backup'", "erpgo_backup.repository = '$url'",
	'erpgo_backup.default_schedules = off', "work_mem = '7MB'", ''));
start_by_configuration($node, "$etc/main");
$node->safe_psql('postgres', 'CREATE EXTENSION erpgo_backup');
$node->safe_psql('postgres', 'CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i');
my $id = $node->safe_psql('postgres', "SELECT erpgo_backup_run('physical')");
my @restore = ('erpgo_backup', '--repository', $url, 'restore', $id);

# Tests what a restored cluster has, and stops it.
sub has_all
{
	my ($restored, $configuration) = @_;

	is($restored->safe_psql('postgres', 'SELECT sum(i) FROM t'), 500500, 'its rows are there');
	is($restored->safe_psql('postgres', 'SHOW work_mem'), '7MB', 'its settings hold');
	is($restored->safe_psql('postgres', 'SHOW hba_file'), "$configuration/pg_hba.conf",
		'it reads its own configuration');
	is($restored->safe_psql('postgres', 'SHOW data_directory'), $restored->data_dir,
		'and its own data');
	$restored->stop;
	return;
}

subtest 'configuration in the data directory' => sub {
	my $restored = PostgreSQL::Test::Cluster->new('inside');

	$restored->command_ok([ @restore, '--pgdata', $restored->data_dir ], 'it is restored');
	start_restored($restored);
	has_all($restored, $restored->data_dir);
};

subtest 'configuration in a tree of its own' => sub {
	my $restored = PostgreSQL::Test::Cluster->new('outside');

	$restored->command_ok([ @restore, '--pgdata', $restored->data_dir, '--config-dir', "$etc/copy" ],
		'it is restored');
	$restored->command_ok([ 'pg_verifybackup', $restored->data_dir ], 'pg_verifybackup accepts it');
	ok(!-e $restored->data_dir . '/postgresql.conf', 'no configuration is in the data directory');
	write_file("$etc/copy/conf.d/copy.conf", join("\n", 'port = ' . $restored->port,
		"unix_socket_directories = '" . $restored->host . "'", ''));
	my ($exit_code, $out) = ErpgoBackup::run_program('pg_lsclusters', '--no-header');
	like($out, qr/^$major\s+copy\s+\d+\s+down\s+\S+\s+\Q@{[$restored->data_dir]}\E/m,
		'Debian\'s programs know it');
	start_by_configuration($restored, "$etc/copy");
	has_all($restored, "$etc/copy");
};

$node->stop;
done_testing();
