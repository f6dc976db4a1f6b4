/*
 * Records: printing and reading the small JSON texts of a repository.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "isolated.h"
#include "repository/asymmetric.h"
#include "repository/manifest.h"
#include "repository/record.h"

/* How the printed object ends, which the authentication line does anew. */
#define OBJECT_END "\n}"

/*
 * Prints a record without its last line, allocated.  Takes the JSON object
 * over.
 */
static char *
print_body(json_t *record, const char *purpose)
{
	char	   *printed = json_dumps(record, JSON_INDENT(2));
	char	   *body;

	if (printed == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not print the JSON of a %s", purpose);
	printed[strlen(printed) - strlen(OBJECT_END)] = '\0';
	body = psprintf("%s,\n", printed);
	free(printed);
	json_decref(record);
	return body;
}

char *
record_format(json_t *record, const char *data_key, const char *purpose)
{
	char	   *body = print_body(record, purpose);
	char	   *result = authentication_append(body, data_key, purpose);

	pg_free(body);
	return result;
}

char *
record_format_signed(json_t *record, const char *signing_key, const char *purpose)
{
	char		signer[KEY_HEX_SIZE];
	char	   *body;
	char	   *result;

	signing_public(signing_key, signer);
	json_object_set_new(record, "signer", json_string(signer));
	body = print_body(record, purpose);
	result = authentication_sign(body, signing_key, purpose);
	pg_free(body);
	return result;
}

json_t *
record_authenticate_signed(const char *content, const char *purpose,
						   char signer[KEY_HEX_SIZE])
{
	json_t	   *record = record_parse(content);
	const char *claimed = json_string_value(json_object_get(record, "signer"));

	if (claimed != NULL && hex_is_valid(claimed, KEY_HEX_SIZE - 1) &&
		authentication_check_signature(content, claimed, purpose))
	{
		strlcpy(signer, claimed, KEY_HEX_SIZE);
		return record;
	}
	json_decref(record);
	return NULL;
}

bool
record_is_signed(const char *content)
{
	return strstr(content, "\n\"ed25519\": \"") != NULL;
}

json_t *
record_parse(const char *content)
{
	json_t	   *record = json_loads(content, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(record))
		return record;
	json_decref(record);
	return NULL;
}

json_t *
record_authenticate(const char *content, const char *data_key,
					const char *purpose)
{
	if (!authentication_check(content, data_key, purpose))
		return NULL;
	return record_parse(content);
}

json_t *
record_string(const char *content, const char *what)
{
	json_t	   *string;

	if (content == NULL)
		return json_null();
	string = json_string(content);
	if (string == NULL)
		fail(FAILURE_STATE, NULL, "%s \"%s\" is not valid UTF-8", what, content);
	return string;
}

bool
record_optional_string(json_t *value, const char **result)
{
	*result = json_string_value(value);
	return json_is_string(value) || json_is_null(value);
}

void
record_set_wrapped_key(json_t *object, const WrappedKey *wrapped)
{
	json_object_set_new(object, "iterations", json_integer(wrapped->iterations));
	json_object_set_new(object, "wrapped", json_string(wrapped->wrapped));
	json_object_set_new(object, "hmac_sha256", json_string(wrapped->hmac));
}

bool
record_get_wrapped_key(json_t *object, WrappedKey *wrapped)
{
	const char *base64;
	const char *hmac;
	json_int_t	iterations;

	if (json_unpack(object, "{s:I, s:s, s:s}", "iterations", &iterations,
					"wrapped", &base64, "hmac_sha256", &hmac) != 0)
		return false;
	if (iterations < 1 || iterations > ITERATIONS_LIMIT ||
		!hex_is_valid(hmac, SHA256_HEX_SIZE - 1))
		return false;
	wrapped->iterations = (int) iterations;
	wrapped->wrapped = pg_strdup(base64);
	strlcpy(wrapped->hmac, hmac, SHA256_HEX_SIZE);
	return true;
}

json_t *
record_table_sizes(const ManifestObject *object)
{
	json_t	   *tables = json_array();

	for (int i = 0; i < object->table_count; i++)
	{
		const TableSize *table = &object->tables[i];

		json_array_append_new(tables,
							  json_pack("{s:o, s:I}", "name",
										record_string(table->name, "table name"),
										"bytes", (json_int_t) table->bytes));
	}
	return tables;
}

/* A record that is stored in a process of its own. */
typedef struct RecordPut
{
	Store	   *store;
	const char *name;
	const char *content;
} RecordPut;

static void
put_step(void *context)
{
	RecordPut  *put = context;

	store_put_text(put->store, put->name, put->content, PUT_NEW);
}

void
record_store_once(Store *store, const char *name, const char *content)
{
	RecordPut	put = {store, name, content};
	Failure		problem;

	if (!isolated_run(put_step, &put, &problem) && problem.kind != FAILURE_DUPLICATE)
		fail_with(&problem);
}
