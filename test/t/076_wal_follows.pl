# The WAL archive of further repositories: one has it before it counts as
# archived, another one follows.
use strict;
use warnings;
use ErpgoBackup qw(wait_for file_names read_file write_file);
use ErpgoFaults;
use PostgreSQL::Test::Utils;
use Test::More;

my ($server, $hold) = server_with_held_copies(encrypted => 1,
	settings => {
		archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		'erpgo_backup.wal_flush_interval' => '1s' });
my $base = $server->node->basedir;
my ($required, $follower) = ("$base/required", "$base/follower");
my $first_needed;

# The finished segments that a repository has, and what is in them.
sub segments
{
	my ($folder) = @_;

	return {} unless -d "$folder/main/wal";
	return { map { $_ => read_file("$folder/main/wal/$_") } grep { !m{/tail/|tmp} } file_names("$folder/main/wal") };
}

# Those that the physical backup needs: older ones are copied only to where that
# is not yet.
sub needed_segments
{
	my ($folder) = @_;
	my $segments = segments($folder);

	delete @$segments{ grep { m{/(\w{24})[^/]*$} && $1 lt $first_needed } keys %$segments };
	return $segments;
}

sub has_all
{
	my ($folder) = @_;

	return join(' ', sort keys %{ needed_segments($folder) }) eq join(' ', sort keys %{ needed_segments($server->folder) });
}

sub archived_count { return $server->sql('SELECT archived_count FROM pg_stat_archiver'); }

# Ends a segment; its name.
sub end_segment
{
	$server->sql('INSERT INTO t VALUES (0)');
	my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
	$server->sql('SELECT pg_switch_wal()');
	return $segment;
}

# Waits until the server takes a segment for archived.
sub await_archived
{
	my ($segment) = @_;

	wait_for("$segment to be archived",
		sub { $server->sql("SELECT last_archived_wal >= '$segment' FROM pg_stat_archiver") eq 't' });
	return;
}

sub has_segment
{
	my ($folder, $segment) = @_;

	return scalar grep { m{/\Q$segment\E-} } keys %{ segments($folder) };
}

# The jobs of a kind that were started, by the log.
sub jobs_started
{
	my ($title) = @_;
	my @found = slurp_file($server->node->logfile) =~ /\] (?:DEBUG|LOG):  \Q$title\E.* started/g;

	return scalar @found;
}

$server->sql('CREATE TABLE t AS SELECT generate_series(1, 100)');
my $physical = $server->run_backup(type => 'physical');
$first_needed = $server->sql('SELECT pg_walfile_name(start_lsn) FROM erpgo_backup_list()');
my $older = end_segment();
await_archived($older);

subtest 'repositories that are added' => sub {
	$server->set('erpgo_backup.repository' =>
		join(',', $server->url, "file://$required?wal=required", "file://$follower?wal=follow"));
	my $segment = end_segment();

	await_archived($segment);
	ok(has_segment($required, $segment), 'one that is required has a segment that counts as archived');
	wait_for('the follower', sub { has_all($follower) });
	is_deeply(needed_segments($follower), needed_segments($server->folder), 'one that follows gets all that its backup needs, byte for byte');
};

# The recovery windows: "repository|begins with|missing", and what is warned of.
sub windows
{
	my ($exit_code, $out, $err) = $server->try_sql('SELECT repository, begins_with, missing FROM erpgo_backup_recovery_window');

	is($exit_code, 0, 'recovery windows are shown') or diag($err);
	return ($out, $err);
}

subtest 'recovery windows' => sub {
	wait_for('the copies', sub { $server->sql("SELECT count(*) FROM erpgo_backup_copies WHERE status = 'ok'") eq '2' });
	my ($out, $err) = windows();
	like($out, qr/^1\|$physical\|\n2\|$physical\|([0-9A-F]{24}).*\n3\|$physical\|$/, 'of each repository');
	is($err, '', 'without a warning');
	is($server->sql('SELECT count(DISTINCT (begin_lsn, begins_at)) FROM erpgo_backup_recovery_window'), 1, 'which have the same backup');
	is($server->sql("SELECT missing ~ '$older' FROM erpgo_backup_recovery_window WHERE repository = '2'"), 't',
		'WAL is missing where it was archived before the repository was there');
};

