/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the reader keeps of an open archive; the writer builds on it. */
#ifndef ARCHIVE_OPEN_ARCHIVE_H
#define ARCHIVE_OPEN_ARCHIVE_H

#include <kbtf.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/sha256.h"
#include "lineage.h"

/* BTF as it is stored: bytes lent from the archive or owned by a writer. */
struct blob {
	const uint8_t *stored;
	uint64_t stored_size;
	uint64_t size;            /* of the BTF */
	uint64_t data_size;       /* told: of the data stream, behind which the functions' is */
	bool told;                /* else a zstd frame */
	const struct blob *base;  /* told: the one before, or NULL */
	size_t depth;             /* so many are before it */
	uint64_t path_size;       /* stored bytes of it and all before it */
	uint8_t digest[DIGEST_SIZE];
};

struct kbtf_profile {
	const char *name;
	struct kbtf_object_ref *objects;
	size_t object_count;
	uint8_t digest[SHA256_SIZE];
};

struct entry_min {
	const struct kbtf_profile *profile;
	const struct blob *blob;
};

/* All strings are lent from the mapped index. */
struct kbtf_entry {
	struct kbtf_ident ident;
	struct kbtf_provenance provenance;
	const struct blob *btf;
	struct entry_min *mins;
	size_t min_count;
};

struct kbtf_archive {
	const uint8_t *data;
	size_t size;
	bool mapped;
	struct blob *blobs;
	size_t blob_count;
	struct kbtf_profile *profiles;
	size_t profile_count;
	struct kbtf_entry *entries;
	size_t entry_count;
	const struct kbtf_entry **by_build_id; /* those that have one */
	size_t build_id_count;
	const struct kbtf_entry **by_release;
};

DEFINE_CLEANUP(kbtf_archive__closep, struct kbtf_archive, kbtf_archive__close)
#define _cleanup_archive_ cleanup(kbtf_archive__closep)

/* SHA-256 of the objects' digests, which must be sorted. */
void profile__digest(const struct kbtf_object_ref *objects, size_t count,
		     uint8_t digest[SHA256_SIZE]);

int blob__unpack(const struct blob *blob, void **data, size_t *size);
/* Brings a new lineage to the blob, which is told; NULL leaves it empty. -EBADMSG, -ENOMEM. */
int blob__follow(const struct blob *blob, struct lineage *lineage);

#endif
