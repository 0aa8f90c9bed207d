/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Kernel identity: order, and what agrees with what. */
#ifndef ARCHIVE_IDENT_H
#define ARCHIVE_IDENT_H

#include <kbtf.h>

/* A caller's struct at this library's size: missing fields zero, NULL strings "". */
int ident__normalize(const struct kbtf_ident *in, struct kbtf_ident *out);

/* The same of a machine and of what is known of it besides; `opts_in` may be NULL. */
int ident__normalize_host(const struct kbtf_ident *in, const struct kbtf_select_opts *opts_in,
			  struct kbtf_ident *out, struct kbtf_select_opts *opts);

/* The order of entries in an archive. */
int ident__compare(const struct kbtf_ident *a, const struct kbtf_ident *b);

int build_id__compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/* Both have a build ID, and it is the same; where one is short, as far as it goes, of one release. */
bool ident__same_build(const struct kbtf_ident *a, const struct kbtf_ident *b);

/*
 * `vague` has no build ID, and all that it does say (arch and kernel release, and the
 * others where they are known) is what `exact`, which has one, says.
 */
bool ident__gives_way(const struct kbtf_ident *vague, const struct kbtf_ident *exact);

/*
 * Whether a release of a distribution, by os-release's VERSION_ID, has a kernel that is listed
 * for `entry`: that release itself, or the major one of it. Repositories are of 8, hosts are
 * 8.4.
 */
bool distro_release__has(const char *host, const char *entry);

/* NULL or text without control characters (notes may have newlines). */
bool text__is_clean(const char *text, bool newlines);

/*
 * Copy a versioned struct of the caller's, whose first member is its size, into one of
 * `own` bytes. E2BIG if it has bytes that this library does not know and they are not zero.
 */
int versioned__copy(void *out, size_t own, const void *in);

#endif
