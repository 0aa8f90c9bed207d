/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "difference_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "type_text.h"

/* So many that only moved, all by the same, are worth a line each. */
#define RUN_MIN 3

struct printing {
	const struct type_change *change;
	const struct difference_view *view;
	struct buf out;
};

/* ---- members ----------------------------------------------------------------------------------- */

/* Bytes, and the bit where it begins inside of one. */
static void put_offset(struct buf *out, const struct shape_member *member)
{
	buf__printf(out, "%" PRIu64, member->offset / 8);
	if (member->bits || member->offset % 8)
		buf__printf(out, ":%" PRIu64, member->offset % 8);
}

static void put_line_start(struct printing *it, char mark, const struct shape_member *a,
			   const struct shape_member *b)
{
	_cleanup_buf_ struct buf offset = {};

	put_offset(&offset, a ?: b);
	if (a && b && (a->offset != b->offset)) {
		buf__printf(&offset, " -> ");
		put_offset(&offset, b);
	}
	buf__printf(&it->out, "    %c %-14s ", mark, buf__cstr(&offset) ?: "");
}

static void put_declared(struct printing *it, const struct type_shape *shape,
			 const struct shape_member *member)
{
	type_text__add(&it->out, shape->btf, member->type, *member->path ? member->path : "", 0);
	if (member->bits)
		buf__printf(&it->out, " : %u", member->bits);
}

/* "a -> b", with what is in unnamed types where they don't differ but by that. */
static void put_types(struct printing *it, const struct member_change *pair)
{
	static const int hows[] = { 0, TYPE_TEXT_BODIES };

	for (size_t i = 0; i < 2; i++) {
		_cleanup_buf_ struct buf a = {}, b = {};

		shape_member__type(&it->change->a, pair->a, hows[i], &a);
		shape_member__type(&it->change->b, pair->b, hows[i], &b);
		if (!buf__cstr(&a) || !buf__cstr(&b)) {
			it->out.failed = true;
			return;
		}
		if (i == 0 && strcmp(buf__cstr(&a), buf__cstr(&b)) == 0)
			continue;
		buf__printf(&it->out, "%s -> %s", buf__cstr(&a), buf__cstr(&b));
		return;
	}
}

static void put_both(struct printing *it, const struct member_change *pair)
{
	bool types = pair->retyped || (pair->respelled && it->view->spelling);

	bool same = !types && !pair->renamed && pair->a->bits == pair->b->bits;

	put_line_start(it, same ? '>' : '!', pair->a, pair->b);
	if (pair->renamed)
		buf__printf(&it->out, "%s -> %s", pair->a->path, pair->b->path);
	if (types) {
		buf__printf(&it->out, "%s%s", pair->renamed ? "" : pair->b->path, ": ");
		put_types(it, pair);
	} else if (!pair->renamed) {
		put_declared(it, &it->change->b, pair->b);
	}
	if (pair->a->bits != pair->b->bits)
		buf__printf(&it->out, " (bits %u -> %u)", pair->a->bits, pair->b->bits);
	buf__printf(&it->out, "\n");
}

static bool only_moved(const struct printing *it, const struct member_change *pair)
{
	return pair->a && pair->b && !pair->retyped && !pair->renamed &&
	       !(pair->respelled && it->view->spelling) && pair->a->offset != pair->b->offset &&
	       pair->a->bits == pair->b->bits;
}

static int64_t way(const struct member_change *pair)
{
	return (int64_t)(pair->b->offset - pair->a->offset);
}

/* How many from `from` on moved by the same and did nothing else. */
static size_t run_of_moves(const struct printing *it, size_t from)
{
	const struct member_change *pairs = it->change->members;
	size_t end = from;

	while (end < it->change->member_count && only_moved(it, &pairs[end]) &&
	       way(&pairs[end]) == way(&pairs[from]))
		end++;
	return end - from;
}

static void put_run(struct printing *it, const struct member_change *pairs, size_t count)
{
	int64_t bits = way(&pairs[0]);

	put_line_start(it, '>', pairs[0].a, pairs[0].b);
	if (bits % 8)
		buf__printf(&it->out, "%zu members, %s to %s: %+" PRId64 " bits\n", count,
			    pairs[0].b->path, pairs[count - 1].b->path, bits);
	else
		buf__printf(&it->out, "%zu members, %s to %s: %+" PRId64 "\n", count,
			    pairs[0].b->path, pairs[count - 1].b->path, bits / 8);
}

