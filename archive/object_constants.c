/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What libbpf and the caller know of an object's constants just before it is loaded, and
 * what its programs make of them. Libbpf tells it only by loading: so scouts go before,
 * the same object without its maps, and with programs that it never hands to the kernel.
 */
#include "object.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "folding.h"
#include "probe.h"
#include "stack_copies.h"

#define STACK_MAX 512

DEFINE_CLEANUP(scout_freep, struct bpf_object, bpf_object__close)

static struct bpf_object *open_scout(const struct kbtf_object *object)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kconfig = object->kconfig,
		    .btf_custom_path = object->btf_path);
	struct bpf_object *scout = bpf_object__open_mem(object->adapted, object->adapted_size,
							&opts);
	struct bpf_map *map;

	if (scout)
		bpf_object__for_each_map(map, scout)
			bpf_map__set_autocreate(map, false);
	return scout;
}

/* ---- values of externs ---------------------------------------------------------------------- */

/* From libbpf's layout of the externs to ours. */
static void copy_kconfig(struct kbtf_object *object, struct global_section *section,
			 const struct bpf_object *from, const uint8_t *values, size_t size)
{
	const struct btf *btf = bpf_object__btf(from);
	int32_t id = btf ? btf__find_by_name_kind(btf, ".kconfig", BTF_KIND_DATASEC) : -1;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_var_secinfo *info = type ? btf_var_secinfos(type) : NULL;

	for (uint32_t i = 0; type && i < btf_vlen(type); i++, info++) {
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		const char *name = btf__name_by_offset(btf, var->name_off);

		for (size_t k = 0; k < object->globals.kconfig_count; k++) {
			const struct kconfig_slot *slot = &object->globals.kconfigs[k];

			if (strcmp(slot->name, name) == 0 && info->offset + info->size <= size &&
			    slot->offset + info->size <= section->size)
				memcpy(section->data + slot->offset, values + info->offset,
				       info->size);
		}
	}
}

static const uint8_t *kconfig_values(const struct bpf_object *from, size_t *size)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, from) {
		const char *name = bpf_map__name(map), *dot = strrchr(name, '.');

		if (dot && strcmp(dot, ".kconfig") == 0)
			return bpf_map__initial_value(map, size);
	}
	return NULL;
}

/* libbpf says only -ESRCH, and not which of them it was. */
void object__remark_externs(struct kbtf_object *object)
{
	char names[200] = "";
	size_t len = 0;

	for (size_t i = 0; i < object->globals.kconfig_count; i++) {
		const char *name = object->globals.kconfigs[i].name;

		if (strncmp(name, "CONFIG_", 7) == 0 && len + strlen(name) + 3 < sizeof(names))
			len += (size_t)sprintf(names + len, "%s%s", len ? ", " : "", name);
	}
	if (len)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "an extern that is not __weak has no value in the kernel's "
			     "configuration; the object asks for %s", names);
}

/*
 * The values of externs, by libbpf's own rules (the kernel's version, its configuration,
 * what is weak, what the caller gave). It finds them during load and not before: so the
 * object is loaded once more, without any program or map.
 */
static int resolve_kconfig(struct kbtf_object *object)
{
	struct global_section *section = globals__find(&object->globals, ".kconfig");
	struct bpf_object *scout __attribute__((__cleanup__(scout_freep))) = NULL;
	struct bpf_program *program;
	const uint8_t *values;
	size_t size;
	int err;

	if (!section || !section->used)
		return 0;
	scout = open_scout(object);
	if (!scout)
		return -errno;
	bpf_object__for_each_program(program, scout)
		bpf_program__set_autoload(program, false);
	err = bpf_object__load(scout);
	values = err ? NULL : kconfig_values(scout, &size);
	if (values)
		copy_kconfig(object, section, scout, values, size);
	if (err == -ESRCH)
		object__remark_externs(object);
	else if (err)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "a CONFIG_ value that the object needs can't be had (%s): the kernel's "
			     "configuration is neither in /proc/config.gz nor in /boot",
			     strerror(-err));
	return err;
}

/* ---- constants ------------------------------------------------------------------------------- */

/*
 * The programs as CO-RE relocation will have them: libbpf relocates all, and then finds a
 * program without a type.
 */
static struct bpf_object *relocate_ahead(const struct kbtf_object *object)
{
	struct bpf_object *scout = open_scout(object);
	struct bpf_program *program, *own;

	if (!scout)
		return NULL;
	bpf_object__for_each_program(program, scout) {
		own = bpf_object__find_program_by_name(object->bpf, bpf_program__name(program));
		bpf_program__set_autoload(program, own && bpf_program__autoload(own));
		bpf_program__set_type(program, BPF_PROG_TYPE_UNSPEC);
	}
	/* if it fails for another reason, the object itself will, too */
	bpf_object__load(scout);
	return scout;
}

static const struct bpf_insn *relocated_code(const struct bpf_object *scout,
					     const struct bpf_program *program)
{
	const struct bpf_program *twin = bpf_object__find_program_by_name(
		scout, bpf_program__name(program));

	/* behind it, libbpf has put the functions that it calls */
	return twin && bpf_program__insn_cnt(twin) >= bpf_program__insn_cnt(program) ?
	       bpf_program__insns(twin) : NULL;
}

static size_t find_pointers(const struct kbtf_object *object, const struct bpf_program *program,
			    struct fold_pointer *found)
{
	const struct globals *globals = &object->globals;
	size_t count = 0;

