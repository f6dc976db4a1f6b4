# A network that is cut for a while, and a server that is not itself: nothing is
# lost, work goes on when it is back, and nothing is left over.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use ErpgoNetwork;
use ErpgoS3;
use IPC::Run ();
use Test::More;
use Time::HiRes 'time';

# The long form cuts for a minute, longer than the timeout and some retries,
# and cuts a real network, where it may make one.
my $CUT_S = $ENV{ERPGO_BACKUP_TEST_LONG} ? 60 : 6;
my $refusal;
BEGIN { $refusal = $ENV{ERPGO_BACKUP_TEST_LONG} ? ErpgoNetwork::enter() : 'only in the long form'; }
my $network = defined $refusal ? undef : ErpgoNetwork->new;

note(defined $refusal ? "a proxy that does nothing stands for a cut network: $refusal" : 'a network is cut');
my $basedir = PostgreSQL::Test::Utils::tempdir_short();
my $s3 = ErpgoS3->new("$basedir/s3", 'ceph', $network);
plan skip_all => 'SKIPPED: cuts of the network were not tested: radosgw is missing' if !$s3;

my $proxy = $s3->start_proxy;
my $server = ErpgoBackup->new('cut', encrypted => 1,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		'erpgo_backup.compression' => 'none', 'erpgo_backup.jobs' => 4 });
$server->{url} = $s3->url('cut', port => $proxy, part_size => 5, timeout => 2);
$server->write_secrets("BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
$server->set('erpgo_backup.repository' => $server->url);
$server->sql('CREATE DATABASE erp');
$server->sql("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 30000) i", 'erp');

# Begins or ends a cut.  It is as if each packet got lost where the proxy does
# nothing at all.
sub set_cut
{
	my ($is_cut) = @_;

	return $network ? $network->cut($is_cut) : $s3->pause_proxy($is_cut);
}

# Lets the network be cut when a request was seen.
sub cut
{
	my ($what, $pattern) = @_;

	wait_for($what, sub { return grep { $_ =~ $pattern } $s3->requests });
	set_cut(1);
	my $until = time + $CUT_S;
	wait_for('the end of the cut', sub { return time > $until });
	set_cut(0);
	return;
}

# During a backup: each answer is a little late, so that the cut is within.
$s3->misbehave(delay => 100);
my $id = start_run($server, 'full', '{erp}');
cut('the parts of a dump', qr/^PUT .*erp\.dump.*partNumber/);
is(wait_run($server, $id), 'ok', "a backup goes on after $CUT_S seconds without network");
$s3->misbehave;
$server->cli_ok('verify', $id, '--depth', 'full');
is($s3->upload_count, 0, 'and leaves no upload');

# While WAL is archived.
my $first = $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
$s3->misbehave(delay => 100);
for my $round (1 .. 6)
{
	$server->sql("SELECT pg_logical_emit_message(false, 't', repeat(md5('$round'), 10000)) FROM generate_series(1, 5)");
	$server->sql('SELECT pg_switch_wal()');
}
my $last = $server->sql("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)");
cut('a segment on its way', qr/^PUT .*\/wal\//);
$s3->misbehave;
wait_for('all segments to be archived', sub { return $server->sql('SELECT last_archived_wal FROM pg_stat_archiver') ge $last });
my @objects = map { m{/([0-9A-F]{24})-} ? $1 : () } $s3->objects('cut/main/wal/');
my %seen;
$seen{$_}++ foreach @objects;
is((grep { $_ > 1 } values %seen), 0, 'no segment is in the archive twice');
my $expected = $server->sql("SELECT count(*) FROM pg_ls_waldir() WHERE name BETWEEN '$first' AND '$last' AND name ~ '^[0-9A-F]{24}\$'");
is(scalar(grep { $_ ge $first && $_ le $last } keys %seen), $expected, 'and none is missing');

# Runs the command line, with a cut when a request of it was seen.
sub runs_with_cut
{
	my ($what, $pattern, @command) = @_;

	$s3->misbehave(delay => 100);
	my $run = IPC::Run::start([ 'erpgo_backup', '--repository', $server->url, '--secrets-file', $server->{secrets}, @command ],
		'<', \undef, '>', \my $out, '2>', \my $err);
	cut($what, $pattern);
	ok($run->finish, "$command[0] goes on after the cut") or diag($err);
	$s3->misbehave;
	return;
}

# While it is read: the ranges that were on their way are asked for again.
runs_with_cut('ranges of a dump', qr/^GET .*erp\.dump.* bytes=[1-9]/, 'restore', $id, '--database', 'erp', '--dbname', $server->conninfo('copy'),
	'--create');
ok($server->contents('copy') eq $server->contents('erp'), 'what was restored equals the source');

# While it is copied, from the bucket and to it.
my $copy = $s3->url('copy', port => $proxy, part_size => 5, timeout => 2);
runs_with_cut('parts of the copy', qr{^PUT \S*/copy/.*partNumber}, 'copy', $id, '--to', $copy);
{
	local $server->{url} = $copy;
	$server->cli_ok('verify', $id, '--depth', 'full');
}

# An object that is gone in the middle of reading it.
$s3->misbehave(match => '^GET .*erp\.dump', fault => 'status', status => 404, code => 'NoSuchKey', skip => 2);
my ($code, $cli_out, $cli_err) = $server->cli('verify', $id);
isnt($code, 0, 'an object that vanishes while it is read is no good backup');
like("$cli_out$cli_err", qr/erp\.dump.*(?:404 \(NoSuchKey\)|missing)/, 'and is named');

# Credentials that expire within a backup, for all parts on their way.
$s3->misbehave(match => '^PUT .*partNumber', fault => 'status', status => 400, code => 'ExpiredToken');
($code, undef, $cli_err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
like($cli_err, qr/status 400 \(ExpiredToken\)/, 'credentials that expire within a backup end it, saying so');
$s3->misbehave;
wait_for('the clean-up', sub { return $s3->upload_count == 0 });

# A listing that is late does not show a segment that is there: then it is
# stored once more, which does no harm, for it has the same content.
my $status = $server->node->data_dir . "/pg_wal/archive_status/$last";
wait_for('the note of the server', sub { return -e "$status.done" });
$s3->misbehave(match => '^GET .*list-type.*wal', fault => 'late', count => 1);
rename("$status.done", "$status.ready") or die "rename: $!";
$server->sql('SELECT pg_switch_wal() FROM (SELECT pg_logical_emit_message(false, \'t\', \'x\')) AS message');
wait_for('the segment to be archived again', sub { return -e "$status.done" });
cmp_ok(scalar(grep { / late$/ } $s3->requests), '>', 0, 'a listing was late');
my %contents = map { m{/\Q$last\E-([0-9a-f]+)-} ? ($1 => 1) : () } $s3->objects('cut/main/wal/');
is(scalar(keys %contents), 1, 'the archive has one content of the segment');
$server->cli_ok('wal-get', $last, "$basedir/segment");
ok(ErpgoBackup::read_file("$basedir/segment") eq ErpgoBackup::read_file($server->node->data_dir . "/pg_wal/$last"), 'and gives it');

# What is in the bucket belongs to the backups that are listed.
my %listed = map { m{^(\S+)\s.*\bok\b} ? ($1 => 1) : () } split /\n/, $server->cli_ok('list');
my @names = ($s3->objects('cut/'), $s3->objects('copy/'));
is(join(' ', grep { m{/backup/([^/]+)/} && !$listed{$1} } @names), '', 'no object is left of a backup that is none');
is(join(' ', grep { m{/\.claim/} } @names), '', 'and no claim');
is($s3->upload_count, 0, 'and no upload');

$server->log_is_clean(qr/Timeout was reached|ExpiredToken|could not (?:store|archive|list|read)|connection to client lost|archiving write-ahead log file .* failed/);
done_testing();
