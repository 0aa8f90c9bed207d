/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The archive file, version 2. All numbers are little endian.
 *
 *   file     = header blob* index footer
 *   header   = magic[8] u32 version u32 zero
 *   blob     = whole: one zstd frame (RFC 8878) that states its content size;
 *              told: a data stream and a function stream (lineage.h), after the base's
 *   footer   = u64 index offset, u64 index size, digest[32] of the index, u64 zero, end magic[8]
 *
 *   index    = blobs profiles entries
 *   blobs    = u32 count, then for each: u64 offset, u64 stored size, u64 size, u64 size of
 *              the data stream, u32 kind, u32 base (a blob's number plus 1, or 0), digest[32]
 *              of the bytes that come out; by ascending digest, and in that order back to back
 *              from the header's end to the index
 *   profiles = u32 count, then for each, by ascending digest: str name, u32 object count,
 *              then for each object, by ascending digest: str name, sha256[32]
 *   entries  = u32 count, then for each, in ident__compare() order: ident, provenance,
 *              u32 blob's number plus 1 (0: minimized BTF alone), u32 min count, then for
 *              each, by ascending profile: u32 profile, u32 blob
 *   ident    = str distro, distro release, arch, kernel release, kernel version,
 *              u32 length, build ID
 *   provenance = str package, package version, package sha256, u32 verification, str verified
 *              by, encoder, encoder version, encoder flags, notes
 *   str      = u32 length, bytes, NUL
 *
 * digest is BLAKE2b-256 (digest.h). Full BTF is told, in canonical form (canonical.h), and
 * minimized BTF whole. Every order is fixed, nothing is padding, and a reader refuses what
 * breaks that; which base a kernel is told after is the writer's choice. The footer's digest covers the index, and the
 * index the blobs, so a signature of the footer would cover everything.
 */
#ifndef ARCHIVE_FORMAT_H
#define ARCHIVE_FORMAT_H

#include <stdint.h>

#include "base/digest.h"
#include "base/sha256.h"

#define FORMAT_VERSION 2
#define FORMAT_MAGIC "\x89KBTF\r\n\x1a"
#define FORMAT_END_MAGIC "\x1a\n\rFTBK\x89"
#define FORMAT_MAGIC_SIZE 8
#define FORMAT_HEADER_SIZE 16
#define FORMAT_FOOTER_SIZE (8 + 8 + DIGEST_SIZE + 8 + FORMAT_MAGIC_SIZE)
#define FORMAT_BLOB_RECORD_SIZE (4 * 8 + 2 * 4 + DIGEST_SIZE)
#define FORMAT_BLOB_WHOLE 0
#define FORMAT_BLOB_TOLD 1
/* So many blobs, one after another, may have to be followed for one. */
#define FORMAT_PATH_MAX 256
/* The least that an entry, a profile and an object take in the index. */
#define FORMAT_ENTRY_MIN_SIZE (5 * 5 + 4 + 3 * 5 + 4 + 5 * 5 + 4 + 4)
#define FORMAT_PROFILE_MIN_SIZE (5 + 4)
#define FORMAT_OBJECT_MIN_SIZE (5 + SHA256_SIZE)
#define FORMAT_MIN_RECORD_SIZE (4 + 4)
/* No kernel's BTF comes near; a frame that says more is not believed. */
#define FORMAT_BLOB_MAX (UINT64_C(1) << 30)

#endif
