/*
 * A store keeps named, immutable sequences of bytes ("objects"): the little
 * that a directory and a bucket have in common.  There is no append and no
 * folder, for a bucket has none, and renaming is only for where a put fails
 * because a store is full, as a bucket never is.
 *
 * Names are relative ("backup/<id>/manifest.json") and pass
 * object_name_is_valid.  Errors do not return (failure.h).  Every promise
 * below is a case of the conformance suite, which every kind of store passes.
 */
#ifndef ERPGO_ENGINE_STORE_STORE_H
#define ERPGO_ENGINE_STORE_STORE_H

#include "stream/sink.h"

typedef struct Store Store;

typedef enum PutMode
{
	PUT_NEW,					/* the name must be free: FAILURE_DUPLICATE */
	PUT_REPLACE					/* what has the name is replaced at once */
} PutMode;

typedef struct StoreObject
{
	char	   *name;
	int64		size;			/* bytes */
	time_t		modified;		/* by the store's clock */
	bool		archived;		/* in a class that has to be thawed; only
								 * stores with a thaw say so */
} StoreObject;

typedef struct StoreListing
{
	StoreObject *objects;
	int			count;
} StoreListing;

/* A small object whose size is known. */
typedef struct StoreBytes
{
	const char *name;
	int64		size;
	char	   *data;			/* allocated; NULL if it was not read */
} StoreBytes;

typedef struct StoreOps
{
	/*
	 * A sink that makes an object.  Once finished, the object is there whole
	 * and durable; until then, and for ever if released unfinished, nobody
	 * sees any of it.  Two finishing PUT_NEW of one name: exactly one wins.
	 */
	Sink	   *(*put) (Store *store, const char *name, PutMode mode);

	/*
	 * Writes the bytes of an object into a chain, which it neither finishes
	 * nor releases.  False, with nothing written, if there is no such object.
	 * Bounded memory.
	 */
	bool		(*get) (Store *store, const char *name, Sink *into);

	/*
	 * Reads small objects side by side.  One that cannot be read, or has
	 * another size, is left out: what is wrong with it is told when it is got
	 * by itself.  NULL: the store is so near that this would gain nothing.
	 */
	void		(*gather) (Store *store, StoreBytes *objects, int count);

	/*
	 * All finished objects whose name begins with a prefix, in byte order of
	 * their names.  Nothing is an empty listing, not an error.
	 */
	StoreListing (*list) (Store *store, const char *prefix);

	/* Removes an object durably; no error if there is none. */
	void		(*remove) (Store *store, const char *name);

	/*
	 * Removes many objects durably.  Those that may stay do where this is not
	 * allowed.  NULL: they are removed one after the other.
	 */
	void		(*remove_many) (Store *store, char *const *names, int count, bool may_stay);

	/*
	 * Has all objects under a prefix thawed that lie in an archive.  How many
	 * cannot be read yet.  NULL: all can be read always.
	 */
	int			(*thaw) (Store *store, const char *prefix);

	/*
	 * Gives an object a name that differs after the last slash, durably and
	 * in one step that needs no room.  False, with nothing changed, if there
	 * is no such object, or the store cannot; one that never gets full need
	 * not.
	 */
	bool		(*rename) (Store *store, const char *from, const char *to);

	/*
	 * Removes what writers that died left of unfinished objects under a
	 * prefix.  The caller knows that nobody is writing there.
	 */
	void		(*sweep) (Store *store, const char *prefix);

	/*
	 * Removes whatever else than objects the store has under a prefix, as
	 * empty folders.  Does not disturb those who write there.
	 */
	void		(*prune) (Store *store, const char *prefix);

	/* Makes the next get of an object read the medium, not a cache. */
	void		(*forget) (Store *store, const char *name);

	/* Free and total bytes for new objects; false where unlimited. */
	bool		(*space) (Store *store, int64 *free, int64 *total);

	/* Where its credentials came from; NULL if it needs none. */
	const char *(*credentials) (Store *store);

	void		(*close) (Store *store);
} StoreOps;

/* The first member of every store. */
struct Store
{
	const StoreOps *ops;
	char	   *url;			/* for messages; holds no secret */
	int64		reserve;		/* bytes that writing leaves free; 0 for none */
	int			lock_days;		/* that what lasts cannot be removed for */
};

/*
 * What a store on a server needs to be let in.  The texts outlive the store.
 */
typedef struct StoreAccess
{
	/* What a secret, by its name, is set to; NULL if it is not. */
	const char *(*variable) (const char *name);
	const char *ca_file;		/* certificates that are trusted as well, or
								 * NULL */
} StoreAccess;

/* Sets what stores are opened with from now on. */
extern void store_set_access(const StoreAccess *access);

/*
 * Opens the store that a URL names (common/store_url.h).  With create, makes
 * what is missing (a directory, mode 0700); without, a directory that is not
 * there is FAILURE_UNDEFINED.
 */
extern Store *store_open(const char *url, bool create);

extern Sink *store_put(Store *store, const char *name, PutMode mode);
extern bool store_get(Store *store, const char *name, Sink *into);
extern void store_gather(Store *store, StoreBytes *objects, int count);
extern StoreListing store_list(Store *store, const char *prefix);
extern void store_remove(Store *store, const char *name);
extern void store_remove_many(Store *store, char *const *names, int count);

/* Removes what nobody will miss; where that is not allowed, it stays. */
extern void store_tidy(Store *store, char *const *names, int count);
extern int	store_thaw(Store *store, const char *prefix);
extern bool store_rename(Store *store, const char *from, const char *to);
extern void store_sweep(Store *store, const char *prefix);
extern void store_prune(Store *store, const char *prefix);
extern void store_forget(Store *store, const char *name);
extern bool store_space(Store *store, int64 *free, int64 *total);
extern const char *store_credentials(Store *store);

/* Is it away, so that what is read comes from a network each time? */
extern bool store_is_on_server(const Store *store);
extern void store_close(Store *store);

/*
 * Fails if writing so many bytes more would not leave what is to be kept free.
 */
extern void store_require_space(Store *store, size_t len);

extern void store_listing_free(StoreListing *listing);

/* Does a listing have an object of this name? */
extern bool store_listing_has(const StoreListing *listing, const char *name);

/* Puts a small object in one go. */
extern void store_put_text(Store *store, const char *name, const char *text,
						   PutMode mode);

/*
 * Gets a small object whole, allocated, with a terminating zero; NULL if
 * there is none.  More than limit bytes is FAILURE_DAMAGED.
 */
extern char *store_get_text(Store *store, const char *name, size_t limit);

#endif
