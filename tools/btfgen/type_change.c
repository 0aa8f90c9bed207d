/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs between two types of one name: members and enumerators, matched by their names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "difference.h"
#include "type_text.h"

void type_change__free(struct type_change *change)
{
	type_shape__free(&change->a);
	type_shape__free(&change->b);
	free(change->members);
	free(change->enumerators);
	*change = (struct type_change){};
}

/* ---- types of members --------------------------------------------------------------------------- */

typedef void text_of(const void *what, int how, struct buf *out);

/* Whether two things have other texts; *respelled: other ones of the same meaning. -ENOMEM. */
static int differ(text_of *text, const void *a, const void *b, bool *retyped, bool *respelled)
{
	static const int hows[] = { TYPE_TEXT_BODIES, TYPE_TEXT_BODIES | TYPE_TEXT_RESOLVED };
	bool same = false, first = true;

	for (size_t i = 0; i < 2 && !same; i++) {
		_cleanup_buf_ struct buf left = {}, right = {};

		text(a, hows[i], &left);
		text(b, hows[i], &right);
		if (!buf__cstr(&left) || !buf__cstr(&right))
			return -ENOMEM;
		same = strcmp(buf__cstr(&left), buf__cstr(&right)) == 0;
		first = i == 0;
	}
	*retyped = !same;
	*respelled = same && !first;
	return 0;
}

struct member_of {
	const struct type_shape *shape;
	const struct shape_member *member;
};

static void member_text(const void *what, int how, struct buf *out)
{
	const struct member_of *it = what;

	shape_member__type(it->shape, it->member, how, out);
}

static void target_text(const void *what, int how, struct buf *out)
{
	type_shape__target(what, how, out);
}

static int compare_members(const struct type_change *change, struct member_change *pair)
{
	const struct member_of a = { &change->a, pair->a }, b = { &change->b, pair->b };

	pair->moved = pair->a->offset != pair->b->offset || pair->a->bits != pair->b->bits;
	return differ(member_text, &a, &b, &pair->retyped, &pair->respelled);
}

/* ---- members that have a like in the other type --------------------------------------------------- */

/* By path, then in the order of the type. */
static int by_path(const void *a, const void *b)
{
	const struct shape_member *x = *(const struct shape_member *const *)a;
	const struct shape_member *y = *(const struct shape_member *const *)b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x > y) - (x < y);
}

/* Pointers to all items of an array, in that order; NULL without memory. */
static void *sorted(const void *items, size_t count, size_t size,
		    int (*order)(const void *, const void *))
{
	const char **list = calloc(count + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < count; i++)
		list[i] = (const char *)items + i * size;
	qsort(list, count, sizeof(*list), order);
	return list;
}

static const struct shape_member **sorted_members(const struct type_shape *shape)
{
	return sorted(shape->members, shape->member_count, sizeof(*shape->members), by_path);
}

/* All members of both, those of one path as one; returns how many. */
static size_t pair_members(const struct shape_member **a, size_t a_count,
			   const struct shape_member **b, size_t b_count,
			   struct member_change *pairs)
{
	size_t count = 0, i = 0, k = 0;

	while (i < a_count || k < b_count) {
		int order = i == a_count ? 1 : k == b_count ? -1 :
			    strcmp(a[i]->path, b[k]->path);

		pairs[count++] = (struct member_change){
			.a = order <= 0 ? a[i++] : NULL,
			.b = order >= 0 ? b[k++] : NULL,
		};
	}
	return count;
}

/* ---- renamed members -------------------------------------------------------------------------------- */

static bool overlaps(const struct shape_member *x, const struct shape_member *y)
{
	return x->offset == y->offset && x->bits == y->bits;
}

static const char *last_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* The one that is only in A (or B) at a place, with that last name if not NULL; NULL: none, or several. */
static struct member_change *only_one_at(struct member_change *pairs, size_t count, bool in_a,
					 const struct shape_member *place, const char *last)
{
	struct member_change *found = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct shape_member *mine = in_a ? pairs[i].a : pairs[i].b;
		const struct shape_member *other = in_a ? pairs[i].b : pairs[i].a;

		if (!mine || other || !overlaps(mine, place) ||
		    (last && strcmp(last, last_name(mine->path)) != 0))
			continue;
		if (found)
			return NULL;
		found = &pairs[i];
	}
	return found;
}

/* One that went and one that came, of one type at one place, are one under another name. */
static int find_renamed(const struct type_change *change, struct member_change *pairs, size_t count,
			bool same_last)
{
	for (size_t i = 0; i < count; i++) {
		struct member_change *gone = &pairs[i], *come, joined;
		const char *last;
		int res;

		if (!gone->a || gone->b)
			continue;
		last = same_last ? last_name(gone->a->path) : NULL;
		if (only_one_at(pairs, count, true, gone->a, last) != gone)
			continue;
		come = only_one_at(pairs, count, false, gone->a, last);
		if (!come)
			continue;
		joined = (struct member_change){ .a = gone->a, .b = come->b, .renamed = true };
		res = compare_members(change, &joined);
		if (res)
			return res;
		if (joined.retyped)
			continue;
		*gone = joined;
		*come = (struct member_change){};
	}
	return 0;
}

