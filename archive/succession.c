/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "succession.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void succession__free(struct succession *plan)
{
	numbers__free(&plan->from);
	numbers__free(&plan->gone);
	numbers__free(&plan->heads);
}

int succession__find_stays(const struct pool *pool, const struct numbers *old, const struct numbers *now,
		      struct numbers *from)
{
	_cleanup_free_ uint32_t *places = calloc(pool->records.count, 4);
	_cleanup_free_ uint32_t *tails = calloc((size_t)now->count + 1, 4);
	_cleanup_free_ uint32_t *before = calloc((size_t)now->count + 1, 4);
	uint32_t length = 0, at;
	int err = 0;

	if (!places || !tails || !before)
		return -ENOMEM;
	for (uint32_t i = 0; i < old->count; i++)
		places[old->items[i]] = i + 1;
	for (uint32_t i = 0; !err && i < now->count; i++) {
		uint32_t place = places[now->items[i]], low = 0, high = length;

		err = numbers__add(from, place);
		if (!place)
			continue;
		/* tails[n] is where the best run of n + 1 ends, in the new list */
		while (low < high) {
			uint32_t middle = (low + high) / 2;

			if (from->items[tails[middle]] < place)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? tails[low - 1] + 1 : 0;
		tails[low] = i;
		length += low == length;
	}
	if (err)
		return err;
	at = length ? tails[length - 1] + 1 : 0;
	for (uint32_t i = now->count; i-- > 0;) {
		if (i + 1 == at)
			at = before[i];
		else
			from->items[i] = 0;
	}
	return 0;
}

void succession__code_runs(struct coder *coder, unsigned int columns, uint32_t old_count,
		      struct succession *plan)
{
	uint32_t count = coder__u32(coder, columns, plan->from.count), i = 0, k = 0;

	if (count >= NOT_NAMED)
		coder__fail(coder, -EBADMSG);
	while (!coder->err && (i < old_count || k < count)) {
		uint32_t stay = 0, go = 0, come = 0;

		if (!coder->following) {
			while (k + stay < count && plan->from.items[k + stay] == i + stay + 1)
				stay++;
			while (k + stay + come < count && !plan->from.items[k + stay + come])
				come++;
			go = (k + stay + come < count ? plan->from.items[k + stay + come] - 1
						      : old_count) - i - stay;
		}
		stay = coder__u32(coder, columns, stay);
		go = coder__u32(coder, columns + 1, go);
		come = coder__u32(coder, columns + 2, come);
		if (stay > old_count - i || go > old_count - i - stay || stay > count - k ||
		    come > count - k - stay || !(stay | go | come)) {
			coder__fail(coder, -EBADMSG);
			return;
		}
		for (uint32_t n = 0; coder->following && n < stay; n++)
			coder__add_word(coder, &plan->from, i + n + 1);
		for (uint32_t n = 0; coder->following && n < come; n++)
			coder__add_word(coder, &plan->from, 0);
		for (uint32_t n = 0; n < go; n++)
			coder__add_word(coder, &plan->gone, i + stay + n);
		i += stay + go;
		k += stay + come;
	}
}

/* Of `words`, which begins with kind and name. */
static bool is_alike(const uint32_t *words, uint32_t kind, uint32_t string)
{
	return (words[RECORD_KIND] & 0xff) == kind && words[RECORD_NAME] == string;
}

struct head_search {
	const struct numbers *old;
	const struct succession *plan;
	uint32_t gone;       /* the next of what goes that no one has come for */
	uint32_t gone_end;   /* the first that goes behind what stays next */
	uint32_t passed;     /* those before it have names that come no more, in this gap */
};

/* In the gap that the place is in. */
static void move_gap(struct head_search *search, uint32_t place)
{
	const struct numbers *gone = &search->plan->gone, *from = &search->plan->from;
	uint32_t stays = UINT32_MAX;

	for (uint32_t i = place; i < from->count; i++)
		if (from->items[i]) {
			stays = from->items[i] - 1;
			break;
		}
	while (search->gone_end < gone->count && gone->items[search->gone_end] < stays)
		search->gone_end++;
}

static uint32_t find_same(const struct coder *coder, struct head_search *search,
			  const uint32_t *words)
{
	const char *name = pool__string(coder->pool, words[RECORD_NAME]);

	if (search->passed < search->gone)
		search->passed = search->gone;
	for (uint32_t i = search->passed; i < search->gone_end; i++) {
		uint32_t record = search->old->items[search->plan->gone.items[i]];
		const uint32_t *gone = pool__record(coder->pool, record);
		int order;

		if (is_alike(gone, words[RECORD_KIND] & 0xff, words[RECORD_NAME]))
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
	const struct name_columns columns = { PLAN_TOKEN, PLAN_SHARED, PLAN_REST, PLAN_KNOWN };
	uint32_t same = coder->following ? 0 : find_same(coder, search, own);
	uint32_t kind = 0;

	if (!coder->following)
		kind = (own[RECORD_KIND] & 0xff) | (own[RECORD_KIND] & RECORD_FLAG ? 0x80 : 0);
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
		uint32_t record = search->old->items[search->plan->gone.items[search->gone + same - 1]];

		head[RECORD_NAME] = pool__record(coder->pool, record)[RECORD_NAME];
		search->gone += same;
		return;
	}
	head[RECORD_NAME] = coder__name_in(coder, NAME_TYPE, &columns,
					 coder->following ? 0 : own[RECORD_NAME]);
}

void succession__code_heads(struct coder *coder, const struct numbers *old, const struct numbers *now,
		       struct succession *plan)
{
	struct head_search search = { .old = old, .plan = plan };

	for (uint32_t i = 0; !coder->err && i < plan->from.count; i++) {
		uint32_t head[2] = {};

		if (plan->from.items[i]) {
			/* none that goes before what stays has come again */
			search.gone = search.gone_end;
		} else {
			if (i == 0 || plan->from.items[i - 1])
				move_gap(&search, i);
			code_head(coder, &search,
				  coder->following ? NULL : pool__record(coder->pool, now->items[i]),
				  head);
		}
		coder__add_word(coder, &plan->heads, head[0]);
		coder__add_word(coder, &plan->heads, head[1]);
	}
}
