# Backups are copied to further repositories by themselves.
use strict;
use warnings;
use ErpgoBackup qw(wait_for file_names read_file write_file);
use ErpgoFaults;
use Test::More;

my ($server, $hold) = server_with_held_copies(settings => { 'erpgo_backup.retry_delay' => '100ms' });
my $base = $server->node->basedir;
my ($second, $third) = ("$base/second", "$base/third");

# The repositories that are configured, the first one always.
sub configure
{
	return $server->set('erpgo_backup.repository' => join(', ', $server->url, map { "file://$_" } @_));
}

# The columns of copies of a backup, or of all, newest backups first.
sub copies
{
	my ($columns, $id) = @_;
	my $where = defined $id ? "WHERE id = '$id'" : '';

	return $server->sql("SELECT $columns FROM erpgo_backup_copies $where");
}

sub wait_for_copies
{
	my ($wanted, $id) = @_;

	wait_for("copies to be $wanted", sub { copies('status', $id) eq $wanted });
	return;
}

sub status_row
{
	return $server->sql(q{SELECT status, value FROM erpgo_backup_status WHERE "check" = 'copies'});
}

# The names and bytes of a backup in a repository.
sub tree
{
	my ($folder, $id) = @_;

	return { map { $_ => read_file("$folder/main/backup/$id/$_") } file_names("$folder/main/backup/$id") };
}

sub alert
{
	my ($columns) = @_;

	return $server->sql("SELECT $columns FROM erpgo_backup_alerts WHERE kind = 'copy_delayed' ORDER BY id DESC LIMIT 1");
}

my ($first_id, $second_id, $third_id);

subtest 'one repository' => sub {
	$first_id = $server->run_backup(databases => ['postgres']);
	is(copies('count(*)'), '0', 'has no copies');
	is(status_row(), 'ok|no second repository', 'which the status says');
	is($server->sql("SELECT status FROM erpgo_backup_check() WHERE name = 'copies'"), 'warning', 'and the check warns of');
	my ($exit_code, undef, $error) = $server->try_sql('SELECT erpgo_backup_copy()');
	like($error, qr/there is no second repository/, 'a copy cannot be asked for');
};

