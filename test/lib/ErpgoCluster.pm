# Servers with page checksums and tablespaces, and what is tested of their
# restored copies.
package ErpgoCluster;

use strict;
use warnings;
use Exporter 'import';
use ErpgoBackup qw(write_file);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

our @EXPORT = qw(make_server mapping start_server start_restored check_and_stop);

# Makes a server with checksums, two tablespaces and a configuration that is
# included.
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
	}
	return $server;
}

# The arguments that send the tablespaces to folders below another one.
sub mapping
{
	my ($server, $folder) = @_;

	return map { ('--tablespace-mapping', $server->node->basedir . "/place $_=$folder/$_") }
	  qw(one two);
}

# Starts a restored server, beside the one that it was.
sub start_server
{
	my ($restored) = @_;

	$restored->append_conf('postgresql.conf', join("\n",
		'port = ' . $restored->port, "unix_socket_directories = '" . $restored->host . "'"));
	$restored->start;
	return;
}

# Tests that a restored server is what PostgreSQL wants, and starts it.
sub start_restored
{
	my ($restored) = @_;

	$restored->command_ok([ 'pg_verifybackup', $restored->data_dir ],
		'pg_verifybackup accepts it');
	start_server($restored);
	return;
}

# Tests what PostgreSQL's programs think of a server, and stops it.
sub check_and_stop
{
	my ($restored) = @_;

	$restored->command_ok(
		[ 'pg_amcheck', '--all', '--install-missing', '--heapallindexed' ],
		'pg_amcheck finds nothing');
	$restored->stop;
	$restored->command_ok([ 'pg_checksums', '--check', '-D', $restored->data_dir ],
		'pg_checksums finds nothing');
	return;
}

1;
