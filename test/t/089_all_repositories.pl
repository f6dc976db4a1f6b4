# Commands that are about every repository of a list: who can open the keys is
# shown, and changed, in all of them, or taken from nobody; what can be recovered
# and what is wrong is told of each.
use strict;
use warnings;
use ErpgoArchive qw(command switch_wal);
use ErpgoBackup qw(damage file_names read_file write_file);
use ErpgoKeys qw(private_file);
use File::Path qw(make_path remove_tree);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Utils ();
use Test::More;

my %keys = (old => 'ab' x 32, new => 'cd' x 32, further => 'ef' x 32);
my $SECRET = qr/(?:ab){32}|(?:cd){32}|(?:ef){32}/;

$ErpgoBackup::MASTER_KEY = $keys{old};
my $server = ErpgoBackup->new('main', encrypted => 1, settings => { archive_mode => 'on', wal_level => 'replica' });
my $directory = PostgreSQL::Test::Utils::tempdir();
my %folders = (first => $server->folder, second => $server->node->basedir . '/second');
my %urls = map { $_ => "file://$folders{$_}" } keys %folders;
my $both = "$urls{first}, $urls{second}";
my %secrets = map { $_ => private_file("$directory/$_", "BACKUP_ENCRYPTION_KEY=$keys{$_}\n") } keys %keys;
my %key_files = map { $_ => private_file("$directory/$_.key", "$keys{$_}\n") } keys %keys;

# Runs the command line with a list of repositories and the key of that name:
# (exit code, output, errors).
sub with_list
{
	my ($list, $key, @command) = @_;
	my @result = ErpgoBackup::run_program('erpgo_backup', '--repository', $list,
		'--secrets-file', $secrets{$key}, @command);

	unlike("@result", $SECRET, "\"$command[0]\" tells no key");
	return @result;
}

# The same for both repositories, and it must succeed; gives back the output.
sub succeeds
{
	my ($exit_code, $out, $err) = with_list($both, @_);

	is($exit_code, 0, "\"$_[1]\" with the $_[0] key succeeds") or diag($out, $err);
	return $out;
}

# It must not; gives back the output.
sub fails
{
	my ($pattern, @command) = @_;
	my ($exit_code, $out, $err) = with_list($both, @command);

	is($exit_code, 1, "\"$command[1]\" with the $command[0] key fails");
	like($err, $pattern, 'and says why');
	return $out;
}

# The key objects of a repository, by their names.
sub key_objects
{
	my $folder = "$folders{$_[0]}/main/key";

	return { map { $_ => read_file("$folder/$_") } file_names($folder) };
}

# Which keys, of those given or all, verify everything that is in each repository.
sub openers
{
	my @names = @_ ? @_ : qw(old new further);

	return join(' ', map {
		my $name = $_;

		"$name:" . join('+', grep { (with_list($urls{$name}, $_, 'verify', '--all', '--depth', 'digest'))[0] == 0 } @names)
	} qw(first second));
}

# Does something while the second repository is not where it should be.
sub while_away
{
	my ($do) = @_;

	rename($folders{second}, "$folders{second}.away") or die "rename: $!";
	$do->();
	rename("$folders{second}.away", $folders{second}) or die "rename: $!";
	return;
}

$server->set('archive_command' => command($server, 'wal-push', '%p'));
$server->sql('CREATE TABLE ledger (n int)');
my $logical = $server->run_backup(databases => ['postgres']);
my $physical = $server->run_backup(type => 'physical');
switch_wal($server, "INSERT INTO ledger VALUES ($_)") foreach 1 .. 2;
$server->cli_ok('copy', '--all', '--wal', '--to', $urls{second});

