/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which of an object's programs this kernel gets, and which of its maps. */
#include "object.h"

#include <bpf/bpf.h>
#include <string.h>

#include "attach_types.h"
#include "base/cleanup.h"
#include "needs.h"
#include "probe.h"
#include "targets.h"

struct choice {
	struct kbtf_object *object;
	struct bpf_elf *elf;
	struct code_moves functions; /* none, where they don't make up the object's code */
	bool kernel_btf;
	enum bpf_prog_type known;    /* most objects have programs of one type */
	bool *missing_maps;          /* by the order of libbpf's maps: types the kernel lacks */
};

/* ---- maps ------------------------------------------------------------------------------- */

static bool lacks_map(const struct bpf_map *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(map));
	enum bpf_map_type type = bpf_map__type(map);
	_cleanup_close_ int fd = -1;
	int has;

	/* every kernel that has BPF maps has these; for all others it is asked */
	if (type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY ||
	    type == BPF_MAP_TYPE_PERF_EVENT_ARRAY || type == BPF_MAP_TYPE_PROG_ARRAY)
		return false;
	has = libbpf_probe_bpf_map_type(type, NULL);
	if (has >= 0)
		return !has;
	/* one that libbpf doesn't know either: as the object wants it */
	fd = bpf_map_create(type, NULL, bpf_map__key_size(map), bpf_map__value_size(map),
			    bpf_map__max_entries(map) ?: 1, &opts);
	return fd < 0 && errno == EINVAL;
}

static int find_missing_maps(struct choice *choice)
{
	struct bpf_map *map;
	size_t count = 0, i = 0;

	bpf_object__for_each_map(map, choice->object->bpf)
		count++;
	choice->missing_maps = calloc(count + 1, sizeof(*choice->missing_maps));
	if (!choice->missing_maps)
		return -ENOMEM;
	bpf_object__for_each_map(map, choice->object->bpf) {
		int err = 0;

		choice->missing_maps[i] = lacks_map(map);
		if (choice->missing_maps[i++] && (err = object__check_allowed(choice->object)))
			return err;
	}
	return 0;
}

static bool needs_missing_map(const struct choice *choice, const struct needs *needs)
{
	struct bpf_map *map;
	size_t i = 0;

	bpf_object__for_each_map(map, choice->object->bpf)
		if (choice->missing_maps[i++] &&
		    needs__has_map(needs, choice->elf, bpf_map__name(map)))
			return true;
	return false;
}

/* libbpf makes all maps, also those that none of its programs refers to. */
static int leave_out_maps(struct choice *choice)
{
	struct kbtf_object *object = choice->object;
	struct bpf_map *map;
	size_t i = 0;

	bpf_object__for_each_map(map, object->bpf) {
		struct bpf_program *program;
		bool used = false;

		if (!choice->missing_maps[i++])
			continue;
		bpf_object__for_each_program(program, object->bpf) {
			struct needs needs __attribute__((__cleanup__(needs__free))) = {};
			int err = needs__read(&choice->functions, choice->elf,
					      bpf_program__name(program), &needs);

			if (err == -ENOMEM)
				return err;
			used |= bpf_program__autoload(program) &&
				(err || needs__has_map(&needs, choice->elf, bpf_map__name(map)));
		}
		if (used || bpf_map__set_autocreate(map, false))
			continue;
		remarks__add(&object->remarks, KBTF_REMARK_LEFT_OUT,
			     "map %s (%s), a type that this kernel does not know",
			     bpf_map__name(map), libbpf_bpf_map_type_str(bpf_map__type(map)));
	}
	return 0;
}

/* ---- programs ----------------------------------------------------------------------------- */

static bool needs_kernel_btf(const struct bpf_program *program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_EXT:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return true;
	default:
		return false;
	}
}

