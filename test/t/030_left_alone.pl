# A server that is left alone, with a clock that leaps from one planned run to
# the next: weeks of backups with downtime, failures, a full disk and damage in
# between.  Everything that was planned is accounted for, and after each backup
# exactly those are there that the policy keeps.
#
# A week, with a policy to match; two months with the default one where
# ERPGO_BACKUP_TEST_LONG is set.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage file_names write_file);
use ErpgoClock qw(moment minute_text);
use ErpgoExpected;
use ErpgoFaults;
use PostgreSQL::Test::Utils ();
use Test::More;

my $LONG = $ENV{ERPGO_BACKUP_TEST_LONG};
# Both change to or from summer time on a Sunday shortly before a first.
my ($START, $END) = map { moment($_) }
  $LONG ? ('2027-02-25 00:10', '2027-04-26 12:00') : ('2027-10-27 05:00', '2027-11-02 13:00');
my $ZONE = 'Europe/Berlin';
my %POLICY = $LONG
  ? (zone => $ZONE, days => 7, weeks => 4, months => 12, minimum => 2)
  : (zone => $ZONE, days => 2, weeks => 1, months => 12, minimum => 2);
my %SCHEDULES = (
	'every 6 hours' => { kind => 'full', zone => 'UTC', times => [ '00:00', '06:00', '12:00', '18:00' ], catch_up => 1 },
	'daily verify' => { kind => 'verify', zone => 'UTC', times => ['03:30'], catch_up => 1 },
	# Those of 00:30 are of another day by UTC.
	'nightly' => { kind => 'schema', zone => $ZONE, times => [ '00:30', '02:30' ], catch_up => 0 });

my $folder = PostgreSQL::Test::Utils::tempdir();
my $clock = ErpgoClock->new($folder, minute_text($START));
my $disk = $ENV{ERPGO_BACKUP_SPARE_FS};
my $repository = ($disk || $folder) . "/left-alone.$$";
my $server = ErpgoBackup->new('alone',
	install_path => $clock->installation,
	default_schedules => 1,
	settings => {
		'erpgo_backup.max_retries' => 1,
		'erpgo_backup.retry_delay' => '100ms',
		'erpgo_backup.lock_wait_timeout' => 0,
		'erpgo_backup.retention_timezone' => $ZONE,
		'erpgo_backup.retention_daily_days' => $POLICY{days},
		'erpgo_backup.retention_weekly_weeks' => $POLICY{weeks},
		'log_statement' => 'none',
		'log_connections' => 'off',
		'log_min_messages' => 'warning'
	});

$server->{folder} = $repository;
$server->set('erpgo_backup.repository' => $server->url);
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');
# One database is quicker than all.
$server->sql("SELECT erpgo_backup_schedule('every 6 hours', '0 */6 * * *', databases => '{erp}')") unless $LONG;
$server->sql("SELECT erpgo_backup_schedule('nightly', '30 0,2 * * *', 'schema', timezone => '$ZONE', catch_up => false)");

# What the world is like: how backups end, by kind; whether the server is down, and
# which schedules that made miss a run; what keeps a job from ending.
my %ends = (full => 'ok', schema => 'ok');
my ($down, %missed, $lock) = (0);

# What should have happened, a line each; what did not go as it should have;
# the backups that should be there, by kind.
my (@expected, @surprises, %there);

sub expect_run
{
	my ($name, $time, $end) = @_;

	push @expected, minute_text($time) . " $name $end";
	return;
}

# Waits until something is so; in the server, for asking from here again and
# again would take as much of the machine as the backups do.
sub await
{
	my ($what, $condition) = @_;

	$server->sql(<<"SQL");
DO \$\$
BEGIN
	FOR i IN 1..9000 LOOP
		IF $condition THEN
			RETURN;
		END IF;
		PERFORM pg_sleep(0.02);
	END LOOP;
	RAISE 'timed out waiting for $what';
END
\$\$
SQL
	return;
}

# Makes the scheduler look at its clock, which it does by itself once an hour.
sub wake { return $server->sql('SELECT pg_reload_conf()'); }

