# All that a server does with its repository, in a bucket: backups of databases
# and of the cluster, WAL with its tail, restores, and recoveries to a moment
# after the backup.  It is the same for each server of object storage.
package ErpgoBucket;

use strict;
use warnings;
use ErpgoArchive qw(archive_segment recovered_rows);
use ErpgoBackup qw(wait_for file_names read_file);
use ErpgoCluster;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use Test::More;

our @EXPORT_OK = qw(keeps_all_promises);

# A server with an encrypted repository in a bucket, and something to lose.
sub make_source
{
	my ($s3) = @_;
	# At first nothing is compressed, so that a dump is stored in parts.
	my $server = make_server('source', encrypted => 1,
		settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
			max_wal_senders => 4, wal_keep_size => '1GB', 'erpgo_backup.compression' => 'none', 'erpgo_backup.jobs' => 2,
			'erpgo_backup.wal_flush_interval' => 0 });

	$server->{url} = $s3->url('some/where', port => $s3->start_proxy, part_size => 5);
	$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
	$server->set('erpgo_backup.repository' => $server->url);
	$server->sql('CREATE DATABASE erp');
	$server->sql("CREATE TABLE t TABLESPACE one AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 10000) i", 'erp');
	$server->sql('CREATE TABLE ledger (n int) TABLESPACE two');
	return $server;
}

# Restores the cluster, has it recover, and tests what it has then; the node.
sub recovers_to
{
	my ($server, $rows, @options) = @_;
	my $restored = PostgreSQL::Test::Cluster->new('copy' . ++$server->{copies});

	$server->cli_ok('restore', @options, '--jobs', 2, '--pgdata', $restored->data_dir, mapping($server, $restored->basedir));
	start_restored($restored);
	$restored->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the copy does not end its recovery';
	is(recovered_rows($restored), $rows, 'a recovery brings back what there was then');
	return $restored;
}

# Tests that segments which were fetched ahead are not asked for again.
sub fetches_ahead
{
	my ($server, $s3, $first, @others) = @_;
	my $folder = $server->node->basedir;
	my $spooled = join('|', @others);

	foreach my $segment ($first, @others)
	{
		$server->cli_ok('wal-get', '--jobs', 2, '--prefetch', 4, '--spool', "$folder/spool", $segment, "$folder/got");
		ok(read_file("$folder/got") eq read_file($server->node->data_dir . "/pg_wal/$segment"), "segment $segment comes back");
		next if $segment ne $first;
		wait_for('the others in the spool', sub { return @others == grep { m{/(?:$spooled)-} } file_names("$folder/spool") });
		$s3->misbehave;
	}
	is(scalar(grep { m{^GET \S*/(?:$spooled)-} } $s3->requests), 0, 'what was fetched ahead is not read from the bucket again');
	return;
}

# Tests that what is deleted leaves no object.
sub cleans_up
{
	my ($server, $s3, $id) = @_;

	$server->run_backup(databases => ['erp']);
	$server->cli_ok('expire', '--keep-daily', 0, '--keep-weekly', 0, '--keep-monthly', 0, '--minimum', 1, '--confirm');
	my @names = $s3->objects('some/where/');
	is((grep { m{/backup/\Q$id\E/} } @names), 0, 'a backup that is deleted leaves no object');
	is((grep { m{/\.claim/} } @names), 0, 'no claim is left');
	is($s3->upload_count, 0, 'and no upload');
	return;
}

# Archives what is written after the backups: three rows in segments of their
# own, a restore point after the second, a mistake, and a fourth row that is in
# no finished segment.  The segments.
sub archive_rows
{
	my ($server) = @_;
	my @segments = map { archive_segment($server, "INSERT INTO ledger VALUES ($_)") } 1 .. 2;

	$server->sql(q{SELECT pg_create_restore_point('before the mistake')});
	$server->sql('DROP TABLE t', 'erp');
	push @segments, archive_segment($server, 'INSERT INTO ledger VALUES (3)');
	$server->set('erpgo_backup.wal_flush_interval' => '1s');
	$server->sql('INSERT INTO ledger VALUES (4)');
	my $lsn = $server->sql('SELECT pg_current_wal_flush_lsn()');
	wait_for("the archiving of $lsn", sub { return $server->sql("SELECT lsn >= '$lsn' FROM erpgo_backup.wal_tail()") eq 't' });
	$server->set('erpgo_backup.wal_flush_interval' => 0);
	return @segments;
}

# Tests all of it; the server.
sub keeps_all_promises
{
	my ($s3) = @_;
	my $server = make_source($s3);
	my $erp = $server->contents('erp');
	my $logical = $server->run_backup(databases => ['erp']);
	$server->set('erpgo_backup.compression' => 'zstd');
	my $physical = $server->run_backup(type => 'physical');

	is($server->sql("SELECT count(*) FROM erpgo_backup_check() WHERE status = 'error'"), '0', 'no check finds an error');
	$server->sql("SELECT erpgo_backup_pin('$physical', 'a reason')");
	is($server->sql("SELECT pinned FROM erpgo_backup_list() WHERE id = '$physical'"), 't', 'what is noted of a backup is there');
	my @segments = archive_rows($server);
	$server->cli_ok('verify', '--all', '--depth', 'full');
	$server->cli_ok('restore', $logical, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
	ok($server->contents('copy') eq $erp, 'a database is restored as it was');
	$server->sql('DROP DATABASE copy');

	my $restored = recovers_to($server, '1,2', $physical, '--to-name', 'before the mistake');
	ok(bless({ node => $restored }, 'ErpgoBackup')->contents('erp') eq $erp, 'and in the other database');
	$restored->stop;
	check_and_stop(recovers_to($server, '1,2,3,4', 'latest', '--to', 'latest'));
	fetches_ahead($server, $s3, @segments);
	cleans_up($server, $s3, $logical);
	$server->log_is_clean(qr{terminating background worker "erpgo_backup scheduler"});
	return $server;
}

1;
