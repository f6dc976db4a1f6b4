# Temporary credentials are fetched anew before they expire, also within a
# backup, and once when the server calls them expired.
use strict;
use warnings;
use ErpgoBackup qw(read_file write_file);
use ErpgoReceivers;
use ErpgoS3;
use JSON::PP ();
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: temporary credentials were not tested: radosgw is missing' if !$s3;

my $receivers = ErpgoReceivers->new("$basedir/receivers");
my $service = 'http://127.0.0.1:' . $receivers->start('credentials', 'credentials.py');
my $folder = $receivers->path('credentials');
my $proxy = $s3->start_proxy;
my $SECRET = qr/Topsecret|$ErpgoBackup::MASTER_KEY/;

# What the stand-in gives out from now on; what it was asked is forgotten.
sub give
{
	my (%control) = @_;
	my %usual = (access_key => $s3->{access_key}, secret_key => $ErpgoS3::SECRET_KEY);

	write_file("$folder/log", '');
	write_file("$folder/control.new", JSON::PP::encode_json({ %usual, %control }));
	rename("$folder/control.new", "$folder/control") or die "rename: $!";
	return;
}

# How often somebody asked for credentials since then.
sub fetches { return scalar(grep { m{/container} } split /\n/, read_file("$folder/log")); }

my $server = ErpgoBackup->new('temporary', encrypted => 1, settings => { 'erpgo_backup.compression' => 'none' });
$server->{url} = $s3->url('some', port => $proxy, part_size => 5);
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n"
	. "AWS_SHARED_CREDENTIALS_FILE=$basedir/missing\nAWS_CONFIG_FILE=$basedir/missing\n"
	. "AWS_CONTAINER_CREDENTIALS_FULL_URI=$service/container\nAWS_CONTAINER_AUTHORIZATION_TOKEN=Bearer Topsecret-container\n");
$server->set('erpgo_backup.repository' => $server->url);
$server->sql('CREATE DATABASE erp');
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 20000) i", 'erp');

# Those that are about to expire are fetched anew whenever something is signed.
give(seconds => 5);
$s3->misbehave();
$server->run_backup(databases => ['erp']);
my @parts = grep { /^PUT .*partNumber=/ } $s3->requests;
cmp_ok(scalar(@parts), '>', 3, 'an upload has several parts');
cmp_ok(fetches(), '>=', scalar(@parts), 'and each of them is signed with credentials that hold');

# From here on the command line alone is counted, not what the server does by itself.
unlike(read_file($server->node->logfile), $SECRET, 'no secret in the server log');
$server->log_is_clean;
$server->node->stop;
give(seconds => 5);
$server->cli_ok('list');
cmp_ok(fetches(), '>', 1, 'credentials that are about to expire are fetched anew when the next request is signed');
give();
$server->cli_ok('list');
is(fetches(), 1, 'those that hold are fetched once');
give(seconds => 8, status => 403, good => 1);
my ($code, $out, $err) = $server->cli('list');
is($code, 0, 'where they cannot be renewed, those that still hold are used');
like($err, qr/warning: could not renew the credentials for repository .*status 403/i, 'with a warning');
unlike($err, $SECRET, 'without a secret');

# Some minutes before the end others are asked for; that this fails matters only then.
give(seconds => 200, secret_key => '');
$s3->misbehave();
($code, $out, $err) = $server->cli('list');
like($err, qr/container: "[^"]+" answered without credentials/, 'an answer without a secret key is none');
give(seconds => 200);
$server->cli_ok('list');
is(fetches(), 1, 'credentials that hold for some minutes yet are not asked for with each request');

# The server's word counts more than the time that was told.
give();
$s3->misbehave(match => 'GET .*list-type', fault => 'status', status => 400, code => 'ExpiredToken', count => 1);
$server->cli_ok('list');
is(fetches(), 2, 'what the server calls expired is fetched anew');
is(scalar(grep { /list-type.* status$/ } $s3->requests), 1, 'and the request is sent again');

give();
$s3->misbehave(match => 'GET .*list-type', fault => 'status', status => 400, code => 'ExpiredToken');
($code, $out, $err) = $server->cli('list');
is($code, 1, 'where that does not help, it is an error');
like($err, qr/status 400 \(ExpiredToken\)/, 'with the word of the server');
is(fetches(), 2, 'after one attempt with others');

# The service is away for a moment; then for long.
$s3->misbehave();
give(status => 503);
($code, $out, $err) = $server->cli('list');
is($code, 1, 'a service that is away is an error');
like($err, qr/responded with status 503/, 'that says so');
is(fetches(), 3, 'after three attempts');
unlike($err, $SECRET, 'without a secret');
done_testing();
