# What the settings of physical backups promise, and what is told of them:
# bad pages, the rate, the checkpoint, the priority, the WAL that is needed.
use strict;
use warnings;
use ErpgoBackup qw(read_file wait_for write_file);
use ErpgoFaults;
use JSON::PP ();
use PostgreSQL::Test::Utils ();
use Test::More;

my $server = ErpgoBackup->new('settings', settings => { wal_level => 'replica',
		'erpgo_backup.alert_repeat_interval' => 0, 'erpgo_backup.jobs' => 1 });
my $node = $server->node;

$node->stop;
PostgreSQL::Test::Utils::system_or_bail('pg_checksums', '--enable', '-D', $node->data_dir);
$node->start;
create_filler($server, 'postgres', 16_000);
# Nobody else is to read its pages.
$server->sql('ALTER TABLE filler SET (autovacuum_enabled = off)');

sub run_physical
{
	return $server->sql("SELECT erpgo_backup_run('physical')");
}

# A column of the history.
sub history
{
	my ($id, $column) = @_;

	return $server->sql("SELECT $column FROM erpgo_backup_history WHERE id = '$id'");
}

subtest 'what is told of a backup' => sub {
	my $id = run_physical();
	my $physical = JSON::PP::decode_json($server->cli_ok('--json', 'show', $id))->{physical};

	is(history($id, 'timeline, start_lsn, stop_lsn, bad_pages'),
		"1|$physical->{start_lsn}|$physical->{stop_lsn}|0", 'the history has its positions');
	is($server->sql("SELECT timeline, start_lsn, stop_lsn, first_wal, last_wal, duration > '0' FROM erpgo_backup_list()"),
		join('|', 1, $physical->{start_lsn}, $physical->{stop_lsn},
			$server->sql("SELECT pg_walfile_name('$physical->{start_lsn}'), pg_walfile_name('$physical->{stop_lsn}')"), 't'),
		'so has the list, and the WAL that it needs');
	is($server->sql("SELECT erpgo_backup.wal_segment(18, 'AB/FF000000', 16777216), erpgo_backup.wal_segment(1, '1/40000000', 1073741824)"),
		'00000012000000AB000000FF|000000010000000100000001', 'whatever their size');
	like($server->cli_ok('show', $id), qr/^WAL:?\s+\Q$physical->{start_lsn} to $physical->{stop_lsn}\E$/m,
		'so does the command line');
	my $path = $server->sql("SELECT pg_relation_filepath('filler')");
	my ($filler) = grep { $_->{path} eq $path }
	  map { JSON::PP::decode_json($_) } split(/\n/, $server->cli_ok('--json', 'show', $id, '--files'));
	is($filler->{size}, $server->sql("SELECT pg_relation_size('filler')"), 'and its files with their sizes');
	like($server->cli_ok('show', $id, '--files'), qr/^ *\d+ (?:MiB|MB|kB)  \Q$filler->{path}\E$/m, 'for people, too');
	my ($exit_code, $out, $err) = $server->cli('show', $server->run_backup(type => 'data'), '--files');
	like($err, qr/is not a physical one/, 'which a logical one has not');
	is(history($server->run_backup(type => 'schema'), 'start_lsn IS NULL AND bad_pages IS NULL'), 't',
		'a logical one has none');
	my @before = split(/\|/, $server->sql('SELECT * FROM erpgo_backup_list() WHERE type = \'physical\''));
	$server->sql('DELETE FROM erpgo_backup.attempt; DELETE FROM erpgo_backup.backup');
	$server->sql('SELECT erpgo_backup_sync()');
	is_deeply([ split(/\|/, $server->sql('SELECT * FROM erpgo_backup_list() WHERE type = \'physical\'')) ],
		\@before, 'and the repository brings all of it back');
};

# Tests that so many alerts of bad pages are firing, or will be.
sub firing
{
	my ($count, $what) = @_;

	ok($node->poll_query_until('postgres',
			"SELECT count(*) = $count FROM erpgo_backup_alerts WHERE state = 'firing' AND kind = 'bad_pages'"),
		$what);
	return;
}

