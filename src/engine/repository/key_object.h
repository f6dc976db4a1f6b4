/*
 * The objects under "key/" of a cluster: each is a cluster key wrapped by a
 * master key.  None is ever changed.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_KEY_OBJECT_H
#define ERPGO_ENGINE_REPOSITORY_KEY_OBJECT_H

#include "repository/keys.h"

/* A wrapping of a cluster key. */
typedef struct KeyObject
{
	char	   *name;			/* of the object */
	bool		damaged;		/* then only the name is known */
	int64		created_ms;		/* when the cluster key was made */
	int64		wrapped_ms;		/* when it was wrapped */
	char	   *label;			/* what was said of the master key, or NULL */
	char		cluster_key[KEY_ID_SIZE];
	WrappedKey	wrapped;
} KeyObject;

typedef struct KeyObjects
{
	KeyObject  *objects;		/* the newest cluster key first */
	int			count;
} KeyObjects;

/* Reads all key objects of a cluster, the damaged ones too. */
extern KeyObjects key_objects_read(Store *store, const char *prefix);

/* Gives back what key_objects_read returned. */
extern void key_objects_free(KeyObjects *keys);

/* Fails if a key object is damaged: it may be the one that is missing. */
extern void key_objects_require_undamaged(const KeyObjects *keys);

/*
 * Does the master key open this wrapping of a cluster key, and is it the key
 * that it says?
 */
extern bool key_object_open(const KeyObject *object, const char *master,
							ClusterKey *result);

/*
 * Opens the newest wrapping, of the cluster key with this name (NULL: of any),
 * that the master key opens; NULL if it opens none.
 */
extern const KeyObject *key_objects_open(const KeyObjects *keys, const char *id,
										 const char *master, ClusterKey *result);

/* The part of the object's name that tells it from others, in static memory. */
extern const char *key_object_wrapping(const KeyObject *object);

/* A wrapping that is to be made. */
typedef struct NewWrapping
{
	const ClusterKey *key;
	int64		created_ms;		/* when the cluster key was made */
	const char *master;			/* what it is wrapped by */
	const char *label;			/* what is said of that, or NULL */
} NewWrapping;

/* A key object as it is stored: the same bytes wherever there are copies. */
typedef struct KeyText
{
	char		cluster_key[KEY_ID_SIZE];
	char		wrapping[KEY_ID_SIZE];	/* the object's name below "key/" */
	char	   *content;
} KeyText;

/* Wraps a cluster key, and stores nothing; the content is allocated. */
extern KeyText key_text_wrap(const NewWrapping *wanted);

/* Stores that, unless somebody else does at the same time. */
extern void key_text_store(Store *store, const char *prefix, const KeyText *stored);

/*
 * Wraps a cluster key, and stores that.  wrapping is the name of the new object
 * below "key/".
 */
extern void key_object_store(Store *store, const char *prefix,
							 const NewWrapping *wanted,
							 char wrapping[KEY_ID_SIZE]);

/* The full name of the object of a wrapping; allocated. */
extern char *key_object_path(const char *prefix, const char *wrapping);

#endif
