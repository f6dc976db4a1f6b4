# A damaged copy is stored anew from the first repository.
use strict;
use warnings;
use ErpgoBackup qw(wait_for damage file_names read_file write_file);
use Test::More;

my $server = ErpgoBackup->new('server', encrypted => 1, settings => { wal_level => 'replica', 'erpgo_backup.retry_delay' => '100ms' });
my $second = $server->node->basedir . '/second';

# The columns of the copy of a backup.
sub copy
{
	my ($id, $columns) = @_;

	return $server->sql("SELECT $columns FROM erpgo_backup_copies WHERE id = '$id'");
}

# The folder of a backup's copy.
sub copy_folder { return "$second/main/backup/$_[0]"; }

# The names and bytes of all that a folder has, but for what verifications found.
sub tree
{
	my ($folder) = @_;

	return { map { $_ => read_file("$folder/$_") } grep { !/-(?:verified|failed)\.json$/ } file_names($folder) };
}

sub verify_copy
{
	my ($id, @more) = @_;

	return $server->cli('--repository', "file://$second", 'verify', $id, '--depth', 'full', @more);
}

# What asking for a copy says, warnings included.
sub mend
{
	my ($id) = @_;
	my ($code, $out, $err) = $server->try_sql("SELECT erpgo_backup_copy('$id', '2')");

	return ($code, $err);
}

$server->sql('CREATE TABLE t AS SELECT i, md5(i::text) AS j FROM generate_series(1, 1000) AS i');
$server->set('erpgo_backup.repository' => $server->url . ",file://$second");
my $physical = $server->run_backup(type => 'physical');
my $dump = $server->run_backup(databases => ['postgres']);
wait_for('copies', sub { join(' ', map { copy($_, 'status') } $physical, $dump) eq 'ok ok' });
my ($pack) = grep { /^pack-/ } file_names(copy_folder($physical));
my ($other) = grep { /^pages-/ } file_names(copy_folder($physical));

subtest 'a copy that is as it was' => sub {
	my $before = copy($physical, 'verified_at');
	my ($code, $err) = mend($physical);

	is($code, 0, 'can be asked for');
	unlike($err, qr/damaged/, 'is not said to be damaged');
	is(copy($physical, "status, verified, verified_at > '$before'"), 'ok|digest|t', 'and was read');
	my $read_at = copy($physical, 'verified_at');
	$server->sql("SELECT erpgo_backup_pin('$physical', 'keep')");
	wait_for('the pin', sub { grep { /-pin\.json$/ } file_names(copy_folder($physical)) });
	wait_for('the copy', sub { copy($physical, 'status') eq 'ok' });
	is(copy($physical, 'verified_at'), $read_at, 'which it is not for a pin');
};

subtest 'a flipped byte in a pack, and a missing object' => sub {
	damage(copy_folder($physical) . "/$pack", 'flip');
	damage(copy_folder($physical) . "/$other", 'missing');
	is((verify_copy($physical))[0], 3, 'the copy is damaged');
	my ($code, $err) = mend($physical);
	is($code, 0, 'it is mended when it is asked for');
	like($err, qr/WARNING: .*"$physical" in repository "file:\/\/\Q$second\E" is damaged and is mended: 2 of its objects/,
		'which a warning says');
	is((verify_copy($physical))[0], 0, 'it can be verified in full');
	is_deeply(tree(copy_folder($physical)), tree($server->backup_folder($physical)), 'byte for byte as it was made');
	is(copy($physical, 'status, error IS NULL'), 'ok|t', 'and counts as a good copy');
};

subtest 'what a verification there has noted' => sub {
	damage(copy_folder($dump) . '/postgres.dump.zst.aes', 'cut');
	is((verify_copy($dump, '--record'))[0], 3, 'the damage is noted in the repository of the copy');
	$server->sql("SELECT erpgo_backup_copy('$dump', '2', wait => false)");
	wait_for('the copy to be mended', sub { (verify_copy($dump))[0] == 0 });
	wait_for('the row', sub { copy($dump, 'status') eq 'ok' });
	like($server->cli_ok('--repository', "file://$second", 'show', $dump, '--json'), qr/"status": "ok"/,
		'is taken back by a verification as deep as that');
	like($server->cli_ok('show', $dump, '--json'), qr/"status": "ok"/, 'the first repository never heard of it');
};

