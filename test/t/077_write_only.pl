# A server that can write backups, and not read them.
use strict;
use warnings;
use ErpgoArchive qw(switch_wal archived);
use ErpgoBackup qw(wait_for damage read_file write_file file_names);
use ErpgoKeys qw(private_file make_pair);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $elsewhere = PostgreSQL::Test::Utils::tempdir();

my ($private, $public) = make_pair($elsewhere, 'right');
my ($wrong) = make_pair($elsewhere, 'wrong');
my %secrets = (right => "BACKUP_PRIVATE_KEY_FILE=$private\n", wrong => "BACKUP_PRIVATE_KEY_FILE=$wrong\n", no => '');
my %files = map { ($_ => private_file("$elsewhere/$_.secrets", $secrets{$_})) } keys %secrets;

my $server = ErpgoBackup->new('main',
	settings => { archive_mode => 'on', archive_library => 'erpgo_backup', wal_level => 'replica',
		log_min_messages => 'debug5', 'erpgo_backup.encryption_public_key' => $public });
my $data = $server->node->data_dir;

# The command line somewhere that has this private key.
my $keys = ErpgoKeys->new($server, \%files);

$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i, md5(i::text) AS m FROM generate_series(1, 1000) i', 'erp');
$server->sql('CREATE TABLE ledger (n int)');
my $logical = $server->run_backup(databases => ['erp']);
my $physical = $server->sql("SELECT erpgo_backup_run('physical')");
switch_wal($server, 'INSERT INTO ledger VALUES (1)');
my $segment = switch_wal($server, 'INSERT INTO ledger VALUES (2)');