subtest 'the keys of all repositories' => sub {
	my $rows = decode_json(succeeds('old', 'keys', '--json'));

	is_deeply([ sort map { $_->{repository} } @$rows ], [ sort values %urls ], 'are listed with the repository');
	is($rows->[0]{wrapping}, $rows->[1]{wrapping}, 'and are the same ones');
	like(succeeds('old', 'keys'), qr/ REPOSITORY\n.*\Q$urls{first}\E\n.*\Q$urls{second}\E\n/, 'also for people');
	unlike($server->cli_ok('keys'), qr/REPOSITORY/, 'but that of one is not called by its name');
	while_away(sub {
		like(fails(qr/warning: repository "\Q$urls{second}\E" is left out: .*does not exist/, 'old', 'keys'),
			qr/\Q$urls{first}\E/, 'where one is away, the other is shown');
	});
};

subtest 'another key in all repositories' => sub {
	my @add = ('rekey', '--new-key-file', $key_files{new});
	my $before = [ map { key_objects($_) } keys %folders ];

	like(succeeds('old', @add, '--retire', '--dry-run'),
		qr/^added .*\Q$urls{first}\E\nadded .*\Q$urls{second}\E\nremoved .*\Q$urls{first}\E\nremoved .*\Q$urls{second}\E\nnothing was changed\n/m,
		'a dry run tells what would be done, everywhere first the one, then the other');
	is_deeply([ map { key_objects($_) } keys %folders ], $before, 'and does nothing');

	while_away(sub {
		my $out = fails(qr/repository "\Q$urls{second}\E" failed: .*does not exist.*Nothing was retired/s, 'old', @add, '--retire');
		like($out, qr/^added .*\Q$urls{first}\E\n/m, 'a repository that is away');
		unlike($out, qr/^removed /m, 'has nothing retired in the other one');
	});
	is(openers(), 'first:old+new second:old', 'which both keys open');
	my $report = decode_json(succeeds('old', @add, '--json'));
	is_deeply([ map { "$_->{action} $_->{repository}" } @{ $report->{steps} } ],
		[ "kept $urls{first}", "added $urls{second}" ], 'run again, it completes what is missing');
	is_deeply(key_objects('second'), key_objects('first'), 'with the same wrapping, byte for byte');
	is(openers(), 'first:old+new second:old+new', 'so that both keys open both');
};

subtest 'the end of the old key' => sub {
	my @retire = ('rekey', '--new-key-file', $key_files{new}, '--retire');
	my $folder = "$folders{second}/main/key";
	my $before = key_objects('second');

	chmod(0555, $folder) or die "chmod: $!";
	unlike(fails(qr/repository "\Q$urls{second}\E" failed: .*Permission denied.*Nothing was retired/s, 'old', @retire), qr/^removed /m,
		'where one repository cannot be written');
	my $report = decode_json((with_list($both, 'old', @retire, '--json'))[1]);
	is($report->{failed}[0]{repository}, $urls{second}, 'which JSON names, too');
	like($report->{error}{message}, qr/in all repositories/, 'as an error');
	is(openers(), 'first:old+new second:old+new', 'nothing is retired anywhere');
	chmod(0700, $folder) or die "chmod: $!";
	succeeds('old', @retire);
	is(openers(), 'first:new second:new', 'once it can be, the key is retired in both');
	is_deeply(key_objects('second'), key_objects('first'), 'and both have the same again');

	# As if it had been interrupted between the two.
	write_file("$folder/$_", $before->{$_}) foreach keys %$before;
	is(openers(), 'first:new second:old+new', 'one that was interrupted before the second repository');
	$report = decode_json(succeeds('old', @retire, '--json'));
	is_deeply([ map { "$_->{action} $_->{repository}" } @{ $report->{steps} } ],
		[ "kept $urls{first}", "kept $urls{second}", "removed $urls{second}" ], 'is completed by the next one');
	is(openers(), 'first:new second:new', 'so that the old key opens nothing');
	fails(qr/opens no cluster key in any of the repositories/, 'old', @retire);
	fails(qr/does not open the keys/, 'old', 'rekey', '--new-key-file', $key_files{further});
};

