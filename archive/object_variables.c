/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The global variables of an object, wherever they live. */
#include "object.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

struct bpf_map *object__find_map(const struct kbtf_object *object,
				 const struct global_section *section)
{
	size_t section_len = strlen(section->name), size;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		const char *name = bpf_map__name(map);
		size_t len = strlen(name);

		/*
		 * Libbpf names it after the section: ".data.own" alone, ".data" with the
		 * object's name in front, so that ".rodata.data" is none of the latter.
		 */
		if (*name == '.' ? strcmp(name, section->name) != 0
				 : len < section_len || strcmp(name + len - section_len, section->name) != 0)
			continue;
		if (bpf_map__initial_value(map, &size))
			return map;
	}
	return NULL;
}

uint8_t *object__staged(const struct kbtf_object *object, const struct global_section *section)
{
	struct bpf_map *map = section->index ? object__find_map(object, section) : NULL;
	size_t size;

	return map ? (uint8_t *)bpf_map__initial_value(map, &size) : section->data;
}

static int push_section(const struct kbtf_object *object, const struct global_section *section)
{
	uint32_t zero = 0;

	if (section->fd < 0)
		return 0;
	return bpf_map_update_elem(section->fd, &zero, object__staged(object, section), BPF_ANY) ? -errno
											: 0;
}

int kbtf_object__push_globals(struct kbtf_object *object)
{
	for (size_t i = 0; object->legacy && i < object->globals.count; i++) {
		const struct global_section *section = &object->globals.sections[i];
		int err = section->taken_up && !object->loaded ? 0 : push_section(object, section);

		if (err)
			return err;
	}
	return 0;
}

int kbtf_object__pull_globals(struct kbtf_object *object)
{
	uint32_t zero = 0;

	for (size_t i = 0; object->legacy && i < object->globals.count; i++) {
		const struct global_section *section = &object->globals.sections[i];

		/* from libbpf 1.5 on the pages of constants can't be written any more */
		if (section->fd >= 0 && !global_section__is_constant(section) &&
		    bpf_map_lookup_elem(section->fd, &zero, object__staged(object, section)) < 0)
			return -errno;
	}
	return 0;
}

/* ---- variables by name -------------------------------------------------------------------------- */

struct variable {
	const struct global_section *section;
	size_t offset, size;
};

static bool holds_symbol(const struct globals *globals, const Elf64_Sym *symbol)
{
	for (size_t i = 0; i < globals->count; i++)
		if (globals->sections[i].index && globals->sections[i].index == symbol->st_shndx)
			return ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT;
	return false;
}

/*
 * Compilers leave offsets in the BTF to who knows the symbols. Libbpf fills them in too,
 * but not those of static variables, and sorts them.
 */
int object__find_places(struct kbtf_object *object, const struct bpf_elf *elf)
{
	object->places = calloc(elf->symbol_count + 1, sizeof(*object->places));
	if (!object->places)
		return -ENOMEM;
	for (size_t i = 0; i < elf->symbol_count; i++) {
		struct variable_place *place = &object->places[object->place_count];
		const Elf64_Sym *symbol = &elf->symbols[i];

		if (!holds_symbol(&object->globals, symbol))
			continue;
		*place = (struct variable_place){
			.name = strdup(bpf_elf__symbol_name(elf, symbol)),
			.section = symbol->st_shndx,
			.offset = symbol->st_value,
		};
		if (!place->name)
			return -ENOMEM;
		object->place_count++;
	}
	return 0;
}

static bool find_place(const struct kbtf_object *object, const struct global_section *section,
		       const char *name, uint64_t *offset)
{
	for (size_t i = 0; i < object->place_count; i++) {
		const struct variable_place *place = &object->places[i];

		if (place->section == section->index && strcmp(place->name, name) == 0) {
			*offset = place->offset;
			return true;
		}
	}
	return false;
}

static bool find_in_section(const struct kbtf_object *object,
			    const struct global_section *section, const char *name,
			    struct variable *variable)
{
	int32_t id = btf__find_by_name_kind(object->btf, section->name, BTF_KIND_DATASEC);
	const struct btf_type *type = id > 0 ? btf__type_by_id(object->btf, id) : NULL;
	const struct btf_var_secinfo *info = type ? btf_var_secinfos(type) : NULL;

