/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What stands behind a failure to load, in words: the verifier's, and bpf(2)'s for maps. */
#ifndef ARCHIVE_EXPLAIN_H
#define ARCHIVE_EXPLAIN_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What the last words of a verifier's log mean for a program of this type. False, and "",
 * where they are not known.
 */
bool explain__log(const char *log, enum bpf_prog_type type, char *out, size_t size);

/* One that a verifier writes as an instruction, a state or source, not as a complaint. */
bool explain__is_listing(const char *line);

/* Programs that read the kernel's memory, which a lockdown forbids. */
bool explain__is_tracing(enum bpf_prog_type type);

/* Since which version the kernel has maps of this type, "5.8"; NULL: unknown. A label, no test. */
const char *explain__map_since(enum bpf_map_type type);

#endif
