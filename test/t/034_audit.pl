# The audit: what it records, how long, and as lines of the server's log.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage);
use JSON::PP ();
use Test::More;

my $server = ErpgoBackup->new('audit', settings => { 'erpgo_backup.audit_log' => 'on' });

my $user = $server->sql('SELECT current_user');

# The entries in the log about an object; a line of ours begins with the time.
sub logged
{
	my ($object) = @_;

	return grep { ($_->{object} // '') eq $object } map { JSON::PP->new->utf8->decode($_) }
	  PostgreSQL::Test::Utils::slurp_file($server->node->logfile) =~ /^\d.*?LOG:  erpgo_backup audit: (\{.*)$/mg;
}

# The scheduler forgets when it starts.
sub restart { return $server->node->restart; }

subtest 'what is recorded' => sub {
	my $id = $server->run_backup(type => 'full', databases => ['postgres']);

	is($server->sql("SELECT string_agg(concat_ws(' ', action, outcome, verification), ', ' ORDER BY at) FROM erpgo_backup_audit
		WHERE object = '$id'"), 'backup started, backup ok archive', 'a backup, and how it was verified');
	$server->sql("SELECT erpgo_backup_verify('$id', 'full')");
	damage($server->backup_folder($id) . '/postgres.dump.zst', 'flip');
	isnt(scalar($server->try_sql("SELECT erpgo_backup_verify('$id', 'digest')")), 0, 'a damaged backup is found to be so');
	is($server->sql("SELECT string_agg(concat_ws(' ', outcome, type, size > 0, role, verification), ', ' ORDER BY at)
		FROM erpgo_backup_audit WHERE object = '$id' AND action = 'verify'"),
		"ok full t $user full, failed full t $user damaged", 'what verifications found');
	is(scalar(logged($id)), 4, 'each entry is a line of the log');
	my @entries = logged($id);
	is(join(' ', map { "$_->{action}/$_->{outcome}" } @entries), 'backup/started backup/ok verify/ok verify/failed', 'as JSON');
	is($entries[3]->{verification}, 'damaged', 'with all columns');
};

subtest 'hostile values in the log' => sub {
	my $name = qq(line\nLOG:  erpgo_backup audit: {"action": "forged"}\e[2J\x7f\x{c2}\x{9b}2J "quoted" \\);

	$server->sql("INSERT INTO erpgo_backup.audit (action, object, outcome) VALUES ('test', \$q\$$name\$q\$, 'ok')");
	my $log = PostgreSQL::Test::Utils::slurp_file($server->node->logfile);
	my ($line) = $log =~ /^(\d.*LOG:  erpgo_backup audit: .*"action":"test".*)$/m;
	ok(defined $line, 'it is one line');
	unlike($line, qr/[\x00-\x1f\x7f]|\xc2[\x80-\x9f]/, 'without control characters');
	utf8::decode(my $text = $name);
	is(scalar(logged($text)), 1, 'that says what it is');
	$server->sql("BEGIN; INSERT INTO erpgo_backup.audit (action, object, outcome) VALUES ('test', 'undone', 'ok'); ROLLBACK");
	is(scalar(logged('undone')), 0, 'what is rolled back is not logged');
	$server->set('erpgo_backup.audit_log' => 'off');
	$server->sql("INSERT INTO erpgo_backup.audit (action, object, outcome) VALUES ('test', 'unlogged', 'ok')");
	is(scalar(logged('unlogged')), 0, 'nothing is if that is not asked for');
};

# A history of 400 days: entries, verifications of a backup that exists, and
# backups that exist no more.
sub make_past
{
	$server->sql(<<'SQL');
INSERT INTO erpgo_backup.audit (at, action, outcome)
	SELECT now() - (n - 0.5) * interval '1 day', 'test', 'past' FROM generate_series(1, 400) AS n;
INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, deleted_at, databases)
	SELECT to_char(t, 'YYYYMMDD"T000000Z-data"'), 'data', s.status, t, t,
		   CASE s.status WHEN 'deleted' THEN t + interval '200 days' END, '{erp}'
	FROM (SELECT n, now() - n * interval '100 days' AS t FROM generate_series(1, 6) AS n) AS days,
	LATERAL (SELECT CASE WHEN n IN (2, 4) THEN 'failed' ELSE 'deleted' END AS status) AS s;
INSERT INTO erpgo_backup.attempt (backup_id, operation, number, started_at, finished_at, status)
	SELECT id, 'backup', 1, started_at, finished_at, CASE status WHEN 'failed' THEN 'failed' ELSE 'ok' END
	FROM erpgo_backup.backup WHERE type = 'data';
INSERT INTO erpgo_backup.attempt (backup_id, operation, number, started_at, finished_at, status)
	SELECT b.id, 'verify', 100 + n, now() - (n - 0.5) * interval '1 day', now() - (n - 0.5) * interval '1 day', 'ok'
	FROM generate_series(1, 400) AS n, (SELECT max(id) FROM erpgo_backup.backup WHERE present) AS b (id);
SQL
	return;
}

sub past
{
	return $server->sql("SELECT count(*) FROM erpgo_backup.audit WHERE outcome = 'past'") . ' '
	  . $server->sql("SELECT count(*) FROM erpgo_backup.backup WHERE type = 'data'") . ' '
	  . $server->sql("SELECT count(*) FROM erpgo_backup.attempt WHERE number > 100") . ' '
	  . $server->sql("SELECT count(*) FROM erpgo_backup.attempt AS a JOIN erpgo_backup.backup AS b ON b.id = a.backup_id WHERE b.type = 'data'");
}

sub attempts_total
{
	return join "\n", sort $server->sql('SELECT erpgo_backup_metrics()') =~ /^(erpgo_backup_attempts_total.*)$/mg;
}

subtest 'what is forgotten' => sub {
	make_past();
	my $before = attempts_total();

	is(past(), '400 6 400 6', 'there is a past');
	$server->set('erpgo_backup.audit_retention' => '0');
	restart();
	wait_for('the scheduler', sub { $server->sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'erpgo_backup scheduler' AND state = 'idle'") eq '1' });
	is(past(), '400 6 400 6', 'without a retention nothing is forgotten');
	$server->set('erpgo_backup.audit_retention' => '365');
	restart();
	wait_for('the clean-up', sub { $server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'forget'") eq '1' });
	is(past(), '365 4 365 4', 'what is a year old is gone');
	is($server->sql("SELECT string_agg(extract(day FROM now() - started_at)::text, ' ' ORDER BY id DESC) FROM erpgo_backup.backup WHERE type = 'data'"),
		'100 200 300 500', 'an old one that was deleted not so long ago stays');
	is($server->sql("SELECT outcome, role IS NULL, retention, detail ->> 'entries' FROM erpgo_backup_audit WHERE action = 'forget'"),
		'ok|t|older than 365 days|35', 'the audit says so');
	is(attempts_total(), $before, 'the counters of attempts do not go back');
	$server->set('erpgo_backup.audit_retention' => '100');
	restart();
	wait_for('the clean-up', sub { $server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'forget'") eq '2' });
	is(attempts_total(), $before, 'nor the next time');
	is($server->sql('SELECT count(*) FROM erpgo_backup_list()'), 1, 'what is in the repository is not forgotten');
	like(($server->try_sql('DELETE FROM erpgo_backup.audit'))[2], qr/rows can only be added/, 'nobody else can remove an entry');
};

$server->log_is_clean(qr{does not match its SHA-256|rows can only be added|terminating background worker|terminating connection});
done_testing();
