-- What the settings accept.
SELECT name, setting, unit, context, vartype
FROM pg_settings
WHERE name ~ '^erpgo_backup\.' AND name <> 'erpgo_backup.database'
ORDER BY name COLLATE "C";

ALTER SYSTEM SET erpgo_backup.repository = 'ftp://host/folder';
ALTER SYSTEM SET erpgo_backup.repository = 'relative/path';
ALTER SYSTEM SET erpgo_backup.repository = 'file:///backups/../elsewhere';
ALTER SYSTEM SET erpgo_backup.cluster = '';
ALTER SYSTEM SET erpgo_backup.cluster = 'with space';
ALTER SYSTEM SET erpgo_backup.cluster = '../elsewhere';
ALTER SYSTEM SET erpgo_backup.secrets_file = 'relative/path';
ALTER SYSTEM SET erpgo_backup.connection = 'host=localhost PassWord=secret';
ALTER SYSTEM SET erpgo_backup.connection = 'postgresql://localhost/';
ALTER SYSTEM SET erpgo_backup.compression = 'zip';
ALTER SYSTEM SET erpgo_backup.compression = 'zstd:0';
ALTER SYSTEM SET erpgo_backup.encryption = 'rot13';
ALTER SYSTEM SET erpgo_backup.verify_depth = 'restore';
ALTER SYSTEM SET erpgo_backup.jobs = 0;
ALTER SYSTEM SET erpgo_backup.nice = -1;
SET erpgo_backup.enabled = off;

-- who is nobody does not see where things are
CREATE ROLE regress_backup_nobody;
SET ROLE regress_backup_nobody;
SELECT name FROM pg_settings WHERE name ~ '^erpgo_backup\.' AND name ~ 'repository|secrets_file|connection';
RESET ROLE;
DROP ROLE regress_backup_nobody;

-- the repository must be elsewhere
CREATE EXTENSION erpgo_backup;
SET client_min_messages = warning;
\set setting erpgo_backup.repository
SELECT format('file://%s/backups', current_setting('data_directory')) AS value \gset
ALTER SYSTEM SET erpgo_backup.repository = :'value';
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', :'setting', :'value')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
DO $$
BEGIN
	PERFORM erpgo_backup_run();
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE WARNING '%', replace(SQLERRM, current_setting('data_directory'), '<data>');
END
$$;
SELECT status, replace(message, current_setting('data_directory'), '<data>') AS message, hint
FROM erpgo_backup_check() WHERE name = 'repository_location';
ALTER SYSTEM RESET erpgo_backup.repository;

-- a server that is not enabled leaves the repository alone
\set setting erpgo_backup.enabled
\set value off
ALTER SYSTEM SET erpgo_backup.enabled = off;
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', :'setting', :'value')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
SELECT erpgo_backup_run();
SELECT erpgo_backup_pin('latest', 'why not');
SELECT status, message FROM erpgo_backup_check() WHERE name = 'enabled';
\set value on
ALTER SYSTEM RESET erpgo_backup.enabled;
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', :'setting', :'value')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
SELECT status, message FROM erpgo_backup_check() WHERE name = 'enabled';
DROP EXTENSION erpgo_backup;
