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

static bool same_version(const struct kernel *a, const struct kernel *b)
{
	return same_text(kernel__version(a), kernel__version(b));
}

/* The same version, if there is one; else the newest, but none that was known and is other work. */
static const struct kernel *successor(const struct kernel_list *now, const struct kernel_list *before,
				      const struct kernel *kernel)
{
	const struct kernel *found = NULL;

	for (size_t i = 0; i < now->count; i++) {
		const struct kernel *other = &now->items[i];
		size_t j = 0;

		if (!same_kernel(other, kernel))
			continue;
		if (same_version(other, kernel))
			return other;
		while (j < before->count && !(same_kernel(&before->items[j], other) &&
					      same_version(&before->items[j], other)))
			j++;
		if (j == before->count)
			found = other;
	}
	return found;
}

const struct kernel *second_look__at(struct second_look *look, const struct kernel *kernel)
{
	const struct kernel *found;

	pthread_mutex_lock(&look->lock);
	if (!look->is_loaded)
		load(look);
	pthread_mutex_unlock(&look->lock);
	found = successor(&look->catalogue.kernels, &look->known->catalogue.kernels, kernel);
	if (!found || (same_package(&found->debug, &kernel->debug) &&
		       same_package(&found->image, &kernel->image)))
		return NULL;
	return found;
}
