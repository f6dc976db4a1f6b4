/*
 * What every kind of store promises about names and texts.
 */
#include "helpers.h"
#include "store_cases.h"

static void
put_name(void *argument)
{
	Target	   *target = argument;

	put_new(target->store, target->name, "content");
}

static void
get_name(void *argument)
{
	Target	   *target = argument;

	store_get_text(target->store, target->name, 1024);
}

void
names_that_no_object_can_have_are_refused(void **state)
{
	const char *const names[] = {
		"", ".", "..", "../object", "/object", "folder//object", "folder/",
		".hidden", "folder/.hidden", "a b", "a\nb", "a\\b", "folder/../object"
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		Target		target = {*state, names[i]};

		expect_failure(FAILURE_DAMAGED, "cannot be the name of an object", put_name, &target);
		expect_failure(FAILURE_DAMAGED, "cannot be the name of an object", get_name, &target);
	}
	assert_listing(*state, "", 0, NULL);
}

void
long_names_work(void **state)
{
	char		name[900];

	memset(name, 'x', sizeof(name));
	for (int i = 200; i < sizeof(name); i += 200)
		name[i] = '/';
	name[sizeof(name) - 1] = '\0';
	put_new(*state, name, "content");
	assert_content(*state, name, "content");
	assert_true(exists(*state, name));
	store_remove(*state, name);
	assert_listing(*state, "", 0, NULL);
}

static void
get_short_text(void *argument)
{
	store_get_text(argument, "object", 10);
}

void
a_text_larger_than_its_limit_is_damage(void **state)
{
	put_new(*state, "object", "12345678901");
	expect_failure(FAILURE_DAMAGED, "object", get_short_text, *state);
}

void
a_text_with_a_zero_byte_is_damage(void **state)
{
	Sink	   *object = store_put(*state, "object", PUT_NEW);

	sink_write(object, "a\0b", 3);
	sink_finish(object);
	sink_release(object);
	expect_failure(FAILURE_DAMAGED, "zero byte", get_short_text, *state);
}
