# Credentials for object storage from wherever the AWS tools find them, in
# their order; what gives none says why.
use strict;
use warnings;
use ErpgoBackup qw(read_file write_file);
use ErpgoReceivers;
use ErpgoS3;
use JSON::PP ();
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3");
plan skip_all => 'SKIPPED: credentials of object storage were not tested: radosgw is missing' if !$s3;

my $receivers = ErpgoReceivers->new("$basedir/receivers");
my $port = $receivers->start('credentials', 'credentials.py');
my $service = "http://127.0.0.1:$port";
my $folder = $receivers->path('credentials');
my $access = $s3->{access_key};
my $SECRET = qr/Topsecret|$ErpgoBackup::MASTER_KEY/;
my $key = "BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n";

# What the stand-in gives out from now on; what it was asked is forgotten.
sub give
{
	my (%control) = @_;
	my %usual = (access_key => $access, secret_key => $ErpgoS3::SECRET_KEY);

	write_file("$folder/log", '');
	write_file("$folder/control.new", JSON::PP::encode_json({ %usual, %control }));
	rename("$folder/control.new", "$folder/control") or die "rename: $!";
	return;
}
sub asked { return split /\n/, read_file("$folder/log"); }

# A file, as those of the AWS tools.
sub file
{
	my ($name, $text, $mode) = @_;

	write_file("$basedir/$name", $text);
	chmod($mode || 0600, "$basedir/$name") or die "chmod: $!";
	return "$basedir/$name";
}

