# What a bucket may refuse and may be asked for: no right to delete, locks,
# tags, classes.  A server that may not delete goes on backing up and archiving.
use strict;
use warnings;
use ErpgoArchive qw(archive_segment);
use ErpgoBackup qw(wait_for);
use ErpgoS3;
use JSON::PP ();
use POSIX ();
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: rights and locks of object storage were not tested: radosgw is missing' if !$s3;

my $server = ErpgoBackup->new('rights', encrypted => 1,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica' });
my @EXPIRE = ('expire', '--keep-daily', 0, '--keep-weekly', 0, '--keep-monthly', 0, '--minimum', 1, '--confirm');
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);

# Lets a repository be used that is in the bucket, or in another one.
sub use_repository
{
	my ($url) = @_;

	$server->{url} = $url;
	$server->set('erpgo_backup.repository' => $url);
	return;
}

# Without the right to delete.
my %denial = (Effect => 'Deny', Principal => { AWS => ['arn:aws:iam:::user/tests'] },
	Action => ['s3:DeleteObject'], Resource => ["arn:aws:s3:::$ErpgoS3::BUCKET/kept/*"]);
$s3->request('PUT', "$ErpgoS3::BUCKET?policy=", JSON::PP::encode_json({ Version => '2012-10-17', Statement => [ \%denial ] }));
use_repository($s3->url('kept'));
my @segments = map { archive_segment($server) } 1 .. 3;
my @names = $s3->objects('kept/main/wal/');
is(scalar(grep { my $file = $_; grep { m{/$file-} } @names } @segments), 3, 'WAL is archived without the right to delete');
my @ids = map { $server->run_backup(databases => ['postgres']) } 1 .. 3;
is($server->sql("SELECT count(*) FROM erpgo_backup_history WHERE status = 'ok'"), 3, 'and backups are made');
my ($code, $out, $err) = $server->cli(@EXPIRE);
is($code, 1, 'a clean-up fails');
like($err, qr{could not remove object "main/backup/$ids[0]/[^"]+" in "s3://.*status 403 \(AccessDenied\)}, 'naming the object and why');
like($err, qr/policies of the bucket/, 'and what to do');
is(() = $err =~ /AccessDenied/g, 1, 'once');
like($server->cli_ok('list'), qr/^\Q$_\E\s.*\bok\b/m, 'what could not be deleted is listed as before') foreach @ids;
$server->cli_ok('verify', $ids[0], '--depth', 'full');

# With it, the same is done.
$s3->request('DELETE', "$ErpgoS3::BUCKET?policy=", '');
$server->cli_ok(@EXPIRE);
unlike($server->cli_ok('list'), qr/^\Q$ids[0]\E\s/m, 'with the right it is deleted');
is(scalar(grep { m{/backup/$ids[0]/} } $s3->objects('kept/main/')), 0, 'with all its objects');

# A bucket with locks, tags, and a class.
$s3->request('PUT', 'locked', '', 'x-amz-bucket-object-lock-enabled: true');
use_repository($s3->url('lasting', object_lock => 'governance', lock_days => 2, tag => 'team:erp&tag=env:test', part_size => 5,
		storage_class => 'STANDARD') =~ s{s3://\w+}{s3://locked}r);
@ids = map { $server->run_backup(databases => ['postgres']) } 1 .. 2;
archive_segment($server);
my $listing = $s3->request('GET', 'locked?list-type=2&prefix=lasting%2Fmain%2F', '');
@names = $listing =~ m{<Key>([^<]*)</Key>}g;
my ($dump) = grep { m{/$ids[0]/postgres\.dump} } @names;
my $head = $s3->request('HEAD', "locked/$dump", '');
like($head, qr/^x-amz-object-lock-mode: GOVERNANCE/mi, 'a dump is locked');
my $until = POSIX::strftime('%Y-%m-%d', gmtime(time + 2 * 86400));
like($head, qr/^x-amz-object-lock-retain-until-date: $until/mi, 'for the days that the URL says');
my ($segment) = grep { m{/wal/.*/[0-9A-F]{24}-} } @names;
like($s3->request('HEAD', "locked/$segment", ''), qr/^x-amz-object-lock-mode: GOVERNANCE/mi, 'so is a segment of WAL');
unlike($s3->request('HEAD', 'locked/lasting/main/owner.json', ''), qr/^x-amz-object-lock-mode/mi, 'but not what is replaced');
my $tags = $s3->request('GET', "locked/$dump?tagging=", '');
like($tags, qr{<Key>team</Key><Value>erp</Value>}, 'it has the tags of the URL');
like($tags, qr{<Key>env</Key><Value>test</Value>}, 'all of them');
$out = $server->cli_ok(@EXPIRE);
like($out, qr/^\Q$ids[0]\E\s.*\bkeep\b.*locked until $until/m, 'what is locked is not deleted, and the reason says until when');
like($server->cli_ok('list'), qr/^\Q$ids[0]\E\s.*\bok\b/m, 'it is there');
$server->cli_ok('verify', $ids[0], '--depth', 'full');

# A copy that is damaged there.
my $copies = $s3->url('copies', object_lock => 'governance', lock_days => 2) =~ s{s3://\w+}{s3://locked}r;
use_repository('file://' . $server->folder);
$server->set('erpgo_backup.repository' => "file://" . $server->folder . ", $copies");
my $id = $server->run_backup(databases => ['postgres']);
wait_for('the copy', sub { $server->sql("SELECT status FROM erpgo_backup_copies WHERE id = '$id'") eq 'ok' });
my $object = "copies/main/backup/$id/globals.sql.zst.aes";
$s3->request('PUT', "locked/$object", 'nonsense');
is(($server->cli('--repository', $copies, 'verify', $id))[0], 3, 'what is locked may get a version that is something else');
%denial = (%denial, Action => ['s3:PutObject'], Resource => ["arn:aws:s3:::locked/copies/main/backup/*"]);
$s3->request('PUT', 'locked?policy=', JSON::PP::encode_json({ Version => '2012-10-17', Statement => [ \%denial ] }));
(undef, $out, $err) = $server->try_sql("SELECT erpgo_backup_copy('$id', '2')");
like($err, qr{could not mend backup "$id" in repository "\Q$copies\E": could not store object "[^"]*globals[^"]*"}, 'which cannot be mended without the right to put it');
like($err, qr/HINT:  What is damaged can be neither replaced nor removed there/, 'as the hint says');
$s3->request('DELETE', 'locked?policy=', '');
$server->sql("SELECT erpgo_backup_copy('$id', '2')");
$server->cli_ok('--repository', $copies, 'verify', $id, '--depth', 'full');
like($s3->request('HEAD', "locked/$object", ''), qr/^x-amz-object-lock-mode: GOVERNANCE/mi, 'with it, it is mended by another version, which is locked');

$server->log_is_clean(qr/AccessDenied|is damaged and is mended|could not mend|erpgo_backup_copy/);
done_testing();
