/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "embedding.h"

#include <string.h>

#include "base/cancel.h"
#include "base/file.h"
#include "base/log.h"
#include "base/workdir.h"
#include "bytes.h"
#include "linkable.h"
#include "stage/pack.h"

#define ARCHIVE_LIMIT ((size_t)1 << 32)

/* ---- the archive ------------------------------------------------------------------------------- */

/* Of a build ID, so many bytes tell a rebuild of the same release from it. */
#define SHORT_BUILD_ID 4

struct embedding {
	const struct entry_source *source;
	enum embedding_identity identity;
	struct kbtf_writer *writer;
};

/* What tells it from others, and no more; where its BTF is from stands in the source. */
static void shorten(struct kbtf_ident *ident, struct kbtf_provenance *provenance)
{
	provenance->package = provenance->package_sha256 = "";
	if (!ident->build_id_len)
		return;
	ident->kernel_version = provenance->package_version = "";
	if (ident->build_id_len > SHORT_BUILD_ID) {
		ident->build_id_len = SHORT_BUILD_ID;
		ident->build_id_short = true;
	}
}

static int add(struct embedding *it, const struct kbtf_new_entry *new, struct error *err)
{
	const char *release = new->ident.kernel_release;
	enum kbtf_added added;
	int res = kbtf_writer__add(it->writer, new, &added);

	if (res)
		return error__set(err, -res, "%s: %s", release, strerror(-res));
	if (added != KBTF_ADDED_NEW)
		return error__set(err, EEXIST, "%s: nothing tells two kernels of this release apart but "
				  "what --identity short leaves out; use --identity full", release);
	return 1;
}

/* 1: written; 0: left out. */
static int write_entry(struct embedding *it, const struct kbtf_entry *entry, struct error *err)
{
	const struct objects *objects = it->source->objects;
	_cleanup_free_ void *min = NULL;
	struct kbtf_new_min new_min = { .profile = objects->name, .objects = objects->refs,
					.object_count = objects->count };
	struct kbtf_new_entry new = { .sz = sizeof(new), .ident = *kbtf_entry__ident(entry),
				      .provenance = *kbtf_entry__provenance(entry),
				      .mins = &new_min, .min_count = 1 };
	int res = entry_source__read(it->source, entry, &min, &new_min.btf_size, err);

	if (res == -ENOENT) {
		log__warn("%s: the archive has BTF of it that was minimized for other objects, and no "
			  "other; it is left out", new.ident.kernel_release);
		return 0;
	}
	if (res)
		return res;
	new_min.btf = min;
	if (it->identity == EMBEDDING_SHORT)
		shorten(&new.ident, &new.provenance);
	return add(it, &new, err);
}

static int write_matching(struct embedding *it, const struct entry_filter *filter,
			  struct error *err)
{
	const struct kbtf_entry *entry;
	size_t index = 0;
	int written = 0;

	while ((entry = entry_filter__next(filter, it->source->archive, &index))) {
		int res;

		if (cancel__requested())
			return error__set(err, ECANCELED, "interrupted");
		res = write_entry(it, entry, err);
		if (res < 0)
			return res;
		written += res;
	}
	return written ? written : error__set(err, ESRCH, "the archive has no such entry; `btfgen "
					      "stats --list` shows what it holds");
}

/* Empty, whatever is there. */
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

int embedding__write(const struct entry_source *source, const struct entry_filter *filter,
		     enum embedding_identity identity, const char *path, struct error *err)
{
	struct embedding it = { .source = source, .identity = identity };
	int res = begin(&it, path, err), written = 0;

	if (!res) {
		written = write_matching(&it, filter, err);
		res = written < 0 ? written :
		      pack__explain(path, "write it", kbtf_writer__commit(it.writer), err);
	}
	kbtf_writer__close(it.writer);
	return res ? res : written;
}

/* ---- to link ------------------------------------------------------------------------------------ */

/* Not over a header that somebody else wrote: nobody has named it. */
static int write_header(const char *name, const char *path, struct error *err)
{
	_cleanup_buf_ struct buf text = {};
	_cleanup_free_ char *header = strdup(path);
	_cleanup_free_ void *old = NULL;
	size_t old_size;

	if (!header)
		return error__oom(err);
	header[strlen(header) - 1] = 'h';
	if (file__read(header, 1 << 20, &old, &old_size) != -ENOENT &&
	    (!old || !linkable__is_header(old, old_size)))
		return error__set(err, EEXIST, "%s: is there, and was not made by this program; choose "
				  "another name for %s", header, path);
	linkable__header(name, &text);
	return buf__failed(&text) ? error__oom(err)
				  : bytes__write(header, text.data, text.len, err);
}

static int write_linkable(enum embedding_form form, const char *name, const char *arch,
			  const char *archive_path, const char *path, struct error *err)
{
	_cleanup_buf_ struct buf out = {};
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res = file__read(archive_path, ARCHIVE_LIMIT, &data, &size);

	if (res)
		return error__set(err, res, "%s: %s", archive_path, strerror(-res));
	if (form == EMBEDDING_C)
		linkable__c(name, data, size, &out);
	else
		res = linkable__object(name, arch, data, size, &out, err);
	if (!res && buf__failed(&out))
		res = error__oom(err);
	if (!res && strcmp(path, "-") != 0)
		res = write_header(name, path, err);
	return res ? res : bytes__write(path, out.data, out.len, err);
}

int embedding__write_linkable(const struct entry_source *source, const struct entry_filter *filter,
			      enum embedding_identity identity, enum embedding_form form,
			      const char *name, const char *arch, const char *path,
			      struct error *err)
{
	_cleanup_free_ char *archive_path = NULL;
	struct workdir *work = workdir__open(NULL, err);
	char *scratch = work ? workdir__scratch(work, err) : NULL;
	int written = scratch ? 0 : -EIO, res;

	if (!written && asprintf(&archive_path, "%s/embedded.kbtf", scratch) < 0) {
		archive_path = NULL;
		written = error__oom(err);
	}
	if (!written)
		written = embedding__write(source, filter, identity, archive_path, err);
	res = written > 0 ? write_linkable(form, name, arch, archive_path, path, err) : 0;
	if (scratch)
		workdir__drop(scratch, 0);
	workdir__close(work);
	return res ? res : written;
}