/* ---- what is left, in order ------------------------------------------------------------------------- */

static bool is_change(const struct member_change *pair)
{
	if (!pair->a && !pair->b)
		return false;
	return !pair->a || !pair->b || pair->moved || pair->retyped || pair->respelled ||
	       pair->renamed;
}

/* By offset, what went before what came; then as in the type. */
static int by_offset(const void *a, const void *b)
{
	const struct member_change *x = a, *y = b;
	const struct shape_member *p = x->b ?: x->a, *q = y->b ?: y->a;

	if (p->offset != q->offset)
		return p->offset > q->offset ? 1 : -1;
	if (!x->b != !y->b)
		return x->b ? 1 : -1;
	return (p > q) - (p < q);
}

static int find_members(struct type_change *change)
{
	size_t a_count = change->a.member_count, b_count = change->b.member_count, count;
	_cleanup_free_ const struct shape_member **a = sorted_members(&change->a);
	_cleanup_free_ const struct shape_member **b = sorted_members(&change->b);
	int res = 0;

	change->members = calloc(a_count + b_count + 1, sizeof(*change->members));
	if (!a || !b || !change->members)
		return -ENOMEM;
	count = pair_members(a, a_count, b, b_count, change->members);
	for (size_t i = 0; !res && i < count; i++)
		if (change->members[i].a && change->members[i].b)
			res = compare_members(change, &change->members[i]);
	/* first what only came into something with a name, or out of it */
	for (int same_last = 1; !res && same_last >= 0; same_last--)
		res = find_renamed(change, change->members, count, same_last);
	for (size_t i = 0; i < count; i++)
		if (is_change(&change->members[i]))
			change->members[change->member_count++] = change->members[i];
	qsort(change->members, change->member_count, sizeof(*change->members), by_offset);
	return res;
}

/* ---- enumerators -------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct shape_enumerator *x = *(const struct shape_enumerator *const *)a;
	const struct shape_enumerator *y = *(const struct shape_enumerator *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x > y) - (x < y);
}

static const struct shape_enumerator **sorted_enumerators(const struct type_shape *shape)
{
	return sorted(shape->enumerators, shape->enumerator_count, sizeof(*shape->enumerators),
		      by_name);
}

/* Without what an encoder made of the sign: -1 in 4 bytes is 4294967295. */
static bool same_value(const struct type_change *change, int64_t a, int64_t b)
{
	bool narrow = change->a.body->size <= 4 && change->b.body->size <= 4;

	return narrow ? (uint32_t)a == (uint32_t)b : a == b;
}

static int by_value(const void *a, const void *b)
{
	const struct enumerator_change *x = a, *y = b;
	const struct shape_enumerator *p = x->b ?: x->a, *q = y->b ?: y->a;

	if (p->value != q->value)
		return p->value > q->value ? 1 : -1;
	if (!x->b != !y->b)
		return x->b ? 1 : -1;
	return strcmp(p->name, q->name);
}

static int find_enumerators(struct type_change *change)
{
	size_t a_count = change->a.enumerator_count, b_count = change->b.enumerator_count;
	_cleanup_free_ const struct shape_enumerator **a = sorted_enumerators(&change->a);
	_cleanup_free_ const struct shape_enumerator **b = sorted_enumerators(&change->b);
	size_t i = 0, k = 0;

	change->enumerators = calloc(a_count + b_count + 1, sizeof(*change->enumerators));
	if (!a || !b || !change->enumerators)
		return -ENOMEM;
	while (i < a_count || k < b_count) {
		int order = i == a_count ? 1 : k == b_count ? -1 : strcmp(a[i]->name, b[k]->name);
		struct enumerator_change pair = { order <= 0 ? a[i++] : NULL,
						  order >= 0 ? b[k++] : NULL };

		if (!pair.a || !pair.b || !same_value(change, pair.a->value, pair.b->value))
			change->enumerators[change->enumerator_count++] = pair;
	}
	qsort(change->enumerators, change->enumerator_count, sizeof(*change->enumerators), by_value);
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

static bool only_respelled(const struct type_change *change)
{
	if (change->retyped || change->enumerator_count ||
	    (type_shape__has_size(&change->a) && change->a.body->size != change->b.body->size))
		return false;
	for (size_t i = 0; i < change->member_count; i++) {
		const struct member_change *member = &change->members[i];

		if (!member->a || !member->b || member->moved || member->retyped || member->renamed)
			return false;
	}
	return true;
}

int type_change__compare(struct type_change *change)
{
	bool respelled;
	int res = differ(target_text, &change->a, &change->b, &change->retyped, &respelled);

	if (!res)
		res = find_members(change);
	if (!res)
		res = find_enumerators(change);
	change->how = !res && only_respelled(change) ? CHANGE_RESPELLED : CHANGE_CHANGED;
	return res;
}
