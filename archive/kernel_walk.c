/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kernel_walk.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* A blob that is asked for, or on the way to one. */
struct node {
	const struct blob *blob;
	size_t wanted;        /* the first place that asks for it plus 1, or 0 */
	uint32_t first_child; /* nodes, plus 1; the one that most are told after comes last */
	uint32_t next_child;
	uint32_t weight;      /* so many are told after it */
};

struct kernel_walk {
	struct node *nodes;   /* by address, so a base comes before what is told after it */
	size_t count, room;
	size_t *next_wanted;  /* by place: the next that asks for the same blob, plus 1 */
	const struct kernel_walk_opts *opts;
	atomic_int res;       /* what ends it */
	/* what threads have between them */
	pthread_mutex_t lock;
	pthread_cond_t change;
	size_t next_root;     /* nodes from here on are nobody's yet, if they are roots */
	struct branch *branches;
	unsigned int branch_count, waiting, busy;
};

/* What a thread without work takes over: a kernel, and where its base is. */
struct branch {
	const struct node *node;
	struct followed base;
	struct branch *next;
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

/*
 * Who comes to the last child has done with the others: if that is the heaviest, few kernels
 * wait in memory for what is told after them, the logarithm of all at the most.
 */
static void add_child(struct kernel_walk *walk, uint32_t number)
{
	struct node *node = &walk->nodes[number], *base = find_node(walk, node->blob->base);
	uint32_t *at = &base->first_child;

	base->weight += 1 + node->weight;
	while (*at && walk->nodes[*at - 1].weight < node->weight)
		at = &walk->nodes[*at - 1].next_child;
	node->next_child = *at;
	*at = number + 1;
}

static void sort_nodes(struct kernel_walk *walk)
{
	size_t kept = 0;

	if (walk->count)
		qsort(walk->nodes, walk->count, sizeof(*walk->nodes), by_blob);
	for (size_t i = 0; i < walk->count; i++)
		if (!kept || walk->nodes[kept - 1].blob != walk->nodes[i].blob)
			walk->nodes[kept++] = walk->nodes[i];
	walk->count = kept;
	/* backwards, so that all that are told after one were there before */
	for (size_t i = kept; i > 0; i--)
		if (walk->nodes[i - 1].blob->base)
			add_child(walk, (uint32_t)i - 1);
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

/* ---- kernels ---------------------------------------------------------------------------------- */

static int visit_node(struct kernel_walk *walk, const struct node *node, int err,
		      struct followed *kernel)
{
	int res = 0;

	for (size_t at = node->wanted; !res && at; at = walk->next_wanted[at - 1])
		res = walk->opts->visit(walk->opts->ctx, at - 1, err, kernel);
	return res;
}

static void followed__free(struct followed *kernel)
{
	lineage__free(&kernel->lineage);
	answers__free(&kernel->answers);
}

static struct branch *new_branch(const struct node *node, const struct followed *base)
{
	struct branch *branch = calloc(1, sizeof(*branch));

	if (!branch)
		return NULL;
	branch->node = node;
	if (lineage__copy(&base->lineage, &branch->base.lineage)) {
		free(branch);
		return NULL;
	}
	if (answers__copy(&base->answers, &branch->base.answers)) {
		lineage__free(&branch->base.lineage);
		free(branch);
		return NULL;
	}
	return branch;
}

static void free_branch(struct branch *branch)
{
	followed__free(&branch->base);
	free(branch);
}

/* False if nobody waits for it. */
static bool hand_over(struct kernel_walk *walk, struct branch *branch)
{
	bool waits;

	pthread_mutex_lock(&walk->lock);
	waits = walk->waiting > walk->branch_count;
	if (waits) {
		branch->next = walk->branches;
		walk->branches = branch;
		walk->branch_count++;
		pthread_cond_signal(&walk->change);
	}
	pthread_mutex_unlock(&walk->lock);
	return waits;
}

static int enter(struct kernel_walk *walk, const struct node *node, int damage,
		 struct followed *kernel);

/* All but the last go on with a copy; the last takes over. */
static int enter_children(struct kernel_walk *walk, const struct node *node, int damage,
			  struct followed *kernel)
{
	int res = 0;

	for (uint32_t at = node->first_child; !res && at; at = walk->nodes[at - 1].next_child) {
		const struct node *child = &walk->nodes[at - 1];
		struct branch *branch;

		if (damage || !child->next_child) {
			res = enter(walk, child, damage, kernel);
			continue;
		}
		branch = new_branch(child, kernel);
		if (!branch)
			return -ENOMEM;
		if (hand_over(walk, branch))
			continue;
		res = enter(walk, child, 0, &branch->base);
		free_branch(branch);
	}
	return res;
}

/* `damage` is what happened before it. Paths are short: FORMAT_PATH_MAX. */
static int enter(struct kernel_walk *walk, const struct node *node, int damage,
		 struct followed *kernel)
{
	int res = atomic_load(&walk->res), err = damage;

	if (res)
		return res;
	if (!err)
		err = blob__follow_on(node->blob, walk->opts->functions, &kernel->lineage);
	if (err == -ENOMEM)
		return err;
	res = visit_node(walk, node, err, err ? NULL : kernel);
	return res ? res : enter_children(walk, node, err, kernel);
}

static int enter_root(struct kernel_walk *walk, const struct node *root)
{
	struct followed kernel = {};
	int res = lineage__init(&kernel.lineage);

	if (res)
		return res;
	res = enter(walk, root, 0, &kernel);
	followed__free(&kernel);
	return res;
}

/* ---- threads ------------------------------------------------------------------------------------ */

/* What nobody does yet: a branch, or else a root. False: there is nothing now. */
static bool take_work(struct kernel_walk *walk, struct branch **branch, const struct node **root)
{
	*branch = walk->branches;
	*root = NULL;
	if (*branch) {
		walk->branches = (*branch)->next;
		walk->branch_count--;
		return true;
	}
	while (walk->next_root < walk->count && walk->nodes[walk->next_root].blob->base)
		walk->next_root++;
	if (walk->next_root == walk->count)
		return false;
	*root = &walk->nodes[walk->next_root++];
	return true;
}

static int work_on(struct kernel_walk *walk, struct branch *branch, const struct node *root)
{
	int res;

	if (root)
		return enter_root(walk, root);
	res = enter(walk, branch->node, 0, &branch->base);
	free_branch(branch);
	return res;
}

/* Until nobody has work that some could be handed over of. */
static void *work(void *ctx)
{
	struct kernel_walk *walk = ctx;
	const struct node *root;
	struct branch *branch;
	int res, none = 0;

	pthread_mutex_lock(&walk->lock);
	for (;;) {
		if (take_work(walk, &branch, &root)) {
			walk->busy++;
			pthread_mutex_unlock(&walk->lock);
			res = work_on(walk, branch, root);
			if (res)
				atomic_compare_exchange_strong(&walk->res, &none, res);
			none = 0;
			pthread_mutex_lock(&walk->lock);
			walk->busy--;
			pthread_cond_broadcast(&walk->change);
		} else if (walk->busy) {
			walk->waiting++;
			pthread_cond_wait(&walk->change, &walk->lock);
			walk->waiting--;
		} else {
			break;
		}
	}
	pthread_mutex_unlock(&walk->lock);
	return NULL;
}

static void run(struct kernel_walk *walk)
{
	pthread_t others[KERNEL_WALK_THREADS_MAX];
	unsigned int count = 0;

	pthread_mutex_init(&walk->lock, NULL);
	pthread_cond_init(&walk->change, NULL);
	/* fewer will do */
	while (count + 1 < walk->opts->threads && count < KERNEL_WALK_THREADS_MAX &&
	       !pthread_create(&others[count], NULL, work, walk))
		count++;
	work(walk);
	while (count)
		pthread_join(others[--count], NULL);
	pthread_cond_destroy(&walk->change);
	pthread_mutex_destroy(&walk->lock);
}

int kernel_walk__each(const struct blob *const *blobs, size_t count,
		      const struct kernel_walk_opts *opts)
{
	_cleanup_free_ size_t *next_wanted = calloc(count + 1, sizeof(*next_wanted));
	struct kernel_walk walk = { .next_wanted = next_wanted, .opts = opts };
	int res = next_wanted ? lay_out(&walk, blobs, count) : -ENOMEM;

	if (!res) {
		run(&walk);
		res = atomic_load(&walk.res);
	}
	free(walk.nodes);
	return res;
}
