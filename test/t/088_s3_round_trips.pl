# What a server far away is asked for: nothing twice that was read once, and
# enough at a time.
use strict;
use warnings;
use ErpgoArchive qw(archive_segment fill_segment);
use ErpgoBackup qw(wait_for);
use ErpgoCluster;
use ErpgoS3;
use Test::More;

my $s3 = ErpgoS3->new(PostgreSQL::Test::Utils::tempdir_short() . '/s3');
plan skip_all => 'SKIPPED: requests to object storage were not counted: radosgw is missing' if !$s3;

my $JOBS = 2;
my $server = make_server('trips', encrypted => 1,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica', max_wal_senders => 4, wal_keep_size => '1GB',
		'erpgo_backup.jobs' => $JOBS, 'erpgo_backup.wal_flush_interval' => 0 });
$server->{url} = $s3->url('trips', port => $s3->start_proxy, timeout => 2, part_size => 64);
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
$server->set('erpgo_backup.repository' => $server->url);

# Makes the repository; nothing is archived while requests are counted.
archive_segment($server);
$server->set(archive_library => '');

# How often there was a request of a kind that matches.
sub count_of
{
	my ($pattern, @requests) = @_;

	return scalar(grep { $_ =~ $pattern } @requests);
}

# Has every part of an object been read, and none twice?
sub is_read_once
{
	my ($object, @requests) = @_;
	my @ranges = map { m{^GET \S*/\Q$object\E (\S+)} ? $1 : () } @requests;
	my %times;

	$times{$_}++ foreach @ranges;
	cmp_ok(scalar @ranges, '>', 0, "object $object is read");
	is(scalar @ranges, scalar keys %times, 'and no part of it twice');
	return;
}

# Those that are about a backup's folder, until the manifest was read back.
sub requests_of_backup
{
	my ($id) = @_;
	my @requests;

	foreach my $request ($s3->requests)
	{
		push @requests, $request;
		last if $request =~ m{^GET \S*/\Q$id\E/manifest\.json};
	}
	return @requests;
}

# A backup with its verification.
foreach my $type (qw(physical full))
{
	subtest "a backup of type $type" => sub {
		$s3->misbehave;
		my $id = $server->run_backup(type => $type);
		my @requests = requests_of_backup($id);
		my @objects = map { m{/\Q$id\E/([^/]+)$} } $s3->objects("trips/main/backup/$id/");
		my @small = grep { !/^pack-|^manifest/ } @objects;

		cmp_ok(scalar @small, '>', 2, 'it has small objects');
		foreach my $object (@small)
		{
			is(count_of(qr{^PUT \S*/\Q$object\E }, @requests), 1, "object $object is stored by one request");
			is(count_of(qr{^GET \S*/\Q$object\E }, @requests), 1, 'and read back by one');
		}
		is_read_once($_, @requests) foreach grep { /^pack-|\.dump/ } @objects;
		# A clean-up follows the first backup.
		cmp_ok(scalar @requests, '<=', 2 * @objects + 12, 'and there are few other requests') if $type eq 'physical';
	};
}

# The verification of the command line.
my $physical = $server->sql(q{SELECT id FROM erpgo_backup_history WHERE type = 'physical'});
$s3->misbehave;
$server->cli_ok('verify', $physical, '--depth', 'full');
my @small = map { m{/\Q$physical\E/((?!pack-|manifest)[^/]+)$} } $s3->objects("trips/main/backup/$physical/");
is(count_of(qr{^GET \S*/\Q$_\E }, $s3->requests), 1, "to verify it, object $_ is read once") foreach @small;

# A restore into a new directory.
my $folder = PostgreSQL::Test::Utils::tempdir_short();
mkdir("$folder/$_") or die "mkdir: $!" foreach qw(good none bad);
# The largest pack: one that is small would be known before.
my %packs = map { $_ => $s3->request('GET', "$ErpgoS3::BUCKET/$_", '') } $s3->objects("trips/main/backup/$physical/pack-");
my ($pack) = sort { length($packs{$b}) <=> length($packs{$a}) } keys %packs;
cmp_ok(length($packs{$pack}), '>', 1024 * 1024, 'a pack is not small');
my $name = $pack =~ s{^trips/}{}r;
$s3->misbehave;
$server->cli_ok('restore', $physical, '--pgdata', "$folder/good/data", mapping($server, "$folder/good"));
is_read_once($name, $s3->requests);

