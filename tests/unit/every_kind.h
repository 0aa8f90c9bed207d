/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * BTF made for tests: types of every kind from INT to ENUM64, in kernels that follow each
 * other. From one version to the next members, types, functions and variables come, go and
 * change.
 */
#ifndef TESTS_EVERY_KIND_H
#define TESTS_EVERY_KIND_H

#include <bpf/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct every_kind {
	struct btf *btf;
	unsigned int version;
	int number, letter, wide, list, anonymous, tagged;
};

/* Aborts rather than go on with half of the types. */
static inline int must(int id)
{
	if (id < 0)
		abort();
	return id;
}

static inline void member(struct btf *btf, const char *name, int type, unsigned int bits,
			  unsigned int width)
{
	must(btf__add_field(btf, name, type, bits, width));
}

/* Numbers of all sorts. */
static inline void add_scalars(struct every_kind *kinds)
{
	struct btf *btf = kinds->btf;

	kinds->number = must(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	kinds->letter = must(btf__add_int(btf, "char", 1, BTF_INT_CHAR));
	kinds->wide = must(btf__add_int(btf, "long unsigned int", 8, 0));
	must(btf__add_int(btf, "unsigned int", 4, 0)); /* "int" is its tail */
	must(btf__add_float(btf, "double", 8));
	must(btf__add_enum(btf, "colour", 4));
	must(btf__add_enum_value(btf, "RED", 0));
	must(btf__add_enum_value(btf, "GREEN", -7));
	if (kinds->version)
		must(btf__add_enum_value(btf, "BLUE", 1 + kinds->version));
	must(btf__add_enum64(btf, "mask", 8, false));
	must(btf__add_enum64_value(btf, "MASK_ALL", ~0ULL - kinds->version));
	must(btf__add_enum64_value(btf, "MASK_NONE", 0));
	must(btf__add_enum(btf, NULL, 4));
	must(btf__add_enum_value(btf, "LIMIT", 4096));
	must(btf__add_enum(btf, "later", 4)); /* a forward declaration */
}

/* Two types of one name, which differ by what they hold. */
static inline void add_variants(struct every_kind *kinds)
{
	struct btf *btf = kinds->btf;
	int other = must(btf__add_struct(btf, "ops", 8)), pointer = other + 1;

	member(btf, "self", pointer, 0, 0);
	must(btf__add_ptr(btf, other));
	other = must(btf__add_struct(btf, "ops", 16));
	member(btf, "self", other + 1, 0, 0);
	member(btf, "flags", kinds->wide, 64, 0);
	must(btf__add_ptr(btf, other));
	must(btf__add_typedef(btf, "ops_t", other));
	must(btf__add_typedef(btf, "ops_t", pointer));
}

/* A list head and what it is embedded in, members without a name, bitfields, no length. */
static inline void add_structs(struct every_kind *kinds)
{
	struct btf *btf = kinds->btf;
	int inner, array, bits;

	kinds->list = must(btf__add_struct(btf, "list_head", 16));
	member(btf, "next", kinds->list + 1, 0, 0);
	member(btf, "prev", kinds->list + 1, 64, 0);
	must(btf__add_ptr(btf, kinds->list));
	inner = must(btf__add_union(btf, NULL, 8));
	member(btf, "count", kinds->number, 0, 0);
	member(btf, "address", kinds->wide, 0, 0);
	array = must(btf__add_array(btf, kinds->number, kinds->letter, 0));
	bits = must(btf__add_struct(btf, NULL, 4));
	member(btf, "low", kinds->number, 0, 3);
	member(btf, "", kinds->number, 3, 5);
	member(btf, "whole", kinds->number, 8, 0);
	kinds->anonymous = must(btf__add_struct(btf, "task_struct", 48 + 8 * kinds->version));
	member(btf, "list", kinds->list, 0, 0);
	member(btf, "", inner, 128, 0);
	for (unsigned int i = 0; i < kinds->version; i++) {
		char name[16];

		snprintf(name, sizeof(name), "state%u", i);
		member(btf, name, kinds->wide, 192 + 64 * i, 0);
	}
	member(btf, "bits", bits, 192 + 64 * kinds->version, 0);
	member(btf, "tail", array, 256 + 64 * kinds->version, 0);
	must(btf__add_fwd(btf, "module", BTF_FWD_STRUCT));
	must(btf__add_fwd(btf, "variant", BTF_FWD_UNION));
	must(btf__add_struct(btf, "empty", 0));
	must(btf__add_decl_tag(btf, "on_struct", kinds->anonymous, -1));
	must(btf__add_decl_tag(btf, "on_member", kinds->anonymous, 1));
}

/* Pointers, modifiers, tags and typedefs, one around the other. */
static inline void add_modifiers(struct every_kind *kinds)
{
	struct btf *btf = kinds->btf;
	int type = must(btf__add_type_tag(btf, "user", kinds->letter));

	must(btf__add_type_tag(btf, "rcu", 0));
	type = must(btf__add_const(btf, type));
	type = must(btf__add_volatile(btf, type));
	type = must(btf__add_ptr(btf, type));
	kinds->tagged = must(btf__add_restrict(btf, type));
	must(btf__add_typedef(btf, "user_text", kinds->tagged));
	must(btf__add_typedef(btf, "nothing", 0));
}

/* Functions with and without parameters, variables and their section. */
static inline void add_functions(struct every_kind *kinds)
{
	struct btf *btf = kinds->btf;
	int proto = must(btf__add_func_proto(btf, kinds->number)), function;

	must(btf__add_func_param(btf, "task", kinds->anonymous));
	must(btf__add_func_param(btf, "text", kinds->tagged));
	must(btf__add_func_param(btf, NULL, 0));
	function = must(btf__add_func(btf, "schedule", BTF_FUNC_GLOBAL, proto));
	must(btf__add_decl_tag(btf, "kfunc", function, -1));
	must(btf__add_decl_tag(btf, "kfunc", function, 0));
	for (unsigned int i = kinds->version / 2; i < 1 + kinds->version; i++) {
		char name[16];

		snprintf(name, sizeof(name), "work%u", i);
		proto = must(btf__add_func_proto(btf, 0));
		must(btf__add_func_param(btf, name, kinds->list));
		must(btf__add_func(btf, name, BTF_FUNC_STATIC, proto));
	}
}

static inline void add_variables(struct every_kind *kinds)
{
	struct btf *btf = kinds->btf;
	int variable = must(btf__add_var(btf, "cpu_number", BTF_VAR_GLOBAL_ALLOCATED, kinds->number));
	int other = must(btf__add_var(btf, "task", BTF_VAR_STATIC, kinds->anonymous));

	must(btf__add_datasec(btf, ".data..percpu", 64 + 8 * kinds->version));
	must(btf__add_datasec_var_info(btf, variable, 8, 4));
	must(btf__add_datasec_var_info(btf, other, 16, 48 + 8 * kinds->version));
}

/* malloc'ed. */
static inline void *every_kind(unsigned int version, size_t *size)
{
	struct every_kind kinds = { .btf = btf__new_empty(), .version = version };
	const void *raw;
	uint32_t len;
	void *copy;

	if (!kinds.btf)
		abort();
	add_scalars(&kinds);
	add_variants(&kinds);
	add_structs(&kinds);
	add_modifiers(&kinds);
	add_functions(&kinds);
	add_variables(&kinds);
	raw = btf__raw_data(kinds.btf, &len);
	copy = malloc(len);
	if (!raw || !copy)
		abort();
	memcpy(copy, raw, len);
	*size = len;
	btf__free(kinds.btf);
	return copy;
}

#endif
