# Backups of long ago, for tests of what depends on their age.
package ErpgoHistory;

use strict;
use warnings;
use Digest::SHA ();
use ErpgoBackup qw(read_file write_file);
use Exporter 'import';
use File::Path ();
use POSIX ();
use Sys::Hostname ();

our @EXPORT = qw(backdate make_unfinished dead_process);

# Copies an unencrypted backup as if it had been made at another time (seconds
# since 1970), with a manifest that says so and authenticates; its identifier.
sub backdate
{
	my ($server, $id, $time) = @_;
	my ($type) = $id =~ /-(\w+)$/;
	my $copy = POSIX::strftime('%Y%m%dT%H%M%SZ', gmtime($time)) . "-$type";
	my $folder = $server->backup_folder($copy);
	my $at = POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime($time));
	my $manifest = read_file($server->backup_folder($id) . '/manifest.json');

	# A clean-up that was killed may have left the folder, empty.
	File::Path::make_path($folder, { mode => 0700 });
	system('cp', '-a', $server->backup_folder($id) . '/.', $folder) == 0 or die 'cp failed';
	$manifest =~ s/"id": "\Q$id\E"/"id": "$copy"/ or die 'manifest without its identifier';
	$manifest =~ s/"(started_at|finished_at)": "[^"]*"/"$1": "$at.000Z"/g;
	$manifest =~ s/[^\n]*\n\z//;
	write_file("$folder/manifest.json",
		$manifest . '"sha256": "' . Digest::SHA::sha256_hex($manifest) . "\"}\n");
	return $copy;
}

# The folder of a backup that was begun by a process of this machine, and last
# written to so many hours ago.
sub make_unfinished
{
	my ($server, $id, $pid, $hours) = @_;
	my $folder = $server->backup_folder($id);
	my $time = time() - 3600 * $hours;

	File::Path::make_path($folder);
	write_file("$folder/writer.json",
		sprintf('{"backup": "%s", "host": "%s", "pid": %d, "started_at": "2025-01-01T00:00:00.000Z"}' . "\n",
			$id, Sys::Hostname::hostname(), $pid));
	write_file("$folder/globals.sql.zst", 'a part');
	write_file("$folder/.put-1-abc", 'another part');
	utime($time, $time, map { "$folder/$_" } qw(writer.json globals.sql.zst .put-1-abc));
	return $id;
}

# The number of a process that is not there any more.
sub dead_process
{
	my $pid = fork();

	die "fork: $!" unless defined $pid;
	POSIX::_exit(0) if $pid == 0;
	waitpid($pid, 0);
	return $pid;
}

1;
