# The server archives its WAL by the library.
use strict;
use warnings;
use ErpgoArchive qw(command switch_wal archived restore_copy recovered_rows);
use ErpgoBackup qw(wait_for file_names read_file write_file);
use Test::More;

my $server = ErpgoBackup->new('main', encrypted => 1,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup',
		wal_level => 'replica', max_wal_senders => 4 });

# The processes below the archiver.
sub engines
{
	my $archiver = $server->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'archiver'");

	return split(' ', `pgrep -P $archiver` || '');
}

$server->sql('CREATE TABLE ledger (n int)');
$server->node->backup('base');
switch_wal($server, 'INSERT INTO ledger VALUES (1)');

subtest 'one engine for all files' => sub {
	my @before = engines();

	is(scalar(@before), 1, 'there is one engine');
	switch_wal($server, 'INSERT INTO ledger VALUES (2)');
	is_deeply([ engines() ], \@before, 'the next file does not need another one');
};

subtest 'an engine that is killed' => sub {
	my ($engine) = engines();

	kill('KILL', $engine);
	switch_wal($server, 'INSERT INTO ledger VALUES (3)');
	isnt((engines())[0], $engine, 'is replaced');
};

subtest 'an archiver that ends' => sub {
	my ($engine) = engines();
	my $archiver = $server->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'archiver'");

	kill('USR2', $archiver);
	wait_for('the end of its engine', sub { return !kill(0, $engine); });
	switch_wal($server, 'INSERT INTO ledger VALUES (4)');
	pass('is replaced with its engine');
};

subtest 'a repository that cannot be written' => sub {
	my $folder = $server->folder;

	rename($folder, "$folder.away") or die "rename: $!";
	write_file($folder, 'in the way');
	$server->sql('INSERT INTO ledger VALUES (5)');
	my $segment = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
	$server->sql('SELECT pg_switch_wal()');
	wait_for('a warning that says why', sub {
		return read_file($server->node->logfile) =~
		  /WARNING:  could not archive file "$segment": repository ".*" is not a directory/;
	});
	ok(-e $server->node->data_dir . "/pg_wal/archive_status/$segment.ready", 'the server keeps the segment');
	unlink($folder);
	rename("$folder.away", $folder) or die "rename: $!";
	$server->sql('SELECT pg_switch_wal() FROM (SELECT txid_current()) AS x');
	wait_for("segment $segment in the archive",
		sub { my @objects = archived($server, $segment); return @objects == 1; });
};

subtest 'segments that have piled up' => sub {
	$server->set('erpgo_backup.enabled' => 'off');
	foreach my $number (6 .. 25)
	{
		$server->sql("INSERT INTO ledger VALUES ($number); SELECT pg_switch_wal()");
	}
	my $last = $server->sql('SELECT max(name) FROM pg_ls_dir(\'pg_wal/archive_status\') AS name WHERE name ~ \'ready$\'');
	ok($last, 'nothing is archived by a server that must not write');
	$server->set('erpgo_backup.enabled' => 'on');
	switch_wal($server, 'INSERT INTO ledger VALUES (26)');
	wait_for('all segments archived', sub {
		return $server->sql("SELECT count(*) FROM pg_ls_dir('pg_wal/archive_status') AS name WHERE name ~ 'ready\$'") eq '0';
	});
	my %seen;
	my @twice = grep { $seen{$_}++ } map { m{([0-9A-F]{24})-} } archived_segments();
	is_deeply(\@twice, [], 'each is archived once');
};

# All objects of the archive.
sub archived_segments
{
	return grep { m{/[0-9A-F]{24}-} } file_names($server->folder . '/main/wal');
}

subtest 'a server recovers from it' => sub {
	my $copy = restore_copy($server, 'copy', 'base',
		restore_command => command($server, '--jobs 2 wal-get', '%f', '%p'));

	is(recovered_rows($copy), join(',', 1 .. 26), 'with all that was archived');
	$copy->stop;
};

subtest 'the end of the server' => sub {
	my ($engine) = engines();

	$server->sql('INSERT INTO ledger VALUES (27)');
	$server->node->stop('fast');
	ok(!kill(0, $engine), 'is the end of the engine');
};
$server->log_is_clean(qr{terminating background worker "erpgo_backup scheduler"},
	qr{FATAL:  terminating connection due to administrator command});
done_testing();
