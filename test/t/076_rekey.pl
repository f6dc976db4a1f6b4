# Who can open the encryption keys is changed, and where the key comes from.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal);
use ErpgoBackup qw(wait_for read_file write_file file_names);
use ErpgoKeys qw(private_file);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Utils ();
use Test::More;

my $OLD = 'Topsecret old passphrase';
my $NEW = 'ab' x 32;
my $FURTHER = 'cd' x 32;
my $SECRET = qr/Topsecret|(?:ab){32}|(?:cd){32}/;

$ErpgoBackup::MASTER_KEY = $OLD;
my $server = ErpgoBackup->new('main', encrypted => 1,
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		log_min_messages => 'debug5' });
my $directory = PostgreSQL::Test::Utils::tempdir();

my %secrets = (
	old => private_file("$directory/old", "BACKUP_ENCRYPTION_KEY=$OLD\n"),
	new => private_file("$directory/new", "BACKUP_ENCRYPTION_KEY=$NEW\n"),
	further => private_file("$directory/further", "BACKUP_ENCRYPTION_KEY=$FURTHER\n"),
	none => private_file("$directory/none", ''));
my $new_key = private_file("$directory/new.key", "$NEW\n");
my $further_key = private_file("$directory/further.key", "$FURTHER\n");

my $keys = ErpgoKeys->new($server, \%secrets, $SECRET);

$server->sql('CREATE TABLE ledger (n int)');
switch_wal($server, 'INSERT INTO ledger VALUES (1)');
my $first = $server->run_backup(databases => ['postgres']);

