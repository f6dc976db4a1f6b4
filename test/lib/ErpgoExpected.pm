# What schedules and retention promise in docs/REFERENCE.md, computed another
# way than the project does: for tests that compare.
package ErpgoExpected;

use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Time::Local ();

our @EXPORT = qw(planned_runs kept_backups);

my $DAY = 86400;

# The broken-down local time of a moment in a time zone.
sub local_time
{
	my ($zone, $time) = @_;
	local $ENV{TZ} = $zone;

	POSIX::tzset();
	return localtime($time);
}

# The times (seconds since 1970) after a moment, up to another, at which
# something runs daily at some times of the day ("02:30") in a time zone: at
# the first minute of a date at which its clock has come that far.  So a time
# that is skipped comes right after, and one that comes twice counts once.
sub planned_runs
{
	my ($zone, $times, $from, $to) = @_;
	my (%done, @runs);

	for (my $time = $from - $DAY - $from % 60; $time <= $to; $time += 60)
	{
		my (undef, $minute, $hour, $day, $month) = local_time($zone, $time);
		my $clock = sprintf('%02d:%02d', $hour, $minute);

		foreach my $wanted (@$times)
		{
			next if $clock lt $wanted || $done{"$month $day $wanted"}++;
			push @runs, $time if $time > $from;
		}
	}
	return @runs;
}

# The date of a moment, as a hash: number (of the day), weekday, day, month (of
# all months since the year 0).
sub date_of
{
	my ($zone, $time) = @_;
	my (undef, undef, undef, $day, $month, $year, $weekday) = local_time($zone, $time);

	return {
		number => Time::Local::timegm(0, 0, 0, $day, $month, $year + 1900) / $DAY,
		weekday => $weekday,
		day => $day,
		month => 12 * ($year + 1900) + $month
	};
}

# The number of the day that is so many months before a date: the same day of
# the month, or the last one of a shorter month.
sub months_before
{
	my ($date, $months) = @_;
	my $month = $date->{month} - $months;
	my $first = Time::Local::timegm(0, 0, 0, 1, $month % 12, int($month / 12)) / $DAY;
	my $next = Time::Local::timegm(0, 0, 0, 1, ($month + 1) % 12, int(($month + 1) / 12)) / $DAY;
	my $same = $first + $date->{day} - 1;

	return $same < $next ? $same : $next - 1;
}

# Of good backups, oldest first, those that hold a place in a tier: the ones of
# its own day, and the first one of each period in which that day has none.
sub holders
{
	my ($is_its_day, $period, @good) = @_;
	my (%has_its_day, %seen);

	$has_its_day{ $period->($_->{date}) } = 1 foreach grep { $is_its_day->($_->{date}) } @good;
	return grep {
		$is_its_day->($_->{date})
		  || (!$has_its_day{ $period->($_->{date}) } && !$seen{ $period->($_->{date}) }++)
	} @good;
}

# Of the backups of one kind, those that a clean-up keeps.  Policy: zone, days,
# weeks, months, minimum.  A backup is a hash: time (when it was made), pinned
# (true or false), and, if it was found damaged, found (when).
sub kept_backups
{
	my ($policy, @backups) = @_;
	my @all = map { { %$_, backup => $_, date => date_of($policy->{zone}, $_->{found} || $_->{time}) } }
	  sort { $a->{time} <=> $b->{time} } @backups;
	my @good = grep { !$_->{found} } @all;
	my $newest = @good ? $good[-1]{date} : return @backups;
	my @weekly = holders(sub { $_[0]{weekday} == 0 }, sub { int(($_[0]{number} + 4) / 7) }, @good);
	my @monthly = holders(sub { $_[0]{day} == 1 }, sub { $_[0]{month} }, @good);
	my $is_young = sub { $_[0]{date}{number} >= $newest->{number} - $_[1] };
	my $minimum = $policy->{minimum} < @good ? $policy->{minimum} : @good;
	my %kept;

	$kept{ $_->{backup} } = 1 foreach (
		(grep { $is_young->($_, $policy->{days}) } @all),
		(grep { $is_young->($_, 7 * $policy->{weeks}) } @weekly),
		(grep { $_->{date}{number} >= months_before($newest, $policy->{months}) } @monthly),
		(grep { $_->{pinned} } @all),
		@good[ -$minimum .. -1 ]);
	return grep { $kept{$_} } @backups;
}

1;
