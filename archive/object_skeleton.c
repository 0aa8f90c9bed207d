/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Skeletons (bpftool-gen(8)) over objects of libkbtf. */
#include "object.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ident.h"

/*
 * The agent's libbpf may be newer than the one that libkbtf was compiled with, and its
 * records longer: they tell their size.
 */
static struct bpf_map_skeleton *map_at(const struct bpf_object_skeleton *skeleton, int i)
{
	return (void *)((char *)skeleton->maps + (size_t)i * (size_t)skeleton->map_skel_sz);
}

static struct bpf_prog_skeleton *program_at(const struct bpf_object_skeleton *skeleton, int i)
{
	return (void *)((char *)skeleton->progs + (size_t)i * (size_t)skeleton->prog_skel_sz);
}

static int fill_skeleton(struct kbtf_object *object, struct bpf_object_skeleton *skeleton)
{
	*skeleton->obj = object->bpf;
	object->skeleton = skeleton;
	for (int i = 0; i < skeleton->map_cnt; i++) {
		struct bpf_map_skeleton *map = map_at(skeleton, i);
		size_t size;

		*map->map = bpf_object__find_map_by_name(object->bpf, map->name);
		if (!*map->map)
			return -ESRCH;
		if (map->mmaped)
			*map->mmaped = (void *)bpf_map__initial_value(*map->map, &size);
	}
	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *program = program_at(skeleton, i);

		*program->prog = bpf_object__find_program_by_name(object->bpf, program->name);
		if (!*program->prog)
			return -ESRCH;
	}
	return 0;
}

void object__leave_skeleton(struct kbtf_object *object)
{
	/* links of USDT probes need the object to the last */
	bpf_object__detach_skeleton(object->skeleton);
	*object->skeleton->obj = NULL;
}

int kbtf_object__open_skeleton(struct bpf_object_skeleton *skeleton,
			       const struct kbtf_object_opts *given, struct kbtf_object **object)
{
	struct kbtf_object_opts opts = {};
	int err = given ? versioned__copy(&opts, sizeof(opts), given) : 0;

	*object = NULL;
	if (err)
		return -EINVAL;
	opts.sz = sizeof(opts);
	if (!opts.object_name)
		opts.object_name = skeleton->name;
	err = kbtf_object__open_mem(skeleton->data, skeleton->data_sz, &opts, object);
	if (!err)
		err = fill_skeleton(*object, skeleton);
	if (err == -ESRCH)
		remarks__add(&(*object)->remarks, KBTF_REMARK_PROBLEM,
			     "the skeleton names a map or program that the object does not have");
	return err;
}

int kbtf_object__load_skeleton(struct kbtf_object *object, struct bpf_object_skeleton *skeleton)
{
	int err = kbtf_object__load(object);

	if (err || object->legacy)
		return err; /* the pointers stay on libbpf's copies: see pull and push */
	for (int i = 0; i < skeleton->map_cnt; i++) {
		struct bpf_map_skeleton *map = map_at(skeleton, i);
		size_t size = 0;
		long page = sysconf(_SC_PAGESIZE);
		void *value;

		if (!map->mmaped || !(bpf_map__map_flags(*map->map) & BPF_F_MMAPABLE)) {
			if (map->mmaped)
				*map->mmaped = NULL;
			continue;
		}
		value = (void *)bpf_map__initial_value(*map->map, &size);
		size = (size + (size_t)page - 1) / (size_t)page * (size_t)page;
		/* the map itself takes the place of the copy that the pointers lead to */
		value = mmap(value, size, bpf_map__map_flags(*map->map) & BPF_F_RDONLY_PROG
					  ? PROT_READ : PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, bpf_map__fd(*map->map), 0);
		if (value == MAP_FAILED)
			return -errno;
		*map->mmaped = value;
	}
	return 0;
}