/* Why the kernel can't have it, or NULL: its type, and where that is typed, its target. */
static const char *why_not_type(struct choice *choice, const struct bpf_program *program)
{
	enum bpf_prog_type type = bpf_program__type(program);

	if (needs_kernel_btf(program)) {
		if (!choice->kernel_btf)
			return "which needs the kernel's own BTF";
		return targets__has_btf_target(&choice->object->targets, program) ? NULL :
			"whose target this kernel does not have";
	}
	if (attach_type__is_always_told(type, bpf_program__expected_attach_type(program)) &&
	    probe__attach_types() == 0)
		return "which is for a certain way to attach, and the kernel takes none for such";
	if (type == BPF_PROG_TYPE_UNSPEC || type == choice->known)
		return NULL;
	if (libbpf_probe_bpf_prog_type(type, NULL) == 0)
		return "a type of program that this kernel does not know";
	choice->known = type;
	return NULL;
}

static bool has_helper(enum bpf_prog_type type, int id)
{
	/* what libbpf turns them into on kernels before 5.5, and libkbtf before 5.11 */
	int before = id == BPF_FUNC_get_current_task_btf ? BPF_FUNC_get_current_task :
		     id == BPF_FUNC_probe_read_user || id == BPF_FUNC_probe_read_kernel ?
		     BPF_FUNC_probe_read :
		     id == BPF_FUNC_probe_read_user_str || id == BPF_FUNC_probe_read_kernel_str ?
		     BPF_FUNC_probe_read_str : 0;

	return probe__helper(type, (uint32_t)id) != 0 ||
	       (before && probe__helper(type, (uint32_t)before) != 0);
}

/* The first that is lacking, or 0. */
static int missing_helper(enum bpf_prog_type type, const struct needs *needs)
{
	for (int id = 1; id < NEEDS_MAX_HELPER; id++) {
		/* kbtf_compat.bpf.h calls one or the other */
		bool guarded = id >= BPF_FUNC_ringbuf_output && id <= BPF_FUNC_ringbuf_discard &&
			       needs->helpers[BPF_FUNC_perf_event_output];

		if (needs->helpers[id] && !guarded && !has_helper(type, id))
			return id;
	}
	return 0;
}

/* The same for what its code asks for; `maps` alone, or also what may stand in dead branches. */
static const char *why_not_code(struct choice *choice, const struct bpf_program *program,
				bool maps_only)
{
	struct needs needs __attribute__((__cleanup__(needs__free))) = {};
	enum bpf_prog_type type = bpf_program__type(program);

	if (needs__read(&choice->functions, choice->elf, bpf_program__name(program), &needs))
		return NULL;
	if (needs_missing_map(choice, &needs))
		return "which uses a type of map that this kernel does not know";
	if (maps_only)
		return NULL;
	/* nobody can ask for the helpers of types that need a target; what has that has more */
	if (!needs_kernel_btf(program) && missing_helper(type, &needs))
		return "which calls a helper that this kernel does not have";
	if (needs.atomics && probe__atomics() == 0)
		return "whose atomic operations this kernel does not have";
	if (needs.calls && probe__calls() == 0)
		return "which calls functions, and this kernel has no such calls";
	return NULL;
}

/* Without privileges every question was answered with no. */
static int pass_over(struct choice *choice, struct bpf_program *program)
{
	bpf_program__set_autoload(program, false);
	return object__check_allowed(choice->object);
}

static int leave_out_programs(struct choice *choice)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, choice->object->bpf) {
		const char *why;
		int err;

		if (!bpf_program__autoload(program))
			continue;
		why = why_not_type(choice, program);
		if (!why)
			why = why_not_code(choice, program, true);
		/* what is typed by BTF asked the kernel nothing: privileges come first */
		err = why ? pass_over(choice, program)
			  : needs_kernel_btf(program) ? object__check_allowed(choice->object) : 0;
		if (err)
			return err;
		if (why)
			remarks__add(&choice->object->remarks, KBTF_REMARK_LEFT_OUT, "%s (%s), %s",
				     bpf_program__name(program),
				     bpf_program__section_name(program), why);
	}
	return 0;
}

/* ---- alternatives ---------------------------------------------------------------------------- */

/* The length of the name that alternatives share, or 0: "enter" of "enter___fentry". */
static size_t essential_len(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program), *flavor = strstr(name, "___");

	return flavor && flavor != name && flavor[3] ? (size_t)(flavor - name) : 0;
}

static bool are_alternatives(const struct bpf_program *a, const struct bpf_program *b)
{
	size_t len = essential_len(a);

	return len && essential_len(b) == len &&
	       strncmp(bpf_program__name(a), bpf_program__name(b), len) == 0;
}

