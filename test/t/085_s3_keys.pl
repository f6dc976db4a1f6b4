# Keys of a repository in object storage: they are changed so that one of them
# opens everything at any step, a server writes what it cannot read, and the
# server of the bucket may encrypt by itself.
use strict;
use warnings;
use ErpgoArchive qw(archive_segment);
use ErpgoBackup qw(read_file);
use ErpgoKeys qw(private_file make_pair);
use ErpgoS3;
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: keys in object storage were not tested: radosgw is missing' if !$s3;

my $NEW = 'ab' x 32;
my $new_key = private_file("$basedir/new.key", "$NEW\n");
my ($private, $public) = make_pair($basedir, 'pair');
my %secrets = (
	old => private_file("$basedir/old", "BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets),
	new => private_file("$basedir/new", "BACKUP_ENCRYPTION_KEY=$NEW\n" . $s3->secrets),
	private => private_file("$basedir/private", "BACKUP_PRIVATE_KEY_FILE=$private\n" . $s3->secrets),
	none => private_file("$basedir/none", $s3->secrets));

my $server = ErpgoBackup->new('keys', encrypted => 1,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica', wal_keep_size => '1GB',
		'erpgo_backup.compression' => 'none' });
my $keys = ErpgoKeys->new($server, \%secrets);
my $proxy = $s3->start_proxy;
$server->sql('CREATE DATABASE erp');
# Larger than what is stored in one request.
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 10000) i", 'erp');

# Has the server use a repository in the bucket, with the secrets of that name.
sub use_repository
{
	my ($prefix, $name, %parameters) = @_;

	$server->{url} = $s3->url($prefix, port => $proxy, part_size => 5, %parameters);
	$server->write_secrets(read_file($secrets{$name}));
	$server->set('erpgo_backup.repository' => $server->url);
	return;
}

subtest 'another key' => sub {
	use_repository('rekey', 'old');
	my $id = $server->run_backup(databases => ['erp']);
	my $segment = archive_segment($server);
	my ($code, $steps) = (1, 0);

	# Each time the bucket refuses to store or delete one request later.
	for (my $skip = 0; $code != 0 && $skip < 20; $skip++)
	{
		$s3->misbehave(match => '^(?:PUT|POST|DELETE) ', fault => 'status', status => 403, code => 'AccessDenied', skip => $skip);
		($code) = $keys->run('old', 'rekey', '--new-key-file', $new_key, '--retire');
		$steps += $code != 0;
		$s3->misbehave;
		my $good = grep { ($keys->run($_, 'verify', $id, '--depth', 'digest'))[0] == 0 } qw(old new);
		cmp_ok($good, '>', 0, "after $skip requests a key opens the backup");
	}
	is($code, 0, 'the key is changed at last');
	cmp_ok($steps, '>', 1, "after $steps refusals");
	$keys->fails(qr/does not open the keys/, 'old', 'verify', $id);
	$keys->succeeds('new', 'verify', $id, '--depth', 'full');
	$keys->succeeds('new', 'wal-get', $segment, "$basedir/segment");
	ok(read_file("$basedir/segment") eq read_file($server->node->data_dir . "/pg_wal/$segment"), 'also the archive');
};

subtest 'a server that cannot read' => sub {
	$server->set('erpgo_backup.encryption_public_key' => $public);
	use_repository('sealed', 'none');
	my $id = $server->run_backup(databases => ['erp']);
	my $physical = $server->run_backup(type => 'physical');
	my $segment = archive_segment($server);

	$server->sql("SELECT erpgo_backup_verify('$_', 'digest')") foreach ($id, $physical);
	is($server->sql("SELECT count(*) FROM erpgo_backup_check() WHERE status = 'error'"), '0', 'no check finds an error');
	$keys->fails(qr/without the private key/, 'none', 'verify', $_, '--depth', 'full') foreach ($id, $physical);
	$keys->fails(qr/without the private key/, 'none', 'wal-get', $segment, "$basedir/segment");
	$keys->succeeds('private', 'verify', '--all', '--depth', 'full');
	$keys->succeeds('private', 'wal-get', $segment, "$basedir/segment");
	$keys->succeeds('private', 'restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
	ok($server->contents('copy') eq $server->contents('erp'), 'who has the private key restores what was there');
	$keys->succeeds('private', 'restore', $physical, '--pgdata', "$basedir/cluster", '--to', 'latest');
};

subtest 'a bucket that encrypts by itself' => sub {
	foreach my $case ([ 'AES256' ], [ 'aws:kms', sse_key_id => 'testkey' ])
	{
		my ($sse, @key) = @$case;

		use_repository("sse-$sse" =~ s/:/-/r, 'none', sse => $sse, @key);
		my $id = $server->run_backup(databases => ['erp']);
		my ($dump) = grep { m{/$id/erp\.dump} } $s3->objects('sse-');
		# The server for tests does nothing with AES256.
		like($s3->request('HEAD', "$ErpgoS3::BUCKET/$dump", ''), qr/^x-amz-server-side-encryption: aws:kms/mi, 'a dump is encrypted there') if @key;
		$keys->succeeds('private', 'verify', $id, '--depth', 'full');
	}
	is($s3->upload_count, 0, 'no upload stays');
};

$server->log_is_clean;
done_testing();
