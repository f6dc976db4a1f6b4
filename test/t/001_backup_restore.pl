# The main way: a backup from SQL, seen in the history, listed, verified and
# restored under another name with the command line; the copy equals the
# source, however the backup was compressed and encrypted.
use strict;
use warnings;
use utf8;
use ErpgoBackup;
use Test::More;

my $WEIRD = 'Zweite "DB"/ä';
my $server = ErpgoBackup->new('main', encrypted => 1);

sub make_databases
{
	$server->sql('CREATE ROLE "the owner"; CREATE ROLE reader;');
	$server->sql('CREATE DATABASE erp OWNER "the owner"');
	$server->sql('CREATE DATABASE "Zweite ""DB""/ä"');
	$server->sql(<<'END', 'erp');
CREATE SCHEMA "Ein ""Schema"" mit
Zeilenende";
CREATE DOMAIN amount AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"');
CREATE TABLE customer (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL,
	mood mood,
	"weird
column" text,
	upper_name text GENERATED ALWAYS AS (upper(name)) STORED,
	picture bytea,
	tags text[],
	document jsonb);
INSERT INTO customer (name, mood, "weird
column", picture, tags, document)
SELECT E'Zoë \\ \t "' || i || E'"\n\r\x01', (ARRAY['sad', 'ok', NULL])[1 + i % 3]::mood,
	CASE WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN '' ELSE E'\\N' END,
	decode(md5(i::text) || '00ff', 'hex'), ARRAY['a,b', NULL, '"', '{}'],
	jsonb_build_object('n', i, 'text', repeat('x', i % 50))
FROM generate_series(1, 2000) i;
CREATE TABLE invoice (
	id int, day date, customer bigint REFERENCES customer, total amount)
	PARTITION BY RANGE (day);
CREATE TABLE invoice_2025 PARTITION OF invoice FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE invoice_2026 PARTITION OF invoice FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO invoice
SELECT i, date '2025-06-01' + i % 400, 1 + i % 2000, i / 7.0 FROM generate_series(1, 5000) i;
CREATE INDEX ON invoice (customer) WHERE total > 10;
CREATE TABLE "Ein ""Schema"" mit
Zeilenende"."Tabelle; DROP TABLE customer" (x float8, y interval, z tstzrange);
INSERT INTO "Ein ""Schema"" mit
Zeilenende"."Tabelle; DROP TABLE customer" VALUES
	('NaN', '1 mon -3 days', 'empty'), ('-Infinity', NULL, '[2026-01-01,)'), (1e-300, '0', NULL);
CREATE VIEW good_customer AS SELECT id, name FROM customer WHERE mood <> 'sad';
CREATE MATERIALIZED VIEW invoice_sum AS SELECT customer, sum(total) FROM invoice GROUP BY 1;
CREATE SEQUENCE counter START 17 INCREMENT 3;
SELECT nextval('counter'), nextval('counter');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.name := NEW.name || '!'; RETURN NEW; END$$;
CREATE TRIGGER touch BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION touch();
COMMENT ON TABLE customer IS 'with ''quotes'' and ä';
ALTER TABLE customer OWNER TO "the owner";
GRANT SELECT ON customer TO reader;
SELECT lo_from_bytea(0, decode(repeat('00ff10', 5000), 'hex'));
CREATE UNLOGGED TABLE scratch AS SELECT 1 AS one;
END
	$server->sql(<<'END', $WEIRD);
CREATE TABLE t AS SELECT i, repeat(md5(i::text), 50) AS filler FROM generate_series(1, 3000) i;
END
	return;
}

# Restores one database of a backup under another name and compares.
sub restores_equal
{
	my ($id, $source, $copy, @options) = @_;
	my ($exit_code, $out, $err) = $server->cli('restore', $id, '--database',
		$source, '--dbname', $server->conninfo($copy), '--create', @options);

	is($exit_code, 0, "\"$source\" is restored as \"$copy\"")
	  or diag($out, $err);
	ok($server->contents($copy) eq $server->contents($source),
		"\"$copy\" equals \"$source\"");
	return;
}

sub drop
{
	my ($database) = @_;
	my $quoted = $database =~ s/"/""/gr;

	$server->sql("DROP DATABASE \"$quoted\"");
	return;
}

make_databases();

subtest 'a backup of everything' => sub {
	my $id = $server->run_backup;

	like($id, qr/^\d{8}T\d{6}Z-full$/, 'run returns the identifier');
	is( $server->sql(
			"SELECT type, status, verified_depth, finished_at IS NOT NULL, stored_bytes > 0, size_bytes > stored_bytes
			FROM erpgo_backup_history WHERE id = '$id'"),
		'full|ok|archive|t|t|t',
		'the history has it, verified');
	is($server->sql("SELECT count(*) FROM erpgo_backup_list() WHERE id = '$id'"),
		1, 'the list has it');

	like($server->cli_ok('list'), qr/\Q$id\E/, 'the command line lists it');
	like($server->cli_ok('show', $id), qr/\Q$id\E/, 'and shows it');
	$server->cli_ok('check');
	foreach my $depth (qw(digest archive full))
	{
		$server->cli_ok('verify', $id, '--depth', $depth);
	}
	is($server->sql("SELECT count(*) FROM erpgo_backup_verify('$id', 'full')"),
		1, 'SQL verifies it');

	restores_equal('latest', 'erp', 'erp "copy"');
	restores_equal($id, $WEIRD, 'zwei');
	is( $server->sql(
			"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'erp \"copy\"'"),
		'the owner', 'a new database has the owner of its source');
	drop('erp "copy"');
	drop('zwei');
};

my @cases = (
	['zstd:1', 'none', '.zst'],
	['zstd:3', 'aes-256-cbc', '.zst.aes'],
	['gzip:6', 'none', '.gz'],
	['gzip:1', 'aes-256-cbc', '.gz.aes'],
	['lz4', 'none', '.lz4'],
	['lz4', 'aes-256-ctr', '.lz4.aes'],
	['none', 'none', ''],
	['none', 'aes-256-ctr', '.aes']);

foreach my $case (@cases)
{
	my ($compression, $encryption, $suffix) = @$case;
	my @options = $encryption eq 'none' ? ('--allow-unencrypted') : ();

	subtest "compression $compression, encryption $encryption" => sub {
		$server->set(
			'erpgo_backup.compression' => $compression,
			'erpgo_backup.encryption' => $encryption);
		my $id = $server->run_backup(databases => ['erp']);

		ok(-f $server->backup_folder($id) . "/erp.dump$suffix",
			"the dump's name ends in \"$suffix\"");
		$server->cli_ok('verify', $id, '--depth', 'full');
		restores_equal($id, 'erp', 'copy', @options);
		drop('copy');
	};
}

subtest 'types' => sub {
	$server->set(
		'erpgo_backup.compression' => 'zstd',
		'erpgo_backup.encryption' => 'auto');
	my $schema = $server->run_backup(type => 'schema-only', databases => ['erp']);
	my $data = $server->run_backup(type => 'data-only', databases => ['erp']);

	like($schema, qr/-schema$/, 'schema-only is schema');
	like($data, qr/-data$/, 'data-only is data');
	$server->cli_ok(
		'restore', $schema, '--database', 'erp', '--dbname',
		$server->conninfo('copy'), '--create');
	is($server->sql('SELECT count(*) FROM customer', 'copy'),
		0, 'a backup of the schema restores empty tables');
	$server->cli_ok('restore', $data, '--database', 'erp', '--dbname',
		$server->conninfo('copy'));
	is( $server->sql('SELECT count(*), sum(total) FROM invoice', 'copy'),
		$server->sql('SELECT count(*), sum(total) FROM invoice', 'erp'),
		'a backup of the data fills them');
	drop('copy');
};

is($server->sql("SELECT count(*) FROM erpgo_backup_history WHERE status <> 'ok'"),
	0, 'the history has nothing but good backups');
$server->log_is_clean;
done_testing();