subtest 'bad pages' => sub {
	my $path = $server->sql("SELECT pg_relation_filepath('filler')");
	my $file = $node->data_dir . "/$path";

	$server->sql('CHECKPOINT');
	my $good = read_file($file);
	my $bad = $good;
	substr($bad, 8192 * $_ + 5000, 4) = 'oops' foreach 7, 1000;
	write_file($file, $bad);
	my ($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('physical')");
	my $id = $server->sql('SELECT max(id) FROM erpgo_backup_history');
	is(history($id, 'status, bad_pages'), 'ok|2', 'do not make a backup fail');
	like($err, qr/WARNING:  2 pages do not match their checksums, the first one is block 7 of file "\Q$path\E"/,
		'but whoever asked for it is warned');
	my $named = JSON::PP::decode_json($server->cli_ok('--json', 'show', $id))->{physical}{bad_pages};
	is_deeply($named, [ map { { path => $path, block => $_ } } 7, 1000 ], 'all of them are named');
	like($server->cli_ok('show', $id), qr/^bad pages:?\s+2$/m, 'the command line says how many');
	firing(1, 'and an alert fires');
	like($server->sql("SELECT message FROM erpgo_backup_alerts WHERE kind = 'bad_pages'"),
		qr/^2 pages did not match.*"\Q$id\E".*block 7 of file "\Q$path\E"/, 'which names the first one');
	$server->cli_ok('verify', $id, '--depth', 'full');

	$server->set('erpgo_backup.on_bad_page' => 'fail');
	($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('physical')");
	isnt($exit_code, 0, 'where it is to fail, it does');
	like($err, qr/ERROR:  2 pages do not match their checksums.*HINT:  Restore the relation/s,
		'and says why, and what to do');
	is(join(' ', repository_leftovers($server)), '', 'nothing of it stays');

	write_file($file, $good);
	is(history(run_physical(), 'status, bad_pages'), 'ok|0', 'with good pages it works again');
	firing(0, 'and the alert is resolved');
	$server->set('erpgo_backup.on_bad_page' => 'warn');
};

# What the first page of a file has in common with one that is being written
# is that another look shows a good one.
subtest 'a page that is being written' => sub {
	my $path = $server->sql("SELECT pg_relation_filepath('filler')");
	my $writer = IPC::Run::start([ $^X, '-e', <<'END', $node->data_dir . "/$path" ], '<', \'', '>', \my $out);
		open(my $file, '+<:raw', $ARGV[0]) or die;
		sysread($file, my $good, 8192);
		my $torn = substr($good, 0, 4096) . ("\0" x 4096);
		$SIG{TERM} = sub { sysseek($file, 0, 0); syswrite($file, $good); exit(0) };
		while (1)
		{
			sysseek($file, 0, 0); syswrite($file, $torn);
			select(undef, undef, undef, 0.001);
			sysseek($file, 0, 0); syswrite($file, $good);
			select(undef, undef, undef, 0.003);
		}
END

	is(history(run_physical(), 'bad_pages'), 0, 'is read until it is good') foreach 1 .. 3;
	$writer->signal('TERM');
	$writer->finish;
};

# The first process that copies, once it does.
sub copier
{
	my ($id) = @_;
	my $pid;

	wait_for('the copy', sub { $pid = job_processes($server, $id)->{programs}{erpgo_backup} });
	return $pid;
}

subtest 'the rate and the priority' => sub {
	$server->set('erpgo_backup.max_rate' => '16MB', 'erpgo_backup.nice' => 13);
	my $id = start_run($server, 'physical');
	my $pid = copier($id);

	is((split(/ /, read_file("/proc/$pid/stat") =~ s/^.*\) //sr))[16], 13, 'the processes are nice');
	like((ErpgoBackup::run_program('ionice', '-p', $pid))[1], qr/^best-effort: prio 7$/,
		'and come last when they read');
	is(wait_run($server, $id), 'ok', 'the backup is made');
	my $bytes = 0;
	foreach my $object (@{ JSON::PP::decode_json($server->cli_ok('--json', 'show', $id))->{objects} })
	{
		$bytes += $object->{size} if $object->{kind} eq 'pack';
	}
	cmp_ok(history($id, 'extract(epoch FROM duration)'), '>', 0.9 * $bytes / (16 * 1024 * 1024),
		'at no higher rate than it may');
	$server->set('erpgo_backup.max_rate' => '0');
};

subtest 'the checkpoint' => sub {
	my $before = -s $node->logfile;

	run_physical();
	like(substr(read_file($node->logfile), $before), qr/checkpoint starting: immediate force wait|checkpoint starting: fast force wait/,
		'is a fast one');
	$before = -s $node->logfile;
	$server->set('erpgo_backup.fast_checkpoint' => 'off');
	run_physical();
	like(substr(read_file($node->logfile), $before), qr/checkpoint starting: force wait/,
		'unless it is to be spread');
	$server->set('erpgo_backup.fast_checkpoint' => 'on');
};

subtest 'the WAL' => sub {
	my $id = start_run($server, 'physical');
	my $seen = $server->sql(<<"SQL");
CREATE TEMPORARY TABLE seen (while_copying bigint, while_verifying bigint);
INSERT INTO seen VALUES (0);
DO \$\$
BEGIN
	LOOP
		UPDATE seen SET while_copying = greatest(while_copying, (SELECT count(*) FROM pg_replication_slots));
		EXIT WHEN (SELECT status FROM erpgo_backup_history WHERE id = '$id') NOT IN ('running');
		PERFORM pg_sleep(0.002);
	END LOOP;
	UPDATE seen SET while_verifying = (SELECT count(*) FROM pg_replication_slots);
END
\$\$;
SELECT * FROM seen;
SQL

	is($seen, '1|0', 'is kept until it is stored, and not while it is verified');
	is(wait_run($server, $id), 'ok', 'then the backup is good');
};

$server->log_is_clean(qr/do not match their checksums|terminating background worker/);
done_testing();
