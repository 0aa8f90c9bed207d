/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* One record of .BTF.ext's relocations: these four words, and perhaps more. */
struct relocation_record {
	uint32_t offset, type, access, kind;
};

struct reading {
	struct core_object *object;
	struct core_object_error *error;
	struct relocation_record *records; /* by relocation */
	uint32_t room;
	const char *section; /* the one looked for last, and its index */
	size_t section_index;
};

static int bad(struct reading *reading, const char *what)
{
	reading->error->what = what;
	return -EBADMSG;
}

void core_object__free(struct core_object *object)
{
	type_graph__free(&object->graph);
	free(object->relocations);
	free(object->specs);
	free(object->roots);
	btf__free(object->btf);
	code_moves__free(&object->functions);
	bpf_elf__free(&object->elf);
	source_lines__free(&object->lines);
	*object = (struct core_object){};
}

const struct core_relocation *core_object__first(const struct core_object *object, uint32_t spec)
{
	uint32_t i = 0;

	while (object->relocations[i].spec != spec)
		i++;
	return &object->relocations[i];
}

/* ---- types ------------------------------------------------------------------------------------ */

static int read_types(struct reading *reading)
{
	struct core_object *object = reading->object;
	size_t index = bpf_elf__find_section(&object->elf, ".BTF");
	const struct bpf_elf_section *section = &object->elf.sections[index];
	struct type_graph_error error;
	bool big_endian = object->elf.header.e_ident[EI_DATA] == ELFDATA2MSB;
	int err;

	if (!index || !section->data)
		return bad(reading, "it has no BTF");
	err = type_graph__parse(section->data, section->size, &object->graph, &error);
	if (err) {
		reading->error->what = error.what;
		return err;
	}
	object->types = core_types__of(&object->graph, big_endian);
	object->btf = btf__new(section->data, (uint32_t)section->size);
	if (!object->btf)
		return errno == ENOMEM ? -ENOMEM : bad(reading, "its BTF can't be parsed");
	err = source_lines__read(&object->elf, &object->lines);
	if (!err && object->elf.foreign && object->lines.data)
		ext_records__swap(object->lines.data, object->lines.size);
	return err;
}

/* ---- relocations ---------------------------------------------------------------------------------- */

static int add_relocation(void *ctx, const char *section, uint8_t *record, size_t size)
{
	struct reading *reading = ctx;
	struct core_object *object = reading->object;
	struct relocation_record *at;

	if (size < sizeof(*at))
		return bad(reading, "its relocations are cut off");
	if (object->relocation_count == CORE_RELOCATIONS_MAX)
		return bad(reading, "more than 65,536 relocations");
	if (object->relocation_count == reading->room) {
		uint32_t room = reading->room ? 2 * reading->room : 256;
		void *relocations = realloc(object->relocations,
					    room * sizeof(*object->relocations));
		void *records = relocations ? realloc(reading->records, room * sizeof(*at)) : NULL;

		object->relocations = relocations ?: object->relocations;
		reading->records = records ?: reading->records;
		if (!records)
			return -ENOMEM;
		reading->room = room;
	}
	at = &reading->records[object->relocation_count];
	memcpy(at, record, sizeof(*at));
	object->relocations[object->relocation_count++] = (struct core_relocation){
		.section = section, .program = "", .offset = at->offset };
	return 0;
}

struct bpf_insn core_object__insn(const struct bpf_elf *elf, const uint8_t *data)
{
	struct bpf_insn insn;
	uint8_t registers = elf->foreign ? (uint8_t)(data[1] >> 4 | data[1] << 4) : data[1];

	memcpy(&insn, data, sizeof(insn));
	memcpy((uint8_t *)&insn + 1, &registers, 1);
	if (elf->foreign) {
		insn.off = (int16_t)__builtin_bswap16((uint16_t)insn.off);
		insn.imm = (int32_t)__builtin_bswap32((uint32_t)insn.imm);
	}
	return insn;
}

static size_t index_of(struct reading *reading, const char *section)
{
	/* names are lent, and those of one section's relocations are the same bytes */
	if (section != reading->section) {
		reading->section_index = bpf_elf__find_section(&reading->object->elf, section);
		reading->section = section;
	}
	return reading->section_index;
}

/* The instruction, and the function that it is in. */
static int place_relocation(struct reading *reading, struct core_relocation *relocation)
{
	struct core_object *object = reading->object;
	size_t index = index_of(reading, relocation->section);
	const struct bpf_elf_section *section = &object->elf.sections[index];
	const struct code_function *function;
	size_t size = sizeof(struct bpf_insn);

	if (!index || !section->data || relocation->offset % size ||
	    section->size < size || relocation->offset > section->size - size)
		return bad(reading, "a relocation of no instruction");
	relocation->insns[0] = core_object__insn(&object->elf,
						 section->data + relocation->offset);
	if (section->size - relocation->offset >= 2 * size)
		relocation->insns[1] = core_object__insn(&object->elf, section->data +
							 relocation->offset + size);
	function = code_moves__function_at(&object->functions, index, relocation->offset);
	if (function) {
		relocation->program = function->name;
		relocation->in_program = (uint32_t)((relocation->offset - function->start) / size);
	}
	return 0;
}

