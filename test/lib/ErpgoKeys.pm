# Keys for tests, in files of their own.
package ErpgoKeys;

use strict;
use warnings;
use ErpgoBackup qw(write_file);
use Exporter 'import';

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

1;
