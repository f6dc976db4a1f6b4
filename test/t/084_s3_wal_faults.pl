# Object storage that misbehaves while WAL is archived in it and read from it:
# a segment stays with the server until it is there, is there once, and what
# cannot be read is never taken for the end of the WAL.
use strict;
use warnings;
use ErpgoArchive qw(archive_segment fill_segment);
use ErpgoBackup qw(wait_for read_file);
use ErpgoS3;
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: faults of object storage were not tested: radosgw is missing' if !$s3;

my $server = ErpgoBackup->new('faults', encrypted => 1,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica', wal_keep_size => '1GB',
		'erpgo_backup.wal_flush_interval' => 0 });
$server->{url} = $s3->url('faults', port => $s3->start_proxy, timeout => 2);
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
$server->set('erpgo_backup.repository' => $server->url);
my $wal = $server->node->data_dir . '/pg_wal';
my $first = archive_segment($server);

# Tests that the archive has a segment once, and gives it back.
sub is_there_once
{
	my ($segment) = @_;

	is(scalar(grep { m{/$segment-} } $s3->objects('faults/main/wal/')), 1, 'the segment is in the archive once');
	$server->cli_ok('wal-get', '--prefetch', 0, $segment, "$basedir/got");
	ok(read_file("$basedir/got") eq read_file("$wal/$segment"), 'and it is that of the server');
	return;
}

# What passes: (what, fault).
foreach my $case (
	[ 'server errors', fault => 'status', status => 500, code => 'InternalError', count => 2 ],
	[ 'a server that is too busy', fault => 'status', status => 503, code => 'SlowDown', count => 2 ],
	[ 'connections that are reset', fault => 'reset', count => 3 ],
	[ 'answers that are cut', fault => 'half', count => 2 ],
	[ 'answers that get lost', fault => 'lose', count => 2 ],
	[ 'silence', fault => 'stall', count => 1 ])
{
	my ($what, %fault) = @$case;

	subtest "$what pass" => sub {
		$s3->misbehave(match => '/wal/|prefix=[^&]*wal', %fault);
		my $segment = archive_segment($server);
		cmp_ok(scalar(grep { / $fault{fault}$/ } $s3->requests), '>', 0, 'they were met while it was archived');
		$s3->misbehave;
		is_there_once($segment);
		$s3->misbehave(match => "^GET .*/$segment-", %fault);
		is_there_once($segment);
		cmp_ok(scalar(grep { / $fault{fault}$/ } $s3->requests), '>', 0, 'and while it was read');
	};
}

# What lasts until somebody does something: (what, what to do, status, word).
foreach my $case (
	[ 'no right', qr/policies of the bucket/, 403, 'AccessDenied' ],
	[ 'a token that has expired', qr/temporary ones: put new ones/, 400, 'ExpiredToken' ],
	[ 'a clock that is refused', qr/Check the clock of this machine/, 403, 'RequestTimeTooSkewed' ],
	[ 'another region', qr/Check region and endpoint/, 400, 'AuthorizationHeaderMalformed' ],
	[ 'a bucket that is elsewhere', qr/Check region and endpoint/, 301, 'PermanentRedirect' ],
	[ 'a bucket that is gone', qr/Create the bucket/, 404, 'NoSuchBucket' ],
	[ 'a quota', qr/Free some space/, 403, 'QuotaExceeded' ])
{
	my ($what, $hint, $status, $word) = @$case;
	my %fault = (fault => 'status', status => $status, code => $word);

	subtest $what => sub {
		my $log_begin = -s $server->node->logfile;

		$s3->misbehave(match => '^(?:PUT|POST) .*/wal/', %fault);
		my $segment = fill_segment($server);
		my $told;
		wait_for('a warning', sub {
			($told) = substr(read_file($server->node->logfile), $log_begin) =~ /(WARNING:  could not archive file "$segment".*\n(?:.*(?:DETAIL|HINT):.*\n)+)/;
			return $told;
		});
		like($told, qr{could not store object "main/wal/\S*/$segment-\S+" in "s3://.*status $status \($word\)}, 'the server is told what could not be stored');
		like($told, qr/HINT:.*$hint/, 'and what to do');
		ok(-e "$wal/archive_status/$segment.ready", 'it keeps the segment');
		$s3->misbehave;
		archive_segment($server);
		ok(!-e "$wal/archive_status/$segment.ready", 'until it is archived');
		is_there_once($segment);

		$s3->misbehave(match => "^GET .*/$segment-", %fault);
		my ($code, $out, $err) = $server->cli('wal-get', '--prefetch', 0, $segment, "$basedir/got");
		is($code, 126, 'a segment that cannot be read is not the end of the WAL');
		like($err, qr{could not (?:read|get) object "main/wal/\S*/$segment-\S+" in "s3://.*status $status \($word\)}, 'it is told which one');
		$s3->misbehave;
	};
}

# What a listing shows, and is gone when it is read.
my $last = archive_segment($server);
my @get = ('wal-get', '--prefetch', 0, $last, "$basedir/got");
$s3->misbehave(match => "^GET .*/$last-", fault => 'status', status => 404, code => 'NoSuchKey');
my ($code, $out, $err) = $server->cli(@get);
is($code, 126, 'a segment that vanishes is not the end of the WAL');
like($err, qr/$last/, 'it is named');

# What a listing shows too late is known from the notes of the archive.
$s3->misbehave(match => "^GET .*list-type.*$last", fault => 'late', count => 1);
unlink("$basedir/got");
$server->cli_ok(@get);
cmp_ok(scalar(grep { / late$/ } $s3->requests), '>', 0, 'which is told though a listing is late');
ok(read_file("$basedir/got") eq read_file("$wal/$last"), 'and is that of the server');

$server->log_is_clean(qr/could not archive|archiving write-ahead log file/);
done_testing();
