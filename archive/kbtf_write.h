/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libkbtf, the writing side. See kbtf.h for the conventions.
 *
 * A writer holds a lock that other writers wait for, collects changes in memory and
 * replaces the file in one step at commit: readers see the archive before or after,
 * never between. Each kernel is stored as what is new in it after a relative that is there
 * already, so the bytes depend on the order in which kernels came; those of a compacted
 * archive depend on the set of its entries alone.
 *
 * Not supported: adding to an archive in memory, and module (split) BTF.
 */
#ifndef KBTF_WRITE_H
#define KBTF_WRITE_H

#include <kbtf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kbtf_writer;

/*
 * Open `path` for change; a file that does not exist begins empty. Of a symbolic link the
 * file it points to is changed. Blocks while another writer has the lock. Errors: as kbtf_archive__open, except ENOENT of the
 * file itself.
 */
KBTF_API struct kbtf_writer *kbtf_writer__open(const char *path);

/* The same, but does not wait for another writer: EWOULDBLOCK. */
KBTF_API struct kbtf_writer *kbtf_writer__try_open(const char *path);

/* BTF minimized for a set of objects. */
struct kbtf_new_min {
	const char *profile;                   /* name, for people */
	const struct kbtf_object_ref *objects; /* any order, no digest twice */
	size_t object_count;
	const void *btf;
	size_t btf_size;
};

struct kbtf_new_entry {
	size_t sz;
	struct kbtf_ident ident;
	struct kbtf_provenance provenance;
	/*
	 * Full BTF: raw bytes, either endianness; stored in canonical form. NULL: the entry has
	 * minimized BTF alone, at least one.
	 */
	const void *btf;
	size_t btf_size;
	const struct kbtf_new_min *mins;
	size_t min_count;
};

enum kbtf_added {
	KBTF_ADDED_NEW = 0,  /* nothing stood in its place */
	KBTF_ADDED_REPLACED, /* took the place of one or more entries */
	KBTF_ADDED_YIELDED   /* not added: it has no build ID, and an entry with one is there */
};

/*
 * Add an entry; everything is copied. Its place in the archive is
 * - its build ID, where it has one: an entry of the same build ID is replaced, and
 *   so is one without a build ID of the same arch and kernel release, if distro,
 *   distro release and kernel version agree or are unknown to that one;
 * - else (distro, distro release, arch, kernel release, kernel version): an entry of
 *   the same five is replaced, but the new one yields to an entry with a build ID
 *   that would have replaced it.
 * A replaced entry's minimized BTF is dropped with it.
 * What the archive has, but damaged, is stored anew.
 * Errors: EINVAL (no kernel release or arch, text with control characters, a package digest
 * that is none, BTF that libbpf can't parse), EMSGSIZE (BTF over 1 GiB, or over 64 MiB if it
 * is minimized), ECANCELED, ENOMEM.
 */
KBTF_API int kbtf_writer__add(struct kbtf_writer *writer, const struct kbtf_new_entry *entry,
			      enum kbtf_added *added);

/*
 * Drop an entry of the archive as it was when the writer was opened, or one added since: what
 * stands at this place. Its BTF stays in the file as long as others are stored after it, until
 * compaction. ENOENT.
 */
KBTF_API int kbtf_writer__remove(struct kbtf_writer *writer, const struct kbtf_ident *ident);

/*
 * Store all entries anew, in an order that depends on nothing but them. After this only commit.
 * EBADMSG (an entry is damaged), ECANCELED, ENOMEM; nothing has changed then.
 */
KBTF_API int kbtf_writer__compact(struct kbtf_writer *writer);

/*
 * `interrupted` is asked several times a second during the long parts of add; when it
 * says yes, add gives -ECANCELED and has added nothing. NULL: never.
 */
KBTF_API void kbtf_writer__set_interrupt(struct kbtf_writer *writer,
					 bool (*interrupted)(void *ctx), void *ctx);

/*
 * The archive as it was when the writer was opened, to look at before a change; NULL
 * if there was none. Lent until commit or close.
 */
KBTF_API const struct kbtf_archive *kbtf_writer__base(const struct kbtf_writer *writer);

/*
 * Write all changes: to a temporary file beside the archive, flushed to disk, then
 * renamed over it. On an error (ENOSPC, EIO, ...) the old archive stands and nothing is left behind.
 * Blocks that stay are copied as they are, compressed: a reader checks their digests.
 * After success the writer is spent: only close it.
 */
KBTF_API int kbtf_writer__commit(struct kbtf_writer *writer);

/* Release the lock and all memory. Without a commit nothing has happened. */
KBTF_API void kbtf_writer__close(struct kbtf_writer *writer);

/* What normalizing did, or what it stopped at. */
struct kbtf_normalization {
	size_t sz;
	uint32_t types;     /* that came in */
	uint32_t types_left;
	uint32_t counters;  /* names of members that lost their unit counter */
	char at_fault[256]; /* EIO: the type, "struct task_struct" */
};

/*
 * The normal form of BTF that was never deduplicated: canonical BTF (kbtf.h) in which types
 * of one kind, name and layout are one, whatever their pointers lead to; a declaration is the
 * struct that it declares, where there is but one; and members that a unit's counter names
 * (__UNIQUE_ID_<stem><N>) are counted in each struct anew.
 * Path, offset and size of each member are what they were, which is proved. *normal is
 * malloc'ed and the caller's to free; `about` may be NULL. Errors: those of
 * kbtf_btf__canonical, and EIO: the proof fails.
 */
KBTF_API int kbtf_btf__normalize(const void *btf, size_t size, void **normal, size_t *normal_size,
				 struct kbtf_normalization *about);

#ifdef __cplusplus
}
#endif
#endif
