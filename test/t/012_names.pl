# Names of databases, roles and schemas with all that PostgreSQL allows.
use strict;
use warnings;
use ErpgoBackup qw(file_names);
use Test::More;

my $server = ErpgoBackup->new('names');
my @names = (
	'with space', "it's", 'double "quotes"', 'a/b', '../../up', '.hidden', '-dash', '--dbname=x', 'percent%41',
	"line\nbreak", "tab\there", 'back\\slash', "dollar \$HOME `id` \$(id)", 'semi;colon', 'user=postgres host=nowhere',
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 'x' x 63, "\xc3\xa4" x 31, 'UPPER', 'upper', 'postgres://x', '*', '?', 'a=b');

sub identifier { return '"' . $_[0] =~ s/"/""/gr . '"'; }

foreach my $name (@names)
{
	my $quoted = identifier($name);

	$server->sql("CREATE ROLE $quoted");
	$server->sql("CREATE DATABASE $quoted OWNER $quoted");
	$server->sql("CREATE SCHEMA $quoted AUTHORIZATION $quoted; CREATE TABLE $quoted.$quoted AS SELECT 'content'::text AS $quoted", $name);
}

my $id = $server->run_backup;
my $copy = 'the copy';

is($server->sql("SELECT cardinality(databases) FROM erpgo_backup.backup WHERE id = '$id'"),
	@names + 1, 'all databases are in the backup');
is(scalar(grep { m{backup/\Q$id\E/[^/]+\.dump} } file_names($server->folder)),
	@names + 1, 'each in a file of the backup\'s folder');
$server->cli_ok('verify', $id, '--depth', 'full');
foreach my $name (@names)
{
	my ($exit_code, $out, $err) = $server->cli('restore', $id, '--database', $name,
		'--dbname', $server->conninfo($copy), '--create');

	is($exit_code, 0, "restore of " . identifier($name)) or diag($err);
	ok($server->contents($copy) eq $server->contents($name), 'the copy is equal');
	is($server->sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '$copy'"),
		$name, 'and has the same owner');
	$server->sql("DROP DATABASE \"$copy\"");
}

# And under such a name.
my $weird = "copy\n'of' \"\\ %";
my ($exit_code, $out, $err) = $server->cli('restore', $id, '--database', $names[0],
	'--dbname', $server->conninfo($weird), '--create');
is($exit_code, 0, 'restore under such a name') or diag($err);
ok($server->contents($weird) eq $server->contents($names[0]), 'the copy is equal');
$server->log_is_clean;
done_testing();
