/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The archive file, version 4. All numbers of fixed size are little endian, others varints.
 * kbtf-archive(5) tells it to others: what changes here changes there, and
 * tests/check/archive-format.sh reads by that page.
 *
 *   file   = header blob* frame* index footer
 *   header = magic[8] u32 version u32 zero
 *   blob   = a kernel's full BTF, told after its base: a data stream and a function stream
 *            (lineage.h)
 *   frame  = a zstd frame (RFC 8878): minimized BTF, one after the other
 *   index  = a table of columns (columns.h): what there is, and which kernels
 *   footer = u64 index offset, u64 index size, digest[32] of the index, u64 zero, end magic[8]
 *
 * Both kinds of BTF come out in canonical form (canonical.h). digest is BLAKE2b-256
 * (digest.h): of a blob's BTF, and of the stored bytes of each of its streams, of a frame and of
 * the index. The footer's covers the index, and the index all that comes out, so a signature
 * of it would cover everything.
 *
 * The index, whose columns are below:
 * - INDEX_COUNTS has how many there are of what follows: module records (none in this
 *   version), texts, blobs, parts of frames, frames, profiles, entries.
 * - Texts are by ascending bytes (texts.h). Where another column has a text, it is its number.
 * - Blobs are in the order of the file, a base before those that are told after it:
 *   BLOB_BASE is how many blobs before it, 0 for none. Frames are in the order of the file,
 *   too; theirs is what lies between the last blob and the index, back to back.
 * - Profiles are by ascending digest, and so are the objects of each.
 * - Entries are in ident__compare() order. ENTRY_BLOB is the blob's number plus 1, 0 for none;
 *   MIN_PART is a part's number, counted through all frames.
 * - Columns of texts, ENTRY_BLOB, MIN_PROFILE and MIN_PART tell the difference to their value
 *   before (at first 0): twice that if it is not negative, else twice its opposite less 1.
 *
 * Every order is fixed, nothing is padding, nothing is there that no entry needs, and a reader
 * refuses what breaks that. What base a blob has, and which parts share a frame, is the
 * writer's choice.
 */
#ifndef ARCHIVE_FORMAT_H
#define ARCHIVE_FORMAT_H

#include <kbtf.h>
#include <stdint.h>

#include "base/digest.h"

#define FORMAT_VERSION KBTF_FORMAT_VERSION
#define FORMAT_MAGIC "\x89KBTF\r\n\x1a"
#define FORMAT_END_MAGIC "\x1a\n\rFTBK\x89"
#define FORMAT_MAGIC_SIZE 8
#define FORMAT_HEADER_SIZE 16
#define FORMAT_FOOTER_SIZE (8 + 8 + DIGEST_SIZE + 8 + FORMAT_MAGIC_SIZE)
/* So many blobs, one after another, may have to be followed for one. */
#define FORMAT_PATH_MAX 256
/* No kernel's BTF comes near, nor what is minimized of several: what says more is not believed. */
#define FORMAT_BTF_MAX (UINT64_C(1) << 30)
#define FORMAT_FRAME_MAX (UINT64_C(64) << 20)

enum index_column {
	INDEX_COUNTS,
	TEXT_SHARED,          /* bytes that are those of the text before */
	TEXT_REST,            /* the others, and a NUL */
	BLOB_STORED,          /* bytes in the file */
	BLOB_DATA,            /* of these the data stream's */
	BLOB_SIZE,            /* bytes of the BTF */
	BLOB_BASE,
	BLOB_DIGEST,
	BLOB_DATA_DIGEST,     /* of the data stream's stored bytes */
	BLOB_FUNCTION_DIGEST, /* and of the function stream's, which not everybody reads */
	FRAME_STORED,
	FRAME_DIGEST,
	FRAME_PARTS,          /* how many */
	PART_SIZE,
	PROFILE_NAME,
	PROFILE_OBJECTS,      /* how many */
	OBJECT_NAME,
	OBJECT_SHA256,
	ENTRY_DISTRO,
	ENTRY_DISTRO_RELEASE,
	ENTRY_ARCH,
	ENTRY_KERNEL_RELEASE,
	ENTRY_KERNEL_VERSION,
	ENTRY_BUILD_ID_SIZE,  /* twice the bytes, plus 1 if they are the first of it alone */
	ENTRY_BUILD_ID,
	ENTRY_PACKAGE,
	ENTRY_PACKAGE_VERSION,
	ENTRY_SHA256_KNOWN,   /* whether the package's digest is */
	ENTRY_SHA256,
	ENTRY_VERIFICATION,   /* enum kbtf_verification */
	ENTRY_VERIFIED_BY,
	ENTRY_ENCODER,
	ENTRY_ENCODER_VERSION,
	ENTRY_ENCODER_FLAGS,
	ENTRY_NOTES,
	ENTRY_BLOB,
	ENTRY_MINS,           /* how many */
	MIN_PROFILE,
	MIN_PART,
	INDEX_COLUMNS
};

#endif
