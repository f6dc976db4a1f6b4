# No secret appears anywhere but in the file that holds it.
use strict;
use warnings;
use ErpgoBackup qw(wait_for file_names read_file write_file);
use ErpgoFaults;
use Test::More;

my $KEY = 'Topsecret-Key-0123456789abcdefgh';
my $PASSWORD = 'Topsecret-Password-42';
my $SECRET = qr/Topsecret|[Tt]opsecret/;

my $server = ErpgoBackup->new('secrets', encrypted => 1,
	settings => { log_min_messages => 'debug5', log_statement => 'all', log_connections => 'on' });
$server->sql('CREATE DATABASE erp');
$server->sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i', 'erp');

# The engine must need the password: it connects as a role of its own.
$server->sql("SET log_statement = 'none'; SET log_min_messages = 'fatal'; CREATE ROLE dumper SUPERUSER LOGIN PASSWORD '$PASSWORD'");
write_file($server->{secrets},
	"BACKUP_ENCRYPTION_KEY=$KEY\nBACKUP_ENCRYPTION_KEY_NEW=Topsecret-new-key-0123456789\nPOSTGRES_PASSWORD=$PASSWORD\n");
$server->set('erpgo_backup.connection' => 'user=dumper');
my $hba = $server->node->data_dir . '/pg_hba.conf';
write_file($hba, "local all dumper scram-sha-256\n" . read_file($hba));
$server->node->reload;

# What every process of this user was called with, and its environment, while
# a job runs.
my $handle = hold_table($server, 'erp', 't');
my $id = start_run($server, 'full', '{erp}');
my $processes;
wait_for('pg_dump',
	sub { $processes = job_processes($server, $id); return $processes->{programs}{pg_dump} });
foreach my $pid (@$processes{qw(job supervisor worker)}, values %{ $processes->{programs} })
{
	foreach my $what (qw(cmdline environ))
	{
		my $text = '';

		# That of the engine is out of reach even for its own user.
		if (open(my $file, '<', "/proc/$pid/$what"))
		{
			local $/ = undef;
			$text = <$file> // '';
		}
		unlike($text, $SECRET, "no secret in /proc/PID/$what of " . ($text =~ /^([\w\/.]*)/)[0]);
	}
}
foreach my $pid ($processes->{worker}, $processes->{programs}{pg_dump})
{
	like(read_file("/proc/$pid/limits"), qr/^Max core file size\s+0\s+0\s/m, 'no core file can hold a secret');
}
release_table($handle);
is(wait_run($server, $id), 'ok', 'the run, with a password from the secrets file, is good');
$server->sql("SELECT erpgo_backup_verify('$id', 'full')");
$server->sql("SELECT erpgo_backup_pin('$id', 'a reason'), erpgo_backup_sync()");
$server->sql('SELECT * FROM erpgo_backup_check()');

# A failure must not tell it either.
write_file($server->{secrets}, "BACKUP_ENCRYPTION_KEY=Topsecret-other-key-0123456789abcd\nBACKUP_ENCRYPTION_KEY_NEW=Topsecret-new-key\nPOSTGRES_PASSWORD=Topsecret-wrong\n");
my ($exit_code, $out, $err) = $server->try_sql("SELECT erpgo_backup_run('full', '{erp}')");
isnt($exit_code, 0, 'a run with other secrets fails');
unlike($err, $SECRET, 'without telling them');
foreach my $command ([ 'verify', $id ], [ 'list', '--json' ], [ 'show', $id, '--json' ], [ 'show', $id, '--break-glass' ], ['check'], ['keys'], [ 'rekey', '--retire' ])
{
	my ($code, $stdout, $stderr) = $server->cli(@$command);
	unlike("$stdout$stderr", $SECRET, "nor does \"@$command\" with a wrong key");
}

unlike($server->sql('SELECT * FROM pg_settings'), $SECRET, 'no secret in pg_settings');
foreach my $table (qw(erpgo_backup.backup erpgo_backup.attempt erpgo_backup.audit erpgo_backup_history))
{
	unlike($server->sql("SELECT * FROM $table"), $SECRET, "no secret in $table");
}
unlike(read_file($server->node->logfile), $SECRET, 'no secret in the server log at DEBUG5');
foreach my $name (file_names($server->folder))
{
	unlike(read_file($server->folder . "/$name"), $SECRET, 'no secret in ' . ($name =~ s/\Q$id\E/ID/r));
}
is(join(' ', glob('/tmp/erpgo_backup_password_* /dev/shm/erpgo_backup_password_*')), '', 'no temporary file stays');
foreach my $connection ('password=x', 'user=a password = x', 'postgresql://u:p@/db', 'PASSWORD=x')
{
	my ($code, $stdout, $stderr) = $server->try_sql("ALTER SYSTEM SET erpgo_backup.connection = '$connection'");
	isnt($code, 0, 'a connection with a password is refused');
}

foreach my $mode (0644, 0660, 0604)
{
	chmod($mode, $server->{secrets});
	my ($code, $stdout, $stderr) = $server->cli('list');
	is($code, 1, sprintf('a secrets file with mode %04o is refused', $mode));
	like($stderr, qr/open to others/, 'and why');
}
chmod(0600, $server->{secrets});
$server->log_is_clean(qr/erpgo_backup_run|BACKUP_ENCRYPTION_KEY|erpgo_backup\.connection|password authentication failed|key/);
done_testing();
