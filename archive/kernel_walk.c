/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kernel_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* A blob that is asked for, or on the way to one. */
struct node {
	const struct blob *blob;
	size_t wanted;        /* the first place that asks for it plus 1, or 0 */
	uint32_t first_child; /* nodes, plus 1 */
	uint32_t next_child;
};

struct kernel_walk {
	struct node *nodes;   /* by address, so a base comes before what is told after it */
	size_t count, room;
	size_t *next_wanted;  /* by place: the next that asks for the same blob, plus 1 */
	bool functions;
	kernel_visit_fn visit;
	void *ctx;
};

static int by_blob(const void *a, const void *b)
{
	const struct blob *x = ((const struct node *)a)->blob, *y = ((const struct node *)b)->blob;

	return (x > y) - (x < y);
}

static struct node *find_node(const struct kernel_walk *walk, const struct blob *blob)
{
	const struct node wanted = { .blob = blob };

	return bsearch(&wanted, walk->nodes, walk->count, sizeof(*walk->nodes), by_blob);
}

static int add_path(struct kernel_walk *walk, const struct blob *blob)
{
	for (; blob; blob = blob->base) {
		if (walk->count == walk->room) {
			size_t room = 2 * walk->room + 64;
			struct node *grown = realloc(walk->nodes, room * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			walk->nodes = grown;
			walk->room = room;
		}
		walk->nodes[walk->count++] = (struct node){ .blob = blob };
	}
	return 0;
}

static void sort_nodes(struct kernel_walk *walk)
{
	size_t kept = 0;

	qsort(walk->nodes, walk->count, sizeof(*walk->nodes), by_blob);
	for (size_t i = 0; i < walk->count; i++)
		if (!kept || walk->nodes[kept - 1].blob != walk->nodes[i].blob)
			walk->nodes[kept++] = walk->nodes[i];
	walk->count = kept;
	/* backwards, so that children are in the order of the file */
	for (size_t i = kept; i > 0; i--) {
		struct node *node = &walk->nodes[i - 1], *base;

		if (!node->blob->base)
			continue;
		base = find_node(walk, node->blob->base);
		node->next_child = base->first_child;
		base->first_child = (uint32_t)i;
	}
}

static int lay_out(struct kernel_walk *walk, const struct blob *const *blobs, size_t count)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++)
		err = add_path(walk, blobs[i]);
	if (err)
		return err;
	sort_nodes(walk);
	for (size_t i = count; i > 0; i--) {
		struct node *node = find_node(walk, blobs[i - 1]);

		walk->next_wanted[i - 1] = node->wanted;
		node->wanted = i;
	}
	return 0;
}

static int visit_node(const struct kernel_walk *walk, const struct node *node, int err,
		      const struct lineage *lineage)
{
	int res = 0;

	for (size_t at = node->wanted; !res && at; at = walk->next_wanted[at - 1])
		res = walk->visit(walk->ctx, at - 1, err, lineage);
	return res;
}

static int enter(const struct kernel_walk *walk, const struct node *node, int damage,
		 struct lineage *lineage);

/* All but the last begin anew; the last takes over. */
static int enter_children(const struct kernel_walk *walk, const struct node *node, int damage,
			  struct lineage *lineage)
{
	int res = 0;

	for (uint32_t at = node->first_child; !res && at; at = walk->nodes[at - 1].next_child) {
		const struct node *child = &walk->nodes[at - 1];
		struct lineage again;

		if (damage || !child->next_child) {
			res = enter(walk, child, damage, lineage);
			continue;
		}
		res = blob__follow(node->blob, walk->functions, &again);
		if (!res) {
			res = enter(walk, child, 0, &again);
			lineage__free(&again);
		}
	}
	return res;
}

/* `damage` is what happened before it. Paths are short: FORMAT_PATH_MAX. */
static int enter(const struct kernel_walk *walk, const struct node *node, int damage,
		 struct lineage *lineage)
{
	int res, check, err = damage ? damage : blob__follow_on(node->blob, walk->functions, lineage);

	/* streams of functions have no digests of their own */
	check = err || !walk->functions || !node->wanted ? err : blob__check(node->blob, lineage);
	if (err == -ENOMEM || check == -ENOMEM)
		return -ENOMEM;
	res = visit_node(walk, node, check, check ? NULL : lineage);
	return res ? res : enter_children(walk, node, err, lineage);
}

int kernel_walk__each(const struct blob *const *blobs, size_t count, bool functions,
		      kernel_visit_fn visit, void *ctx)
{
	_cleanup_free_ size_t *next_wanted = calloc(count + 1, sizeof(*next_wanted));
	struct kernel_walk walk = { .next_wanted = next_wanted, .functions = functions,
				    .visit = visit, .ctx = ctx };
	int res = next_wanted ? lay_out(&walk, blobs, count) : -ENOMEM;

	for (size_t i = 0; !res && i < walk.count; i++) {
		struct lineage lineage;

		if (walk.nodes[i].blob->base)
			continue;
		res = lineage__init(&lineage);
		if (!res) {
			res = enter(&walk, &walk.nodes[i], 0, &lineage);
			lineage__free(&lineage);
		}
	}
	free(walk.nodes);
	return res;
}
