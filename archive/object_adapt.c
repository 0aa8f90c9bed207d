/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What is changed about an object so that this kernel takes it. */
#include "object.h"

#include <bpf/bpf.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe.h"

static int decide_legacy(struct kbtf_object *object, enum kbtf_legacy_globals wish, bool *legacy)
{
	int err, has;

	*legacy = object->globals.forced = wish == KBTF_LEGACY_GLOBALS_FORCE;
	if (wish != KBTF_LEGACY_GLOBALS_AUTO)
		return 0;
	has = probe__global_data();
	if (has <= 0 && (err = object__check_allowed(object)))
		return err;
	if (has < 0)
		return has;
	*legacy = !has;
	remarks__add(&object->remarks, KBTF_REMARK_PROBE, "the kernel has %sglobal variables",
		     has ? "" : "no ");
	return 0;
}

/* libbpf refuses an object with constants that BTF doesn't describe; nobody needs them now. */
static void hide_undescribed(struct bpf_elf *elf, const struct globals *globals,
			     const struct btf *btf)
{
	for (size_t i = 0; i < globals->count; i++) {
		const struct global_section *section = &globals->sections[i];

		if (section->index && btf &&
		    btf__find_by_name_kind(btf, section->name, BTF_KIND_DATASEC) < 0)
			elf->sections[section->index].header.sh_name = 0;
	}
}

/*
 * BTF counts constants of a mergeable section (.rodata.cst16) to .rodata; libbpf refuses an
 * object that has no such section besides. A size of its own keeps it from asking.
 */
static int describe_missing(struct bpf_elf *elf, const struct btf *btf)
{
	size_t own = bpf_elf__find_section(elf, ".BTF");
	bool changed = false;
	const void *raw;
	uint32_t size;
	void *copy;

	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		struct btf_type *type = (struct btf_type *)btf__type_by_id(btf, id);
		struct btf_var_secinfo *info = btf_var_secinfos(type);
		const char *name = btf__name_by_offset(btf, type->name_off);

		if (!btf_is_datasec(type) || type->size || !name || strncmp(name, ".rodata", 7) != 0 ||
		    bpf_elf__find_section(elf, name))
			continue;
		for (uint32_t i = 0; i < btf_vlen(type); i++, info++) {
			info->offset = (type->size + 7) & ~7u;
			type->size = info->offset + info->size;
		}
		changed = true;
	}
	if (!changed)
		return 0;
	raw = btf__raw_data(btf, &size);
	copy = raw ? malloc(size) : NULL;
	if (!copy)
		return -ENOMEM;
	memcpy(copy, raw, size);
	bpf_elf__set_data(&elf->sections[own], copy, size);
	return 0;
}

/* Makes object->adapted where libbpf shall see another object than the file's. */
int object__adapt_globals(struct kbtf_object *object, struct bpf_elf *elf,
			  const struct kbtf_object_opts *opts)
{
	bool legacy;
	int err = globals__collect(elf, object->btf, &object->globals);

	if (err == -E2BIG)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "the object has more global variables "
			     "than are taken: %d sections of them, of %u MiB each",
			     GLOBALS_MAX_SECTIONS, GLOBALS_MAX_SIZE >> 20);
	if (err || (err = object__find_places(object, elf)) ||
	    !globals__find_uses(&object->globals, elf))
		return err;
	err = decide_legacy(object, opts->legacy_globals, &legacy);
	if (err || !legacy)
		return err;
	object->legacy = true;
	if ((err = globals__make_maps(&object->globals, &object->remarks)) ||
	    (err = globals__rewrite(&object->globals, elf, object->btf, &object->remarks)))
		return err;
	hide_undescribed(elf, &object->globals, object->btf);
	if ((err = describe_missing(elf, object->btf)))
		return err;
	return bpf_elf__write(elf, &object->adapted, &object->adapted_size);
}

/*
 * A ring buffer (5.8) becomes a perf event array: programs that ask whether the kernel
 * has struct bpf_ringbuf send their events that way. Those that don't ask are refused
 * by the verifier, for the helper.
 */
int object__replace_ring_buffers(struct kbtf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		int err;

		if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF ||
		    libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) != 0)
			continue;
		err = object__check_allowed(object);
		if (err)
			return err;
		if (bpf_map__set_type(map, BPF_MAP_TYPE_PERF_EVENT_ARRAY) ||
		    bpf_map__set_key_size(map, sizeof(uint32_t)) ||
		    bpf_map__set_value_size(map, sizeof(uint32_t)) ||
		    bpf_map__set_max_entries(map, 0))
			continue;
		remarks__add(&object->remarks, KBTF_REMARK_ADAPTED,
			     "map %s: a perf event array, for the kernel has no ring buffers",
			     bpf_map__name(map));
	}
	return 0;
}

