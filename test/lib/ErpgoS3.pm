# Object storage on this machine, for tests.
#
#   my $s3 = ErpgoS3->new($folder) or plan skip_all => …;
#   my $url = $s3->url('prefix');
#   $server->write_secrets($s3->secrets);
package ErpgoS3;

use strict;
use warnings;
use Digest::SHA ();
use ErpgoBackup qw(read_file write_file);
use File::Basename ();
use IPC::Run ();
use JSON::PP ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use Time::HiRes ();

# Swift's consists of an account and a user, with which curl cannot sign.
my %access_keys = (ceph => 'access', swift => 'account:user');
our $SECRET_KEY = 'Topsecret-key-0123456789';
our $BUCKET = 'backups';

my $PROGRAMS = File::Basename::dirname(__FILE__) . '/object_storage';
my @all;

# What there has to be for each server.
my %needed = (ceph => '/usr/bin/radosgw', swift => '/usr/bin/swift-proxy-server');

# Starts a server that checks signatures, "ceph" or "swift", on this machine or
# behind a network that can be cut; undef if it is not there.
sub new
{
	my ($class, $folder, $kind, $network) = @_;
	my $self = bless { folder => $folder, address => $network ? $network->address : '127.0.0.1',
		inside => [ $network ? $network->inside : () ] }, $class;

	$kind ||= 'ceph';
	$self->{access_key} = $access_keys{$kind};
	return undef if !-x $needed{$kind};
	$self->{port} = PostgreSQL::Test::Cluster::get_free_port();
	push @all, $self;
	$self->start_program($kind, "$PROGRAMS/$kind", $folder, $self->{port}, $self->{access_key}, $SECRET_KEY);
	return $self;
}

# Starts a program and waits for its first line, which is the result.
sub start_program
{
	my ($self, $name, @command) = @_;
	my ($out, $err) = ('', '');
	my $handle = IPC::Run::start([ @{ $self->{inside} }, @command ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout(180));

	$self->{running}{$name} = $handle;
	$handle->pump while $handle->pumpable && $out !~ /\n/;
	die "\"$name\" did not start: $err" if $out !~ /^(.*)\n/;
	return $1;
}

# The URL of a repository; by way of another port, if one is given.
sub url
{
	my ($self, $prefix, %parameters) = @_;
	my $port = delete $parameters{port} || $self->{port};
	my $url = "s3://$BUCKET/$prefix?endpoint=http://$self->{address}:$port";

	return join('&', $url, map { "$_=$parameters{$_}" } sort keys %parameters);
}

# Runs the unit test of stores on the bucket: (exit code, output, errors).
sub run_conformance
{
	my ($self) = @_;

	local $ENV{ERPGO_BACKUP_TEST_S3} = $self->url('unit') =~ s{/unit\?}{?}r;
	local $ENV{AWS_ACCESS_KEY_ID} = $self->{access_key};
	local $ENV{AWS_SECRET_ACCESS_KEY} = $SECRET_KEY;
	return ErpgoBackup::run_program('build/unit/test_store_s3');
}

# Lines of a secrets file.
sub secrets
{
	my ($self) = @_;

	return "AWS_ACCESS_KEY_ID=$self->{access_key}\nAWS_SECRET_ACCESS_KEY=$SECRET_KEY\n";
}

# The headers that sign a request (version 4) with what else it is to have,
# like "name: value".
sub signed_headers
{
	my ($self, $method, $path, $body, @headers) = @_;
	my ($object, $query) = split(/\?/, $path, 2);
	my $time = POSIX::strftime('%Y%m%dT%H%M%SZ', gmtime);
	my $scope = substr($time, 0, 8) . '/us-east-1/s3/aws4_request';
	my $digest = Digest::SHA::sha256_hex($body);
	my @signed = sort(@headers, "host: 127.0.0.1:$self->{port}", "x-amz-content-sha256: $digest", "x-amz-date: $time");
	my $names = join(';', map { /^([^:]+)/ } @signed);
	my $request = join("\n", $method, "/$object", join('&', sort(split(/&/, $query // ''))), (map { s/: /:/r } @signed), '', $names, $digest);
	my $key = "AWS4$SECRET_KEY";

	$key = Digest::SHA::hmac_sha256($_, $key) foreach split(m{/}, $scope);
	my $signature = Digest::SHA::hmac_sha256_hex(join("\n", 'AWS4-HMAC-SHA256', $time, $scope, Digest::SHA::sha256_hex($request)), $key);
	return (@signed, "Authorization: AWS4-HMAC-SHA256 Credential=$self->{access_key}/$scope,SignedHeaders=$names,Signature=$signature");
}

# What the server answers to a signed request; headers in lower case may follow.
# Of HEAD, it is the headers.
sub request
{
	my ($self, $method, $path, $body, @headers) = @_;
	my $out = '';

	IPC::Run::run([ @{ $self->{inside} }, 'curl', '-sf', '-m', '20', '--noproxy', '*', ($method eq 'HEAD' ? '-I' : ('-X', $method)),
			(map { ('-H', $_) } $self->signed_headers($method, $path, $body, @headers)), '-H', 'content-type: text/plain',
			($body eq '' ? () : ('--data-binary', '@-')), "http://127.0.0.1:$self->{port}/$path" ], '<', \$body, '>', \$out)
	  or die "curl: $?";
	return $out;
}

# What the server answers to a signed GET of the bucket with a query.
sub ask
{
	my ($self, $query) = @_;

	return $self->request('GET', "$BUCKET?$query", '');
}

# The names of all objects under a prefix.
sub objects
{
	my ($self, $prefix) = @_;

	return $self->ask('list-type=2&prefix=' . $prefix =~ s{/}{%2F}gr) =~ m{<Key>([^<]*)</Key>}g;
}

# How many uploads in parts there are.
sub upload_count
{
	my ($self) = @_;

	return scalar(() = $self->ask('uploads=') =~ m{<Upload>}g);
}

# A proxy in front of the server that misbehaves as it is told, with TLS if it
# is given a certificate and its key; its port.
sub start_proxy
{
	my ($self, @certificate) = @_;

	return $self->start_program(join(' ', 'proxy', @certificate), '/usr/bin/python3', "$PROGRAMS/proxy.py",
		$self->{address}, $self->{port}, "$self->{folder}-control", "$self->{folder}-log", @certificate);
}

# Ends the proxy: nobody listens at its port any more.
sub stop_proxy
{
	my ($self) = @_;

	(delete $self->{running}{'proxy'})->kill_kill(grace => 5);
	return;
}

# Tells the proxy what to do from now on; what it saw before is forgotten.
sub misbehave
{
	my ($self, %control) = @_;

	write_file("$self->{folder}-log", '');
	write_file("$self->{folder}-control.new", JSON::PP::encode_json(\%control));
	rename("$self->{folder}-control.new", "$self->{folder}-control") or die "rename: $!";
	return;
}

# Has the proxy do nothing at all, or go on.
sub pause_proxy
{
	my ($self, $paused) = @_;

	$self->{running}{'proxy'}->signal($paused ? 'STOP' : 'CONT');
	return;
}

# The requests that the proxy saw since then, one line each.
sub requests { my ($self) = @_; return split /\n/, read_file("$self->{folder}-log"); }

sub stop
{
	my ($self) = @_;

	$_->kill_kill(grace => 5) foreach values %{ $self->{running} };
	$self->{running} = {};
	return;
}

# Also where the test dies.
END { local $?; $_->stop foreach @all; }

1;
