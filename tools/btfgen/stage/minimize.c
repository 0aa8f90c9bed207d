/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/minimize.h"

#include <errno.h>
#include <kbtf_core.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"

#define WORDS 400

static int explain(int res, const char *why, struct error *err)
{
	if (res == -ESTALE)
		return error__set(err, ESTALE, "an object can't be relocated on this kernel: %s", why);
	return error__set(err, res, "its BTF can't be minimized: %s", why);
}

int minimize__btf(const struct objects *objects, const void *btf, size_t size, void **out,
		  size_t *out_size, struct error *err)
{
	char why[WORDS];
	int res;

	*out = NULL;
	*out_size = 0;
	res = kbtf_minimizer__run(objects->minimizer, btf, size, out, out_size, why, sizeof(why));
	return res ? explain(res, why, err) : 0;
}

/* ---- many ------------------------------------------------------------------------------------- */

void minimized__free(struct minimized *minimized, size_t count)
{
	for (size_t i = 0; minimized && i < count; i++) {
		free(minimized[i].btf);
		free(minimized[i].why);
	}
	free(minimized);
}

static int take(void *ctx, size_t number, int res, void *min, size_t min_size, const char *why)
{
	struct minimized *out = (struct minimized *)ctx + number;
	struct error err;

	*out = (struct minimized){ .btf = min, .size = min_size, .res = res };
	if (res) {
		explain(res, why, &err);
		out->why = strdup(err.text);
		if (!out->why)
			return -ENOMEM;
	}
	return cancel__requested() ? -ECANCELED : 0;
}

int minimize__entries(const struct objects *objects, const struct kbtf_entry *const *entries,
		      size_t count, unsigned int jobs, struct minimized **out, struct error *err)
{
	int res;

	*out = calloc(count + 1, sizeof(**out));
	if (!*out)
		return error__oom(err);
	res = kbtf_minimizer__run_entries(objects->minimizer, entries, count, jobs, take, *out);
	if (res == -ECANCELED)
		return error__set(err, ECANCELED, "interrupted");
	return res ? error__oom(err) : 0;
}
