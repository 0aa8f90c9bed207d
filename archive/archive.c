/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "open_archive.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/cursor.h"
#include "format.h"
#include "ident.h"

const char *kbtf__version(void)
{
	return KBTF_VERSION;
}

const char *kbtf_verification__name(enum kbtf_verification how)
{
	switch (how) {
	case KBTF_UNVERIFIED: return "unverified";
	case KBTF_VERIFIED_SIGNED_INDEX: return "signed-index";
	case KBTF_VERIFIED_SIGNED_PACKAGE: return "signed-package";
	}
	return "?";
}

/* ---- parsing of the index ---------------------------------------------------- */

static int read_blob(struct kbtf_archive *archive, struct cursor *cur, uint64_t expected,
		     uint64_t end, struct blob *blob)
{
	uint64_t offset = cursor__u64(cur);
	uint32_t kind, base;
	const uint8_t *digest;

	blob->stored_size = cursor__u64(cur);
	blob->size = cursor__u64(cur);
	blob->data_size = cursor__u64(cur);
	kind = cursor__u32(cur);
	base = cursor__u32(cur);
	digest = cursor__take(cur, DIGEST_SIZE);
	if (!digest || offset != expected || blob->size > FORMAT_BLOB_MAX ||
	    blob->stored_size > end - offset || blob->data_size > blob->stored_size ||
	    kind > FORMAT_BLOB_TOLD || base > archive->blob_count)
		return -EBADMSG;
	blob->told = kind == FORMAT_BLOB_TOLD;
	if (!blob->told && (base || blob->data_size))
		return -EBADMSG;
	blob->base = base ? &archive->blobs[base - 1] : NULL;
	blob->stored = archive->data + offset;
	memcpy(blob->digest, digest, DIGEST_SIZE);
	return 0;
}

/* Each path of bases ends, after not too many. */
static int measure_paths(struct kbtf_archive *archive)
{
	for (size_t i = 0; i < archive->blob_count; i++) {
		struct blob *blob = &archive->blobs[i];

		blob->path_size = blob->stored_size;
		for (const struct blob *base = blob->base; base; base = base->base) {
			blob->path_size += base->stored_size;
			if (!base->told || ++blob->depth == FORMAT_PATH_MAX)
				return -EBADMSG;
		}
	}
	return 0;
}

static int read_blobs(struct kbtf_archive *archive, struct cursor *cur, uint64_t index_offset)
{
	uint64_t expected = FORMAT_HEADER_SIZE;

	archive->blob_count = cursor__count(cur, FORMAT_BLOB_RECORD_SIZE);
	archive->blobs = calloc(archive->blob_count + 1, sizeof(*archive->blobs));
	if (!archive->blobs)
		return -ENOMEM;
	for (size_t i = 0; i < archive->blob_count; i++) {
		struct blob *blob = &archive->blobs[i];
		int err = read_blob(archive, cur, expected, index_offset, blob);

		if (err)
			return err;
		if (i && memcmp(blob[-1].digest, blob->digest, DIGEST_SIZE) >= 0)
			return -EBADMSG;
		expected += blob->stored_size;
	}
	return expected == index_offset ? measure_paths(archive) : -EBADMSG;
}

void profile__digest(const struct kbtf_object_ref *objects, size_t count,
		     uint8_t digest[SHA256_SIZE])
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++)
		crypto_hash_sha256_update(&state, objects[i].sha256, SHA256_SIZE);
	crypto_hash_sha256_final(&state, digest);
}

static const char *clean_str(struct cursor *cur, bool newlines)
{
	const char *text = cursor__str(cur);

	if (text && text__is_clean(text, newlines))
		return text;
	cur->failed = true;
	return "";
}

static int read_profile(struct kbtf_profile *profile, struct cursor *cur)
{
	profile->name = clean_str(cur, false);
	profile->object_count = cursor__count(cur, FORMAT_OBJECT_MIN_SIZE);
	profile->objects = calloc(profile->object_count + 1, sizeof(*profile->objects));
	if (!profile->objects)
		return -ENOMEM;
	for (size_t i = 0; i < profile->object_count; i++) {
		struct kbtf_object_ref *object = &profile->objects[i];
		const uint8_t *digest;

		object->name = clean_str(cur, false);
		digest = cursor__take(cur, SHA256_SIZE);
		if (!digest)
			return -EBADMSG;
		memcpy(object->sha256, digest, SHA256_SIZE);
		if (i && memcmp(object[-1].sha256, object->sha256, SHA256_SIZE) >= 0)
			return -EBADMSG;
	}
	profile__digest(profile->objects, profile->object_count, profile->digest);
	return cursor__failed(cur) ? -EBADMSG : 0;
}

