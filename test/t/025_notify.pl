# Alerts reach real receivers, whatever those do, and no secret gets out.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use ErpgoReceivers;
use JSON::PP ();
use Socket;
use Test::More;
use Time::HiRes 'time';

# In every secret, and in what receivers answer.
my $SECRET = qr/Topsecret/i;
my $SIGNING_KEY = 'Topsecret-signing-key';
my $PASSWORD = 'Topsecret-password';

if (system('/usr/bin/python3 -c "import aiosmtpd" 2>/dev/null') != 0)
{
	plan skip_all => 'SKIPPED: sending alerts was not tested: python3-aiosmtpd is missing';
}

my $server = ErpgoBackup->new('notify', settings => { 'erpgo_backup.notify_timeout' => '2s' });
my $receivers = ErpgoReceivers->new($server->node->basedir . '/receivers');
my @good = $receivers->certificate('good');
my $hook = $receivers->start('hook', 'webhook.py', @good, $SIGNING_KEY);
my $other = $receivers->start('other', 'webhook.py', $receivers->certificate('other'));
my $plain = $receivers->start('plain', 'webhook.py');
my $mail = $receivers->start('mail', 'mail.py', @good, 'dba', $PASSWORD);
my $mails = $receivers->start('mails', 'mail.py', @good, 'dba', $PASSWORD, '--tls');
my $hanging = $receivers->start('hanging', 'tcp.py', 'hang');
my $resetting = $receivers->start('resetting', 'tcp.py', 'reset');
my $clear = $receivers->start('clear', 'tcp.py', 'mail');

my $hook_url = "https://localhost:$hook";
my %email = (
	NOTIFICATION_EMAIL => 'dba@example.com, ops@example.com',
	SMTP_HOST => 'localhost', SMTP_PORT => $mail, SMTP_USER => 'dba',
	SMTP_PASSWORD => $PASSWORD, SMTP_FROM => 'backup@example.com');
my %all = (
	%email,
	SLACK_WEBHOOK_URL => "$hook_url/services/Topsecret-slack",
	WEBHOOK_URL => "$hook_url/Topsecret-hook",
	WEBHOOK_SECRET => $SIGNING_KEY,
	HEARTBEAT_URL => "$hook_url/Topsecret-beat");

# Everything that was shown to somebody.
my $shown = '';

sub set_secrets
{
	my (%secrets) = @_;

	%secrets = (BACKUP_CA_FILE => $receivers->authority('good'), %secrets);
	$server->write_secrets(join('', map { "$_=$secrets{$_}\n" } sort keys %secrets));
	return;
}

# What the command says of each channel, given these secrets: a hash.
sub outcome
{
	my (%secrets) = @_;
	my ($exit_code, $out, $err);

	set_secrets(%secrets);
	($exit_code, $out, $err) = $server->cli('notify-test', '--json', '--timeout', '2');
	$shown .= "$out$err";
	return map { ($_->{channel} => $_) } @{ JSON::PP::decode_json($out) };
}

# The only channel must have failed for that reason.
sub fails_like
{
	my ($what, $secrets, $transient, $reason) = @_;
	my ($channel, $row, @more) = outcome(%$secrets);

	is($row->{status}, 'failed', "$what: the $channel channel fails");
	like($row->{message}, $reason, "$what: the message says why");
	is(!!$row->{transient}, !!$transient, "$what: it may" . ($transient ? '' : ' not') . ' be tried again');
	return $row;
}

sub test_rows
{
	my $rows = $server->sql('SELECT * FROM erpgo_backup_notify_test()');

	$shown .= $rows;
	return $rows;
}

set_secrets();
$server->set('erpgo_backup.secrets_file' => $server->{secrets});
like(test_rows(), qr/^\|not configured\|no channel.*\nHINT:  Put SLACK_WEBHOOK_URL/,
	'without a channel, one row says what to put where');
my ($code, $out, $err) = $server->cli('notify-test');
is($code, 1, 'and the command fails');
like($err, qr/no channel for alerts is configured/, 'and says why');

