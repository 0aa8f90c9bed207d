/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/release.h"

#include <stddef.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- order ------------------------------------------------------------------------------ */

/* A run of digits, or one of letters. */
struct run {
	const char *text;
	size_t len;
	bool number;
};

static struct run run_at(const char *text)
{
	size_t digits = strspn(text, DIGITS);

	return (struct run){ text, digits ? digits : strspn(text, LETTERS), digits > 0 };
}

static int compare_texts(const struct run *a, const struct run *b)
{
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_numbers(struct run a, struct run b)
{
	for (; a.len && *a.text == '0'; a.len--)
		a.text++;
	for (; b.len && *b.text == '0'; b.len--)
		b.text++;
	return a.len == b.len ? memcmp(a.text, b.text, a.len) : a.len > b.len ? 1 : -1;
}

static const char *skip_separators(const char *text)
{
	return text + strcspn(text, DIGITS LETTERS "~");
}

int release__compare(const char *a, const char *b)
{
	for (;;) {
		struct run x, y;
		int order;

		a = skip_separators(a);
		b = skip_separators(b);
		if (*a == '~' && *b == '~') {
			a++, b++;
			continue;
		}
		if (*a == '~' || *b == '~')
			return *a == '~' ? -1 : 1;
		if (!*a || !*b)
			return (*a != '\0') - (*b != '\0');
		x = run_at(a);
		y = run_at(b);
		if (x.number != y.number)
			return x.number ? 1 : -1;
		order = x.number ? compare_numbers(x, y) : compare_texts(&x, &y);
		if (order)
			return order;
		a += x.len;
		b += y.len;
	}
}

/* ---- flavour ------------------------------------------------------------------------------ */

/* Machines whose names do not end with a number. */
static bool is_machine(const char *part, size_t len)
{
	static const char *const names[] = { "ppc64le", "powerpc64le", "s390x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (len == strlen(names[i]) && !memcmp(part, names[i], len))
			return true;
	return false;
}

/* How much of a part between separators names a flavour, 0 if it does not. */
static size_t flavour_len(const char *part, size_t len)
{
	size_t letters = strspn(part, LETTERS);
	size_t digits = strspn(part + letters, DIGITS);

	if (is_machine(part, len))
		return 0;
	if (letters + digits < len || !digits)
		return len;
	/* the only one that is counted in its own name: rt24.93.el8 */
	return letters == 2 && memcmp(part, "rt", 2) == 0 ? letters : 0;
}

/* The next part from *at on that names a flavour; its length is 0 behind the last. */
static struct run next_flavour(const char **at)
{
	struct run found = {};

	while (!found.len && **at) {
		size_t len;

		*at += strcspn(*at, DIGITS LETTERS);
		len = strspn(*at, DIGITS LETTERS);
		found = (struct run){ .text = *at, .len = len ? flavour_len(*at, len) : 0 };
		*at += len;
	}
	return found;
}

/* What is left of el7uek without the version of the distribution that it is stuck to. */
static struct run without_version(struct run run)
{
	size_t prefix;

	if (run.len < 3 || memcmp(run.text, "el", 2))
		return run;
	prefix = 2 + strspn(run.text + 2, DIGITS);
	if (prefix == 2 || run.len <= prefix)
		return run;
	return (struct run){ .text = run.text + prefix, .len = run.len - prefix };
}

void release__flavour(const char *release, char *text, size_t size)
{
	size_t used = 0;

	for (;;) {
		struct run run = without_version(next_flavour(&release));

		if (!run.len || used + run.len + 2 > size)
			break;
		if (used)
			text[used++] = '-';
		memcpy(text + used, run.text, run.len);
		used += run.len;
	}
	text[used] = '\0';
}

bool release__same_flavour(const char *a, const char *b)
{
	struct run x, y;

	do {
		x = next_flavour(&a);
		y = next_flavour(&b);
		if (x.len != y.len || (x.len && memcmp(x.text, y.text, x.len) != 0))
			return false;
	} while (x.len);
	return true;
}
