# How backups are doing, as views, metrics and a file tell it: on a server
# whose backups fail, get late, grow, are damaged and fill the disk.
use strict;
use warnings;
use ErpgoBackup qw(damage file_names read_file small_file_system wait_for write_file);
use ErpgoFaults;
use Test::More;

my $server = ErpgoBackup->new('server');
my $metrics_folder = $server->node->basedir . '/metrics';
my $metrics_file = "$metrics_folder/erpgo_backup.prom";

$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');
$server->sql('CREATE ROLE monitor LOGIN IN ROLE pg_monitor');
mkdir($metrics_folder) or die "mkdir: $!";

# The row of a check: "status|value".
sub status
{
	my ($check) = @_;

	return $server->sql(qq{SELECT status, value FROM erpgo_backup_status WHERE "check" = '$check'});
}

# Makes a full backup.
sub backup { return $server->run_backup(databases => ['erp']); }

# Makes it look as if all backups had been made so much earlier.
sub age_by
{
	my ($interval) = @_;

	$server->sql("UPDATE erpgo_backup.backup SET started_at = started_at - interval '$interval',
		finished_at = finished_at - interval '$interval', verified_at = verified_at - interval '$interval'");
	return;
}

# The value of a sample, '' if there is none.
sub metric
{
	my ($name, $text) = @_;

	$text = $server->sql('SELECT erpgo_backup_metrics()') unless defined $text;
	return $text =~ /^\Q$name\E (\S+)$/m ? $1 : '';
}

# What a program says of metrics; nothing if it finds no fault.
sub promtool
{
	my ($text) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'promtool', 'check', 'metrics' ], '<', \$text, '>', \$out, '2>', \$err);
	return "$?$out$err";
}

subtest 'before the first backup' => sub {
	is(status('last success'), 'critical|never', 'there is none');
	like(status('overdue'), qr/^ok\|no, due in 7 h/, 'it has some time left');
	foreach my $check ('last run', 'success rate', 'duration', 'size', 'verification', 'free space')
	{
		like(status($check), qr/^unknown\|/, "$check is unknown");
	}
	is(status('running'), 'ok|nothing', 'nothing runs');
	is(metric('erpgo_backup_last_success_timestamp_seconds{type="full"}'), 0, 'metrics: never');
	is(promtool($server->sql('SELECT erpgo_backup_metrics()')), '0', 'promtool finds no fault with the metrics');
};

subtest 'after a good backup' => sub {
	my $id = backup();

	is($server->sql('SELECT count(*) FROM erpgo_backup_status WHERE status <> \'ok\''), 0, 'all is well')
	  or diag($server->sql('TABLE erpgo_backup_status'));
	like(status('last success'), qr/^ok\|[\d.]+ s ago/, 'it was just made');
	like(status('last run'), qr/^ok\|full ok, /, 'the run went well');
	is(status('success rate'), 'ok|100.0 % of 1 in 30 days', 'all runs went well');
	is(status('attempts'), 'ok|0 of 1 failed in 24 h', 'at the first attempt');
	like(status('free space'), qr/^ok\|\d+ %, \d+ .B, [\d.]+ s ago/, 'the room was measured');
	like(status('size'), qr/^ok\|.*too few to compare/, 'there is nothing to compare its size with');
	my $text = $server->sql('SELECT erpgo_backup_metrics()');
	is(promtool($text), '0', 'promtool finds no fault with the metrics');
	cmp_ok(abs(metric('erpgo_backup_last_success_timestamp_seconds{type="full"}', $text) - time()), '<', 60,
		'metrics: just now');
	is(metric('erpgo_backup_last_run_success{type="full"}', $text), 1, 'metrics: the run went well');
	is(metric('erpgo_backup_attempts_total{operation="backup",status="ok"}', $text), 1, 'metrics: one attempt');
	is(metric('erpgo_backup_last_stored_bytes{type="full"}', $text),
		$server->sql("SELECT stored_bytes FROM erpgo_backup_history WHERE id = '$id'"), 'metrics: its size');
	cmp_ok(metric('erpgo_backup_repository_free_bytes', $text), '<',
		metric('erpgo_backup_repository_size_bytes', $text), 'metrics: the room');
	my $base = quotemeta($server->node->basedir);
	unlike($text, qr/$base|\Q$id\E|postgres\b.*=/, 'metrics hold no path or identifier');
};

