/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/shard.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How a system says which of its parallel jobs this one is. */
struct announcer {
	const char *index;
	const char *first;      /* variable of the first index, or NULL: it is `base` */
	const char *step, *last; /* variables, or NULL */
	const char *total;      /* or NULL: it does not say */
	unsigned int base;
};

static const struct announcer announcers[] = {
	{ .index = "SLURM_ARRAY_TASK_ID", .first = "SLURM_ARRAY_TASK_MIN",
	  .step = "SLURM_ARRAY_TASK_STEP", .last = "SLURM_ARRAY_TASK_MAX",
	  .total = "SLURM_ARRAY_TASK_COUNT" },
	{ .index = "JOB_COMPLETION_INDEX", .base = 0 },
	{ .index = "CI_NODE_INDEX", .total = "CI_NODE_TOTAL", .base = 1 },
};

#define ANNOUNCERS (sizeof(announcers) / sizeof(announcers[0]))

static const char *variable(const char *name)
{
	const char *value = name ? getenv(name) : NULL;

	return value && *value ? value : NULL;
}

/* All of `text` up to `end`, digits alone. */
static bool parse_number(const char *text, char end, unsigned int *number)
{
	size_t len = strspn(text, "0123456789");
	unsigned long value;

	if (!len || len > 9 || text[len] != end)
		return false;
	value = strtoul(text, NULL, 10);
	*number = (unsigned int)value;
	return true;
}

static int read_variable(const char *name, unsigned int *number, struct error *err)
{
	const char *value = variable(name);

	if (!value || parse_number(value, '\0', number))
		return 0;
	return error__set(err, EINVAL, "--shard auto: %s is '%.40s', which is no number", name,
			  value);
}

static const struct announcer *find_announcer(struct error *err)
{
	const struct announcer *found = NULL;

	for (size_t i = 0; i < ANNOUNCERS; i++) {
		if (!variable(announcers[i].index))
			continue;
		if (found) {
			error__set(err, EINVAL,
				   "--shard auto: %s and %s are both set; give --shard I/N",
				   found->index, announcers[i].index);
			return NULL;
		}
		found = &announcers[i];
	}
	if (!found)
		error__set(err, EINVAL,
			   "--shard auto: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and "
			   "CI_NODE_INDEX is set; give --shard I/N, with I from 1");
	return found;
}

/* Of "1,5,7" it can't be told which is the second. */
static int check_range(const struct announcer *by, unsigned int first, unsigned int step,
		       unsigned int count, struct error *err)
{
	unsigned int last = first + (count - 1) * step;
	int res = read_variable(by->last, &last, err);

	if (!res && last != first + (count - 1) * step)
		res = error__set(err, EINVAL,
				 "--shard auto: the %u indexes from %u to %u are not in steps of %u; "
				 "give --shard I/N", count, first, last, step);
	return res;
}

/* `count`: as the user gave it, or 0. */
static int ask_environment(unsigned int count, struct shard *shard, struct error *err)
{
	const struct announcer *by = find_announcer(err);
	unsigned int index = 0, first, step = 1, total = count;
	int res;

	if (!by)
		return -EINVAL;
	first = by->base;
	if ((res = read_variable(by->index, &index, err)) ||
	    (res = read_variable(by->first, &first, err)) ||
	    (res = read_variable(by->step, &step, err)) ||
	    (res = read_variable(by->total, &total, err)))
		return res;
	if (!total)
		return error__set(err, EINVAL, "--shard auto: %s does not say of how many; give "
				  "--shard auto/N", by->index);
	if (count && total != count)
		return error__set(err, EINVAL,
				  "--shard auto/%u: %s says %u; give --shard I/N for a part of an "
				  "earlier run", count, by->total, total);
	if (!step || (by->last && (res = check_range(by, first, step, total, err))))
		return step ? res : error__set(err, EINVAL, "--shard auto: %s is 0", by->step);
	if (index < first || (index - first) % step || (index - first) / step >= total)
		return error__set(err, EINVAL, "--shard auto: %s is %u, which is none of the %u from "
				  "%u", by->index, index, total, first);
	*shard = (struct shard){ (index - first) / step + 1, total };
	return 0;
}

int shard__parse(const char *text, struct shard *shard, struct error *err)
{
	const char *slash = strchr(text, '/');
	unsigned int index, count = 0;

	if (slash && (!parse_number(slash + 1, '\0', &count) || !count || count > SHARDS_MAX))
		return error__set(err, EINVAL, "--shard: '%.40s' does not end in a number of shards "
				  "from 1 to %u", text, SHARDS_MAX);
	if (strcmp(text, "auto") == 0 || strncmp(text, "auto/", 5) == 0)
		return ask_environment(count, shard, err);
	if (!slash || !parse_number(text, '/', &index))
		return error__set(err, EINVAL, "--shard: '%.40s' is none of I/N, auto, auto/N", text);
	if (!index || index > count)
		return error__set(err, EINVAL, "--shard: there is no shard %u of %u: they count from "
				  "1 to %u", index, count, count);
	*shard = (struct shard){ index, count };
	return 0;
}

unsigned int shard__of(uint64_t number, unsigned int count)
{
	return (unsigned int)(number % count) + 1;
}