subtest 'a new cluster key' => sub {
	my $before = decode_json(succeeds('new', 'keys', '--json'))->[0]{cluster_key};
	my @make = ('rekey', '--new-key-file', $key_files{further}, '--new-cluster-key', '--json');

	while_away(sub {
		my ($exit_code, $out) = with_list($both, 'new', @make);
		is($exit_code, 1, 'needs all repositories');
		is(scalar(grep { $_->{action} eq 'made' } @{ decode_json($out)->{steps} }), 0, 'and is not made before');
	});
	my $report = decode_json(succeeds('new', @make));
	my %made = map { $_->{cluster_key} => 1 } grep { $_->{action} eq 'made' } @{ $report->{steps} };
	is(scalar(keys %made), 1, 'there is one for all of them');
	ok(!$made{$before}, 'which is new');
	is_deeply(key_objects('second'), key_objects('first'), 'and the same bytes in all of them');
	$server->write_secrets("BACKUP_ENCRYPTION_KEY=$keys{new}\n");
	$logical = $server->run_backup(databases => ['postgres']);
	$server->cli_ok('copy', $logical, '--to', $urls{second});
	ok($made{ decode_json($server->cli_ok('show', $logical, '--json'))->{key_id} }, 'backups use it');
	is_deeply(key_objects('second'), key_objects('first'), 'and copying brings no other key');
	is(openers(), 'first:new+further second:new+further', 'both keys open everything');
};

subtest 'a recipient that is removed' => sub {
	my @wrappings = map { $_->{wrapping} } grep { !$_->{opened} && $_->{repository} eq $urls{first} }
	  @{ decode_json(succeeds('new', 'keys', '--json')) };
	my $all = key_objects('first');

	is(scalar(@wrappings), 2, 'opens two cluster keys');
	while_away(sub { fails(qr/Nothing was removed from any repository/, 'new', 'rekey', '--remove-recipient', $wrappings[0]) });
	is_deeply(key_objects('first'), $all, 'where one repository is away, it stays in the other');
	like(succeeds('new', 'rekey', '--remove-recipient', $wrappings[0], '--dry-run'),
		qr/^removed .*\Q$urls{first}\E\nremoved .*\Q$urls{second}\E\nnothing was changed\n/m, 'a dry run tells where it is');
	is_deeply(key_objects('first'), $all, 'and leaves it there');
	unlink("$folders{first}/main/key/$wrappings[0].json") or die "unlink: $!";
	like(succeeds('new', 'rekey', '--remove-recipient', $wrappings[0]), qr/\nremoved .*\Q$urls{second}\E\n\z/, 'one that is in the second one only is removed there');
	succeeds('new', 'rekey', '--remove-recipient', $wrappings[1]);
	is(openers(), 'first:new second:new', 'and opens nothing any more');
	fails(qr/there is no wrapping "$wrappings[1]"/, 'new', 'rekey', '--remove-recipient', $wrappings[1]);
};

subtest 'recovery windows' => sub {
	my $rows = decode_json(succeeds('new', 'window', '--json'));

	is_deeply([ map { "$_->{repository} $_->{begins_with}" } @$rows ], [ map { "$urls{$_} $physical" } qw(first second) ],
		'of each repository are shown');
	like(succeeds('new', 'window'), qr/ REPOSITORY\n.* $physical .*\Q$urls{first}\E\n.* $physical .*\Q$urls{second}\E\n\z/, 'also for people');
	unlike($server->cli_ok('window'), qr/REPOSITORY/, 'that of one is not called by its name');
	while_away(sub {
		like(fails(qr/warning: repository "\Q$urls{second}\E" is left out: /, 'new', 'window'), qr/ $physical .*\Q$urls{first}\E\n/, 'where one is away, the other is shown');
	});
	my $third = 'file://' . $server->node->basedir . '/third';
	$server->cli_ok('copy', $logical, '--to', $third);
	my ($exit_code, $out, $err) = with_list("$urls{first}, $third", 'new', 'window');
	is($exit_code, 1, 'one that has none is told');
	like($err, qr/repository "\Q$third\E" has no recovery window/, 'by its name');
	like($out, qr/ $physical .*\Q$urls{first}\E\n\z/, 'and the other is shown');
};

