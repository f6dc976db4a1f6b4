# What "show --break-glass" prints restores a backup without this program.
use strict;
use warnings;
use ErpgoBackup qw(file_names read_file write_file damage);
use File::Temp ();
use Test::More;

my $source = ErpgoBackup->new('source', encrypted => 1);
my $WEIRD = q{it's "quoted" $(id) \\};
$source->sql("CREATE ROLE \"o'wner\"; CREATE DATABASE erp OWNER \"o'wner\"");
$source->sql('CREATE TABLE t AS SELECT i, md5(i::text) AS m FROM generate_series(1, 5000) i; CREATE INDEX ON t (m)', 'erp');
$source->sql(sprintf('CREATE DATABASE "%s"', $WEIRD =~ s/"/""/gr));
$source->sql('CREATE TABLE u AS SELECT 1 AS one', $WEIRD);

# Folders with the standard tools only: nothing of the installation's but
# PostgreSQL's own programs.
my $tools = File::Temp->newdir;
foreach my $tool (qw(psql pg_restore createdb dropdb))
{
	my $path = `command -v $tool`;
	chomp $path;
	symlink($path, "$tools/$tool");
}
my $path = "$tools:/usr/bin:/bin";

foreach my $case ([ 'zstd', 'aes-256-cbc' ], [ 'gzip', 'aes-256-ctr' ], [ 'lz4', 'none' ], [ 'none', 'aes-256-cbc' ])
{
	my ($compression, $encryption) = @$case;

	subtest "$compression, $encryption" => sub {
		$source->set('erpgo_backup.compression' => $compression, 'erpgo_backup.encryption' => $encryption);
		my $id = $source->run_backup(databases => [ 'erp', $WEIRD ]);
		my $script = $source->cli_ok('show', $id, '--break-glass');
		my $target = ErpgoBackup->new("target_$compression", preload => 0, extension => 0);
		my $folder = File::Temp->newdir;

		unlike($script, qr/\Q$ErpgoBackup::MASTER_KEY\E/, 'the script holds no key');
		write_file("$folder/script", $script);
		write_file("$folder/key", $ErpgoBackup::MASTER_KEY);
		chmod(0600, "$folder/key");
		my @run = ('env', '-i', "PATH=$path", "HOME=$folder", "MASTER_KEY_FILE=$folder/key",
			'PGHOST=' . $target->node->host, 'PGPORT=' . $target->node->port,
			'PGUSER=' . getpwuid($<), 'bash');

		my ($exit_code, $out, $err) = ErpgoBackup::run_program(@run, '-c', 'command -v erpgo_backup');
		isnt($exit_code, 0, 'the engine is not in PATH');
		($exit_code, $out, $err) = ErpgoBackup::run_program(@run, "$folder/script");
		is($exit_code, 0, 'the commands succeed') or diag($out, $err);
		foreach my $database ('erp', $WEIRD)
		{
			is( $target->sql('SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM '
					. ($database eq 'erp' ? 't' : 'u') . ' x', $database),
				$source->sql('SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM '
					. ($database eq 'erp' ? 't' : 'u') . ' x', $database),
				"\"$database\" is there");
		}
		is($target->sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'erp'"),
			"o'wner", 'with its owner');

		# Damage stops it before anything is decrypted.
		my ($dump) = grep { m{\Q$id\E/erp\.dump} } file_names($source->folder);
		damage($source->folder . "/$dump", 'flip');
		($exit_code, $out, $err) = ErpgoBackup::run_program(@run, "$folder/script");
		isnt($exit_code, 0, 'a damaged object stops it');
		damage($source->folder . "/$dump", 'flip');
		$target->node->stop;
	};
}
done_testing();
