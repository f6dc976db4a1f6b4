/*
 * The manifest of a backup: what it is, which objects it consists of and the
 * digest of each.  A backup exists if and only if its manifest is there and
 * authenticates.  docs/REPOSITORY_FORMAT.md is the specification.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_MANIFEST_H
#define ERPGO_ENGINE_REPOSITORY_MANIFEST_H

#include <jansson.h>

#include "common/backup_id.h"
#include "common/compression.h"
#include "common/encryption.h"
#include "common/verify_depth.h"
#include "repository/keys.h"

#define MANIFEST_FORMAT 1
#define MANIFEST_PURPOSE "manifest"
/* Names in a backup's folder that are no objects of the manifest. */
#define MANIFEST_NAME "manifest.json"
#define WRITER_NAME "writer.json"
#define DELETING_NAME "deleting.json"
/* A manifest is small whatever the size of the cluster. */
#define MANIFEST_LIMIT (64 * 1024 * 1024)
/* Enough for time_format: "2026-11-22T18:00:00.123Z". */
#define TIME_TEXT_SIZE 32

typedef enum ObjectKind
{
	OBJECT_GLOBALS,				/* what pg_dumpall --globals-only wrote */
	OBJECT_DATABASES,			/* properties of the databases, JSON */
	OBJECT_DUMP,				/* what pg_dump wrote of one database */
	OBJECT_PACK,				/* a tar archive of files of a cluster */
	OBJECT_FILES,				/* the list of these files */
	OBJECT_FRAMES,				/* the frames of all packs */
	OBJECT_PAGES,				/* hashes of the pages in one pack */
	OBJECT_LABEL,				/* the file backup_label */
	OBJECT_TABLESPACE_MAP,		/* the file tablespace_map */
	OBJECT_CONTROL,				/* the file pg_control */
	OBJECT_WAL					/* a segment of WAL */
} ObjectKind;

/* How many tables of a database have their size noted. */
#define TABLE_SIZE_COUNT 20

/* A table, and how large it was. */
typedef struct TableSize
{
	char	   *name;			/* schema and table, quoted as in SQL */
	int64		bytes;			/* without indexes */
} TableSize;

typedef struct ManifestObject
{
	ObjectKind	kind;
	char	   *name;			/* below the backup's folder */
	char	   *database;		/* of a dump; NULL otherwise */
	int64		size;			/* bytes before compression */
	int64		stored_size;	/* bytes in the store */
	char		sha256[SHA256_HEX_SIZE];	/* of the stored bytes */

	/* Of a dump: its table of contents as "pg_restore --list" shows it. */
	int			toc_entries;
	char		toc_sha256[SHA256_HEX_SIZE];
	TableSize  *tables;			/* the largest; NULL if that was not noted */
	int			table_count;
} ManifestObject;

/* A page that did not match its checksum. */
typedef struct BadPage
{
	char	   *path;			/* of the file */
	int64		block;			/* in the file */
} BadPage;

/* How many of them a manifest names at most. */
#define BAD_PAGE_LIMIT 100

typedef struct BackupTablespace
{
	Oid			oid;
	char	   *location;
} BackupTablespace;

/* What only a physical backup has. */
typedef struct PhysicalBackup
{
	uint32		timeline;
	uint64		start_lsn;
	uint64		stop_lsn;
	uint64		checkpoint_lsn;
	int64		wal_segment_size;
	int64		block_size;
	bool		checksums;
	int64		bad_page_count;
	BadPage    *bad_pages;		/* the first of them */
	int			bad_pages_named;
	BackupTablespace *tablespaces;
	int			tablespace_count;
} PhysicalBackup;

typedef struct Manifest
{
	char		id[BACKUP_ID_SIZE];
	BackupType	type;
	char	   *cluster;
	char	   *system_identifier;	/* decimal */
	int			server_version; /* as in PG_VERSION_NUM */
	char	   *engine_version;
	int64		started_ms;		/* milliseconds since 1970, UTC */
	int64		finished_ms;
	Compression compression;
	Cipher		cipher;
	bool		sealed;			/* encrypted for the holder of a private key */
	char		signer[KEY_HEX_SIZE];	/* of a sealed one; else "" */
	char		key_id[KEY_ID_SIZE];	/* of the cluster key, or the seal; ""
										 * if none */
	WrappedKey	data_key;		/* under that; unused if none */
	VerifyDepth verified_depth; /* before the manifest was written */
	char	   *label;			/* what the user said of it, or NULL */
	char	   *schedule;		/* the schedule that made it, or NULL */
	bool		scope_known;	/* the first writers did not note it */
	char	  **scope;			/* databases that were asked for; NULL is all */
	int			scope_count;
	PhysicalBackup *physical;	/* of a physical backup; else NULL */
	ManifestObject *objects;
	int			object_count;
} Manifest;

