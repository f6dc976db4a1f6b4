# The same on a server of object storage that another house built: it knows no
# conditional requests, so that claims decide who may make an object.
use strict;
use warnings;
use ErpgoBackup;
use ErpgoS3;
use Test::More;

if (!$ENV{ERPGO_BACKUP_TEST_LONG})
{
	plan skip_all => 'SKIPPED: a second server of object storage was not tested: it is a slow one';
}
my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3", 'swift');
plan skip_all => 'SKIPPED: a second server of object storage was not tested: swift-proxy is missing' if !$s3;

my ($code, $out, $err) = $s3->run_conformance;
is($code, 0, 'its bucket keeps all promises of a store') or diag($out, $err);

my $server = ErpgoBackup->new('swift', encrypted => 1, settings => { 'erpgo_backup.compression' => 'none' });
$server->{url} = $s3->url('other', part_size => 5);
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
$server->set('erpgo_backup.repository' => $server->url);
$server->sql('CREATE DATABASE erp');
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 10000) i", 'erp');
my $id = $server->run_backup(databases => ['erp']);
like($server->cli_ok('list'), qr/^\Q$id\E\s.*\bok\b/m, 'a backup is made and listed');
$server->cli_ok('verify', $id, '--depth', 'full');
$server->cli_ok('restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
ok($server->contents('copy') eq $server->contents('erp'), 'what was restored equals the source');
$server->log_is_clean;
done_testing();