subtest 'monitoring may look' => sub {
	foreach my $query ('SELECT count(*) > 0 FROM erpgo_backup_status', 'SELECT count(*) > 0 FROM erpgo_backup_recent',
		"SELECT erpgo_backup_metrics() LIKE '%erpgo_backup_info%'")
	{
		is($server->sql("SET ROLE monitor; $query"), 't', $query);
	}
};

subtest 'labels are escaped' => sub {
	is($server->sql(q{SELECT erpgo_backup.metric_label('name', E'a"b\\\\c\nd')}), 'name="a\"b\\\\c\nd"',
		'quotes, backslashes and line feeds');
};

subtest 'times in words' => sub {
	my %words = ('2.34 s' => '2.3 s', '59.9 s' => '59 s', '61 s' => '1 min 1 s', '3600 s' => '1 h 0 min',
		'47 h 59 min' => '47 h 59 min', '49 h' => '2 d 1 h', '-5 s' => '0.0 s');

	foreach my $interval (sort keys %words)
	{
		is($server->sql("SELECT erpgo_backup.span('$interval')"), $words{$interval}, "$interval is $words{$interval}");
	}
};

subtest 'a run that fails, and one that is cancelled' => sub {
	$server->set('erpgo_backup.connection' => 'port=1', 'erpgo_backup.max_retries' => 0);
	my ($exit_code) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
	isnt($exit_code, 0, 'the run fails');
	$server->set('erpgo_backup.connection' => '');
	like(status('last run'), qr/^critical\|full failed, /, 'the last run is critical');
	is(status('success rate'), 'critical|50.0 % of 2 in 30 days', 'and the success rate');
	is(status('attempts'), 'warning|1 of 2 failed in 24 h', 'an attempt has failed');
	like(status('last success'), qr/^ok/, 'the last success is as old as it is');
	is(metric('erpgo_backup_last_run_success{type="full"}'), 0, 'metrics: the run failed');
	is(metric('erpgo_backup_success_ratio'), 0.5, 'metrics: the success ratio');
	my $handle = hold_table($server, 'erp', 't');
	my $id = start_run($server, 'full', '{erp}');
	wait_for('pg_dump', sub { job_processes($server, $id)->{programs}{pg_dump} });
	like(status('running'), qr/^ok\|backup full, dumping, .*\d s/, 'a running backup is shown');
	is(metric('erpgo_backup_jobs_running{operation="backup"}'), 1, 'metrics: one job');
	$server->sql("SELECT erpgo_backup_cancel('$id')");
	is(wait_run($server, $id), 'cancelled', 'it is cancelled');
	release_table($handle);
	is(status('success rate'), 'critical|50.0 % of 2 in 30 days', 'which does not count');
	backup();
	like(status('last run'), qr/^ok\|full ok/, 'another run resolves that');
	backup() for 1 .. 8;
	is(status('success rate'), 'warning|90.9 % of 11 in 30 days', 'one of many failures is a warning');
};

subtest 'backups get late' => sub {
	age_by('6 hours');
	like(status('last success'), qr/^warning\|6 h 0 min ago/, 'after 6 hours');
	like(status('overdue'), qr/^ok\|no, due in 1 h/, 'the next one is not overdue yet');
	$server->set('erpgo_backup.delayed_after' => '7h');
	like(status('overdue'), qr/^ok\|no, due in (?:59|58) min/, 'the setting decides when it is');
	$server->set('erpgo_backup.delayed_after' => '0');
	age_by('3 hours');
	like(status('last success'), qr/^critical\|9 h 0 min ago/, 'after 8 hours');
	like(status('overdue'), qr/^critical\|by 1 h 0 min/, 'it is overdue');
	cmp_ok(metric('erpgo_backup_overdue_seconds'), '>', 3600, 'metrics: it is overdue');
	age_by('1 day');
	like(status('verification'), qr/^warning\|0 of \d+ damaged, last 33 h/, 'nothing was verified of late');
	$server->run_backup(type => 'schema', databases => ['erp']);
	like(status('overdue'), qr/^critical/, 'a backup of definitions alone is none');
	backup();
	like(status('overdue'), qr/^ok/, 'a full one is');
};

