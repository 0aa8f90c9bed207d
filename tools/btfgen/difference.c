/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "difference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "type_text.h"

const char *change_class__keyword(enum change_class class)
{
	static const char *const names[] = { "struct", "union", "enum", "typedef", "int", "float",
					     "var", "func" };

	return class < CLASS_COUNT ? names[class] : "?";
}

const char *change_how__name(enum change_how how)
{
	static const char *const names[] = { "added", "removed", "defined", "declared", "changed",
					     "respelled" };

	return how < sizeof(names) / sizeof(names[0]) ? names[how] : "?";
}

/* ---- the types of one BTF that have a say ------------------------------------------------------ */

struct named {
	enum change_class class;
	const char *name;
	__u32 id;
	bool declared; /* by no more than a forward declaration */
};

struct named_list {
	const struct btf *btf;
	struct named *items;
	size_t count;
};

static bool class_of(const struct btf_type *type, enum change_class *class)
{
	static const enum change_class classes[] = {
		[BTF_KIND_INT] = CLASS_INT,         [BTF_KIND_STRUCT] = CLASS_STRUCT,
		[BTF_KIND_UNION] = CLASS_UNION,     [BTF_KIND_ENUM] = CLASS_ENUM,
		[BTF_KIND_ENUM64] = CLASS_ENUM,     [BTF_KIND_TYPEDEF] = CLASS_TYPEDEF,
		[BTF_KIND_FUNC] = CLASS_FUNC,       [BTF_KIND_VAR] = CLASS_VAR,
		[BTF_KIND_FLOAT] = CLASS_FLOAT,     [BTF_KIND_FWD] = CLASS_STRUCT,
	};
	__u32 kind = btf_kind(type);

	if (kind >= sizeof(classes) / sizeof(classes[0]) || (!classes[kind] && kind != BTF_KIND_STRUCT &&
							     kind != BTF_KIND_FWD))
		return false;
	*class = btf_is_fwd(type) && btf_kflag(type) ? CLASS_UNION : classes[kind];
	return true;
}

static void refer(bool *referred, __u32 count, __u32 id)
{
	if (id < count)
		referred[id] = true;
}

/* Marks what `type` refers to: an unnamed type that nothing refers to stands for itself. */
static void mark_references(const struct btf_type *type, bool *referred, __u32 count)
{
	switch (btf_kind(type)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (__u32 i = 0; i < btf_vlen(type); i++)
			refer(referred, count, btf_members(type)[i].type);
		break;
	case BTF_KIND_FUNC_PROTO:
		for (__u32 i = 0; i < btf_vlen(type); i++)
			refer(referred, count, btf_params(type)[i].type);
		refer(referred, count, type->type);
		break;
	case BTF_KIND_ARRAY:
		refer(referred, count, btf_array(type)->type);
		break;
	case BTF_KIND_PTR:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
		refer(referred, count, type->type);
		break;
	}
}

static bool is_wanted(const struct wanted_type *wanted, size_t count, const struct named *named,
		      bool *found)
{
	bool any = !count;

	for (size_t i = 0; i < count; i++) {
		if (!wanted_type__is(&wanted[i], change_class__keyword(named->class), named->name))
			continue;
		found[i] = true;
		any = true;
	}
	return any;
}

static int by_class_and_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order;

	if (x->class != y->class)
		return x->class > y->class ? 1 : -1;
	order = strcmp(x->name, y->name);
	return order ? order : (x->id > y->id) - (x->id < y->id);
}

static int list_named(const struct btf *btf, const struct wanted_type *wanted, size_t wanted_count,
		      bool *found, struct named_list *list)
{
	__u32 count = btf__type_cnt(btf);
	_cleanup_free_ bool *referred = calloc(count, sizeof(*referred));

	list->btf = btf;
	list->items = calloc(count, sizeof(*list->items));
	if (!referred || !list->items)
		return -ENOMEM;
	for (__u32 id = 1; id < count; id++)
		mark_references(btf__type_by_id(btf, id), referred, count);
	for (__u32 id = 1; id < count; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		struct named named = { .name = type_text__name(btf, type), .id = id,
				       .declared = btf_is_fwd(type) };

		if (class_of(type, &named.class) && (*named.name || !referred[id]) &&
		    is_wanted(wanted, wanted_count, &named, found))
			list->items[list->count++] = named;
	}
	qsort(list->items, list->count, sizeof(*list->items), by_class_and_name);
	return 0;
}