static int read_profiles(struct kbtf_archive *archive, struct cursor *cur)
{
	size_t count = cursor__count(cur, FORMAT_PROFILE_MIN_SIZE);

	archive->profiles = calloc(count + 1, sizeof(*archive->profiles));
	if (!archive->profiles)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct kbtf_profile *profile = &archive->profiles[i];
		int err;

		archive->profile_count++;
		err = read_profile(profile, cur);
		if (err)
			return err;
		if (i && memcmp(profile[-1].digest, profile->digest, SHA256_SIZE) >= 0)
			return -EBADMSG;
	}
	return 0;
}

static void read_ident(struct kbtf_ident *ident, struct cursor *cur)
{
	ident->sz = sizeof(*ident);
	ident->distro = clean_str(cur, false);
	ident->distro_release = clean_str(cur, false);
	ident->arch = clean_str(cur, false);
	ident->kernel_release = clean_str(cur, false);
	ident->kernel_version = clean_str(cur, false);
	ident->build_id_len = cursor__count(cur, 1);
	ident->build_id = cursor__take(cur, ident->build_id_len);
	if (ident->build_id_len > KBTF_BUILD_ID_MAX || !*ident->arch || !*ident->kernel_release)
		cur->failed = true;
}

static void read_provenance(struct kbtf_provenance *prov, struct cursor *cur)
{
	prov->sz = sizeof(*prov);
	prov->package = clean_str(cur, false);
	prov->package_version = clean_str(cur, false);
	prov->package_sha256 = clean_str(cur, false);
	prov->verification = cursor__u32(cur);
	prov->verified_by = clean_str(cur, false);
	prov->encoder = clean_str(cur, false);
	prov->encoder_version = clean_str(cur, false);
	prov->encoder_flags = clean_str(cur, false);
	prov->notes = clean_str(cur, true);
}

static const struct blob *read_blob_ref(const struct kbtf_archive *archive, struct cursor *cur)
{
	uint32_t index = cursor__u32(cur);

	if (index < archive->blob_count)
		return &archive->blobs[index];
	cur->failed = true;
	return NULL;
}

static int read_entry(const struct kbtf_archive *archive, struct kbtf_entry *entry,
		      struct cursor *cur)
{
	uint32_t full;
	size_t count;

	read_ident(&entry->ident, cur);
	read_provenance(&entry->provenance, cur);
	full = cursor__u32(cur);
	if (full > archive->blob_count)
		return -EBADMSG;
	entry->btf = full ? &archive->blobs[full - 1] : NULL;
	count = cursor__count(cur, FORMAT_MIN_RECORD_SIZE);
	if (!full && !count)
		return -EBADMSG;
	entry->mins = calloc(count + 1, sizeof(*entry->mins));
	if (!entry->mins)
		return -ENOMEM;
	for (entry->min_count = 0; entry->min_count < count; entry->min_count++) {
		struct entry_min *min = &entry->mins[entry->min_count];
		uint32_t profile = cursor__u32(cur);

		if (profile >= archive->profile_count)
			return -EBADMSG;
		min->profile = &archive->profiles[profile];
		min->blob = read_blob_ref(archive, cur);
		if (entry->min_count && min[-1].profile >= min->profile)
			return -EBADMSG;
	}
	return cursor__failed(cur) ? -EBADMSG : 0;
}

static int read_entries(struct kbtf_archive *archive, struct cursor *cur)
{
	size_t count = cursor__count(cur, FORMAT_ENTRY_MIN_SIZE);

	archive->entries = calloc(count + 1, sizeof(*archive->entries));
	if (!archive->entries)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct kbtf_entry *entry = &archive->entries[i];
		int err;

		archive->entry_count++;
		err = read_entry(archive, entry, cur);
		if (err)
			return err;
		if (i && ident__compare(&entry[-1].ident, &entry->ident) >= 0)
			return -EBADMSG;
	}
	return 0;
}