static void put_member(struct printing *it, const struct member_change *pair)
{
	bool only_respelled = pair->a && pair->b && !pair->moved && !pair->retyped && !pair->renamed;

	if (only_respelled && !it->view->spelling)
		return;
	if (pair->a && pair->b) {
		put_both(it, pair);
		return;
	}
	put_line_start(it, pair->a ? '-' : '+', pair->a, pair->b);
	put_declared(it, pair->a ? &it->change->a : &it->change->b, pair->a ?: pair->b);
	buf__printf(&it->out, "\n");
}

static void put_members(struct printing *it)
{
	for (size_t i = 0; i < it->change->member_count;) {
		size_t run = run_of_moves(it, i);

		if (run >= RUN_MIN) {
			put_run(it, &it->change->members[i], run);
			i += run;
		} else {
			put_member(it, &it->change->members[i++]);
		}
	}
}

/* ---- enumerators -------------------------------------------------------------------------------- */

static size_t run_of_values(const struct type_change *change, size_t from)
{
	const struct enumerator_change *pairs = change->enumerators;
	size_t end = from;

	while (end < change->enumerator_count && pairs[end].a && pairs[end].b &&
	       pairs[end].b->value - pairs[end].a->value == pairs[from].b->value - pairs[from].a->value)
		end++;
	return end - from;
}

static void put_enumerator(struct buf *out, const struct enumerator_change *pair)
{
	if (pair->a && pair->b)
		buf__printf(out, "    ! %s = %" PRId64 " -> %" PRId64 "\n", pair->b->name,
			    pair->a->value, pair->b->value);
	else
		buf__printf(out, "    %c %s = %" PRId64 "\n", pair->a ? '-' : '+',
			    (pair->a ?: pair->b)->name, (pair->a ?: pair->b)->value);
}

static void put_enumerators(struct printing *it)
{
	const struct enumerator_change *pairs = it->change->enumerators;

	for (size_t i = 0; i < it->change->enumerator_count;) {
		size_t run = pairs[i].a && pairs[i].b ? run_of_values(it->change, i) : 0;

		if (run >= RUN_MIN) {
			buf__printf(&it->out, "    ! %zu enumerators, %s to %s: %+" PRId64 "\n", run,
				    pairs[i].b->name, pairs[i + run - 1].b->name,
				    pairs[i].b->value - pairs[i].a->value);
			i += run;
		} else {
			put_enumerator(&it->out, &pairs[i++]);
		}
	}
}

/* ---- types ----------------------------------------------------------------------------------------- */

/* What tells an unnamed one from the others: where it begins. */
static void put_first_of(struct buf *out, const struct type_shape *shape)
{
	if (*type_text__name(shape->btf, shape->type))
		return;
	if (shape->enumerator_count)
		buf__printf(out, " with %s", shape->enumerators[0].name);
	else if (shape->member_count)
		buf__printf(out, " with %s", shape->members[0].path);
}

static void put_sizes(struct printing *it)
{
	const struct type_change *change = it->change;
	const struct type_shape *a = &change->a, *b = &change->b;

	if (a->text && b->text && type_shape__has_size(a) && type_shape__has_size(b) &&
	    a->body->size != b->body->size)
		buf__printf(&it->out, ", %u -> %u bytes", a->body->size, b->body->size);
	else if (!(a->text && b->text) && (a->text || b->text) && type_shape__has_size(a->text ? a : b))
		buf__printf(&it->out, ", %u bytes", (a->text ? a : b)->body->size);
	if (*change->name && (change->a_count > 1 || change->b_count > 1))
		buf__printf(&it->out, ", one of %zu -> %zu of this name", change->a_count,
			    change->b_count);
}

/* A declaration before and after, where that is what changed. */
static void put_declarations(struct printing *it)
{
	const struct type_change *change = it->change;
	const struct type_shape *sides[] = { &change->a, &change->b };

	if (!change->retyped && !(change->how == CHANGE_RESPELLED && !change->member_count))
		return;
	for (size_t i = 0; i < 2; i++) {
		buf__printf(&it->out, "    %c ", i ? '+' : '-');
		if (btf_is_int(sides[i]->type) || btf_is_float(sides[i]->type))
			type_shape__target(sides[i], 0, &it->out);
		else
			type_shape__declare(sides[i], &it->out);
		buf__printf(&it->out, "\n");
	}
}

