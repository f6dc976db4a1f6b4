# Object storage on this machine, for tests.
#
#   my $s3 = ErpgoS3->new($folder) or plan skip_all => …;
#   my $url = $s3->url('prefix');
#   $server->write_secrets($s3->secrets);
package ErpgoS3;

use strict;
use warnings;
use ErpgoBackup qw(read_file write_file);
use File::Basename ();
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use Time::HiRes ();

our $ACCESS_KEY = 'Topsecret-access';
our $SECRET_KEY = 'Topsecret-key-0123456789';
our $BUCKET = 'backups';

my $PROGRAMS = File::Basename::dirname(__FILE__) . '/object_storage';
my @all;

# Starts a server that checks signatures; undef if there is none to start.
sub new
{
	my ($class, $folder) = @_;
	my $self = bless { folder => $folder }, $class;

	return undef if !-x '/usr/bin/radosgw';
	$self->{port} = PostgreSQL::Test::Cluster::get_free_port();
	push @all, $self;
	$self->start_program('ceph', "$PROGRAMS/ceph", $folder, $self->{port}, $ACCESS_KEY, $SECRET_KEY);
	return $self;
}

# Starts a program and waits for its first line, which is the result.
sub start_program
{
	my ($self, $name, @command) = @_;
	my ($out, $err) = ('', '');
	my $handle = IPC::Run::start(\@command, '<', \undef, '>', \$out, '2>', \$err,
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
	my $url = "s3://$BUCKET/$prefix?endpoint=http://127.0.0.1:$port";

	return join('&', $url, map { "$_=$parameters{$_}" } sort keys %parameters);
}

# Lines of a secrets file.
sub secrets
{
	return "AWS_ACCESS_KEY_ID=$ACCESS_KEY\nAWS_SECRET_ACCESS_KEY=$SECRET_KEY\n";
}

# What the server answers to a signed GET of the bucket with a query.
sub ask
{
	my ($self, $query) = @_;
	my $empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
	my $out = '';

	IPC::Run::run([ 'curl', '-sf', '-m', '20', '--noproxy', '*', '--aws-sigv4', 'aws:amz:us-east-1:s3',
			'--user', "$ACCESS_KEY:$SECRET_KEY", '-H', "x-amz-content-sha256: $empty", '-H', 'content-type: text/plain',
			"http://127.0.0.1:$self->{port}/$BUCKET?$query" ], '<', \undef, '>', \$out)
	  or die "curl: $?";
	return $out;
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
		$self->{port}, "$self->{folder}-control", "$self->{folder}-log", @certificate);
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
