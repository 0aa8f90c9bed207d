/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

/* Column at which the help texts of options begin. */
#define HELP_COLUMN 28
/* getopt_long's value of option i, out of the way of letters. */
#define LONG_BASE 1000

static bool common_quiet, common_verbose;

static const struct option_def common[] = {
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "Common" },
	{ OPTION_FLAG, "quiet", 'q', NULL, &common_quiet, "nothing on stderr but errors" },
	{ OPTION_FLAG, "verbose", 'v', NULL, &common_verbose, "say what is done" },
	{ OPTION_FLAG, "help", 'h', NULL, NULL, "show this help" },
	{},
};

/* ---- help ------------------------------------------------------------------------ */

static bool is_end(const struct option_def *def)
{
	return def->kind == OPTION_HEADING && !def->help;
}

static void print_option(const struct option_def *def)
{
	const char *help = def->help;
	int column;

	if (def->kind == OPTION_HEADING) {
		printf("\n%s:\n", help);
		return;
	}
	column = def->letter ? printf("  -%c, --%s", def->letter, def->name)
			     : printf("      --%s", def->name);
	if (def->arg)
		column += printf(" %s", def->arg);
	if (column > HELP_COLUMN - 2) {
		printf("\n");
		column = 0;
	}
	while (*help) {
		size_t len = strcspn(help, "\n");

		printf("%*s%.*s\n", HELP_COLUMN - column, "", (int)len, help);
		help += len + (help[len] == '\n');
		column = 0;
	}
}

static const char *program_of(const struct command_line *line)
{
	return line->program ? line->program : "btfgen";
}

static void print_help(const struct command_line *line)
{
	printf("Usage: %s %s %s\n\n%s\n", program_of(line), line->name, line->arguments,
	       line->description);
	for (const struct option_def *def = line->options; !is_end(def); def++)
		print_option(def);
	for (const struct option_def *def = common; !is_end(def); def++)
		print_option(def);
	if (line->epilogue)
		printf("\n%s\n", line->epilogue);
}

/* ---- parsing ----------------------------------------------------------------------- */

void text_list__free(struct text_list *list)
{
	free(list->items);
	*list = (struct text_list){};
}

static bool append(struct text_list *list, const char *text)
{
	const char **items = realloc(list->items, (list->count + 2) * sizeof(*items));

	if (!items)
		return false;
	list->items = items;
	items[list->count++] = text;
	items[list->count] = NULL;
	return true;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && end != text && !*end && text[0] >= '0' && text[0] <= '9' && *value <= max;
}

static bool parse_size(const char *text, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *suffix = text[digits] ? strchr(suffixes, text[digits]) : NULL;
	char *end;
	unsigned int shift = suffix ? 10 * (unsigned int)(suffix - suffixes + 1) : 0;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || !digits || (text[digits] && (!suffix || text[digits + 1])) ||
	    *value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

static bool store(const struct option_def *def, const char *arg)
{
	uint64_t number;

	switch (def->kind) {
	case OPTION_HEADING:
		break;
	case OPTION_FLAG:
		*(bool *)def->dest = true;
		return true;
	case OPTION_TEXT:
		*(const char **)def->dest = arg;
		return true;
	case OPTION_LIST:
		return append(def->dest, arg);
	case OPTION_NUMBER:
		if (!parse_number(arg, 1000000000, &number))
			return false;
		*(unsigned int *)def->dest = number;
		return true;
	case OPTION_SIZE:
		return parse_size(arg, def->dest);
	}
	return false;
}

/* The command's options and the common ones, as one table and in getopt's form. */
struct merged {
	const struct option_def *defs[64];
	struct option longs[65];
	char shorts[160];
	size_t count;
};

static void merge(struct merged *merged, const struct option_def *defs)
{
	for (; !is_end(defs); defs++) {
		size_t i = merged->count, len = strlen(merged->shorts);

		if (defs->kind == OPTION_HEADING)
			continue;
		if (i == sizeof(merged->defs) / sizeof(merged->defs[0]))
			abort();
		merged->defs[i] = defs;
		merged->longs[i] = (struct option){
			.name = defs->name,
			.has_arg = defs->arg ? required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (defs->letter)
			snprintf(merged->shorts + len, sizeof(merged->shorts) - len, "%c%s",
				 defs->letter, defs->arg ? ":" : "");
		merged->count++;
	}
}

static const struct option_def *find_def(const struct merged *merged, int value)
{
	if (value >= LONG_BASE)
		return merged->defs[value - LONG_BASE];
	for (size_t i = 0; i < merged->count; i++)
		if (merged->defs[i]->letter == value)
			return merged->defs[i];
	return NULL;
}

static int refuse(const struct command_line *line, int *exit_code)
{
	fprintf(stderr, "Try '%s %s --help'.\n", program_of(line), line->name);
	*exit_code = EXIT_USAGE;
	return -1;
}

int options__parse(const struct command_line *line, int argc, char **argv, int *exit_code)
{
	struct merged merged = {};
	int value, given;

	merge(&merged, line->options);
	merge(&merged, common);
	optind = 1;
	while ((value = getopt_long(argc, argv, merged.shorts, merged.longs, NULL)) != -1) {
		const struct option_def *def = value == '?' ? NULL : find_def(&merged, value);

		if (!def)
			return refuse(line, exit_code); /* getopt has said why */
		if (!def->dest) {
			print_help(line);
			*exit_code = EXIT_OK;
			return -1;
		}
		if (!store(def, optarg)) {
			fprintf(stderr, "%s %s: --%s: '%s' is no %s\n", program_of(line),
				line->name, def->name, optarg, def->kind == OPTION_SIZE ? "size" : "number");
			return refuse(line, exit_code);
		}
	}
	given = argc - optind;
	if (given < line->min_arguments) {
		fprintf(stderr, "%s %s: missing argument: %s\n", program_of(line), line->name,
			line->arguments);
		return refuse(line, exit_code);
	}
	if (line->max_arguments >= 0 && given > line->max_arguments) {
		fprintf(stderr, "%s %s: unexpected argument: %s\n", program_of(line), line->name,
			argv[optind + line->max_arguments]);
		return refuse(line, exit_code);
	}
	log__set_level(common_quiet ? LOG_LEVEL_QUIET
		       : common_verbose ? LOG_LEVEL_VERBOSE : LOG_LEVEL_NORMAL);
	return optind;
}
