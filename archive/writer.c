/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf_write.h>

#include <bpf/btf.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <zstd.h>

#include "open_archive.h"
#include "base/buf.h"
#include "canonical.h"
#include "base/file.h"
#include "format.h"
#include "ident.h"

/* High enough for a file that is made once and read often: 2.5 s for a 4 MB BTF. */
#define COMPRESSION_LEVEL 19
#define COMPRESSION_STEP (256u << 10)

/* What an entry's minimized BTF is during writing: both sides may still move. */
struct draft_min {
	const struct kbtf_profile *profile;
	const struct blob *blob;
};

struct draft {
	struct kbtf_ident ident;
	struct kbtf_provenance provenance;
	const struct blob *btf;
	struct draft_min *mins;
	size_t min_count;
};

struct kbtf_writer {
	char *path;
	int lock_fd;
	struct kbtf_archive *base;
	struct draft *drafts;
	size_t draft_count;
	/* everything that drafts point to and the base does not own */
	void **owned;
	size_t owned_count;
	bool spent;
	bool (*interrupted)(void *ctx);
	void *interrupt_ctx;
};

DEFINE_CLEANUP(kbtf_writer__closep, struct kbtf_writer, kbtf_writer__close)

/* ---- memory that lives as long as the writer -------------------------------------- */

/* Takes `ptr` over, also on failure; NULL in gives NULL out. */
static void *own(struct kbtf_writer *writer, void *ptr)
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
	return own(writer, strdup(str ? str : ""));
}

static void *own_copy(struct kbtf_writer *writer, const void *data, size_t size)
{
	void *copy = own(writer, malloc(size + 1));

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
	writer->draft_count = writer->base ? writer->base->entry_count : 0;
	writer->drafts = calloc(writer->draft_count + 1, sizeof(*writer->drafts));
	if (!writer->drafts)
		return -ENOMEM;
	for (size_t i = 0; i < writer->draft_count; i++) {
		const struct kbtf_entry *entry = &writer->base->entries[i];
		struct draft *draft = &writer->drafts[i];

		draft->ident = entry->ident;
		draft->provenance = entry->provenance;
		draft->btf = entry->btf;
		draft->mins = own(writer, calloc(entry->min_count + 1, sizeof(*draft->mins)));
		if (!draft->mins)
			return -ENOMEM;
		for (size_t k = 0; k < entry->min_count; k++)
			draft->mins[draft->min_count++] = (struct draft_min){
				.profile = entry->mins[k].profile,
				.blob = entry->mins[k].blob,
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
	kbtf_archive__close(writer->base);
	if (writer->lock_fd >= 0)
		close(writer->lock_fd);
	free(writer->path);
	free(writer);
}

/* ---- adding --------------------------------------------------------------------------- */

static const struct blob *find_blob(const struct kbtf_writer *writer,
				    const uint8_t digest[DIGEST_SIZE])
{
	for (size_t i = 0; i < writer->draft_count; i++) {
		const struct draft *draft = &writer->drafts[i];

		/* also one that no entry has any more, but others follow: none is there twice */
		for (const struct blob *blob = draft->btf; blob; blob = blob->base)
			if (memcmp(blob->digest, digest, DIGEST_SIZE) == 0)
				return blob;
		for (size_t k = 0; k < draft->min_count; k++)
			if (memcmp(draft->mins[k].blob->digest, digest, DIGEST_SIZE) == 0)
				return draft->mins[k].blob;
	}
	return NULL;
}

static int check_btf(const void *btf, size_t size)
{
	struct btf *parsed;
	bool empty;

	if (size > FORMAT_BLOB_MAX)
		return -EMSGSIZE;
	parsed = size ? btf__new(btf, size) : NULL;
	if (!parsed)
		return -EINVAL;
	empty = btf__type_cnt(parsed) <= 1;
	btf__free(parsed);
	return empty ? -EINVAL : 0;
}

void kbtf_writer__set_interrupt(struct kbtf_writer *writer, bool (*interrupted)(void *ctx),
				void *ctx)
{
	writer->interrupted = interrupted;
	writer->interrupt_ctx = ctx;
}

/* In steps, so that an interrupt need not wait for seconds. */
static int compress(const struct kbtf_writer *writer, ZSTD_CCtx *zstd, const void *data,
		    size_t size, void *room, size_t *room_size)
{
	ZSTD_outBuffer out = { room, *room_size, 0 };
	ZSTD_inBuffer in = { data, 0, 0 };
	size_t left = 1;

	if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel,
						COMPRESSION_LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(zstd, size)))
		return -EINVAL;
	while (in.pos < size || left) {
		if (writer->interrupted && writer->interrupted(writer->interrupt_ctx))
			return -ECANCELED;
		if (in.pos == in.size)
			in.size = size - in.pos > COMPRESSION_STEP ? in.pos + COMPRESSION_STEP : size;
		left = ZSTD_compressStream2(zstd, &out, &in,
					    in.size == size ? ZSTD_e_end : ZSTD_e_continue);
		/* the room is ZSTD_compressBound(): it cannot run out */
		if (ZSTD_isError(left) || out.pos == out.size)
			return -ENOMEM;
	}
	*room_size = out.pos;
	return 0;
}

