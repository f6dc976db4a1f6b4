/*
 * Making a listing of objects that come in any order.
 */
#include "postgres_fe.h"

#include "store/listing.h"

void
listing_add(ListingBuilder *builder, const StoreObject *object)
{
	StoreListing *listing = &builder->listing;

	if (listing->count == builder->capacity)
	{
		builder->capacity = Max(64, 2 * builder->capacity);
		listing->objects = pg_realloc(listing->objects,
									  builder->capacity * sizeof(StoreObject));
	}
	listing->objects[listing->count] = *object;
	listing->objects[listing->count++].name = pg_strdup(object->name);
}

/*
 * Compares two objects by the bytes of their names, for qsort.
 */
static int
compare_objects(const void *a, const void *b)
{
	return strcmp(((const StoreObject *) a)->name,
				  ((const StoreObject *) b)->name);
}

StoreListing
listing_finish(ListingBuilder *builder)
{
	StoreListing *listing = &builder->listing;

	if (listing->count > 0)
		qsort(listing->objects, listing->count, sizeof(StoreObject), compare_objects);
	return *listing;
}
