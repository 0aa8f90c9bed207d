/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_machine.h"

#include <string.h>

/* Unnamed structs and unions in each other. */
#define DEPTH_MAX 4

/* What programs take their context for, by libbpf's bpf_tracing.h. */
static const char *const structs[] = { "pt_regs", "user_pt_regs", "user_regs_struct" };

/* Members that no other machine's have. */
static const struct {
	const char *member, *machine, *big_endian;
} registers[] = {
	{ "di", "x86_64", "" }, { "rdi", "x86_64", "" }, { "r15", "x86_64", "" },
	{ "pstate", "aarch64", "aarch64_be" }, { "uregs", "armv7l", "armv7b" },
	{ "gprs", "", "s390x" }, { "nip", "ppc64le", "ppc64" }, { "s11", "riscv64", "" },
	{ "cp0_epc", "mips64", "mips64" }, { "csr_era", "loongarch64", "" },
};

static const char *machine_of(const struct core_types *types, const char *member)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (strcmp(registers[i].member, member) == 0)
			return types->big_endian ? registers[i].big_endian : registers[i].machine;
	return "";
}

static const char *find(const struct core_types *types, uint32_t id, uint32_t depth)
{
	const struct graph_type *type = core_types__strip(types, &id);

	if (!type || !core_kind__is_composite(type->kind) || !depth)
		return NULL;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct graph_slot *member = &core_types__slots(types, type)[i];
		const char *found = machine_of(types, core_types__string(types, member->name));

		if (*found)
			return found;
		found = member->name ? NULL : find(types, member->type, depth - 1);
		if (found)
			return found;
	}
	return NULL;
}

bool core_machine__is_told_by(const struct core_types *types, uint32_t type)
{
	const struct graph_type *at = core_types__strip(types, &type);

	for (size_t i = 0; at && at->kind == TYPE_STRUCT &&
			   i < sizeof(structs) / sizeof(structs[0]); i++)
		if (strcmp(core_types__string(types, at->name), structs[i]) == 0)
			return true;
	return false;
}

const char *core_machine__of_object(const struct core_types *types)
{
	for (uint32_t id = 1; id < types->graph->type_count; id++) {
		const char *found = types->graph->types[id].kind == TYPE_STRUCT &&
				    core_machine__is_told_by(types, id) ?
				    find(types, id, DEPTH_MAX) : NULL;

		if (found)
			return found;
	}
	return NULL;
}

const char *core_machine__of_kernel(const struct core_target *target)
{
	for (size_t i = 0; i < sizeof(structs) / sizeof(structs[0]); i++) {
		uint32_t id = 0;

		while ((id = core_target__candidate(target, TYPE_STRUCT, structs[i], id))) {
			const char *found = find(&target->types, id, DEPTH_MAX);

			if (found)
				return found;
		}
	}
	return NULL;
}