# Nothing runs, and all that should fire does.
my $AT_REST = <<'END';
NOT EXISTS (SELECT FROM erpgo_backup_progress)
	AND NOT EXISTS (SELECT FROM erpgo_backup_history WHERE status IN ('running', 'verifying'))
	AND NOT EXISTS (SELECT FROM erpgo_backup.alert_change WHERE change IS NOT NULL)
END

# The job that something holds has begun, by the clock as it is now.
my $HELD = "EXISTS (SELECT FROM erpgo_backup_attempts WHERE operation = 'backup' AND status = 'running')";

# Waits until the scheduler has dealt with a planned run, and all that follows
# from it is done, or held.
sub await_run
{
	my ($name, $time) = @_;
	my $seen = "(SELECT greatest(last_run, last_skip) >= to_timestamp($time)
		FROM erpgo_backup.schedule_state WHERE name = '$name')";

	await("$name at " . minute_text($time), "$seen AND " . ($lock ? $HELD : $AT_REST));
	return;
}

# The identifiers of backups in the repository, whole or not.
sub present
{
	my %ids = map { m{^main/backup/([^/]+)/} ? ($1 => 1) : () } file_names($repository);

	return sort keys %ids;
}

# Those that should be there.
sub wanted
{
	return sort map { map { $_->{id} } @$_ } values %there;
}

# What is in one of two lists only, in words; empty if they are the same.
sub differences
{
	my ($found, $expected) = @_;
	my (%found, %expected);

	$found{$_}++ foreach @$found;
	$expected{$_}++ foreach @$expected;
	return join "\n",
	  (map { "not expected: $_" } grep { $found{$_} > ($expected{$_} || 0) } sort keys %found),
	  (map { "missing: $_" } grep { $expected{$_} > ($found{$_} || 0) } sort keys %expected);
}

