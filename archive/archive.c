/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "open_archive.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cursor.h"
#include "format.h"
#include "ident.h"
#include "stored_btf.h"

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
	case KBTF_VERIFIED_PARTIAL: return "partial";
	}
	return "?";
}

/* ---- opening ------------------------------------------------------------------ */

static int read_index(struct kbtf_archive *archive)
{
	struct cursor header = cursor__over(archive->data, archive->size);
	const uint8_t *magic = cursor__take(&header, FORMAT_MAGIC_SIZE);
	uint32_t version = cursor__u32(&header), zero = cursor__u32(&header);
	uint64_t offset, size, end;
	struct cursor footer;
	const uint8_t *digest;

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
	digest__of(archive->data + offset, size, archive->digest);
	if (memcmp(archive->digest, digest, DIGEST_SIZE) != 0)
		return -EBADMSG;

	return contents__read(archive->data + offset, size, archive->data + FORMAT_HEADER_SIZE,
			      offset - FORMAT_HEADER_SIZE, &archive->contents);
}

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
	contents__free(&archive->contents);
	if (archive->mapped)
		munmap((void *)archive->data, archive->size);
	free(archive);
}

const uint8_t *kbtf_archive__digest(const struct kbtf_archive *archive)
{
	return archive->digest;
}

/* ---- looking -------------------------------------------------------------------- */

size_t kbtf_archive__entry_count(const struct kbtf_archive *archive)
{
	return archive->contents.entry_count;
}

const struct kbtf_entry *kbtf_archive__entry(const struct kbtf_archive *archive, size_t index)
{
	if (index < archive->contents.entry_count)
		return &archive->contents.entries[index];
	errno = ENOENT;
	return NULL;
}

/* Thousands of entries are searched in microseconds, where to sort them would take longer. */
const struct kbtf_entry *kbtf_archive__find_build_id(const struct kbtf_archive *archive,
						     const uint8_t *build_id,
						     size_t build_id_len)
{
	for (uint32_t i = 0; build_id_len && i < archive->contents.entry_count; i++) {
		const struct kbtf_ident *ident = &archive->contents.entries[i].ident;

		if (!ident->build_id_short && build_id__compare(build_id, build_id_len,
				ident->build_id, ident->build_id_len) == 0)
			return &archive->contents.entries[i];
	}
	errno = ENOENT;
	return NULL;
}

const struct kbtf_entry *kbtf_archive__find_release(const struct kbtf_archive *archive,
						    const char *kernel_release,
						    const struct kbtf_entry *after)
{
	const struct contents *it = &archive->contents;

	for (uint32_t i = after ? after - it->entries + 1 : 0; i < it->entry_count; i++)
		if (strcmp(it->entries[i].ident.kernel_release, kernel_release) == 0)
			return &it->entries[i];
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
	return archive->contents.profile_count;
}

const struct kbtf_profile *kbtf_archive__profile(const struct kbtf_archive *archive, size_t index)
{
	if (index < archive->contents.profile_count)
		return &archive->contents.profiles[index];
	errno = ENOENT;
	return NULL;
}

static bool has_object(const struct kbtf_profile *profile, const uint8_t sha256[SHA256_SIZE])
{
	for (size_t i = 0; i < profile->object_count; i++)
		if (memcmp(profile->objects[i].sha256, sha256, SHA256_SIZE) == 0)
			return true;
	return false;
}

const struct kbtf_profile *
kbtf_archive__find_profile(const struct kbtf_archive *archive,
			   const uint8_t object_sha256[KBTF_SHA256_SIZE])
{
	for (size_t i = 0; i < archive->contents.profile_count; i++)
		if (has_object(&archive->contents.profiles[i], object_sha256))
			return &archive->contents.profiles[i];
	errno = ENOENT;
	return NULL;
}

const struct kbtf_profile *
kbtf_archive__find_min(const struct kbtf_archive *archive, const struct kbtf_entry *entry,
		       const uint8_t object_sha256[KBTF_SHA256_SIZE])
{
	for (size_t i = 0; i < archive->contents.profile_count; i++) {
		const struct kbtf_profile *profile = &archive->contents.profiles[i];

		if (kbtf_entry__min_size(entry, profile) && has_object(profile, object_sha256))
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

int kbtf_entry__read_btf(const struct kbtf_entry *entry, void **data, size_t *size)
{
	return entry->btf ? blob__unpack(entry->btf, true, data, size) : -ENOENT;
}

int kbtf_entry__read_data_types(const struct kbtf_entry *entry, void **data, size_t *size)
{
	return entry->btf ? blob__unpack(entry->btf, false, data, size) : -ENOENT;
}

static const struct part *find_min(const struct kbtf_entry *entry,
				   const struct kbtf_profile *profile)
{
	for (size_t i = 0; i < entry->min_count; i++)
		if (entry->mins[i].profile == profile)
			return entry->mins[i].part;
	return NULL;
}

size_t kbtf_entry__min_size(const struct kbtf_entry *entry, const struct kbtf_profile *profile)
{
	const struct part *part = find_min(entry, profile);

	return part ? part->size : 0;
}

int kbtf_entry__read_min(const struct kbtf_entry *entry, const struct kbtf_profile *profile,
			 void **data, size_t *size)
{
	const struct part *part = find_min(entry, profile);

	return part ? part__unpack(part, data, size) : -ENOENT;
}
