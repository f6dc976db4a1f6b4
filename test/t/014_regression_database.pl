# PostgreSQL's own regression database survives a backup and a restore.
use strict;
use warnings;
use ErpgoBackup qw(write_file);
use ErpgoCluster;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;

my $suite = $ENV{ERPGO_BACKUP_REGRESSION_SUITE};
plan skip_all => 'the source of PostgreSQL\'s regression suite could not be had'
  unless $suite && -f "$suite/regress.so";

my $server = ErpgoBackup->new('regression',
	settings => { log_statement => 'none', wal_level => 'replica', log_min_messages => 'warning', fsync => 'off',
		max_prepared_transactions => 0, allow_in_place_tablespaces => 'on' });
my $output = PostgreSQL::Test::Utils::tempdir();

# What fails there is of no interest here: the database that it leaves is.
my $pgxs = `pg_config --pgxs`;
my ($pg_regress) = $pgxs =~ m{^(.*)/src/makefiles/pgxs\.mk};
my (undef, $progress, $complaints) = ErpgoBackup::run_program("$pg_regress/src/test/regress/pg_regress",
	'--bindir=' . (`pg_config --bindir` =~ s/\n//r), "--inputdir=$suite", "--outputdir=$output",
	"--dlpath=$suite", '--host=' . $server->node->host, '--port=' . $server->node->port,
	'--max-connections=6', "--schedule=$suite/parallel_schedule");
cmp_ok($server->sql('SELECT count(*) FROM pg_class', 'regression'), '>', 1000,
	'the suite left a large database') or diag($progress, $complaints);
$server->sql(q{COMMENT ON DATABASE regression IS 'it''s "it"'; GRANT CONNECT ON DATABASE regression TO pg_monitor;
	ALTER DATABASE regression CONNECTION LIMIT 77; ALTER DATABASE regression SET work_mem = '5MB';
	ALTER ROLE CURRENT_USER IN DATABASE regression SET search_path = "a b", public});

my $id = $server->run_backup(databases => ['regression']);
$server->cli_ok('verify', $id, '--depth', 'full');

# What pg_dump says of a database and of its restored copy differs in a few
# places whatever moves the dump: columns of inherited tables come in another
# order, for example.  So this is what a copy must be equal to.
$server->sql('CREATE DATABASE control TEMPLATE template0');
my ($status, $output_text, $errors) = ErpgoBackup::run_program('bash', '-c', 'set -o pipefail; pg_dump -Fc -Z0 --dbname="$1" | pg_restore --exit-on-error --dbname="$2"',
	'control', $server->conninfo('regression'), $server->conninfo('control'));
is($status, 0, 'pg_dump and pg_restore make a copy of their own') or diag($errors);
my $expected = $server->contents('control');

my $properties = q{SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype,
	datistemplate, datallowconn, datconnlimit, (SELECT spcname FROM pg_tablespace t WHERE t.oid = dattablespace),
	(SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a), shobj_description(d.oid, 'pg_database')
	FROM pg_database d WHERE datname = '%s'};
my $settings = q{SELECT setrole::regrole, setconfig FROM pg_db_role_setting
	WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = '%s') ORDER BY 1::text};

# Tells how the copy differs from its source, for the record.
sub note_differences
{
	my ($copy) = @_;

	write_file("$output/source", $server->contents('regression'));
	write_file("$output/copy", $server->contents($copy));
	note((ErpgoBackup::run_program('diff', '-U0', "$output/source", "$output/copy"))[1]);
	return;
}

foreach my $case ([ 'copy', 1 ], [ 'copy in parallel', 2 ])
{
	my ($copy, $jobs) = @$case;
	my ($exit_code, $out, $err) = $server->cli('restore', $id, '--database', 'regression',
		'--dbname', $server->conninfo($copy), '--create', '--jobs', $jobs);

	is($exit_code, 0, "restored as \"$copy\"") or diag($err);
	ok($server->contents($copy) eq $expected, 'pg_dump says the same of it as of a copy by pg_dump and pg_restore');
	note_differences($copy);
	foreach my $query ($properties, $settings)
	{
		is($server->sql(sprintf($query, $copy)), $server->sql(sprintf($query, 'regression')),
			'so do pg_database and pg_db_role_setting');
	}
	$server->sql("DROP DATABASE \"$copy\"");
}

# Everything that a server holds, as pg_dumpall tells it, but for rows that no
# recovery brings back.
sub everything
{
	my ($node) = @_;
	my ($exit_code, $out, $err) = ErpgoBackup::run_program('pg_dumpall',
		'--no-unlogged-table-data', '--dbname', $node->connstr('postgres'));

	die "pg_dumpall: $err" if $exit_code != 0;
	# These lines hold a random word.
	$out =~ s/^\\(?:un)?restrict .*$//mg;
	return $out;
}

subtest 'the whole server from a physical backup' => sub {
	my $restored = PostgreSQL::Test::Cluster->new('restored');
	my $physical = $server->run_backup(type => 'physical');

	$server->cli_ok('restore', $physical, '--pgdata', $restored->data_dir);
	start_restored($restored);
	write_file("$output/source", everything($server->node));
	write_file("$output/copy", everything($restored));
	is((ErpgoBackup::run_program('diff', '-U0', "$output/source", "$output/copy"))[1], '',
		'pg_dumpall says the same of it');
	$restored->stop;
};
done_testing();
