/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One kernel, from a package or file that is here to an entry in the archive: the stages
 * extract, encode, minimize and pack in a row.
 */
#ifndef BTFGEN_JOB_H
#define BTFGEN_JOB_H

#include <jansson.h>
#include <kbtf.h>

#include "base/error.h"
#include "base/keyring.h"
#include "base/meter.h"
#include "base/objects.h"
#include "base/sparse_image.h"
#include "base/workdir.h"
#include "stage/plan.h"

/* Where distributions put vmlinux and vmlinuz in their packages, and BTFHub its BTF. */
#define JOB_USUAL_MEMBERS                                                                \
	"usr/lib/debug/boot/vmlinux-* usr/lib/debug/lib/modules/*/vmlinux "              \
	"usr/lib/debug/usr/lib/modules/*/vmlinux lib/debug/boot/vmlinux-* boot/vmlinux-* " \
	"usr/lib/debug/lib/modules/*/vmlinux.debug "                                     \
	"usr/lib/debug/usr/lib/modules/*/vmlinux.debug "                                 \
	"boot/vmlinuz-* usr/lib/modules/*/vmlinuz lib/modules/*/vmlinuz *.btf"

/* What a whole run shares. */
struct job_opts {
	const char *archive_path;
	struct workdir *work;
	const struct objects *objects; /* count 0: minimize for nothing */
	unsigned int timeout_s;        /* of the encoder */
	uint64_t memory_limit;         /* of the encoder */
	bool keep;                     /* leave scratch directories */
	bool min_only;                 /* archive minimized BTF alone */
	unsigned int threads;          /* of the encoder; 0: 1 */
	bool normalize;                /* the full BTF, before all else */
};

struct job_input {
	const char *path;              /* or the URL of what is read in parts: for messages */
	const char *name;              /* what the user knows that by; NULL: the path */
	const struct package_place *remote; /* which it is then, or NULL */
	const char *member;            /* patterns of the wanted file in a package; NULL: the usual ones */
	struct trust rpm_trust;        /* who must have signed an .rpm; no keyrings: nobody */
	bool must_be_rpm;              /* anything else has no signature that could be asked for */
	enum encoder encoder;
	/*
	 * What is known about the kernel beforehand; "" and 0 where nothing is. What the
	 * kernel's file says of itself must agree with it, unless `override`.
	 */
	struct kbtf_ident known;
	bool override;
	struct kbtf_provenance provenance; /* package and how it was verified */
};

enum job_stage { STAGE_FETCH, STAGE_EXTRACT, STAGE_ENCODE, STAGE_MINIMIZE, STAGE_PACK, STAGE_COUNT };
const char *job_stage__name(enum job_stage stage);

/* What came of it, also as far as it got before a failure. */
struct job_result {
	enum job_stage stage;          /* the last one begun */
	double seconds[STAGE_COUNT];
	uint64_t fetched;              /* bytes from the network */
	bool yielded;                  /* the archive has a better entry, which stays */
	char *distro, *distro_release, *arch, *kernel_release, *kernel_version;
	char build_id[2 * KBTF_BUILD_ID_MAX + 1]; /* hex */
	char *package;
	char *encoder, *encoder_version, *encoder_flags, *notes;
	enum kbtf_verification verification;
	char *verified_by;
	size_t full_size, stored_size, min_size;
};

/*
 * -ENODATA says that the file holds no BTF, or no DWARF, as the encoder needs it:
 * another package of the same kernel may. Other errors are final for this input.
 */
int job__run(const struct job_opts *opts, const struct job_input *input, struct meter *meter,
	     struct job_result *result, struct error *err);
/* The archive's own full BTF of `entry`, minimized for one more set of objects. */
int job__minimize(const struct job_opts *opts, const struct kbtf_entry *entry,
		  struct meter *meter, struct job_result *result, struct error *err);
void job_result__free(struct job_result *result);
/* For --json and for records; a new reference. */
json_t *job_result__json(const struct job_result *result);

#endif
