/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * LINUX_KERNEL_VERSION as libbpf gives it to objects: from what the running kernel says of itself,
 * for kernels that do not run here. Where one of the places that libbpf looks at is not known, the
 * last number is not, since Debian's and Ubuntu's names do not have it.
 */
#ifndef ARCHIVE_KERNEL_VERSIONS_H
#define ARCHIVE_KERNEL_VERSIONS_H

#include <kbtf.h>
#include <stdbool.h>

/* Nothing is known. */
#define KERNEL_VERSIONS_MAX INT32_MAX
#define KERNEL_VERSIONS_ANY ((struct kernel_versions){ 0, KERNEL_VERSIONS_MAX })

/* One of these, ends included. */
struct kernel_versions {
	uint32_t from, to;
};

struct kernel_versions kernel_versions__of(const struct kbtf_ident *ident);

static inline bool kernel_versions__are_in(struct kernel_versions inner,
					   struct kernel_versions outer)
{
	return inner.from >= outer.from && inner.to <= outer.to;
}

/* What holds for all of these, as far as versions matter. */
struct version_scope {
	struct kernel_versions versions;
	bool same; /* it holds for those alone of which just the same is known */
};

/* A number that is compared with: all those of `versions` compare alike, or they do not. */
void version_scope__compare(struct version_scope *scope, struct kernel_versions versions,
			    int64_t number, bool alike);
/* What depends on another thing, too. */
void version_scope__join(struct version_scope *scope, const struct version_scope *other);

#endif
