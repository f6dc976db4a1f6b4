# Object storage that misbehaves: what passes is waited for, what was lost is
# known again, what is read comes whole, and nothing is promised that is not so.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file);
use ErpgoClock qw(clock_library write_shifts);
use ErpgoReceivers;
use ErpgoS3;
use IPC::Run ();
use Test::More;
use Time::HiRes 'time';

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: faults of object storage were not tested: radosgw is missing' if !$s3;

my $proxy = $s3->start_proxy;
my $server = ErpgoBackup->new('faults', encrypted => 1, settings => { 'erpgo_backup.compression' => 'none' });
$server->{url} = $s3->url('faults', port => $proxy, part_size => 5, timeout => 2);
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
$server->set('erpgo_backup.repository' => $server->url);
$server->sql('CREATE DATABASE erp');
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 10000) i", 'erp');

sub good_backup
{
	my ($what, %control) = @_;

	$s3->misbehave(%control);
	my ($code, $id, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
	is($code, 0, "a backup succeeds, though $what") or diag($err);
	cmp_ok(scalar(grep { / $control{fault}$/ } $s3->requests), '>', 0, 'which happened');
	return $id;
}

my $id = good_backup('the server is too busy for two parts',
	match => '^PUT .*partNumber', fault => 'status', status => 503, code => 'SlowDown', count => 2);
good_backup('a server error', match => '^PUT .*manifest', fault => 'status', status => 500, code => 'InternalError', count => 2);
good_backup('a request takes too long for the server', match => '^PUT ', fault => 'status', status => 400, code => 'RequestTimeout', count => 1);
good_backup('connections are reset', match => '^(PUT|GET|POST|DELETE|HEAD) ', fault => 'reset', skip => 3, count => 3);
good_backup('the answer to the completion of an upload is lost', match => '^POST .*uploadId', fault => 'lose', count => 1);
good_backup('the answer to a new object is lost', match => '^PUT .*manifest', fault => 'lose', count => 2);
good_backup('a part is answered with silence', match => '^PUT .*partNumber=2', fault => 'stall', count => 1);
is($s3->upload_count, 0, 'no upload stays');

# What is read comes whole, by ranges where it was cut.
$s3->misbehave(match => '^GET .*erp\.dump', fault => 'half', count => 3);
$server->cli_ok('restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'), '--create');
ok($server->contents('copy') eq $server->contents('erp'), 'what was cut three times is restored whole');
cmp_ok(scalar(grep { /^GET .*erp\.dump.* bytes=[1-9]\d{5,}-\d+ half$/ } $s3->requests), '>', 0, 'from where it was cut');

# What does not pass is told at once, with the server's word for it.
sub refused
{
	my ($what, $limit_s, $message, $hint, %control) = @_;
	my $begin = time;

	$s3->misbehave(%control);
	my ($code, $out, $err) = $server->cli('list');
	is($code, 1, "$what: it fails");
	cmp_ok(time - $begin, '<', $limit_s, 'soon');
	like($err, $message, 'saying why');
	like($err, $hint, 'and what to do') if $hint;
	return;
}
refused('no right', 2, qr/status 403 \(AccessDenied\)/, qr/policies/, match => '.', fault => 'status', status => 403, code => 'AccessDenied');
refused('expired credentials', 2, qr/status 400 \(ExpiredToken\)/, qr/temporary/, match => '.', fault => 'status', status => 400, code => 'ExpiredToken');
refused('a clock that the server refuses though it is right', 2, qr/status 403 \(RequestTimeTooSkewed\)/, qr/clock of this machine/,
	match => '.', fault => 'status', status => 403, code => 'RequestTimeTooSkewed');
refused('a request that is signed for another region', 2, qr/status 400 \(AuthorizationHeaderMalformed\)/, qr/region and endpoint/,
	match => '.', fault => 'status', status => 400, code => 'AuthorizationHeaderMalformed');
refused('another region', 2, qr/status 301 \(PermanentRedirect\)/, qr/region/, match => '.', fault => 'status', status => 301, code => 'PermanentRedirect');
refused('a server that says nothing', 30, qr/Timeout was reached/, qr/Check that the server is running/, match => '.', fault => 'stall');
refused('an answer that cannot be read', 2, qr/server responded with status 404$/m, undef, match => '.', fault => 'status', status => 404, code => '<');

# A run that cannot go on says so, and leaves nothing.
my $before = join("\n", $s3->objects('faults/'));
$s3->misbehave(match => '^PUT .*partNumber=2', fault => 'status', status => 403, code => 'AccessDenied');
my ($code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
like($err, qr/could not store object .*status 403 \(AccessDenied\)/, 'a run that may not store says so');
is(join("\n", $s3->objects('faults/')), $before, 'and leaves no object');
is($s3->upload_count, 0, 'and no upload');

# A clock that is wrong is no reason to have no backup.
$s3->misbehave;
my $library = clock_library($basedir);
my $clock = "$basedir/clock";
write_shifts($clock, 3600);
{
	local $ENV{LD_PRELOAD} = $library;
	local $ENV{LEAPING_CLOCK_FILE} = $clock;
	($code, $out, $err) = $server->cli('list');
	is($code, 0, 'a clock that is an hour fast is no obstacle') or diag($err);
	like($err, qr/warning: the clock of this machine differs by -3(?:599|600|601) s/, 'but told');

	# The first range of the dump is on its way when the clock is set right.
	$s3->misbehave(delay => 100, match => '^GET .*erp\.dump', fault => 'stall', count => 1);
	my $verify = IPC::Run::start([ 'erpgo_backup', '--repository', $server->url, '--secrets-file', $server->{secrets}, 'verify', $id ],
		'<', \undef, '>', \$out, '2>', \$err);
	wait_for('a range of the dump', sub { return grep { /erp\.dump.* stall$/ } $s3->requests });
	write_shifts($clock, 0);
	ok($verify->finish, 'nor is one that is set right meanwhile') or diag($err);
	is((grep { $_ > -3590 } $err =~ /differs by (\S+) s/g), 0, 'which is no news');
}

# Certificates are verified, by the authority that the secrets name.
delete @ENV{qw(SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE)};
my $authorities = ErpgoReceivers->new("$basedir/authorities");
my $tls = $s3->url('faults', port => $s3->start_proxy($authorities->certificate('good'))) =~ s{http://127.0.0.1}{https://localhost}r;
my $secrets = read_file($server->{secrets});
foreach my $style (qw(path virtual))
{
	foreach my $authority (qw(good other none))
	{
		$server->write_secrets($secrets . ($authority eq 'none' ? '' : "BACKUP_CA_FILE=@{[$authorities->authority($authority)]}\n"));
		local $server->{url} = "$tls&style=$style";
		($code, $out, $err) = $server->cli('list');
		if ($authority eq 'good' && $style eq 'path')
		{
			is($code, 0, 'a server is talked to by TLS if its authority is trusted') or diag($err);
		}
		else
		{
			# The certificate is for "localhost", and not for the bucket's host.
			is($code, 1, "a server is not talked to with style $style and authority $authority");
			like($err, qr/SSL peer certificate or SSH remote key was not OK/, 'because of its certificate');
		}
	}
}
$server->write_secrets($secrets);
{
	local $server->{url} = $s3->url('faults', style => 'virtual') =~ s{http://127.0.0.1}{http://localhost}r;
	like($server->cli_ok('list'), qr/\Q$id\E/, 'the name of the bucket may be in that of the host');
}

$server->log_is_clean(qr/AccessDenied|connection to client lost/);
done_testing();
