/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a command about BPF objects on kernels is asked: which objects, on which kernels. */
#ifndef BTFGEN_INQUIRY_H
#define BTFGEN_INQUIRY_H

#include "archive_file.h"
#include "base/objects.h"
#include "operands.h"

struct inquiry {
	/* from the command line */
	struct entry_filter filter;
	struct operands operands;
	/* what comes of it */
	struct objects objects;       /* one at least; what can't be used is on stderr already */
	char *archive_path;
	struct kbtf_archive *archive; /* NULL: no entry is asked about */
};

/*
 * Take the command's arguments, read the objects, the bundled ones where none is given, and open
 * the archive if it is asked for; also where no kernel is given and `needs_kernels`. EXIT_OK,
 * or an exit code with the reason on stderr.
 */
int inquiry__begin(struct inquiry *it, char **arguments, int count, bool needs_kernels);
void inquiry__free(struct inquiry *it);

/* An entry of the archive, or a file: the other is NULL. */
typedef int (*inquiry_kernel_fn)(void *ctx, const struct kbtf_entry *entry, const char *path,
				 struct error *err);
/* All kernels, files first. What `fn` returns and is not 0 ends it. */
int inquiry__each_kernel(const struct inquiry *it, inquiry_kernel_fn fn, void *ctx,
			 struct error *err);
/* What is wrong with a kernel of it, on stderr. */
void inquiry__name_error(const struct kbtf_entry *entry, const char *path, const char *error);
/* Objects that can't be used, added to an array; docs/formats.md has the form. */
void inquiry__add_unusable(const struct inquiry *it, json_t *array);
/* Of a run that failed: the exit code, with the reason on stderr. */
int inquiry__failed(int res, const struct error *err);

#endif
