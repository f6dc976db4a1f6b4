/*
 * Prints how to restore a physical backup without this program.
 */
#include "postgres_fe.h"

#include "command/break_glass.h"
#include "command/shell.h"

void
break_glass_print_cluster_variables(const Manifest *manifest)
{
	const PhysicalBackup *physical = manifest->physical;

	printf("\n# The data directory to make; it must not be there, or be empty.\n"
		   "PGDATA=$(realpath -m \"${PGDATA:?Set it to the data directory to make}\")\n");
	if (physical->tablespace_count > 0)
		printf("\n# Where the tablespaces go: where they were, if nothing else is set.\n");
	for (int i = 0; i < physical->tablespace_count; i++)
		printf("[ -n \"${TABLESPACE_%u:-}\" ] || TABLESPACE_%u=%s\n",
			   physical->tablespaces[i].oid, physical->tablespaces[i].oid,
			   shell_quote(physical->tablespaces[i].location));
}

/*
 * Prints how the folders are made.  The server needs no map of tablespaces
 * where their links are in place.
 */
static void
print_folders(const PhysicalBackup *physical)
{
	printf("\n# make_folder DIR: it must not hold anything.\n"
		   "make_folder()\n"
		   "{\n"
		   "\tmkdir -p \"$1\"\n"
		   "\tif [ -n \"$(ls -A \"$1\")\" ]; then\n"
		   "\t\techo \"$1 is not empty\" >&2\n"
		   "\t\texit 1\n"
		   "\tfi\n"
		   "\tchmod 700 \"$1\"\n"
		   "}\n"
		   "make_folder \"$PGDATA\"\n"
		   "mkdir \"$PGDATA/pg_tblspc\"\n");
	for (int i = 0; i < physical->tablespace_count; i++)
		printf("make_folder \"$TABLESPACE_%u\"\n"
			   "ln -s \"$(realpath \"$TABLESPACE_%u\")\" \"$PGDATA/pg_tblspc/%u\"\n",
			   physical->tablespaces[i].oid, physical->tablespaces[i].oid,
			   physical->tablespaces[i].oid);
}

/*
 * Prints one line for each object of a kind, which decodes it to somewhere.
 */
static void
print_objects(const Manifest *manifest, ObjectKind kind, const char *into)
{
	for (int i = 0; i < manifest->object_count; i++)
	{
		if (manifest->objects[i].kind == kind)
			printf("decode %s %s\n", shell_quote(manifest->objects[i].name), into);
	}
}

/*
 * Prints how the segments of WAL are written.
 */
static void
print_wal(const Manifest *manifest)
{
	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		/* The segment's name ends where the suffixes begin. */
		if (object->kind == OBJECT_WAL)
			printf("decode %s >\"$PGDATA/pg_wal/%.24s\"\n", shell_quote(object->name),
				   object->name + Min(strlen(object->name), strlen("wal-")));
	}
}

/*
 * Prints what becomes of configuration files from outside of the data
 * directory, and which settings a copy of the server must have.
 */
static void
print_settings(void)
{
	printf("\n# Configuration files that were elsewhere; they may name the original's folders.\n"
		   "quote=\"'\"\n"
		   "quoted=${PGDATA//$quote/$quote$quote}\n"
		   "if [ -d \"$PGDATA/config\" ]; then\n"
		   "\tcp -a \"$PGDATA/config/.\" \"$PGDATA\"\n"
		   "\trm -r \"$PGDATA/config\"\n"
		   "\tif [ -f \"$PGDATA/postgresql.conf\" ]; then\n"
		   "\t\tprintf \"\\n%%s = '%%s'\\n\" data_directory \"$quoted\" external_pid_file '' \\\n"
		   "\t\t\t>>\"$PGDATA/postgresql.conf\"\n"
		   "\t\tfor name in hba ident; do\n"
		   "\t\t\t[ ! -f \"$PGDATA/pg_$name.conf\" ] ||\n"
		   "\t\t\t\tprintf \"%%s = '%%s'\\n\" ${name}_file \"$quoted/pg_$name.conf\" \\\n"
		   "\t\t\t\t\t>>\"$PGDATA/postgresql.conf\"\n"
		   "\t\tdone\n"
		   "\tfi\n"
		   "fi\n"
		   "\n# A copy must not write where the original does.  Remove the lines where it replaces it.\n"
		   "printf '\\narchive_mode = off\\nerpgo_backup.enabled = off\\n' >>\"$PGDATA/postgresql.auto.conf\"\n"
		   "rm -f \"$PGDATA/recovery.signal\" \"$PGDATA/standby.signal\"\n");
}

void
break_glass_print_cluster(const Manifest *manifest)
{
	print_folders(manifest->physical);
	printf("\n# The files.\n");
	print_objects(manifest, OBJECT_PACK, "| tar -x -p -f - -C \"$PGDATA\"");
	print_objects(manifest, OBJECT_LABEL, ">\"$PGDATA/backup_label\"");
	printf("\n# The WAL that makes them consistent.\n");
	print_wal(manifest);
	print_settings();
	printf("\n# What lets it start comes last.\n"
		   "sync\n");
	print_objects(manifest, OBJECT_CONTROL, ">\"$PGDATA/global/pg_control\"");
	printf("sync\n");
}