subtest 'a second repository' => sub {
	configure($second);
	wait_for_copies('ok');
	pass('gets the backups that there are');
	is_deeply(tree($second, $first_id), tree($server->folder, $first_id), 'byte for byte');
	$second_id = $server->run_backup(databases => ['postgres']);
	wait_for_copies('ok', $second_id);
	is_deeply(tree($second, $second_id), tree($server->folder, $second_id), 'and each new one');
	is(copies("name, verified, attempts, stored_bytes > 0, verified_at >= started_at, repository", $second_id),
		"2|digest|1|t|t|file://$second", 'the view says what is known of a copy');
	like(status_row(), qr/^ok\|2, of /, 'the status counts them');
	like($server->sql('SELECT erpgo_backup_metrics()'), qr/^erpgo_backup_copies\{repository="2",status="ok"\} 2$/m,
		'and so do the metrics');
	is($server->sql("SELECT count(*) FROM erpgo_backup_check() WHERE name = 'repository_2' AND status = 'error'"), '0',
		'the check looks at it');
	is($server->sql("SELECT string_agg(object, ' ' ORDER BY object) FROM erpgo_backup_audit
		WHERE action = 'copy' AND outcome = 'ok' AND detail ->> 'value' = 'file://$second'"),
		"$first_id $second_id", 'the audit has the copies');
};

subtest 'what is noted of a backup' => sub {
	$server->sql("SELECT erpgo_backup_pin('$first_id', 'before the upgrade')");
	wait_for('the pin', sub { grep { /-pin\.json$/ } file_names("$second/main/backup/$first_id") });
	wait_for_copies('ok', $first_id);
	is_deeply(tree($second, $first_id), tree($server->folder, $first_id), 'reaches its copy');
	is(copies('copied_at < finished_at', $first_id), 't', 'which was there before');
};

subtest 'a repository that is away' => sub {
	rename("$second", "$second.away") or die "rename: $!";
	write_file($second, "no folder\n");
	$server->set('erpgo_backup.copy_delayed_after' => '1s');
	$third_id = $server->run_backup(databases => ['postgres']);
	wait_for('a failure', sub { copies('status, error IS NOT NULL', $third_id) eq 'failed|t' });
	pass('lets the copy fail, and no backup');
	wait_for('another try', sub { copies('attempts', $third_id) > 1 });
	pass('which is tried again');
	wait_for('the alert', sub { alert('state') eq 'firing' });
	is(alert('severity, backup_id, subject'), "warning|$third_id|repository 2", 'an alert says so');
	like(status_row(), qr/^warning\|1 waiting since /, 'and the status');
	my ($exit_code, undef, $error) = $server->try_sql("SELECT erpgo_backup_copy('$third_id')");
	isnt($exit_code, 0, 'who asks for a copy gets the error');
	like($error, qr/\Q$second\E/, 'which names the repository');

	unlink($second);
	rename("$second.away", $second) or die "rename: $!";
	wait_for_copies('ok', $third_id);
	is_deeply(tree($second, $third_id), tree($server->folder, $third_id), 'when it is back it gets what it lacks');
	wait_for('the end of the alert', sub { alert('state') eq 'resolved' });
	is(copies('error IS NULL', $third_id), 't', 'and nothing is left of the error');
	$server->set('erpgo_backup.copy_delayed_after' => '8h');
};

subtest 'a restart' => sub {
	write_file($hold, '');
	my $id = $server->run_backup(databases => ['postgres']);

	wait_for_copies('copying', $id);
	$server->node->restart;
	wait_for('a repair, and a new beginning', sub { copies('status, attempts', $id) eq 'copying|2' });
	$server->node->stop('immediate');
	$server->node->start;
	wait_for('another one', sub { copies('status, attempts', $id) eq 'copying|3' });
	unlink($hold);
	wait_for_copies('ok', $id);
	is_deeply(tree($second, $id), tree($server->folder, $id), 'loses no copy');
};

subtest 'asking for a copy' => sub {
	configure($second, $third);
	wait_for('all copies', sub { copies("count(*) FILTER (WHERE status = 'ok'), count(*)") eq '8|8' });
	pass('a third repository gets all backups as well');
	is($server->sql("SELECT erpgo_backup_copy(repository => '3')"), $server->sql('SELECT max(id) FROM erpgo_backup_history'),
		'a copy can be asked for that is there');
	my ($exit_code, undef, $error) = $server->try_sql("SELECT erpgo_backup_copy('latest', 'file:///elsewhere')");
	like($error, qr/there is no further repository "file/, 'but not to just anywhere');
	write_file($hold, '');
	my $id = $server->run_backup(databases => ['postgres']);
	wait_for_copies("copying\ncopying", $id);
	ok($server->sql("SELECT erpgo_backup_cancel('$id')") eq 't', 'copies can be stopped');
	wait_for_copies("failed\nfailed", $id);
	is(copies("DISTINCT next_try_at > now() + interval '30 minutes'", $id), 't', 'and do not begin at once again');
	unlink($hold);
	$server->sql("BEGIN; SELECT erpgo_backup_copy('$id', '2', wait => false); ROLLBACK;
		SELECT erpgo_backup_copy('$id', '3', wait => false)");
	wait_for_copies("failed\nok", $id);
	pass('unless somebody asks for one, in a transaction that is committed');
	$server->sql("SELECT erpgo_backup_copy('$id')");
	is(copies('status', $id), "ok\nok", 'or waits for one');
};

subtest 'retention' => sub {
	$server->set('erpgo_backup.retention_daily_days' => 0, 'erpgo_backup.retention_weekly_weeks' => 0,
		'erpgo_backup.retention_monthly_months' => 0);
	$server->sql('SELECT count(*) FROM erpgo_backup_cleanup(confirm => true)');
	my $gone = $server->sql("SELECT string_agg(id, ' ' ORDER BY id) FROM erpgo_backup_history WHERE status = 'deleted'");

	like($gone, qr/\Q$second_id\E/, 'what was confirmed for the first repository');
	foreach my $name (2, 3)
	{
		wait_for("deletions in repository $name", sub { $gone eq
			$server->sql("SELECT string_agg(id, ' ' ORDER BY id) FROM erpgo_backup_copies WHERE status = 'deleted' AND name = '$name'") });
		pass("is done in repository $name");
	}
	ok(!-e "$second/main/backup/$second_id", 'a copy is gone');
	ok(-e "$second/main/backup/$first_id/manifest.json", 'that of a pinned backup is not');
	is($server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'delete copy' AND object = '$second_id'"),
		'2', 'the audit has the deletions');
	$server->run_backup(databases => ['postgres']);
	wait_for_copies("ok\nok", $server->sql('SELECT max(id) FROM erpgo_backup_history'));
	is(copies("count(*) FILTER (WHERE status = 'deleted')", $second_id), '2', 'what was deleted is not copied again');
};

subtest 'a repository that left the list' => sub {
	configure($third);
	wait_for('its copies to have no name', sub {
		copies("count(*) FILTER (WHERE name IS NULL AND repository = 'file://$second') > 0") eq 't' });
	unlike($server->sql('SELECT erpgo_backup_metrics()'), qr/repository="3"/, 'is not measured any more');
};

subtest 'a data directory that is not the owner any more' => sub {
	unlink($server->node->data_dir . '/erpgo_backup.instance') or die "unlink: $!";
	my ($exit_code, undef, $error) = $server->try_sql("SELECT erpgo_backup_run('schema', '{postgres}')");
	like($error, qr/must not write/, 'does not write');
	$server->sql('SELECT erpgo_backup_adopt()');
	my $id = $server->run_backup(type => 'schema', databases => ['postgres']);
	wait_for_copies('ok', $id);
	pass('may do so in all repositories once it was told to take them over');
};

$server->log_is_clean(qr/must not write|copy of backup|erpgo_backup_copy|there is no|terminating|not a directory|File exists|cannot connect/i);
done_testing();
