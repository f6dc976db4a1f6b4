# Who looks at the status, alerts or metrics learns that WAL is not archived,
# and how much would be lost.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal);
use ErpgoBackup qw(wait_for);
use Test::More;

my $server = ErpgoBackup->new('source',
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica' });
my $wal = $server->folder . '/main/wal';

# The row of a check: "status|value".
sub status
{
	my ($check) = @_;

	return $server->sql(qq{SELECT status, value FROM erpgo_backup_status WHERE "check" = '$check'});
}

# The value of a sample; empty if there is none.
sub metric
{
	my ($name) = @_;

	return $server->sql('SELECT erpgo_backup_metrics()') =~ /^\Q$name\E (\S+)$/m ? $1 : '';
}

# Makes what waits to be archived so many seconds older, and has alerts look.
sub make_older
{
	my ($seconds) = @_;
	my @ready = glob($server->node->data_dir . '/pg_wal/archive_status/*.ready');

	is(utime(time() - $seconds, time() - $seconds, @ready), scalar(@ready), 'what waits is made older');
	$server->node->reload;
	return;
}

# The alert that is firing: "severity|title"; empty if none is.
sub firing
{
	return $server->sql(q{SELECT severity, title FROM erpgo_backup_alerts WHERE state = 'firing' AND kind = 'wal_archiving_behind'});
}

subtest 'before anything is archived' => sub {
	is(status('data at risk'), 'unknown|everything', 'everything would be lost');
	is(metric('erpgo_backup_recovery_point_timestamp_seconds'), '', 'there is no point that could be recovered to');
	is(metric('erpgo_backup_wal_last_archived_timestamp_seconds'), 0, 'nothing was archived');
};

subtest 'an archive that follows' => sub {
	switch_wal($server, 'CREATE TABLE ledger (n int)');
	wait_for('nothing to archive', sub { status('WAL archiving') eq 'ok|0 waiting' });
	like(status('data at risk'), qr/^ok\|[\d.]+ s, since WAL was archived/, 'hardly anything would be lost');
	# The server writes by itself, too.
	wait_for('a moment at which nothing would be lost', sub {
		switch_wal($server);
		return status('data at risk') eq 'ok|0.0 s, since WAL was archived';
	});
	cmp_ok(metric('erpgo_backup_recovery_point_timestamp_seconds'), '>', time() - 60, 'metrics say when that was');
	cmp_ok(metric('erpgo_backup_wal_archived_files_total'), '>=', 1, 'files were archived');
	is(metric('erpgo_backup_wal_ready_files'), 0, 'none waits');
	is(metric('erpgo_backup_wal_ready_since_timestamp_seconds'), '', 'since never');
	$server->sql('INSERT INTO ledger VALUES (1)');
	wait_for('what was written to be at risk', sub { status('data at risk') =~ /^ok\|(?:[1-9]|0[.][1-9])/ });
	is(firing(), '', 'no alert is firing');
};

subtest 'an archive that cannot be written' => sub {
	rename($wal, "$wal.away") or die "rename: $!";
	ErpgoBackup::write_file($wal, '');
	$server->sql('SELECT pg_switch_wal()');
	wait_for('a failure', sub { status('WAL archiving') =~ /^warning\|1 waiting for .*, failing$/ });
	make_older(600);
	wait_for('the alert', sub { firing() eq 'warning|WAL archiving behind' });
	like($server->sql(q{SELECT message FROM erpgo_backup_alerts WHERE state = 'firing'}),
		qr/^Files of WAL wait to be archived: 1, the oldest one since .* File "[0-9A-F]{24}" could not be archived/,
		'it says since when, and which file fails');
	like(status('WAL archiving'), qr/^warning\|1 waiting for 10 min/, 'so does the status');
	is(metric('erpgo_backup_wal_ready_files'), 1, 'one file waits');
	cmp_ok(metric('erpgo_backup_wal_ready_since_timestamp_seconds'), '<', time() - 590, 'for long');
	cmp_ok(metric('erpgo_backup_wal_archive_failures_total'), '>', 0, 'failures are counted');
	make_older(7200);
	wait_for('more than that', sub { firing() eq 'critical|WAL is not archived' });
	like(status('WAL archiving'), qr/^critical\|1 waiting for 2 h/, 'the status is critical too');
};

subtest 'an archive that can be written again' => sub {
	unlink($wal) or die "unlink: $!";
	rename("$wal.away", $wal) or die "rename: $!";
	switch_wal($server, 'INSERT INTO ledger VALUES (2)');
	wait_for('nothing to archive', sub { status('WAL archiving') eq 'ok|0 waiting' });
	$server->node->reload;
	wait_for('the end of the alert', sub { firing() eq '' });
	like(status('data at risk'), qr/^ok\|[\d.]+ s, since WAL was archived/, 'hardly anything would be lost');
};

$server->log_is_clean(qr/archiv|alert|"\S*main\/wal/);
done_testing();