static void put_change(struct printing *it)
{
	static const char marks[] = { '+', '-', '+', '-', '!', '=' };
	const struct type_change *change = it->change;
	const struct type_shape *shape = change->b.text ? &change->b : &change->a;
	bool one_side = !(change->a.text && change->b.text);

	buf__printf(&it->out, "%c ", marks[change->how]);
	if (one_side && (change->class == CLASS_VAR || change->class == CLASS_FUNC))
		buf__printf(&it->out, "%s ", change_class__keyword(change->class));
	if (one_side && shape->text && !btf_is_int(shape->type) && !btf_is_float(shape->type))
		type_shape__declare(shape, &it->out);
	else
		buf__printf(&it->out, "%s %s", change_class__keyword(change->class),
			    *change->name ? change->name : "{ ... }");
	if (shape->text)
		put_first_of(&it->out, shape);
	if (!shape->text)
		buf__printf(&it->out, ", only declared");
	put_sizes(it);
	if (change->how == CHANGE_DEFINED || change->how == CHANGE_DECLARED)
		buf__printf(&it->out, change->how == CHANGE_DEFINED ? ", only declared before"
								    : ", only declared now");
	buf__printf(&it->out, "\n");
	if (one_side)
		return;
	put_declarations(it);
	put_members(it);
	put_enumerators(it);
}

static bool is_shown(const struct type_change *change, const struct difference_view *view)
{
	return (change->class != CLASS_FUNC || view->functions) &&
	       (change->how != CHANGE_RESPELLED || view->spelling);
}

bool difference__print(const struct difference *difference, const struct difference_view *view)
{
	for (size_t i = 0; i < difference->count; i++) {
		struct printing it = { .change = &difference->changes[i], .view = view };
		bool failed;

		if (!is_shown(it.change, view))
			continue;
		put_change(&it);
		failed = buf__failed(&it.out);
		if (!failed)
			fwrite(it.out.data, 1, it.out.len, stdout);
		buf__free(&it.out);
		if (failed)
			return false;
	}
	return true;
}

/* ---- counts ------------------------------------------------------------------------------------------ */

struct total {
	size_t hows[CHANGE_RESPELLED + 1], same;
};

static struct total sum(const struct difference *difference, enum change_class first,
			enum change_class last)
{
	struct total total = {};

	for (enum change_class class = first; class <= last; class++) {
		total.same += difference->same[class];
		for (size_t how = 0; how <= CHANGE_RESPELLED; how++)
			total.hows[how] += difference->counts[class][how];
	}
	return total;
}

static void print_total(const char *what, const struct total *total)
{
	size_t changed = total->hows[CHANGE_CHANGED] + total->hows[CHANGE_DEFINED] +
			 total->hows[CHANGE_DECLARED];

	if (!total->same && !changed && !total->hows[CHANGE_ADDED] && !total->hows[CHANGE_REMOVED] &&
	    !total->hows[CHANGE_RESPELLED])
		return;
	printf("%-10s %zu added, %zu removed, %zu changed, %zu the same", what,
	       total->hows[CHANGE_ADDED], total->hows[CHANGE_REMOVED], changed, total->same);
	if (total->hows[CHANGE_RESPELLED])
		printf(", %zu the same in other words", total->hows[CHANGE_RESPELLED]);
	printf("\n");
}

void difference__print_counts(const struct difference *difference,
			      const struct difference_view *view)
{
	struct total types = sum(difference, CLASS_STRUCT, CLASS_FLOAT);
	struct total variables = sum(difference, CLASS_VAR, CLASS_VAR);
	struct total functions = sum(difference, CLASS_FUNC, CLASS_FUNC);

	(void)view;
	print_total("types", &types);
	print_total("variables", &variables);
	print_total("functions", &functions);
}

bool difference__is_any(const struct difference *difference, const struct difference_view *view)
{
	for (size_t i = 0; i < difference->count; i++)
		if (difference->changes[i].how != CHANGE_RESPELLED || view->spelling)
			return true;
	return false;
}