/* The member "physical" of a manifest, and the reverse, which checks it all. */
extern json_t *physical_to_json(const PhysicalBackup *physical);
extern PhysicalBackup *physical_parse(json_t *json, const char *name);

/* A position in the WAL as text, in memory that the next calls use again. */
extern const char *lsn_text(uint64 lsn);
extern bool lsn_parse(const char *text, uint64 *lsn);

/* Is this the system identifier of a cluster: a decimal number, not zero? */
extern bool system_identifier_is_valid(const char *system_identifier);

/* Adds up the plain and the stored bytes of all objects. */
extern int64 manifest_size(const Manifest *manifest);
extern int64 manifest_stored_size(const Manifest *manifest);

/* The dump of a database; NULL if the backup has none. */
extern const ManifestObject *manifest_dump(const Manifest *manifest,
										   const char *database);

/* The first object of a kind; NULL if there is none. */
extern const ManifestObject *manifest_object(const Manifest *manifest,
											 ObjectKind kind);

/* Adds a copy of an object, which may be completed until the next one is added. */
extern ManifestObject *manifest_add_object(Manifest *manifest,
										   const ManifestObject *object);

/* The word for a kind of object, in static memory, and the reverse. */
extern const char *object_kind_name(ObjectKind kind);
extern bool object_kind_parse(const char *word, ObjectKind *kind);

/*
 * Writes a manifest as text (allocated): JSON whose last line alone holds the
 * authentication of every byte before it, an HMAC-SHA-256 under a key derived
 * from the data key, or a plain SHA-256 where data_key is NULL.
 */
extern char *manifest_format(const Manifest *manifest, const char *data_key);

/* The same for a sealed one, which is signed. */
extern char *manifest_format_signed(const Manifest *manifest, const char *signing_key);

/*
 * Reads a text that claims to be the manifest of a backup.  Everything is
 * checked: authentication first, then that the identifier is the one expected,
 * format version, types, ranges, names, duplicates.  name is the object's name
 * for messages.  unlock gives the data key for a manifest that names one; that
 * of a sealed one, whose signature is right, has no rounds (iterations 0), and
 * data_key may stay empty.  Whether its signer is trusted the caller decides.
 * Anything wrong is FAILURE_DAMAGED; a format version from the future is
 * FAILURE_STATE.  With unlock NULL, a manifest that names a key is read without
 * being authenticated: nothing must be restored by it.
 */
typedef void (*DataKeyUnlocker) (void *context, const char *key_id,
								 const WrappedKey *wrapped,
								 char data_key[KEY_HEX_SIZE]);

extern Manifest *manifest_parse(const char *text, const char *name,
								const char *expected_id,
								DataKeyUnlocker unlock, void *context,
								char data_key[KEY_HEX_SIZE]);

/*
 * Of manifest_parse: authenticates a sealed one by its signature, and gives the
 * data key, or "" if the private key is not here; reads what such a one is
 * encrypted and signed with.
 */
extern void manifest_seal_authenticate(json_t *json, const char *content, const char *name,
									   DataKeyUnlocker unlock, void *context,
									   char data_key[KEY_HEX_SIZE]);
extern void manifest_seal_read(json_t *json, const char *name, Manifest *manifest);

/*
 * Appends the authentication line to a JSON text that ends before it, and
 * checks one: all records (record.h) share the scheme.  data_key NULL or ""
 * makes the line a plain SHA-256.  purpose keeps the keys of different kinds
 * of text apart.
 */
extern char *authentication_append(const char *body, const char *data_key,
								   const char *purpose);
extern bool authentication_check(const char *text, const char *data_key,
								 const char *purpose);

/*
 * The same by a signature: signing_key are the 64 digits of an Ed25519 key, of
 * which readers have the public half.
 */
extern char *authentication_sign(const char *body, const char *signing_key,
								 const char *purpose);
extern bool authentication_check_signature(const char *text, const char *signer,
										   const char *purpose);

/* Times as manifests have them, to the millisecond and in UTC. */
extern void time_format(int64 unix_ms, char text[TIME_TEXT_SIZE]);
extern bool time_parse(const char *text, int64 *unix_ms);
extern int64 time_now_ms(void);

#endif
