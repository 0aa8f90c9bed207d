/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage: which of the known kernels are work, and what work. Pure: the network, the disk
 * and the clock have no part in it.
 */
#ifndef BTFGEN_PLAN_H
#define BTFGEN_PLAN_H

#include <kbtf.h>

#include "base/error.h"
#include "base/kernel.h"
#include "base/objects.h"
#include "base/shard.h"

enum encoder {
	ENCODER_AUTO,     /* the kernel's own .BTF where there is one, else pahole */
	ENCODER_PAHOLE,
	ENCODER_EMBEDDED, /* the kernel's own .BTF */
	ENCODER_DWARF,    /* of DWARF, just what the objects may ask for */
};

/* -EINVAL for a name that is none. */
int encoder__parse(const char *name, enum encoder *encoder, struct error *err);

enum task_kind {
	TASK_BUILD,      /* fetch, extract, encode, minimize, pack */
	TASK_MINIMIZE,   /* the archive has the full BTF; minimize it for the profile */
	TASK_DONE,       /* the archive has it all */
	TASK_IMPOSSIBLE, /* the encoder asked for cannot work: `why` says so */
	TASK_WAITING,    /* work, but it failed too often to be tried before `until` */
	TASK_KINDS
};
const char *task_kind__name(enum task_kind kind);

#define TASK_ID_SIZE 17

struct task {
	const struct kernel *kernel;         /* lent */
	enum task_kind kind;
	enum encoder encoder;                /* AUTO: embedded first, then pahole */
	const struct package *package;       /* to begin with; NULL unless TASK_BUILD */
	const char *why;
	int64_t until;                       /* TASK_WAITING: seconds since 1970 */
	char id[TASK_ID_SIZE];               /* of the kernel, in hex: the same in each run */
	unsigned int shard;                  /* of opts.shard.count; 0: that is 0 */
};

struct plan {
	struct task *tasks;                  /* in the order of the list: sorted */
	size_t count;
	size_t by_kind[TASK_KINDS];
	size_t elsewhere;                    /* left to other shards, or not of the IDs */
};

struct plan_opts {
	enum encoder encoder;
	const struct objects *objects;
	bool min_only;                       /* minimized BTF alone is wanted */
	bool full_verify;                    /* what came of a part of a package does not do */
	/* the encoder's version and flags for a kernel release, to know old work from current */
	bool (*is_current)(void *arg, const char *kernel_release,
			   const struct kbtf_provenance *provenance);
	void *arg;
	/* when a kernel that failed is due again, or 0; NULL: nothing waits */
	int64_t (*waits_until)(void *arg, const struct kernel *kernel);
	unsigned int newest;                 /* only the N newest of each flavour; 0: all */
	struct shard shard;                  /* only this share; index 0: all, but each with its shard */
	const char *const *ids;              /* only these, NULL at the end; NULL: all */
};

/* `archive` may be NULL. The plan lends from `kernels`, which must stay as they are. */
int plan__make(const struct kernel_list *kernels, const struct kbtf_archive *archive,
	       const struct plan_opts *opts, struct plan *plan, struct error *err);
void plan__free(struct plan *plan);

/* The archive's entry that was made from one of the kernel's packages, or NULL. */
const struct kbtf_entry *plan__find_entry(const struct kbtf_archive *archive,
					  const struct kernel *kernel);
/* The profile of just these objects, or NULL. */
const struct kbtf_profile *plan__find_profile(const struct kbtf_archive *archive,
					      const struct objects *objects);

#endif
