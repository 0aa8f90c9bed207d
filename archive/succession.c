/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "succession.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void succession__free(struct succession *plan)
{
	free(plan->runs);
	*plan = (struct succession){};
}

static int add_run(struct succession *plan, struct run run)
{
	if (plan->run_count == plan->run_room) {
		uint32_t room = plan->run_room ? 2 * plan->run_room : 64;
		struct run *grown = realloc(plan->runs, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		plan->runs = grown;
		plan->run_room = room;
	}
	plan->runs[plan->run_count++] = run;
	plan->count += run.stay + run.come;
	plan->gone += run.go;
	plan->arrived += run.come;
	return 0;
}

/* ---- finding -------------------------------------------------------------------------------- */

/*
 * Of each of the new list its place in the old one plus 1, or 0: it comes. Places of what
 * stays ascend.
 */
static int find_stays(const struct pool *pool, const struct numbers *old,
		      const struct numbers *now, uint32_t *from)
{
	_cleanup_free_ uint32_t *places = calloc(pool->records.count, 4);
	_cleanup_free_ uint32_t *tails = calloc((size_t)now->count + 1, 4);
	_cleanup_free_ uint32_t *before = calloc((size_t)now->count + 1, 4);
	uint32_t length = 0, at;

	if (!places || !tails || !before)
		return -ENOMEM;
	for (uint32_t i = 0; i < old->count; i++)
		places[old->items[i]] = i + 1;
	for (uint32_t i = 0; i < now->count; i++) {
		uint32_t place = places[now->items[i]], low = 0, high = length;

		from[i] = place;
		if (!place)
			continue;
		/* tails[n] is where the best run of n + 1 ends, in the new list */
		while (low < high) {
			uint32_t middle = (low + high) / 2;

			if (from[tails[middle]] < place)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? tails[low - 1] + 1 : 0;
		tails[low] = i;
		length += low == length;
	}
	at = length ? tails[length - 1] + 1 : 0;
	for (uint32_t i = now->count; i-- > 0;) {
		if (i + 1 == at)
			at = before[i];
		else
			from[i] = 0;
	}
	return 0;
}

int succession__find(const struct pool *pool, const struct numbers *old,
		     const struct numbers *now, struct succession *plan)
{
	_cleanup_free_ uint32_t *from = calloc((size_t)now->count + 1, 4);
	uint32_t i = 0, k = 0;
	int err = from ? find_stays(pool, old, now, from) : -ENOMEM;

	while (!err && (i < old->count || k < now->count)) {
		struct run run = {};

		for (; k < now->count && from[k] == i + 1; k++, i++)
			run.stay++;
		for (; k < now->count && !from[k]; k++)
			run.come++;
		run.go = (k < now->count ? from[k] - 1 : old->count) - i;
		i += run.go;
		err = add_run(plan, run);
	}
	return err;
}

/* ---- runs ------------------------------------------------------------------------------------ */

void succession__code_runs(struct coder *coder, unsigned int columns, uint32_t old_count,
			   uint32_t most, struct succession *plan)
{
	uint32_t count = coder__u32(coder, columns, plan->count), i = 0, k = 0, come = 0;

	if (count >= NOT_NAMED)
		coder__fail(coder, coder->following ? -EBADMSG : -E2BIG);
	for (uint32_t n = 0; !coder->err && (i < old_count || k < count); n++) {
		struct run run = coder->following ? (struct run){} : plan->runs[n];
		int err = 0;

		run.stay = coder__u32(coder, columns, run.stay);
		run.go = coder__u32(coder, columns + 1, run.go);
		run.come = coder__u32(coder, columns + 2, run.come);
		if (run.stay > old_count - i || run.go > old_count - i - run.stay ||
		    run.stay > count - k || run.come > count - k - run.stay ||
		    run.come > most - come || !(run.stay | run.go | run.come))
			err = -EBADMSG;
		else if (coder->following)
			err = add_run(plan, run);
		if (err) {
			coder__fail(coder, err);
			return;
		}
		i += run.stay + run.go;
		k += run.stay + run.come;
		come += run.come;
	}
}

/* ---- kinds and names --------------------------------------------------------------------------- */

/* In a run, what goes and still may come again. */
struct head_search {
	const struct numbers *old;
	uint32_t gone, gone_end; /* places */
	uint32_t passed;         /* those before it have names that come no more, in this run */
};

/* Of what has the name, how many places behind the next that goes, plus 1; 0: none has. */
static uint32_t find_same(const struct coder *coder, struct head_search *search,
			  const uint32_t *words)
{
	const char *name = pool__string(coder->pool, words[RECORD_NAME]);

	if (search->passed < search->gone)
		search->passed = search->gone;
	for (uint32_t i = search->passed; i < search->gone_end; i++) {
		const uint32_t *gone = pool__record(coder->pool, search->old->items[i]);
		int order;

		if (record__kind(gone) == record__kind(words) &&
		    gone[RECORD_NAME] == words[RECORD_NAME])
			return i - search->gone + 1;
		/* both are in the order of their names */
		order = strcmp(pool__string(coder->pool, gone[RECORD_NAME]), name);
		if (order > 0)
			return 0;
		if (order < 0)
			search->passed = i + 1;
	}
	return 0;
}

/* Kind and name of one that comes: often those of one that goes. */
static void code_head(struct coder *coder, struct head_search *search, const uint32_t *own,
		      uint32_t *head)
{
	const struct name_columns columns = { PLAN_TOKEN, PLAN_SHARED, PLAN_REST, PLAN_KNOWN,
					      PLAN_ALSO };
	uint32_t same = coder->following ? 0 : find_same(coder, search, own);
	uint32_t kind = 0;

	if (!coder->following)
		kind = record__kind(own) | (own[RECORD_KIND] & RECORD_FLAG ? 0x80 : 0);
	same = coder__u32(coder, PLAN_SAME, same);
	kind = coder__byte(coder, PLAN_KIND, kind);
	head[RECORD_KIND] = (kind & 0x7f) | (kind & 0x80 ? RECORD_FLAG : 0);
	if ((kind & 0x7f) >= TYPE_KIND_END || !(kind & 0x7f) ||
	    record_kind__is_function((uint8_t)(kind & 0x7f)) != coder->stream ||
	    same > search->gone_end - search->gone)
		coder__fail(coder, -EBADMSG);
	if (coder->err)
		return;
	if (same) {
		uint32_t record = search->old->items[search->gone + same - 1];

		head[RECORD_NAME] = pool__record(coder->pool, record)[RECORD_NAME];
		search->gone += same;
		return;
	}
	head[RECORD_NAME] = coder__name_in(coder, NAME_TYPE, &columns,
					   coder->following ? 0 : own[RECORD_NAME]);
}

void succession__code_heads(struct coder *coder, const struct numbers *old,
			    const struct numbers *now, const struct succession *plan,
			    struct numbers *heads)
{
	uint32_t place = 0, k = 0;
	int err = numbers__reserve(heads, 2 * (uint64_t)plan->arrived);

	if (err)
		coder__fail(coder, err);
	for (uint32_t n = 0; n < plan->run_count; n++) {
		const struct run *run = &plan->runs[n];
		struct head_search search = { .old = old, .gone = place + run->stay };

		search.gone_end = search.gone + run->go;
		place = search.gone_end;
		k += run->stay;
		for (uint32_t i = 0; !coder->err && i < run->come; i++, k++) {
			uint32_t *head = heads->items + heads->count;

			code_head(coder, &search, coder->following ? NULL :
				  pool__record(coder->pool, now->items[k]), head);
			heads->count += 2;
		}
	}
}
