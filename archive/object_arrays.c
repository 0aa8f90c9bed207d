/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Arrays of programs, for tail calls, whose slots the object fills itself. libbpf puts all
 * of them in after load, and fails where one of those programs was not loaded; so an array
 * that only programs use which are left out is left out with them.
 */
#include "object.h"

#include <errno.h>

#include "needs.h"

int object__find_array_uses(struct kbtf_object *object, const struct code_moves *functions,
			    struct bpf_elf *elf)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program(program, object->bpf) {
		struct needs needs __attribute__((__cleanup__(needs__free))) = {};
		int err = needs__read(functions, elf, bpf_program__name(program), &needs);

		if (err == -ENOMEM)
			return err;
		bpf_object__for_each_map(map, object->bpf) {
			struct array_use *grown;

			/* what is not known may use all */
			if (bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY ||
			    (!err && !needs__has_map(&needs, elf, bpf_map__name(map))))
				continue;
			grown = realloc(object->array_uses,
					(object->array_use_count + 1) * sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			object->array_uses = grown;
			grown[object->array_use_count++] = (struct array_use){ map, program };
		}
	}
	return 0;
}

static bool is_used(const struct kbtf_object *object, const struct bpf_map *map)
{
	for (size_t i = 0; i < object->array_use_count; i++)
		if (object->array_uses[i].map == map &&
		    bpf_program__autoload(object->array_uses[i].program))
			return true;
	return false;
}

bool kbtf_map__is_made(const struct bpf_map *map)
{
	return bpf_map__autocreate(map) && bpf_map__fd(map) >= 0;
}

void object__leave_out_arrays(struct kbtf_object *object)
{
	for (size_t i = 0; i < object->array_use_count; i++) {
		struct bpf_map *map = object->array_uses[i].map;

		/* of another type, and not made: then libbpf leaves its slots alone */
		if (bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY || is_used(object, map) ||
		    bpf_map__set_type(map, BPF_MAP_TYPE_ARRAY) || bpf_map__set_autocreate(map, false))
			continue;
		remarks__add(&object->remarks, KBTF_REMARK_ADAPTED,
			     "map %s: not made, for only programs use it that are left out", bpf_map__name(map));
	}
}