/* What only forbids something, or makes a map reachable in one more way. */
static const struct {
	uint32_t flag;
	const char *name;
} dispensable[] = {
	{ BPF_F_RDONLY, "BPF_F_RDONLY" },
	{ BPF_F_WRONLY, "BPF_F_WRONLY" },
	{ BPF_F_RDONLY_PROG, "BPF_F_RDONLY_PROG" },
	{ BPF_F_WRONLY_PROG, "BPF_F_WRONLY_PROG" },
	{ BPF_F_MMAPABLE, "BPF_F_MMAPABLE" },
};

/* `outer`: the map that is told of. */
static int drop_flags(struct kbtf_object *object, struct bpf_map *map, const struct bpf_map *outer)
{
	uint32_t flags = bpf_map__map_flags(map);

	for (size_t i = 0; i < sizeof(dispensable) / sizeof(dispensable[0]); i++) {
		uint32_t flag = dispensable[i].flag;
		int err;

		if (!(flags & flag) || probe__map_flag(flag) != 0)
			continue;
		flags &= ~flag;
		err = bpf_map__set_map_flags(map, flags);
		if (err)
			return err;
		remarks__add(&object->remarks, KBTF_REMARK_ADAPTED, "map %s: without %s, which the "
			     "kernel does not know", bpf_map__name(outer), dispensable[i].name);
	}
	return 0;
}

int object__drop_map_flags(struct kbtf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		struct bpf_map *inner = bpf_map__inner_map(map);
		int err;

		/* libbpf sees to its own; what is there already is as it is */
		if (bpf_map__is_internal(map) || bpf_map__fd(map) >= 0 || !bpf_map__autocreate(map))
			continue;
		err = drop_flags(object, map, map);
		if (!err && inner)
			err = drop_flags(object, inner, map);
		if (err)
			return err;
	}
	return 0;
}

/* An unnamed one like libbpf's. 0 also where there can be none: libbpf then says why. */
static int replace_inner_map(struct kbtf_object *object, struct bpf_map *map)
{
	const struct bpf_map *inner = bpf_map__inner_map(map);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(inner));
	int *grown = realloc(object->inner_maps,
			     (object->inner_map_count + 1) * sizeof(*grown));
	int fd;

	if (!grown)
		return -ENOMEM;
	object->inner_maps = grown;
	fd = bpf_map_create(bpf_map__type(inner), NULL, bpf_map__key_size(inner),
			    bpf_map__value_size(inner), bpf_map__max_entries(inner), &opts);
	if (fd < 0)
		return 0;
	grown[object->inner_map_count++] = fd;
	if (!bpf_map__set_inner_map_fd(map, fd))
		remarks__add(&object->remarks, KBTF_REMARK_ADAPTED,
			     "map %s: its inner map without a name, for the kernel takes none with a "
			     "dot, as libbpf's has", bpf_map__name(map));
	return 0;
}

/*
 * libbpf makes an example of what a map of maps holds, names it "MAP.inner", and gives up where
 * the kernel refuses that.
 */
int object__replace_inner_maps(struct kbtf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		int err;

		if (!bpf_map__inner_map(map) || !bpf_map__autocreate(map))
			continue;
		if (probe__dotted_names() != 0)
			return 0;
		err = replace_inner_map(object, map);
		if (err)
			return err;
	}
	return 0;
}

/* Whether it calls the older one in place of the younger now, as the kernel has no other. */
static int replace_helper(struct bpf_program *program, int32_t younger, int32_t older)
{
	size_t count = bpf_program__insn_cnt(program), calls = 0;
	_cleanup_free_ struct bpf_insn *insns = calloc(count + 1, sizeof(*insns));
	int err;

	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(program), count * sizeof(*insns));
	for (size_t i = 0; i < count; i++) {
		if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM)) {
			i++;
		} else if (insns[i].code == (BPF_JMP | BPF_CALL) && !insns[i].src_reg &&
			   insns[i].imm == younger) {
			insns[i].imm = older;
			calls++;
		}
	}
	if (!calls || probe__helper(bpf_program__type(program), (uint32_t)younger) != 0)
		return 0;
	err = bpf_program__set_insns(program, insns, count);
	return err ? err : 1;
}

/*
 * The current task is the same for both, but that what one returns may be followed without a
 * helper. Libbpf itself replaces those that read the kernel's and the user's memory.
 */
int object__replace_helpers(struct kbtf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object->bpf) {
		int res = bpf_program__autoload(program) ?
			  replace_helper(program, BPF_FUNC_get_current_task_btf,
					 BPF_FUNC_get_current_task) : 0;

		if (res < 0)
			return res;
		if (res)
			remarks__add(&object->remarks, KBTF_REMARK_ADAPTED,
				     "%s: bpf_get_current_task in place of bpf_get_current_task_btf, "
				     "which the kernel does not have", bpf_program__name(program));
	}
	return 0;
}
