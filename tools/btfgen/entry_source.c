/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "entry_source.h"

#include <string.h>
#include <unistd.h>

#include "stage/minimize.h"
#include "stage/plan.h"

struct entry_source entry_source__of(const struct kbtf_archive *archive,
				     const struct objects *objects)
{
	return (struct entry_source){
		.archive = archive,
		.objects = objects,
		.profile = objects->count ? plan__find_profile(archive, objects) : NULL,
	};
}

void entry_source__free(struct entry_source *source)
{
	minimized__free(source->ready, source->ready_count);
	free(source->entries);
}

/* Entries are in the order of their addresses. */
static int by_entry(const void *a, const void *b)
{
	const struct kbtf_entry *x = *(const struct kbtf_entry *const *)a;
	const struct kbtf_entry *y = *(const struct kbtf_entry *const *)b;

	return (x > y) - (x < y);
}

int entry_source__prepare(struct entry_source *source, const struct entry_filter *filter,
			  unsigned int jobs, struct error *err)
{
	const struct kbtf_archive *archive = source->archive;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	const struct kbtf_entry *entry;
	size_t index = 0;

	if (!source->objects->count)
		return 0;
	source->entries = calloc(kbtf_archive__entry_count(archive) + 1, sizeof(*source->entries));
	if (!source->entries)
		return error__oom(err);
	while ((entry = entry_filter__next(filter, archive, &index)))
		if (!entry_source__has_min(source, entry) && kbtf_entry__btf_size(entry))
			source->entries[source->ready_count++] = entry;
	qsort(source->entries, source->ready_count, sizeof(*source->entries), by_entry);
	return minimize__entries(source->objects, source->entries, source->ready_count,
				 jobs ? jobs : cores > 0 ? (unsigned int)cores : 1, &source->ready,
				 err);
}

/* NULL: it was not minimized ahead. */
static const struct minimized *find_ready(const struct entry_source *source,
					  const struct kbtf_entry *entry)
{
	const struct kbtf_entry **found = source->ready_count ?
		bsearch(&entry, source->entries, source->ready_count, sizeof(entry), by_entry) : NULL;

	return found ? &source->ready[found - source->entries] : NULL;
}

static int read_ready(const struct minimized *ready, const char *release, void **data, size_t *size,
		      struct error *err)
{
	if (ready->res)
		return error__set(err, ready->res, "%s: %s", release, ready->why);
	*data = malloc(ready->size);
	if (!*data)
		return error__oom(err);
	memcpy(*data, ready->btf, ready->size);
	*size = ready->size;
	return 0;
}

bool entry_source__has_min(const struct entry_source *source, const struct kbtf_entry *entry)
{
	return source->profile && kbtf_entry__min_size(entry, source->profile);
}

int entry_source__read(const struct entry_source *source, const struct kbtf_entry *entry,
		       void **data, size_t *size, struct error *err)
{
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	const struct objects *objects = source->objects;
	_cleanup_free_ void *full = NULL;
	const struct minimized *ready = find_ready(source, entry);
	bool has_min = entry_source__has_min(source, entry);
	size_t full_size;
	int res;

	if (ready)
		return read_ready(ready, release, data, size, err);
	res = has_min ? kbtf_entry__read_min(entry, source->profile, data, size)
		      : kbtf_entry__read_btf(entry, &full, &full_size);

	if (res == -ENOENT)
		return error__set(err, res, objects->count ? "%s: the archive has minimized BTF of it "
				  "alone, for other objects" : "%s: the archive has minimized BTF of "
				  "it alone", release);
	if (res)
		return error__set(err, res, "%s: its BTF in the archive can't be read: %s", release,
				  res == -EBADMSG ? "it is damaged" : strerror(-res));
	if (has_min)
		return 0;
	if (objects->count)
		return minimize__btf(objects, full, full_size, data, size, err);
	*data = steal_ptr(full);
	*size = full_size;
	return 0;
}