# What every source needs is set, so that only their order decides.
give();
file('program', "#!/bin/sh\n[ \"\$1\" = 'two words' ] || exit 3\necho " . qq('{"Version": 1, "AccessKeyId": "$access", )
	. qq("SecretAccessKey": "$ErpgoS3::SECRET_KEY", "Expiration": "2099-01-01T00:00:00+00:00"}'\n), 0700);
my %identity = (AWS_WEB_IDENTITY_TOKEN_FILE => file('token', "Topsecret.identity\n"),
	AWS_ROLE_ARN => 'arn:aws:iam::1:role/backup', AWS_ENDPOINT_URL_STS => $service);
my %none = (AWS_SHARED_CREDENTIALS_FILE => "$basedir/missing", AWS_CONFIG_FILE => "$basedir/missing");
my %files = (AWS_SHARED_CREDENTIALS_FILE => file('credentials',
		"# comment\n[default]\naws_access_key_id = $access\naws_secret_access_key=$ErpgoS3::SECRET_KEY\n[half]\naws_access_key_id = a\n"),
	AWS_CONFIG_FILE => file('config', "[profile run]\ns3 =\n  region = no\nregion = eu-central-1\n"
			. "credential_process = $basedir/program 'two words'\n[profile broken]\ncredential_process = $basedir/program\n"
			. "[profile role]\nrole_arn = x\nsource_profile = default\n[profile strange]\n"
			. "region = no/region\naws_access_key_id = $access\naws_secret_access_key = $ErpgoS3::SECRET_KEY\n"));
my %container = (AWS_CONTAINER_CREDENTIALS_FULL_URI => "$service/container",
	AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE => file('authorization', "Bearer Topsecret-container\n"));
my %instance = (AWS_EC2_METADATA_SERVICE_ENDPOINT => "$service/");

my $server = ErpgoBackup->new('credentials', encrypted => 1, settings => { 'log_min_messages' => 'debug5' });
$server->{url} = $s3->url('some');
$server->set('erpgo_backup.repository' => $server->url);

# The secrets file says what the environment of a server may say as well.
sub set_up
{
	my (%variables) = @_;

	return $server->write_secrets(join('', $key, map { "$_=$variables{$_}\n" } sort keys %variables));
}

# What the server says of where its credentials come from.
sub source
{
	return $server->sql("SELECT status, message FROM erpgo_backup_check() WHERE name = 'credentials'");
}

set_up(AWS_ACCESS_KEY_ID => $access, AWS_SECRET_ACCESS_KEY => $ErpgoS3::SECRET_KEY, %identity, %files, %container, %instance);
$server->sql('CREATE DATABASE erp');
my $id = $server->run_backup(databases => ['erp']);
is(source(), 'ok|credentials come from secrets file and environment: AWS_ACCESS_KEY_ID', 'keys in the secrets file come first');
is(scalar(asked()), 0, 'and nobody else is asked');

set_up(%identity, %files, %container, %instance);
is(source(), 'ok|credentials come from web identity: role "arn:aws:iam::1:role/backup"', 'then those of STS for a web identity');
is_deeply([ (asked())[0] ], ['POST /'], 'which was asked');
$server->cli_ok('verify', $id);
$server->run_backup(databases => ['erp']);

set_up(%files, %container, %instance);
is(source(), qq(ok|credentials come from profile: profile "default" in file "$basedir/credentials"), 'then the usual profile');
$server->cli_ok('list');
set_up(%files, AWS_PROFILE => 'run', %container, %instance);
is(source(), qq(ok|credentials come from profile: credential_process "$basedir/program"), 'or the program of the one that is named');
$server->run_backup(databases => ['erp']);

set_up(%none, %container, %instance);
is(source(), qq(ok|credentials come from container: "$service/container"), q(then those of the container's service));
$server->run_backup(databases => ['erp']);
set_up(%none, %instance);
is(source(), 'ok|credentials come from instance metadata: role "backup-role"', q(then those of the machine's role));
$server->run_backup(databases => ['erp']);
like(join(' ', asked()), qr{PUT /latest/api/token GET \S+/security-credentials/ GET \S+/backup-role}, 'with a token');

# In the environment of the command line they are just as good.
{
	local @ENV{ keys %none, keys %instance } = (values %none, values %instance);
	set_up();
	like($server->cli_ok('check'), qr/credentials come from instance metadata/, 'the command line takes them from its environment');
}

# What is wrong is told: each source that was looked at, and what it lacks.
sub refused
{
	my ($what, $message, %variables) = @_;

	set_up(%variables);
	my ($code, $out, $err) = $server->cli('list');

	is($code, 1, "$what: it fails");
	like($err, qr/there are no credentials for repository "[^"]+": secrets file and environment: .*$message/, 'saying why');
	unlike($err, $SECRET, 'without a secret');
	return;
}
my %off = (AWS_EC2_METADATA_DISABLED => 'true');
refused('nothing at all', qr/AWS_ACCESS_KEY_ID is not set; web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; profile: profile "default" is not in files "[^"]+" and "[^"]+"; container: AWS_CONTAINER_CREDENTIALS_FULL_URI is not set; instance metadata: AWS_EC2_METADATA_DISABLED is set/, %none, %off);
refused('half of the keys', qr/AWS_SECRET_ACCESS_KEY is not set$/m, AWS_ACCESS_KEY_ID => $access, %files, %instance);
refused('no role', qr/web identity: AWS_ROLE_ARN is not set$/m, %identity, AWS_ROLE_ARN => '', %files);
refused('no token', qr/could not read file "[^"]+": No such file or directory$/m, %identity, AWS_WEB_IDENTITY_TOKEN_FILE => "$basedir/missing", %files);
refused('another token', qr/responded with status 400 \(InvalidIdentityToken\)$/m, %identity, AWS_WEB_IDENTITY_TOKEN_FILE => file('other', 'x'), %files);
refused('no such profile', qr/profile "nobody" is not in files/, %files, AWS_PROFILE => 'nobody', %instance);
refused('half a profile', qr/profile "half" in file "[^"]+" has no aws_secret_access_key$/m, %files, AWS_PROFILE => 'half', %instance);
refused('a profile with a role', qr/profile "role" has role_arn, which is not supported/, %files, AWS_PROFILE => 'role', %instance);
refused('a program that fails', qr/credential_process "[^"]+" exited with code 3$/m, %files, AWS_PROFILE => 'broken', %instance);
refused('a wrong container token', qr/status 403 \(AccessDenied\)$/m, %none, %container, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE => "$basedir/other", %instance);
refused('a container service elsewhere', qr/"http:[^"]+" is neither https nor an address of this machine/, %none, %container, AWS_CONTAINER_CREDENTIALS_FULL_URI => 'http://127.0.0.1.example.com/', %instance);
refused('a name that only looks like one', qr/is neither https nor/, %none, %container, AWS_CONTAINER_CREDENTIALS_FULL_URI => 'http://127.0.0.1@192.0.2.1/', %instance);
file('credentials', '[default]', 0622);
refused('a file that others may write', qr/could not read file "[^"]+": others may write it$/m, %files, %instance);
give(status => 403);
refused('a machine without a role', qr/instance metadata: "[^"]+" responded with status 403 \(AccessDenied\)$/m, %none, %instance);

# A profile's region is a part of what is signed; one that cannot be is refused.
set_up(%files, AWS_PROFILE => 'strange', AWS_SHARED_CREDENTIALS_FILE => "$basedir/missing");
my ($code, $out, $err) = $server->cli('list');
like($err, qr/the region that is set for repository .* cannot be one/, 'a profile with a strange region is refused');

unlike(read_file($server->node->logfile), $SECRET, 'no secret in the server log');
$server->log_is_clean;
done_testing();
