# What a server has written of an unfinished segment is archived as well, and a
# recovery goes that far.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal archived recovered_rows);
use ErpgoBackup qw(wait_for damage file_names read_file write_file);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

# Servers in recovery keep what they fetch ahead below this folder.
$ENV{TMPDIR} = PostgreSQL::Test::Utils::tempdir();
my $source = ErpgoBackup->new('source', encrypted => 1,
	settings => {
		archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		'erpgo_backup.wal_flush_interval' => 0 });
my $tails = $source->folder . '/main/wal/00000001/tail';
my $copies = 0;

# The pieces that are archived.
sub pieces { return -d $tails ? map { "$tails/$_" } sort(file_names($tails)) : (); }

# Runs a statement, and waits until its WAL is archived.
sub shipped
{
	my ($sql) = @_;

	$source->sql($sql);
	my $lsn = $source->sql('SELECT pg_current_wal_flush_lsn()');
	wait_for("the archiving of $lsn", sub { return $source->sql("SELECT lsn >= '$lsn' FROM erpgo_backup.wal_tail()") eq 't'; });
	return;
}

# Restores with options: (node, exit code, output, errors).
sub restore
{
	my (@options) = @_;
	my $node = PostgreSQL::Test::Cluster->new('copy' . ++$copies);

	return ($node, $source->cli('restore', 'latest', '--pgdata', $node->data_dir, @options));
}

# Restores and starts; the node.
sub recover
{
	my ($fails, @options) = @_;
	my ($node, $exit_code, $out, $err) = restore(@options);

	is($exit_code, 0, "restore @options") or diag $err;
	$node->append_conf('postgresql.conf', join("\n", 'port = ' . $node->port,
		"unix_socket_directories = '" . $node->host . "'"));
	$node->start(fail_ok => $fails);
	return $node if $fails;
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the copy does not come so far';
	return $node;
}

# Tests what a recovery brings back.
sub recovers_to
{
	my ($rows, @options) = @_;
	my $node = recover(0, @options);

	is(recovered_rows($node), $rows, "it recovers to the rows $rows");
	$node->stop;
	is_deeply([ file_names($ENV{TMPDIR}) ], [], 'and leaves nothing that it fetched ahead');
	return;
}

$source->sql('CREATE TABLE ledger (n int)');
$source->sql("SELECT erpgo_backup_run('physical')");
switch_wal($source, 'INSERT INTO ledger VALUES (1)');
is_deeply([ pieces() ], [], 'with an interval of 0 nothing but whole segments is archived');

$source->set('erpgo_backup.wal_flush_interval' => '1s');
my $segment = $source->sql('SELECT pg_walfile_name(pg_current_wal_insert_lsn())');
shipped('INSERT INTO ledger VALUES (2)');
my $lsn_2 = $source->sql('SELECT pg_current_wal_insert_lsn()');
shipped('INSERT INTO ledger VALUES (3)');
my $tail_lsn = $source->sql('SELECT lsn FROM erpgo_backup.wal_tail()');

subtest 'pieces of the unfinished segment are archived' => sub {
	my @pieces = pieces();

	cmp_ok(scalar(@pieces), '>=', 2, 'one after the other');
	like($_, qr{/$segment\.[0-9A-F]{8}\.[0-9A-F]{8}\.tail-[0-9a-f]{32}-[0-9a-f]{32}-[0-9a-f]{16}\.zst\.aes$}, 'by name')
	  foreach @pieces;
	is($source->sql('SELECT pg_walfile_name(pg_current_wal_insert_lsn())'), $segment, 'without a switch to another segment');
	is(scalar(archived($source, $segment)), 0, 'and the segment does not count as archived');
	like($source->sql("SELECT value FROM erpgo_backup_status WHERE \"check\" = 'data at risk'"), qr{^[\d.]+ s, since WAL was shipped$},
		'the status says how little could be lost');
	my ($archived, $point) = split(/\|/, $source->sql(<<'END'));
SELECT floor(extract(epoch FROM a.archived_at)), floor(m.value)
FROM erpgo_backup.wal_archiving AS a, erpgo_backup.metric_of_wal AS m
WHERE m.metric = 'erpgo_backup_recovery_point_timestamp_seconds'
END
	cmp_ok($point, '>', $archived, 'so do the metrics');
};

subtest 'a server that is lost is restored with its last transactions' => sub {
	$source->node->stop('immediate');
	my ($node, $exit_code, $out, $err) = restore('--to', 'latest');

	like($out, qr{the last one in pieces up to [0-9A-F]+/[0-9A-F]+\)}, 'the restore tells how far it will go') or diag $err;
	like(read_file($node->data_dir . '/postgresql.auto.conf'), qr/--tail-after/, 'and has the server take the pieces');
	recovers_to('1,2,3', '--to', 'latest');
	recovers_to('1,2', '--to-lsn', $lsn_2, '--action', 'promote');
	($node, $exit_code, $out, $err) = restore('--to-lsn', $tail_lsn);
	is($exit_code, 1, 'a position that no record begins at or behind is refused');
	like($err, qr/with the pieces of the unfinished segment it goes to/, 'with how far they go') or diag $err;
};

