/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_difference.h"

#include <inttypes.h>

#include "core_words.h"

/* `size`: the numbers are the same, and what a load reads differs. */
static void tell_result(enum core_kind kind, const struct core_result *result, bool size,
			const char *where, struct buf *out)
{
	switch (result->outcome) {
	case CORE_FOUND:
		/* a type's ID is never what differs */
		if (kind == CORE_TYPE_ID_TARGET)
			buf__printf(out, "there");
		else
			buf__printf(out, "%" PRId64, (int64_t)result->value.number);
		if (size)
			buf__printf(out, " (%u bytes)", result->value.size);
		if (result->cannot_resize)
			buf__printf(out, " (of a type that no load is resized for)");
		break;
	case CORE_ABSENT:
		buf__printf(out, core_kind__is_question(kind) ? "no" : "not there");
		break;
	case CORE_AMBIGUOUS:
		buf__printf(out, "ambiguous");
		break;
	case CORE_REFUSED:
		buf__printf(out, "refused");
		break;
	}
	buf__printf(out, " on %s", where);
}

bool core_difference__tell(const struct core_object *object, const struct core_found *a,
			   const struct core_found *b, struct buf *words)
{
	uint32_t spec = core_results__difference(object, &a->results, &b->results);
	const struct core_result *x, *y;
	struct source_line line;
	enum core_kind kind;
	bool size;

	if (spec == a->results.count)
		return false;
	kind = object->specs[spec].kind;
	x = &a->results.items[spec];
	y = &b->results.items[spec];
	size = x->value.number == y->value.number && x->value.size != y->value.size;
	core_words__question(object, spec, words);
	buf__printf(words, " is ");
	tell_result(kind, x, size, a->where, words);
	buf__printf(words, " and ");
	tell_result(kind, y, size, b->where, words);
	if (core_object__line(object, core_object__first(object, spec), &line))
		buf__printf(words, "; asked for in %s:%u", line.file, line.number);
	return true;
}
