# The session token of temporary credentials is sent and signed, whatever they
# come from, and never that of others.
use strict;
use warnings;
use ErpgoBackup qw(write_file);
use ErpgoReceivers;
use File::Basename ();
use IPC::Run ();
use JSON::PP ();
use Test::More;

my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my ($access, $secret, $token) = ('ASIATEMPORARY', 'Topsecret/key+0123', 'Topsecret/token+/0123==');
my $receivers = ErpgoReceivers->new("$basedir/receivers");
my $service = 'http://127.0.0.1:' . $receivers->start('credentials', 'credentials.py');
my $folder = $receivers->path('credentials');
write_file("$folder/control", JSON::PP::encode_json({ access_key => $access, secret_key => $secret, token => $token }));

my ($out, $err) = ('', '');
my $bucket = IPC::Run::start([ '/usr/bin/python3', File::Basename::dirname($INC{'ErpgoBackup.pm'}) . '/object_storage/token.py',
		$access, $secret, $token ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(180));
$bucket->pump while $bucket->pumpable && $out !~ /\n/;
my ($port) = $out =~ /^(\d+)\n/ or die "the bucket did not start: $err";
END { local $?; $bucket->kill_kill if $bucket; }

write_file("$basedir/identity", "Topsecret.identity\n");
write_file("$basedir/profile", "[default]\naws_access_key_id = $access\naws_secret_access_key = $secret\naws_session_token = $token\n");
chmod(0600, "$basedir/profile") or die "chmod: $!";
my %none = (AWS_SHARED_CREDENTIALS_FILE => "$basedir/missing", AWS_CONFIG_FILE => "$basedir/missing");
my %keys = (AWS_ACCESS_KEY_ID => $access, AWS_SECRET_ACCESS_KEY => $secret);

# What "list" says with such a secrets file.
sub list
{
	my (%variables) = @_;

	write_file("$basedir/secrets", join('', map { "$_=$variables{$_}\n" } sort keys %variables));
	chmod(0600, "$basedir/secrets") or die "chmod: $!";
	my ($code, $output, $errors) = ErpgoBackup::run_program('erpgo_backup', '--repository',
		"s3://bucket/x?endpoint=http://127.0.0.1:$port", '--secrets-file', "$basedir/secrets", 'list');
	unlike($output . $errors, qr/Topsecret/, 'no secret is shown');
	return $errors;
}

# A repository in which nothing is was let in to.
my $EMPTY = qr/holds no cluster/;
like(list(%keys, AWS_SESSION_TOKEN => $token), $EMPTY, 'the token of the secrets file');
like(list(AWS_WEB_IDENTITY_TOKEN_FILE => "$basedir/identity", AWS_ROLE_ARN => 'arn:aws:iam::1:role/backup',
		AWS_ENDPOINT_URL_STS => $service), $EMPTY, 'that of STS');
like(list(%none, AWS_SHARED_CREDENTIALS_FILE => "$basedir/profile"), $EMPTY, 'that of a profile');
like(list(%none, AWS_CONTAINER_CREDENTIALS_FULL_URI => "$service/container",
		AWS_CONTAINER_AUTHORIZATION_TOKEN => 'Bearer Topsecret-container'), $EMPTY, q(that of a container's service));
like(list(%none, AWS_EC2_METADATA_SERVICE_ENDPOINT => $service), $EMPTY, 'that of the metadata');

like(list(%keys), qr/status 403 \(InvalidToken\)/, 'without it the server refuses');
{
	local $ENV{AWS_SESSION_TOKEN} = $token;
	like(list(%keys), qr/status 403 \(InvalidToken\).*The credentials come from secrets file and environment/s, 'and that of the environment is not for a key of the file');
}
done_testing();