static int by_build_id(const void *a, const void *b)
{
	const struct kbtf_ident *x = &(*(const struct kbtf_entry *const *)a)->ident;
	const struct kbtf_ident *y = &(*(const struct kbtf_entry *const *)b)->ident;

	return build_id__compare(x->build_id, x->build_id_len, y->build_id, y->build_id_len);
}

/* Equal releases stay in the order of entries. */
static int by_release(const void *a, const void *b)
{
	const struct kbtf_entry *x = *(const struct kbtf_entry *const *)a;
	const struct kbtf_entry *y = *(const struct kbtf_entry *const *)b;
	int order = strcmp(x->ident.kernel_release, y->ident.kernel_release);

	return order ? order : (x > y) - (x < y);
}

static int index_releases(struct kbtf_archive *archive)
{
	archive->by_release = calloc(archive->entry_count + 1, sizeof(*archive->by_release));
	if (!archive->by_release)
		return -ENOMEM;
	for (size_t i = 0; i < archive->entry_count; i++)
		archive->by_release[i] = &archive->entries[i];
	qsort(archive->by_release, archive->entry_count, sizeof(*archive->by_release),
	      by_release);
	return 0;
}

static int index_build_ids(struct kbtf_archive *archive)
{
	const struct kbtf_entry **order;

	order = calloc(archive->entry_count + 1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	archive->by_build_id = order;
	for (size_t i = 0; i < archive->entry_count; i++)
		if (archive->entries[i].ident.build_id_len)
			order[archive->build_id_count++] = &archive->entries[i];
	qsort(order, archive->build_id_count, sizeof(*order), by_build_id);
	for (size_t i = 1; i < archive->build_id_count; i++)
		if (by_build_id(&order[i - 1], &order[i]) == 0)
			return -EBADMSG;
	return 0;
}

/* What no entry refers to is no part of its set, and nobody would check its digest. */
static int check_all_used(const struct kbtf_archive *archive)
{
	_cleanup_free_ bool *blobs = calloc(archive->blob_count + 1, sizeof(*blobs));
	_cleanup_free_ bool *profiles = calloc(archive->profile_count + 1, sizeof(*profiles));

	if (!blobs || !profiles)
		return -ENOMEM;
	for (size_t i = 0; i < archive->entry_count; i++) {
		const struct kbtf_entry *entry = &archive->entries[i];

		for (const struct blob *blob = entry->btf; blob; blob = blob->base)
			blobs[blob - archive->blobs] = true;
		for (size_t k = 0; k < entry->min_count; k++) {
			blobs[entry->mins[k].blob - archive->blobs] = true;
			profiles[entry->mins[k].profile - archive->profiles] = true;
		}
	}
	if (memchr(blobs, false, archive->blob_count) ||
	    memchr(profiles, false, archive->profile_count))
		return -EBADMSG;
	return 0;
}

static int read_index(struct kbtf_archive *archive)
{
	struct cursor header = cursor__over(archive->data, archive->size);
	const uint8_t *magic = cursor__take(&header, FORMAT_MAGIC_SIZE);
	uint32_t version = cursor__u32(&header), zero = cursor__u32(&header);
	uint64_t offset, size, end;
	struct cursor footer, cur;
	const uint8_t *digest;
	uint8_t actual[DIGEST_SIZE];
	int err;

	if (!magic || memcmp(magic, FORMAT_MAGIC, FORMAT_MAGIC_SIZE) != 0)
		return -EBADMSG;
	if (version != FORMAT_VERSION)
		return -ENOTSUP;
	if (zero || archive->size < FORMAT_HEADER_SIZE + FORMAT_FOOTER_SIZE)
		return -EBADMSG;

	end = archive->size - FORMAT_FOOTER_SIZE;
	footer = cursor__over(archive->data + end, FORMAT_FOOTER_SIZE);
	offset = cursor__u64(&footer);
	size = cursor__u64(&footer);
	digest = cursor__take(&footer, DIGEST_SIZE);
	if (offset < FORMAT_HEADER_SIZE || offset > end || size != end - offset ||
	    cursor__u64(&footer) != 0 ||
	    memcmp(cursor__take(&footer, FORMAT_MAGIC_SIZE), FORMAT_END_MAGIC,
		   FORMAT_MAGIC_SIZE) != 0)
		return -EBADMSG;
	digest__of(archive->data + offset, size, actual);
	if (memcmp(actual, digest, DIGEST_SIZE) != 0)
		return -EBADMSG;

	cur = cursor__over(archive->data + offset, size);
	if ((err = read_blobs(archive, &cur, offset)) ||
	    (err = read_profiles(archive, &cur)) ||
	    (err = read_entries(archive, &cur)))
		return cursor__failed(&cur) ? -EBADMSG : err;
	if (cursor__failed(&cur) || cur.pos != cur.len)
		return -EBADMSG;
	err = check_all_used(archive);
	if (err)
		return err;
	err = index_releases(archive);
	return err ? err : index_build_ids(archive);
}

/* ---- opening ------------------------------------------------------------------ */

static struct kbtf_archive *open_bytes(const void *data, size_t size, bool mapped)
{
	_cleanup_archive_ struct kbtf_archive *archive = calloc(1, sizeof(*archive));
	int err;

	if (!archive) {
		if (mapped)
			munmap((void *)data, size);
		errno = ENOMEM;
		return NULL;
	}
	archive->data = data;
	archive->size = size;
	archive->mapped = mapped;
	err = read_index(archive);
	if (err) {
		errno = -err;
		return NULL;
	}
	return steal_ptr(archive);
}

struct kbtf_archive *kbtf_archive__open_mem(const void *data, size_t size)
{
	return open_bytes(data, size, false);
}

struct kbtf_archive *kbtf_archive__open(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		errno = EBADMSG;
		return NULL;
	}
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return NULL;
	return open_bytes(data, st.st_size, true);
}

