/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "member_counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/counted_name.h"

/* A string of the graph, or one that it is to have: the stem of some of those. */
struct naming {
	const char *text;
	size_t len;
	uint32_t string; /* its old number */
	bool is_stem;    /* of that string, and of others, perhaps */
};

struct unifying {
	struct type_graph *graph;
	struct naming *names;
	size_t count;
	uint32_t *number; /* of each string, the new one */
	uint32_t *stem;   /* of each string whose counter goes, the stem's new number; else 0 */
};

static bool has_members(const struct graph_type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

/* By bytes; what is the beginning of another comes before it. */
static int by_bytes(const void *p, const void *q)
{
	const struct naming *a = p, *b = q;
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static void mark_members(const struct type_graph *graph, bool *is_member)
{
	for (uint32_t i = 1; i < graph->type_count; i++) {
		const struct graph_type *type = &graph->types[i];

		for (uint32_t k = 0; has_members(type) && k < type->count; k++)
			is_member[graph->slots[type->first + k].name] = true;
	}
}

/* The stems of members' names, in order; one that several have comes several times. */
static int list_stems(struct unifying *unifying)
{
	const struct type_graph *graph = unifying->graph;
	_cleanup_free_ bool *is_member = calloc(graph->string_count, sizeof(*is_member));

	if (!is_member)
		return -ENOMEM;
	mark_members(graph, is_member);
	for (uint32_t i = 1; i < graph->string_count; i++) {
		const char *name = type_graph__string(graph, i);
		size_t len = is_member[i] ? counted_name__stem_len(name, strlen(name)) : 0;

		if (len)
			unifying->names[unifying->count++] = (struct naming){ name, len, i, true };
	}
	qsort(unifying->names, unifying->count, sizeof(*unifying->names), by_bytes);
	return 0;
}

/* Those stay whose stem several names have. */
static void keep_varying(struct unifying *unifying)
{
	struct naming *names = unifying->names;
	size_t kept = 0, to;

	for (size_t from = 0; from < unifying->count; from = to) {
		to = from + 1;
		while (to < unifying->count && by_bytes(&names[from], &names[to]) == 0)
			to++;
		for (size_t i = from; to - from > 1 && i < to; i++)
			names[kept++] = names[i];
	}
	unifying->count = kept;
}

/* Old strings and stems in one order, and the number that each gets there. */
static void number_names(struct unifying *unifying)
{
	const struct type_graph *graph = unifying->graph;
	struct naming *names = unifying->names;
	uint32_t last = 0;

	for (uint32_t i = 0; i < graph->string_count; i++) {
		const char *name = type_graph__string(graph, i);

		names[unifying->count++] = (struct naming){ name, strlen(name), i, false };
	}
	qsort(names, unifying->count, sizeof(*names), by_bytes);
	for (size_t i = 0; i < unifying->count; i++) {
		last += i && by_bytes(&names[i - 1], &names[i]) != 0;
		(names[i].is_stem ? unifying->stem : unifying->number)[names[i].string] = last;
	}
}

static int write_names(struct unifying *unifying)
{
	struct type_graph *graph = unifying->graph;
	size_t size = 0;
	uint32_t count = 0;
	uint32_t *strings = malloc(unifying->count * sizeof(*strings));
	char *text;

	for (size_t i = 0; i < unifying->count; i++)
		size += unifying->names[i].len + 1;
	text = malloc(size);
	if (!strings || !text) {
		free(strings);
		free(text);
		return -ENOMEM;
	}
	size = 0;
	for (size_t i = 0; i < unifying->count; i++) {
		const struct naming *name = &unifying->names[i];

		if (i && by_bytes(name - 1, name) == 0)
			continue;
		strings[count++] = (uint32_t)size;
		memcpy(text + size, name->text, name->len);
		text[size + name->len] = '\0';
		size += name->len + 1;
	}
	free(graph->text);
	free(graph->strings);
	graph->text = text;
	graph->strings = strings;
	graph->string_count = count;
	return 0;
}

static void rename_all(const struct unifying *unifying)
{
	const struct type_graph *graph = unifying->graph;

	for (uint32_t i = 1; i < graph->type_count; i++) {
		struct graph_type *type = &graph->types[i];

		type->name = unifying->number[type->name];
		for (uint32_t k = 0; k < type->count; k++) {
			uint32_t *name = &graph->slots[type->first + k].name;
			uint32_t stem = has_members(type) ? unifying->stem[*name] : 0;

			*name = stem ? stem : unifying->number[*name];
		}
	}
}

int member_counters__unify(struct type_graph *graph, uint32_t *count)
{
	size_t room = graph->string_count;
	_cleanup_free_ struct naming *names = calloc(2 * room, sizeof(*names));
	_cleanup_free_ uint32_t *number = calloc(room, sizeof(*number));
	_cleanup_free_ uint32_t *stem = calloc(room, sizeof(*stem));
	struct unifying unifying = { graph, names, 0, number, stem };
	int err = names && number && stem ? list_stems(&unifying) : -ENOMEM;

	*count = 0;
	if (err)
		return err;
	keep_varying(&unifying);
	*count = (uint32_t)unifying.count;
	if (!unifying.count)
		return 0;
	number_names(&unifying);
	err = write_names(&unifying);
	if (!err)
		rename_all(&unifying);
	return err;
}
