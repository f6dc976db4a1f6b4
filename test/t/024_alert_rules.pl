# The alert rules for Prometheus: promtool proves them against its own clock,
# and a real Prometheus, fed by a real server, fires and resolves one.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use IO::Socket::INET;
use IPC::Run ();
use JSON::PP ();
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
my $folder = PostgreSQL::Test::Utils::tempdir();
my $metrics = "$folder/erpgo_backup.prom";

subtest 'rules and metrics have the same names' => sub {
	my %known = map { $_ => 1 } split /\n/, $server->sql('SELECT name FROM erpgo_backup.metric');
	my @expressions = read_file($rules) =~ /\b(erpgo_backup_\w+_(?:seconds|bytes|success|backups)|erpgo_backup_info)\b/g;

	cmp_ok(scalar @expressions, '>', 8, 'there are some');
	is(join(' ', grep { !$known{$_} } @expressions), '', 'every metric in a rule exists');
};

# Answers whoever asks with the metrics file, in a process of its own: its
# address and identifier.
sub serve_metrics
{
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "listen: $!";
	my $pid = fork();

	die "fork: $!" unless defined $pid;
	return ('127.0.0.1:' . $listener->sockport, $pid) if $pid;
	while (my $client = $listener->accept)
	{
		while (my $line = <$client>) { last if $line =~ /^\s*$/; }
		print $client "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n", read_file($metrics);
		close($client);
	}
	exit(0);
}

# Starts a Prometheus that looks every second: its address and handle.
sub start_prometheus
{
	my ($target) = @_;
	my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $!";
	my $address = '127.0.0.1:' . $free->sockport;

	close($free);
	write_file("$folder/rules.yml", read_file($rules));
	write_file("$folder/prometheus.yml", <<"END");
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: backup
    static_configs: [{targets: ['$target']}]
END
	my $handle = IPC::Run::start(
		[ 'prometheus', "--config.file=$folder/prometheus.yml", "--storage.tsdb.path=$folder/data",
			"--web.listen-address=$address", '--log.level=warn' ],
		'<', \undef, '&>', "$folder/prometheus.log");
	return ($address, $handle);
}

# The states of alerts that are pending or firing, by name; none as long as
# nobody answers.
sub alerts
{
	my ($address) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => $address) or return {};

	print $socket "GET /api/v1/alerts HTTP/1.0\r\nHost: $address\r\n\r\n";
	local $/ = undef;
	my ($body) = (<$socket> // '') =~ /\r\n\r\n(.*)/s or return {};
	my $answer = eval { JSON::PP::decode_json($body) } or return {};
	return { map { $_->{labels}{alertname} => $_->{state} } @{ $answer->{data}{alerts} } };
}

SKIP:
{
	skip 'there is no prometheus', 1 unless grep { -x "$_/prometheus" } split /:/, $ENV{PATH};
	subtest 'a real Prometheus' => sub {
		# What was tried 9 hours ago should have become a backup by now.
		$server->sql("INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at)
			SELECT '20200101T000000Z-full', 'full', 'cancelled', t, t FROM (SELECT now() - interval '9 hours') AS a (t)");
		$server->set('erpgo_backup.metrics_file' => $metrics);
		wait_for('the metrics file', sub { -e $metrics });
		my ($target, $web_server) = serve_metrics();
		my ($address, $prometheus) = start_prometheus($target);
		my $state = sub { return alerts($address)->{ $_[0] } // 'none' };

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
		$prometheus->signal('TERM');
		$prometheus->finish;
		kill('TERM', $web_server);
		waitpid($web_server, 0);
	};
}

$server->log_is_clean(qr/could not connect|erpgo_backup_run|backup "/);
done_testing();