subtest 'an event that only the copy has' => sub {
	my $folder = copy_folder($dump);
	my ($event) = sort { $b cmp $a } grep { /-verified\.json$/ } file_names($folder);

	damage("$folder/$event", 'flip');
	my ($code, $out, $err) = verify_copy($dump);
	is($code, 3, 'is found where it is damaged');
	like($out, qr/event "[^"]*\Q$event\E" is damaged: its last line/, 'and named');
	($code, $out, $err) = $server->try_sql("SELECT erpgo_backup_verify('$dump', 'digest', '2')");
	like($err, qr/event "[^"]*\Q$event\E" is damaged.*HINT:  Take the object from another copy of the repository.*remove it/s, 'with a hint');
	wait_for('the copy', sub { copy($dump, 'status') eq 'ok' });
	ok(!-e "$folder/$event", 'is removed, for all was read since');
	is((verify_copy($dump))[0], 0, 'so that the copy is good');
	($event) = grep { /-pin\.json$/ } file_names(copy_folder($physical));
	rename($server->backup_folder($physical) . "/$event", "$server->{folder}.pin") or die "rename: $!";
	damage(copy_folder($physical) . "/$event", 'flip');
	($code, $err) = mend($physical);
	isnt($code, 0, 'is left alone if it is a pin');
	like($err, qr/could not mend .*event "[^"]*-pin\.json" is damaged.* does not have it\nHINT:  .*make it again/s, 'and the error says what to do');
	rename("$server->{folder}.pin", $server->backup_folder($physical) . "/$event") or die "rename: $!";
	is((mend($physical))[0], 0, 'unless the first repository has it');
	is((verify_copy($physical))[0], 0, 'then the copy is good');
};

subtest 'a source that is damaged itself' => sub {
	my $before = tree(copy_folder($physical));
	damage($server->backup_folder($physical) . "/$pack", 'flip');

	is((mend($physical))[0], 0, 'is no reason to touch a good copy');
	is_deeply(tree(copy_folder($physical)), $before, 'which stays as it is');
	damage(copy_folder($physical) . "/$pack", 'cut');
	my $cut = tree(copy_folder($physical));
	my ($code, $err) = mend($physical);
	isnt($code, 0, 'mends nothing');
	like($err, qr/could not mend backup "$physical" in repository "file:\/\/\Q$second\E": in repository "\Q${\$server->url}\E", object "[^"]*\/\Q$pack\E"/,
		'and the error names what is wrong there');
	is_deeply(tree(copy_folder($physical)), $cut, 'what is damaged is left as it was');
	like(copy($physical, 'status, error'), qr/^(?:failed|copying)\|could not mend/, 'the copy counts as failed');
	damage($server->backup_folder($physical) . "/$pack", 'flip');
	wait_for('the copy to be mended', sub { copy($physical, 'status') eq 'ok' });
	is((verify_copy($physical))[0], 0, 'until the source is good again: then it is mended by itself');
};

subtest 'a manifest' => sub {
	damage(copy_folder($dump) . '/manifest.json', 'flip');
	is((verify_copy($dump))[0], 3, 'that is damaged');
	is((mend($dump))[0], 0, 'is replaced by the one that was authenticated');
	is((verify_copy($dump))[0], 0, 'so that the copy is good');
};

SKIP: {
	skip('SKIPPED: root may write everywhere', 1) if $> == 0;
	subtest 'a folder that cannot be written to' => sub {
		damage(copy_folder($dump) . '/postgres.dump.zst.aes', 'flip');
		chmod(0500, copy_folder($dump));
		my ($code, $err) = mend($dump);
		isnt($code, 0, 'is an error');
		like($err, qr/could not mend backup "$dump".*HINT:  What is damaged can be neither replaced nor removed there/s,
			'which says what to do');
		chmod(0700, copy_folder($dump));
		is((mend($dump))[0], 0, 'afterwards it is mended');
		is((verify_copy($dump))[0], 0, 'and good');
	};
}

$server->log_is_clean(qr/is damaged and is mended|could not mend|is damaged and is removed|event ".*" is damaged|erpgo_backup_/);
done_testing();