subtest 'the server can write, look after, and not read' => sub {
	is($server->sql("SELECT string_agg(DISTINCT status, ' ') FROM erpgo_backup_history WHERE type IN ('full', 'physical')"),
		'ok', 'backups were verified before they counted');
	$server->sql("SELECT erpgo_backup_verify('$_', 'digest')") foreach ($logical, $physical);
	foreach my $depth ('archive', 'full')
	{
		my ($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_verify('$logical', '$depth')");

		isnt($exit_code, 0, "depth \"$depth\" fails");
		like($err, qr/cannot read backup "\Q$logical\E" without the private key.*BACKUP_PRIVATE_KEY_FILE/s, 'and says what it takes');
	}
	$server->sql("SELECT erpgo_backup_pin('$logical', 'a reason'), erpgo_backup_sync()");
	is($server->sql("SELECT pinned FROM erpgo_backup_list() WHERE id = '$logical'"), 't', 'it can pin');
	$server->sql('SELECT * FROM erpgo_backup_cleanup()');
	is((stat("$data/erpgo_backup.signing_key"))[2] & 07777, 0600, 'its signing key is its own');
	my $signing_key = substr(read_file("$data/erpgo_backup.signing_key"), 0, 64);
	unlike(read_file($server->node->logfile), qr/$signing_key/, 'and in no log');
	$keys->fails(qr/without the private key/, 'no', 'restore', $logical, '--database', 'erp', '--to-file', "$elsewhere/x");
	$keys->fails(qr/without the private key/, 'no', 'wal-get', $segment, "$elsewhere/segment");
	$keys->fails(qr/without the private key/, 'no', 'verify', $logical, '--depth', 'full');
	$keys->succeeds('no', 'verify', '--all', '--depth', 'digest');
	$keys->fails(qr/is not the one that backups were encrypted for/, 'wrong', 'verify', $logical, '--depth', 'full');
	$keys->fails(qr/is not the one that backups were encrypted for/, 'wrong', 'wal-get', $segment, "$elsewhere/segment");
};

subtest 'the check says what that means' => sub {
	my ($signer) = map { decode_json(read_file($_))->{signer} } glob($server->folder . '/main/seal/*.json');
	my $findings = $server->sql('SELECT * FROM erpgo_backup_check()');

	like($findings, qr/^write_only\|ok\|the server with the signing key $signer writes for the private key [0-9a-f]{64}/m, 'who signs, and for whom');
	like($findings, qr/^encryption\|ok\|backups are encrypted for the holder of a private key/m, 'backups are encrypted');
	unlike($findings, qr/^key_location/m, 'no key is beside the data');
	unlike($findings, qr/\|error\|/, 'nothing is wrong');
	foreach my $case ([ 'right', 1 ], [ 'wrong', 0 ])
	{
		my ($listed) = @{ decode_json($keys->succeeds($case->[0], 'keys', '--json')) };

		is($listed->{kind}, 'private key', 'the private key is listed');
		is($listed->{opened} ? 1 : 0, $case->[1], "with whether the $case->[0] one opens it");
	}
};

subtest 'the holder of the private key reads everything' => sub {
	$keys->succeeds('right', 'verify', '--all', '--depth', 'full');
	my $target = ErpgoBackup->new('target', preload => 0, extension => 0);
	$keys->succeeds('right', 'restore', $logical, '--database', 'erp', '--create', '--dbname', $target->conninfo('erp'));
	is($target->sql('SELECT count(*) FROM t', 'erp'), '1000', 'a database is restored');

	my $copy = PostgreSQL::Test::Cluster->new('copy');
	$keys->succeeds('right', 'restore', $physical, '--pgdata', $copy->data_dir, '--to', 'latest');
	is(read_file($copy->data_dir . '/erpgo_backup.signing_key'), read_file("$data/erpgo_backup.signing_key"),
		'a restored server goes on with the signing key');
	$copy->append_conf('postgresql.conf', join("\n", 'port = ' . $copy->port,
		"unix_socket_directories = '" . $copy->host . "'", "shared_preload_libraries = ''", 'archive_mode = off'));
	$copy->start;
	$copy->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'no end of recovery';
	is($copy->safe_psql('postgres', 'SELECT string_agg(n::text, \' \' ORDER BY n) FROM ledger'), '1 2', 'the cluster is, with its WAL');
	$copy->stop;
};

subtest 'openssl alone reads it' => sub {
	my $script = $keys->succeeds('no', 'show', $logical, '--break-glass');
	my $target = ErpgoBackup->new('glass', preload => 0, extension => 0);

	write_file("$elsewhere/script", $script);
	my @run = ('env', "PATH=$ENV{PATH}", 'PGHOST=' . $target->node->host, 'PGPORT=' . $target->node->port, 'bash', "$elsewhere/script");
	my ($exit_code, $out, $err) = ErpgoBackup::run_program('env', "PRIVATE_KEY_FILE=$wrong", @run);
	isnt($exit_code, 0, 'a wrong private key is refused');
	like($err, qr/does not open this backup/, 'and why');
	($exit_code, $out, $err) = ErpgoBackup::run_program('env', "PRIVATE_KEY_FILE=$private", @run);
	is($exit_code, 0, 'the commands succeed') or diag($out, $err);
	is($target->sql('SELECT count(*) FROM t', 'erp'), '1000', 'and restore');

	my ($object) = archived($server, $segment);
	my $command = "o='" . $server->folder . "/$object'; head -c 384 \"\$o\" | openssl pkeyutl -decrypt -inkey $private"
	  . " -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 > $elsewhere/wal.key;"
	  . " tail -c +385 \"\$o\" | openssl enc -d -aes-256-ctr -pbkdf2 -iter 1 -md sha256 -pass file:$elsewhere/wal.key | zstd -dcq | wc -c";
	($exit_code, $out, $err) = ErpgoBackup::run_program('bash', '-c', $command);
	is($out + 0, 16 * 1024 * 1024, 'a segment of WAL, too') or diag($err);
};

subtest 'damage is found' => sub {
	my $manifest = $server->backup_folder($logical) . '/manifest.json';
	my $content = read_file($manifest);
	my ($seal) = glob($server->folder . '/main/seal/*.json');

	foreach my $what ('"ed25519": "', '"wrapped": "', '"signer": "', '"finished_at": "2')
	{
		my $at = index($content, $what) + length($what);

		damage($manifest, 'flip', $at);
		$keys->fails(qr/manifest ".*" is damaged/, 'no', 'show', $logical);
		write_file($manifest, $content);
	}
	my $record = read_file($seal);
	damage($seal, 'flip', index($record, '"wrapped": "') + 20);
	$keys->fails(qr/object ".*seal.*" is damaged/, 'no', 'show', $logical);
	write_file($seal, $record);
	rename($seal, "$seal.away") or die "rename: $!";
	$keys->fails(qr/names seal ".*", which is not under/, 'no', 'show', $logical);
	rename("$seal.away", $seal) or die "rename: $!";
	my ($object) = archived($server, $segment);
	my $path = $server->folder . "/$object";
	my $bytes = read_file($path);
	damage($path, 'flip', 100);
	$keys->fails(qr/is damaged/, 'right', 'wal-get', $segment, "$elsewhere/segment");
	write_file($path, $bytes);
	$keys->succeeds('right', 'wal-get', $segment, "$elsewhere/segment");
	$keys->succeeds('right', 'verify', $logical, '--depth', 'full');
};

subtest 'whose signatures are trusted can be said' => sub {
	my $signer = decode_json(read_file((glob($server->folder . '/main/seal/*.json'))[0]))->{signer};

	write_file("$elsewhere/right.secrets", $secrets{right} . "BACKUP_TRUSTED_SIGNERS=$signer\n");
	$keys->succeeds('right', 'show', $logical);
	write_file("$elsewhere/right.secrets", $secrets{right} . 'BACKUP_TRUSTED_SIGNERS=' . ('0' x 64) . "\n");
	$keys->fails(qr/signed by "$signer", which is not trusted/, 'right', 'show', $logical);
	write_file("$elsewhere/right.secrets", $secrets{right});
};

subtest 'a server that was interrupted, and one with a new key' => sub {
	my $archiver = $server->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'archiver'");

	kill('KILL', split(' ', `pgrep -P $archiver` || ''));
	# The server is told again that a file that is there already is archived.
	rename("$data/pg_wal/archive_status/$segment.done", "$data/pg_wal/archive_status/$segment.ready");
	switch_wal($server, 'INSERT INTO ledger VALUES (3)');
	is(scalar(archived($server, $segment)), 1, 'a segment that was archived before is recognized');
	my ($other_private, $other_public) = make_pair($elsewhere, 'other');
	$server->set('erpgo_backup.encryption_public_key' => $other_public);
	my $id = $server->run_backup(databases => ['erp']);
	$keys->fails(qr/is not the one that backups were encrypted for/, 'right', 'verify', $id, '--depth', 'full');
	is(scalar(() = glob($server->folder . '/main/seal/*.json')), 2, 'there is a seal for it');
	switch_wal($server, 'INSERT INTO ledger VALUES (4)');
	write_file($other_public, 'no key');
	my ($exit_code, $out, $err) = $server->try_sql(q{SELECT erpgo_backup_run('full', '{erp}')});
	isnt($exit_code, 0, 'what is no public key is refused');
	like($err, qr/does not hold such a key/, 'and why');
};

$server->log_is_clean(qr/erpgo_backup_(?:verify|run)|without the private key|does not hold such a key|could not archive/);
done_testing();
