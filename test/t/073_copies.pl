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
use Socket;
use Test::More;

my $server = ErpgoBackup->new('main', encrypted => 1, settings => { wal_level => 'replica' });
my $base = $server->node->basedir;
my $first = $server->folder;
my $second = "$base/second";

$server->sql('CREATE TABLE ledger AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n');
my $logical = $server->run_backup;
my $physical = $server->run_backup(type => 'physical');
my $system_identifier = $server->sql('SELECT system_identifier FROM pg_control_system()');

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

subtest 'damage in the copy' => sub {
	my $copy = "$base/third/main/backup/$physical";
	my ($pack) = grep { /^pack-/ } file_names($copy);
	my @target = ('--to', "file://$base/third");
	my ($exit_code, $out, $err);

	damage("$copy/$pack", 'flip');
	is(($server->cli('--repository', "file://$base/third", 'verify', $physical, '--depth', 'full', '--record'))[0], 3, 'is found there');
	is(scalar(grep { m{^event/.*-failed} } file_names($copy)), 1, 'and noted');
	($exit_code, $out) = $server->cli('copy', $physical, @target);
	is("$exit_code $out", "0 $physical: is there\n", 'is not found by a copy that is not to mend');
	($exit_code, $out, $err) = $server->cli('copy', '--all', '--mend', @target);
	is($exit_code, 0, 'but one that is to finds it') or diag($out, $err);
	like($out, qr/^\Q$physical\E: mended$/m, 'and says that it mends it');
	like($err, qr/warning: backup "\Q$physical\E" in repository .* is damaged and is mended: 1 of its objects.*"\Q$pack\E"/, 'and what');
	like($out, qr/^\Q$logical\E: copied/m, 'others are copied as usual');
	is(read_file("$copy/$pack"), read_file("$first/main/backup/$physical/$pack"), 'it is as it was');
	like($server->cli_ok('--repository', "file://$base/third", 'show', $physical, '--json'), qr/"status": "ok"/, 'and counts as good there');
	my $again = JSON::PP::decode_json($server->cli_ok('copy', $physical, '--mend', @target, '--json'));
	ok($again->{was_there} && !$again->{was_mended}, 'once more there is nothing to mend');
	damage("$copy/$pack", 'missing');
	($exit_code, $out) = cli_without_key('copy', $physical, '--mend', @target);
	is("$exit_code $out", "0 $physical: mended\n", 'it needs no key');
	like(($server->cli('copy', '--wal', '--mend', @target))[2], qr/--mend is about backups/, 'WAL is not mended');
};

# Gives the engine a job as the server would; its last message.  With stop, it
# is told to end, as a server that dies does, as soon as that returns true.
sub run_job
{
	my ($job, $stop) = @_;
	my ($in, $last) = ('');
	my %all = (cluster => 'main', secrets_file => $server->{secrets}, nice => 0, jobs => 1,
		server => { system_identifier => $system_identifier, data_directory => $server->node->data_dir,
			version => 150000, user => 'postgres' }, %$job);

	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		close($ours);
		open(STDIN, '<&', $theirs) or die "dup: $!";
		exec('erpgo_backup', 'engine') or die "exec: $!";
	}
	close($theirs);
	syswrite($ours, JSON::PP::encode_json(\%all) . "\n");
	if ($stop)
	{
		wait_for('the moment to end the engine', $stop);
		shutdown($ours, 2);
	}
	else
	{
		$last = JSON::PP::decode_json($_) while ($_ = <$ours>);
	}
	waitpid($pid, 0);
	return $last;
}

subtest 'jobs of the server' => sub {
	my %copy = (job => 'copy', id => $physical, source => $server->url);
	my ($target, $folder);

	is(run_job({ %copy, repository => "file://$base/job", cluster => 'other' })->{error}{sqlstate}, '42704',
		'a cluster that is not there is told');
	# One that is too fast to be ended is made again elsewhere.
	foreach my $try (1 .. 50)
	{
		$target = "$base/job$try";
		$folder = "$target/main/backup/$physical";
		$copy{repository} = "file://$target";
		run_job(\%copy, sub {
			my @objects = -e "$folder/writer.json" ? file_names($folder) : ();
			return @objects > 1 || -e "$folder/manifest.json";
		});
		last unless -e "$folder/manifest.json";
	}
	ok(!-e "$folder/manifest.json", 'a copy that is ended');
	my ($exit_code, $list) = ErpgoBackup::run_program('erpgo_backup', '--repository', "file://$target", 'list');
	unlike($list, qr/\Q$physical\E/, 'is no backup');
	my @kept = grep { $_ ne 'writer.json' } file_names($folder);
	my %inodes = map { $_ => (stat("$folder/$_"))[1] } @kept;
	my $answer = run_job(\%copy);
	is($answer->{result}{depth}, 'digest', 'but goes on') or diag(JSON::PP::encode_json($answer));
	is_deeply({ map { $_ => (stat("$folder/$_"))[1] } @kept }, \%inodes, 'with what is there');
	is_deeply(tree($folder), tree("$first/main/backup/$physical"), 'and is whole then');
	ok(-e "$target/main/owner.json", 'the server owns what it copies to');
	is(run_job({ %copy, job => 'copy_wal' })->{result}{count}, 0, 'there is no WAL yet');
};

# Runs the command line with a list of repositories.
sub with_list
{
	my ($list, @arguments) = @_;

	return ErpgoBackup::run_program('erpgo_backup', '--repository', $list,
		'--secrets-file', $server->{secrets}, @arguments);
}

