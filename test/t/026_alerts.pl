# Alerts on a server whose backups fail, are damaged and fill the disk: they
# fire once, arrive whatever the receivers do, and are resolved once.
use strict;
use warnings;
use ErpgoBackup qw(damage file_names read_file small_file_system wait_for write_file);
use ErpgoFaults;
use ErpgoReceivers;
use IPC::Run ();
use JSON::PP ();
use Test::More;
use Time::HiRes 'time';

# In every secret.
my $SECRET = qr/Topsecret/i;
my $PASSWORD = 'Topsecret-password';

if (system('/usr/bin/python3 -c "import aiosmtpd" 2>/dev/null') != 0)
{
	plan skip_all => 'SKIPPED: alerts were not tested: python3-aiosmtpd is missing';
}

my $server = ErpgoBackup->new('alerts',
	settings => { 'erpgo_backup.retry_delay' => '100ms', 'erpgo_backup.notify_timeout' => '2s' });
my $receivers = ErpgoReceivers->new($server->node->basedir . '/receivers');
my @certificate = $receivers->certificate('good');
my $hook = 'https://localhost:' . $receivers->start('hook', 'webhook.py', @certificate, 'Topsecret-key');
my $mail = $receivers->start('mail', 'mail.py', @certificate, 'dba', $PASSWORD);
my %webhook = (WEBHOOK_URL => "$hook/Topsecret-hook", WEBHOOK_SECRET => 'Topsecret-key');
my %email = (NOTIFICATION_EMAIL => 'dba@example.com', SMTP_HOST => 'localhost', SMTP_PORT => $mail,
	SMTP_USER => 'dba', SMTP_PASSWORD => $PASSWORD, SMTP_FROM => 'backup@example.com');

sub set_secrets
{
	my (%secrets) = @_;

	%secrets = (BACKUP_CA_FILE => $receivers->authority('good'), %secrets);
	$server->write_secrets(join('', map { "$_=$secrets{$_}\n" } sort keys %secrets));
	return;
}

# The kinds of the alerts that are firing.
sub firing
{
	return $server->sql(
		q{SELECT string_agg(kind, ' ' ORDER BY kind) FROM erpgo_backup_alerts WHERE state = 'firing'});
}

sub wait_firing
{
	my ($kinds) = @_;

	wait_for("alerts \"$kinds\"", sub { firing() eq $kinds });
	pass($kinds eq '' ? 'no alert is firing' : "firing: $kinds");
	return;
}

# Waits until everything is delivered or given up, and no job is active.
sub wait_delivered
{
	wait_for('the deliveries',
		sub {
			$server->sql(q{SELECT (SELECT count(*) FROM erpgo_backup_progress)
				+ (SELECT count(*) FROM erpgo_backup.delivery WHERE status IN ('queued', 'sending'))}) eq '0';
		});
	return;
}

# What the webhook was sent since the last time, as JSON.
sub received { return map { JSON::PP->new->decode($_->{body}) } $receivers->received('hook'); }

# The same in short, one alert a line.
sub received_lines { return join("\n", map { "$_->{state} $_->{severity}: $_->{title}" } received()); }

