/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/pattern.h"

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NUMBERS_MAX 16

/* A release's leading numbers: 4, 18, 0, 147 of "4.18.0-147.el8.x86_64". */
struct numbers {
	uint64_t values[NUMBERS_MAX];
	size_t count;
};

enum part_kind { PART_LEADING, PART_RELEASE, PART_GLOB, PART_RANGE };

struct part {
	enum part_kind kind;
	char *text;
	/* Bounds of what it can match; an empty one is open. Equal unless a range. */
	struct numbers low, high;
};

struct pattern {
	struct part *parts;
	size_t count;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/*
 * The leading numbers of the first `len` bytes. A number that letters follow directly
 * counts not ("6.1rc3" has 6 only). *end is where they end.
 */
static struct numbers leading_numbers(const char *text, size_t len, size_t *end)
{
	struct numbers numbers = { .count = 0 };
	size_t pos = 0;

	*end = 0;
	while (pos < len && is_digit(text[pos]) && numbers.count < NUMBERS_MAX) {
		uint64_t value = 0;

		for (; pos < len && is_digit(text[pos]); pos++)
			if (value < UINT64_MAX / 10 - 1)
				value = value * 10 + (uint64_t)(text[pos] - '0');
		if (pos < len && is_word(text[pos]))
			break;
		numbers.values[numbers.count++] = value;
		*end = pos;
		if (pos < len && (text[pos] == '.' || text[pos] == '-'))
			pos++;
	}
	return numbers;
}

/* By the components that both have: 4.18 and 4.18.7 are alike. */
static int compare_numbers(const struct numbers *a, const struct numbers *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->values[i] != b->values[i])
			return a->values[i] < b->values[i] ? -1 : 1;
	return 0;
}

/* Whether a release begins with the pattern's numbers, or is past a range's start. */
static bool is_from(const struct numbers *release, const struct numbers *low)
{
	int order = compare_numbers(release, low);

	if (order || release->count >= low->count)
		return order >= 0;
	for (size_t i = release->count; i < low->count; i++)
		if (low->values[i])
			return false;
	return true;
}

static int parse_number(const char *text, size_t len, struct numbers *numbers)
{
	size_t end;

	*numbers = leading_numbers(text, len, &end);
	return end == len ? 0 : -EINVAL;
}

static int parse_range(struct part *part, const char *dots, struct error *err)
{
	size_t low_len = (size_t)(dots - part->text);
	const char *high = dots + 2;

	if (!low_len && !*high)
		return error__set(err, EINVAL,
				  "kernel pattern '%s': a range needs a start or an end, "
				  "as in 4.14..4.19",
				  part->text);
	if (parse_number(part->text, low_len, &part->low) ||
	    parse_number(high, strlen(high), &part->high))
		return error__set(err, EINVAL,
				  "kernel pattern '%s': the ends of a range are numbers, "
				  "as in 4.14..4.19",
				  part->text);
	if (low_len && *high && compare_numbers(&part->high, &part->low) < 0)
		return error__set(err, EINVAL,
				  "kernel pattern '%s': the range ends below its start",
				  part->text);
	part->kind = PART_RANGE;
	return 0;
}

/* What a glob says about leading numbers: those that stand whole before the first wildcard. */
static struct numbers glob_numbers(const char *text)
{
	size_t literal = strcspn(text, "*?[\\"), end;

	if (!text[literal])
		return leading_numbers(text, literal, &end);
	while (literal && text[literal - 1] != '.' && text[literal - 1] != '-')
		literal--;
	return leading_numbers(text, literal, &end);
}

static int parse_part(struct part *part, struct error *err)
{
	const char *text = part->text, *dots;
	size_t len = strlen(text), end;

	if (!len)
		return error__set(err, EINVAL,
				  "an empty kernel pattern: give a release such as 6.1.0-56-amd64, "
				  "leading numbers such as 4.18, a range such as 4.14..4.19 "
				  "or a glob such as '5.10.*'");
	if (strpbrk(text, "*?[")) {
		part->kind = PART_GLOB;
		part->low = part->high = glob_numbers(text);
		return 0;
	}
	dots = strstr(text, "..");
	if (dots)
		return parse_range(part, dots, err);
	if (strchr(".-", text[0]) || strchr(".-", text[len - 1]))
		return error__set(err, EINVAL,
				  "kernel pattern '%s' begins or ends within a number: "
				  "write 4.18 for every 4.18.*",
				  text);
	part->low = part->high = leading_numbers(text, len, &end);
	part->kind = end == len ? PART_LEADING : PART_RELEASE;
	return 0;
}

static int add_part(struct pattern *pattern, const char *text, size_t len, struct error *err)
{
	struct part *parts;

	while (len && strchr(" \t", text[0]))
		text++, len--;
	while (len && strchr(" \t", text[len - 1]))
		len--;
	parts = reallocarray(pattern->parts, pattern->count + 1, sizeof(*parts));
	if (!parts)
		return error__oom(err);
	pattern->parts = parts;
	parts[pattern->count] = (struct part){ .text = strndup(text, len) };
	if (!parts[pattern->count].text)
		return error__oom(err);
	return parse_part(&parts[pattern->count++], err);
}

int pattern__parse(const char *text, struct pattern **out, struct error *err)
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	int ret = 0;

	if (!pattern)
		return error__oom(err);
	for (;;) {
		size_t len = strcspn(text, ",");

		ret = add_part(pattern, text, len, err);
		if (ret || !text[len])
			break;
		text += len + 1;
	}
	if (ret) {
		pattern__free(pattern);
		return ret;
	}
	*out = pattern;
	return 0;
}

void pattern__free(struct pattern *pattern)
{
	if (!pattern)
		return;
	for (size_t i = 0; i < pattern->count; i++)
		free(pattern->parts[i].text);
	free(pattern->parts);
	free(pattern);
}

static bool part_matches(const struct part *part, const char *release)
{
	size_t len = strlen(part->text), end;
	struct numbers numbers;

	switch (part->kind) {
	case PART_LEADING:
		return !strncmp(part->text, release, len) && !is_word(release[len]);
	case PART_RELEASE:
		return !strcmp(part->text, release);
	case PART_GLOB:
		return !fnmatch(part->text, release, 0);
	case PART_RANGE:
		numbers = leading_numbers(release, strlen(release), &end);
		return numbers.count && is_from(&numbers, &part->low) &&
		       compare_numbers(&numbers, &part->high) <= 0;
	}
	return false;
}

bool pattern__matches(const struct pattern *pattern, const char *kernel_release)
{
	if (!pattern)
		return true;
	for (size_t i = 0; i < pattern->count; i++)
		if (part_matches(&pattern->parts[i], kernel_release))
			return true;
	return false;
}

bool pattern__may_match_series(const struct pattern *pattern, const char *series)
{
	const char *dots = strstr(series, "..");
	const char *last = dots ? dots + 2 : series;
	struct numbers low, high;
	size_t end;

	if (!pattern)
		return true;
	low = leading_numbers(series, dots ? (size_t)(dots - series) : strlen(series), &end);
	high = leading_numbers(last, strlen(last), &end);
	for (size_t i = 0; i < pattern->count; i++) {
		const struct part *part = &pattern->parts[i];

		if (compare_numbers(&part->high, &low) >= 0 &&
		    compare_numbers(&high, &part->low) >= 0)
			return true;
	}
	return false;
}
