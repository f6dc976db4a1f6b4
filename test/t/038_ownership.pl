# One server writes to the folder of a cluster.  Copies of it have the same
# system identifier: they are told apart, only read, and say so.
use strict;
use warnings;
use ErpgoBackup qw(damage file_names write_file wait_for);
use PostgreSQL::Test::Cluster ();
use Test::More;

my $REFUSED = qr/is a copy, or was moved, so it must not write to cluster "main"/;
my $NOT_OWNER = qr/this server is not the owner, so it must not write to cluster "main"/;
my $HINT = qr/SELECT erpgo_backup_adopt\(\)/;

my $original = ErpgoBackup->new('original', encrypted => 1);
my $instance = $original->{node}->data_dir . '/erpgo_backup.instance';

sub check_row
{
	my ($server) = @_;
	return $server->sql("SELECT status FROM erpgo_backup_check() WHERE name = 'owner'");
}

# Fails with this message, and changes nothing in the repository.
sub refused
{
	my ($server, $statement, $message, $what) = @_;
	my @before = file_names($original->folder);
	my ($exit_code, $out, $err) = $server->try_sql($statement);

	isnt($exit_code, 0, "$what is refused");
	like($err, $message, "$what: the message says why");
	like($err, $HINT, "$what: and the way out");
	is_deeply([ file_names($original->folder) ], \@before, "$what: nothing was written");
	return;
}

# A server in a copy of the original's data directory, both of them running.
sub copy_of
{
	my ($name) = @_;
	my $copy = bless { %$original, node => PostgreSQL::Test::Cluster->new($name) }, ref $original;

	$original->{node}->stop;
	$original->{node}->backup_fs_cold($name);
	$copy->{node}->init_from_backup($original->{node}, $name);
	$_->{node}->start foreach $original, $copy;
	return $copy;
}

my $id = $original->run_backup;
my ($owner) = grep { m{owner\.json$} } file_names($original->folder);
is($owner, 'main/owner.json', 'the first writer becomes the owner');
is((stat $instance)[2] & 0777, 0600, "its identity is nobody else's to read");
is(check_row($original), 'ok', 'the check knows it');

my $copy = copy_of('copy');
refused($copy, 'SELECT erpgo_backup_run()', $REFUSED, 'a backup of a copy');
refused($copy, 'SELECT * FROM erpgo_backup_cleanup()', $REFUSED, 'its clean-up');
refused($copy, "SELECT erpgo_backup_pin('$id', 'mine')", $REFUSED, 'its pin');
refused($copy, "SELECT * FROM erpgo_backup_verify('$id')", $REFUSED, 'its verification, which would be noted');
is(check_row($copy), 'error', 'its check says so');
is($copy->sql('SELECT erpgo_backup_sync()'), 1, 'it may read');
like($copy->sql('SELECT string_agg(decision, $$,$$) FROM erpgo_backup_retention()'), qr/^keep$/, 'and look at what would be kept');
ok($original->run_backup, 'the original goes on');

$copy->sql('SELECT erpgo_backup_adopt()');
ok($copy->run_backup, 'an adopted folder belongs to the copy');
refused($original, 'SELECT erpgo_backup_run()', $NOT_OWNER, 'a backup of the one that was left');
is($copy->sql("SELECT count(*) FROM erpgo_backup_audit WHERE action = 'adopt' AND outcome = 'ok'"), 1, 'the audit knows it');
$original->sql('SELECT erpgo_backup_adopt()');
ok($original->run_backup, 'it can be taken back');
refused($copy, 'SELECT erpgo_backup_run()', $NOT_OWNER, 'then a backup of the copy');

write_file($instance, "what is this\n");
refused($original, 'SELECT erpgo_backup_run()', $REFUSED, 'a backup with an identity that cannot be read');
unlink($instance);
refused($original, 'SELECT erpgo_backup_run()', $NOT_OWNER, 'a backup without the identity');
$original->sql('SELECT erpgo_backup_adopt()');
ok($original->run_backup, 'until it is adopted anew');
damage($original->folder . '/main/owner.json', 'flip');
refused($original, 'SELECT erpgo_backup_run()', qr{object "main/owner\.json" is damaged}, 'a backup where the record of the owner is damaged');
$original->sql('SELECT erpgo_backup_adopt()');
ok($original->run_backup, 'until it is adopted, too');
$original->sql('CREATE ROLE nobody');
my ($exit_code, $out, $err) = $original->try_sql('SET ROLE nobody; SELECT erpgo_backup_adopt()');
like($err, qr/permission denied/, 'not everybody may');
$_->log_is_clean(qr/must not write|is damaged|permission denied|administrator command/) foreach $original, $copy;
done_testing();
