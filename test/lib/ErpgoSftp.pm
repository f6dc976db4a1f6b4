# An SFTP server on this machine, for tests.
#
#   my $sftp = ErpgoSftp->new($folder) or plan skip_all => …;
#   my $url = $sftp->url('some/where');
#   $server->write_secrets($sftp->secrets);
package ErpgoSftp;

use strict;
use warnings;
use ErpgoBackup;
use File::Basename ();
use IPC::Run ();
use PostgreSQL::Test::Cluster;

our $PASSPHRASE = 'open sesame';

my $PROGRAMS = File::Basename::dirname(__FILE__);
my @all;

# Starts a server, with more lines of its configuration; undef if there is
# none.
sub new
{
	my ($class, $folder, @configuration) = @_;
	my $self = bless { folder => $folder, configuration => \@configuration }, $class;

	return undef if !-x '/usr/sbin/sshd';
	$self->{port} = PostgreSQL::Test::Cluster::get_free_port();
	push @all, $self;
	$self->start_program('sshd', "$PROGRAMS/sftp/server", $folder, $self->{port}, @configuration);
	return $self;
}

# Starts a program and waits for its first line, which is the result.
sub start_program
{
	my ($self, $name, @command) = @_;
	my ($out, $err) = ('', '');
	my $handle = IPC::Run::start(\@command, '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout(180));

	push @{ $self->{running} }, $handle;
	$handle->pump while $handle->pumpable && $out !~ /\n/;
	die "\"$name\" did not start: $err" if $out !~ /^(.*)\n/;
	return $1;
}

# The fingerprint of one of the keys, as "SHA256:…".
sub fingerprint
{
	my ($self, $key) = @_;
	my ($code, $out, $err) = ErpgoBackup::run_program('ssh-keygen', '-lf', "$self->{folder}/$key.pub");

	return (split ' ', $out)[1];
}

# The folder here that a name stands for there.
sub path { my ($self, $name) = @_; return "$self->{folder}/root/$name"; }

# The URL of a repository; by way of another port, if one is given.  Unless
# told otherwise the server has to show its first key.
sub url
{
	my ($self, $name, %parameters) = @_;
	my $port = delete $parameters{port} || $self->{port};
	my $user = getpwuid($>);

	$parameters{host_key} = $self->fingerprint('host') if !$parameters{host_key} && !$parameters{known_hosts};
	return "sftp://$user\@127.0.0.1:$port" . $self->path($name) . '?'
	  . join('&', map { "$_=$parameters{$_}" } sort keys %parameters);
}

# Lines of a secrets file, with one of the keys.
sub secrets
{
	my ($self, $key) = @_;

	return "SFTP_PRIVATE_KEY_FILE=$self->{folder}/" . ($key || 'id') . "\n";
}

# Runs the unit test of stores on the server: (exit code, output, errors).
sub run_conformance
{
	my ($self) = @_;

	local $ENV{ERPGO_BACKUP_TEST_SFTP} = $self->url('') =~ s{/\?}{?}r;
	local $ENV{ERPGO_BACKUP_TEST_SFTP_ROOT} = "$self->{folder}/root";
	local $ENV{SFTP_PRIVATE_KEY_FILE} = "$self->{folder}/id";
	return ErpgoBackup::run_program('build/unit/test_store_sftp');
}

# A proxy in front of the server, which cuts so many connections after so many
# bytes; its port.  With 0 bytes it never answers.
sub start_proxy
{
	my ($self, $limit, $count) = @_;

	return $self->start_program("proxy $limit $count", '/usr/bin/python3', "$PROGRAMS/sftp/proxy.py",
		$self->{port}, $limit, $count);
}

sub stop
{
	my ($self) = @_;

	$_->kill_kill(grace => 5) foreach @{ $self->{running} };
	$self->{running} = [];
	return;
}

# Also where the test dies.
END { local $?; $_->stop foreach @all; }

1;
