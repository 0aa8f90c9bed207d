/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <bpf/btf.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "format.h"
#include "ident.h"
#include "open_archive.h"
#include "stored_btf.h"
#include "writing.h"

DEFINE_CLEANUP(kbtf_writer__closep, struct kbtf_writer, kbtf_writer__close)

/* ---- memory that lives as long as the writer -------------------------------------- */

void *writer__own(struct kbtf_writer *writer, void *ptr)
{
	void **owned;

	if (!ptr)
		return NULL;
	owned = realloc(writer->owned, (writer->owned_count + 1) * sizeof(*owned));
	if (!owned) {
		free(ptr);
		return NULL;
	}
	writer->owned = owned;
	writer->owned[writer->owned_count++] = ptr;
	return ptr;
}

static const char *own_str(struct kbtf_writer *writer, const char *str)
{
	return writer__own(writer, strdup(str ? str : ""));
}

static void *own_copy(struct kbtf_writer *writer, const void *data, size_t size)
{
	void *copy = writer__own(writer, malloc(size + 1));

	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

/* ---- opening ------------------------------------------------------------------------ */

/*
 * The lock is on the directory: the archive itself is replaced at each commit, and a
 * lock file would be left lying beside it.
 */
static int lock_directory_of(const char *path, int how)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return -errno;
	return steal_fd(&fd);
}

static int draft_base(struct kbtf_writer *writer)
{
	const struct contents *base = writer->base ? &writer->base->contents : NULL;
	int err = writer__begin_excerpts(writer);

	if (err)
		return err;
	writer->draft_count = base ? base->entry_count : 0;
	writer->drafts = calloc(writer->draft_count + 1, sizeof(*writer->drafts));
	if (!writer->drafts)
		return -ENOMEM;
	for (size_t i = 0; i < writer->draft_count; i++) {
		const struct kbtf_entry *entry = &base->entries[i];
		struct draft *draft = &writer->drafts[i];

		draft->ident = entry->ident;
		draft->provenance = entry->provenance;
		draft->btf = entry->btf;
		draft->mins = writer__own(writer, calloc(entry->min_count + 1, sizeof(*draft->mins)));
		if (!draft->mins)
			return -ENOMEM;
		for (size_t k = 0; k < entry->min_count; k++)
			draft->mins[draft->min_count++] = (struct draft_min){
				.profile = entry->mins[k].profile,
				.excerpt = writer->excerpts[entry->mins[k].part - base->parts],
			};
	}
	return 0;
}

static struct kbtf_writer *open_locked(const char *path, int how)
{
	struct kbtf_writer *writer __attribute__((__cleanup__(kbtf_writer__closep))) =
		calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return NULL;
	writer->lock_fd = -1;
	/* of a link, what it points to is replaced, and whoever opens that waits for us */
	writer->path = realpath(path, NULL);
	if (!writer->path && errno == ENOENT)
		writer->path = strdup(path);
	if (!writer->path)
		return NULL;
	writer->lock_fd = lock_directory_of(writer->path, how);
	if (writer->lock_fd < 0) {
		errno = -writer->lock_fd;
		return NULL;
	}
	writer->base = kbtf_archive__open(writer->path);
	if (!writer->base && errno != ENOENT)
		return NULL;
	err = draft_base(writer);
	if (err) {
		errno = -err;
		return NULL;
	}
	return steal_ptr(writer);
}

struct kbtf_writer *kbtf_writer__open(const char *path)
{
	return open_locked(path, LOCK_EX);
}

struct kbtf_writer *kbtf_writer__try_open(const char *path)
{
	return open_locked(path, LOCK_EX | LOCK_NB);
}

const struct kbtf_archive *kbtf_writer__base(const struct kbtf_writer *writer)
{
	return writer->base;
}

void kbtf_writer__close(struct kbtf_writer *writer)
{
	if (!writer)
		return;
	for (size_t i = 0; i < writer->owned_count; i++)
		free(writer->owned[i]);
	free(writer->owned);
	free(writer->drafts);
	free(writer->excerpts);
	kbtf_archive__close(writer->base);
	if (writer->lock_fd >= 0)
		close(writer->lock_fd);
	free(writer->path);
	free(writer);
}