/* A new blob of these stored bytes. */
static int make_blob(struct kbtf_writer *writer, const void *stored, size_t stored_size,
		     size_t size, const uint8_t digest[DIGEST_SIZE], struct blob **out)
{
	struct blob *blob = own(writer, calloc(1, sizeof(*blob)));

	if (!blob)
		return -ENOMEM;
	blob->stored = own_copy(writer, stored, stored_size);
	if (!blob->stored)
		return -ENOMEM;
	blob->stored_size = blob->path_size = stored_size;
	blob->size = size;
	memcpy(blob->digest, digest, DIGEST_SIZE);
	*out = blob;
	return 0;
}

/* Minimized BTF: a frame by itself. */
static int pack_whole(struct kbtf_writer *writer, const void *btf, size_t size,
		      const struct blob **out)
{
	size_t stored_size = ZSTD_compressBound(size);
	_cleanup_free_ void *room = NULL;
	uint8_t digest[DIGEST_SIZE];
	struct blob *blob = NULL;
	ZSTD_CCtx *zstd;
	int err = check_btf(btf, size);

	if (err)
		return err;
	digest__of(btf, size, digest);
	*out = find_blob(writer, digest);
	if (*out)
		return 0;
	room = malloc(stored_size);
	if (!room)
		return -ENOMEM;
	zstd = ZSTD_createCCtx();
	err = zstd ? compress(writer, zstd, btf, size, room, &stored_size) : -ENOMEM;
	ZSTD_freeCCtx(zstd);
	if (!err)
		err = make_blob(writer, room, stored_size, size, digest, &blob);
	*out = blob;
	return err;
}

/* ---- which kernel it is told after ------------------------------------------------------ */

/*
 * What follows too many, or too much, takes too long to read: a kernel by itself is about
 * 1 MB, and steps of a few kB take milliseconds.
 */
#define PATH_DEPTH_MAX 64
#define PATH_SIZE_MAX (3u << 20)

static int kinship(const struct kbtf_ident *a, const struct kbtf_ident *b)
{
	if (strcmp(a->arch, b->arch) != 0)
		return 0;
	if (strcmp(a->distro, b->distro) != 0)
		return 1;
	return strcmp(a->distro_release, b->distro_release) == 0 ? 3 : 2;
}

/* Whether `a` is the nearer relative: of closer kin; the last before it; the first after it. */
static bool is_nearer(const struct kbtf_ident *ident, const struct kbtf_ident *a,
		      const struct kbtf_ident *b)
{
	int kin = kinship(ident, a) - kinship(ident, b), order;
	bool a_before = strverscmp(a->kernel_release, ident->kernel_release) <= 0;
	bool b_before = strverscmp(b->kernel_release, ident->kernel_release) <= 0;

	if (kin)
		return kin > 0;
	if (a_before != b_before)
		return a_before;
	order = strverscmp(a->kernel_release, b->kernel_release);
	if (order)
		return a_before == (order > 0);
	return ident__compare(a, b) < 0;
}

static const struct blob *choose_base(const struct kbtf_writer *writer,
				      const struct kbtf_ident *ident)
{
	const struct draft *best = NULL;

	for (size_t i = 0; i < writer->draft_count; i++) {
		const struct draft *draft = &writer->drafts[i];

		if (draft->btf && draft->btf->depth + 1 < PATH_DEPTH_MAX &&
		    draft->btf->path_size < PATH_SIZE_MAX &&
		    (!best || is_nearer(ident, &draft->ident, &best->ident)))
			best = draft;
	}
	return best ? best->btf : NULL;
}

