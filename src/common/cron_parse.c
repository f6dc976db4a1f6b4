/*
 * Cron expressions: reading them.
 */
#include "common/cron.h"

#include <stddef.h>
#include <string.h>

static const char five_fields[] =
"A cron expression has five fields (minute, hour, day of the month, month, day of the week) or is one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually.";
static const char upward_range[] =
"A range runs upwards, as in \"1-5\".";
static const char step_place[] =
"A step follows \"*\" or a range, as in \"*/15\" or \"8-18/2\".";
static const char step_size[] =
"A step is at least 1 and at most the largest value of the field.";

typedef struct Field
{
	int			low;
	int			high;
	const char *names;			/* of three letters each, from low on */
	const char *problem;		/* what would be valid */
} Field;

static const Field fields[] = {
	{0, 59, "", "Minutes are 0 to 59, \"*\", and lists, ranges and steps of these."},
	{0, 23, "", "Hours are 0 to 23, \"*\", and lists, ranges and steps of these."},
	{1, 31, "", "Days of the month are 1 to 31, \"*\", and lists, ranges and steps of these."},
	{1, 12, "janfebmaraprmayjunjulaugsepoctnovdec",
	"Months are 1 to 12 or jan to dec, \"*\", and lists, ranges and steps of these."},
	{0, 7, "sunmontuewedthufrisat",
	"Days of the week are 0 to 7 or sun to sat, \"*\", and lists, ranges and steps of these."}
};

#define FIELD_COUNT 5
#define DAY_FIELD 2
#define WEEKDAY_FIELD 4

static const struct
{
	const char *word;
	const char *expression;
}			shorthands[] = {
	{"@hourly", "0 * * * *"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"},
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"}
};

/* What is left to read, and of which field it is. */
typedef struct Parser
{
	const char *at;
	const Field *field;
	const char *problem;
} Parser;

static bool
refuse(Parser *parser, const char *problem)
{
	parser->problem = problem;
	return false;
}

static void
skip_blanks(Parser *parser)
{
	parser->at += strspn(parser->at, " \t");
}

static bool
is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/*
 * Does a text begin with so many letters of a lower-case word, whatever their
 * case?  A locale must not have a say: in Turkish "I" is no upper-case "i".
 */
static bool
begins_with(const char *text, const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		bool		is_upper = text[i] >= 'A' && text[i] <= 'Z';

		if ((is_upper ? text[i] - 'A' + 'a' : text[i]) != word[i])
			return false;
	}
	return true;
}

/* Takes a character if it comes next. */
static bool
take(Parser *parser, char character)
{
	if (*parser->at != character)
		return false;
	parser->at++;
	return true;
}

/* Reads digits; a number of more than three counts as 1,000. */
static bool
read_number(Parser *parser, int *number)
{
	if (!is_digit(*parser->at))
		return false;
	for (*number = 0; is_digit(*parser->at); parser->at++)
		*number = (*number < 100) ? *number * 10 + *parser->at - '0' : 1000;
	return true;
}

/* Reads one of the field's names. */
static bool
read_name(Parser *parser, int *value)
{
	const char *names = parser->field->names;

	for (int i = 0; names[3 * i] != '\0'; i++)
	{
		if (!begins_with(parser->at, names + 3 * i, 3))
			continue;
		parser->at += 3;
		*value = parser->field->low + i;
		return true;
	}
	return false;
}

static bool
read_value(Parser *parser, int *value)
{
	if (!read_number(parser, value) && !read_name(parser, value))
		return refuse(parser, parser->field->problem);
	if (*value < parser->field->low || *value > parser->field->high)
		return refuse(parser, parser->field->problem);
	return true;
}

/* Reads what may follow the "-" of a range. */
static bool
read_range_end(Parser *parser, int low, int *high)
{
	bool		is_name = !is_digit(*parser->at);

	if (!read_value(parser, high))
		return false;
	if (is_name && parser->field == &fields[WEEKDAY_FIELD] &&
		*high == 0 && low > 0)
		*high = 7;
	if (*high < low)
		return refuse(parser, upward_range);
	return true;
}

static bool
read_step(Parser *parser, int *step)
{
	if (!read_number(parser, step))
		return refuse(parser, step_place);
	if (*step < 1 || *step > parser->field->high)
		return refuse(parser, step_size);
	return true;
}

/* Reads "*", a value or a range, with a step, and adds what it stands for. */
static bool
read_element(Parser *parser, uint64_t *bits)
{
	int			low = parser->field->low;
	int			high = parser->field->high;
	int			step = 1;
	bool		single = false;

	if (!take(parser, '*'))
	{
		if (!read_value(parser, &low))
			return false;
		single = !take(parser, '-');
		high = low;
		if (!single && !read_range_end(parser, low, &high))
			return false;
	}
	if (take(parser, '/'))
	{
		if (single)
			return refuse(parser, step_place);
		if (!read_step(parser, &step))
			return false;
	}
	for (int value = low; value <= high; value += step)
		*bits |= UINT64_C(1) << value;
	return true;
}

/* Reads a field up to the blank or the end of the text behind it. */
static bool
read_field(Parser *parser, uint64_t *bits)
{
	*bits = 0;
	if (*parser->at == '\0')
		return refuse(parser, five_fields);
	do
	{
		if (!read_element(parser, bits))
			return false;
	} while (take(parser, ','));
	if (*parser->at != '\0' && *parser->at != ' ' && *parser->at != '\t')
		return refuse(parser, parser->field->problem);
	return true;
}

/* Reads all fields, and notes which of them begin with "*". */
static bool
read_fields(Parser *parser, uint64_t bits[FIELD_COUNT],
			bool stars[FIELD_COUNT])
{
	for (int i = 0; i < FIELD_COUNT; i++)
	{
		parser->field = &fields[i];
		skip_blanks(parser);
		stars[i] = (*parser->at == '*');
		if (!read_field(parser, &bits[i]))
			return false;
	}
	skip_blanks(parser);
	return *parser->at == '\0' || refuse(parser, five_fields);
}

/* The expression that an @ word stands for, or the text itself. */
static const char *
expand_shorthand(const char *text)
{
	size_t		length;

	text += strspn(text, " \t");
	length = strcspn(text, " \t");
	if (text[length + strspn(text + length, " \t")] != '\0')
		return text;
	for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++)
	{
		if (strlen(shorthands[i].word) == length &&
			begins_with(text, shorthands[i].word, length))
			return shorthands[i].expression;
	}
	return text;
}

bool
cron_parse(const char *text, Cron *cron, const char **problem)
{
	Parser		parser = {expand_shorthand(text), NULL, NULL};
	uint64_t	bits[FIELD_COUNT];
	bool		stars[FIELD_COUNT];

	if (*parser.at == '@')
		(void) refuse(&parser, five_fields);
	else if (read_fields(&parser, bits, stars))
	{
		cron->minutes = bits[0];
		cron->hours = (uint32_t) bits[1];
		cron->days = (uint32_t) bits[DAY_FIELD];
		cron->months = (uint32_t) bits[3];
		cron->weekdays = (uint32_t) ((bits[WEEKDAY_FIELD] | bits[WEEKDAY_FIELD] >> 7) & 0x7F);
		cron->either_day = !stars[DAY_FIELD] && !stars[WEEKDAY_FIELD];
		return true;
	}
	*problem = parser.problem;
	return false;
}