my $both = "file://$first, file://$second";

subtest 'a first repository that is away' => sub {
	rename($first, "$first.away") or die "rename: $!";
	foreach my $case ([ 'list' ], [ 'show', $logical ], [ 'verify', $logical, '--depth', 'digest' ],
		[ 'restore', $logical, '--database', 'postgres', '--to-file', '-' ])
	{
		my ($exit_code, $out, $err) = with_list($both, @$case);

		is($exit_code, 0, "$case->[0] takes the next one") or diag($err);
		like($err, qr/warning: repository "file:\/\/\Q$first\E" is passed over: .*does not exist/, 'and warns of the first');
	}
	like((with_list($both, 'list'))[1], qr/^Repository: file:\/\/\Q$second\E$/m, 'list says which it is');
	my ($exit_code, $out, $err) = with_list("file://$first, file://$first.none", 'list');
	is($exit_code, 1, 'where all are away');
	like($err, qr/\Q$first.none\E/, 'the last one is told, too');
	rename("$first.away", $first) or die "rename: $!";
};

subtest 'a backup that is damaged in the first repository' => sub {
	my $restored = $server->node->basedir . '/restored';
	my ($pack) = grep { /^pack-/ } file_names("$first/main/backup/$physical");
	my $path = "$first/main/backup/$physical/$pack";
	my $bytes = read_file($path);

	damage($path, 'flip');
	my ($exit_code, $out, $err) = with_list($both, 'restore', $physical, '--pgdata', $restored);
	is($exit_code, 0, 'is restored from the second one') or diag($err);
	like($err, qr/is passed over: object ".*\Q$pack\E" does not match/, 'with a warning what is wrong where');
	ok(-e "$restored/PG_VERSION", 'to where it was asked for');
	($exit_code, $out, $err) = with_list($both, 'verify', $physical);
	is($exit_code, 3, 'verify says that it is damaged');
	write_file($path, $bytes);
};

subtest 'WAL from any repository' => sub {
	my $node = $server->node;
	my $wal = "$base/wal";
	my @segments;

	mkdir($wal) or die "mkdir: $!";
	foreach (1 .. 3)
	{
		push @segments, $server->sql('SELECT pg_walfile_name(pg_current_wal_lsn())');
		$server->sql('SELECT pg_switch_wal() FROM (SELECT txid_current()) AS x');
		my ($exit_code, $out, $err) = with_list("$both?wal=required", 'wal-push', '--pgdata', $node->data_dir,
			$node->data_dir . "/pg_wal/$segments[-1]");
		is($exit_code, 0, 'a segment is archived') or diag($err);
	}
	my $get = sub {
		my ($list, $segment) = @_;

		unlink("$wal/got");
		my ($exit_code, $out, $err) = with_list($list, 'wal-get', '--spool', "$wal/spool", $segment, "$wal/got");
		return ($exit_code, $err, -e "$wal/got" ? length(read_file("$wal/got")) : 0);
	};
	my $next = '0000000100000009000000FF';
	my ($object) = map { "$first/main/wal/$_" } grep { m{/$segments[1]-} } file_names("$first/main/wal");

	damage($object, 'flip');
	my ($exit_code, $err, $size) = $get->($both, $segments[1]);
	is("$exit_code $size", '0 16777216', 'a segment that is damaged in the first comes from the second');
	like($err, qr/warning: file "$segments[1]" is not taken from repository "file:\/\/\Q$first\E": .*is damaged/, 'with a warning');
	unlink($object) or die "unlink: $!";
	is(($get->($both, $segments[1]))[0], 0, 'one that is missing there, too');
	is(($get->($both, $next))[0], 1, 'one that none has is told by 1');

	rename($first, "$first.away") or die "rename: $!";
	is(($get->($both, $segments[2]))[0], 0, 'one is taken from the second where the first is away');
	($exit_code, $err) = $get->($both, $next);
	is($exit_code, 126, 'but that none has it cannot be told then');
	like($err, qr/leave it out of the list/, 'and the way out is');
	is(($get->("file://$second", $next))[0], 1, 'which is right');
	rename("$first.away", $first) or die "rename: $!";
};

subtest 'object storage' => sub {
	my $s3 = ErpgoS3->new("$base/s3") or plan skip_all => 'there is no Ceph here';
	my $secrets = "$base/s3_secrets";

	write_file($secrets, "BACKUP_ENCRYPTION_KEY=$ErpgoBackup::MASTER_KEY\n" . $s3->secrets);
	chmod(0600, $secrets) or die "chmod: $!";
	my $run = sub {
		my ($repository, @arguments) = @_;

		return ErpgoBackup::run_program('erpgo_backup', '--repository', $repository, '--secrets-file', $secrets, @arguments);
	};
	my ($exit_code, $out, $err) = $run->("file://$first", 'copy', '--all', '--wal', '--to', $s3->url('copies'), '--jobs', 2);
	is($exit_code, 0, 'is copied to') or diag($out, $err);
	($exit_code, $out, $err) = $run->($s3->url('copies'), 'copy', '--all', '--to', "file://$base/back");
	is($exit_code, 0, 'and from') or diag($out, $err);
	is_deeply(tree("$base/back/main/backup"), tree("$first/main/backup"), 'without a byte changed');
	is($s3->upload_count, 0, 'with no upload left open');
};

$server->log_is_clean;
done_testing();