static const char *why_not(struct choice *choice, const struct bpf_program *program)
{
	const char *why = why_not_type(choice, program);

	if (!why && !targets__has_named(&choice->object->targets, program))
		why = "whose target this kernel does not have";
	if (!why)
		why = why_not_code(choice, program, false);
	if (!why && !targets__can_attach(&choice->object->targets, program))
		why = "which this kernel can't attach";
	return why;
}

/*
 * The first that the kernel can have of those that are alternatives to `first`, of which it
 * is the first. Where it can have none, the last stays, to fail, unless it may be left out.
 */
static int choose(struct choice *choice, struct bpf_program *first, bool may_leave_out)
{
	struct bpf_object *bpf = choice->object->bpf;
	struct bpf_program *program, *chosen = NULL, *last = NULL;
	int len = (int)essential_len(first);

	for (program = first; program; program = bpf_object__next_program(bpf, program)) {
		const char *why;
		int err;

		if (!are_alternatives(first, program) || !bpf_program__autoload(program))
			continue;
		last = program;
		if (chosen) {
			bpf_program__set_autoload(program, false);
			continue;
		}
		why = why_not(choice, program);
		if (!why) {
			chosen = program;
			continue;
		}
		if ((err = pass_over(choice, program)))
			return err;
		remarks__add(&choice->object->remarks, KBTF_REMARK_CHOSEN, "%.*s: not by %s (%s), %s",
			     len, bpf_program__name(first), bpf_program__name(program),
			     bpf_program__section_name(program), why);
	}
	if (!chosen && !may_leave_out && last)
		bpf_program__set_autoload(last, true);
	if (chosen)
		remarks__add(&choice->object->remarks, KBTF_REMARK_CHOSEN, "%.*s: by %s (%s)", len,
			     bpf_program__name(first), bpf_program__name(chosen),
			     bpf_program__section_name(chosen));
	else
		remarks__add(&choice->object->remarks, KBTF_REMARK_LEFT_OUT,
			     "%.*s: this kernel can have none of its alternatives", len,
			     bpf_program__name(first));
	return 0;
}

/* Whether it is the first of at least two. */
static bool begins_alternatives(const struct bpf_object *bpf, struct bpf_program *program)
{
	struct bpf_program *other = program;

	if (!essential_len(program))
		return false;
	while ((other = bpf_object__prev_program(bpf, other)))
		if (are_alternatives(other, program))
			return false;
	other = program;
	while ((other = bpf_object__next_program(bpf, other)))
		if (are_alternatives(other, program))
			return true;
	return false;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static bool has_alternatives(const struct bpf_object *bpf)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, bpf)
		if (begins_alternatives(bpf, program))
			return true;
	return false;
}

static int choose_all(struct choice *choice, bool may_leave_out)
{
	struct bpf_object *bpf = choice->object->bpf;
	struct bpf_program *program;
	int err = find_missing_maps(choice);

	if (err)
		return err;
	bpf_object__for_each_program(program, bpf)
		if (begins_alternatives(bpf, program) &&
		    (err = choose(choice, program, may_leave_out)))
			return err;
	if (may_leave_out)
		err = leave_out_programs(choice);
	return err ? err : leave_out_maps(choice);
}

int object__choose_programs(struct kbtf_object *object, struct bpf_elf *elf,
			    const struct kbtf_object_opts *opts)
{
	struct choice choice = {
		.object = object,
		.elf = elf,
		.kernel_btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0,
	};
	int err;

	for (size_t i = 0; opts->refused && opts->refused[i]; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object->bpf, opts->refused[i]);

		if (program)
			bpf_program__set_autoload(program, false);
	}
	if (!opts->leave_out && !has_alternatives(object->bpf))
		return 0;
	err = code_moves__find_functions(elf, &choice.functions);
	/* code that is no function's own is not known, and is believed to need nothing */
	if (err != -ENOMEM)
		err = choose_all(&choice, opts->leave_out);
	if (!err)
		err = object__find_array_uses(object, &choice.functions, elf);
	code_moves__free(&choice.functions);
	targets__free_lists(&object->targets);
	free(choice.missing_maps);
	return err;
}