/* ---- adding --------------------------------------------------------------------------- */

int writer__check_btf(const void *btf, size_t size, uint64_t max, bool may_be_empty)
{
	struct btf *parsed;
	bool empty;

	if (size > max)
		return -EMSGSIZE;
	parsed = size ? btf__new(btf, size) : NULL;
	if (!parsed)
		return -EINVAL;
	empty = btf__type_cnt(parsed) <= 1;
	btf__free(parsed);
	return empty && !may_be_empty ? -EINVAL : 0;
}

void kbtf_writer__set_interrupt(struct kbtf_writer *writer, bool (*interrupted)(void *ctx),
				void *ctx)
{
	writer->interrupted = interrupted;
	writer->interrupt_ctx = ctx;
}

static int by_digest(const void *a, const void *b)
{
	const struct kbtf_object_ref *x = a, *y = b;

	return memcmp(x->sha256, y->sha256, SHA256_SIZE);
}

static int new_profile(struct kbtf_writer *writer, const struct kbtf_new_min *min,
		       const struct kbtf_profile **out)
{
	struct kbtf_profile *profile = writer__own(writer, calloc(1, sizeof(*profile)));

	if (!profile || !text__is_clean(min->profile, false))
		return profile ? -EINVAL : -ENOMEM;
	profile->name = own_str(writer, min->profile);
	profile->objects = writer__own(writer, calloc(min->object_count + 1, sizeof(*profile->objects)));
	if (!profile->name || !profile->objects)
		return -ENOMEM;
	for (size_t i = 0; i < min->object_count; i++) {
		if (!text__is_clean(min->objects[i].name, false))
			return -EINVAL;
		profile->objects[i] = min->objects[i];
		profile->objects[i].name = own_str(writer, min->objects[i].name);
		if (!profile->objects[i].name)
			return -ENOMEM;
	}
	profile->object_count = min->object_count;
	qsort(profile->objects, profile->object_count, sizeof(*profile->objects), by_digest);
	for (size_t i = 1; i < profile->object_count; i++)
		if (by_digest(&profile->objects[i - 1], &profile->objects[i]) == 0)
			return -EINVAL;
	profile__digest(profile->objects, profile->object_count, profile->digest);
	*out = profile;
	return 0;
}

static int by_profile(const void *a, const void *b)
{
	const struct draft_min *x = a, *y = b;

	return memcmp(x->profile->digest, y->profile->digest, SHA256_SIZE);
}

static int draft_mins(struct kbtf_writer *writer, struct draft *draft,
		      const struct kbtf_new_entry *entry)
{
	draft->mins = writer__own(writer, calloc(entry->min_count + 1, sizeof(*draft->mins)));
	if (!draft->mins)
		return -ENOMEM;
	for (size_t i = 0; i < entry->min_count; i++) {
		const struct kbtf_new_min *min = &entry->mins[i];
		struct draft_min *slot = &draft->mins[i];
		int err = new_profile(writer, min, &slot->profile);

		if (!err)
			err = writer__excerpt(writer, min->btf, min->btf_size, &slot->excerpt);
		if (err)
			return err;
	}
	draft->min_count = entry->min_count;
	qsort(draft->mins, draft->min_count, sizeof(*draft->mins), by_profile);
	for (size_t i = 1; i < draft->min_count; i++)
		if (by_profile(&draft->mins[i - 1], &draft->mins[i]) == 0)
			return -EINVAL;
	return 0;
}

static bool is_package_digest(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdef");

	return !text[digits] && (!digits || digits == 2 * SHA256_SIZE);
}

static int draft_provenance(struct kbtf_writer *writer, struct draft *draft,
			    const struct kbtf_provenance *given)
{
	struct kbtf_provenance *prov = &draft->provenance;
	const char **lines[] = { &prov->package, &prov->package_version, &prov->package_sha256,
				 &prov->verified_by, &prov->encoder, &prov->encoder_version,
				 &prov->encoder_flags };
	int err = versioned__copy(prov, sizeof(*prov), given);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!text__is_clean(*lines[i], false))
			return -EINVAL;
		*lines[i] = own_str(writer, *lines[i]);
		if (!*lines[i])
			return -ENOMEM;
	}
	if (!text__is_clean(prov->notes, true) || !is_package_digest(prov->package_sha256) ||
	    (unsigned int)prov->verification > UINT8_MAX)
		return -EINVAL;
	prov->notes = own_str(writer, prov->notes);
	return prov->notes ? 0 : -ENOMEM;
}

