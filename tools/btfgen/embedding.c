/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "embedding.h"

#include <string.h>

#include "base/cancel.h"
#include "base/log.h"
#include "stage/minimize.h"
#include "stage/pack.h"

struct embedding {
	const struct kbtf_archive *archive;
	const struct objects *objects;
	const struct kbtf_profile *profile;
	struct kbtf_writer *writer;
};

/* Of an entry that was not minimized for these objects before. */
static int minimize_entry(struct embedding *it, const struct kbtf_entry *entry, struct error *err)
{
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	_cleanup_free_ void *full = NULL, *min = NULL;
	struct kbtf_new_min new_min = { .profile = it->objects->name, .objects = it->objects->refs,
					.object_count = it->objects->count };
	struct kbtf_new_entry new = { .sz = sizeof(new), .ident = *kbtf_entry__ident(entry),
				      .provenance = *kbtf_entry__provenance(entry),
				      .mins = &new_min, .min_count = 1 };
	enum kbtf_added added;
	size_t size;
	int res = kbtf_entry__read_btf(entry, &full, &size);

	if (res)
		return error__set(err, -res, "%s: its BTF in the archive can't be read: %s", release,
				  strerror(-res));
	res = minimize__btf(it->objects, full, size, &min, &new_min.btf_size, err);
	if (res)
		return res;
	new_min.btf = min;
	res = kbtf_writer__add(it->writer, &new, &added);
	return res ? error__set(err, -res, "%s: %s", release, strerror(-res)) : 0;
}

/* 1: written; 0: left out. */
static int write_entry(struct embedding *it, const struct kbtf_entry *entry, struct error *err)
{
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	enum kbtf_added added;
	int res;

	if (it->profile && kbtf_entry__min_size(entry, it->profile)) {
		res = pack__copy(it->writer, it->archive, entry, it->profile, &added);
		return res ? error__set(err, -res, "%s: %s", release, strerror(-res)) : 1;
	}
	if (!kbtf_entry__btf_size(entry)) {
		log__warn("%s: the archive has BTF of it that was minimized for other objects, and no "
			  "other; it is left out", release);
		return 0;
	}
	res = minimize_entry(it, entry, err);
	return res ? res : 1;
}

static int write_matching(struct embedding *it, const struct entry_filter *filter,
			  struct error *err)
{
	int written = 0;

	for (size_t i = 0; i < kbtf_archive__entry_count(it->archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(it->archive, i);
		int res;

		if (!entry_filter__matches(filter, entry))
			continue;
		if (cancel__requested())
			return error__set(err, ECANCELED, "interrupted");
		res = write_entry(it, entry, err);
		if (res < 0)
			return res;
		written += res;
	}
	return written ? written : error__set(err, ENOENT, "the archive has no such entry; `btfgen "
					      "stats --list` shows what it holds");
}

static int begin(struct embedding *it, const char *path, struct error *err)
{
	const struct kbtf_archive *old;
	int res = 0;

	it->writer = pack__open(path, err);
	if (!it->writer)
		return -errno;
	old = kbtf_writer__base(it->writer);
	for (size_t i = 0; old && !res && i < kbtf_archive__entry_count(old); i++)
		res = kbtf_writer__remove(it->writer, kbtf_entry__ident(kbtf_archive__entry(old, i)));
	return pack__explain(path, "write it", res, err);
}

int embedding__write(const struct kbtf_archive *archive, const struct entry_filter *filter,
		     const struct objects *objects, const struct kbtf_profile *profile,
		     const char *path, struct error *err)
{
	struct embedding it = { .archive = archive, .objects = objects, .profile = profile };
	int res = begin(&it, path, err), written = 0;

	if (!res) {
		written = write_matching(&it, filter, err);
		res = written < 0 ? written :
		      pack__explain(path, "write it", kbtf_writer__commit(it.writer), err);
	}
	kbtf_writer__close(it.writer);
	return res ? res : written;
}
