/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "check_object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core_machine.h"

void check_object__free(struct check_object *object)
{
	if (!object)
		return;
	reach_code__free(&object->code);
	core_object__free(&object->core);
	bpf_object__close(object->bpf);
	for (size_t i = 0; i < object->program_count; i++)
		needs__free(&object->programs[i].needs);
	free(object->places);
	free(object->programs);
	free(object->name);
	free(object);
}

/* As object_programs.c has it, for the running kernel: names that differ behind three underscores. */
static size_t group_of(const char *name)
{
	const char *flavor = strstr(name, "___");

	return flavor && flavor != name && flavor[3] ? (size_t)(flavor - name) : 0;
}

bool check_programs__are_alternatives(const struct check_program *a, const struct check_program *b)
{
	return a->group && a->group == b->group && strncmp(a->name, b->name, a->group) == 0;
}

bool check_program__wants_function(const struct check_program *program)
{
	return program->target && (program->type == BPF_PROG_TYPE_TRACING ||
				   program->type == BPF_PROG_TYPE_LSM ||
				   program->type == BPF_PROG_TYPE_KPROBE);
}

/* Of the same name there may be another one in .text. libbpf's name of a section has no "?". */
static bool find_function(const struct core_object *core, const struct bpf_program *program,
			  size_t *index)
{
	for (size_t i = 0; i < core->functions.count; i++) {
		const struct code_function *function = &core->functions.functions[i];
		const char *section = core->elf.sections[function->section].name;

		if (strcmp(function->name, bpf_program__name(program)) == 0 &&
		    strcmp(section + (*section == '?'), bpf_program__section_name(program)) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

static int read_program(struct check_object *object, const struct bpf_program *program)
{
	struct core_object *core = &object->core;
	struct check_program *added = &object->programs[object->program_count];
	const char *slash = strchr(bpf_program__section_name(program), '/');

	*added = (struct check_program){
		.name = bpf_program__name(program),
		.section = bpf_program__section_name(program),
		.target = slash && slash[1] ? slash + 1 : NULL,
		.type = bpf_program__type(program),
		.attach = bpf_program__expected_attach_type(program),
		.loads = bpf_program__autoload(program),
		.group = group_of(bpf_program__name(program)),
	};
	if (!find_function(core, program, &added->function))
		return 0;
	object->program_count++;
	return needs__read(&core->functions, &core->elf, added->name, &added->needs) == -ENOMEM ?
	       -ENOMEM : 0;
}

static int read_programs(struct check_object *object, const void *data, size_t size)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "check");
	struct bpf_program *program;
	size_t count = 0;
	int err = 0;

	object->bpf = bpf_object__open_mem(data, size, &opts);
	if (!object->bpf)
		return errno == ENOMEM ? -ENOMEM : 0;
	bpf_object__for_each_program(program, object->bpf)
		count++;
	object->programs = calloc(count + 1, sizeof(*object->programs));
	if (!object->programs)
		return -ENOMEM;
	bpf_object__for_each_program(program, object->bpf)
		if (!err)
			err = read_program(object, program);
	return err;
}

static int read_code(struct check_object *object)
{
	const struct core_object *core = &object->core;
	int err = reach_code__read(core, &object->code);

	if (err)
		return err == -ENOTSUP ? 0 : err;
	object->has_code = true;
	object->places = calloc((size_t)core->relocation_count + 1, sizeof(*object->places));
	if (!object->places)
		return -ENOMEM;
	for (uint32_t i = 0; i < core->relocation_count; i++) {
		const struct core_relocation *at = &core->relocations[i];

		object->places[i] = reach_code__at(&object->code,
						   bpf_elf__find_section(&core->elf, at->section),
						   at->offset);
	}
	return 0;
}

int check_object__read(const char *name, const void *data, size_t size,
		       struct check_object **object, struct core_object_error *error)
{
	struct check_object *it = calloc(1, sizeof(*it));
	int err = it ? core_object__read(data, size, &it->core, error) : -ENOMEM;

	if (!err && !(it->name = strdup(name)))
		err = -ENOMEM;
	if (!err)
		it->machine = core_machine__of_object(&it->core.types);
	if (!err)
		err = read_code(it);
	if (!err && it->has_code)
		err = read_programs(it, data, size);
	if (err) {
		check_object__free(it);
		return err;
	}
	*object = it;
	return 0;
}
