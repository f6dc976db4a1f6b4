# A server with the extension and a repository of its own, for tests.
#
#   my $server = ErpgoBackup->new('main', encrypted => 1);
#   my $id = $server->run_backup(databases => ['erp']);
#   my ($exit_code, $out, $err) = $server->cli('verify', $id);
#   $server->log_is_clean;
package ErpgoBackup;

use strict;
use warnings;
use Exporter 'import';
use Fcntl ();
use File::Find ();
use File::Path ();
use IPC::Run ();
use List::Util qw(max min);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes ();

our @EXPORT_OK = qw(wait_for damage file_names read_file small_file_system write_file);

# Longer than anything takes on a busy machine.
my $DEADLINE = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 180;

# The key that encrypted servers have.
our $MASTER_KEY = 'a master key of 32 bytes or more';

# Starts a server that has the extension preloaded, and creates it in the
# database "postgres".  Options: encrypted (true: a secrets file with a key),
# settings (a hash of more settings), preload (false: do not), extension
# (false: do not create it), default_schedules (true: they run), init (a list of
# more arguments of initdb).
sub new
{
	my ($class, $name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name,
		$options{install_path} ? (install_path => $options{install_path}) : ());
	my $self = bless {
		node => $node,
		folder => $node->basedir . '/repository',
		secrets => undef
	}, $class;

	$node->init(extra => $options{init} || []);
	$self->write_settings(%options);
	$node->start;
	$self->sql('CREATE EXTENSION erpgo_backup')
	  unless defined $options{extension} && !$options{extension};
	return $self;
}

sub write_settings
{
	my ($self, %options) = @_;
	my %settings = (
		'log_connections' => 'on',
		'log_statement' => 'all',
		'log_min_messages' => 'debug1',
		'max_worker_processes' => 16,
		'erpgo_backup.max_retries' => 0,
		%{ $options{settings} || {} });

	if (!defined $options{preload} || $options{preload})
	{
		$settings{shared_preload_libraries} = 'erpgo_backup';
		$settings{'erpgo_backup.repository'} = $self->url;
		$settings{'erpgo_backup.default_schedules'} =
		  $options{default_schedules} ? 'on' : 'off';
	}
	if ($options{encrypted})
	{
		$settings{'erpgo_backup.secrets_file'} =
		  $self->write_secrets("BACKUP_ENCRYPTION_KEY=$MASTER_KEY\n");
	}
	foreach my $setting (sort keys %settings)
	{
		$self->{node}
		  ->append_conf('postgresql.conf', "$setting = '$settings{$setting}'");
	}
	return;
}

# Writes the secrets file that the server and the command line use; whoever
# reads it meanwhile sees the old one or the new one.
sub write_secrets
{
	my ($self, $text) = @_;
	my $new = $self->node->basedir . '/secrets.new';

	$self->{secrets} = $self->node->basedir . '/secrets';
	write_file($new, $text);
	chmod(0600, $new) or die "chmod: $!";
	rename($new, $self->{secrets}) or die "rename: $!";
	return $self->{secrets};
}

sub node { return $_[0]->{node}; }
sub folder { return $_[0]->{folder}; }
# A test may say that it is elsewhere.
sub url { return $_[0]->{url} || 'file://' . $_[0]->{folder}; }

# The folder of a backup.
sub backup_folder
{
	my ($self, $id) = @_;

	return "$self->{folder}/main/backup/$id";
}

# Runs SQL that must succeed, in database "postgres" unless told otherwise,
# and gives back what psql -At prints.
sub sql
{
	my ($self, $sql, $database) = @_;

	return $self->{node}->safe_psql($database || 'postgres', $sql);
}

# Runs SQL that may fail: (exit code, output, errors).
sub try_sql
{
	my ($self, $sql, $database) = @_;

	return $self->{node}->psql($database || 'postgres', $sql);
}

# Changes settings of the running server, and waits until they are in effect.
sub set
{
	my ($self, %settings) = @_;

	foreach my $name (sort keys %settings)
	{
		my $value = $settings{$name} =~ s/'/''/gr;

		$self->sql("ALTER SYSTEM SET $name = '$value'");
	}
	$self->{node}->reload;
	foreach my $name (sort keys %settings)
	{
		my $value = $settings{$name} =~ s/'/''/gr;

		$self->{node}->poll_query_until('postgres',
			"SELECT current_setting('$name') = '$value'")
		  or die "setting $name did not change";
	}
	return;
}