subtest 'another key, and the end of the old one' => sub {
	like($keys->succeeds('old', 'rekey', '--new-key-file', $new_key, '--retire', '--dry-run'),
		qr/^added .*^removed .*^nothing was changed/ms, 'a dry run tells the steps');
	is(scalar(@{ decode_json($keys->succeeds('old', 'keys', '--json')) }), 1, 'and changes nothing');
	$keys->succeeds('old', 'rekey', '--new-key-file', $new_key, '--label', 'the vault');
	my $listed = decode_json($keys->succeeds('new', 'keys', '--json'));
	is_deeply([ sort map { join(' ', $_->{kind}, $_->{opened} ? 'yes' : 'no', $_->{label} // '-') } @$listed ],
		[ 'passphrase no -', 'random key yes the vault' ], 'each key is listed with what it opens');
	$keys->succeeds($_, 'verify', $first) foreach ('old', 'new');

	$server->write_secrets("BACKUP_ENCRYPTION_KEY=$NEW\n");
	$keys->succeeds('old', 'rekey', '--new-key-file', $new_key, '--retire');
	$keys->fails(qr/does not open the keys/, 'old', 'verify', $first);
	$keys->succeeds('new', 'verify', $first, '--depth', 'full');
	switch_wal($server, 'INSERT INTO ledger VALUES (2)');
	pass('an archiver that knew only the old key goes on with the new one');
	$server->run_backup(databases => ['postgres']);
	$server->cli_ok('verify', '--all');
	like($server->sql('SELECT * FROM erpgo_backup_check()'),
		qr/^key_location\|warning\|the only encryption key is on the same file system/m, 'the check warns of a single key beside the data');
};

subtest 'several keys, and a new cluster key' => sub {
	my $before = decode_json($keys->succeeds('new', 'keys', '--json'));

	$keys->succeeds('new', 'rekey', '--add-recipient', '--new-key-file', $further_key, '--new-cluster-key');
	$keys->succeeds($_, 'verify', '--all') foreach ('new', 'further');
	like($keys->succeeds('further', 'check'), qr/2 encryption keys open new backups/, 'the check counts them');
	like($server->sql('SELECT * FROM erpgo_backup_check()'), qr/^key_location\|ok\|there is another encryption key/m,
		'and is content with two');
	my $listed = decode_json($keys->succeeds('further', 'keys', '--json'));
	is(scalar(grep { $_->{cluster_key} eq $before->[0]{cluster_key} } @$listed), 2, 'both open the older cluster key');
	is(scalar(grep { $_->{cluster_key} ne $before->[0]{cluster_key} } @$listed), 2, 'and the new one');
	my $id = $server->run_backup(databases => ['postgres']);
	isnt(decode_json($server->cli_ok('show', $id, '--json'))->{key_id}, $before->[0]{cluster_key}, 'which backups use');
	switch_wal($server, 'INSERT INTO ledger VALUES (3)');
	foreach my $key (grep { !$_->{opened} } @{ decode_json($keys->succeeds('new', 'keys', '--json')) })
	{
		$keys->succeeds('new', 'rekey', '--remove-recipient', $key->{wrapping});
	}
	my ($exit_code, $out) = $keys->run('further', 'verify', '--all');
	isnt($exit_code, 0, 'a recipient that was removed opens nothing');
	my ($last) = map { $_->{wrapping} } @{ decode_json($keys->succeeds('new', 'keys', '--json')) };
	$keys->fails(qr/opens no other one/, 'new', 'rekey', '--remove-recipient', $last);
};

subtest 'what makes no sense is refused' => sub {
	$keys->fails(qr/no new encryption key/, 'new', 'rekey');
	$keys->fails(qr/is the one that is in use/, 'new', 'rekey', '--new-key-file', $new_key);
	$keys->fails(qr/does not open the keys/, 'old', 'rekey', '--new-key-file', $new_key);
	$keys->fails(qr/keeps the present key/, 'new', 'rekey', '--add-recipient', '--retire', '--new-key-file', $further_key);
	chmod(0644, $further_key);
	$keys->fails(qr/open to others/, 'new', 'rekey', '--new-key-file', $further_key);
	chmod(0600, $further_key);
};

subtest 'a command prints the key' => sub {
	$server->write_secrets('');
	$server->set('erpgo_backup.encryption_key_command' => "cat '$new_key'");
	my $id = $server->run_backup(databases => ['postgres']);
	$keys->succeeds('none', '--encryption-key-command', "cat '$new_key'", 'verify', $id);
	switch_wal($server, 'INSERT INTO ledger VALUES (4)');
	like($server->sql('SELECT * FROM erpgo_backup_check()'), qr/^secrets\|ok\|a command prints/m, 'the check knows it');

	$server->set('erpgo_backup.encryption_key_command' => "cat '$new_key'; echo 'the vault is sealed' >&2; exit 7");
	my ($exit_code, $out, $err) = $server->try_sql(q{SELECT erpgo_backup_run('full', '{postgres}')});
	isnt($exit_code, 0, 'a command that fails fails the backup');
	like($err, qr/the command exited with code 7: the vault is sealed/, 'and why');
	unlike($err, $SECRET, 'without what it printed');
	$server->sql('CREATE ROLE somebody');
	($exit_code, $out, $err) = $server->try_sql('SET ROLE somebody; SHOW erpgo_backup.encryption_key_command');
	isnt($exit_code, 0, 'the setting is for superusers only');
	$server->set('erpgo_backup.encryption_key_command' => "cat '$new_key'");
};

subtest 'killed at any step, one of the keys still opens everything' => sub {
	plan skip_all => 'strace is not installed' if system('strace -V >/dev/null 2>&1') != 0;
	my $calls = 'fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat';
	my ($killed, $finished) = (0, 0);

	for (my $when = 1; $when <= 50 && !$finished; $when++)
	{
		my ($exit_code) = ErpgoBackup::run_program('strace', '-f', '-qq', '-o', '/dev/null', '-e', "trace=$calls",
			'-e', "inject=$calls:signal=KILL:when=$when", 'erpgo_backup', '--repository', $server->url,
			'--secrets-file', $secrets{new}, 'rekey', '--new-key-file', $further_key, '--retire');

		$finished = $exit_code == 0;
		$killed++ if !$finished;
		my ($new) = ErpgoBackup::run_program('erpgo_backup', '--repository', $server->url, '--secrets-file', $secrets{new}, 'verify', '--all', '--depth', 'digest');
		my ($further) = ErpgoBackup::run_program('erpgo_backup', '--repository', $server->url, '--secrets-file', $secrets{further}, 'verify', '--all', '--depth', 'digest');
		ok($new == 0 || $further == 0, "step $when: everything is opened");
		last if $new != 0 && !$finished;
	}
	ok($killed > 3, "killed at $killed steps");
	$keys->succeeds('further', 'verify', '--all') if $finished;
};

unlike(read_file($server->node->logfile), $SECRET, 'no key in the log at DEBUG5');
foreach my $name (file_names($server->folder))
{
	unlike(read_file($server->folder . "/$name"), $SECRET, "no key in $name");
}
$server->log_is_clean(qr/erpgo_backup_run|does not open the keys|could not get the encryption key|permission denied|encryption_key_command|could not archive/);
done_testing();