	for (uint32_t i = 0; type && i < btf_vlen(type); i++, info++) {
		const struct btf_type *var = btf__type_by_id(object->btf, info->type);
		uint64_t offset = info->offset;

		if (!var || strcmp(btf__name_by_offset(object->btf, var->name_off), name) != 0)
			continue;
		/* a linker of BPF objects knows the offsets, and says the section's size then */
		if (!type->size && !find_place(object, section, name, &offset))
			return false;
		*variable = (struct variable){ section, offset, info->size };
		return offset <= section->size && info->size <= section->size - offset;
	}
	return false;
}

static bool find_variable(const struct kbtf_object *object, const char *name,
			  struct variable *variable)
{
	for (size_t i = 0; object->btf && object->bpf && i < object->globals.count; i++)
		if (object->globals.sections[i].index &&
		    find_in_section(object, &object->globals.sections[i], name, variable))
			return true;
	return false;
}

ssize_t kbtf_object__global_size(const struct kbtf_object *object, const char *name)
{
	struct variable variable;

	return find_variable(object, name, &variable) ? (ssize_t)variable.size : -ENOENT;
}

/* The map that holds the variable after load, whoever made it. */
static int map_fd_of(const struct kbtf_object *object, const struct variable *variable)
{
	struct bpf_map *map;

	if (object->legacy)
		return variable->section->fd;
	map = object__find_map(object, variable->section);
	return map ? bpf_map__fd(map) : -1;
}

static int access_global(const struct kbtf_object *object, const char *name, void *get,
			 const void *set, size_t size)
{
	_cleanup_free_ uint8_t *value = NULL;
	struct variable variable;
	uint32_t zero = 0;
	int fd;

	if (!find_variable(object, name, &variable))
		return -ENOENT;
	if (variable.size != size)
		return -EINVAL;
	if (object->loaded && set && strncmp(variable.section->name, ".rodata", 7) == 0)
		return -EPERM;
	/* after load, too, where no program uses the section */
	if (!object->loaded || (object->legacy && variable.section->fd < 0)) {
		uint8_t *at = object__staged(object, variable.section) + variable.offset;

		memcpy(get ? get : at, get ? at : set, size);
		return 0;
	}
	fd = map_fd_of(object, &variable);
	value = malloc(variable.section->size);
	if (!value)
		return -ENOMEM;
	if (fd < 0)
		return -ENOENT;
	if (bpf_map_lookup_elem(fd, &zero, value) < 0)
		return -errno;
	if (get)
		memcpy(get, value + variable.offset, size);
	else
		memcpy(value + variable.offset, set, size);
	return set && bpf_map_update_elem(fd, &zero, value, BPF_ANY) < 0 ? -errno : 0;
}

int kbtf_object__get_global(const struct kbtf_object *object, const char *name, void *value,
			    size_t size)
{
	return access_global(object, name, value, NULL, size);
}

int kbtf_object__set_global(struct kbtf_object *object, const char *name, const void *value,
			    size_t size)
{
	return access_global(object, name, NULL, value, size);
}

/* ---- their maps, to be pinned -------------------------------------------------------------- */

static struct global_section *find_legacy(struct kbtf_object *object, size_t index)
{
	for (size_t i = 0; object->legacy && i < object->globals.count; i++)
		if (object->globals.sections[i].fd >= 0 && index-- == 0)
			return &object->globals.sections[i];
	return NULL;
}

int kbtf_object__legacy_map(struct kbtf_object *object, size_t index, const char **section)
{
	struct global_section *found = find_legacy(object, index);

	if (!found)
		return -ENOENT;
	*section = found->name;
	return found->fd;
}

int kbtf_object__reuse_legacy_map(struct kbtf_object *object, size_t index, int fd)
{
	struct global_section *section = find_legacy(object, index);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (!section)
		return -ENOENT;
	/* before 4.13 there is nothing to ask */
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
	    (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != section->size))
		return -EEXIST;
	/* the number stands in the code already */
	if (dup3(fd, section->fd, O_CLOEXEC) < 0)
		return -errno;
	section->taken_up = !global_section__is_constant(section);
	return 0;
}
