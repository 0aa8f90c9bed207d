/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "second_look.h"

#include <string.h>

#include "base/log.h"

void second_look__init(struct second_look *look, const struct known *known)
{
	*look = (struct second_look){ .known = known };
	pthread_mutex_init(&look->lock, NULL);
}

void second_look__free(struct second_look *look)
{
	if (!look->known)
		return;
	catalogue__free(&look->catalogue);
	pthread_mutex_destroy(&look->lock);
	*look = (struct second_look){};
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_package(const struct package *a, const struct package *b)
{
	return same_text(a->url, b->url) && same_text(a->sha256, b->sha256);
}

static bool same_kernel(const struct kernel *a, const struct kernel *b)
{
	return strcmp(a->distro, b->distro) == 0 &&
	       strcmp(a->distro_release, b->distro_release) == 0 &&
	       strcmp(a->arch, b->arch) == 0 && strcmp(a->kernel_release, b->kernel_release) == 0;
}

/* What can't be had anew leaves an empty catalogue, or what was known: no kernel changes. */
static void load(struct second_look *look)
{
	struct error err = {};

	look->is_loaded = true;
	log__verbose("a package is not what its index said: the indexes are asked anew");
	if (known__ask(look->known, false, &look->catalogue, &err))
		log__verbose("%s", err.text);
}

const struct kernel *second_look__at(struct second_look *look, const struct kernel *kernel)
{
	const struct kernel *newest = NULL;

	pthread_mutex_lock(&look->lock);
	if (!look->is_loaded)
		load(look);
	pthread_mutex_unlock(&look->lock);
	for (size_t i = 0; i < look->catalogue.kernels.count; i++)
		if (same_kernel(&look->catalogue.kernels.items[i], kernel))
			newest = &look->catalogue.kernels.items[i];
	if (!newest || (same_package(&newest->debug, &kernel->debug) &&
			same_package(&newest->image, &kernel->image)))
		return NULL;
	return newest;
}
