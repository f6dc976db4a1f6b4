# Every damage to a repository is found by verify and stops restore before it
# writes anything, with exit code 3 and the object named.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage file_names read_file write_file);
use PostgreSQL::Test::Utils ();
use Test::More;

my $RANDOM_DAMAGES = $ENV{ERPGO_BACKUP_DAMAGES} || 500;

# The seed is printed so that a failure can be repeated.
my $seed = $ENV{ERPGO_BACKUP_SEED} || time();
srand($seed);
diag("random seed $seed");

my %servers = (
	plain => ErpgoBackup->new('plain'),
	encrypted => ErpgoBackup->new('encrypted', encrypted => 1));
my %ids;

foreach my $name (sort keys %servers)
{
	my $server = $servers{$name};

	$server->sql('CREATE DATABASE erp');
	$server->sql('CREATE TABLE t AS SELECT i, md5(i::text) AS m FROM generate_series(1, 3000) i', 'erp');
	$ids{$name} = [ map { $server->run_backup(databases => ['erp']) } 1 .. 2 ];
}

# A damage's name for messages: without what changes from run to run.
sub object_pattern
{
	my ($file) = @_;
	my $base = $file =~ s{^.*/}{}r;

	# Of a key that is missing nobody knows the name, only the folder.
	return $file =~ m{/key/} ? qr{\Q$base\E|main/key/} : qr/\Q$base\E/;
}

# Checks that verify and restore find what is wrong with a backup, and that
# the object is named.
sub is_found
{
	my ($server, $id, $what, $pattern) = @_;
	my $target = $server->node->basedir . '/restored.dump';
	my ($verify, $out, $err) = $server->cli('verify', $id, '--depth', 'digest');
	my $found = $verify == 3 && "$out$err" =~ $pattern;

	my ($restore, $out2, $err2) =
	  $server->cli('restore', $id, '--database', 'erp', '--to-file', $target);
	my $stopped = $restore == 3 && "$out2$err2" =~ $pattern && !-e $target;

	unlink($target);
	ok($found && $stopped, $what)
	  or diag("verify: exit code $verify: $out$err", "restore: exit code $restore: $out2$err2");
	return;
}

# Files that restoring one database of a backup depends on; who may write to
# the repository does not matter to it.
sub needed_files
{
	my ($server, $id) = @_;

	return grep { !m{/backup/|/owner\.json$} || m{/backup/\Q$id\E/(?:manifest\.json|erp\.dump[^/]*)$} }
	  file_names($server->folder);
}

my @table = (
	['a flipped byte', sub { damage($_[0], 'flip') }],
	['a flipped first byte', sub { damage($_[0], 'flip', 0) }],
	['a flipped last byte', sub { damage($_[0], 'flip', -1) }],
	['a missing last byte', sub { damage($_[0], 'cut') }],
	['a byte too many', sub { damage($_[0], 'extend') }],
	['an empty object', sub { damage($_[0], 'empty') }],
	['a missing object', sub { damage($_[0], 'missing') }],
	[ 'two blocks swapped', sub {
			my $bytes = read_file($_[0]);
			my $half = int(length($bytes) / 2);
			substr($bytes, 0, 16, substr($bytes, $half, 16, substr($bytes, 0, 16)));
			write_file($_[0], $bytes);
		} ],
	['the half of it', sub {
			my $bytes = read_file($_[0]);
			write_file($_[0], substr($bytes, 0, int(length($bytes) / 2)));
		} ]);

foreach my $name (sort keys %servers)
{
	my ($server, $id) = ($servers{$name}, $ids{$name}[0]);

	foreach my $file (needed_files($server, $id))
	{
		# A backup without its manifest does not exist.
		foreach my $damage (@table)
		{
			my ($what, $apply) = @$damage;
			my $path = $server->folder . "/$file";
			my $bytes = read_file($path);

			next if $what eq 'a missing object' && $file =~ /manifest\.json$/;
			$apply->($path);
			is_found($server, $id, "$name: $what in " . ($file =~ s{\Q$id\E}{ID}r),
				object_pattern($file));
			write_file($path, $bytes);
		}
	}
}

subtest 'objects of another backup' => sub {
	foreach my $name (sort keys %servers)
	{
		my ($server, $id, $other) = ($servers{$name}, @{ $ids{$name} });

		foreach my $file (grep { m{/backup/\Q$id\E/} } file_names($server->folder))
		{
			my $path = $server->folder . "/$file";
			my $from = $path =~ s/\Q$id\E/$other/r;
			my $bytes = read_file($path);

			next unless -e $from && $file =~ /manifest\.json|erp\.dump/;
			write_file($path, read_file($from));
			is_found($server, $id, "$name: swapped " . ($file =~ s{\Q$id\E}{ID}r), object_pattern($file))
			  if read_file($from) ne $bytes;
			write_file($path, $bytes);
		}
	}
};

