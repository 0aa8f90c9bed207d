/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/paths.h"
#include "missing_indexes.h"

struct transfers_opts known__transfers_opts(const struct known *known)
{
	return (struct transfers_opts){
		.parallel_per_host = known->per_host,
		/* one host alone must not take all places */
		.parallel = known->per_host > 4 ? known->per_host + 2 : 0,
		.delay_ms = known->delay_s * 1000,
		.stall_s = known->timeout_s,
		.tries = known->tries,
	};
}

static int open_sources(struct known *known, bool cached_only)
{
	const struct transfers_opts opts = known__transfers_opts(known);
	struct error err = {};

	if (known->pattern_text && pattern__parse(known->pattern_text, &known->pattern, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	known->work = workdir__open(known->work_path, &err);
	if (known->work && !cached_only)
		known->transfers = transfers__new(&opts, &err);
	if (!known->work || (!cached_only && !known->transfers)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}


int known__ask(const struct known *known, bool cached_only, struct catalogue *catalogue,
	       struct error *err)
{
	_cleanup_free_ char *manifests = known->manifests ? strdup(known->manifests)
							  : paths__manifests();
	const struct catalogue_opts opts = {
		.manifest_dir = manifests,
		.distros = known->distros.items,
		.releases = known->releases.items,
		.arches = known->arches.items,
		.pattern = known->pattern,
		.mirrors = known->mirrors.items,
		.keyring = known->keyring,
		.allow_unsigned = known->allow_unsigned,
		.allow_expired = known->allow_expired,
		.cached_only = cached_only,
		.for_counts = known->for_counts,
	};

	return catalogue__load(&opts, known->work, known->transfers, catalogue, err);
}

int known__load(struct known *known, bool cached_only)
{
	struct error err = {};
	int res = open_sources(known, cached_only);

	if (res != EXIT_OK)
		return res;
	res = known__ask(known, cached_only, &known->catalogue, &err);
	if (res == -ECANCELED)
		return EXIT_FAILED;
	if (res) {
		log__error("%s", err.text);
		return res == -EINVAL || res == -ENOENT ? EXIT_USAGE : EXIT_FAILED;
	}
	missing_indexes__print(&known->catalogue);
	return EXIT_OK;
}

void known__free(struct known *known)
{
	catalogue__free(&known->catalogue);
	pattern__free(known->pattern);
	transfers__free(known->transfers);
	workdir__close(known->work);
	text_list__free(&known->distros);
	text_list__free(&known->releases);
	text_list__free(&known->arches);
	text_list__free(&known->mirrors);
}
