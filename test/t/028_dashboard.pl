# The dashboard for Grafana: what can be told without Grafana of whether it can
# be imported, and whether every query shows something, asked of a real
# Prometheus that looks at a real server.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use ErpgoFaults;
use ErpgoPrometheus;
use JSON::PP ();
use PostgreSQL::Test::Utils ();
use Test::More;

my $dashboard = JSON::PP::decode_json(read_file('deploy/grafana/erpgo_backup.json'));
my @panels = grep { $_->{type} ne 'row' } @{ $dashboard->{panels} };
my @queries = map { my $panel = $_; map { { panel => $panel, %$_ } } @{ $panel->{targets} } } @panels;

# These show something only while something runs, or is wrong.
my %empty_when_healthy = map { $_ => 1 } ('Progress', 'Alerts of Prometheus', 'Copies that are late');

# Whether a panel lies over one of those before it.
sub overlaps
{
	my ($panel, @others) = @_;
	my $p = $panel->{gridPos};

	return scalar grep {
		my $o = $_->{gridPos};
		$p->{x} < $o->{x} + $o->{w} && $o->{x} < $p->{x} + $p->{w} && $p->{y} < $o->{y} + $o->{h} && $o->{y} < $p->{y} + $p->{h}
	} @others;
}

# Which of the names that a text mentions as variables are none.
sub unknown_variables
{
	my ($text) = @_;
	my %known = map { $_->{name} => 1 } @{ $dashboard->{templating}{list} };

	return grep { !$known{$_} } $text =~ /\$\{?(\w+)/g;
}

subtest 'it can be imported' => sub {
	my (%ids, @seen);

	ok(exists $dashboard->{id} && !defined $dashboard->{id}, 'it takes no number that another one may have');
	like($dashboard->{uid}, qr/^[\w-]{1,40}$/, 'it has an identifier of its own');
	like($dashboard->{schemaVersion}, qr/^\d+$/, 'it says in which form it is');
	is(join(' ', unknown_variables(read_file('deploy/grafana/erpgo_backup.json'))), '', 'every variable is defined');
	foreach my $panel (@{ $dashboard->{panels} })
	{
		my $at = $panel->{gridPos};

		ok(!$ids{ $panel->{id} }++, "panel \"$panel->{title}\" has a number of its own");
		ok($at->{x} >= 0 && $at->{w} > 0 && $at->{h} > 0 && $at->{x} + $at->{w} <= 24, 'it lies within the grid');
		ok(!overlaps($panel, @seen), 'and over no other');
		push @seen, $panel;
	}
};

subtest 'panels are whole' => sub {
	foreach my $panel (@panels)
	{
		my %references;

		like($panel->{type}, qr/^(?:stat|timeseries|state-timeline)$/, "\"$panel->{title}\" is of a type that Grafana has");
		isnt($panel->{description} // '', '', 'it says what it shows');
		isnt($panel->{fieldConfig}{defaults}{unit} // '', '', 'it has a unit');
		ok(@{ $panel->{targets} } > 0, 'it has queries');
		foreach my $query (@{ $panel->{targets} })
		{
			ok(!$references{ $query->{refId} }++, "query $query->{refId} has a name of its own");
			is($query->{datasource}{uid}, '${datasource}', 'it asks the source that was chosen');
			isnt(!!$query->{instant}, !!$query->{range}, 'either for now or for a time');
			like($query->{expr}, qr/\$instance/, 'of the server that was chosen');
		}
	}
};

my $server = ErpgoBackup->new('server',
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica', 'erpgo_backup.wal_flush_interval' => '1s',
		'erpgo_backup.health_interval' => '2s' });
my $second = $server->node->basedir . '/second';
my $metrics = PostgreSQL::Test::Utils::tempdir() . '/erpgo_backup.prom';

$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');

subtest 'queries ask for what there is' => sub {
	my %known = map { $_ => 1 } split /\n/, $server->sql('SELECT name FROM erpgo_backup.metric');
	my @names = map { $_->{expr} =~ /\b(erpgo_backup_\w+)/g } @queries;

	is(join(' ', grep { !$known{$_} } @names), '', 'every metric exists');
};

# The series of a query as Grafana would ask, for one server.
sub series
{
	my ($prometheus, $query, $instance) = @_;
	my $expression = $query->{expr} =~ s/\$instance/$instance/gr;

	return $query->{instant} ? $prometheus->query($expression) : $prometheus->query_range($expression);
}

# The panels, with the names of queries, that show nothing.
sub empty_panels
{
	my ($prometheus, $instance) = @_;

	return map { "$_->{panel}{title}/$_->{refId}" }
	  grep { !@{ series($prometheus, $_, $instance) } } @queries;
}

# Has the server write the metrics, and waits until Prometheus has them.
sub update_metrics
{
	my ($prometheus, $expression) = @_;

	$server->node->reload;
	wait_for($expression, sub { @{ $prometheus->query($expression) } });
	return;
}

# A server with some backups, whose schedule has run, and with copies.
sub make_history
{
	$server->set('erpgo_backup.repository' => $server->url . ",file://$second");
	$server->run_backup(databases => ['erp']) for 1 .. 4;
	$server->sql("SELECT erpgo_backup_schedule('nightly', '\@daily', databases => '{erp}')");
	wait_for('the plan', sub { $server->sql('SELECT next_run IS NOT NULL FROM erpgo_backup.schedule_state') eq 't' });
	$server->sql('UPDATE erpgo_backup.schedule_state SET next_run = now()');
	wait_for('the run', sub { $server->sql('SELECT last_status FROM erpgo_backup_schedules') eq 'ok' });
	wait_for('the copies', sub { $server->sql("SELECT count(*) FILTER (WHERE status = 'ok'), count(*) FROM erpgo_backup_copies") eq '5|5' });
	wait_for('the room', sub { $server->sql('SELECT count(*) FROM erpgo_backup.copy_room') eq '1' });
	wait_for('the WAL', sub { $server->sql('SELECT copied_at IS NOT NULL FROM erpgo_backup.wal_follower') eq 't' });
	return;
}

SKIP:
{
	skip 'there is no prometheus', 2 unless ErpgoPrometheus::is_available();
	make_history();
	$server->set('erpgo_backup.metrics_file' => $metrics);
	wait_for('the metrics file', sub { -e $metrics });
	my $prometheus = ErpgoPrometheus->start($metrics, rules => 'deploy/prometheus/erpgo_backup.rules.yml');
	my $instance = $prometheus->target =~ s/\./\\\\./gr;

	subtest 'a server that is well' => sub {
		update_metrics($prometheus, 'erpgo_backup_schedule_last_run_success == 1');
		is(join(' ', @{ $prometheus->ask('label/instance/values', 'match[]' => 'erpgo_backup_info') }),
			$prometheus->target, 'it can be chosen');
		# The increase of a counter needs a look more than the first one.
		wait_for('two looks', sub { @{ $prometheus->query('count_over_time(erpgo_backup_info[1m]) > 1') } });
		my @empty = empty_panels($prometheus, $instance);
		is(join(', ', @empty), join(', ', map { "$_->{panel}{title}/$_->{refId}" } grep { $empty_when_healthy{ $_->{panel}{title} } } @queries),
			'every panel shows something, but those for what runs or is wrong');
		is(join(', ', empty_panels($prometheus, '.+')), join(', ', @empty), 'and for all servers as for one');
		is(scalar(grep { @{ series($prometheus, $_, 'another') } } @queries), 0, 'nothing of it is shown for another server');
		my ($left) = grep { $_->{panel}{title} eq 'Time left until overdue' } @queries;
		my ($copies) = grep { $_->{panel}{title} eq 'Copies by status' } @queries;
		is_deeply({ map { $_->{metric}{status} => $_->{values}[-1][1] } @{ series($prometheus, $copies, $instance) } },
			{ ok => 5, pending => 0, copying => 0, failed => 0 }, 'every backup has a copy');
		cmp_ok(series($prometheus, $left, $instance)->[0]{value}[1], '>', 3600, 'a backup is not overdue for a while');
	};

	subtest 'a server with a backup and a copy that failed, and one that runs' => sub {
		$server->set('erpgo_backup.connection' => 'port=1');
		my ($exit_code) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
		isnt($exit_code, 0, 'a backup fails');
		$server->set('erpgo_backup.connection' => '');
		rename($second, "$second.away") or die "rename: $!";
		write_file($second, "no folder\n");
		isnt(($server->try_sql('SELECT erpgo_backup_copy()'))[0], 0, 'so does a copy');
		my $table = hold_table($server, 'erp', 't');
		my $id = start_run($server, 'full', '{erp}');
		wait_for('some progress', sub { $server->sql('SELECT percent IS NOT NULL FROM erpgo_backup_progress') eq 't' });
		update_metrics($prometheus, 'erpgo_backup_job_progress_ratio');
		wait_for('the alert', sub { $prometheus->alert_state('BackupFailed') eq 'firing' });
		wait_for('every panel to show something', sub { !empty_panels($prometheus, $instance) });
		pass('no panel is empty');
		my ($last) = grep { $_->{panel}{title} eq 'Last run' } @queries;
		is(series($prometheus, $last, $instance)->[0]{value}[1], 0, 'the last run failed');
		my ($alerts) = grep { $_->{panel}{title} eq 'Alerts of Prometheus' } @queries;
		is_deeply([ map { $_->{metric}{alertname} } @{ series($prometheus, $alerts, $instance) } ], ['BackupFailed'], 'the alert is shown');
		$server->sql("SELECT erpgo_backup_cancel('$id')");
		is(wait_run($server, $id), 'cancelled', 'the running one is cancelled');
		release_table($table);
	};
	$prometheus->stop;
}

$server->log_is_clean(qr/could not connect|not a directory|could not copy WAL|canceling|was cancelled|erpgo_backup_run|backup "/);
done_testing();