subtest 'the check of all repositories' => sub {
	my $findings = sub {
		my ($exit_code, $out) = with_list($both, 'new', 'check', '--json');
		return ($exit_code, decode_json($out));
	};
	my ($exit_code, $rows) = $findings->();
	my ($further) = grep { $_->{name} eq 'repository_2' } @$rows;

	is($exit_code, 0, 'is content');
	is_deeply([ map { $_->{name} } @$rows[ 0, -2, -1 ] ], [ 'repository', 'repository_2', 'pg_restore' ],
		'with the first one, the second one, and pg_restore, which is looked for once');
	is("$further->{status} $further->{message}", qq{ok repository "$urls{second}" can be read}, 'of the second one there is nothing else to say');

	my $manifest = "$folders{second}/main/backup/$logical/manifest.json";
	my $content = read_file($manifest);
	damage($manifest, 'flip');
	($exit_code, $rows) = $findings->();
	write_file($manifest, $content);
	is($exit_code, 1, 'damage in the second one');
	is_deeply([ map { $_->{name} } grep { $_->{status} eq 'error' } @$rows ], ['repository_2'], 'is told as its own');
	while_away(sub { ($exit_code, $rows) = $findings->(); });
	is($exit_code, 1, 'that it is away');
	is_deeply([ map { $_->{message} =~ s/.*(does not exist).*/$1/rs } grep { $_->{name} eq 'repository_2' } @$rows ],
		['does not exist'], 'too');
	rename($folders{first}, "$folders{first}.away") or die "rename: $!";
	($exit_code, $rows) = $findings->();
	rename("$folders{first}.away", $folders{first}) or die "rename: $!";
	is_deeply([ map { "$_->{name} $_->{status}" } @$rows ], [ 'repository error', 'repository_2 ok', 'pg_restore ok' ],
		'where the first one is away, the second one is looked at all the same');
};

subtest 'killed at any step, one key opens everything in each repository' => sub {
	plan skip_all => 'strace is not installed' if system('strace -V >/dev/null 2>&1') != 0;
	my %before = map { $_ => key_objects($_) } keys %folders;
	my $killed = 0;

	foreach my $calls ('link,linkat,rename,renameat,renameat2', 'unlink,unlinkat')
	{
		my $openers = '';

		for (my $when = 1; $when <= 20 && $openers ne 'first:further second:further'; $when++)
		{
			foreach my $name (keys %folders)
			{
				remove_tree("$folders{$name}/main/key");
				make_path("$folders{$name}/main/key");
				write_file("$folders{$name}/main/key/$_", $before{$name}{$_}) foreach keys %{ $before{$name} };
			}
			my ($exit_code) = ErpgoBackup::run_program('strace', '-f', '-qq', '-o', '/dev/null', '-e', "trace=$calls",
				'-e', "inject=$calls:signal=KILL:when=$when", 'erpgo_backup', '--repository', $both,
				'--secrets-file', $secrets{new}, 'rekey', '--new-key-file', $key_files{further}, '--retire');

			$killed++ if $exit_code != 0;
			$openers = openers('new', 'further');
			like($openers, qr/^first:(?:new|new\+further|further) second:(?:new|new\+further|further)$/, "$calls $when: as it is to be");
			unlike($openers, qr/:further.*:new$|:new .*:further$/, 'no key is lost that is needed elsewhere');
		}
		is($openers, 'first:further second:further', 'in the end, all is done');
	}
	cmp_ok($killed, '>', 3, "killed at $killed steps");
};

$server->log_is_clean;
done_testing();