/* ---- full BTF -------------------------------------------------------------------------------- */

/* What comes out is what went in. */
static int prove(const struct blob *blob, const void *btf, size_t size)
{
	_cleanup_free_ void *again = NULL;
	size_t again_size;
	int err = blob__unpack(blob, &again, &again_size);

	if (err)
		return err == -ENOMEM ? err : -EIO;
	return again_size == size && memcmp(again, btf, size) == 0 ? 0 : -EIO;
}

static int tell(struct kbtf_writer *writer, const struct type_graph *graph,
		const struct blob *base, const void *btf, size_t size,
		const uint8_t digest[DIGEST_SIZE], const struct blob **out)
{
	const struct columns_effort effort = { COMPRESSION_LEVEL, writer->interrupted,
					       writer->interrupt_ctx };
	_cleanup_buf_ struct buf data = {}, functions = {};
	struct blob *blob = NULL;
	struct lineage lineage;
	size_t data_size;
	int err = blob__follow(base, &lineage);

	if (err)
		return err;
	err = lineage__tell(&lineage, graph, &effort, &data, &functions);
	lineage__free(&lineage);
	if (err)
		return err;
	data_size = data.len;
	buf__add(&data, functions.data, functions.len);
	err = buf__failed(&data) ? -ENOMEM :
	      make_blob(writer, data.data, data.len, size, digest, &blob);
	if (err)
		return err;
	blob->told = true;
	blob->data_size = data_size;
	blob->base = base;
	blob->depth = base ? base->depth + 1 : 0;
	blob->path_size += base ? base->path_size : 0;
	*out = blob;
	return prove(blob, btf, size);
}

static int pack_full(struct kbtf_writer *writer, const struct kbtf_ident *ident, const void *given,
		     size_t given_size, const struct blob **out)
{
	_cleanup_free_ void *btf = NULL;
	struct type_graph canonical;
	uint8_t digest[DIGEST_SIZE];
	size_t size;
	int err = check_btf(given, given_size);

	if (err || (err = canonical__of(given, given_size, &canonical)))
		return err;
	err = type_graph__write(&canonical, &btf, &size);
	if (!err) {
		digest__of(btf, size, digest);
		*out = find_blob(writer, digest);
		if (!*out)
			err = tell(writer, &canonical, choose_base(writer, ident), btf, size,
				   digest, out);
	}
	type_graph__free(&canonical);
	return err;
}

static int by_digest(const void *a, const void *b)
{
	const struct kbtf_object_ref *x = a, *y = b;

	return memcmp(x->sha256, y->sha256, SHA256_SIZE);
}