static int draft_ident(struct kbtf_writer *writer, struct draft *draft)
{
	struct kbtf_ident *ident = &draft->ident;
	const char **strings[] = { &ident->distro, &ident->distro_release, &ident->arch,
				   &ident->kernel_release, &ident->kernel_version };

	if (!*ident->arch || !*ident->kernel_release)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (!text__is_clean(*strings[i], false))
			return -EINVAL;
		*strings[i] = own_str(writer, *strings[i]);
		if (!*strings[i])
			return -ENOMEM;
	}
	ident->build_id = own_copy(writer, ident->build_id, ident->build_id_len);
	return ident->build_id ? 0 : -ENOMEM;
}

static bool stands_in_same_place(const struct kbtf_ident *old, const struct kbtf_ident *new)
{
	if (new->build_id_len)
		return ident__same_build(new, old) || ident__gives_way(old, new);
	return ident__compare(old, new) == 0;
}

/* Remove what the new entry replaces; how many that were. */
static size_t make_place(struct kbtf_writer *writer, const struct kbtf_ident *ident)
{
	size_t kept = 0, removed;

	for (size_t i = 0; i < writer->draft_count; i++)
		if (!stands_in_same_place(&writer->drafts[i].ident, ident))
			writer->drafts[kept++] = writer->drafts[i];
	removed = writer->draft_count - kept;
	writer->draft_count = kept;
	return removed;
}

int kbtf_writer__add(struct kbtf_writer *writer, const struct kbtf_new_entry *given,
		     enum kbtf_added *added)
{
	struct kbtf_new_entry entry;
	struct draft draft = {}, *drafts;
	int err = versioned__copy(&entry, sizeof(entry), given);

	if (err || (err = ident__normalize(&entry.ident, &draft.ident)))
		return err;
	for (size_t i = 0; i < writer->draft_count; i++)
		if (ident__gives_way(&draft.ident, &writer->drafts[i].ident)) {
			*added = KBTF_ADDED_YIELDED;
			return 0;
		}
	if ((err = draft_ident(writer, &draft)) ||
	    (err = draft_provenance(writer, &draft, &entry.provenance)) ||
	    (err = entry.btf ? writer__tell(writer, &draft.ident, entry.btf, entry.btf_size,
					&draft.btf)
			     : entry.min_count ? 0 : -EINVAL) ||
	    (err = draft_mins(writer, &draft, &entry)))
		return err;

	drafts = realloc(writer->drafts, (writer->draft_count + 2) * sizeof(*drafts));
	if (!drafts)
		return -ENOMEM;
	writer->drafts = drafts;
	*added = make_place(writer, &draft.ident) ? KBTF_ADDED_REPLACED : KBTF_ADDED_NEW;
	writer->drafts[writer->draft_count++] = draft;
	return 0;
}

int kbtf_writer__remove(struct kbtf_writer *writer, const struct kbtf_ident *given)
{
	struct kbtf_ident ident;
	int err = ident__normalize(given, &ident);

	for (size_t i = 0; !err && i < writer->draft_count; i++)
		if (ident__compare(&writer->drafts[i].ident, &ident) == 0) {
			memmove(&writer->drafts[i], &writer->drafts[i + 1],
				(writer->draft_count - i - 1) * sizeof(*writer->drafts));
			writer->draft_count--;
			return 0;
		}
	return err ? err : -ENOENT;
}

/* ---- compacting --------------------------------------------------------------------------- */

/* Kernels of one architecture by version, so that each finds its nearest relative there. */
static int by_kinship(const void *a, const void *b)
{
	const struct kbtf_ident *x = &((const struct draft *)a)->ident;
	const struct kbtf_ident *y = &((const struct draft *)b)->ident;
	int order = strcmp(x->arch, y->arch);

	if (!order)
		order = strverscmp(x->kernel_release, y->kernel_release);
	return order ? order : ident__compare(x, y);
}

