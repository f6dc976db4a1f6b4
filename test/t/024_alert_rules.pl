# The alert rules for Prometheus: promtool proves them against its own clock,
# and a real Prometheus, fed by a real server, fires and resolves one.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file);
use ErpgoPrometheus;
use PostgreSQL::Test::Utils ();
use Test::More;

my $rules = 'deploy/prometheus/erpgo_backup.rules.yml';
my $cases = 'deploy/prometheus/tests/erpgo_backup.rules_test.yml';

foreach my $arguments ([ 'check', 'rules', $rules ], [ 'test', 'rules', $cases ])
{
	my ($exit_code, $out, $err) = ErpgoBackup::run_program('promtool', @$arguments);

	is($exit_code, 0, "promtool @$arguments[0, 1]") or diag($out, $err);
}

foreach my $rule (split /(?=- alert:)/, read_file($rules))
{
	my ($name) = $rule =~ /^- alert: (\w+)/ or next;

	like($rule, qr/\n\s+summary: .*\n\s+description: .*\n\s+runbook: /, "$name says what happened and what to do");
	like(read_file($cases), qr/alertname: $name\n\s+exp_alerts:/, "$name fires in a test");
}

my $server = ErpgoBackup->new('server');
my $metrics = PostgreSQL::Test::Utils::tempdir() . '/erpgo_backup.prom';

subtest 'rules and metrics have the same names' => sub {
	my %known = map { $_ => 1 } split /\n/, $server->sql('SELECT name FROM erpgo_backup.metric');
	my @expressions = read_file($rules) =~ /\b(erpgo_backup_\w+_(?:seconds|bytes|success|backups)|erpgo_backup_info)\b/g;

	cmp_ok(scalar @expressions, '>', 8, 'there are some');
	is(join(' ', grep { !$known{$_} } @expressions), '', 'every metric in a rule exists');
};

SKIP:
{
	skip 'there is no prometheus', 1 unless ErpgoPrometheus::is_available();
	subtest 'a real Prometheus' => sub {
		# What was tried 9 hours ago should have become a backup by now.
		$server->sql("INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at)
			SELECT '20200101T000000Z-full', 'full', 'cancelled', t, t FROM (SELECT now() - interval '9 hours') AS a (t)");
		$server->set('erpgo_backup.metrics_file' => $metrics);
		wait_for('the metrics file', sub { -e $metrics });
		my $prometheus = ErpgoPrometheus->start($metrics, rules => $rules);
		my $state = sub { return $prometheus->alert_state($_[0]) };

		wait_for('a server without a backup to be late', sub { $state->('BackupDelayed') eq 'pending' });
		pass('a server without a backup is late');
		$server->run_backup(databases => ['postgres']);
		wait_for('that to be resolved', sub { $state->('BackupDelayed') eq 'none' });
		pass('until it has one');
		$server->set('erpgo_backup.connection' => 'port=1');
		$server->try_sql("SELECT erpgo_backup_run('full')");
		wait_for('the alert', sub { $state->('BackupFailed') eq 'firing' });
		pass('a backup that fails fires an alert');
		$server->set('erpgo_backup.connection' => '');
		$server->run_backup(databases => ['postgres']);
		wait_for('the end of the alert', sub { $state->('BackupFailed') eq 'none' });
		pass('one that goes well resolves it');
		$prometheus->stop;
	};
}

$server->log_is_clean(qr/could not connect|erpgo_backup_run|backup "/);
done_testing();
