/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* An object on its way into the kernel: what the parts of the loading side share. */
#ifndef ARCHIVE_OBJECT_H
#define ARCHIVE_OBJECT_H

#include <kbtf_load.h>

#include "base/sha256.h"
#include "code_moves.h"
#include "globals.h"
#include "remarks.h"
#include "source_lines.h"
#include "targets.h"

struct kbtf_object {
	struct bpf_object *bpf;
	struct bpf_object_skeleton *skeleton; /* that it was opened for, or NULL */
	struct btf *btf;          /* the object file's own */
	struct globals globals;
	bool needs_btf;
	bool needs_functions;     /* in that BTF; or its type IDs */
	bool legacy;
	bool loaded;
	bool allowed;             /* the kernel took a program of ours already */
	struct bpf_program *failed;
	int btf_fd;               /* memfd with the kernel's BTF, or -1 */
	char *btf_path;           /* what libbpf relocates against; NULL: the kernel's own */
	void *adapted;            /* the file as libbpf sees it, where that is another */
	size_t adapted_size;
	char *kconfig;
	struct program_log {
		struct bpf_program *program;
		char *text;
		uint64_t place, size; /* of the program's code in its section, in bytes */
	} *logs;
	size_t log_count;
	/* where variables lie, by the symbols of the file */
	struct variable_place {
		char *name;
		size_t section; /* its index */
		uint64_t offset;
	} *places;
	size_t place_count;
	/* which program uses which array of programs */
	struct array_use {
		struct bpf_map *map;
		const struct bpf_program *program;
	} *array_uses;
	size_t array_use_count;
	/* of maps of maps, where the kernel refuses libbpf's */
	int *inner_maps;
	size_t inner_map_count;
	struct source_lines lines;
	struct targets targets;
	struct remarks remarks;
};

/*
 * Sets btf_path, where libbpf is to relocate against something else than the kernel's own.
 * `data` is the object file, as it came; needs_btf is set before.
 */
int object__choose_btf(struct kbtf_object *object, const void *data, size_t size,
		       const struct kbtf_object_opts *opts);

/* Rewrites *elf where the kernel has no global variables, and makes object->adapted then. */
int object__adapt_globals(struct kbtf_object *object, struct bpf_elf *elf,
			  const struct kbtf_object_opts *opts);
/* Between open and load: */
int object__replace_ring_buffers(struct kbtf_object *object);
/* Of the programs to be loaded: helpers that older ones can stand in for. */
int object__replace_helpers(struct kbtf_object *object);
/*
 * Of alternatives the first that this kernel can have, and what may be left out is. `elf`
 * is what libbpf has opened.
 */
int object__choose_programs(struct kbtf_object *object, struct bpf_elf *elf,
			    const struct kbtf_object_opts *opts);
/* Without privileges every question to the kernel is answered with no: ask before believing one. */
int object__check_allowed(struct kbtf_object *object);

/* What the bytes are that are no object for this machine. */
void object__remark_no_object(struct kbtf_object *object, const void *data, size_t size);
/* What stands behind libbpf's error, as remarks; sets failed where it was one program. */
void object__remark_open_failure(struct kbtf_object *object, const struct bpf_elf *elf, int err);
void object__remark_load_failure(struct kbtf_object *object, int err);
/* What will be seen only in what its programs don't see. */
void object__warn(struct kbtf_object *object);

/* Sets array_uses. */
int object__find_array_uses(struct kbtf_object *object, const struct code_moves *functions,
			    struct bpf_elf *elf);
/* Just before load: arrays of programs that no program uses which is to be loaded. */
void object__leave_out_arrays(struct kbtf_object *object);

/* Just before load: flags of maps that are dropped where the kernel does not know them. */
int object__drop_map_flags(struct kbtf_object *object);
/* After that: inner maps that the kernel takes, where it refuses the name of libbpf's. */
int object__replace_inner_maps(struct kbtf_object *object);

/* Sets places. */
int object__find_places(struct kbtf_object *object, const struct bpf_elf *elf);
/* libbpf's map of a section of variables, or NULL. */
struct bpf_map *object__find_map(const struct kbtf_object *object,
				 const struct global_section *section);
/* Contents before load: libbpf's copy, which skeletons point into, or else the file's. */
uint8_t *object__staged(const struct kbtf_object *object, const struct global_section *section);
/* Words for the -ESRCH of a load: which values of the kernel's configuration it asks for. */
void object__remark_externs(struct kbtf_object *object);
/* So that bpf_object__destroy_skeleton() finds nothing to close a second time. */
void object__leave_skeleton(struct kbtf_object *object);
/* Just before load: values of externs, and constants folded into programs. */
int object__settle_constants(struct kbtf_object *object);

#endif
