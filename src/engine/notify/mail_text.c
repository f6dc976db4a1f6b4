/*
 * An alert as a mail: RFC 5322 with MIME.
 *
 * Everything that an alert says is in base64, in the subject and in the body:
 * so nothing in it can end a header or the message.
 */
#include "postgres_fe.h"

#include <openssl/evp.h>
#include <time.h>

#include "lib/stringinfo.h"
#include "notify/channel.h"
#include "repository/keys.h"

/*
 * RFC 2047: a line with an encoded word has at most 76 characters.  "Subject: "
 * takes 9, "=?UTF-8?B?" and "?=" take 12; 52 of base64 are 39 bytes.
 */
#define WORD_BYTES 39
/* RFC 2045: a line of base64 has at most 76 characters. */
#define LINE_BYTES 57
/* RFC 5321 allows no longer path. */
#define ADDRESS_LIMIT 254
#define MESSAGE_ID_DIGITS 32

/*
 * Appends bytes in base64.
 */
static void
append_base64(StringInfo result, const char *data, size_t len)
{
	unsigned char *encoded = pg_malloc(len / 3 * 4 + 5);

	EVP_EncodeBlock(encoded, (const unsigned char *) data, (int) len);
	appendStringInfoString(result, (char *) encoded);
	pg_free(encoded);
}

/*
 * Appends a text in encoded words, each with whole characters only, on a line
 * of its own.
 */
static void
append_encoded_words(StringInfo result, const char *string)
{
	const char *separator = "";

	while (*string != '\0')
	{
		char	   *word = cut_text(string, WORD_BYTES);

		appendStringInfo(result, "%s=?UTF-8?B?", separator);
		append_base64(result, word, strlen(word));
		appendStringInfoString(result, "?=");
		separator = "\r\n ";
		string += strlen(word);
		pg_free(word);
	}
}

/*
 * Appends a text as lines of base64; in it lines end as mails have it.
 */
static void
append_body(StringInfo result, const char *string)
{
	StringInfoData lines;

	initStringInfo(&lines);
	for (; *string != '\0'; string++)
	{
		if (*string == '\n')
			appendStringInfoChar(&lines, '\r');
		appendStringInfoChar(&lines, *string);
	}
	for (int i = 0; i < lines.len; i += LINE_BYTES)
	{
		append_base64(result, lines.data + i, Min(lines.len - i, LINE_BYTES));
		appendStringInfoString(result, "\r\n");
	}
	pg_free(lines.data);
}

/*
 * Appends a line with a label, if it has a value.
 */
static void
append_line(StringInfo words, const char *label, const char *value)
{
	if (value != NULL)
		appendStringInfo(words, "%s: %s\n", label, value);
}

/*
 * What the mail says, for people; allocated.
 */
static char *
describe(const Alert *alert)
{
	StringInfoData words;

	initStringInfo(&words);
	appendStringInfo(&words, "%s\n\n", alert->title);
	if (alert->text[0] != '\0')
		appendStringInfo(&words, "%s\n\n", alert->text);
	append_line(&words, "Severity", alert_severity_name(alert->severity));
	append_line(&words, "State", alert_state_name(alert));
	append_line(&words, "Cluster", alert->cluster);
	append_line(&words, "Host", alert->host);
	append_line(&words, "Backup", alert->backup);
	append_line(&words, "Time", alert->at);
	if (json_object_size(alert->details) > 0)
	{
		char	   *details = json_dumps(alert->details, JSON_INDENT(2));

		appendStringInfo(&words, "\n%s\n", details);
		free(details);
	}
	return words.data;
}

/*
 * Appends the headers that identify the mail.
 */
static void
append_identity(StringInfo result, const char *from, int64 unix_seconds)
{
	time_t		seconds = (time_t) unix_seconds;
	struct tm	broken;
	char		date[64];
	char		digits[MESSAGE_ID_DIGITS + 1];

	gmtime_r(&seconds, &broken);
	/* The program never leaves the locale "C", whose names RFC 5322 wants. */
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &broken);
	random_hex(digits, MESSAGE_ID_DIGITS);
	appendStringInfo(result, "Date: %s\r\nMessage-ID: <%s%s>\r\n", date, digits,
					 strrchr(from, '@'));
}

/*
 * Appends the header with the recipients, one a line.
 */
static void
append_recipients(StringInfo result, const char *to)
{
	appendStringInfoString(result, "To: ");
	for (; *to != '\0'; to++)
	{
		appendStringInfoChar(result, *to);
		if (*to == ',')
			appendStringInfoString(result, "\r\n ");
	}
	appendStringInfoString(result, "\r\n");
}

char *
mail_text(const Alert *alert, const char *from, const char *to,
		  int64 unix_seconds)
{
	StringInfoData result;
	char	   *headline = alert_headline(alert);
	char	   *words = describe(alert);

	initStringInfo(&result);
	append_identity(&result, from, unix_seconds);
	appendStringInfo(&result, "From: erpgo_backup <%s>\r\n", from);
	append_recipients(&result, to);
	appendStringInfoString(&result, "Subject: ");
	append_encoded_words(&result, headline);
	appendStringInfoString(&result, "\r\n"
						   "Auto-Submitted: auto-generated\r\n"
						   "MIME-Version: 1.0\r\n"
						   "Content-Type: text/plain; charset=UTF-8\r\n"
						   "Content-Transfer-Encoding: base64\r\n"
						   "\r\n");
	append_body(&result, words);
	pg_free(headline);
	pg_free(words);
	return result.data;
}

bool
mail_address_is_valid(const char *address)
{
	/* Those of RFC 5322's atoms, and periods: no quoting is ever needed. */
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		"!#$%&'*+-/=?^_`{|}~.";
	size_t		local = strspn(address, allowed);
	const char *domain = address + local + 1;

	return local > 0 && address[local] == '@' && *domain != '\0' &&
		strspn(domain, allowed) == strlen(domain) &&
		strlen(address) <= ADDRESS_LIMIT;
}
