# What tests of the WAL archive share.
package ErpgoArchive;

use strict;
use warnings;
use Exporter 'import';
use ErpgoBackup qw(wait_for file_names read_file);
use PostgreSQL::Test::Cluster;

our @EXPORT_OK = qw(command switch_wal fill_segment archive_segment archived restore_copy recovered_rows);

# The beginning of a command line of the engine, for a setting of a server.
sub command
{
	my ($server, @options) = @_;
	my $secrets = $server->{secrets} ? " --secrets-file $server->{secrets}" : '';

	return join(' ', "erpgo_backup --repository " . $server->url . $secrets, @options);
}

# Fills the current segment with something, and waits until it is archived;
# its name.
sub switch_wal
{
	my ($server, $sql) = @_;

	$server->sql($sql) if defined $sql;
	my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
	$server->sql('SELECT pg_switch_wal()');
	wait_for("segment $segment in the archive",
		sub { my @objects = archived($server, $segment); return @objects == 1; });
	return $segment;
}

# Fills the current segment with something; its name.
sub fill_segment
{
	my ($server, $sql) = @_;

	$server->sql($sql // q{SELECT pg_logical_emit_message(false, 't', 'x')});
	# What is not flushed yet would not count as written.
	my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_insert_lsn())');
	$server->sql('SELECT pg_switch_wal()');
	return $segment;
}

# The same, and waits until the server has archived it, wherever that is.
sub archive_segment
{
	my ($server, $sql) = @_;
	my $segment = fill_segment($server, $sql);

	wait_for("segment $segment to be archived",
		sub { return $server->sql('SELECT last_archived_wal FROM pg_stat_archiver') ge $segment; });
	return $segment;
}

# The objects of the archive whose names begin so, relative to the repository.
sub archived
{
	my ($server, $prefix) = @_;

	return () unless -d $server->folder . '/main/wal';
	return map { "main/wal/$_" }
	  grep { m{(?:^|/)\Q$prefix\E-} } file_names($server->folder . '/main/wal');
}

# Starts a copy that pg_basebackup made, in recovery with a restore_command and
# more settings; the node.  With fails, it is not to come up.
sub restore_copy
{
	my ($server, $name, $backup, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init_from_backup($server->node, $backup, standby => 0);
	$node->append_conf('postgresql.conf', <<"END");
restore_command = '$options{restore_command}'
recovery_target_action = 'promote'
archive_mode = off
shared_preload_libraries = ''
END
	foreach my $setting (sort keys %{ $options{settings} || {} })
	{
		$node->append_conf('postgresql.conf', "$setting = '$options{settings}->{$setting}'");
	}
	PostgreSQL::Test::Utils::append_to_file($node->data_dir . '/recovery.signal', '');
	my $started = $node->start(fail_ok => $options{fails} ? 1 : 0);
	return $node if $options{fails};
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()')
	  or die 'the copy does not end its recovery';
	return $node;
}

# The numbers that the table of the tests holds, as a text.
sub recovered_rows
{
	my ($node) = @_;

	return $node->safe_psql('postgres', 'SELECT string_agg(n::text, \',\' ORDER BY n) FROM ledger');
}

1;
