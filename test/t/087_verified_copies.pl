# Copies are verified on schedule as backups are, and mended where they are damaged.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage file_names read_file write_file);
use ErpgoFaults;
use File::Path qw(rmtree);
use Test::More;

my ($server, $hold) = server_with_held_copies(settings => { 'erpgo_backup.retry_delay' => '100ms' });
my $second = $server->node->basedir . '/second';
my $url = "file://$second";

sub copy
{
	my ($id, $columns) = @_;

	return $server->sql("SELECT $columns FROM erpgo_backup_copies WHERE id = '$id'");
}

sub dump_of { return "$second/main/backup/$_[0]/postgres.dump.zst"; }

sub alert
{
	my ($id, $columns) = @_;

	return $server->sql("SELECT $columns FROM erpgo_backup_alerts
		WHERE kind = 'verification_failed' AND subject = '$id in repository 2' ORDER BY id DESC LIMIT 1");
}

# Has the schedule run, and waits for what it asks for.
sub run_series
{
	$server->sql('DROP TABLE IF EXISTS mark; CREATE TABLE mark AS SELECT clock_timestamp() AS at');
	$server->sql("UPDATE erpgo_backup.schedule_state SET next_run = now() WHERE name = 'deep'");
	wait_for('the run', sub { $server->sql("SELECT last_run > (SELECT at FROM mark) FROM erpgo_backup.schedule_state WHERE name = 'deep'") eq 't' });
	wait_for('the jobs to end', sub { $server->sql("SELECT count(*) FROM erpgo_backup_progress WHERE operation = 'verify'") eq '0' });
	return;
}

# Asks for a clean-up of all repositories, and waits until that of the second has ended.
sub clean_up
{
	my $ended = sub { scalar(() = read_file($server->node->logfile) =~ /clean-up of old backups in repository "\Q$url\E" finished/g) };
	my $before = $ended->();

	$server->sql('SELECT count(*) FROM erpgo_backup_cleanup()');
	wait_for('the clean-up', sub { $ended->() > $before });
	return;
}

# The backups, or copies, that were verified since a series began, in order.
sub verified
{
	return $server->sql("SELECT string_agg(object || coalesce(' in ' || (detail ->> 'value'), ''), ', ' ORDER BY at)
		FROM erpgo_backup_audit WHERE action = 'verify' AND at > (SELECT at FROM mark)");
}

$server->sql("SELECT erpgo_backup_schedule('deep', '\@yearly', 'verify')");
wait_for('its next run', sub { $server->sql("SELECT next_run IS NOT NULL FROM erpgo_backup.schedule_state WHERE name = 'deep'") eq 't' });
$server->set('erpgo_backup.repository' => $server->url . ",$url");
my ($older, $newer) = map {
	my $id = $server->run_backup(databases => ['postgres']);
	wait_for('its copy', sub { copy($id, 'status') eq 'ok' });
	$id
} 1 .. 2;

subtest 'a series' => sub {
	run_series();
	is(verified(), "$newer, $older, $older in $url, $newer in $url",
		'verifies copies as well, the one that was read longest ago first');
	is(copy($_, 'status, verified, verified_at > (SELECT at FROM mark)'), 'ok|digest|t', "of $_, by digest") foreach $older, $newer;
	is($server->sql("SELECT count(*) FROM erpgo_backup_attempts WHERE operation = 'verify' AND started_at > (SELECT at FROM mark)"), '2',
		'which are no attempts at the backups');
};

subtest 'a damaged copy' => sub {
	damage(dump_of($older), 'flip');
	write_file($hold, '');
	run_series();
	wait_for('the alert', sub { alert($older, 'state') eq 'firing' });
	is(alert($older, 'severity, backup_id'), "critical|$older", 'is an alert as a damaged backup is');
	like(alert($older, 'message'), qr/of backup "$older" in repository 2 failed: .*does not match its SHA-256.*mended from the first/s, 'which says so');
	like(copy($older, 'error'), qr/does not match its SHA-256/, 'the view has the error');
	is(copy($newer, 'status, verified_at > (SELECT at FROM mark)'), 'ok|t', 'the others were verified as well');
	is($server->sql("SELECT status FROM erpgo_backup_history WHERE id = '$older'"), 'ok', 'the backup itself is good');
	unlink($hold);
	wait_for('the copy', sub { copy($older, 'status') eq 'ok' });
	is($server->sql("SELECT error IS NULL FROM erpgo_backup_copies WHERE id = '$older'"), 't', 'it is mended by itself');
	$server->cli_ok('--repository', $url, 'verify', $older, '--depth', 'full');
	wait_for('the end of the alert', sub { alert($older, 'state') eq 'resolved' });
	like($server->cli_ok('--repository', $url, 'show', $older, '--json'), qr/"status": "ok"/, 'its repository knows that, too');
};

subtest 'a verification that is asked for' => sub {
	is($server->sql("SELECT id, depth FROM erpgo_backup_verify('$newer', 'full', '2')"), "$newer|full", 'looks at the copy');
	is(copy($newer, 'verified'), 'full', 'as deep as it is told');
	foreach my $name (1, 3, 'x')
	{
		my (undef, undef, $error) = $server->try_sql("SELECT erpgo_backup_verify('$newer', 'digest', '$name')");
		like($error, qr/there is no further repository "$name"/, "but there is no copy in repository $name");
	}
};

subtest 'a copy of a backup that is damaged itself' => sub {
	my $source = $server->backup_folder($newer) . '/postgres.dump.zst';

	damage($source, 'flip');
	isnt(($server->try_sql("SELECT erpgo_backup_verify('$newer', 'digest')"))[0], 0, 'has a damaged source');
	damage(dump_of($newer), 'cut');
	my ($code, undef, $error) = $server->try_sql("SELECT erpgo_backup_verify('$newer', 'archive', '2')");
	isnt($code, 0, 'the damage of the copy is found');
	like($error, qr/bytes, the manifest says/, 'and told');
	is(copy($newer, "status, error ~ 'the manifest says', next_try_at IS NULL"), 'failed|t|t', 'it has failed, and nothing can mend it');
	wait_for('the alert', sub { alert($newer, 'state') eq 'firing' });
	like(alert($newer, 'message'), qr/no good backup to mend it from/, 'as the alert says');
	damage($source, 'flip');
	$server->sql("SELECT erpgo_backup_verify('$newer', 'archive')");
	wait_for('the copy', sub { copy($newer, 'status') eq 'ok' });
	$server->cli_ok('--repository', $url, 'verify', $newer, '--depth', 'full');
	pass('until the backup is good again');
};

subtest 'a copy whose folder is gone' => sub {
	my $folder = "$second/main/backup/$older";

	write_file($hold, '');
	rmtree($folder);
	run_series();
	wait_for('the alert', sub { alert($older, 'state') eq 'firing' });
	like(alert($older, 'message'), qr/of backup "$older" in repository 2 failed: backup "$older" is not in .*copied anew from the first/s, 'is an alert, which says so');
	like(copy($older, 'copied_at IS NULL, error'), qr/^t\|backup "$older" is not in repository "\Q$url\E"$/, 'and the view has it');
	is(copy($newer, 'status, verified_at > (SELECT at FROM mark)'), 'ok|t', 'the others were verified as well');
	ok(!-e $folder, 'nothing was made there');
	unlink($hold);
	wait_for('the copy', sub { copy($older, 'status') eq 'ok' });
	$server->cli_ok('--repository', $url, 'verify', $older, '--depth', 'full');
	wait_for('the end of the alert', sub { alert($older, 'state') eq 'resolved' });
	rmtree($folder);
	my ($code, undef, $error) = $server->try_sql("SELECT erpgo_backup_verify('$older', 'archive', '2')");
	isnt($code, 0, 'is found by who asks for its verification, too');
	like($error, qr/backup "$older" is not in repository/, 'which is an error');
	wait_for('the folder', sub { -e "$folder/manifest.json" });
	wait_for('the copy', sub { copy($older, 'status, error IS NULL') eq 'ok|t' });
	pass('it is copied anew');
};

subtest 'a repository with nothing in it' => sub {
	clean_up();
	write_file($hold, '');
	rename($second, "$second.away") or die "rename: $!";
	mkdir($second) or die "mkdir: $!";
	run_series();
	wait_for('the alert', sub { alert($older, 'state') eq 'firing' });
	like(alert($older, 'message'), qr/which has nothing of cluster "main"\nSomebody removed all of it, .*disk is mounted/, 'is told apart from one that lacks a copy');
	is(copy($_, "status <> 'ok' AND copied_at IS NULL"), 't', "the copy of $_ counts as lost") foreach $older, $newer;
	clean_up();
	is_deeply([ file_names($second) ], [], 'neither a verification nor a clean-up writes anything there');
	rmdir($second) or die "rmdir: $!";
	rename("$second.away", $second) or die "rename: $!";
	unlink($hold);
	wait_for('the copies', sub { join(' ', map { copy($_, 'status') } $older, $newer) eq 'ok ok' });
	wait_for('the end of the alert', sub { alert($older, 'state') eq 'resolved' });
	pass('what is there again counts again');
};

foreach my $case ([ 'that is away', sub { write_file($second, "no folder\n") } ], [ 'whose folder is not there', sub { } ])
{
	my ($name, $replace) = @$case;

	subtest "a repository $name" => sub {
		rename($second, "$second.away") or die "rename: $!";
		$replace->();
		run_series();
		like(verified(), qr/$newer(?:,|$)/, 'does not keep backups from being verified');
		like(verified(), qr/$older(?:,|$)/, 'neither of them');
		is(() = verified() =~ / in file/g, 1, 'and is tried once in a series');
		is(copy($_, 'status'), 'ok', "nothing is known of the copy of $_") foreach $older, $newer;
		ok(!-d $second, 'no folder is made');
		unlink($second);
		rename("$second.away", $second) or die "rename: $!";
		run_series();
		is(() = verified() =~ / in file/g, 2, 'the next series verifies the copies');
	};
}

$server->log_is_clean(qr/does not match its SHA-256|is damaged and is mended|the manifest says|erpgo_backup_verify|no further repository|verification of backup|not a directory|File exists|is not in repository|does not exist/i);
done_testing();
