/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A kernel's own file: what it says about itself, and how it becomes BTF. */
#ifndef BTFGEN_IMAGE_H
#define BTFGEN_IMAGE_H

#include "base/error.h"
#include "base/meter.h"
#include "base/vmlinux.h"
#include "stage/plan.h"

struct image {
	char *path;
	bool is_copy;               /* in scratch, and may be changed */
	struct kernel_image about;
	void *btf;                  /* where the file is raw BTF itself */
	size_t btf_size;
};

/*
 * Look at `path`: vmlinux, vmlinuz or raw BTF. `encoder` says whether .BTF is of
 * interest. Errors: -ENOEXEC (none of these), -EBADMSG, those of open(2).
 */
int image__open(const char *path, bool is_copy, enum encoder encoder, struct image *image,
		struct error *err);
void image__free(struct image *image);

struct image_encoding {
	const char *scratch;
	const char *kernel_release;
	unsigned int timeout_s;     /* as in stage/encode.h */
	uint64_t memory_limit;
	struct meter *meter;
	const struct objects *objects; /* what it is to be minimized for, or NULL */
	bool min_only;              /* and it alone is wanted */
	bool nested_arrays;         /* of what is made for them: as in stage/encode.h */
	unsigned int threads;       /* of an encoder that has some; 0: 1 */
	bool normalize;             /* as kbtf_btf__normalize(), noted in `notes` */
};

struct image_btf {
	void *btf;
	size_t size;
	bool is_partial;            /* good for being minimized for the objects alone */
	const char *encoder;        /* "pahole", "embedded", "dwarf" or "import"; static */
	char *version, *flags;      /* the encoder's; "" */
	char *notes;                /* what was changed on the way; "" */
};

/*
 * Its BTF, checked: the file's own where `encoder` allows; else what the objects may ask for of
 * its DWARF, if `encoder` allows that and no more is wanted; else pahole's, made from a work copy. -ENODATA: it holds no BTF, or no DWARF, as the encoder needs it; -EIO: it can't be
 * normalized.
 */
int image__encode(struct image *image, enum encoder encoder, const struct image_encoding *opts,
		  struct image_btf *btf, struct error *err);
void image_btf__free(struct image_btf *btf);

#endif