# What is read once for digest and content is damaged if either is.
my $content = $packs{$pack};
$s3->request('PUT', "$ErpgoS3::BUCKET/$pack", 'nonsense');
my ($exit_code, $out, $err) = $server->cli('verify', $physical, '--depth', 'full');
is($exit_code, 3, 'a damaged pack is noticed');
like($out, qr/object "\Q$name\E" has 8 bytes, the manifest says/, 'by what is stored, not by what it would decode to');
($exit_code, undef, $err) = $server->cli('restore', $physical, '--pgdata', "$folder/none/data", mapping($server, "$folder/none"));
is($exit_code, 3, 'nor is it restored');
like($err, qr/object "\Q$name\E" has 8 bytes, the manifest says/, 'by its size');
ok(!-e "$folder/none/data", 'before anything is written');

$s3->request('PUT', "$ErpgoS3::BUCKET/$pack", substr($content, 0, -1) . chr(ord(substr($content, -1)) ^ 1));
($exit_code, undef, $err) = $server->cli('restore', $physical, '--pgdata', "$folder/bad/data", mapping($server, "$folder/bad"));
is($exit_code, 3, 'damage that the size does not tell ends the restore');
like($err, qr/object "\Q$name\E" does not match its SHA-256/, 'which is told of the pack, and not what its content looks like');
like($err, qr/hint: Repeat the restore with --delta/, 'the hint says how to go on');
ok(!-e "$folder/bad/data/global/pg_control", 'no server starts there');
$s3->request('PUT', "$ErpgoS3::BUCKET/$pack", $content);
$server->cli_ok('restore', $physical, '--pgdata', "$folder/bad/data", mapping($server, "$folder/bad"), '--delta');
ok(-e "$folder/bad/data/global/pg_control", 'when the pack is mended, the restore goes on');

# What is small is known before.
foreach my $object (grep { /^(?:backup_label|files)/ } @small)
{
	my $path = "$ErpgoS3::BUCKET/trips/main/backup/$physical/$object";
	my $good = $s3->request('GET', $path, '');

	$s3->request('PUT', $path, $good ^ "\x01");
	($exit_code, undef, $err) = $server->cli('restore', $physical, '--pgdata', "$folder/none/data", mapping($server, "$folder/none"));
	is($exit_code, 3, "damage of object $object is noticed");
	like($err, qr/object "\S+\Q$object\E" does not match its SHA-256/, 'and told as that');
	ok(!-e "$folder/none/data", 'before anything is written');
	$s3->request('PUT', $path, $good);
}

# A segment of WAL.
$server->set(archive_library => 'erpgo_backup');
archive_segment($server);
$s3->misbehave;
my $segment = archive_segment($server);
is(count_of(qr{$segment}, grep { !m{/archived/} } $s3->requests), 2, 'a segment is looked for and stored, and that is all');

# Segments that wait because the server is slow.
my $ahead = 4 * $JOBS;
$server->set('erpgo_backup.enabled' => 'off');
my @segments = map { fill_segment($server) } 1 .. $ahead + 2;
$s3->misbehave(match => '^PUT .*/wal/', fault => 'stall');
$server->set('erpgo_backup.enabled' => 'on');
wait_for("$ahead segments on their way", sub {
	my %asked = map { m{^PUT \S*/wal/\w+/\w+/(\w{24})-} ? ($1 => 1) : () } $s3->requests;
	return keys %asked >= $ahead;
});
$s3->misbehave;
wait_for('the last segment in the archive', sub { return $server->sql('SELECT last_archived_wal FROM pg_stat_archiver') ge $segments[-1]; });
foreach my $archived (@segments)
{
	is(scalar(grep { m{/$archived-} } $s3->objects('trips/main/wal/')), 1, "segment $archived is in the archive once");
}

$server->log_is_clean(qr{terminating background worker "erpgo_backup scheduler"});
done_testing();