/* ---- the different types of one name -------------------------------------------------------------- */

struct variants {
	struct type_shape *shapes; /* by their text, each once; .text NULL: used up */
	size_t count, all;
	bool declared;             /* there is a forward declaration */
};

static void variants__free(struct variants *variants)
{
	for (size_t i = 0; i < variants->count; i++)
		type_shape__free(&variants->shapes[i]);
	free(variants->shapes);
	*variants = (struct variants){};
}

static int by_text(const void *a, const void *b)
{
	const struct type_shape *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static void drop_copies(struct variants *variants)
{
	size_t kept = 0;

	qsort(variants->shapes, variants->count, sizeof(*variants->shapes), by_text);
	for (size_t i = 0; i < variants->count; i++) {
		if (kept && strcmp(variants->shapes[kept - 1].text, variants->shapes[i].text) == 0)
			type_shape__free(&variants->shapes[i]);
		else
			variants->shapes[kept++] = variants->shapes[i];
	}
	variants->count = variants->all = kept;
}

static int variants__read(const struct btf *btf, const struct named *items, size_t count,
			  struct variants *variants)
{
	variants->shapes = calloc(count + 1, sizeof(*variants->shapes));
	if (!variants->shapes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int res;

		variants->declared |= items[i].declared;
		if (items[i].declared)
			continue;
		res = type_shape__read(btf, items[i].id, &variants->shapes[variants->count]);
		if (res)
			return res;
		variants->count++;
	}
	drop_copies(variants);
	return 0;
}

/* Those that are in both go from both. */
static void drop_equal(struct variants *a, struct variants *b)
{
	size_t i = 0, k = 0;

	while (i < a->count && k < b->count) {
		int order = strcmp(a->shapes[i].text, b->shapes[k].text);

		if (!order) {
			type_shape__free(&a->shapes[i]);
			type_shape__free(&b->shapes[k]);
		}
		i += order <= 0;
		k += order >= 0;
	}
}

static size_t common_names(const struct type_shape *a, const struct type_shape *b)
{
	size_t common = 0;

	for (size_t i = 0; i < a->member_count; i++)
		for (size_t k = 0; k < b->member_count; k++)
			if (strcmp(a->members[i].path, b->members[k].path) == 0) {
				common++;
				break;
			}
	for (size_t i = 0; i < a->enumerator_count; i++)
		for (size_t k = 0; k < b->enumerator_count; k++)
			if (strcmp(a->enumerators[i].name, b->enumerators[k].name) == 0) {
				common++;
				break;
			}
	return common;
}

static size_t count_names(const struct type_shape *shape)
{
	return shape->member_count + shape->enumerator_count;
}

/* The one of B that shares most with `shape`; without a name it must share half of the smaller. */
static struct type_shape *closest(const struct type_shape *shape, struct variants *b, bool unnamed)
{
	struct type_shape *best = NULL;
	size_t most = 0;

	for (size_t k = 0; k < b->count; k++) {
		size_t common, mine = count_names(shape), its;

		if (!b->shapes[k].text)
			continue;
		its = count_names(&b->shapes[k]);
		common = b->all > 1 || unnamed ? common_names(shape, &b->shapes[k]) : 0;
		if (unnamed && (!common || 2 * common < (mine < its ? mine : its)))
			continue;
		if (!best || common > most) {
			best = &b->shapes[k];
			most = common;
		}
	}
	return best;
}

/* ---- changes ------------------------------------------------------------------------------------------ */

static int add_change(struct difference *difference, const struct type_change *change)
{
	size_t count = difference->count;

	if ((count & (count - 1)) == 0) {
		struct type_change *grown = reallocarray(difference->changes, count ? 2 * count : 1,
							 sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		difference->changes = grown;
	}
	difference->changes[difference->count++] = *change;
	difference->counts[change->class][change->how]++;
	return 0;
}

struct group {
	enum change_class class;
	const char *name;
	struct variants a, b;
};

/* Takes the shapes over, which may be NULL. */
static int add_pair(struct difference *difference, struct group *group, struct type_shape *a,
		    struct type_shape *b)
{
	struct type_change change = { .class = group->class, .name = group->name,
				      .a_count = group->a.all, .b_count = group->b.all };
	int res = 0;

	if (a) {
		change.a = *a;
		*a = (struct type_shape){};
	}
	if (b) {
		change.b = *b;
		*b = (struct type_shape){};
	}
	if (change.a.text && change.b.text)
		res = type_change__compare(&change);
	else if (change.a.text)
		change.how = !group->b.all && group->b.declared ? CHANGE_DECLARED : CHANGE_REMOVED;
	else
		change.how = !group->a.all && group->a.declared ? CHANGE_DEFINED : CHANGE_ADDED;
	if (!res)
		res = add_change(difference, &change);
	if (res)
		type_change__free(&change);
	return res;
}

static int compare_group(struct difference *difference, struct group *group)
{
	size_t before = difference->count;
	int res = 0;

	drop_equal(&group->a, &group->b);
	for (size_t i = 0; !res && i < group->a.count; i++)
		if (group->a.shapes[i].text)
			res = add_pair(difference, group, &group->a.shapes[i],
				       closest(&group->a.shapes[i], &group->b, !*group->name));
	for (size_t k = 0; !res && k < group->b.count; k++)
		if (group->b.shapes[k].text)
			res = add_pair(difference, group, NULL, &group->b.shapes[k]);
	/* without a definition in either: a declaration that came or went */
	if (!res && !group->a.all && !group->b.all && group->a.declared != group->b.declared) {
		struct type_change change = { .class = group->class, .name = group->name,
					      .how = group->a.declared ? CHANGE_REMOVED
								       : CHANGE_ADDED };

		res = add_change(difference, &change);
	}
	difference->same[group->class] += !res && difference->count == before;
	return res;
}

static size_t group_size(const struct named_list *list, size_t from, const struct named *first)
{
	size_t end = from;

	while (end < list->count && list->items[end].class == first->class &&
	       strcmp(list->items[end].name, first->name) == 0)
		end++;
	return end - from;
}

static const struct named *earlier(const struct named *a, const struct named *b)
{
	int order;

	if (!a || !b)
		return a ?: b;
	order = a->class != b->class ? (a->class > b->class ? 1 : -1) : strcmp(a->name, b->name);
	return order <= 0 ? a : b;
}

static int compare_lists(const struct named_list *a, const struct named_list *b,
			 struct difference *difference)
{
	size_t i = 0, k = 0;
	int res = 0;

	while (!res && (i < a->count || k < b->count)) {
		const struct named *first = earlier(i < a->count ? &a->items[i] : NULL,
						    k < b->count ? &b->items[k] : NULL);
		size_t from_a = group_size(a, i, first), from_b = group_size(b, k, first);
		struct group group = { .class = first->class, .name = first->name };

		res = variants__read(a->btf, a->items + i, from_a, &group.a);
		if (!res)
			res = variants__read(b->btf, b->items + k, from_b, &group.b);
		if (!res)
			res = compare_group(difference, &group);
		if (!res && cancel__requested())
			res = -ECANCELED;
		variants__free(&group.a);
		variants__free(&group.b);
		i += from_a;
		k += from_b;
	}
	return res;
}

int difference__find(const struct btf *a, const struct btf *b, const struct wanted_type *wanted,
		     size_t wanted_count, struct difference *difference, struct error *err)
{
	struct named_list of_a = {}, of_b = {};
	int res;

	*difference = (struct difference){ .found = calloc(wanted_count + 1, sizeof(bool)) };
	if (!difference->found)
		return error__oom(err);
	res = list_named(a, wanted, wanted_count, difference->found, &of_a);
	if (!res)
		res = list_named(b, wanted, wanted_count, difference->found, &of_b);
	if (!res)
		res = compare_lists(&of_a, &of_b, difference);
	free(of_a.items);
	free(of_b.items);
	if (!res)
		return 0;
	difference__free(difference);
	return res == -ENOMEM ? error__oom(err) :
	       error__set(err, res == -E2BIG ? EBADMSG : -res, "can't compare the types: %s",
			  res == -E2BIG ? "one contains itself" : strerror(-res));
}

void difference__free(struct difference *difference)
{
	for (size_t i = 0; i < difference->count; i++)
		type_change__free(&difference->changes[i]);
	free(difference->changes);
	free(difference->found);
	*difference = (struct difference){};
}
