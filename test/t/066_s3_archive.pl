# Backups that lie in an archive, as those of the class GLACIER: they are asked
# for, all objects at once, and waited for if that is wanted.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoS3;
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: archives of object storage were not tested: radosgw is missing' if !$s3;

my $proxy = $s3->start_proxy;
my $server = ErpgoBackup->new('archive', encrypted => 1);
$server->{url} = $s3->url('frozen', port => $proxy, thaw_tier => 'Bulk', thaw_days => 3);
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
$server->set('erpgo_backup.repository' => $server->url);
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i, md5(i::text) AS word FROM generate_series(1, 1000) i', 'erp');
my $id = $server->run_backup;

# As a rule of the bucket would do it some days later.
my %frozen = (frozen => '(?:dump|globals|properties|databases)[^/]*\.(?:zst|aes)', looks => 2);
my @restore = ('restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
$s3->misbehave(%frozen);
my ($code, $out, $err) = $server->cli(@restore);
is($code, 1, 'what lies in an archive is not restored at once');
like($err, qr/backup "$id" cannot be read yet: it lies in an archive, and its objects are being thawed, of which [2-9] are not there/, 'it says why');
like($err, qr/up to 5 hours.*--wait-for-thaw/, 'how long it takes, and how to go on');
my @asked = grep { /^POST .*\?restore=/ } $s3->requests;
cmp_ok(scalar(@asked), '>=', 2, 'all of its objects were asked for');
ok((grep { /postgres\.dump/ } @asked), 'also those that this restore does not need');
is($server->sql("SELECT count(*) FROM pg_database WHERE datname = 'copy'"), 0, 'nothing was begun');
like($server->cli_ok('list'), qr/^\Q$id\E\s.*\bok\b/m, 'it is listed meanwhile');

# The same again waits for what was asked for, and asks for nothing twice.
my $log = join("\n", @asked);
($code, $out, $err) = $server->cli(@restore, '--wait-for-thaw');
is($code, 0, 'with --wait-for-thaw it is restored when it is there') or diag($err);
like($err, qr/waiting until \d objects of backup "$id" are thawed/, 'which it says');
is(join("\n", grep { /^POST .*\?restore=/ } $s3->requests), $log, 'nothing is asked for twice');
is($server->contents('copy'), $server->contents('erp'), 'what was restored equals the source');

# A verification asks as well; the server's own says what is the matter.
$s3->misbehave(%frozen, frozen => 'erp\.dump', looks => 1);
$server->cli_ok('verify', $id, '--wait-for-thaw');
$s3->misbehave(frozen => 'globals');
($code, $out, $err) = $server->try_sql("SELECT erpgo_backup_verify('$id')");
like($err, qr/status 403 \(InvalidObjectState\)/, 'a verification by the server says that it lies in an archive');
like($err, qr/Have the backup thawed/, 'and what to do');
$s3->misbehave;
is($server->sql("SELECT count(*) FROM erpgo_backup_history WHERE id = '$id' AND status = 'ok'"), 1, 'it does not count as damaged');
$server->log_is_clean(qr/InvalidObjectState/);
done_testing();
