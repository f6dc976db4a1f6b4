# A server with a clock of its own, for tests of what takes weeks.
#
#   my $clock = ErpgoClock->new($folder, '2027-02-25 00:10');
#   my $server = ErpgoBackup->new('alone', install_path => $clock->installation);
#   $clock->set($time);
#
# Its processes see a clock that goes on as the machine's does, and leaps when
# a test sets it.  Time that only passes, as in delays, is not changed; for a
# single program a test can change both, with the library and the file.
package ErpgoClock;

use strict;
use warnings;
use ErpgoFaults;
use Exporter 'import';
use File::Basename ();
use POSIX ();
use Time::HiRes ();
use Time::Local ();

our @EXPORT_OK = qw(moment minute_text clock_library write_shifts);

my $SOURCE = File::Basename::dirname(__FILE__) . '/leaping_clock.c';

# Compiles the library to be preloaded, into a folder; its path.
sub clock_library
{
	my ($folder) = @_;
	my $library = "$folder/leaping_clock.so";

	system('cc', '-Wall', '-Werror', '-O2', '-shared', '-fPIC', '-o', $library, $SOURCE, '-ldl') == 0
	  or die "could not compile \"$SOURCE\"";
	return $library;
}

# Writes the file that the library reads: by how many seconds the clock is
# shifted, and how many more have passed for delays.
sub write_shifts
{
	my ($path, $clock, $passed) = @_;

	# In place and at once: it is mapped into the memory of processes.
	open(my $file, -e $path ? '+<:raw' : '>:raw', $path) or die "could not open \"$path\": $!";
	syswrite($file, pack('qq', $clock, $passed || 0)) == 16 or die "could not write \"$path\": $!";
	close($file);
	return;
}

# Makes an installation of PostgreSQL whose server and engine see the clock,
# and sets that.
sub new
{
	my ($class, $folder, $time) = @_;
	my $library = clock_library($folder);
	my $self = bless {
		file => "$folder/clock",
		installation => private_installation("$folder/installation")
	}, $class;

	$self->set(moment($time));
	replace_program($self->{installation}, $_,
		"exec env LD_PRELOAD='$library' LEAPING_CLOCK_FILE='$self->{file}' \"\$REAL\" \"\$\@\"")
	  foreach qw(postgres erpgo_backup);
	return $self;
}

# The path for install_path.
sub installation { return $_[0]->{installation}; }

# Sets the clock; time in seconds since 1970.
sub set
{
	my ($self, $time) = @_;

	$self->{shift} = POSIX::ceil($time - Time::HiRes::time());
	write_shifts($self->{file}, $self->{shift});
	return;
}

# What the clock shows.
sub now { return Time::HiRes::time() + $_[0]->{shift}; }

# Seconds since 1970 of a time like "2027-02-25 00:10", UTC.
sub moment
{
	my ($text) = @_;
	my ($year, $month, $day, $hour, $minute) = $text =~ /^(\d+)-(\d+)-(\d+) (\d+):(\d+)$/
	  or die "\"$text\" is no time";

	return Time::Local::timegm(0, $minute, $hour, $day, $month - 1, $year);
}

# The other way round, down to the minute.
sub minute_text
{
	my ($time) = @_;

	return POSIX::strftime('%Y-%m-%d %H:%M', gmtime($time));
}

1;
