# Receivers of alerts on this machine, with a certification authority of their
# own, for tests.
#
#   my $receivers = ErpgoReceivers->new($folder);
#   my $port = $receivers->start('hook', 'webhook.py', $receivers->certificate('good'));
#   my @requests = $receivers->received('hook');
package ErpgoReceivers;

use strict;
use warnings;
use ErpgoBackup qw(read_file write_file);
use File::Basename ();
use IPC::Run ();
use JSON::PP ();

my @all;
my $PROGRAMS = File::Basename::dirname(__FILE__) . '/receivers';

# Makes two authorities that know nothing of each other, "good" and "other",
# and a certificate of each for this machine.
sub new
{
	my ($class, $folder) = @_;
	my $self = bless { folder => $folder, running => {} }, $class;

	push @all, $self;
	mkdir($folder) or die "could not create \"$folder\": $!";
	$self->make_authority($_) foreach qw(good other);
	return $self;
}

sub openssl
{
	my ($self, @arguments) = @_;
	my $out = '';

	IPC::Run::run([ 'openssl', @arguments ], '<', \undef, '>&', \$out)
	  or die "openssl @arguments: $out";
	return;
}

sub make_authority
{
	my ($self, $name) = @_;
	my $path = "$self->{folder}/$name";

	write_file("$path.ext", "subjectAltName=DNS:localhost\n");
	$self->openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30',
		'-subj', "/CN=authority $name", '-keyout', "$path-ca.key", '-out', "$path-ca.pem");
	$self->openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost',
		'-keyout', "$path.key", '-out', "$path.csr");
	$self->openssl('x509', '-req', '-in', "$path.csr", '-CA', "$path-ca.pem", '-CAkey', "$path-ca.key",
		'-CAcreateserial', '-days', '30', '-extfile', "$path.ext", '-out', "$path.pem");
	return;
}

sub authority { my ($self, $name) = @_; return "$self->{folder}/$name-ca.pem"; }

# The certificate and its key, as receivers take them.
sub certificate
{
	my ($self, $name) = @_;

	return ("$self->{folder}/$name.pem", "$self->{folder}/$name.key");
}

# Where a receiver puts what it gets.
sub path { my ($self, $name) = @_; return "$self->{folder}/$name.received"; }

# Starts a receiver; the port that it listens on.
sub start
{
	my ($self, $name, $program, @arguments) = @_;
	my $path = $self->path($name);
	my ($out, $err) = ('', '');
	my $handle;

	if ($program eq 'tcp.py') { write_file($path, ''); }
	else { mkdir($path) or die "could not create \"$path\": $!"; }
	$handle = IPC::Run::start([ '/usr/bin/python3', "$PROGRAMS/$program", $path, @arguments ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	$self->{running}{$name} = $handle;
	$handle->pump while $handle->pumpable && $out !~ /\n/;
	die "receiver \"$name\" did not start: $err" if $out !~ /^(\d+)\n/;
	return $1;
}

# What a receiver got so far, in order, and forgets.
sub received
{
	my ($self, $name) = @_;
	my $path = $self->path($name);
	my @files = sort { ($a =~ /(\d+)\.json$/)[0] <=> ($b =~ /(\d+)\.json$/)[0] } glob("$path/*.json");
	my @records = map { JSON::PP::decode_json(read_file($_)) } @files;

	unlink(@files);
	return @records;
}

sub stop
{
	my ($self) = @_;

	$_->kill_kill foreach values %{ $self->{running} };
	$self->{running} = {};
	return;
}

# Also where the test dies.
END { local $?; $_->stop foreach @all; }

1;
