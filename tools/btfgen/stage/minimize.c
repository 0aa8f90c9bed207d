/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/minimize.h"

#include <errno.h>
#include <kbtf_core.h>
#include <pthread.h>
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

/* Neighbours in the archive's order, which most often are told after each other. */
struct share {
	const struct objects *objects;
	const struct kbtf_entry *const *entries;
	size_t count;
	struct minimized *out;
	pthread_t thread;
	bool started;
	int res;
};

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
	struct share *share = ctx;
	struct minimized *out = &share->out[number];
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

static void *work(void *ctx)
{
	struct share *share = ctx;

	share->res = kbtf_minimizer__run_entries(share->objects->minimizer, share->entries,
						 share->count, take, share);
	return NULL;
}

static int run_shares(struct share *shares, size_t count)
{
	int res = 0;

	for (size_t i = 1; i < count; i++)
		shares[i].started = !pthread_create(&shares[i].thread, NULL, work, &shares[i]);
	for (size_t i = 0; i < count; i++) {
		/* also what no thread was to be had for */
		if (shares[i].started)
			pthread_join(shares[i].thread, NULL);
		else
			work(&shares[i]);
		res = res ? res : shares[i].res;
	}
	return res;
}

int minimize__entries(const struct objects *objects, const struct kbtf_entry *const *entries,
		      size_t count, unsigned int jobs, struct minimized **out, struct error *err)
{
	size_t share_count = jobs < count ? jobs : count, at = 0;
	struct share *shares = calloc(share_count + 1, sizeof(*shares));
	int res;

	*out = calloc(count + 1, sizeof(**out));
	if (!shares || !*out) {
		free(shares);
		return error__oom(err);
	}
	for (size_t i = 0; i < share_count; i++) {
		size_t end = count * (i + 1) / share_count;

		shares[i] = (struct share){ .objects = objects, .entries = entries + at,
					    .count = end - at, .out = *out + at };
		at = end;
	}
	res = run_shares(shares, share_count);
	free(shares);
	if (res == -ECANCELED)
		return error__set(err, ECANCELED, "interrupted");
	return res ? error__oom(err) : 0;
}
