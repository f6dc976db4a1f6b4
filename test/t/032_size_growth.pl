# What grew and what shrank: the sizes that backups note of tables, and what
# the history makes of them.
use strict;
use warnings;
use ErpgoBackup qw(wait_for);
use ErpgoFaults;
use Test::More;

my $server = ErpgoBackup->new('server');
# As long as names can be, with everything in them that has to be quoted.
my $schema = qq~a "b'\n\x{2028}%s~;
my $table = 'x' x 55 . qq~"\n\t\\'{;}~;
my ($quoted_schema, $quoted_table) = map { '"' . s/"/""/gr . '"' } $schema, $table;
utf8::encode($quoted_schema);

$server->sql("CREATE DATABASE $_") foreach qw(erp crm attic);
$server->sql(<<"END", 'erp');
CREATE TABLE steady AS SELECT i FROM generate_series(1, 1000) i;
CREATE TABLE grows AS SELECT i FROM generate_series(1, 1000) i;
CREATE TABLE "Gone" AS SELECT i FROM generate_series(1, 100000) i;
CREATE SCHEMA $quoted_schema;
CREATE TABLE $quoted_schema.$quoted_table (x text);
CREATE TABLE parts (i integer) PARTITION BY LIST (i);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
INSERT INTO parts SELECT 1 FROM generate_series(1, 20000);
CREATE TABLE wide (x text);
ALTER TABLE wide ALTER x SET STORAGE EXTERNAL;
INSERT INTO wide SELECT string_agg(i::text, ' ') FROM generate_series(1, 100000) i;
CREATE TABLE empty ();
CREATE MATERIALIZED VIEW seen AS SELECT i FROM generate_series(1, 100000) i;
END
$server->sql("CREATE TABLE customers AS SELECT i FROM generate_series(1, 200000) i; CREATE TABLE notes (x text)", 'crm');
$server->sql("CREATE TABLE old AS SELECT i FROM generate_series(1, 300000) i", 'attic');

# What changed up to a backup: "database table before after", one a line.
sub growth
{
	my ($id) = @_;

	return $server->sql("SELECT concat_ws(' ', database, coalesce(table_name, '-'), coalesce(bytes_before::text, 'new'),
		coalesce(bytes_after::text, 'gone')) FROM erpgo_backup.backup_growth('$id')");
}

sub disk_size
{
	my ($database, $relation) = @_;

	return $server->sql("SELECT pg_relation_size('$relation')", $database);
}

sub backups_with_sizes
{
	return $server->sql('SELECT count(DISTINCT backup_id) FROM erpgo_backup.backup_size');
}

my $first = $server->run_backup;

subtest 'a backup notes the largest tables' => sub {
	my %sizes = map { split /=/ } split /\n/,
	  $server->sql("SELECT table_name || '=' || bytes FROM erpgo_backup.backup_size
		WHERE backup_id = '$first' AND database = 'erp' AND bytes > 0 AND table_name IS NOT NULL");

	is($sizes{'public.steady'}, disk_size('erp', 'steady'), 'a table has the size of its file');
	is($sizes{'public."Gone"'}, disk_size('erp', '"Gone"'), 'names are quoted');
	is($sizes{'public.part_1'}, disk_size('erp', 'part_1'), 'a partition counts by itself');
	ok(!exists $sizes{'public.parts'}, 'what is partitioned does not');
	is($sizes{'public.wide'},
		$server->sql('SELECT pg_relation_size(c.oid) + pg_relation_size(c.reltoastrelid) FROM pg_class c WHERE oid = \'wide\'::regclass', 'erp'),
		'what is stored out of line belongs to its table');
	ok(!exists $sizes{'public.empty'} && !exists $sizes{'public.seen'}, 'what adds no rows to the dump is left out');
	is($server->sql("SELECT count(*) FROM erpgo_backup.backup_size WHERE backup_id = '$first' AND table_name LIKE 'erpgo_backup%'"),
		0, 'tables of extensions are left out');
	is(growth($first), '', 'the first backup has nothing to be compared with');
};

subtest 'people see them' => sub {
	my $out = $server->cli_ok('show', $first);

	like($out, qr/^erp +public\."Gone" +3\.5 MB$/m, 'show lists them');
	like($server->cli_ok('show', $first, '--json'), qr/"tables": \[\s*\{\s*"name": "public\.customers",\s*"bytes": \d{7}\s*\}\s*\]/,
		'and as JSON');
	$server->sql('CREATE ROLE monitor IN ROLE pg_monitor');
	is($server->sql('SET ROLE monitor; SELECT count(*) FROM erpgo_backup_growth'), 0, 'monitoring may look');
};

$server->run_backup for 2 .. 3;

subtest 'a table that grows is named' => sub {
	$server->sql('INSERT INTO grows SELECT i FROM generate_series(1, 600000) i', 'erp');
	my $id = $server->run_backup;
	my ($worst, $next) = split /\n/, growth($id);
	my ($before, $after) = $worst =~ /^erp public\.grows (\d+) (\d+)$/ or diag($worst);

	cmp_ok($before, '<', 100_000, 'it was small');
	is($after, disk_size('erp', 'grows'), 'and is large now');
	like($next, qr/^erp - \d+ \d+$/, 'then the dump of its database');
	is($server->sql("SELECT \"table\", after FROM erpgo_backup_growth WHERE id = '$id' AND before = '40 kB'"), 'public.grows|21 MB',
		'the view has the newest backup');
};

subtest 'tables that come and go' => sub {
	$server->sql('DROP TABLE "Gone"; CREATE TABLE fresh AS SELECT i FROM generate_series(1, 200000) i', 'erp');
	$server->sql("INSERT INTO $quoted_schema.$quoted_table SELECT repeat('x', 1000) FROM generate_series(1, 3000)", 'erp');
	$server->sql('TRUNCATE grows', 'erp');
	my $id = $server->run_backup;
	my $growth = growth($id);

	like($growth, qr/^erp public\.fresh new \d{7}$/m, 'a new one');
	like($growth, qr/^erp public\."Gone" \d{7} gone$/m, 'one that was dropped');
	like($growth, qr/^erp \Q$quoted_schema.$quoted_table\E new \d{7}$/m, 'one with a name that has to be quoted');
	like($growth, qr/^erp public\.grows 40960 gone$/m, 'one that lost its rows, against the median');
	unlike($growth, qr/crm|steady/, 'what stayed as it was is not named');
};

subtest 'a database that is gone' => sub {
	$server->sql('DROP DATABASE attic; CREATE DATABASE annex');
	$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 10000) i', 'annex');
	my $id = $server->run_backup;
	my $growth = growth($id);

	like($growth, qr/^attic - \d+ gone$/m, 'is named');
	like($growth, qr/^annex - new \d+$/m, 'so is one that is new');
	unlike($growth, qr/(?:attic|annex) (?!-)/, 'their tables are not');
	is($server->sql("SELECT compared FROM erpgo_backup.newest_good WHERE id = '$id'"), 5,
		'the size of the backup is compared with those before');
};

subtest 'other kinds are not compared' => sub {
	my $some = $server->run_backup(databases => ['crm']);
	is(growth($some), '', 'a backup of one database is not one of all');
	my $definitions = $server->run_backup(type => 'schema');
	is($server->sql("SELECT count(*) FROM erpgo_backup.backup_size WHERE backup_id = '$definitions' AND table_name IS NOT NULL"),
		0, 'of definitions alone, tables have no size');
};

subtest 'the repository knows it all' => sub {
	my $id = $server->sql("SELECT max(id) FROM erpgo_backup.backup WHERE all_databases AND type = 'full'");
	my $before = growth($id);

	isnt($before, '', 'something changed');
	$server->sql('DELETE FROM erpgo_backup.backup');
	is(backups_with_sizes(), 0, 'sizes go with their backups');
	$server->sql('SELECT erpgo_backup_sync()');
	is(growth($id), $before, 'a lost history is read back');
};

subtest 'only the last eight backups of a kind keep their sizes' => sub {
	my $others = backups_with_sizes() - $server->sql("SELECT count(*) FROM erpgo_backup.backup WHERE type = 'full' AND all_databases");

	$server->run_backup for 1 .. 4;
	is(backups_with_sizes() - $others, 8, 'after a backup');
	$server->sql('SELECT erpgo_backup_sync()');
	is(backups_with_sizes() - $others, 8, 'after reading the repository');
	is($server->sql('SELECT count(*) FROM erpgo_backup.backup WHERE objects::text ~ \'"tables"\''), 0, 'nothing is kept twice');
};

subtest 'more tables than are noted' => sub {
	$server->sql("DO \$\$ BEGIN FOR i IN 1 .. 30 LOOP
		EXECUTE format('CREATE TABLE t%s AS SELECT 1 AS i FROM generate_series(1, %s)', i, 3000 + 300 * i); END LOOP; END \$\$", 'crm');
	$server->run_backup(databases => ['crm']) for 1 .. 2;
	is($server->sql("SELECT count(*) FROM erpgo_backup.backup_size WHERE backup_id = (SELECT max(id) FROM erpgo_backup.backup)"),
		21, 'twenty are noted, and the dump');
	# One that was among the rest comes into sight: it cannot have grown from nothing.
	$server->sql('INSERT INTO t1 SELECT 1 FROM generate_series(1, 10000)', 'crm');
	my $growth = growth($server->run_backup(databases => ['crm']));
	like($growth, qr/^crm public\.t1 new \d+$/m, 'one that has grown into their number is named');
	unlike($growth, qr/public\.(?!t1\b)/, 'one that was displaced has not changed');
};

subtest 'a locked table is waited for by pg_dump alone' => sub {
	my $handle = hold_table($server, 'erp', 'steady');
	my $id = start_run($server, 'full', '{erp}');

	wait_for('pg_dump to wait',
		sub { $server->sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%' AND wait_event_type = 'Lock'") eq '1' });
	wait_for('the sizes to be known',
		sub { $server->sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE 'ROLLBACK TO SAVEPOINT%'") eq '1' });
	is($server->sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), 1, 'nobody else waits');
	release_table($handle);
	is(wait_run($server, $id), 'ok', 'the backup is made');
	like($server->cli_ok('show', $id), qr/public\.steady/, 'the locked table has its size');
};

subtest 'names that are no UTF-8' => sub {
	$server->sql("CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
	$server->sql("SET client_encoding = SQL_ASCII; DO E'BEGIN CREATE TABLE \"a\\\\b\\344\" AS SELECT 1 AS i; END'", 'bytes');
	my $id = $server->run_backup(databases => ['bytes']);
	is($server->sql("SELECT table_name FROM erpgo_backup.backup_size WHERE backup_id = '$id' AND table_name IS NOT NULL"),
		'public."a\\\\b\\344"', 'are noted byte by byte');
};

$server->log_is_clean;
done_testing();
