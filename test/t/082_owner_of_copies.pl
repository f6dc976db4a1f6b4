# Every repository that a server writes to hears that its owner is alive, so that
# a registered standby takes none of them over from a primary that runs.
use strict;
use warnings;
use ErpgoBackup qw(wait_for read_file write_file);
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = ErpgoBackup->new('primary', encrypted => 1, settings => {
	wal_level => 'replica', max_wal_senders => 4, 'erpgo_backup.retry_delay' => '100ms' });
my $base = $primary->node->basedir;
my ($second, $third) = ("$base/second", "$base/third");
my $all = join(', ', map { "file://$_" } $primary->folder, $third, $second);
my $NOT_OWNER = qr/this server is not the owner, so it must not write to cluster "main"/;

sub owner { return "$_[0]/main/owner.json"; }

# Lets the owner of repositories have been silent for two hours.
sub silence
{
	my $then = time() - 2 * 60 * 60;

	foreach my $folder (@_)
	{
		utime($then, $then, owner($folder)) == 1 or die "utime: $!";
	}
	return;
}

sub is_silent
{
	my ($folder) = @_;

	return (stat(owner($folder)))[9] < time() - 60 * 60;
}

# Waits until repositories have heard of their owner.
sub await_life
{
	my (@folders) = @_;

	wait_for('the owner to be heard of', sub { !grep { is_silent($_) } @folders });
	return;
}

# Waits until the primary has told all repositories, whatever became of it: when it
# tells the first one for the second time, the others have had their turn.
sub await_round
{
	foreach (1 .. 2)
	{
		silence($primary->folder);
		await_life($primary->folder);
	}
	return;
}

sub backup_of
{
	my ($server) = @_;
	my ($exit_code, $out, $err) = $server->try_sql('SELECT erpgo_backup_run()');

	return ($exit_code, $err);
}

$primary->set('erpgo_backup.repository' => $all);
$primary->run_backup;
wait_for('the copies', sub { $primary->sql("SELECT count(*) FROM erpgo_backup_copies WHERE status = 'ok'") eq '2' });

$primary->node->backup('base');
my $node = PostgreSQL::Test::Cluster->new('standby');
$node->init_from_backup($primary->node, 'base', has_streaming => 1);
$node->append_conf('postgresql.auto.conf', "erpgo_backup.repository = 'file://$second'");
$node->start;
my $standby = bless { %$primary, node => $node }, ref $primary;
my ($registered, undef, $problem) = ErpgoBackup::run_program('erpgo_backup', '--repository', $all,
	'--secrets-file', $primary->{secrets}, 'register-standby', '--dbname', 'host=' . $node->host . ' port=' . $node->port);
is($registered, 0, 'a standby is registered in all repositories') or diag($problem);

subtest 'an owner' => sub {
	my @folders = ($primary->folder, $second, $third);
	my @before = map { read_file(owner($_)) } @folders;

	silence(@folders);
	$primary->set('erpgo_backup.health_interval' => '1s');
	await_life(@folders);
	pass('says in every repository that it is alive');
	is_deeply([ map { read_file(owner($_)) } @folders ], \@before, 'and else nothing changes');
	wait_for('the room', sub { $primary->sql('SELECT count(*) FROM erpgo_backup.copy_room') eq '2' });
	is($primary->sql('SELECT bool_and(c.total_bytes = r.total_bytes AND c.free_bytes BETWEEN 0 AND c.total_bytes)
		FROM erpgo_backup.copy_room AS c, erpgo_backup.repository_state AS r'), 't', 'the room in each of them is measured');
	$primary->set('erpgo_backup.health_interval' => '5s');
	silence($second);
	wait_for('the owner to be heard of', sub {
		$primary->sql('SELECT count(*) FROM erpgo_backup_check()');
		return !is_silent($second);
	});
	pass('also where something else measures the room again and again');
	$primary->set('erpgo_backup.health_interval' => '1s');
};

subtest 'a further repository that is away' => sub {
	rename($third, "$third.away") or die "rename: $!";
	write_file($third, "no folder\n");
	silence($second);
	await_life($second);
	pass('keeps no other from hearing of the owner');
	$primary->node->wait_for_log(qr/WARNING: .*could not tell repository "file:\/\/\Q$third\E" that its owner is alive: .*is not a directory/);
	await_round();
	await_round();
	my @warnings = read_file($primary->node->logfile) =~ /WARNING: .*could not tell repository/g;
	is(scalar @warnings, 1, 'is told once');
	is($primary->sql("SELECT count(*) FROM erpgo_backup_alerts WHERE kind = 'repository_unavailable' AND state = 'firing'"), 0, 'and the first one counts as there');
	unlink($third);
	rename("$third.away", $third) or die "rename: $!";
	silence($third);
	await_life($third);
	pass('hears of it when it is back');
	$primary->node->wait_for_log(qr/repository "file:\/\/\Q$third\E" is told again that its owner is alive/);
};

subtest 'a first repository that is away' => sub {
	rename($primary->folder, $primary->folder . '.away') or die "rename: $!";
	silence($second, $third);
	await_life($second, $third);
	pass('keeps no further one from hearing of the owner');
	rename($primary->folder . '.away', $primary->folder) or die "rename: $!";
};

subtest 'a registered standby that is promoted while its primary lives' => sub {
	silence($second);
	await_life($second);
	my $content = read_file(owner($second));

	$node->promote;
	my ($exit_code, $err) = backup_of($standby);
	isnt($exit_code, 0, 'does not take a further repository over');
	like($err, $NOT_OWNER, 'but is refused');
	is(read_file(owner($second)), $content, 'and changes nothing');
};

subtest 'a further repository that was handed over' => sub {
	$standby->sql('SELECT erpgo_backup_adopt()');
	my $content = read_file(owner($second));

	silence($second);
	await_round();
	ok(is_silent($second), 'hears nothing of the server that owned it');
	is(read_file(owner($second)), $content, 'nor is taken back');
	is((backup_of($standby))[0], 0, 'it belongs to the other one');
};

subtest 'a registered standby whose primary is gone' => sub {
	$standby->set('erpgo_backup.repository' => "file://$third");
	like((backup_of($standby))[1], $NOT_OWNER, 'is refused while it is not known');
	$primary->node->stop;
	silence($third);
	is((backup_of($standby))[0], 0, 'takes a further repository over when the owner was silent for an hour');
};

$_->log_is_clean(qr/must not write|FATAL:.*(?:walreceiver|replication|streaming|WAL stream)|could not connect to the primary|terminating background worker/) foreach $primary, $standby;
done_testing();
