/*
 * Making a listing of objects that come in any order.
 */
#ifndef ERPGO_ENGINE_STORE_LISTING_H
#define ERPGO_ENGINE_STORE_LISTING_H

#include "store/store.h"

typedef struct ListingBuilder
{
	StoreListing listing;
	int			capacity;
} ListingBuilder;

/* Adds a copy of an object. */
extern void listing_add(ListingBuilder *builder, const StoreObject *object);

/* The objects, in byte order of their names. */
extern StoreListing listing_finish(ListingBuilder *builder);

#endif
