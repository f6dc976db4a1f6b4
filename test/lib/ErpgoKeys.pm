# Keys for tests, in files of their own, and the command line of a server's
# repository with one or another of them.
#
#   my $keys = ErpgoKeys->new($server, { right => $file, wrong => $other });
#   $keys->fails(qr/is not the one/, 'wrong', 'verify', $id);
package ErpgoKeys;

use strict;
use warnings;
use ErpgoBackup qw(write_file);
use Exporter 'import';
use Test::More;

our @EXPORT_OK = qw(private_file make_pair);

# Writes a file that only its owner may read; its path.
sub private_file
{
	my ($path, $text) = @_;

	write_file($path, $text);
	chmod(0600, $path) or die "chmod: $!";
	return $path;
}

# Makes a pair of keys for write-only mode in a folder; the path of the private
# one, and of the public one.
sub make_pair
{
	my ($folder, $name) = @_;

	system("umask 077; openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out $folder/$name.pem 2>/dev/null"
		. " || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out $folder/$name.pem 2>/dev/null") == 0
	  or die 'openssl genpkey';
	system("openssl pkey -in $folder/$name.pem -pubout -out $folder/$name.pub") == 0 or die 'openssl pkey';
	return ("$folder/$name.pem", "$folder/$name.pub");
}

# Secrets files by name; with a pattern, no command may tell what matches it.
sub new
{
	my ($class, $server, $files, $untold) = @_;

	return bless { server => $server, files => $files, untold => $untold }, $class;
}

# Runs the command line with the secrets of that name: (exit code, output,
# errors).
sub run
{
	my ($self, $name, @command) = @_;

	local $self->{server}{secrets} = $self->{files}{$name};
	my @result = $self->{server}->cli(@command);
	unlike("@result", $self->{untold}, "\"$command[0]\" tells no key") if $self->{untold};
	return @result;
}

# The same, but it must succeed; gives back the output.
sub succeeds
{
	my ($self, $name, @command) = @_;
	my ($exit_code, $out, $err) = $self->run($name, @command);

	is($exit_code, 0, "\"$command[0]\" with the secrets \"$name\" succeeds") or diag($out, $err);
	return $out;
}

# It must fail with a message.
sub fails
{
	my ($self, $pattern, $name, @command) = @_;
	my ($exit_code, $out, $err) = $self->run($name, @command);

	isnt($exit_code, 0, "\"$command[0]\" with the secrets \"$name\" fails");
	like("$out$err", $pattern, 'and says why');
	return;
}

1;
