/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Relocations in words, for people. */
#ifndef ARCHIVE_CORE_WORDS_H
#define ARCHIVE_CORE_WORDS_H

#include "base/buf.h"
#include "core.h"

/* "struct task_struct", "typedef u32", "enum (no name)". */
void core_words__type(const struct core_types *types, uint32_t type, struct buf *out);
/* The same, and what is behind a pointer or in an array: "pointer to const struct x". */
void core_words__whole_type(const struct core_types *types, uint32_t type, struct buf *out);
/* A place as C has it: "struct sock.__sk_common.skc_v6_daddr[3]", "enum bpf_func_id.BPF_FUNC_x". */
void core_words__place(const struct core_types *types, const struct core_place *place,
		       struct buf *out);
/* Where a relocation is: "prog+12 (kprobe/do_exit)". */
void core_words__instruction(const struct core_relocation *relocation, struct buf *out);
/* What a spec asks for, and where first: "prog+12 (kprobe/do_exit): field_size of struct x.y". */
void core_words__question(const struct core_object *object, uint32_t spec, struct buf *out);
/*
 * Why libbpf refuses an object for a result that is AMBIGUOUS or REFUSED: where, what is asked
 * for, and what is wrong with it.
 */
void core_words__refusal(const struct core_object *object, uint32_t spec,
			 const struct core_target *target, const struct core_result *result,
			 struct buf *out);
/* The last of these alone; type IDs, which differ from kernel to kernel, only if asked for. */
void core_words__why_refused(const struct core_target *target, const struct core_result *result,
			     bool ids, struct buf *out);
/* What is wrong with an object file, into `text`, which may be NULL. */
void core_words__bad_object(const char *name, const struct core_object_error *error, char *text,
			    size_t size);

#endif