	for (size_t i = 0; i < globals->pointer_count; i++) {
		const struct global_pointer *pointer = &globals->pointers[i];

		if (strcmp(pointer->function, bpf_program__name(program)) == 0)
			found[count++] = (struct fold_pointer){
				.at = pointer->at, .section = pointer->section,
				.data = global_section__is_constant(pointer->section) ?
					object__staged(object, pointer->section) : NULL,
				.size = pointer->section->size, .offset = pointer->offset,
			};
	}
	return count;
}

static size_t find_map_uses(const struct kbtf_object *object, const struct bpf_program *program,
			    struct fold_map *found)
{
	const struct globals *globals = &object->globals;
	size_t count = 0;

	for (size_t i = 0; i < globals->map_use_count; i++) {
		const struct global_map_use *use = &globals->map_uses[i];
		const struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, use->map);

		if (map && strcmp(use->function, bpf_program__name(program)) == 0)
			found[count++] = (struct fold_map){
				.at = use->at, .key_size = bpf_map__key_size(map),
				.value_size = bpf_map__value_size(map),
			};
	}
	return count;
}

static void remark_folding(struct kbtf_object *object, const struct bpf_program *program,
			   const struct fold_outcome *outcome)
{
	const char *name = bpf_program__name(program);

	if (outcome->constants || outcome->branches)
		remarks__add(&object->remarks, KBTF_REMARK_ADAPTED, "%s: constants folded into it: "
			     "%zu values, %zu branches", name, outcome->constants, outcome->branches);
	if (outcome->addresses)
		remarks__add(&object->remarks, KBTF_REMARK_ADAPTED, "%s: offsets of variables moved "
			     "into loads and stores: %zu", name, outcome->addresses);
}

/* One program on its way through. */
struct folded {
	struct bpf_insn *insns;
	size_t count;
	unsigned int depth;
	struct fold_pointer *pointers;
	struct fold_map *maps;
	struct fold_outcome outcome;
};

static void free_folded(struct folded *folded)
{
	free(folded->insns);
	free(folded->pointers);
	free(folded->maps);
	free(folded->outcome.copies);
}

static int take_program(const struct kbtf_object *object, const struct bpf_program *program,
			struct folded *folded, struct fold_input *input)
{
	const struct globals *globals = &object->globals;

	folded->count = bpf_program__insn_cnt(program);
	folded->insns = calloc(folded->count + 1, sizeof(*folded->insns));
	folded->pointers = calloc(globals->pointer_count + 1, sizeof(*folded->pointers));
	folded->maps = calloc(globals->map_use_count + 1, sizeof(*folded->maps));
	if (!folded->insns || !folded->pointers || !folded->maps)
		return -ENOMEM;
	memcpy(folded->insns, bpf_program__insns(program), folded->count * sizeof(*folded->insns));
	input->pointers = folded->pointers;
	input->pointer_count = find_pointers(object, program, folded->pointers);
	input->maps = folded->maps;
	input->map_count = find_map_uses(object, program, folded->maps);
	folded->depth = globals__stack_depth(folded->insns, folded->count);
	input->stack_room = folded->depth < STACK_MAX ? STACK_MAX - folded->depth : 0;
	return 0;
}

static int give_back(struct kbtf_object *object, struct bpf_program *program,
		     const struct folded *folded)
{
	const struct fold_outcome *outcome = &folded->outcome;
	_cleanup_free_ struct bpf_insn *longer = NULL;
	size_t count;
	int err;

	if (!outcome->copy_count)
		return bpf_program__set_insns(program, folded->insns, folded->count);
	err = stack_copies__make(folded->insns, folded->count, folded->depth, folded->pointers,
				 outcome->copies, outcome->copy_count, &longer, &count);
	if (err)
		return err;
	remarks__add(&object->remarks, KBTF_REMARK_ADAPTED, "%s: variables handed to helpers by way "
		     "of the stack: %zu", bpf_program__name(program), outcome->copy_count);
	return bpf_program__set_insns(program, longer, count);
}

static int fold_program(struct kbtf_object *object, const struct bpf_object *scout,
			struct bpf_program *program, struct fold_input input)
{
	struct folded folded __attribute__((__cleanup__(free_folded))) = {};
	const struct fold_outcome *outcome = &folded.outcome;
	int err = take_program(object, program, &folded, &input);

	input.relocated = relocated_code(scout, program);
	if (err || !input.relocated)
		return err;
	err = folding__run(folded.insns, folded.count, &input, &folded.outcome);
	/* what is no code to us may be to the kernel */
	if (err)
		return err == -EBADMSG ? 0 : err;
	if (!outcome->constants && !outcome->branches && !outcome->addresses &&
	    !outcome->copy_count)
		return 0;
	remark_folding(object, program, outcome);
	return give_back(object, program, &folded);
}

static int fold_constants(struct kbtf_object *object)
{
	struct bpf_object *scout __attribute__((__cleanup__(scout_freep))) =
		relocate_ahead(object);
	bool forced = object->globals.forced;
	const struct fold_input input = {
		.stack_keys = forced || probe__keys_in_maps() == 0,
		.stack_memory = forced || probe__memory_in_maps() == 0,
	};
	struct bpf_program *program;

	if (!scout)
		return -errno;
	bpf_object__for_each_program(program, object->bpf) {
		int err = bpf_program__autoload(program) ?
			  fold_program(object, scout, program, input) : 0;

		if (err)
			return err;
	}
	return 0;
}

int object__settle_constants(struct kbtf_object *object)
{
	int err = object->legacy ? resolve_kconfig(object) : 0;

	return err || !object->legacy ? err : fold_constants(object);
}
