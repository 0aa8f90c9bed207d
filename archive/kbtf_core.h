/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libkbtf: what the CO-RE relocations of BPF objects find in a kernel's BTF, as libbpf would
 * find it when it loads them there. See kbtf.h for the conventions.
 */
#ifndef KBTF_CORE_H
#define KBTF_CORE_H

#include <kbtf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A set of objects that BTF is minimized for: all that can be known of them without a kernel. */
struct kbtf_minimizer;

KBTF_API struct kbtf_minimizer *kbtf_minimizer__new(void);
KBTF_API void kbtf_minimizer__free(struct kbtf_minimizer *minimizer);

/*
 * Add an object file, of either byte order; it is copied. `name` is for messages. Errors:
 * EBADMSG (no BPF object, or one without BTF), ENOTSUP (its BTF has kinds of types that are
 * unknown), ENOMEM. Then `why`, which may be NULL, has words of up to why_size bytes.
 */
KBTF_API int kbtf_minimizer__add(struct kbtf_minimizer *minimizer, const char *name,
				 const void *object, size_t size, char *why, size_t why_size);

/*
 * The types of `btf`, of either byte order, that the objects' relocations touch, in the order
 * that they have there. Relocating against them gives the same as against all, type IDs
 * aside, which is proved each time. *min is malloc'ed and the caller's to free. Errors: EINVAL (no BTF, or one that
 * contradicts itself), ENOTSUP (it has kinds of types that are unknown), ESTALE (libbpf
 * would refuse an object: candidates for a relocation disagree), EIO (the proof fails), ENOMEM. `why` as above. Any
 * number of threads may use a minimizer at once, as long as none adds to it.
 */
KBTF_API int kbtf_minimizer__run(const struct kbtf_minimizer *minimizer, const void *btf,
				 size_t size, void **min, size_t *min_size, char *why,
				 size_t why_size);

/*
 * Of one of many entries: `err` is 0, and `min` is malloc'ed and the callee's; or one of the
 * errors above, ENOENT (it has minimized BTF alone), EBADMSG (it is damaged), with words.
 * What is not 0 ends the run, which returns it.
 */
typedef int (*kbtf_minimized_fn)(void *ctx, size_t number, int err, void *min, size_t min_size,
				 const char *why);

/*
 * The same for entries of one archive, in the order in which they are stored after each other,
 * which is what they share. `fn` gets each once, by its number among `entries`. Minimized BTF
 * is in canonical form, as an archive has it. Where an archive's machine is of big endian, its
 * architecture says so. Functions are not read. Errors: ENOMEM,
 * and what `fn` returns.
 */
KBTF_API int kbtf_minimizer__run_entries(const struct kbtf_minimizer *minimizer,
					 const struct kbtf_entry *const *entries, size_t count,
					 kbtf_minimized_fn fn, void *ctx);

/*
 * Whether all relocations of an object come out the same on two kernels, IDs of types aside, so
 * that it is likely that they do on a kernel between. Of each, BTF minimized for this very object
 * counts, or full BTF. `neighbours` are of the archive. 0: they do. Errors: ENOTUNIQ (they don't), ENOENT (a
 * neighbour is missing, or has no such BTF), EBADMSG (no BPF object, or one without BTF; a damaged
 * archive), ENOTSUP (kinds of types that are unknown), ENOMEM. `why` has words then, as above:
 * the relocation that differs, and how.
 */
KBTF_API int kbtf_neighbours__prove(const struct kbtf_archive *archive,
				    const struct kbtf_neighbours *neighbours,
				    const void *object, size_t size, char *why, size_t why_size);

#ifdef __cplusplus
}
#endif
#endif