sub mails { return join("\n", map { $_->{headers}{subject} =~ s/: main on \S+$//r } $receivers->received('mail')); }

sub fail_backup
{
	my ($exit_code) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");

	isnt($exit_code, 0, 'the backup fails');
	return;
}

sub backup { return $server->run_backup(databases => ['erp']); }

# Lines of the log like this.
sub logged
{
	my ($pattern) = @_;

	return scalar(grep { /$pattern/ } split(/\n/, read_file($server->node->logfile)));
}

# A session that listens: how it is asked what it heard.
sub start_listening
{
	my %session = (in => "LISTEN erpgo_backup;\n", out => '');

	$session{run} = IPC::Run::start([ 'psql', '-XAt', '-d', $server->conninfo('postgres') ],
		'<', \$session{in}, '>', \$session{out}, IPC::Run::timeout(180));
	$session{run}->pump until $session{out} =~ /LISTEN/;
	return \%session;
}

sub heard
{
	my ($session) = @_;

	# psql shows what it heard after a statement.
	$session->{in} .= "SELECT 1;\n\\q\n";
	$session->{run}->finish;
	return map { JSON::PP->new->utf8->decode($_) }
	  $session->{out} =~ /Asynchronous notification "erpgo_backup" with payload "(.*)" received/g;
}

$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');
set_secrets(%webhook, %email);
$server->set('erpgo_backup.secrets_file' => $server->{secrets});

subtest 'a backup that fails' => sub {
	my $session = start_listening();

	$server->set('erpgo_backup.connection' => 'port=1', 'erpgo_backup.max_retries' => 1);
	my $id = start_run($server, 'full', '{erp}');
	wait_for('the first attempt to end',
		sub { $server->sql("SELECT count(*) FROM erpgo_backup_attempts WHERE backup_id = '$id' AND status = 'failed'") >= 1 });
	is(wait_run($server, $id), 'failed', 'fails after a retry');
	wait_delivered();
	fail_backup();
	wait_delivered();
	my @alerts = received();
	is(scalar @alerts, 1, 'one alert arrives for two failures');
	is_deeply([ @{ $alerts[0] }{qw(kind severity state title backup)} ],
		[ 'backup_failed', 'critical', 'firing', 'Backup failed (full of erp)', $id ], 'it says what failed');
	like($alerts[0]{text}, qr/^Backup "\Q$id\E" failed after 2 attempts: could not connect/, 'after how many attempts, and why');
	is(mails(), '[critical] Backup failed (full of erp)', 'it also comes by mail');
	is($server->sql(q{SELECT state, severity, delivery FROM erpgo_backup_alerts}),
		'firing|critical|email sent, webhook sent', 'the view shows it, and that it was delivered');
	is($server->sql(q{SELECT status, value FROM erpgo_backup_status WHERE "check" = 'open alerts'}),
		'critical|1 critical', 'the status shows it');
	like($server->sql('SELECT erpgo_backup_metrics()'),
		qr/^erpgo_backup_alerts_firing\{kind="backup_failed",severity="critical"\} 1$/m, 'the metrics show it');
	is(logged(qr/WARNING:  alert "backup_failed" is firing: Backup failed \(full of erp\)/), 1, 'the log has one line');

	$server->set('erpgo_backup.connection' => '', 'erpgo_backup.max_retries' => 0);
	backup();
	wait_firing('');
	wait_delivered();
	backup();
	wait_delivered();
	is(received_lines(), 'resolved critical: Backup failed (full of erp)', 'the next success resolves it, once');
	is(mails(), '[resolved] Backup failed (full of erp)', 'also by mail');
	is(logged(qr/LOG:  alert "backup_failed" is resolved/), 1, 'and in the log');
	my @heard = heard($session);
	is(join(', ', map { "$_->{change} $_->{kind} $_->{subject}" } @heard),
		'firing backup_failed full of erp, resolved backup_failed full of erp', 'a session that listens hears the same');
	is($server->sql(q{SELECT count(*) FROM erpgo_backup_audit WHERE action = 'notify'}), 0, 'the audit does not fill up');
	is($server->sql(q{SET ROLE pg_monitor; SELECT count(*) FROM erpgo_backup_alerts}), 1, 'monitoring may look');
};

# Something that can be had quickly, and ended.
sub fire { $server->sql(q{SELECT erpgo_backup.health_note('clean-up', 'no reason')}); $server->node->reload; return; }
sub resolve { $server->sql(q{SELECT erpgo_backup.health_note('clean-up', NULL)}); $server->node->reload; return; }

# How often the webhook was tried for what is on its way.
sub attempts
{
	return $server->sql(q{SELECT coalesce(max(attempts), 0) FROM erpgo_backup.delivery WHERE channel = 'webhook' AND status IN ('queued', 'sending')});
}

foreach my $manner ('status/500', 'hang', 'reset')
{
	subtest "a receiver that answers as $manner" => sub {
		set_secrets(%webhook, %email, WEBHOOK_URL => "$hook/$manner/Topsecret");
		fire();
		wait_for('a second call', sub { my @calls = glob($receivers->path('hook') . '/*.json'); return @calls >= 2 });
		$server->node->restart if $manner eq 'status/500';
		like($server->sql(q{SELECT delivery FROM erpgo_backup_alerts WHERE state = 'firing'}),
			qr/^email sent, webhook (?:queued|sending)$/, 'the view shows what has not arrived');
		set_secrets(%webhook, %email);
		wait_delivered();
		my @requests = $receivers->received('hook');
		my %ids = map { JSON::PP->new->decode($_->{body})->{id} => 1 } @requests;
		cmp_ok(scalar @requests, '>=', 3, 'it is tried again and again');
		is(scalar(grep { $_->{path} eq '/Topsecret-hook' } @requests), 1, 'until it is taken, once');
		is(scalar keys %ids, 1, 'and all tries have the same identifier');
		is(mails(), '[warning] Clean-up failed', 'the mail came once');
		resolve();
		wait_firing('');
		wait_delivered();
		is(received_lines(), 'resolved warning: Clean-up failed', 'then it is resolved');
		is(mails(), '[resolved] Clean-up failed', 'by mail as well');
	};
}

subtest 'changes arrive in order' => sub {
	set_secrets(%webhook, WEBHOOK_URL => "$hook/status/503/Topsecret");
	fire();
	wait_for('an attempt', sub { attempts() >= 1 });
	resolve();
	wait_firing('');
	$receivers->received('hook');
	set_secrets(%webhook);
	wait_delivered();
	my @lines = grep { !$_->{path} || $_->{path} !~ /status/ } $receivers->received('hook');
	is(join(' ', map { JSON::PP->new->decode($_->{body})->{state} } @lines), 'firing resolved',
		'what is over is not told before it was told at all');
};

subtest 'a receiver that hangs does not hold up a backup' => sub {
	$server->set('erpgo_backup.notify_timeout' => '30s');
	set_secrets(%webhook, WEBHOOK_URL => "$hook/hang/Topsecret");
	fire();
	wait_for('the webhook to be called', sub { scalar(() = $receivers->received('hook')) });
	my $pid = $server->sql(q{SELECT pid FROM erpgo_backup_progress WHERE operation = 'notify'});
	my $id = backup();
	is(run_status($server, $id), 'ok', 'it is made');
	is($server->sql(q{SELECT pid FROM erpgo_backup_progress WHERE operation = 'notify'}), $pid, 'while the delivery goes on');
	set_secrets(%webhook);
	$server->set('erpgo_backup.notify_timeout' => '2s');
	$server->sql("SELECT pg_terminate_backend($pid)");
	resolve();
	wait_firing('');
	wait_delivered();
	is(received_lines(), "firing warning: Clean-up failed\nresolved warning: Clean-up failed",
		'what a delivery that was ended had to do is done by another one');
};

subtest 'a channel that has to be mended first' => sub {
	set_secrets(%webhook, %email, WEBHOOK_URL => "$hook/status/404/Topsecret");
	fire();
	wait_firing('cleanup_failed notification_failed');
	wait_delivered();
	is(mails(), "[warning] Clean-up failed\n[warning] Alerts do not arrive (webhook)", 'the other channel tells of it');
	is(scalar($receivers->received('hook')), 2, 'each alert was tried once');
	is(logged(qr/WARNING:  alert "Clean-up failed" was not delivered: could not send to webhook: it answered with status 404/), 1,
		'the log says so');
	set_secrets(%webhook, %email);
	resolve();
	wait_firing('');
	wait_delivered();
	is(received_lines(), "resolved warning: Clean-up failed\nresolved warning: Alerts do not arrive (webhook)",
		'what arrives again resolves that');
	mails();
};

subtest 'what goes on is repeated' => sub {
	$server->set('erpgo_backup.alert_repeat_interval' => '1s');
	fire();
	wait_for('two repetitions', sub { $server->sql(q{SELECT count(*) FROM erpgo_backup.notice WHERE change = 'repeated'}) >= 2 });
	$server->set('erpgo_backup.alert_repeat_interval' => '0');
	resolve();
	wait_firing('');
	wait_delivered();
	my @changes = map { $_->{details}{change} } received();
	like("@changes", qr/^firing(?: repeated){2,} resolved$/, 'after the interval');
	cmp_ok(logged(qr/WARNING:  alert "cleanup_failed" is still firing/), '>=', 2, 'also in the log');
	mails();
};

subtest 'the heartbeat' => sub {
	set_secrets(HEARTBEAT_URL => "$hook/status/500/Topsecret-beat");
	$server->set('erpgo_backup.connection' => 'port=1');
	fail_backup();
	wait_delivered();
	is(scalar($receivers->received('hook')), 0, 'is not called after a failure');
	$server->set('erpgo_backup.connection' => '');
	backup();
	wait_for('two calls', sub { $server->sql(q{SELECT max(attempts) FROM erpgo_backup.delivery WHERE channel = 'heartbeat' AND status IN ('queued', 'sending')}) >= 2 });
	set_secrets(HEARTBEAT_URL => "$hook/Topsecret-beat");
	wait_delivered();
	my @calls = $receivers->received('hook');
	is(join(' ', map { $_->{method} } grep { $_->{path} eq '/Topsecret-beat' } @calls), 'GET', 'but after a success, until that is heard, once');
	backup();
	wait_delivered();
	is(scalar($receivers->received('hook')), 1, 'and after the next one');
	wait_firing('');
};

set_secrets(%webhook);

subtest 'a backup that is late' => sub {
	$server->sql(q{UPDATE erpgo_backup.backup SET started_at = started_at - interval '58 s', finished_at = finished_at - interval '58 s'});
	$server->set('erpgo_backup.delayed_after' => '1min');
	wait_firing('backup_delayed');
	backup();
	wait_firing('');
	$server->set('erpgo_backup.delayed_after' => '8h');
	wait_delivered();
	is(received_lines(), "firing warning: Backup delayed (full)\nresolved warning: Backup delayed (full)",
		'time alone makes the alert fire');
};

subtest 'a damaged backup' => sub {
	my $id = backup();
	my ($dump) = grep { /erp\.dump/ } file_names($server->backup_folder($id));

	damage($server->backup_folder($id) . "/$dump", 'flip');
	my ($exit_code) = $server->try_sql("SELECT erpgo_backup_verify('$id')");
	isnt($exit_code, 0, 'the verification fails');
	wait_firing('verification_failed');
	damage($server->backup_folder($id) . "/$dump", 'flip');
	$server->sql("SELECT erpgo_backup_verify('$id')");
	wait_firing('');
	wait_delivered();
	is(received_lines(), "firing critical: Verification failed ($id)\nresolved critical: Verification failed ($id)",
		'each backup has its alert');
};

subtest 'a backup that is much larger' => sub {
	backup() for 1 .. 3;
	$server->sql(<<'END', 'erp');
CREATE TABLE filler AS
SELECT (SELECT string_agg(sha256(convert_to(i || ' ' || j, 'UTF8')), ''::bytea) FROM generate_series(1, 40) j) AS noise
FROM generate_series(1, 300) i;
END
	my $id = backup();
	wait_firing('size_spike');
	wait_delivered();
	my @alerts = received();
	is(scalar @alerts, 1, 'one alert arrives');
	like($alerts[0]{text}, qr/^Backup "\Q$id\E" takes \d+ kB, \d+ % more than the median/, 'it says how much');
	like($alerts[0]{text}, qr/^Table public\.filler in database "erp" is new and has \d+ kB\.$/m, 'and which table it is');
	is($alerts[0]{severity}, 'info', 'for information');
	$server->sql('DROP TABLE filler', 'erp');
	backup();
	wait_firing('');
	wait_delivered();
	received();
};

subtest 'a clean-up that waits for confirmation' => sub {
	my %policy = map { ("erpgo_backup.retention_$_" => 0) } qw(daily_days weekly_weeks monthly_months);

	$server->set(%policy, 'erpgo_backup.retention_minimum' => 1);
	$server->sql('SELECT * FROM erpgo_backup_cleanup()');
	wait_firing('cleanup_failed');
	$server->sql('SELECT * FROM erpgo_backup_cleanup(confirm => true)');
	wait_firing('');
	wait_delivered();
	my @alerts = received();
	is(join(' ', map { $_->{state} } @alerts), 'firing resolved', 'is an alert');
	like($alerts[0]{text}, qr/are not deleted before that is confirmed with erpgo_backup_cleanup/, 'that says what to do');
};

subtest 'a repository that is not there' => sub {
	my $folder = $server->folder;

	rename($folder, "$folder.away") or die "rename: $!";
	$server->set('erpgo_backup.health_interval' => '1s');
	wait_firing('repository_unavailable');
	ok(!-e $folder, 'a look at it does not create it');
	rename("$folder.away", $folder) or die "rename: $!";
	wait_firing('');
	$server->set('erpgo_backup.health_interval' => '15min');
	wait_delivered();
	is(received_lines(), "firing warning: Repository unavailable\nresolved warning: Repository unavailable",
		'is noticed without a backup');
};

SKIP:
{
	my $small = small_file_system();

	skip 'no small file system (ERPGO_BACKUP_SMALL_FS) was given', 1 unless $small;
	subtest 'a disk that gets full' => sub {
		my $repository = "$small/alerts.$$";

		$server->set('erpgo_backup.repository' => "file://$repository");
		backup();
		$server->set('erpgo_backup.health_interval' => '1s');
		wait_firing('');
		write_file("$repository/ballast", "\0" x (7 * 1024 * 1024));
		wait_firing('low_disk_space');
		is($server->sql(q{SELECT severity FROM erpgo_backup_alerts WHERE state = 'firing'}), 'warning', 'is a warning');
		write_file("$repository/more", "\0" x (900 * 1024));
		wait_for('more severity', sub { $server->sql(q{SELECT severity FROM erpgo_backup_alerts WHERE state = 'firing'}) eq 'critical' });
		fail_backup();
		wait_firing('backup_failed low_disk_space');
		unlink("$repository/ballast", "$repository/more");
		wait_firing('backup_failed');
		backup();
		wait_firing('');
		wait_delivered();
		is(received_lines(), join("\n", 'firing warning: Low disk space', 'firing critical: No disk space for backups',
				'firing critical: Backup failed (full of erp)', 'resolved critical: No disk space for backups',
				'resolved critical: Backup failed (full of erp)'), 'each change is told once');
		$server->set('erpgo_backup.health_interval' => '15min');
		system('rm', '-r', $repository);
	};
}

subtest 'without a channel' => sub {
	set_secrets();
	fire();
	wait_firing('cleanup_failed');
	wait_delivered();
	is($server->sql(q{SELECT delivery FROM erpgo_backup_alerts WHERE state = 'firing'}), '', 'nothing stays in the queue');
	$server->set('erpgo_backup.enabled' => 'off');
	resolve();
	is(firing(), 'cleanup_failed', 'a server that is not enabled tells nobody anything');
};

unlike($server->sql("TABLE $_"), $SECRET, "no secret is in $_")
  foreach qw(erpgo_backup_alerts erpgo_backup.notice erpgo_backup.delivery);
unlike(read_file($server->node->logfile), $SECRET, 'no secret is in the server log at DEBUG1');
$receivers->stop;
$server->log_is_clean(qr/could not connect|is damaged|does not match its SHA-256|expected to need|kept free|left, and|erpgo_backup_(?:run|verify)|terminating background worker/);
done_testing();