static int new_profile(struct kbtf_writer *writer, const struct kbtf_new_min *min,
		       const struct kbtf_profile **out)
{
	struct kbtf_profile *profile = own(writer, calloc(1, sizeof(*profile)));

	if (!profile || !text__is_clean(min->profile, false))
		return profile ? -EINVAL : -ENOMEM;
	profile->name = own_str(writer, min->profile);
	profile->objects = own(writer, calloc(min->object_count + 1, sizeof(*profile->objects)));
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
	draft->mins = own(writer, calloc(entry->min_count + 1, sizeof(*draft->mins)));
	if (!draft->mins)
		return -ENOMEM;
	for (size_t i = 0; i < entry->min_count; i++) {
		const struct kbtf_new_min *min = &entry->mins[i];
		struct draft_min *slot = &draft->mins[i];
		int err = new_profile(writer, min, &slot->profile);

		if (!err)
			err = pack_whole(writer, min->btf, min->btf_size, &slot->blob);
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
	if (!text__is_clean(prov->notes, true))
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
	    (err = entry.btf ? pack_full(writer, &draft.ident, entry.btf, entry.btf_size, &draft.btf)
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
	int err = old ? blob__unpack(old, &btf, &size) : 0;

	draft.btf = NULL;
	if (!err && old)
		err = pack_full(done, &draft.ident, btf, size, &draft.btf);
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
		if (!own(writer, done.owned[i]) && !err)
			err = -ENOMEM;
	free(done.owned);
	if (!err && done.draft_count)
		memcpy(writer->drafts, done.drafts, writer->draft_count * sizeof(*done.drafts));
	free(done.drafts);
	return err;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* The tables of the index, in their fixed order. */
struct layout {
	const struct blob **blobs;
	size_t blob_count;
	const struct kbtf_profile **profiles;
	size_t profile_count;
};

static void layout__free(struct layout *layout)
{
	free(layout->blobs);
	free(layout->profiles);
}

static int by_ident(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;

	return ident__compare(&x->ident, &y->ident);
}

static int by_profile_digest(const void *a, const void *b)
{
	const struct kbtf_profile *x = *(const struct kbtf_profile *const *)a;
	const struct kbtf_profile *y = *(const struct kbtf_profile *const *)b;
	int order = memcmp(x->digest, y->digest, SHA256_SIZE);

	/* two names for one set of objects: the lesser one stays, whichever came first */
	return order ? order : strcmp(x->name, y->name);
}

static uint32_t profile_index(const struct layout *layout, const struct kbtf_profile *profile)
{
	uint32_t i = 0;

	while (memcmp(layout->profiles[i]->digest, profile->digest, SHA256_SIZE) != 0)
		i++;
	return i;
}

static int by_blob_digest(const void *a, const void *b)
{
	const struct blob *x = *(const struct blob *const *)a;
	const struct blob *y = *(const struct blob *const *)b;

	return memcmp(x->digest, y->digest, DIGEST_SIZE);
}

static uint32_t blob_index(const struct layout *layout, const struct blob *blob)
{
	const struct blob **at = bsearch(&blob, layout->blobs, layout->blob_count,
					 sizeof(*layout->blobs), by_blob_digest);

	return at - layout->blobs;
}

static size_t drop_equal(void *items, size_t count, int (*compare)(const void *, const void *))
{
	void **at = items;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!kept || compare(&at[kept - 1], &at[i]) != 0)
			at[kept++] = at[i];
	return kept;
}

static int same_profile(const void *a, const void *b)
{
	const struct kbtf_profile *x = *(const struct kbtf_profile *const *)a;
	const struct kbtf_profile *y = *(const struct kbtf_profile *const *)b;

	return memcmp(x->digest, y->digest, SHA256_SIZE);
}

static int lay_out(struct kbtf_writer *writer, struct layout *layout)
{
	size_t mins = 0, bases = 0;

	qsort(writer->drafts, writer->draft_count, sizeof(*writer->drafts), by_ident);
	for (size_t i = 0; i < writer->draft_count; i++) {
		mins += writer->drafts[i].min_count;
		bases += writer->drafts[i].btf ? writer->drafts[i].btf->depth + 1 : 0;
	}
	layout->blobs = calloc(bases + mins + 1, sizeof(*layout->blobs));
	layout->profiles = calloc(mins + 1, sizeof(*layout->profiles));
	if (!layout->blobs || !layout->profiles)
		return -ENOMEM;
	for (size_t i = 0; i < writer->draft_count; i++) {
		const struct draft *draft = &writer->drafts[i];

		/* what no entry has any more may still be what others follow */
		for (const struct blob *blob = draft->btf; blob; blob = blob->base)
			layout->blobs[layout->blob_count++] = blob;
		for (size_t k = 0; k < draft->min_count; k++) {
			layout->blobs[layout->blob_count++] = draft->mins[k].blob;
			layout->profiles[layout->profile_count++] = draft->mins[k].profile;
		}
	}
	qsort(layout->blobs, layout->blob_count, sizeof(*layout->blobs), by_blob_digest);
	layout->blob_count = drop_equal(layout->blobs, layout->blob_count, by_blob_digest);
	qsort(layout->profiles, layout->profile_count, sizeof(*layout->profiles),
	      by_profile_digest);
	layout->profile_count = drop_equal(layout->profiles, layout->profile_count, same_profile);
	return 0;
}

static void put_profile(struct buf *out, const struct kbtf_profile *profile)
{
	buf__add_str(out, profile->name);
	buf__add_u32(out, profile->object_count);
	for (size_t i = 0; i < profile->object_count; i++) {
		buf__add_str(out, profile->objects[i].name);
		buf__add(out, profile->objects[i].sha256, SHA256_SIZE);
	}
}

static void put_entry(struct buf *out, const struct layout *layout, const struct draft *draft)
{
	const struct kbtf_ident *ident = &draft->ident;
	const struct kbtf_provenance *prov = &draft->provenance;

	buf__add_str(out, ident->distro);
	buf__add_str(out, ident->distro_release);
	buf__add_str(out, ident->arch);
	buf__add_str(out, ident->kernel_release);
	buf__add_str(out, ident->kernel_version);
	buf__add_u32(out, ident->build_id_len);
	buf__add(out, ident->build_id, ident->build_id_len);
	buf__add_str(out, prov->package);
	buf__add_str(out, prov->package_version);
	buf__add_str(out, prov->package_sha256);
	buf__add_u32(out, prov->verification);
	buf__add_str(out, prov->verified_by);
	buf__add_str(out, prov->encoder);
	buf__add_str(out, prov->encoder_version);
	buf__add_str(out, prov->encoder_flags);
	buf__add_str(out, prov->notes);
	buf__add_u32(out, draft->btf ? blob_index(layout, draft->btf) + 1 : 0);
	buf__add_u32(out, draft->min_count);
	for (size_t i = 0; i < draft->min_count; i++) {
		buf__add_u32(out, profile_index(layout, draft->mins[i].profile));
		buf__add_u32(out, blob_index(layout, draft->mins[i].blob));
	}
}

static void put_index(struct buf *out, const struct kbtf_writer *writer,
		      const struct layout *layout)
{
	uint64_t offset = FORMAT_HEADER_SIZE;

	buf__add_u32(out, layout->blob_count);
	for (size_t i = 0; i < layout->blob_count; i++) {
		const struct blob *blob = layout->blobs[i];

		buf__add_u64(out, offset);
		buf__add_u64(out, blob->stored_size);
		buf__add_u64(out, blob->size);
		buf__add_u64(out, blob->data_size);
		buf__add_u32(out, blob->told ? FORMAT_BLOB_TOLD : FORMAT_BLOB_WHOLE);
		buf__add_u32(out, blob->base ? blob_index(layout, blob->base) + 1 : 0);
		buf__add(out, blob->digest, DIGEST_SIZE);
		offset += blob->stored_size;
	}
	buf__add_u32(out, layout->profile_count);
	for (size_t i = 0; i < layout->profile_count; i++)
		put_profile(out, layout->profiles[i]);
	buf__add_u32(out, writer->draft_count);
	for (size_t i = 0; i < writer->draft_count; i++)
		put_entry(out, layout, &writer->drafts[i]);
}

static int write_archive(int fd, const struct kbtf_writer *writer, const struct layout *layout)
{
	_cleanup_buf_ struct buf header = {}, tail = {};
	uint64_t index_offset = FORMAT_HEADER_SIZE, index_size;
	uint8_t digest[DIGEST_SIZE];
	int err;

	buf__add(&header, FORMAT_MAGIC, FORMAT_MAGIC_SIZE);
	buf__add_u32(&header, FORMAT_VERSION);
	buf__add_u32(&header, 0);
	put_index(&tail, writer, layout);
	if (buf__failed(&header) || buf__failed(&tail))
		return -ENOMEM;
	index_size = tail.len;
	digest__of(tail.data, index_size, digest);

	err = file__write(fd, header.data, header.len);
	for (size_t i = 0; !err && i < layout->blob_count; i++) {
		err = file__write(fd, layout->blobs[i]->stored, layout->blobs[i]->stored_size);
		index_offset += layout->blobs[i]->stored_size;
	}
	buf__add_u64(&tail, index_offset);
	buf__add_u64(&tail, index_size);
	buf__add(&tail, digest, DIGEST_SIZE);
	buf__add_u64(&tail, 0);
	buf__add(&tail, FORMAT_END_MAGIC, FORMAT_MAGIC_SIZE);
	if (!err && buf__failed(&tail))
		err = -ENOMEM;
	return err ? err : file__write(fd, tail.data, tail.len);
}

int kbtf_writer__commit(struct kbtf_writer *writer)
{
	_cleanup_new_file_ struct new_file file = { .fd = -1 };
	struct layout layout __attribute__((__cleanup__(layout__free))) = {};
	int err;

	if (writer->spent)
		return -EINVAL;
	/* the lock says that whoever left such files is gone */
	file__sweep(writer->path);
	if ((err = lay_out(writer, &layout)) ||
	    (err = file__begin(&file, writer->path, 0666)) ||
	    (err = write_archive(file.fd, writer, &layout)) ||
	    (err = file__commit(&file)))
		return err;
	writer->spent = true;
	return 0;
}
