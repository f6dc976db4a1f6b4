# The check names WAL that is missing from the archive.
use strict;
use warnings;
use ErpgoArchive qw(command switch_wal archived);
use ErpgoBackup;
use Test::More;

my $source = ErpgoBackup->new('source',
	settings => { archive_mode => 'on', wal_level => 'replica', max_wal_senders => 4 });
$source->set('archive_command' => command($source, 'wal-push', '%p'));
$source->sql('CREATE TABLE ledger (n int)');
$source->sql(q{SELECT erpgo_backup_run('physical')});
my @segments = map { switch_wal($source, "INSERT INTO ledger VALUES ($_)") } 1 .. 4;

like($source->cli_ok('check'), qr/all WAL from the newest physical backup up to/,
	'an archive without a hole is said to have all WAL');

my ($missing) = archived($source, $segments[1]);
unlink($source->folder . "/$missing") or die "could not remove \"$missing\": $!";

like($source->cli_ok('check'), qr/WAL from "$segments[1]" to "$segments[1]" is missing/,
	'a segment that is missing is named');
like($source->sql('SELECT status, message FROM erpgo_backup_check()'),
	qr/warning\|WAL from "$segments[1]"/, 'SQL says so, too');

$source->log_is_clean;
done_testing();
