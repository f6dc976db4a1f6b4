# A server with a clock of its own, for tests of what takes weeks.
#
#   my $clock = ErpgoClock->new($folder, '2027-02-25 00:10');
#   my $server = ErpgoBackup->new('alone', install_path => $clock->installation);
#   $clock->set($time);
#
# Its processes see a clock that goes on as the machine's does, and leaps when
# a test sets it.  Time that only passes, as in delays, is not changed.
package ErpgoClock;

use strict;
use warnings;
use ErpgoBackup qw(write_file);
use ErpgoFaults;
use Exporter 'import';
use File::Basename ();
use POSIX ();
use Time::HiRes ();
use Time::Local ();

our @EXPORT_OK = qw(moment minute_text);

my $SOURCE = File::Basename::dirname(__FILE__) . '/leaping_clock.c';

# Makes an installation of PostgreSQL whose server and engine see the clock,
# and sets that.
sub new
{
	my ($class, $folder, $time) = @_;
	my $library = "$folder/leaping_clock.so";
	my $self = bless {
		file => "$folder/clock",
		installation => private_installation("$folder/installation")
	}, $class;

	system('cc', '-Wall', '-Werror', '-O2', '-shared', '-fPIC', '-o', $library, $SOURCE, '-ldl') == 0
	  or die "could not compile \"$SOURCE\"";
	write_file($self->{file}, pack('q', 0));
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
	# In place and at once: it is mapped into the memory of the processes.
	open(my $file, '+<:raw', $self->{file}) or die "could not open \"$self->{file}\": $!";
	syswrite($file, pack('q', $self->{shift})) == 8 or die "could not write \"$self->{file}\": $!";
	close($file);
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
