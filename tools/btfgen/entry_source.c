/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "entry_source.h"

#include <string.h>

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
	bool has_min = entry_source__has_min(source, entry);
	size_t full_size;
	int res = has_min ? kbtf_entry__read_min(entry, source->profile, data, size)
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
