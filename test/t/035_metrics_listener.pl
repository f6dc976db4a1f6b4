# Metrics over HTTP: what is served is true, nobody sees it who should not, and
# nothing that clients do, or that happens to the listener, harms the server.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use ErpgoFaults;
use ErpgoReceivers;
use IO::Select;
use IO::Socket::INET;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes 'time';

my $TOKEN = 'Topsecret-token-of-the-metrics';
my $KIND = 'erpgo_backup metrics listener';

# Tests with an authority of their own must not trust others.
delete @ENV{qw(CURL_CA_BUNDLE SSL_CERT_FILE http_proxy https_proxy)};

my $server = ErpgoBackup->new('server');
my $receivers = ErpgoReceivers->new($server->node->basedir . '/identities');
my $authority = $receivers->authority('good');
my $folder = PostgreSQL::Test::Utils::tempdir();
my $port = free_port();
my $started_at = server_start_time($server);

sub free_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $!";

	return $socket->sockport;
}

# Asks, with curl: its exit code, the status, the headers, the body.
sub ask
{
	my ($url, @options) = @_;
	my ($code, $out) =
	  ErpgoBackup::run_program('curl', '-s', '-i', '--noproxy', '*', '--max-time', '20', @options, $url);
	my ($status, $headers, $body) = $out =~ m{^HTTP/1\.1 (\d+) [^\r]*\r\n(.*?\r\n)\r\n(.*)}s;

	return { code => $code, status => $status // 0, headers => $headers // '', body => $body // '' };
}

sub metrics { return ask("http://127.0.0.1:$port/metrics", @_); }

# The status of an answer to a request with such headers.
sub status_of
{
	my (@headers) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!";

	print $socket join("\r\n", 'GET /metrics HTTP/1.1', @headers, '', '');
	return <$socket> =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0;
}

sub wait_until_served
{
	my (@options) = @_;

	wait_for('metrics to be served', sub { metrics(@options)->{status} == 200 });
	return;
}

# What the server's log says from a place on.
sub log_since
{
	my ($place) = @_;

	return substr(read_file($server->node->logfile), $place);
}

sub log_size { return -s $server->node->logfile; }

# The listener's worker in the server, and below it the engine's two processes.
sub listener { return $server->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = '$KIND'"); }

sub child
{
	my ($parent) = @_;

	return `ps -o pid= --ppid $parent` =~ /(\d+)/ ? $1 : 0;
}

sub processes
{
	my @pids;

	wait_for('the processes of the listener',
		sub {
			my $worker = listener() or return 0;
			my $supervisor = child($worker) or return 0;
			my $engine = child($supervisor) or return 0;

			@pids = ($worker, $supervisor, $engine);
			return 1;
		});
	return @pids;
}

# Applies settings that must not do: the warning says why, and nobody listens.
sub is_refused
{
	my ($what, $settings, $reason, $hint) = @_;
	my $place = log_size();

	$server->set(%$settings);
	wait_for("a warning about $what", sub { log_since($place) =~ /metrics listener stopped.*\n.*HINT/ });
	like(log_since($place), qr/WARNING:.*metrics listener stopped: .*$reason/, "$what: refused");
	like(log_since($place), $hint, "$what: the hint says what to do");
	is(ask("https://127.0.0.1:$port/healthz", '--insecure')->{code}, 7, "$what: nobody listens");
	return;
}

subtest 'addresses' => sub {
	is($server->sql('SHOW erpgo_backup.metrics_listen'), '', 'there is none from the start');
	is(listener(), '', 'and no listener');
	foreach my $wrong ('localhost', '0', '65536', '::1:9187', '[::1]', ':9187', 'a b:9187', '127.0.0.1:')
	{
		my (undef, undef, $err) = $server->try_sql("ALTER SYSTEM SET erpgo_backup.metrics_listen = '$wrong'");
		like($err, qr/DETAIL:  A(?:n address|\ port) is/, "\"$wrong\" is refused");
	}
	my (undef, undef, $err) = $server->try_sql("ALTER SYSTEM SET erpgo_backup.metrics_tls_key = 'key.pem'");
	like($err, qr/must be absolute/, 'a relative path is refused');
};

subtest 'what is served is true' => sub {
	$server->set('erpgo_backup.metrics_listen' => $port);
	wait_until_served();
	my $answer = metrics();
	is($answer->{body}, $server->sql('SELECT erpgo_backup_metrics()'), 'a scrape is what the function says');
	like($answer->{headers}, qr{^Content-Type: text/plain; version=0\.0\.4; charset=utf-8\r$}m, 'in the text format');
	like($answer->{headers}, qr/^Connection: close\r$/m, 'a connection is for one request');
	my $health = ask("http://localhost:$port/healthz");
	is("$health->{status} $health->{body}", "503 last success: never\n", 'without a backup, all is not well');

	$server->run_backup(databases => ['postgres']);
	wait_for('the backup to be seen',
		sub { metrics()->{body} =~ /^erpgo_backup_attempts_total\{operation="backup",status="ok"\} 1$/m });
	wait_for('no job to run', sub { metrics()->{body} =~ /^erpgo_backup_jobs_running\{operation="backup"\} 0$/m });
	wait_for('both to agree', sub { metrics()->{body} eq $server->sql('SELECT erpgo_backup_metrics()') });
	$health = ask("http://localhost:$port/healthz");
	is("$health->{status} $health->{body}", "200 ok\n", 'after a backup, all is well');

	my $head = metrics('--head');
	is("$head->{status}|$head->{body}", '200|', 'HEAD gets no body');
	my $open = metrics('-H', 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
	like($open->{headers}, qr{^Content-Type: application/openmetrics-text; version=1\.0\.0}m, 'OpenMetrics for who wants it');
	like($open->{body}, qr/\n# EOF\n\z/, 'with its end');
	like($open->{body}, qr/^# TYPE erpgo_backup_attempts counter\n(?:erpgo_backup_attempts_total\{.*\n)+#/m,
		'and counters as it has them');
};

subtest 'a scrape wakes nobody' => sub {
	my ($worker) = processes();
	my $switches = sub { return read_file("/proc/$worker/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m ? $1 : die; };

	# The worker may just do what it does once a minute.
	wait_for('a quiet minute',
		sub {
			my $before = $switches->();
			metrics() for 1 .. 10;
			return $switches->() == $before;
		});
	pass('the worker slept through ten scrapes');
};

subtest 'who is refused' => sub {
	my @cases = (
		[ 'another host', 421, '/metrics', '-H', 'Host: evil.example.com' ],
		[ 'a name like ours', 421, '/metrics', '-H', 'Host: localhost.example.com' ],
		[ 'no host', 400, '/metrics', '-H', 'Host:' ],
		[ 'no valid host', 400, '/metrics', '-H', 'Host: user@localhost' ],
		[ 'another host at /healthz', 421, '/healthz', '-H', 'Host: evil.example.com' ],
		[ 'another path', 404, '/' ],
		[ 'a path below', 404, '/metrics/../metrics/x' ],
		[ 'POST', 405, '/metrics', '-d', 'x=y' ],
		[ 'a large POST', 405, '/metrics', '--data-binary', '@' . $server->node->logfile, '-H', 'Expect:' ],
		[ 'DELETE', 405, '/healthz', '-X', 'DELETE' ],
		[ 'OPTIONS', 405, '/metrics', '-X', 'OPTIONS' ],
		[ 'TRACE', 405, '/metrics', '-X', 'TRACE' ],
		[ 'a header that is too large', 431, '/metrics', '-H', 'X-Long: ' . 'x' x 30000 ],
		[ 'a path that is too long', 414, '/' . 'x' x 30000 ]);

	foreach my $case (@cases)
	{
		my ($what, $status, $path, @options) = @$case;
		my $answer = ask("http://127.0.0.1:$port$path", '--path-as-is', @options);

		is($answer->{status}, $status, "$what: $status");
		unlike($answer->{body}, qr/erpgo_backup_/, "$what: no metrics");
	}
	is(status_of('Host: localhost', 'Host: evil.example.com'), 400, 'two hosts: 400');
	like(ask("http://127.0.0.1:$port/metrics", '-d', 'x')->{headers}, qr/^Allow: GET, HEAD\r$/m, '405 says what is allowed');
	is(ask("http://127.0.0.2:$port/metrics")->{code}, 7, 'no other address is listened on');
};

# Opens a connection and sends the beginning of a request.
sub slow_client
{
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!";

	print $socket "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
	$socket->flush;
	return $socket;
}

# Has the other side closed this connection?
sub is_closed
{
	my ($socket) = @_;

	return IO::Select->new($socket)->can_read(0) && !sysread($socket, my $byte, 1);
}

subtest 'slow clients' => sub {
	my @slow = map { slow_client() } 1 .. 20;
	my $begin = time();
	is(metrics()->{status}, 200, 'with 20 slow clients');
	cmp_ok(time() - $begin, '<', 2, 'a scrape is answered at once');
	push @slow, map { slow_client() } 1 .. 30;
	is(metrics()->{status}, 200, 'with 50, more than are let in, a scrape is answered in the end');
	local $SIG{PIPE} = 'IGNORE';
	wait_for('a client that sends a byte now and then to be put off',
		sub {
			syswrite($slow[-1], 'X');
			return is_closed($slow[-1]);
		});
	cmp_ok(time() - $begin, '<', 20, 'none of them stays');
	is(server_start_time($server), $started_at, 'the server does not care');
};

subtest 'the token' => sub {
	$server->write_secrets("METRICS_TOKEN=$TOKEN\nBACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n");
	$server->set('erpgo_backup.secrets_file' => $server->{secrets});
	wait_for('the token to be wanted', sub { metrics()->{status} == 401 });
	wait_until_served('--oauth2-bearer', $TOKEN);
	like(metrics()->{headers}, qr/^WWW-Authenticate: Basic realm="erpgo_backup"/m, 'a browser asks for it');
	unlike(metrics()->{body}, qr/erpgo_backup_/, 'without it, there are no metrics');
	my %cases = (
		'the token' => [ 200, '--oauth2-bearer', $TOKEN ],
		'as a password' => [ 200, '--user', "prometheus:$TOKEN" ],
		'another one' => [ 401, '--oauth2-bearer', "x$TOKEN" ],
		'a part of it' => [ 401, '--oauth2-bearer', substr($TOKEN, 0, -1) ],
		'another password' => [ 401, '--user', 'prometheus:prometheus' ],
		'as the user' => [ 401, '--user', "$TOKEN:" ],
		'garbage' => [ 401, '-H', 'Authorization: Basic ====' ],
		'another scheme' => [ 401, '-H', "Authorization: Digest $TOKEN" ]);
	foreach my $what (sort keys %cases)
	{
		my ($status, @options) = @{ $cases{$what} };

		is(metrics(@options)->{status}, $status, "$what: $status");
	}
	is(status_of("Host: localhost", ("Authorization: Bearer $TOKEN") x 2), 401, 'twice: 401');
	is(ask("http://127.0.0.1:$port/healthz")->{status}, 200, '/healthz needs none');
	$server->write_secrets("METRICS_TOKEN=short\n");
	is_refused('a short token', { 'erpgo_backup.nice' => 11 }, 'METRICS_TOKEN is not 16 or more', qr/openssl rand/);
	unlike(log_since(0), qr/METRICS_TOKEN.*short\n/, 'the log does not tell it');
};

subtest 'beyond this machine' => sub {
	my ($certificate, $key) = $receivers->certificate('good');
	my (undef, $other_key) = $receivers->certificate('other');
	my %tls = ('erpgo_backup.metrics_tls_certificate' => $certificate, 'erpgo_backup.metrics_tls_key' => $key);
	my $https = sub { return ask("https://localhost:$port/metrics", '--cacert', $authority, @_); };

	$server->write_secrets('');
	is_refused('no token', { 'erpgo_backup.metrics_listen' => "0.0.0.0:$port" },
		'cannot serve metrics beyond this machine on .* without a token', qr/HINT:.*METRICS_TOKEN.*127\.0\.0\.1/);
	$server->write_secrets("METRICS_TOKEN=$TOKEN\n");
	is_refused('no TLS', { 'erpgo_backup.nice' => 12 },
		'cannot serve metrics beyond this machine on .* without TLS', qr/HINT:.*metrics_tls_certificate/);
	is_refused('a certificate without a key', { 'erpgo_backup.metrics_tls_certificate' => $certificate },
		'need each other', qr/HINT:  Set both/);
	chmod(0644, $key) or die "chmod: $!";
	is_refused('a key that others may read', \%tls, 'key file .* is open to others: its mode is 0644', qr/HINT:.*chmod 0600/);
	chmod(0600, $key, $other_key) or die "chmod: $!";
	is_refused('a key of another certificate', { 'erpgo_backup.metrics_tls_key' => $other_key },
		'does not belong to the certificate', qr/HINT:.*metrics_tls_key/);
	is_refused('a key that is none', { 'erpgo_backup.metrics_tls_key' => $server->{secrets} },
		'could not read a private key from file', qr/HINT:.*PEM/);

	$server->set(%tls);
	wait_for('metrics by TLS', sub { $https->('--oauth2-bearer', $TOKEN)->{status} == 200 });
	pass('with a token and TLS it is served');
	is($https->()->{status}, 401, 'to who has the token');
	is(ask("https://localhost:$port/metrics")->{code}, 60, 'and knows the authority');
	is($https->('--tls-max', '1.1')->{code}, 35, 'by TLS 1.2 or later');
	is(ask("http://localhost:$port/metrics")->{status}, 0, 'not without TLS');
	is($https->('-H', 'Host: evil.example.com')->{status}, 421, 'not under another name');
	is(ask("https://127.0.0.2:$port/healthz", '--insecure')->{status}, 200, 'on every address');
	my @slow = map { slow_client() } 1 .. 20;
	is($https->('--oauth2-bearer', $TOKEN)->{status}, 200, 'whatever others do in their handshake');
};

# Starts a Prometheus with the example configuration: its address and handle.
sub start_prometheus
{
	my $address = '127.0.0.1:' . free_port();
	my $text = read_file('deploy/prometheus/scrape.example.yml');

	$text =~ s/db\.example\.com:9187/localhost:$port/ or die 'the example has no target';
	$text =~ s/erpgo_backup-ca\.pem/$authority/ or die 'the example has no authority';
	write_file("$folder/erpgo_backup.token", $TOKEN);
	write_file("$folder/prometheus.yml", "global: {scrape_interval: 1s}\n$text");
	my $handle = IPC::Run::start(
		[ 'prometheus', "--config.file=$folder/prometheus.yml", "--storage.tsdb.path=$folder/data",
			"--web.listen-address=$address", '--log.level=warn' ],
		'<', \undef, '&>', "$folder/prometheus.log");
	return ($address, $handle);
}

# The value of a metric in a Prometheus; '' if it has none yet.
sub query
{
	my ($address, $metric) = @_;
	my $answer = eval { JSON::PP::decode_json(ask("http://$address/api/v1/query?query=$metric")->{body}) } or return '';

	return $answer->{data}{result}[0]{value}[1] // '';
}

SKIP:
{
	skip 'there is no prometheus', 1 unless grep { -x "$_/prometheus" } split /:/, $ENV{PATH};
	subtest 'a real Prometheus, with the example configuration' => sub {
		my ($address, $prometheus) = start_prometheus();

		wait_for('a scrape', sub { query($address, 'erpgo_backup_pinned_backups') eq '0' });
		is(query($address, 'up'), 1, 'it scrapes');
		$server->sql("SELECT erpgo_backup_pin('latest', 'why not')");
		wait_for('the change', sub { query($address, 'erpgo_backup_pinned_backups') eq '1' });
		pass('and sees what changes');
		$prometheus->signal('TERM');
		$prometheus->finish;
		unlike(read_file("$folder/prometheus.log"), qr/level=(?:warn|error).*scrape/i, 'without complaint');
	};
}

subtest 'a port that is taken' => sub {
	my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $!";
	my $place = log_size();

	$port = $taken->sockport;
	$server->write_secrets('');
	$server->set('erpgo_backup.metrics_listen' => "127.0.0.1:$port", 'erpgo_backup.metrics_tls_certificate' => '',
		'erpgo_backup.metrics_tls_key' => '');
	# Every attempt is in the log for those who debug.
	wait_for('three attempts', sub { (() = log_since($place) =~ /could not listen on/g) >= 3 });
	my @warnings = log_since($place) =~ /WARNING:.*could not listen on "127\.0\.0\.1:$port": Address already in use/g;
	is(scalar @warnings, 1, 'is a warning once');
	close($taken);
	wait_until_served();
	like(log_since($place), qr/LOG:.*metrics are served on "127\.0\.0\.1:$port"/, 'it is served when the port is free');
};

subtest 'listeners that are killed' => sub {
	for my $victim (2, 1)
	{
		my @pids = processes();

		kill('KILL', $pids[$victim]) or die "kill: $!";
		wait_for('the processes to go away', sub { all_gone(@pids[1, 2]) });
		wait_until_served();
		pass($victim == 2 ? 'the engine comes back' : 'its supervisor, too');
		is(listener(), $pids[0], 'below the same worker');
	}
	foreach my $function ('pg_cancel_backend', 'pg_terminate_backend')
	{
		my ($worker) = processes();

		$server->sql("SELECT $function($worker)");
		wait_for('another worker', sub { my $pid = listener(); $pid ne '' && $pid != $worker });
		wait_until_served();
		pass("$function: another worker comes");
	}
	is(server_start_time($server), $started_at, 'the server was never restarted');
};

subtest 'the scheduler that is killed' => sub {
	my ($worker) = processes();
	my $pid = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'erpgo_backup scheduler'";
	my $scheduler = $server->sql($pid);

	$server->sql("SELECT pg_terminate_backend($scheduler)");
	wait_for('another scheduler', sub { my $now = $server->sql($pid); $now ne '' && $now != $scheduler });
	$server->run_backup(databases => ['postgres']);
	is(listener(), $worker, 'finds the listener that is there');
	wait_until_served();
};

subtest 'the life of databases and of the extension' => sub {
	$server->sql('CREATE DATABASE other');
	my $begin = time();
	$server->sql('DROP DATABASE other');
	cmp_ok(time() - $begin, '<', 2, 'DROP DATABASE does not wait for the listener');
	is($server->sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = '$KIND' AND xact_start IS NULL"), 1,
		'which has no transaction open');
	$server->sql('DROP EXTENSION erpgo_backup');
	wait_for('that to be said', sub { metrics()->{status} == 503 });
	is(metrics()->{body}, "extension erpgo_backup does not exist\n", 'DROP EXTENSION: there are no metrics');
	is(ask("http://127.0.0.1:$port/healthz")->{status}, 503, 'and all is not well');
	$server->sql('CREATE EXTENSION erpgo_backup');
	wait_until_served();
	pass('CREATE EXTENSION: there are');
};

subtest 'the end' => sub {
	my @pids = processes();
	$server->set('erpgo_backup.metrics_listen' => '');
	wait_for('the listener to end', sub { all_gone(@pids) });
	is(metrics()->{code}, 7, 'switched off, nobody listens');
	$server->set('erpgo_backup.metrics_listen' => "[::1]:$port");
	wait_for('metrics', sub { ask("http://[::1]:$port/metrics")->{status} == 200 });
	pass('switched on, it is served at once');
	@pids = processes();
	my $begin = time();
	$server->node->stop('fast');
	cmp_ok(time() - $begin, '<', 5, 'a fast shutdown is fast');
	ok(all_gone(@pids), 'and leaves nothing behind');
};

unlike(read_file($server->node->logfile), qr/\Q$TOKEN\E/, 'the token is not in the log');
$server->log_is_clean(qr/metrics_listen|metrics_tls_key|terminating background worker|exited with exit code 1/);
done_testing();
