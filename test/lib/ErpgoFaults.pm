# What tests need that break things on purpose: jobs in the background, their
# processes, and a PostgreSQL installation whose programs can be replaced.
package ErpgoFaults;

use strict;
use warnings;
use Exporter 'import';
use ErpgoBackup qw(wait_for file_names read_file write_file);
use IPC::Run ();
use PostgreSQL::Test::Utils ();
use Test::More;

our @EXPORT = qw(start_run run_status wait_run job_processes hold_table
  release_table private_installation replace_program fail_engine_at repository_leftovers
  server_with_held_copies server_start_time all_gone create_filler);

# Starts a backup in the background; its identifier.
sub start_run
{
	my ($server, $type, $databases) = @_;
	my $list = defined $databases ? "'$databases'" : 'NULL';

	return $server->sql("SELECT erpgo_backup_run('$type', $list, wait => false)");
}

sub run_status
{
	my ($server, $id) = @_;

	return $server->sql("SELECT status FROM erpgo_backup_history WHERE id = '$id'");
}

# Waits until a run has ended, however; its status.
sub wait_run
{
	my ($server, $id) = @_;
	my $status;

	wait_for("the end of $id",
		sub {
			$status = run_status($server, $id);
			return $status ne '' && $status !~ /^(?:running|verifying)$/;
		});
	# The row may be final a moment before the job is gone.
	wait_for("the job of $id to go away",
		sub { $server->sql("SELECT count(*) FROM erpgo_backup_progress WHERE id = '$id'") eq '0' });
	return $status;
}

# The processes whose parent is one of these, with their command names.
sub children
{
	my (@parents) = @_;
	my @found;

	return () unless @parents;
	foreach my $line (split /\n/, `ps -o pid=,ppid=,comm= --ppid @{[join(',', @parents)]}`)
	{
		my ($pid, $parent, $name) = $line =~ /(\d+)\s+(\d+)\s+(.*)/ or next;
		push @found, { pid => $pid, name => $name };
	}
	return @found;
}

# The processes of a running job: job, supervisor, worker (process
# identifiers), and programs (of the worker's children, name to identifier).
sub job_processes
{
	my ($server, $id) = @_;
	my %processes;

	wait_for("the processes of $id",
		sub {
			my $job = $server->sql("SELECT pid FROM erpgo_backup_progress WHERE id = '$id'");
			return 0 if $job !~ /^\d+$/;
			my ($supervisor) = children($job);
			my ($worker) = $supervisor ? children($supervisor->{pid}) : ();

			return 0 unless $worker;
			%processes = (
				job => $job,
				supervisor => $supervisor->{pid},
				worker => $worker->{pid},
				programs => { map { $_->{name} => $_->{pid} } children($worker->{pid}) });
			return 1;
		});
	return \%processes;
}

# Takes an exclusive lock, on which pg_dump will wait; a handle.
sub hold_table
{
	my ($server, $database, $table) = @_;
	my %handle = (in => "BEGIN; LOCK TABLE $table; SELECT 'locked';\n", out => '');

	$handle{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $server->conninfo($database) ],
		'<', \$handle{in}, '>', \$handle{out}, IPC::Run::timeout(180));
	$handle{run}->pump until $handle{out} =~ /locked/;
	return \%handle;
}

sub release_table
{
	my ($handle) = @_;

	$handle->{in} .= "COMMIT;\n\\q\n";
	$handle->{run}->finish;
	return;
}

# A copy of the PostgreSQL installation under test in which programs can be
# replaced: its programs are copies, all else are links; its path is for
# install_path.
sub private_installation
{
	my ($folder) = @_;
	my ($bindir, $sharedir) = map { s/\n//r } `pg_config --bindir --sharedir`;
	my ($prefix, $version_folder) = $bindir =~ m{^(.*)(/usr/lib/postgresql/[^/]+)/bin$}
	  or die "installation $bindir has an unknown layout";
	my $share_folder = substr($sharedir, length($prefix));

	foreach my $command (
		[ 'mkdir', '-p', "$folder$version_folder", "$folder" . ($share_folder =~ s{/[^/]+$}{}r) ],
		[ 'cp', '-r', $bindir, "$folder$version_folder/bin" ],
		[ 'ln', '-s', "$prefix$version_folder/lib", "$folder$version_folder/lib" ],
		[ 'ln', '-s', $sharedir, "$folder$share_folder" ])
	{
		system(@$command) == 0 or die "@$command failed";
	}
	return "$folder$version_folder";
}

# Puts a shell script in the place of a program of a private installation;
# the program itself stays as NAME.real, whose path is $REAL in the script.
sub replace_program
{
	my ($installation, $name, $script) = @_;
	my $path = "$installation/bin/$name";

	rename($path, "$path.real") or die "rename: $!" unless -e "$path.real";
	unlink($path);
	write_file($path, "#!/bin/bash\nREAL=$path.real\n$script\n");
	chmod(0755, $path);
	return;
}

# An engine whose parent's command line matches fails at the step that a file
# names, in the words of strace's inject; there is no fault without the file.
# With once, the first such engine takes the file for itself.
sub fail_engine_at
{
	my ($installation, $step, $parent, %options) = @_;
	my $take = $options{once} ? "rm -f $step" : ':';

	# The tracer is a process of its own (-D), so that the engine stays the
	# child of the server.
	replace_program($installation, 'erpgo_backup', <<"END");
step=\$(cat $step 2>/dev/null)
[ -n "\$step" ] && grep -q '$parent' /proc/\$PPID/cmdline || exec "\$REAL" "\$\@"
$take
exec strace -D -f -qq -o $step.trace -e trace=\${step%%:*} -e signal=none -e inject=\$step "\$REAL" "\$\@"
END
	return;
}

# A server, with options of ErpgoBackup, whose copies do not begin
# while a file is there; and the path of that file.
sub server_with_held_copies
{
	my (%options) = @_;
	my $hold = PostgreSQL::Test::Utils::tempdir() . '/hold';
	my $installation = private_installation(PostgreSQL::Test::Utils::tempdir());

	replace_program($installation, 'erpgo_backup', <<"END");
while [ -e $hold ] && grep -aq 'copy of ' /proc/\$PPID/cmdline; do sleep 0.02; done
exec "\$REAL" "\$\@"
END
	return (ErpgoBackup->new('server', install_path => $installation, %options), $hold);
}

# Names of files in the repository that belong to no finished backup.
sub repository_leftovers
{
	my ($server) = @_;
	my @names = -d $server->folder ? file_names($server->folder) : ();
	my %finished = map { m{^(.*/backup/[^/]+)/manifest\.json$} ? ($1 => 1) : () } @names;

	return grep {
		m{/\.} || (m{^(.*/backup/[^/]+)/} && !$finished{$1}) || m{/writer\.json$}
	} @names;
}

sub server_start_time
{
	my ($server) = @_;

	return $server->sql('SELECT pg_postmaster_start_time()');
}

# Are these processes gone?  A zombie that nobody reaps counts as there.
sub all_gone
{
	my (@pids) = @_;

	return !grep { -e "/proc/$_" } @pids;
}

# Creates a table "filler" with so many kB, more or less, that no method
# compresses.
sub create_filler
{
	my ($server, $database, $size) = @_;

	$server->sql(<<"END", $database);
CREATE TABLE filler AS
SELECT (SELECT string_agg(sha256(convert_to(i || ' ' || j, 'UTF8')), ''::bytea) FROM generate_series(1, 32) j) AS noise
FROM generate_series(1, $size) i;
END
	return;
}

1;