subtest 'recovery windows of a repository with nothing in it' => sub {
	my $list = $server->sql('SHOW erpgo_backup.repository');

	write_file($hold, '');
	mkdir("$base/empty") or die "mkdir: $!";
	$server->set('erpgo_backup.repository' => "$list,file://$base/empty");
	wait_for('a copy that is held', sub { $server->sql("SELECT count(*) FROM erpgo_backup_copies WHERE name = '4' AND status = 'copying'") eq '1' });
	my ($out, $err) = windows();
	is($out =~ s/\|[^|]*$//mgr, join("\n", map { "$_|$physical" } 1 .. 3), 'there are none, but those of the others');
	is($err, '', 'which is worth no warning');
	is_deeply([ glob("$base/empty/{*,.[!.]*}") ], [], 'and nothing is made there');
	$server->set('erpgo_backup.repository' => $list);
	unlink($hold);
	wait_for('the copy to end', sub { $server->sql('SELECT count(*) FROM erpgo_backup_progress') eq '0' });
};

subtest 'an idle server' => sub {
	# A clean-up, and what else follows a backup, writes for a while.
	wait_for('nothing to be archived', sub {
		my $before = jobs_started('copy of the WAL archive');
		my $lsn = $server->sql('SELECT pg_current_wal_lsn()');

		$server->sql('SELECT pg_sleep(3)');
		return $lsn eq $server->sql('SELECT pg_current_wal_lsn()')
		  && $before == jobs_started('copy of the WAL archive');
	});
	pass('has nothing copied, and writes nothing because of copies');
};

subtest 'a follower that is away' => sub {
	rename($follower, "$follower.away") or die "rename: $!";
	write_file($follower, "no folder\n");
	my $segment = end_segment();

	await_archived($segment);
	pass('keeps no segment from being archived');
	$server->node->wait_for_log(qr/WARNING: .*could not copy WAL to repository "file:\/\/\Q$follower\E"/);
	# The log may tell of it a moment before that is noted.
	wait_for('the note of it', sub {
		$server->sql('SELECT name, failed_at IS NOT NULL FROM erpgo_backup.wal_followers()') =~ /^3\|t$/m });
	pass('it is known since when it is');
	my ($out, $err) = windows();
	is($out =~ s/\|[^|]*$//mgr, join("\n", map { "$_|$physical" } 1 .. 2), 'but of the others');
	like($err, qr/WARNING:  recovery windows of repository 3 are not known: .*is not a directory/, 'with a warning');
	$server->set('erpgo_backup.copy_delayed_after' => '1s');
	wait_for('the alert', sub {
		$server->sql("SELECT state FROM erpgo_backup_alerts WHERE subject = 'WAL in repository 3'") eq 'firing' });
	like($server->sql(q{SELECT status, value FROM erpgo_backup_status WHERE "check" = 'copies'}),
		qr/^warning\|(?:no WAL to 3|\d+ waiting) since /, 'and the status');

	# A reload has it tried again at once, with this pause after the next failure.
	$server->set('erpgo_backup.retry_delay' => '1h');
	wait_for('a long pause', sub {
		$server->sql("SELECT next_try_at > now() + interval '30 minutes' FROM erpgo_backup.wal_followers() WHERE name = '3'") eq 't' });
	my $tries = jobs_started("copy of the WAL archive in repository \"file://$follower");
	await_archived(end_segment());
	$server->sql('SELECT pg_sleep(3)');
	is(jobs_started("copy of the WAL archive in repository \"file://$follower"), $tries, 'it is not tried at the pace of WAL');
	is(() = slurp_file($server->node->logfile) =~ /WARNING: .*could not copy WAL to repository/g, 1, 'the log has one warning');
	unlink($follower);
	rename("$follower.away", $follower) or die "rename: $!";
	$server->set('erpgo_backup.retry_delay' => '100ms');
	wait_for('the follower', sub { has_all($follower) });
	pass('it catches up when it is back and the settings are loaded again');
	wait_for('the note of it', sub {
		$server->sql("SELECT failures, next_try_at IS NULL FROM erpgo_backup.wal_followers() WHERE name = '3'") eq '0|t' });
	$server->node->wait_for_log(qr/WAL is copied to repository "file:\/\/\Q$follower\E" again/);
	like($server->sql('SELECT erpgo_backup_metrics()'), qr/^erpgo_backup_wal_copied_timestamp_seconds\{repository="3"\} \d{10}/m,
		'the metrics say until when it has all');
};

subtest 'a required one that is away' => sub {
	rename($required, "$required.away") or die "rename: $!";
	write_file($required, "no folder\n");
	my $count = archived_count();
	my $segment = end_segment();

	wait_for('a failure', sub { $server->sql('SELECT last_failed_wal FROM pg_stat_archiver') eq $segment });
	is(archived_count(), $count, 'lets no segment count as archived');
	unlink($required);
	rename("$required.away", $required) or die "rename: $!";
	await_archived($segment);
	ok(has_segment($required, $segment), 'until it has it');
};

$server->log_is_clean(qr/copy of|could not archive|could not copy|directory/);
done_testing();
