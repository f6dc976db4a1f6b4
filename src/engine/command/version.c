/*
 * "erpgo_backup version": what this program is made of.
 */
#include "postgres_fe.h"

#include <curl/curl.h>
#include <libdeflate.h>
#include <lz4.h>
#include <openssl/crypto.h>
#include <zlib.h>
#include <zstd.h>

#include "command/arguments.h"
#include "common/version.h"
#include "libpq-fe.h"

const char *const help_version =
"Usage: erpgo_backup version [--json]\n"
"\n"
"Prints the version of this program, of the repository format that it writes,\n"
"and of the libraries that it uses.\n"
HELP_COMMON;

static const struct option version_options[] = {
	ARGUMENT_HELP_OPTION
};

/*
 * The versions as JSON, in the order in which they are printed.
 */
static json_t *
collect_versions(void)
{
	int			libpq = PQlibVersion();
	char	   *libpq_text = psprintf("%d.%d", libpq / 10000, libpq % 10000);

	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
					 "erpgo_backup", ERPGO_BACKUP_VERSION,
					 "built_for_postgresql", PG_VERSION,
					 "repository_format", MANIFEST_FORMAT,
					 "libpq", libpq_text,
					 "openssl", OpenSSL_version(OPENSSL_VERSION_STRING),
					 "zstd", ZSTD_versionString(),
					 "lz4", LZ4_versionString(),
					 "zlib", zlibVersion(),
					 "libdeflate", LIBDEFLATE_VERSION_STRING,
					 "jansson", JANSSON_VERSION,
					 "libcurl", curl_version_info(CURLVERSION_NOW)->version);
}

int
command_version(const CommonOptions *options, int argc, char **argv)
{
	json_t	   *versions;
	json_t	   *value;
	const char *name;

	arguments_begin();
	if (argument_next(argc, argv, version_options) == ARGUMENT_HELP)
	{
		fputs(help_version, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"version\" takes no argument");

	versions = collect_versions();
	if (options->json)
	{
		json_print(versions);
		return 0;
	}
	json_object_foreach(versions, name, value)
	{
		if (json_is_string(value))
			printf("%-22s %s\n", name, json_string_value(value));
		else
			printf("%-22s " INT64_FORMAT "\n", name,
				   (int64) json_integer_value(value));
	}
	return 0;
}
