# What the scheduler costs: nothing at rest, and no more memory after many
# cycles and jobs than after few.
#
# Ten times the cycles, and many more jobs, where ERPGO_BACKUP_TEST_LONG is set.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file);
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes ();

my $LONG = $ENV{ERPGO_BACKUP_TEST_LONG};
my $CYCLES = $LONG ? 10_000 : 1_000;
my $JOBS = $LONG ? 1_000 : 20;
my $WINDOW_S = $LONG ? 120 : 10;

# The C library keeps what it once had of the system, so what a process has is
# the most that it ever needed, not what was left of it a moment ago.
local $ENV{MALLOC_TRIM_THRESHOLD_} = 1 << 30;
local $ENV{MALLOC_MMAP_THRESHOLD_} = 1 << 30;

my $server = ErpgoBackup->new('costs',
	default_schedules => 1,
	settings => { 'log_statement' => 'none', 'log_connections' => 'off', 'log_min_messages' => 'warning' });
my $pid = scheduler_pid();

sub scheduler_pid
{
	return $server->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'erpgo_backup scheduler'");
}

# A figure that Linux knows of the scheduler.
sub figure
{
	my ($name) = @_;
	my ($value) = read_file("/proc/$pid/status") =~ /^$name:\s+(\d+)/m or die "no $name";

	return $value;
}

# How often the scheduler was awake.
sub switches { return figure('voluntary_ctxt_switches') + figure('nonvoluntary_ctxt_switches'); }

# Changes a schedule again and again, each time waiting until the scheduler has
# planned it anew.
sub drive_cycles
{
	my ($count) = @_;

	$server->sql(<<"SQL");
DO \$\$
DECLARE
	wanted text;
BEGIN
	FOR i IN 1..$count LOOP
		wanted := CASE i % 2 WHEN 0 THEN '\@yearly' ELSE '\@monthly' END;
		UPDATE erpgo_backup.schedule SET cron = wanted WHERE name = 'cycling';
		COMMIT;
		WHILE NOT EXISTS (SELECT FROM erpgo_backup.schedule_state WHERE name = 'cycling' AND cron = wanted) LOOP
			PERFORM pg_sleep(0.001);
		END LOOP;
	END LOOP;
END
\$\$
SQL
	return;
}

sub run_jobs
{
	my ($count) = @_;

	$server->sql(join '', map { "SELECT count(*) FROM erpgo_backup_cleanup(dry_run => true);\n" } 1 .. $count);
	wait_for('the last job to go away', sub { $server->sql('SELECT count(*) FROM erpgo_backup_progress') eq '0' });
	return;
}

# Memory: what the server's allocator has taken and what of it is in use, and
# what the process has of its own, in bytes.
sub memory
{
	my $offset = -s $server->node->logfile;
	my ($taken, $used);

	$server->sql("SELECT pg_log_backend_memory_contexts($pid)");
	wait_for('the report on memory', sub {
		my $log = substr(read_file($server->node->logfile), $offset);

		($taken, $used) = $log =~ /\[$pid\].*Grand total: (\d+) bytes in .* (\d+) used/;
		return defined $used;
	});
	return { taken => $taken, used => $used, process => 1024 * figure('RssAnon') };
}

# Does something that must not cost memory, once before that counts.
sub costs_no_memory
{
	my ($what, $act, $warming, $count) = @_;
	my ($before, $after, $awake);

	# New statistics let statements be planned anew, for which the process grows once.
	$server->sql('ANALYZE');
	$act->($warming);
	$before = memory();
	$awake = switches();
	$act->($count);
	$awake = switches() - $awake;
	$after = memory();
	note("$count $what: awake $awake times; "
		  . join(', ', map { "$_ $before->{$_} before, $after->{$_} after" } sort keys %$before));
	cmp_ok($awake, '>=', $count, "the scheduler has dealt with $count $what");
	cmp_ok($after->{used} - $before->{used}, '<=', 4096, "$what leave nothing in use");
	cmp_ok($after->{taken} - $before->{taken}, '<=', 65536, "$what make the allocator take no more");
	cmp_ok($after->{process} - $before->{process}, '<=', 1048576, "nor does the process grow by $what");
	return;
}

# Is it waiting, without anything that would be in the way of others?
sub is_idle
{
	is($server->sql("SELECT state, xact_start IS NULL, backend_xmin IS NULL, backend_xid IS NULL FROM pg_stat_activity WHERE pid = $pid"),
		'idle|t|t|t', 'it holds no transaction');
	is($server->sql("SELECT count(*) FROM pg_locks WHERE pid = $pid"), 0, 'nor any lock');
	return;
}

subtest 'at rest' => sub {
	my ($before, $end);

	wait_for('the first plans', sub { $server->sql('SELECT count(next_run) FROM erpgo_backup.schedule_state') eq '2' });
	wait_for('the first jobs to end', sub { $server->sql('SELECT count(*) FROM erpgo_backup_progress') eq '0' });
	is_idle();
	$before = switches();
	$server->sql("SELECT erpgo_backup_schedule('cycling', '\@yearly')");
	wait_for('its plan', sub { $server->sql('SELECT count(next_run) FROM erpgo_backup.schedule_state') eq '3' });
	cmp_ok(switches(), '>', $before, 'a change wakes the scheduler');
	is_idle();
	$before = switches();
	$end = Time::HiRes::time() + $WINDOW_S;
	Time::HiRes::usleep(100_000) while switches() == $before && Time::HiRes::time() < $end;
	is(switches(), $before, "nothing does in $WINDOW_S s in which nothing is due");
};

subtest 'many cycles' => sub {
	costs_no_memory('cycles', \&drive_cycles, $CYCLES / 10, $CYCLES);
	is_idle();
};

subtest 'many jobs' => sub {
	costs_no_memory('jobs', \&run_jobs, 10, $JOBS);
	is_idle();
};

is(scheduler_pid(), $pid, 'it is the same process all the time');
$server->log_is_clean;
done_testing();