/* One more of `done`, told after one of those; what is the same BTF is one of them already. */
static int retell(struct kbtf_writer *done, struct draft draft)
{
	_cleanup_free_ void *btf = NULL;
	struct draft *drafts;
	const struct blob *old = draft.btf;
	size_t size;
	int err = old ? blob__unpack(old, true, &btf, &size) : 0;

	draft.btf = NULL;
	if (!err && old)
		err = writer__tell(done, &draft.ident, btf, size, &draft.btf);
	if (err)
		return err;
	drafts = realloc(done->drafts, (done->draft_count + 2) * sizeof(*drafts));
	if (!drafts)
		return -ENOMEM;
	done->drafts = drafts;
	drafts[done->draft_count++] = draft;
	return 0;
}

int kbtf_writer__compact(struct kbtf_writer *writer)
{
	struct kbtf_writer done = { .lock_fd = -1, .interrupted = writer->interrupted,
				    .interrupt_ctx = writer->interrupt_ctx };
	int err = writer->spent ? -EINVAL : 0;

	qsort(writer->drafts, writer->draft_count, sizeof(*writer->drafts), by_kinship);
	for (size_t i = 0; !err && i < writer->draft_count; i++)
		err = retell(&done, writer->drafts[i]);
	/* all that it has made lives as long as the writer */
	for (size_t i = 0; i < done.owned_count; i++)
		if (!writer__own(writer, done.owned[i]) && !err)
			err = -ENOMEM;
	free(done.owned);
	if (!err && done.draft_count)
		memcpy(writer->drafts, done.drafts, writer->draft_count * sizeof(*done.drafts));
	free(done.drafts);
	writer->anew = !err;
	return err;
}

/* ---- writing ---------------------------------------------------------------------------- */

static int write_chunks(int fd, const struct contents *contents, uint64_t *size)
{
	int err = 0;

	*size = 0;
	for (uint32_t i = 0; !err && i < contents->blob_count; i++) {
		err = file__write(fd, contents->blobs[i].stored, contents->blobs[i].stored_size);
		*size += contents->blobs[i].stored_size;
	}
	for (uint32_t i = 0; !err && i < contents->frame_count; i++) {
		err = file__write(fd, contents->frames[i].stored, contents->frames[i].stored_size);
		*size += contents->frames[i].stored_size;
	}
	return err;
}

static int write_archive(int fd, struct contents *contents)
{
	const struct columns_effort effort = { .level = COMPRESSION_LEVEL };
	_cleanup_buf_ struct buf header = {}, tail = {};
	uint64_t chunks_size, index_size;
	uint8_t digest[DIGEST_SIZE];
	int err = contents__write(contents, &effort, &tail);

	if (err)
		return err;
	index_size = tail.len;
	digest__of(tail.data, index_size, digest);
	buf__add(&header, FORMAT_MAGIC, FORMAT_MAGIC_SIZE);
	buf__add_u32(&header, FORMAT_VERSION);
	buf__add_u32(&header, 0);
	if (buf__failed(&header))
		return -ENOMEM;
	if ((err = file__write(fd, header.data, header.len)) ||
	    (err = write_chunks(fd, contents, &chunks_size)))
		return err;
	buf__add_u64(&tail, FORMAT_HEADER_SIZE + chunks_size);
	buf__add_u64(&tail, index_size);
	buf__add(&tail, digest, DIGEST_SIZE);
	buf__add_u64(&tail, 0);
	buf__add(&tail, FORMAT_END_MAGIC, FORMAT_MAGIC_SIZE);
	return buf__failed(&tail) ? -ENOMEM : file__write(fd, tail.data, tail.len);
}

int kbtf_writer__commit(struct kbtf_writer *writer)
{
	_cleanup_new_file_ struct new_file file = { .fd = -1 };
	struct contents contents cleanup(contents__free) = {};
	int err;

	if (writer->spent)
		return -EINVAL;
	/* the lock says that whoever left such files is gone */
	file__sweep(writer->path);
	if ((err = writer__lay_out(writer, &contents)) ||
	    (err = file__begin(&file, writer->path, 0666)) ||
	    (err = write_archive(file.fd, &contents)) ||
	    (err = file__commit(&file)))
		return err;
	writer->spent = true;
	return 0;
}
