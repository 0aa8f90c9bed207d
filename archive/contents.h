/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What an archive holds, as its index lists it: the reader keeps it, and a writer lays it out
 * before it writes. Bytes and texts are lent from the archive, or from the writer.
 */
#ifndef ARCHIVE_CONTENTS_H
#define ARCHIVE_CONTENTS_H

#include <kbtf.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/sha256.h"
#include "columns.h"
#include "texts.h"

/* A kernel's full BTF, told after another's (lineage.h). */
struct blob {
	const uint8_t *stored;    /* the data stream, and behind it the functions' */
	uint64_t stored_size;
	uint64_t data_size;       /* of the data stream */
	uint64_t size;            /* of the BTF */
	const struct blob *base;  /* the one it is told after, or NULL */
	uint32_t depth;           /* so many are before it */
	uint64_t path_size;       /* stored bytes of it and all before it */
	uint8_t digest[DIGEST_SIZE]; /* of the BTF */
	uint8_t data_digest[DIGEST_SIZE]; /* of the data stream's stored bytes */
	uint8_t function_digest[DIGEST_SIZE]; /* and of the function stream's */
};

/* A zstd frame with minimized BTF of several kernels, back to back. */
struct frame {
	const uint8_t *stored;
	uint64_t stored_size;
	uint64_t size;
	uint8_t digest[DIGEST_SIZE]; /* of the stored bytes */
};

/* Minimized BTF: a part of a frame. */
struct part {
	const struct frame *frame;
	uint64_t offset, size;
};

struct kbtf_profile {
	const char *name;
	struct kbtf_object_ref *objects; /* by ascending digest */
	size_t object_count;
	uint8_t digest[SHA256_SIZE];
};

struct entry_min {
	const struct kbtf_profile *profile;
	const struct part *part;
};

struct kbtf_entry {
	struct kbtf_ident ident;
	struct kbtf_provenance provenance;
	const struct blob *btf;   /* or NULL */
	struct entry_min *mins;
	size_t min_count;
};

struct contents {
	struct blob *blobs;       /* a base before those that are told after it */
	struct frame *frames;
	struct part *parts;       /* frame by frame, in the order of their offsets */
	struct kbtf_profile *profiles; /* by ascending digest */
	struct kbtf_entry *entries; /* in ident__compare() order */
	uint32_t blob_count, frame_count, part_count, profile_count, entry_count;
	/* what those point to, where they were read */
	struct texts texts;
	struct kbtf_object_ref *objects;
	struct entry_min *mins;
	uint8_t *build_ids;
	char (*package_digests)[2 * SHA256_SIZE + 1];
};

/* All that was read; of what a writer laid out, the five arrays. */
void contents__free(struct contents *contents);

/* SHA-256 of the objects' digests, which must be sorted. */
void profile__digest(const struct kbtf_object_ref *objects, size_t count,
		     uint8_t digest[SHA256_SIZE]);

/*
 * The index's bytes. Pointers lead into the five arrays. -ENOMEM, -E2BIG: more than an index
 * can list; -EIO (zstd).
 */
int contents__write(struct contents *contents, const struct columns_effort *effort,
		    struct buf *out);

/*
 * Reads an index; `chunks` is what lies before it in the file. -EBADMSG, -ENOTSUP: it lists
 * what this version does not know; -ENOMEM.
 */
int contents__read(const void *index, size_t index_size, const uint8_t *chunks,
		   size_t chunks_size, struct contents *contents);

/* Whether its machine is of big endian; an archive's bytes are little endian all the same. */
bool entry__is_big_endian(const struct kbtf_entry *entry);

#endif