# Takes the backup that was made last, and lets the others of its kind expire.
sub note_backup
{
	my ($kind) = @_;
	my ($id, $time) = split /\|/, $server->sql("SELECT id, extract(epoch FROM started_at) FROM erpgo_backup_history
		WHERE type = '$kind' ORDER BY id DESC LIMIT 1");

	push @{ $there{$kind} }, { id => $id, time => $time };
	$there{$kind} = [ kept_backups(\%POLICY, @{ $there{$kind} }) ];
	return;
}

# Compares what is there with what should be.
sub compare
{
	my ($when) = @_;
	my $differences = differences([ present() ], [ wanted() ]);

	push @surprises, "$when:\n$differences" if $differences ne '';
	return;
}

# Lets a planned run come.
sub run_planned
{
	my ($name, $time) = @_;
	my $kind = $SCHEDULES{$name}{kind};
	my $next = $server->sql("SELECT extract(epoch FROM next_run)::bigint FROM erpgo_backup_schedules WHERE name = '$name'");

	push @surprises, "$name is planned for " . minute_text($next) . ' instead of ' . minute_text($time) if $next != $time;
	$clock->set($time);
	wake();
	await_run($name, $time);
	finish_run($name, $time);
	compare(minute_text($time)) unless $lock;
	return;
}

# Notes how a run has ended, or will end once nothing holds it.
sub finish_run
{
	my ($name, $time) = @_;
	my $kind = $SCHEDULES{$name}{kind};

	if ($kind eq 'verify')
	{
		expect_run($name, $time, (grep { $_->{found} } map { @$_ } values %there) ? 'damage' : 'ok');
		return;
	}
	expect_run($name, $time, $ends{$kind});
	note_backup($kind) if $ends{$kind} eq 'ok' && !$lock;
	return;
}

sub stop_server
{
	$server->node->stop($_[0] || 'fast');
	$down = 1;
	return;
}

# Starts the server, which makes up for what was missed.
sub start_server
{
	my $time = $clock->now;

	$server->node->start;
	$down = 0;
	await_run($_, $time) foreach keys %missed;
	foreach my $name (keys %missed)
	{
		if ($SCHEDULES{$name}{catch_up}) { finish_run($name, $time); }
		else { expect_run($name, $time, 'skipped'); }
	}
	%missed = ();
	compare('after a start');
	return;
}

# Nothing listens on that port.
sub make_unreachable
{
	$server->set('erpgo_backup.connection' => 'port=1');
	@ends{qw(full schema)} = ('failed after 2') x 2;
	return;
}

sub make_reachable
{
	$server->set('erpgo_backup.connection' => '');
	@ends{qw(full schema)} = ('ok') x 2;
	return;
}

sub make_unwritable
{
	chmod(0500, "$repository/main/backup") or die "chmod: $!";
	@ends{qw(full schema)} = ('failed') x 2;
	return;
}

sub make_writable
{
	chmod(0700, "$repository/main/backup") or die "chmod: $!";
	@ends{qw(full schema)} = ('ok') x 2;
	return;
}

# Fills the file system of the repository to the last byte.
sub fill_disk
{
	system("cat /dev/zero >$disk/filler.$$ 2>/dev/null");
	@ends{qw(full schema)} = ('failed') x 2;
	return;
}

sub empty_disk
{
	unlink("$disk/filler.$$") or die "unlink: $!";
	@ends{qw(full schema)} = ('ok') x 2;
	return;
}

# Damages the newest backup, which every verification finds until it has expired.
sub damage_newest
{
	my $newest = (sort { $a->{time} <=> $b->{time} } map { @$_ } values %there)[-1];

	damage($server->backup_folder($newest->{id}) . '/globals.sql.zst', 'flip');
	$newest->{found} = $clock->now;
	return;
}

sub pin_newest
{
	my $newest = $there{full}[-1];

	$server->sql("SELECT erpgo_backup_pin('$newest->{id}', 'the audit')");
	$newest->{pinned} = 1;
	await('the jobs to end', $AT_REST);
	return;
}

sub unpin
{
	my ($pinned) = grep { $_->{pinned} } @{ $there{full} };

	$server->sql("SELECT erpgo_backup_unpin('$pinned->{id}')");
	$pinned->{pinned} = 0;
	await('the jobs to end', $AT_REST);
	return;
}

# Keeps the next full backup from ending, for longer by the clock than a backup
# may take.
sub hold
{
	$lock = hold_table($server, 'erp', 't');
	return;
}

sub hold_until_crash { $ends{full} = 'interrupted'; return hold(); }

sub expect_overlap { $ends{full} = 'skipped'; return; }

sub release
{
	release_table($lock);
	undef $lock;
	$ends{full} = 'ok';
	await('the jobs to end', $AT_REST);
	note_backup('full');
	compare('after an overlap');
	return;
}

sub crash_and_start
{
	stop_server('immediate');
	$lock->{run}->kill_kill;
	undef $lock;
	$ends{full} = 'ok';
	start_server();
	wait_for('what was interrupted to be removed', sub { !repository_leftovers($server) });
	compare('after a crash');
	return;
}

sub put_clock_back
{
	$clock->set($clock->now - 2 * 3600);
	wake();
	return;
}

# When, what, and the alerts that this leads to: kind, subject, and the dates at
# which they fire and are resolved.
my @SCENARIO = $LONG
  ? (
	[ '2027-02-27 17:50', \&make_unreachable,
		'backup_failed full 02-27 02-28',
		'backup_delayed full 02-27 02-28' ],
	[ '2027-02-27 19:00', \&make_reachable ],
	[ '2027-03-03 13:00', \&pin_newest ],
	[ '2027-03-05 10:00', \&stop_server ],
	[ '2027-03-07 10:05', \&start_server, 'backup_delayed full 03-07 03-07' ],
	[ '2027-03-11 05:50', \&hold ],
	[ '2027-03-11 06:10', \&expect_overlap, 'backup_delayed full 03-11 03-11' ],
	[ '2027-03-11 19:10', \&release ],
	# A Sunday without a backup.
	[ '2027-03-13 20:00', \&stop_server ],
	[ '2027-03-15 05:00', \&start_server, 'backup_delayed full 03-15 03-15' ],
	[ '2027-03-17 03:00', \&damage_newest, 'verification_failed schema 03-17 03-24' ],
	[ '2027-03-20 17:50', \&hold_until_crash ],
	[ '2027-03-20 18:10', \&crash_and_start,
		'backup_failed full 03-20 03-21',
		'backup_delayed full 03-20 03-21' ],
	[ '2027-03-23 09:50', \&fill_disk,
		'low_disk_space repository 03-23 03-23',
		'backup_failed full 03-23 03-24',
		'backup_delayed full 03-23 03-24' ],
	[ '2027-03-23 19:00', \&empty_disk ],
	# A first of a month without a backup.
	[ '2027-03-31 22:00', \&make_unwritable,
		'backup_failed full 04-01 04-02',
		'backup_failed schema 03-31 04-01',
		'backup_delayed full 04-01 04-02' ],
	[ '2027-04-01 20:00', \&make_writable ],
	[ '2027-04-05 09:00', \&put_clock_back ],
	[ '2027-04-10 07:00', \&unpin ],
	[ '2027-04-12 05:00', \&make_unreachable,
		'backup_failed full 04-12 04-13',
		'backup_delayed full 04-12 04-13',
		'backup_failed schema 04-12 04-13' ],
	[ '2027-04-13 05:00', \&make_reachable ],
	[ '2027-04-18 10:00', \&stop_server ],
	[ '2027-04-20 10:05', \&start_server, 'backup_delayed full 04-20 04-20' ])
  : (
	[ '2027-10-27 11:50', \&make_unreachable, 'backup_failed full 10-27 10-28' ],
	[ '2027-10-27 13:00', \&make_reachable ],
	[ '2027-10-27 13:30', \&stop_server ],
	[ '2027-10-28 10:05', \&start_server, 'backup_delayed full 10-28 10-28' ],
	[ '2027-10-28 13:00', \&pin_newest ],
	[ '2027-10-29 03:00', \&damage_newest, 'verification_failed schema 10-29 11-01' ],
	[ '2027-10-29 05:50', \&hold ],
	[ '2027-10-29 06:10', \&expect_overlap, 'backup_delayed full 10-29 10-29' ],
	[ '2027-10-29 19:10', \&release ],
	[ '2027-10-30 04:00', \&fill_disk,
		'low_disk_space repository 10-30 10-30',
		'backup_failed full 10-30 10-30',
		'backup_delayed full 10-30 10-30' ],
	[ '2027-10-30 08:00', \&empty_disk ],
	[ '2027-10-30 17:50', \&hold_until_crash ],
	[ '2027-10-30 18:10', \&crash_and_start,
		'backup_failed full 10-30 10-31',
		'backup_delayed full 10-30 10-31' ],
	# A first of a month without a backup.
	[ '2027-10-31 22:00', \&make_unwritable,
		'backup_failed full 11-01 11-02',
		'backup_failed schema 10-31 11-01',
		'backup_delayed full 11-01 11-02' ],
	[ '2027-11-01 20:00', \&make_writable ],
	[ '2027-11-02 07:00', \&unpin ],
	[ '2027-11-02 09:00', \&put_clock_back ]);

@SCENARIO = grep { $disk || ($_->[1] != \&fill_disk && $_->[1] != \&empty_disk) } @SCENARIO;

# Everything that will come, in order of time.
sub timeline
{
	my @coming = map { { time => moment($_->[0]), incident => $_->[1] } } @SCENARIO;

	foreach my $name (sort keys %SCHEDULES)
	{
		my ($zone, $times) = @{ $SCHEDULES{$name} }{qw(zone times)};

		push @coming, map { { time => $_, name => $name } } planned_runs($zone, $times, $START, $END);
	}
	return sort { $a->{time} <=> $b->{time} } @coming;
}

sub live_on
{
	my ($event) = @_;

	if ($event->{incident})
	{
		$clock->set($event->{time});
		$event->{incident}->();
	}
	elsif ($down) { $missed{ $event->{name} }++; }
	else { run_planned($event->{name}, $event->{time}); }
	return;
}

# What happened, in the words of expect_run.
my $HAPPENED = <<'END';
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI ') || name || ' ' || outcome
FROM (
	SELECT min(a.started_at), b.schedule,
		(array_agg(a.status ORDER BY a.number DESC))[1] || CASE WHEN count(*) > 1 THEN ' after ' || count(*) ELSE '' END
	FROM erpgo_backup_attempts a JOIN erpgo_backup_history b ON b.id = a.backup_id
	WHERE a.operation = 'backup' GROUP BY b.id, b.schedule
	UNION ALL
	SELECT min(started_at), 'daily verify', CASE WHEN bool_or(coalesce(sqlstate, '') = 'XX001') THEN 'damage' ELSE 'ok' END
	FROM erpgo_backup_attempts WHERE operation = 'verify' GROUP BY date_trunc('hour', started_at)
	UNION ALL
	SELECT at, object, outcome FROM erpgo_backup_audit WHERE action = 'schedule' AND outcome = 'skipped'
) AS h (at, name, outcome)
END

live_on($_) foreach timeline();

is(join("\n", @surprises), '', 'every run was planned for its time, and after each just those backups were there that the policy keeps');
is(differences([ split /\n/, $server->sql($HAPPENED) ], \@expected), '', 'every planned run is accounted for');

is(differences([ split /\n/, $server->sql(<<'END') ], [ map { @$_[ 2 .. $#$_ ] } @SCENARIO ]),
SELECT concat_ws(' ', kind, regexp_replace(subject, '^.*-| of .*$', ''), to_char(fired_at AT TIME ZONE 'UTC', 'MM-DD'),
	to_char(resolved_at AT TIME ZONE 'UTC', 'MM-DD')) FROM erpgo_backup_alerts
END
	'', 'every trouble made its alerts fire, once, and its end resolved them');
is($server->sql("SELECT count(*) FROM erpgo_backup_alerts a WHERE (SELECT string_agg(change, ' ' ORDER BY id) FROM erpgo_backup.notice n
	WHERE n.alert = a.id AND change <> 'repeated') <> 'firing resolved'"), 0, 'each of the two was told once');

my @kept = wanted();
is(join(' ', present()), "@kept", 'the policy and the repository agree in the end');
is($server->sql("SELECT string_agg(id || ' ' || decision, ' ' ORDER BY id) FROM erpgo_backup_retention()"),
	join(' ', map { "$_ keep" } @kept), 'erpgo_backup_retention() keeps them all');
is($server->sql("SELECT string_agg(id, ' ' ORDER BY id) FROM erpgo_backup_list()"), "@kept", 'the catalog knows just these');
is($server->sql(<<'END'), 0, 'every other backup that was made has been deleted by a rule, once');
SELECT count(*) FROM erpgo_backup_history b
WHERE EXISTS (SELECT FROM erpgo_backup_attempts a WHERE a.backup_id = b.id AND a.operation = 'backup' AND a.status = 'ok')
	AND (SELECT count(*) FROM erpgo_backup_audit d WHERE d.action = 'delete' AND d.object = b.id AND d.retention <> '')
		<> CASE WHEN b.id IN (SELECT id FROM erpgo_backup_list()) THEN 0 ELSE 1 END
END
is(join(' ', repository_leftovers($server)), '', 'nothing half-made is left');
my ($exit_code, $out, $err) = $server->cli('verify', '--all', '--depth', 'digest');
is($exit_code, (grep { $_->{found} } map { @$_ } values %there) ? 3 : 0, 'all of them are whole, but the one that was damaged') or diag($out, $err);

SKIP:
{
	skip 'no spare file system (ERPGO_BACKUP_SPARE_FS) was given', 1 unless $disk;
	is($server->sql("SELECT count(*) FROM erpgo_backup_attempts WHERE sqlstate = '53100'"), $LONG ? 2 : 1, 'the full disk was told as such');
}

$server->log_is_clean(qr/could not connect to|connection to client lost|could not create|terminating (?:connection|background worker)|the database system is (?:shutting down|starting up)|backup "|verification of backup/);
$server->node->stop;
system('rm', '-r', $repository);
done_testing();