subtest 'what a recovery left that was given up' => sub {
	my $parent = PostgreSQL::Test::Utils::tempdir();
	my %files = map { $_ => "$parent/$_" } "0123456789abcdef/$segment-x", "fedcba9876543210/notes", "mine/$segment-x";

	chmod(0700, $parent) or die "chmod: $!";
	foreach my $file (keys %files)
	{
		my ($folder) = $files{$file} =~ m{(.*)/};
		mkdir($folder) or die "mkdir: $!";
		write_file($files{$file}, 'x');
		utime(0, time() - 2 * 86400, $folder) or die "utime: $!";
	}
	$source->cli('wal-get', '--spool', $parent, '00000009.history', "$parent/got");
	is_deeply([ file_names($parent) ], [ sort("fedcba9876543210/notes", "mine/$segment-x") ], 'goes after a day, and nothing else does');
};

subtest 'a standby takes no pieces' => sub {
	my ($node, $exit_code, $out, $err) = restore('--standby');

	is($exit_code, 0, 'it is restored') or diag $err;
	unlike(read_file($node->data_dir . '/postgresql.auto.conf'), qr/--tail-after/, 'for it follows its primary');
	($exit_code, $out, $err) = $source->cli('wal-get', '--standby', '--tail-after', $segment, $segment, $node->data_dir . '/x');
	is($exit_code, 126, 'and cannot be told to');
};

foreach my $case (
	[ 'flipped', qr/is damaged: its digest is not what its name says/, sub { damage($_[0], 'flip') } ],
	[ 'cut', qr/is damaged: its digest is not what its name says/, sub { damage($_[0], 'cut') } ],
	[ 'missing', qr/a piece of the unfinished segment is missing before/, sub { unlink $_[0] } ])
{
	my ($what, $says, $damage) = @$case;

	subtest "a piece that is $what is no end of the WAL" => sub {
		my @pieces = pieces();
		my %kept = map { $_ => read_file($_) } @pieces;

		$damage->(@pieces);
		my $path = PostgreSQL::Test::Utils::tempdir() . '/got';
		my ($exit_code, $out, $err) = $source->cli('wal-get', '--tail-after', ('0' x 7) . '1' . ('0' x 16), $segment, $path);
		is($exit_code, 126, 'wal-get exits with 126');
		like($err, $says, 'and says what is wrong');
		ok(!-e $path && !-e "$path.erpgo", 'nothing arrives');
		write_file($_, $kept{$_}) foreach @pieces;
	};
}

subtest 'a tablespace that the pieces create is found before anything is written' => sub {
	my $place = PostgreSQL::Test::Utils::tempdir();

	$source->node->start;
	shipped("CREATE TABLESPACE elsewhere LOCATION '$place'");
	my ($node, $exit_code, $out, $err) = restore('--to', 'latest');
	is($exit_code, 1, 'the restore is refused');
	like($err, qr/the recovery would write to "\Q$place\E"/, 'with the place');
	ok(!-e $node->data_dir . '/PG_VERSION', 'and writes nothing');
	$source->sql('DROP TABLESPACE elsewhere');
};

subtest 'pieces go when their segment is archived' => sub {
	switch_wal($source, 'INSERT INTO ledger VALUES (4)');
	shipped('INSERT INTO ledger VALUES (5)');
	wait_for('the removal of the pieces', sub { shipped('SELECT pg_create_restore_point(\'next\')'); !grep { m{/$segment\.} } pieces(); });
	cmp_ok(scalar(pieces()), '>', 0, 'those of the next one are there');
};

subtest 'a repository that is away is told once, and pieces follow later' => sub {
	my $log = $source->node->logfile;
	my $offset = -s $log;

	rename($source->folder, $source->folder . '.away') or die "rename: $!";
	write_file($source->folder, '');
	$source->sql('INSERT INTO ledger VALUES (6)');
	my $lsn = $source->sql('SELECT pg_current_wal_flush_lsn()');
	$source->node->wait_for_log(qr/could not archive the unfinished segment of WAL/, $offset);
	unlink($source->folder);
	rename($source->folder . '.away', $source->folder) or die "rename: $!";
	$source->node->wait_for_log(qr/the unfinished segment of WAL is archived again/, $offset);
	my @warnings = PostgreSQL::Test::Utils::slurp_file($log, $offset) =~ /could not archive the unfinished segment/g;
	is(scalar(@warnings), 1, 'the log says it once');
	is($source->sql("SELECT lsn >= '$lsn' FROM erpgo_backup.wal_tail()"), 't', 'what was written meanwhile is archived');
};

SKIP: {
	skip 'takes a minute: only in the long tests', 2 unless $ENV{ERPGO_BACKUP_TEST_LONG};
	switch_wal($source);
	shipped("INSERT INTO ledger VALUES ($_)") foreach 100 .. 140;
	cmp_ok(scalar(pieces()), '<', 34, 'many pieces become one');
	$source->node->stop('immediate');
	my $node = recover(0, '--to', 'latest');
	like(recovered_rows($node), qr/,139,140$/, 'and a recovery takes it');
	$node->stop;
	$source->node->start;
}

$source->log_is_clean(qr/could not archive (?:file|the unfinished segment)|archiving write-ahead log file/);
done_testing();
