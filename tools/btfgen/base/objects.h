/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A set of BPF object files that BTF is minimized for: what an archive calls a profile. */
#ifndef BTFGEN_OBJECTS_H
#define BTFGEN_OBJECTS_H

#include <kbtf_core.h>

#include "base/error.h"

struct unusable_object {
	char *path, *why; /* in words, with the path */
};

struct objects {
	char *name;                   /* of the profile */
	char **paths;
	struct kbtf_object_ref *refs; /* names are lent from paths */
	size_t count;                 /* 0: nothing is to be minimized */
	struct kbtf_minimizer *minimizer; /* for all of them */
	struct unusable_object *unusable; /* of objects__read_usable() */
	size_t unusable_count;
};

/*
 * The objects at `paths`; files of equal bytes count once. Errors: -ENOENT and other
 * errnos of open(2), -EBADMSG for what is no ELF object for BPF, or has no BTF.
 */
int objects__read(const char *const *paths, size_t count, const char *profile,
		  struct objects *objects, struct error *err);
/* What can't be used is set apart, and ends nothing. Errors: -ENOMEM. */
int objects__read_usable(const char *const *paths, size_t count, struct objects *objects,
			 struct error *err);
/* All *.bpf.o of a directory, by name; -ENOENT if there is none. */
int objects__read_dir(const char *dir, const char *profile, struct objects *objects,
		      struct error *err);
void objects__free(struct objects *objects);

/* Whether a file is ELF for the BPF machine, of either byte order; its beginning will do. */
bool object_file__is_bpf(const void *data, size_t size);

#endif