# Every channel at once.
set_secrets(%all);
is(join("\n", sort split(/\n/, test_rows())), <<"EOF" =~ s/\n\z//r, 'every channel says what it did');
email|sent|sent to SMTP server "localhost"
heartbeat|sent|sent to heartbeat URL
slack|sent|sent to Slack webhook
webhook|sent|sent to webhook
EOF
my %requests = map { ($_->{path} =~ s{.*-}{}r => $_) } $receivers->received('hook');
is(join(' ', sort keys %requests), 'beat hook slack', 'every URL was called');
is($requests{beat}{method}, 'GET', 'the heartbeat is a GET');

my $message = JSON::PP->new->decode($requests{slack}{body});
is(join(' ', map { $_->{type} } @{ $message->{blocks} }), 'header section section context', 'Slack gets blocks');
like($message->{blocks}[0]{text}{text}, qr/Test of alerts/, 'with a title');

is($requests{hook}{signature}, 'good', 'the receiver finds the signature good');
my $alert = JSON::PP->new->decode($requests{hook}{body});
my %expected = (version => 1, source => 'erpgo_backup', kind => 'test', severity => 'info',
	state => 'firing', cluster => 'main', title => 'Test of alerts');
is($alert->{$_}, $expected{$_}, "the webhook gets \"$_\"") foreach sort keys %expected;
is(join(' ', sort keys %$alert),
	'at backup cluster details host id kind severity source state text title version',
	'and exactly what the reference lists');
like($alert->{at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'the time is that of UTC');

my ($letter, @further) = $receivers->received('mail');
is(scalar(@further), 0, 'one mail arrives');
ok($letter->{tls}, 'over TLS');
is($letter->{user}, 'dba', 'after a password was given');
is("@{ $letter->{to} }", 'dba@example.com ops@example.com', 'for all recipients');
is($letter->{from}, 'backup@example.com', 'from the sender that is set');
like($letter->{headers}{subject}, qr/^\[info\] Test of alerts: main on \S+$/, 'with a subject');
like($letter->{headers}{date}, qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/, 'a date');
like($letter->{headers}{'message-id'}, qr/^<[0-9a-f]{32}\@example\.com>$/, 'an identifier');
like($letter->{text}, qr/nothing has happened/, 'and a text');
unlike($letter->{raw}, qr/(?<!\r)\n/, 'whose lines end as they should');

($code, $out, $err) = $server->cli('notify-test', '--timeout', '2');
is($code, 0, 'the command does the same');
like($out, qr/sent +slack +sent to Slack webhook/, 'and prints it for people');
$shown .= "$out$err";
$receivers->received($_) foreach qw(hook mail);

# What receivers do wrong, or administrators.
foreach my $case (
	[ 500, 1 ], [ 503, 1 ], [ 429, 1 ], [ 400, 0 ], [ 403, 0 ], [ 404, 0 ])
{
	my ($status, $transient) = @$case;

	fails_like("status $status", { SLACK_WEBHOOK_URL => "$hook_url/status/$status/Topsecret" },
		$transient, qr/^could not send to Slack webhook: it answered with status $status$/);
}
$receivers->received('hook');
fails_like('a redirect', { WEBHOOK_URL => "$hook_url/redirect/Topsecret" }, 0, qr/status 302$/);
is(scalar($receivers->received('hook')), 1, 'and it is not followed');
my %rows = outcome(WEBHOOK_URL => "$hook_url/large/Topsecret");
is($rows{webhook}{status}, 'sent', 'an answer without end does not matter');
$receivers->received('hook');

fails_like('a reset after the request', { WEBHOOK_URL => "$hook_url/reset/Topsecret" }, 1, qr/could not send to webhook: .*connection/);
fails_like('a reset at once', { WEBHOOK_URL => "https://localhost:$resetting/Topsecret" }, 1, qr/could not send to webhook/);
fails_like('a host that nobody knows', { WEBHOOK_URL => 'https://nobody.invalid/Topsecret' }, 1, qr/name of its host could not be resolved|did not answer/);
fails_like('a port that nobody listens on', { WEBHOOK_URL => 'https://localhost:1/Topsecret' }, 1, qr/could not connect/);
fails_like('a receiver that hangs in TLS', { WEBHOOK_URL => "https://localhost:$hanging/Topsecret" }, 1, qr/did not answer in time/);

my $row = fails_like('a certificate of somebody else', { WEBHOOK_URL => "https://localhost:$other/Topsecret" }, 0, qr/certificate could not be verified/);
like($row->{hint}, qr/BACKUP_CA_FILE/, 'with a hint');
fails_like('a certificate for another name', { WEBHOOK_URL => "https://127.0.0.1:$hook/Topsecret" }, 0, qr/certificate could not be verified/);
fails_like('without the authority', { BACKUP_CA_FILE => '/nonexistent', WEBHOOK_URL => "$hook_url/Topsecret" }, 0, qr/file of trusted certificates/);
is(scalar($receivers->received('other')), 0, 'nothing was sent to whom is not trusted');

fails_like('plain HTTP to Slack', { SLACK_WEBHOOK_URL => "http://localhost:$plain/Topsecret" }, 0, qr/^cannot send to the URL in SLACK_WEBHOOK_URL$/);
fails_like('plain HTTP to elsewhere', { WEBHOOK_URL => 'http://192.0.2.1/Topsecret' }, 0, qr/^cannot send to the URL in WEBHOOK_URL$/);
fails_like('another protocol', { WEBHOOK_URL => 'file:///Topsecret' }, 0, qr/^cannot send to the URL in WEBHOOK_URL$/);
fails_like('no URL', { WEBHOOK_URL => 'Topsecret' }, 0, qr/^cannot send to the URL in WEBHOOK_URL$/);
is(scalar($receivers->received('plain')), 0, 'nothing was sent in the clear');
%rows = outcome(WEBHOOK_URL => "http://localhost:$plain/Topsecret");
is($rows{webhook}{status}, 'sent', 'plain HTTP to this machine is allowed');
is(($receivers->received('plain'))[0]{headers}{'x-erpgo-backup-signature'}, undef, 'without a key, nothing is signed');

# Mail.
%rows = outcome(%email, SMTP_SECURITY => 'tls', SMTP_PORT => $mails);
is($rows{email}{status}, 'sent', 'a mail is sent where TLS comes first');
is(scalar($receivers->received('mails')), 1, 'and arrives');
fails_like('a wrong password', { %email, SMTP_PASSWORD => 'Topsecret-wrong' }, 0, qr/SMTP server "localhost": it refused the user name or the password/);
fails_like('an unknown recipient', { %email, NOTIFICATION_EMAIL => 'unknown@example.com' }, 0, qr/with code 550$/);
fails_like('a busy recipient', { %email, NOTIFICATION_EMAIL => 'busy@example.com' }, 1, qr/with code 451$/);
fails_like('one recipient of three', { %email, NOTIFICATION_EMAIL => 'unknown@example.com, dba@example.com, busy@example.com' }, 0, qr/^SMTP server "localhost" took the mail, but refused 2 of 3 recipients$/);
is(join(' ', map { @{ $_->{to} } } $receivers->received('mail')), 'dba@example.com', 'the others get the mail');
fails_like('TLS where STARTTLS is expected', { %email, SMTP_SECURITY => 'tls' }, 1, qr/TLS could not be established/);
fails_like('a mail server of somebody else', { %email, BACKUP_CA_FILE => $receivers->authority('other') }, 0, qr/certificate could not be verified/);
fails_like('a mail server that hangs', { %email, SMTP_PORT => $hanging }, 1, qr/did not answer in time/);
fails_like('a mail server without STARTTLS', { %email, SMTP_PORT => $clear }, 0, qr/does not offer STARTTLS, so nothing was sent/);
unlike(read_file($receivers->path('clear')), qr/AUTH|MAIL|RCPT|Topsecret/i, 'it is told nothing in the clear');
$row = fails_like('a hostile recipient', { %email, NOTIFICATION_EMAIL => 'a@b>RCPT' }, 0, qr/^cannot send mails/);
like($row->{hint}, qr/NOTIFICATION_EMAIL/, 'the hint names the secret');
foreach my $case (
	[ SMTP_HOST => '' ], [ SMTP_HOST => 'a/b' ], [ SMTP_PORT => 'x' ], [ SMTP_FROM => 'me' ], [ SMTP_SECURITY => 'maybe' ])
{
	my ($name, $value) = @$case;

	$row = fails_like("$name=$value", { %email, $name => $value }, 0, qr/^cannot send mails/);
	like($row->{hint}, qr/^$name/, 'the hint names the secret');
}
fails_like('a password in the clear', { %email, SMTP_HOST => 'mail.invalid', SMTP_SECURITY => 'none' }, 0, qr/^cannot send mails/);
is(scalar($receivers->received('mail')), 0, 'none of these mails arrived');

# Real alerts come in a list; the engine answers for each on every channel.
sub engine_rows
{
	my ($job) = @_;
	my @rows;

	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		close($ours);
		open(STDIN, '<&', $theirs) or die "dup: $!";
		exec('erpgo_backup', 'engine') or die "exec: $!";
	}
	close($theirs);
	syswrite($ours, JSON::PP::encode_json($job) . "\n");
	push @rows, JSON::PP::decode_json($_) while ($_ = <$ours>);
	waitpid($pid, 0);
	$shown .= JSON::PP::encode_json(\@rows);
	return @rows;
}

set_secrets(%all, WEBHOOK_URL => "$hook_url/hang/Topsecret-hook");
my @alerts = map { {
	id => "$_", kind => 'backup_failed', severity => 'critical', title => "Failure $_\r\nBcc: x\@example.com",
	state => $_ == 2 ? 'resolved' : 'firing', text => "f\x{FC}r <\x{1F4BE}>\n.\nQUIT", details => { database => 'erp' }
} } 1 .. 3;
my @messages = engine_rows({ job => 'notify', cluster => 'main', secrets_file => $server->{secrets},
	alerts => \@alerts, heartbeat => JSON::PP::true, timeout_ms => 1000 });
is_deeply([ sort map { $_->{row} ? join(' ', $_->{row}{channel}, $_->{row}{alert} // '', $_->{row}{status}) : () } @messages ],
	[ 'email 1 sent', 'email 2 sent', 'email 3 sent', 'heartbeat  sent',
		'slack 1 sent', 'slack 2 sent', 'slack 3 sent',
		'webhook 1 failed', 'webhook 2 failed', 'webhook 3 failed' ],
	'there is a row for each alert on each channel, and one for the heartbeat');
is($messages[-1]{result}{channels}, 4, 'and then the result');
my @letters = $receivers->received('mail');
is(join('; ', map { $_->{headers}{subject} =~ s/ on \S+$//r } @letters),
	join('; ', map { ($_ == 2 ? '[resolved]' : '[critical]') . " Failure $_  Bcc: x\@example.com: main" } 1 .. 3),
	'the mails come in order, each with its subject');
ok(!exists $letters[0]{headers}{bcc}, 'no alert adds a header');
like($letters[0]{text}, qr/^f\x{FC}r <\x{1F4BE}>\r?\n\.\r?\nQUIT\r?$/m, 'or ends the mail, or loses a character');
$receivers->received('hook');

# Receivers that hang hold up nobody else; meanwhile everybody may look at
# what runs.
set_secrets(%all, SLACK_WEBHOOK_URL => "$hook_url/hang/Topsecret-slack", HEARTBEAT_URL => "https://localhost:$hanging/Topsecret");
my $started_at = time;
my $session = $server->node->background_psql('postgres');
my $arguments = '';
$session->{stdin} .= "SELECT * FROM erpgo_backup_notify_test();\n";
$session->{run}->pump_nb;
wait_for('the webhook to be called', sub { return glob($receivers->path('hook') . '/*.json') });
foreach my $path (glob('/proc/[0-9]*/cmdline'))
{
	# A process may have ended meanwhile; the receivers were given the secrets.
	open(my $file, '<', $path) or next;
	my $text = <$file> // '';
	$arguments .= "$text\n" unless $text =~ m{/receivers/};
}
like($arguments, qr/erpgo_backup\0engine/, 'the engine runs');
unlike($arguments, $SECRET, 'no secret is in the arguments of any process');
wait_for('the rows', sub { $session->{run}->pump_nb; return $session->{stdout} =~ /webhook\|sent/ && $session->{stdout} =~ /heartbeat\|/ });
cmp_ok(time - $started_at, '<', 15, 'receivers that hang take no longer than the limit');
like($session->{stdout}, qr/^slack\|failed\|.*did not answer in time/m, 'those that hang failed');
like($session->{stdout}, qr/^email\|sent/m, 'the others did not');
$shown .= $session->{stdout};
$session->quit;

# Who may.
$server->sql('CREATE ROLE nobody LOGIN');
($code, $out, $err) = $server->node->psql('postgres', 'SELECT * FROM erpgo_backup_notify_test()', extra_params => [ '-U', 'nobody' ]);
like($err, qr/permission denied/, 'not everybody may send alerts');

unlike($shown, $SECRET, 'no secret was shown');
unlike(read_file($server->node->logfile), $SECRET, 'no secret is in the server log at DEBUG1');
unlike($server->sql('SELECT * FROM erpgo_backup_audit'), $SECRET, 'nor in the audit');
like($server->sql('SELECT action, outcome FROM erpgo_backup_audit'), qr/notify\|ok/, 'which knows of the tests');
$receivers->stop;
$server->log_is_clean(qr/permission denied/);
done_testing();