/* ---- specs ------------------------------------------------------------------------------------------ */

static int by_question(const void *a, const void *b, void *records)
{
	const struct relocation_record *x = (struct relocation_record *)records + *(uint32_t *)a;
	const struct relocation_record *y = (struct relocation_record *)records + *(uint32_t *)b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->access != y->access)
		return x->access < y->access ? -1 : 1;
	/* the first to ask comes first */
	return *(uint32_t *)a < *(uint32_t *)b ? -1 : 1;
}

static bool asks_the_same(const struct relocation_record *x, const struct relocation_record *y)
{
	return x->type == y->type && x->kind == y->kind && x->access == y->access;
}

/* By relocation: the first one that asks the same; and by first one of a type: its number. */
static int find_firsts(struct reading *reading, uint32_t *firsts)
{
	struct core_object *object = reading->object;
	uint32_t count = object->relocation_count, first = 0;
	_cleanup_free_ uint32_t *order = malloc(((size_t)count + 1) * sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), by_question, reading->records);
	for (uint32_t i = 0; i < count; i++) {
		if (!i || !asks_the_same(&reading->records[order[i - 1]],
					 &reading->records[order[i]]))
			first = order[i];
		firsts[order[i]] = first;
	}
	return 0;
}

static int add_spec(struct reading *reading, uint32_t number, uint32_t *root_numbers)
{
	struct core_object *object = reading->object;
	struct core_relocation *relocation = &object->relocations[number];
	const struct relocation_record *record = &reading->records[number];
	const char *access = btf__name_by_offset(object->btf, record->access), *why;
	uint32_t *root;
	int err;

	if (!access)
		return bad(reading, "an access string that is not there");
	err = core_spec__parse(&object->types, record->kind, record->type, access,
			       &object->specs[object->spec_count], &why);
	if (err)
		return bad(reading, why);
	root = &root_numbers[record->type];
	if (!*root)
		*root = ++object->root_count;
	object->roots[object->spec_count] = *root - 1;
	relocation->spec = object->spec_count++;
	return 0;
}

static int find_specs(struct reading *reading)
{
	struct core_object *object = reading->object;
	uint32_t count = object->relocation_count, different = 0;
	_cleanup_free_ uint32_t *firsts = calloc((size_t)count + 1, sizeof(*firsts));
	_cleanup_free_ uint32_t *root_numbers = calloc(object->graph.type_count,
						       sizeof(*root_numbers));
	int err = firsts && root_numbers ? find_firsts(reading, firsts) : -ENOMEM;

	for (uint32_t i = 0; !err && i < count; i++)
		different += firsts[i] == i;
	object->specs = calloc((size_t)different + 1, sizeof(*object->specs));
	object->roots = calloc((size_t)different + 1, sizeof(*object->roots));
	if (!object->specs || !object->roots)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < count; i++) {
		struct core_relocation *relocation = &object->relocations[i];

		reading->error->offset = relocation->offset;
		snprintf(reading->error->section, sizeof(reading->error->section), "%s",
			 relocation->section);
		err = place_relocation(reading, relocation);
		if (!err && firsts[i] == i)
			err = add_spec(reading, i, root_numbers);
		else
			relocation->spec = object->relocations[firsts[i]].spec;
	}
	return err;
}

static int read_all(struct reading *reading, const void *data, size_t size)
{
	struct core_object *object = reading->object;
	int err = bpf_elf__parse_either(data, size, &object->elf);

	if (err)
		return err == -EBADMSG ? bad(reading, "it is no BPF object") : err;
	err = read_types(reading);
	if (err)
		return err;
	/* where functions are not told apart, it is only their names that are not known */
	if (code_moves__find_functions(&object->elf, &object->functions) == -ENOMEM)
		return -ENOMEM;
	if (object->lines.data)
		err = ext_records__each(object->lines.data, object->lines.size, object->btf,
					EXT_RELOCATIONS, add_relocation, reading);
	if (err == -EBADMSG && !reading->error->what)
		return bad(reading, "its .BTF.ext contradicts itself");
	return err ? err : find_specs(reading);
}

int core_object__read(const void *data, size_t size, struct core_object *object,
		      struct core_object_error *error)
{
	struct reading reading = { .object = object, .error = error };
	int err;

	*object = (struct core_object){};
	*error = (struct core_object_error){};
	err = read_all(&reading, data, size);
	free(reading.records);
	if (err)
		core_object__free(object);
	return err;
}
