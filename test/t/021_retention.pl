# What becomes of old backups: from SQL, by the command line, and by itself.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage file_names read_file write_file);
use ErpgoHistory;
use Test::More;
use Time::Local ();

my $DAY = 86400;
my $server = ErpgoBackup->new('retention');
my $now = time();

# At six in the morning of a day, UTC.
sub morning
{
	my ($date) = @_;
	my ($year, $month, $day) = $date =~ /^(\d+)-(\d+)-(\d+)$/ or die $date;

	return Time::Local::timegm(0, 0, 6, $day, $month - 1, $year);
}

# The identifiers that belong to some days.
sub ids
{
	return map { s/-//gr . 'T060000Z-schema' } @_;
}

# Rows of a query, one a line.
sub rows
{
	return split /\n/, $server->sql($_[0]);
}

sub cleaned
{
	return rows("SELECT id FROM erpgo_backup_cleanup($_[0])");
}

# The identifiers of schema backups in the repository.
sub present
{
	my %there;

	$there{ m{^main/backup/([^/]+-schema)/} ? $1 : '' } = 1 foreach file_names($server->folder);
	delete $there{''};
	return join ' ', sort keys %there;
}

sub repository
{
	return join "\n", map { "$_ " . -s $server->folder . "/$_" } file_names($server->folder);
}

# A row of the decisions: "role|decision|reason".
sub decision
{
	my ($id) = @_;

	return $server->sql("SELECT role, decision, reason FROM erpgo_backup_retention() WHERE id = '$id'");
}

# No automatic clean-up may interfere: the first backup is made without a past.
my $pattern = $server->run_backup(type => 'schema', databases => ['postgres']);
$server->sql('SELECT * FROM erpgo_backup_cleanup()');

my @early = qw(2024-03-01 2024-03-20 2024-04-01 2024-07-03 2024-07-20);
my @daily;
for (my $time = morning('2025-01-20'); $time <= morning('2025-03-15'); $time += $DAY)
{
	my $date = POSIX::strftime('%Y-%m-%d', gmtime($time));

	# Neither on that first of a month, nor on that Sunday.
	push @daily, $date unless $date eq '2025-02-01' || $date eq '2025-02-16';
}
backdate($server, $pattern, morning($_)) foreach @early, @daily;
File::Path::remove_tree($server->backup_folder($pattern));
$server->sql('SET client_min_messages = error; SELECT erpgo_backup_sync()');

my ($pinned, $unreadable, $damaged) = ids('2025-02-05', '2025-02-06', '2025-03-09');
my ($foreign) = ids('2025-02-10');
$server->sql("SELECT erpgo_backup_pin('$pinned', 'the audit')");
damage($server->backup_folder($unreadable) . '/manifest.json', 'flip');
damage($server->backup_folder($damaged) . '/databases.json.zst', 'flip');
$server->try_sql("SELECT erpgo_backup_verify('$damaged')");
write_file($server->backup_folder($foreign) . '/notes.txt', 'whose are these?');

my $young = make_unfinished($server, '20250301T000000Z-schema', dead_process(), 23);
my $old = make_unfinished($server, '20250301T000001Z-schema', dead_process(), 25);
my $written = make_unfinished($server, '20250301T000002Z-schema', $$, 30);

# The newest is of Saturday, the 15th of March.
my @kept = sort +(
	ids(qw(2024-04-01 2024-07-03 2025-01-20 2025-02-02 2025-03-01)),
	ids(qw(2025-02-17 2025-02-23 2025-03-02)),
	ids(map { sprintf '2025-03-%02d', $_ } 8 .. 15),
	$pinned, $unreadable, $young, $written);
my %kept = map { $_ => 1 } @kept;
my @expired = grep { !$kept{$_} } sort +(ids(@early, @daily));

subtest 'what is kept, and why' => sub {
	is(decision(ids('2025-03-15')), 'daily|keep|daily; among the newest good ones', 'the newest');
	is(decision(ids('2025-02-23')), 'weekly|keep|weekly, made on a Sunday', 'a Sunday');
	is(decision(ids('2025-02-17')), 'weekly|keep|weekly, the first after a missing Sunday', 'after a missing Sunday');
	is(decision(ids('2025-02-02')), 'monthly|keep|monthly, the first after a missing first of the month', 'after a missing first');
	is(decision(ids('2024-03-01')), 'monthly|confirm|monthly, older than 12 months; to be confirmed, as more than half of a kind would go', 'too old');
	like(decision($pinned), qr/\|keep\|pinned$/, 'a pinned one');
	like(decision($unreadable), qr/\|keep\|its verification failed; not superseded for long$/, 'an unreadable one');
	like(decision($damaged), qr/^\|keep\|its verification failed; not superseded for long$/, 'a damaged one has no role');
	like(decision(ids('2025-03-10')), qr/^weekly\|keep\|/, 'the first good one after it has it');
	like(decision($young), qr/\|keep\|unfinished, written to a short while ago$/, 'one that was just left unfinished');
	like(decision($old), qr/\|delete\|unfinished, not written to for a while$/, 'one that was left unfinished long ago');
	like(decision($written), qr/\|keep\|being written$/, 'one that somebody is writing');
};

subtest 'a dry run' => sub {
	my $before = repository();

	is(join(' ', cleaned('dry_run => true, confirm => true')), join(' ', sort @expired, $old), 'says what would go');
	is(scalar(rows('SELECT * FROM erpgo_backup_retention()')), @early + @daily + 3, 'each backup has a decision');
	$server->cli_ok('expire', '--dry-run', '--confirm');
	is(repository(), $before, 'and nothing changes');
	is($server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'delete'"), 0, 'nor has the audit anything');
};

subtest 'more than half' => sub {
	my ($exit_code, $out, $err) = $server->try_sql("SELECT id FROM erpgo_backup_cleanup() WHERE decision = 'confirm'");

	is($exit_code, 0, 'stops without an error');
	is($out, join("\n", @expired), 'and names what waits');
	like($err, qr/WARNING: .* before that is confirmed.*\n.*HINT: .*confirm => true/, 'with a warning, and what to do');
	is(present(), join(' ', sort @kept, @expired), 'only what was unfinished is gone');
	($exit_code, $out, $err) = $server->cli('expire');
	is($exit_code, 1, 'the command line says so by its exit code');
	like($err, qr/--confirm/, 'and what to do');
	is(present(), join(' ', sort @kept, @expired), 'and leaves them, too');
};

subtest 'confirmed' => sub {
	is(join(' ', cleaned('confirm => true')), join(' ', @expired), 'everything goes that is to go');
	is(present(), join(' ', @kept), 'and nothing else');
	is($server->sql("SELECT count(*) FROM erpgo_backup_history WHERE status = 'deleted' AND type = 'schema' AND id < '2026'"),
		scalar(@expired), 'history knows');
	is($server->sql("SELECT role, outcome, type, size > 0, detail ->> 'role', retention FROM erpgo_backup_audit
		WHERE action = 'delete' AND object = '" . (ids('2024-03-01'))[0] . "'"),
		$server->sql('SELECT current_user') . '|ok|schema|t|monthly|monthly, older than 12 months', 'the audit has the rule');
	is($server->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'delete'"), @expired + 1, 'a row for each');
	is(scalar(cleaned('')), 0, 'a second time there is nothing to do');
	my ($exit_code, $out, $err) = $server->cli('verify', '--all');
	is($exit_code, 3, 'the damaged ones are damaged');
	is(scalar(() = $out =~ /: ok \(/g), @kept - 4, 'all others are good');
};

subtest 'a day later' => sub {
	my ($good) = ids('2025-03-15');
	my ($newest) = backdate($server, $good, morning('2025-03-16'));

	is(join(' ', cleaned('')), join(' ', ids('2025-03-08')), 'one goes');
	is($server->sql("SELECT count(*) FROM erpgo_backup_cleanup(dry_run => true)"), 0, 'and no other');

	# Failing backups make nothing older.
	my $failed = backdate($server, $good, morning('2025-04-20'));
	damage($server->backup_folder($failed) . '/databases.json.zst', 'cut');
	my ($exit_code) = $server->cli('verify', $failed, '--record');
	is($exit_code, 3, 'a later one is damaged');
	is(scalar(cleaned('')), 0, 'it pushes no good one out');
	like(decision($newest), qr/among the newest good ones/, 'and does not count');
};

subtest 'settings' => sub {
	my ($exit_code, $out, $err) = $server->try_sql("ALTER SYSTEM SET erpgo_backup.retention_timezone = 'Mars/Phobos'");
	isnt($exit_code, 0, 'an unknown time zone is refused');
	($exit_code, $out, $err) = $server->cli('expire', '--dry-run', '--timezone', 'Mars/Phobos');
	is($exit_code, 2, 'by the command line, too');
	like($err, qr/"Mars\/Phobos"/, 'and named');
	foreach my $bad (['--keep-daily', 'x'], ['--minimum', '0'], ['--keep-weekly', '-1'], ['--keep-monthly', '9999'], ['latest'])
	{
		($exit_code, $out, $err) = $server->cli('expire', '--dry-run', @$bad);
		is($exit_code, 2, "@$bad is refused");
	}
	# Far in the east it was Sunday already.
	my ($good) = ids('2025-03-15');
	my $evening = backdate($server, $good, morning('2025-03-15') + 12 * 3600);
	$server->set('erpgo_backup.retention_timezone' => 'asia/TOKYO');
	like(decision($evening), qr/^weekly\|/, 'days begin where the time zone says');
	like($server->cli_ok('expire', '--dry-run', '--timezone', 'Asia/Tokyo'), qr/\Q$evening\E +weekly/, 'by the command line, too');
	like($server->cli_ok('expire', '--dry-run'), qr/\Q$evening\E +daily/, 'UTC is the default');
	$server->sql('ALTER SYSTEM RESET erpgo_backup.retention_timezone; SELECT pg_reload_conf()');
	like($server->cli_ok('expire', '--dry-run', '--json', '--keep-daily', '0', '--keep-weekly', '0', '--keep-monthly', '0', '--minimum', '1'),
		qr/"decision": "confirm"/, 'the policy can be given');
};

subtest 'by itself after a backup' => sub {
	my $id = $server->run_backup(type => 'data', databases => ['postgres']);

	$server->sql('SELECT * FROM erpgo_backup_cleanup()');
	my @copies = map { backdate($server, $id, $now - $_ * $DAY) } 30, 3, 2, 1;

	$server->set(
		'erpgo_backup.retention_weekly_weeks' => 0,
		'erpgo_backup.retention_monthly_months' => 0);
	$server->run_backup(type => 'data', databases => ['postgres']);
	wait_for('the clean-up', sub { !-e $server->backup_folder($copies[0]) });
	wait_for('the audit', sub {
			$server->sql("SELECT role IS NULL, retention FROM erpgo_backup_audit WHERE action = 'delete' AND object = '$copies[0]'")
			  eq 't|daily, older than 7 days';
		});
	ok(-e $server->backup_folder($_), 'what is younger stays') foreach @copies[1 .. 3];

	# What was made of other databases holds no place here.
	my $other = $server->run_backup(type => 'data');
	is(decision($other), 'daily|keep|daily; among the newest good ones', 'a good one of all databases');
};

subtest 'a server that is not enabled' => sub {
	my $before = repository();

	$server->set('erpgo_backup.enabled' => 'off');
	my ($exit_code, $out, $err) = $server->try_sql('SELECT * FROM erpgo_backup_cleanup()');
	isnt($exit_code, 0, 'cleans nothing up');
	cmp_ok($server->sql('SELECT count(*) FROM erpgo_backup_retention()'), '>', 0, 'but can say what it would do');
	is(repository(), $before, 'nothing changes');
	$server->set('erpgo_backup.enabled' => 'on');
};

subtest 'a wrong key' => sub {
	my $locked = ErpgoBackup->new('locked', encrypted => 1);
	$locked->run_backup(databases => ['postgres']);
	$locked->sql('SELECT * FROM erpgo_backup_cleanup()');
	make_unfinished($locked, '20250301T000001Z-schema', dead_process(), 25);
	my @before = file_names($locked->folder);
	$locked->write_secrets("BACKUP_ENCRYPTION_KEY=another key of 32 bytes or more\n");
	my ($exit_code, $out, $err) = $locked->try_sql('SELECT * FROM erpgo_backup_cleanup()');
	isnt($exit_code, 0, 'is an error');
	like($err, qr/key/, 'that says so');
	($exit_code, $out, $err) = $locked->cli('expire');
	is($exit_code, 1, 'by the command line, too');
	is_deeply([ file_names($locked->folder) ], \@before, 'and nothing is deleted');
	$locked->log_is_clean(qr/key/);
};

subtest 'privileges' => sub {
	$server->sql('CREATE ROLE monitor IN ROLE pg_monitor; CREATE ROLE nobody');
	cmp_ok($server->sql('SET ROLE monitor; SELECT count(*) FROM erpgo_backup_retention()'), '>', 0, 'monitoring may look');
	my ($exit_code) = $server->try_sql('SET ROLE monitor; SELECT * FROM erpgo_backup_cleanup()');
	isnt($exit_code, 0, 'but not clean up');
	($exit_code) = $server->try_sql('SET ROLE nobody; SELECT * FROM erpgo_backup_retention()');
	isnt($exit_code, 0, 'others may not even look');
	ok($server->sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT count(*) > 0 FROM erpgo_backup_retention(); COMMIT") =~ /t/,
		'an old snapshot is no obstacle');
};

$server->log_is_clean(qr/erpgo_backup|ALTER SYSTEM|Mars|retention_timezone|permission denied|does not match its SHA-256/);
done_testing();