void kbtf_archive__close(struct kbtf_archive *archive)
{
	if (!archive)
		return;
	for (size_t i = 0; i < archive->entry_count; i++)
		free(archive->entries[i].mins);
	for (size_t i = 0; i < archive->profile_count; i++)
		free(archive->profiles[i].objects);
	free(archive->entries);
	free(archive->profiles);
	free(archive->blobs);
	free(archive->by_build_id);
	free(archive->by_release);
	if (archive->mapped)
		munmap((void *)archive->data, archive->size);
	free(archive);
}

/* ---- looking -------------------------------------------------------------------- */

size_t kbtf_archive__entry_count(const struct kbtf_archive *archive)
{
	return archive->entry_count;
}

const struct kbtf_entry *kbtf_archive__entry(const struct kbtf_archive *archive, size_t index)
{
	if (index < archive->entry_count)
		return &archive->entries[index];
	errno = ENOENT;
	return NULL;
}

const struct kbtf_entry *kbtf_archive__find_build_id(const struct kbtf_archive *archive,
						     const uint8_t *build_id,
						     size_t build_id_len)
{
	size_t low = 0, high = archive->build_id_count;

	while (build_id_len && low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kbtf_ident *ident = &archive->by_build_id[middle]->ident;
		int order = build_id__compare(build_id, build_id_len, ident->build_id,
					      ident->build_id_len);

		if (!order)
			return archive->by_build_id[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	errno = ENOENT;
	return NULL;
}

const struct kbtf_entry *kbtf_archive__find_release(const struct kbtf_archive *archive,
						    const char *kernel_release,
						    const struct kbtf_entry *after)
{
	size_t low = 0, high = archive->entry_count;

	/* the first of the release that is behind `after` */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kbtf_entry *entry = archive->by_release[middle];
		int order = strcmp(entry->ident.kernel_release, kernel_release);

		if (order < 0 || (!order && after && entry <= after))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < archive->entry_count &&
	    strcmp(archive->by_release[low]->ident.kernel_release, kernel_release) == 0)
		return archive->by_release[low];
	errno = ENOENT;
	return NULL;
}

const struct kbtf_ident *kbtf_entry__ident(const struct kbtf_entry *entry)
{
	return &entry->ident;
}

const struct kbtf_provenance *kbtf_entry__provenance(const struct kbtf_entry *entry)
{
	return &entry->provenance;
}

size_t kbtf_entry__btf_size(const struct kbtf_entry *entry)
{
	return entry->btf ? entry->btf->size : 0;
}

size_t kbtf_entry__btf_stored_size(const struct kbtf_entry *entry)
{
	return entry->btf ? entry->btf->stored_size : 0;
}

size_t kbtf_archive__profile_count(const struct kbtf_archive *archive)
{
	return archive->profile_count;
}

const struct kbtf_profile *kbtf_archive__profile(const struct kbtf_archive *archive, size_t index)
{
	if (index < archive->profile_count)
		return &archive->profiles[index];
	errno = ENOENT;
	return NULL;
}

const struct kbtf_profile *
kbtf_archive__find_profile(const struct kbtf_archive *archive,
			   const uint8_t object_sha256[KBTF_SHA256_SIZE])
{
	for (size_t i = 0; i < archive->profile_count; i++) {
		const struct kbtf_profile *profile = &archive->profiles[i];

		for (size_t k = 0; k < profile->object_count; k++)
			if (memcmp(profile->objects[k].sha256, object_sha256, SHA256_SIZE) == 0)
				return profile;
	}
	errno = ENOENT;
	return NULL;
}

const char *kbtf_profile__name(const struct kbtf_profile *profile)
{
	return profile->name;
}

const uint8_t *kbtf_profile__digest(const struct kbtf_profile *profile)
{
	return profile->digest;
}

size_t kbtf_profile__object_count(const struct kbtf_profile *profile)
{
	return profile->object_count;
}

const struct kbtf_object_ref *kbtf_profile__object(const struct kbtf_profile *profile, size_t index)
{
	if (index < profile->object_count)
		return &profile->objects[index];
	errno = ENOENT;
	return NULL;
}

/* ---- reading ---------------------------------------------------------------------- */

static int check_digest(const struct blob *blob, const void *bytes, size_t size)
{
	uint8_t digest[DIGEST_SIZE];

	if (size != blob->size)
		return -EBADMSG;
	digest__of(bytes, size, digest);
	return memcmp(digest, blob->digest, DIGEST_SIZE) == 0 ? 0 : -EBADMSG;
}

int blob__follow(const struct blob *blob, struct lineage *lineage)
{
	int err = lineage__init(lineage);

	for (size_t left = blob ? blob->depth + 1 : 0; !err && left > 0; left--) {
		const struct blob *next = blob;

		for (size_t i = 1; i < left; i++)
			next = next->base;
		err = lineage__follow(lineage, next->stored, next->data_size,
				      next->stored + next->data_size,
				      next->stored_size - next->data_size);
	}
	if (err)
		lineage__free(lineage);
	return err;
}

static int unpack_told(const struct blob *blob, void **data, size_t *size)
{
	struct lineage lineage;
	int err = blob__follow(blob, &lineage);

	if (err)
		return err;
	err = record_set__write(&lineage.pool, &lineage.set, true, data, size);
	lineage__free(&lineage);
	return err;
}

static int unpack_whole(const struct blob *blob, void **data, size_t *size)
{
	_cleanup_free_ void *bytes = NULL;

	if (ZSTD_getFrameContentSize(blob->stored, blob->stored_size) != blob->size)
		return -EBADMSG;
	bytes = malloc(blob->size + 1);
	if (!bytes)
		return -ENOMEM;
	if (ZSTD_decompress(bytes, blob->size, blob->stored, blob->stored_size) != blob->size)
		return -EBADMSG;
	*data = steal_ptr(bytes);
	*size = blob->size;
	return 0;
}

int blob__unpack(const struct blob *blob, void **data, size_t *size)
{
	_cleanup_free_ void *bytes = NULL;
	int err = (blob->told ? unpack_told : unpack_whole)(blob, &bytes, size);

	if (!err)
		err = check_digest(blob, bytes, *size);
	if (!err)
		*data = steal_ptr(bytes);
	return err;
}

int kbtf_entry__read_btf(const struct kbtf_entry *entry, void **data, size_t *size)
{
	return entry->btf ? blob__unpack(entry->btf, data, size) : -ENOENT;
}

static const struct blob *find_min(const struct kbtf_entry *entry,
				   const struct kbtf_profile *profile)
{
	for (size_t i = 0; i < entry->min_count; i++)
		if (entry->mins[i].profile == profile)
			return entry->mins[i].blob;
	return NULL;
}

size_t kbtf_entry__min_size(const struct kbtf_entry *entry, const struct kbtf_profile *profile)
{
	const struct blob *blob = find_min(entry, profile);

	return blob ? blob->size : 0;
}

int kbtf_entry__read_min(const struct kbtf_entry *entry, const struct kbtf_profile *profile,
			 void **data, size_t *size)
{
	const struct blob *blob = find_min(entry, profile);

	return blob ? blob__unpack(blob, data, size) : -ENOENT;
}