subtest 'an object that the manifest does not know' => sub {
	my ($server, $id) = ($servers{plain}, $ids{plain}[0]);
	my $path = $server->backup_folder($id) . '/intruder.dump.zst';

	write_file($path, 'x');
	my ($exit_code, $out, $err) = $server->cli('verify', $id, '--depth', 'digest');
	is($exit_code, 3, 'verify finds it');
	like("$out$err", qr/intruder\.dump\.zst/, 'and names it');
	unlink($path);
};

subtest 'keys' => sub {
	my ($server, $id) = ($servers{encrypted}, $ids{encrypted}[0]);
	my $secrets = read_file($server->{secrets});
	my @restore = ('restore', $id, '--database', 'erp', '--to-file', $server->node->basedir . '/x.dump');

	write_file($server->{secrets}, "BACKUP_ENCRYPTION_KEY=another master key, also long enough\n");
	foreach my $command ([ 'verify', $id ], \@restore)
	{
		my ($exit_code, $out, $err) = $server->cli(@$command);
		is($exit_code, 1, "$command->[0] with a wrong key: exit code 1");
		like($err, qr/BACKUP_ENCRYPTION_KEY/, 'the message names the key');
	}
	write_file($server->{secrets}, "# empty\n");
	foreach my $command ([ 'verify', $id ], \@restore)
	{
		my ($exit_code, $out, $err) = $server->cli(@$command);
		is($exit_code, 1, "$command->[0] without a key: exit code 1");
		like($err, qr/BACKUP_ENCRYPTION_KEY/, 'the message names the key');
	}
	write_file($server->{secrets}, $secrets);
	ok(!-e $server->node->basedir . '/x.dump', 'nothing was written');
};

subtest 'a manifest of another repository' => sub {
	my ($server, $id) = ($servers{plain}, $ids{plain}[0]);
	my $path = $server->backup_folder($id) . '/manifest.json';
	my $bytes = read_file($path);
	my $foreign = $servers{encrypted}->backup_folder($ids{encrypted}[0]) . '/manifest.json';

	write_file($path, read_file($foreign));
	my ($exit_code, $out, $err) = $server->cli('verify', $id);
	isnt($exit_code, 0, 'is refused');
	like("$out$err", qr/manifest\.json|key/, 'clearly');
	write_file($path, $bytes);
};

subtest 'an unencrypted backup slipped into an encrypted repository' => sub {
	my ($server, $id) = ($servers{encrypted}, $ids{plain}[0]);
	my $folder = $server->backup_folder($id);

	system('cp', '-r', $servers{plain}->backup_folder($id), $folder) == 0 or die 'cp failed';
	my ($exit_code, $out, $err) = $server->cli('restore', $id, '--database', 'erp',
		'--to-file', $server->node->basedir . '/x.dump');
	isnt($exit_code, 0, 'is not restored');
	ok(!-e $server->node->basedir . '/x.dump', 'nothing was written');
	system('rm', '-r', $folder);
};

my $missed = 0;
for (my $i = 0; $i < $RANDOM_DAMAGES; $i++)
{
	# Opening an encrypted repository costs a third of a second.
	my $name = $i % 5 == 0 ? 'encrypted' : 'plain';
	my ($server, $id) = ($servers{$name}, $ids{$name}[ $i % 2 ]);
	my @files = needed_files($server, $id);
	my $file = $files[ rand @files ];
	my $path = $server->folder . "/$file";
	my $bytes = read_file($path);
	my $offset = int(rand(length($bytes)));
	my $kind = int(rand(3));
	my $damaged = $bytes;

	substr($damaged, $offset, 1) ^= chr(1 + int(rand(255))) if $kind == 0;
	$damaged = substr($bytes, 0, $offset) if $kind == 1;
	substr($damaged, $offset, 1 + int(rand(10)), '') if $kind == 2;
	write_file($path, $damaged);
	my ($exit_code, $out, $err) = $server->cli('verify', $id, '--depth', 'digest');
	my $pattern = object_pattern($file);
	unless ($exit_code == 3 && "$out$err" =~ $pattern)
	{
		$missed++;
		diag("$name: $file: kind $kind at $offset: exit code $exit_code: $out$err");
	}
	write_file($path, $bytes);
}
is($missed, 0, "all of $RANDOM_DAMAGES random damages are found");

foreach my $name (sort keys %servers)
{
	$servers{$name}->cli_ok('verify', '--all', '--depth', 'full');
	$servers{$name}->log_is_clean;
}
done_testing();