subtest 'a long backup' => sub {
	my $newest = "(SELECT max(id) FROM erpgo_backup.backup WHERE type = 'full')";

	$server->sql("UPDATE erpgo_backup.backup SET started_at = finished_at - interval '11 min' WHERE id = $newest");
	is(status('duration'), 'warning|11 min 0 s', 'is a warning');
	$server->sql("UPDATE erpgo_backup.backup SET started_at = finished_at - interval '1 s' WHERE id = $newest");
	is(status('duration'), 'ok|1.0 s', 'a short one is not');
};

subtest 'the trend of sizes' => sub {
	my $newest = "(SELECT max(id) FROM erpgo_backup.backup WHERE type = 'full')";
	my %expected = (1000000 => 'ok', 1490000 => 'ok', 1510000 => 'warning', 510000 => 'ok', 490000 => 'critical');

	$server->sql("UPDATE erpgo_backup.backup SET stored_bytes = 1000000 WHERE type = 'full' AND status = 'ok'");
	foreach my $size (sort { $a <=> $b } keys %expected)
	{
		$server->sql("UPDATE erpgo_backup.backup SET stored_bytes = $size WHERE id = $newest");
		like(status('size'), qr/^$expected{$size}\|/, "$size bytes after 1000000: $expected{$size}");
	}
	is(status('size'), 'warning|1475 kB, +51 % to 977 kB', 'in words');
	is(metric('erpgo_backup_median_stored_bytes{type="full"}'), 1000000, 'metrics: the median');
	is($server->sql("SELECT erpgo_backup.backup_expected_bytes('full', '[\"erp\"]')"), 1510000,
		'the next one is expected to be as large');
	is($server->sql("SELECT erpgo_backup.backup_expected_bytes('full', '[\"other\"]')"), '',
		'of other databases nothing is known');
	$server->sql('SELECT erpgo_backup_sync()');
	like(status('size'), qr/^ok\|/, 'the repository knows better');
};

subtest 'a damaged backup' => sub {
	my $id = backup();
	my ($dump) = grep { /erp\.dump/ } file_names($server->backup_folder($id));

	damage($server->backup_folder($id) . "/$dump", 'flip');
	my ($exit_code) = $server->try_sql("SELECT erpgo_backup_verify('$id')");
	isnt($exit_code, 0, 'the verification fails');
	like(status('verification'), qr/^critical\|1 of \d+ damaged/, 'is critical');
	is(metric('erpgo_backup_verification_failed_backups'), 1, 'metrics: one');
	is(metric('erpgo_backup_backups{type="full",status="failed"}'), 1, 'metrics: of type full');
	damage($server->backup_folder($id) . "/$dump", 'flip');
	$server->sql("SELECT erpgo_backup_verify('$id')");
	like(status('verification'), qr/^ok/, 'mended');
};

subtest 'low space, by what was measured' => sub {
	my %expected = (21 => 'ok', 20 => 'warning', 6 => 'warning', 5 => 'critical');

	foreach my $percent (sort keys %expected)
	{
		$server->sql("UPDATE erpgo_backup.repository_state SET free_bytes = total_bytes / 100 * $percent");
		like(status('free space'), qr/^$expected{$percent}\|/, "$percent % free: $expected{$percent}");
	}
	$server->sql('SELECT count(*) FROM erpgo_backup_check()');
	like(status('free space'), qr/^ok/, 'a check measures anew');
};

subtest 'the metrics file' => sub {
	foreach my $path ('relative.prom', $server->node->data_dir . '/x.prom')
	{
		my ($exit_code, undef, $err) = $server->try_sql("ALTER SYSTEM SET erpgo_backup.metrics_file = '$path'");
		like($err, qr/DETAIL:.*metrics file must/, "\"$path\" is refused");
	}
	$server->set('erpgo_backup.metrics_file' => $metrics_file);
	wait_for('the metrics file', sub { -e $metrics_file });
	is(promtool(read_file($metrics_file)), '0', 'a reload writes it');
	is(sprintf('%o', (stat $metrics_file)[2] & 07777), '644', 'everybody may read it');
	my $good = metric('erpgo_backup_attempts_total{operation="backup",status="ok"}');
	backup();
	wait_for('the backup to be in the file',
		sub { metric('erpgo_backup_attempts_total{operation="backup",status="ok"}', read_file($metrics_file)) == $good + 1 });
	is(join(' ', file_names($metrics_folder)), 'erpgo_backup.prom', 'nothing else is in the folder');
	unlink($metrics_file);
	$server->node->restart;
	wait_for('the metrics file', sub { -e $metrics_file });
	pass('a start of the server writes it');
};