# Makes a backup from SQL that must succeed, and gives back its identifier.
# Options: type, databases (a list).
sub run_backup
{
	my ($self, %options) = @_;
	my $type = $options{type} || 'full';
	my $databases = 'NULL';

	if ($options{databases})
	{
		$databases = 'ARRAY['
		  . join(', ', map { "'" . s/'/''/gr . "'" } @{ $options{databases} })
		  . ']';
	}
	return $self->sql("SELECT erpgo_backup_run('$type', $databases)");
}

# Runs the command line against this server's repository: (exit code, output,
# errors).
sub cli
{
	my ($self, @arguments) = @_;
	my @command = ('erpgo_backup', '--repository', $self->url);

	push @command, '--secrets-file', $self->{secrets}
	  if defined $self->{secrets};
	return run_program(@command, @arguments);
}

# The same, but it must exit with 0; gives back the output.
sub cli_ok
{
	my ($self, @arguments) = @_;
	my ($exit_code, $out, $err) = $self->cli(@arguments);

	is($exit_code, 0, "erpgo_backup $arguments[0] succeeds")
	  or diag($out, $err);
	return $out;
}

# Runs any program: (exit code, output, errors).
sub run_program
{
	my (@command) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout($DEADLINE));
	my $status = $?;

	return ($status & 127 ? 128 + ($status & 127) : $status >> 8, $out, $err);
}

# A conninfo string for a database of this server.
sub conninfo
{
	my ($self, $database) = @_;

	return $self->{node}->connstr($database);
}

# Everything that a database holds, as pg_dump tells it; two databases with
# the same contents have the same text.
sub contents
{
	my ($self, $database) = @_;
	my ($exit_code, $out, $err) =
	  run_program('pg_dump', '--dbname', $self->conninfo($database));

	die "pg_dump: $err" if $exit_code != 0;
	# These lines hold a random word.
	$out =~ s/^\\(?:un)?restrict .*$//mg;
	return $out;
}

# The lines of a log without those of clients that were about to connect when
# the server was stopped: it calls that a timeout.
sub without_late_clients
{
	my ($log) = @_;
	my $stopping = 0;

	return grep {
		$stopping = 1 if /received \w+ shutdown request/;
		$stopping = 0 if /database system is ready to accept connections/;
		!($stopping && /FATAL:  canceling authentication due to timeout/)
	} split(/\n/, $log);
}

# Tests that the server's log holds nothing worse than what is expected:
# patterns of lines that may be there.
sub log_is_clean
{
	my ($self, @expected) = @_;
	my $log = PostgreSQL::Test::Utils::slurp_file($self->{node}->logfile);
	my @bad = grep {
		/ERROR:|FATAL:|PANIC:|TRAP:|terminated by signal|server process.*exit code (?![01]$)/
	} without_late_clients($log);

	foreach my $pattern (@expected)
	{
		@bad = grep { $_ !~ $pattern } @bad;
	}
	is(join("\n", @bad), '', 'the server log holds no unexpected error');
	return;
}

# Calls a function again and again until it returns true; dies, saying what
# was waited for, when that takes too long.  What takes long to find out is asked
# less often, so that the waiting itself does not keep the machine busy.
sub wait_for
{
	my ($what, $condition) = @_;
	my $deadline = Time::HiRes::time() + $DEADLINE;

	for (;;)
	{
		my $asked = Time::HiRes::time();

		return if $condition->();
		my $now = Time::HiRes::time();
		die "timed out waiting for $what" if $now > $deadline;
		Time::HiRes::sleep(min(0.3, max(0.02, 2 * ($now - $asked))));
	}
}

# Damages a file: "flip" changes one byte in the middle (or at the offset
# given), "cut" drops the last one, "extend" adds one, "empty" all of them,
# "missing" removes the file.
sub damage
{
	my ($path, $kind, $offset) = @_;
	my $bytes = $kind eq 'missing' ? '' : read_file($path);

	chmod(0600, $path);
	return unlink($path) if $kind eq 'missing';
	if ($kind eq 'flip')
	{
		$offset = int(length($bytes) / 2) unless defined $offset;
		substr($bytes, $offset, 1) ^= "\x01";
	}
	elsif ($kind eq 'cut') { chop($bytes); }
	elsif ($kind eq 'extend') { $bytes .= "\0"; }
	elsif ($kind eq 'empty') { $bytes = ''; }
	else { die "no such damage: $kind"; }
	write_file($path, $bytes);
	return;
}

# The names of all files below a folder, relative to it, sorted.
sub file_names
{
	my ($folder) = @_;
	my @names;

	File::Find::find(
		{
			no_chdir => 1,
			wanted => sub {
				push @names, substr($_, length($folder) + 1) if -f $_;
			}
		},
		$folder);
	return sort @names;
}

sub read_file
{
	my ($path) = @_;

	open(my $file, '<:raw', $path) or die "could not read \"$path\": $!";
	local $/ = undef;
	my $bytes = <$file>;
	close($file);
	return $bytes;
}

sub write_file
{
	my ($path, $bytes) = @_;

	open(my $file, '>:raw', $path) or die "could not write \"$path\": $!";
	print $file $bytes;
	close($file) or die "could not write \"$path\": $!";
	return;
}

# A file system that is small enough for a few backups to fill it; undef if
# there is none.  It is this test's alone until that ends: others wait.
my $small_file_system;

sub small_file_system
{
	my $folder = $ENV{ERPGO_BACKUP_SMALL_FS};

	return undef unless $folder;
	if (!$small_file_system)
	{
		open($small_file_system, '<', $folder) or die "could not open \"$folder\": $!";
		flock($small_file_system, Fcntl::LOCK_EX) or die "could not lock \"$folder\": $!";
		# What a test that died has left would take the room.
		File::Path::remove_tree($folder, { keep_root => 1 });
	}
	return $folder;
}

1;
