# Backups are copied to other repositories byte for byte, and read from whichever
# repository has them.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage file_names read_file write_file);
use ErpgoS3;
use File::Path qw(make_path remove_tree);
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = ErpgoBackup->new('main', encrypted => 1, settings => { wal_level => 'replica' });
my $base = $server->node->basedir;
my $first = $server->folder;
my $second = "$base/second";

$server->sql('CREATE TABLE ledger AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n');
my $logical = $server->run_backup;
my $physical = $server->run_backup(type => 'physical');

# The names and bytes of everything below a folder but what says who owns it.
sub tree
{
	my ($folder) = @_;

	return { map { $_ => read_file("$folder/$_") }
		  grep { !m{(?:^|/)owner\.json$} } file_names($folder) };
}

# Runs the command line without any key.
sub cli_without_key
{
	my (@arguments) = @_;

	return ErpgoBackup::run_program('erpgo_backup', '--repository', $server->url, @arguments);
}

subtest 'a copy' => sub {
	my $out = $server->cli_ok('copy', '--all', '--to', "file://$second", '--jobs', '2');

	like($out, qr/^\Q$_\E: copied \(.*\)$/m, "$_ is said to be copied") foreach $logical, $physical;
	is_deeply(tree("$second/main/backup"), tree("$first/main/backup"), 'has the same backups, byte for byte');
	is_deeply(tree("$second/main/key"), tree("$first/main/key"), 'and keys');
	is(read_file("$second/main/cluster.json"), read_file("$first/main/cluster.json"), 'is of the same cluster');
	ok(!-e "$second/main/owner.json", 'and has no owner yet');
	my ($exit_code, $verified) = ErpgoBackup::run_program('erpgo_backup', '--repository', "file://$second",
		'--secrets-file', $server->{secrets}, 'verify', '--all', '--depth', 'full');
	is($exit_code, 0, 'can be verified by itself') or diag($verified);
};

subtest 'copying again' => sub {
	$server->sql("SELECT erpgo_backup_pin('$logical', 'the first copy')");
	my $copied = JSON::PP::decode_json($server->cli_ok('copy', $logical, '--to', "file://$second", '--json'));

	ok($copied->{was_there} && $copied->{authenticated}, 'says that it is there');
	is_deeply(tree("$second/main/backup/$logical"), tree("$first/main/backup/$logical"),
		'brings what became known of the backup');
	$server->cli_ok('verify', $physical, '--record');
	$server->cli_ok('copy', $physical, '--to', "file://$second");
	is(scalar(grep { m{/event/.*-verified} } file_names("$first/main/backup")), 1, 'a verification');
	is(scalar(grep { m{/event/.*-verified} } file_names("$second/main/backup")), 0,
		'is not brought: it looked at other bytes');
};

subtest 'a copy without the key' => sub {
	my ($exit_code, $out, $err) = cli_without_key('copy', 'latest', '--to', "file://$base/third");

	is($exit_code, 0, 'is made');
	like($err, qr/warning: backup "\Q$physical\E" is copied without its key.*cannot be authenticated/,
		'with the warning that its manifest cannot be authenticated');
	is_deeply(tree("$base/third/main/backup/$physical"), tree("$first/main/backup/$physical"), 'and is the same');
};

subtest 'damage in the source' => sub {
	my $manifest = JSON::PP::decode_json(read_file("$first/main/backup/$physical/manifest.json"));
	my ($kept, $object) = map { $_->{name} } @{ $manifest->{objects} }[ 0, -1 ];
	my $path = "$first/main/backup/$physical/$object";
	my $bytes = read_file($path);

	damage($path, 'flip');
	my ($exit_code, $out) = cli_without_key('copy', $physical, '--to', "file://$base/fourth");
	is($exit_code, 3, 'is found');
	like($out, qr/^\Q$physical\E: not copied: object "main\/backup\/\Q$physical\/$object\E" does not match its SHA-256$/m,
		'and named');
	ok(!-e "$base/fourth/main/backup/$physical/$object", 'the object is not copied');
	my ($list_code, $list) = ErpgoBackup::run_program('erpgo_backup', '--repository', "file://$base/fourth", 'list');
	unlike($list, qr/\Q$physical\E/, 'nor is the backup');

	my ($all_code, $all) = cli_without_key('copy', '--all', '--to', "file://$base/fifth", '--json');
	is($all_code, 3, 'of one of all backups');
	is_deeply({ map { $_->{id} => $_->{status} } @{ JSON::PP::decode_json($all) } },
		{ $logical => 'ok', $physical => 'damaged' }, 'does not keep the others back') or diag($all);

	write_file($path, $bytes);
	my $inode = (stat("$base/fourth/main/backup/$physical/$kept"))[1];
	my ($again_code) = cli_without_key('copy', $physical, '--to', "file://$base/fourth");
	is($again_code, 0, 'once it is repaired, the copy goes on');
	is((stat("$base/fourth/main/backup/$physical/$kept"))[1], $inode, 'with what was copied before');
	is_deeply(tree("$base/fourth/main/backup/$physical"), tree("$first/main/backup/$physical"), 'and is whole');
};

$server->log_is_clean;
done_testing();
