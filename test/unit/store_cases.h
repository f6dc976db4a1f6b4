/*
 * What the cases of the conformance suite have in common, and those that have a
 * file of their own.
 */
#ifndef ERPGO_TEST_UNIT_STORE_CASES_H
#define ERPGO_TEST_UNIT_STORE_CASES_H

#include "store/store.h"

/* A store and a name, for functions that are expected to fail. */
typedef struct Target
{
	Store	   *store;
	const char *name;
} Target;

/* Puts an object that must be new. */
extern void put_new(Store *store, const char *name, const char *content);

/* An object is there, and has this content. */
extern void assert_content(Store *store, const char *name, const char *expected);

/* Is there an object of this name? */
extern bool exists(Store *store, const char *name);

/* The objects with a prefix are these, in this order. */
extern void assert_listing(Store *store, const char *prefix, int count,
						   const char *const *names);

/* Cases about names and texts. */
extern void names_that_no_object_can_have_are_refused(void **state);
extern void long_names_work(void **state);
extern void a_text_larger_than_its_limit_is_damage(void **state);
extern void a_text_with_a_zero_byte_is_damage(void **state);

/* Cases about contests. */
extern void of_two_new_objects_of_one_name_exactly_one_wins(void **state);
extern void of_many_new_objects_of_one_name_exactly_one_wins(void **state);

#endif
