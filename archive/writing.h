/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A writer from the inside: drafts of entries (writer.c), which refer to full BTF (telling.c)
 * and minimized BTF (excerpts.c), until they are laid out (layout.c) and written.
 */
#ifndef ARCHIVE_WRITING_H
#define ARCHIVE_WRITING_H

#include <kbtf_write.h>

#include "base/cleanup.h"
#include "contents.h"

/* High enough for a file that is made once and read often: 2.5 s for a 4 MB BTF. */
#define COMPRESSION_LEVEL 19

/* Minimized BTF, which may be stored already. */
struct excerpt {
	const uint8_t *bytes;       /* NULL: not read yet */
	size_t size;
	uint8_t digest[DIGEST_SIZE]; /* once it was read */
	const struct part *part;    /* of the base archive; NULL: it is new */
	size_t order;               /* while it is laid out: its place among those in use, plus 1 */
};

struct draft_min {
	const struct kbtf_profile *profile;
	struct excerpt *excerpt;
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
	struct excerpt **excerpts;  /* the base's, by part, then new ones */
	size_t excerpt_count;
	bool excerpts_read;         /* as far as they are not damaged */
	bool anew;                  /* no frame of the base stays as it is */
	/* everything that drafts point to and the base does not own */
	void **owned;
	size_t owned_count;
	bool spent;
	bool (*interrupted)(void *ctx);
	void *interrupt_ctx;
};

/* Takes `ptr` over for as long as the writer lives, also on failure; NULL in gives NULL out. */
void *writer__own(struct kbtf_writer *writer, void *ptr);
/* -EMSGSIZE, or -EINVAL if libbpf can't parse it or there are no types in it where some must be. */
int writer__check_btf(const void *btf, size_t size, uint64_t max, bool may_be_empty);

/* Full BTF: the blob that has it, which may be there already. Errors as kbtf_writer__add(). */
int writer__tell(struct kbtf_writer *writer, const struct kbtf_ident *ident, const void *btf,
		 size_t size, const struct blob **out);

/* The excerpts that the base has. -ENOMEM. */
int writer__begin_excerpts(struct kbtf_writer *writer);
/* The excerpt that has minimized BTF, which may be there already. Errors as kbtf_writer__add(). */
int writer__excerpt(struct kbtf_writer *writer, const void *btf, size_t size,
		    struct excerpt **out);
/* Reads it, if need be. -EBADMSG, -ENOMEM. */
int excerpt__read(struct kbtf_writer *writer, struct excerpt *excerpt);

/*
 * What the archive is to hold, in its fixed order. To be freed with contents__free().
 * -EBADMSG: a frame of the base is damaged; -ENOMEM.
 */
int writer__lay_out(struct kbtf_writer *writer, struct contents *contents);

#endif
