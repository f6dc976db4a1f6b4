# Azure's Blob service on this machine, for tests.
#
#   my $azure = ErpgoAzure->new($folder) or plan skip_all => …;
#   my $url = $azure->url('prefix');
#   $server->write_secrets($azure->secrets);
package ErpgoAzure;

use strict;
use warnings;
use ErpgoBackup;
use File::Basename ();
use IPC::Run ();
use MIME::Base64 ();
use PostgreSQL::Test::Cluster;

our $ACCOUNT = 'testaccount';
our $CONTAINER = 'backups';
our $KEY = MIME::Base64::encode_base64('Topsecret-key-of-a-storage-account', '');

my $PROGRAMS = File::Basename::dirname(__FILE__) . '/azure';
my @all;

# Starts the service; undef if it is not there.
sub new
{
	my ($class, $folder) = @_;
	my $self = bless { folder => $folder }, $class;
	my $program = ($ENV{ERPGO_BACKUP_AZURITE} || '') . '/node_modules/azurite/dist/src/blob/main.js';
	my ($out, $err) = ('', '');

	return undef if !-f $program;
	$self->{port} = PostgreSQL::Test::Cluster::get_free_port();
	push @all, $self;
	$self->{handle} = IPC::Run::start([ "$PROGRAMS/server", $program, $folder, $self->{port}, $ACCOUNT, $KEY ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	$self->{handle}->pump while $self->{handle}->pumpable && $out !~ /\n/;
	die "Azurite did not start: $err" if $out !~ /\n/;
	return $self;
}

# The URL of a repository; by way of another port, if one is given.
sub url
{
	my ($self, $prefix, %parameters) = @_;
	my $port = delete $parameters{port} || $self->{port};
	my $container = delete $parameters{container} || $CONTAINER;
	my $url = "azure://$ACCOUNT/$container/$prefix?endpoint=http://127.0.0.1:$port/$ACCOUNT";

	return join('&', $url, map { "$_=$parameters{$_}" } sort keys %parameters);
}

# Lines of a secrets file.
sub secrets { return "AZURE_STORAGE_KEY=$KEY\n"; }

# What the service answers to a signed request.
sub ask
{
	my ($self, @arguments) = @_;
	my ($code, $out, $err) = ErpgoBackup::run_program('python3', "$PROGRAMS/request.py", $self->{port}, $ACCOUNT, $KEY, @arguments);

	die "request.py: $err" if $code != 0;
	return $out;
}

# A token that permits what the letters say, as a line of a secrets file.
sub token { my ($self, $letters) = @_; return 'AZURE_STORAGE_SAS_TOKEN=' . $self->ask('SAS', $letters) . "\n"; }

# The names of all objects under a prefix.
sub objects
{
	my ($self, $prefix) = @_;

	return $self->ask('GET', $CONTAINER, 'comp=list', 'restype=container', "prefix=$prefix") =~ m{<Name>([^<]*)</Name>}g;
}

# Runs the unit test of stores on the container: (exit code, output, errors).
sub run_conformance
{
	my ($self) = @_;

	local $ENV{ERPGO_BACKUP_TEST_AZURE} = $self->url('', part_size => 5) =~ s{/\?}{?}r;
	local $ENV{AZURE_STORAGE_KEY} = $KEY;
	return ErpgoBackup::run_program('build/unit/test_store_azure');
}

sub stop
{
	my ($self) = @_;

	$self->{handle}->kill_kill(grace => 5) if $self->{handle};
	$self->{handle} = undef;
	return;
}

# Also where the test dies.
END { local $?; $_->stop foreach @all; }

1;