subtest 'a metrics file that cannot be written' => sub {
	my $log = $server->node->logfile;
	my $warnings = sub { my @found = read_file($log) =~ /WARNING:.*could not update the metrics file/g; return scalar @found; };

	$server->set('erpgo_backup.metrics_file' => '/nonexistent/erpgo_backup.prom');
	wait_for('a warning', sub { $warnings->() == 1 });
	backup();
	$server->set('erpgo_backup.connection' => '');
	wait_for('nothing to run', sub { $server->sql('SELECT count(*) FROM erpgo_backup_progress') eq '0' });
	is($warnings->(), 1, 'is a warning once, and no error of a backup');
	symlink($server->node->data_dir, "$metrics_folder/link") or die "symlink: $!";
	$server->set('erpgo_backup.metrics_file' => $metrics_file);
	wait_for('the metrics file to be well again', sub { read_file($log) =~ /LOG:.*metrics file is up to date/ });
	$server->set('erpgo_backup.metrics_file' => "$metrics_folder/link/x.prom");
	wait_for('another warning', sub { $warnings->() == 2 });
	ok(!-e $server->node->data_dir . '/x.prom', 'no link leads it into the data directory');
	$server->set('erpgo_backup.metrics_file' => '');
};

SKIP:
{
	my $small = small_file_system();

	skip 'no small file system (ERPGO_BACKUP_SMALL_FS) was given', 1 unless $small;
	subtest 'a repository that gets full' => sub {
		my $repository = "$small/monitoring.$$";

		# About 4 MB that no method compresses.
		$server->sql(<<'END', 'erp');
CREATE TABLE filler AS
SELECT (SELECT string_agg(sha256(convert_to(i || ' ' || j, 'UTF8')), ''::bytea) FROM generate_series(1, 40) j) AS noise
FROM generate_series(1, 3000) i;
END
		$server->set('erpgo_backup.repository' => "file://$repository", 'erpgo_backup.minimum_free_space' => '90');
		local $server->{folder} = $repository;
		# Nothing is known of the last one, so the size of the database counts.
		$server->sql('DELETE FROM erpgo_backup.backup');
		my ($exit_code, undef, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
		like($err, qr/ERROR:.*is expected to need .* MB, but repository .* has only .* free, and 7.* are kept free/,
			'a backup that does not fit is refused');
		like($err, qr/HINT:.*erpgo_backup\.minimum_free_space/, 'the hint names the setting');
		my $id = $server->sql('SELECT max(id) FROM erpgo_backup_history');
		is($server->sql("SELECT string_agg(number || status || sqlstate, ' ') FROM erpgo_backup_attempts WHERE backup_id = '$id'"),
			'1failed53100', 'at the first attempt, as a full disk');
		is(-d "$repository/main/backup" ? join(' ', file_names("$repository/main/backup")) : '', '', 'nothing was written');

		$server->set('erpgo_backup.minimum_free_space' => '5');
		my $schema = $server->run_backup(type => 'schema', databases => ['erp']);
		# What is known of the last one says that it will fit.
		$server->sql("INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, stored_bytes, databases)
			VALUES ('20200101T000000Z-full', 'full', 'ok', now(), now(), 1000, '{erp}')");
		write_file("$repository/ballast", "\0" x (4 * 1024 * 1024));
		($exit_code, undef, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
		like($err, qr/ERROR:.*repository .* has only \d+ of \d+ kB left, and \d+ kB are kept free/,
			'one that grows too large is stopped at the mark');
		wait_for('the clean-up', sub { !repository_leftovers($server) });
		is(join(' ', grep { m{/backup/(?!\Q$schema\E)} } file_names($repository)), '', 'nothing of it stays');
		$server->cli_ok('verify', $schema, '--depth', 'full');
		unlink("$repository/ballast");
		$id = backup();
		is(run_status($server, $id), 'ok', 'with some room it is made');
		like(status('free space'), qr/\|\d+ %, \d+ kB/, 'the status shows the small disk');
		system('rm', '-r', $repository);
	};
}

$server->log_is_clean(qr/could not connect|does not match its SHA-256|connection to client lost|erpgo_backup\.metrics_file|is expected to need|kept free|erpgo_backup_verify|is damaged|canceling|was cancelled|erpgo_backup_run|shutting down|terminating|pg_dump|metrics file/);
done_testing();
