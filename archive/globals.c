/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "globals.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "code_moves.h"
#include "liveness.h"
#include "source_lines.h"

#define INSN_SIZE 8
#define STACK_MAX 512
#define R_BPF_64_64 1
#define ARGUMENT_REGISTERS 0x3eu /* r1 to r5 */

void globals__free(struct globals *globals)
{
	for (size_t i = 0; i < globals->count; i++) {
		free(globals->sections[i].name);
		free(globals->sections[i].data);
		if (globals->sections[i].fd >= 0)
			close(globals->sections[i].fd);
	}
	for (size_t i = 0; i < globals->kconfig_count; i++)
		free(globals->kconfigs[i].name);
	free(globals->kconfigs);
	for (size_t i = 0; i < globals->pointer_count; i++)
		free(globals->pointers[i].function);
	free(globals->pointers);
	for (size_t i = 0; i < globals->map_use_count; i++) {
		free(globals->map_uses[i].function);
		free(globals->map_uses[i].map);
	}
	free(globals->map_uses);
	*globals = (struct globals){};
}

struct global_section *globals__find(struct globals *globals, const char *name)
{
	for (size_t i = 0; i < globals->count; i++)
		if (strcmp(globals->sections[i].name, name) == 0)
			return &globals->sections[i];
	return NULL;
}

bool global_section__is_constant(const struct global_section *section)
{
	return strncmp(section->name, ".rodata", 7) == 0 || strcmp(section->name, ".kconfig") == 0;
}

/* ---- what there is --------------------------------------------------------------------- */

/* The sections that libbpf makes maps of: ".data", and ".data.*". */
static bool holds_variables(const char *name)
{
	static const char *const names[] = { ".data", ".rodata", ".bss" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(name, names[i], len) == 0 && (!name[len] || name[len] == '.'))
			return true;
	}
	return false;
}

static int add_section(struct globals *globals, const char *name, size_t index,
		       const uint8_t *data, size_t size)
{
	struct global_section *section;

	if (globals->count == GLOBALS_MAX_SECTIONS || size > GLOBALS_MAX_SIZE)
		return -E2BIG;
	section = &globals->sections[globals->count++];
	*section = (struct global_section){
		.name = strdup(name), .index = index, .size = size, .fd = -1,
		.data = calloc(1, size + 1),
	};
	if (!section->name || !section->data)
		return -ENOMEM;
	if (data)
		memcpy(section->data, data, size);
	return 0;
}

/* externs have no place in the file; they get one here, each aligned to its size. */
static int place_kconfigs(struct globals *globals, const struct btf *btf,
			  const struct btf_type *section)
{
	const struct btf_var_secinfo *info = btf_var_secinfos(section);
	uint32_t offset = 0;

	globals->kconfigs = calloc(btf_vlen(section) + 1, sizeof(*globals->kconfigs));
	if (!globals->kconfigs)
		return -ENOMEM;
	for (uint32_t i = 0; i < btf_vlen(section); i++, info++) {
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		struct kconfig_slot *slot = &globals->kconfigs[globals->kconfig_count];
		int64_t size = var ? btf__resolve_size(btf, var->type) : -1;
		uint32_t align = size > 0 && size <= 8 ? (uint32_t)size : 8;
		const char *name = var ? btf__name_by_offset(btf, var->name_off) : NULL;

		if (!name || size < 0 || size > 4096)
			return -EBADMSG;
		offset = (offset + align - 1) / align * align;
		slot->name = strdup(name);
		if (!slot->name)
			return -ENOMEM;
		globals->kconfig_count++;
		slot->offset = offset;
		/* an array of unknown length is a string */
		offset += size ? (uint32_t)size : 64;
	}
	return add_section(globals, ".kconfig", 0, NULL, (offset + 7) & ~7u);
}

int globals__collect(const struct bpf_elf *elf, const struct btf *btf, struct globals *globals)
{
	int32_t id = btf ? btf__find_by_name_kind(btf, ".kconfig", BTF_KIND_DATASEC) : -1;

	*globals = (struct globals){};
	for (size_t i = 1; i < elf->section_count; i++) {
		const struct bpf_elf_section *section = &elf->sections[i];
		int err = 0;

		if ((section->header.sh_type == SHT_PROGBITS ||
		     section->header.sh_type == SHT_NOBITS) &&
		    section->size && holds_variables(section->name))
			err = add_section(globals, section->name, i, section->data, section->size);
		if (err)
			return err;
	}
	return id > 0 ? place_kconfigs(globals, btf, btf__type_by_id(btf, id)) : 0;
}

/* ---- who refers to it ---------------------------------------------------------------------- */

struct use {
	struct global_section *section;
	int64_t offset; /* of the symbol; the instruction adds its own */
};

/* What a relocation refers to; section NULL if it is no variable. */
static struct use find_use(struct globals *globals, const struct bpf_elf *elf,
			   const Elf64_Rel *relocation)
{
	size_t index = ELF64_R_SYM(relocation->r_info);
	const Elf64_Sym *symbol;

	if (ELF64_R_TYPE(relocation->r_info) != R_BPF_64_64 || index >= elf->symbol_count)
		return (struct use){};
	symbol = &elf->symbols[index];
	if (symbol->st_shndx == SHN_UNDEF) {
		const char *name = bpf_elf__symbol_name(elf, symbol);

		for (size_t i = 0; *name && i < globals->kconfig_count; i++)
			if (strcmp(globals->kconfigs[i].name, name) == 0)
				return (struct use){ globals__find(globals, ".kconfig"),
						     globals->kconfigs[i].offset };
		return (struct use){};
	}
	for (size_t i = 0; i < globals->count; i++)
		if (globals->sections[i].index && globals->sections[i].index == symbol->st_shndx)
			return (struct use){ &globals->sections[i], (int64_t)symbol->st_value };
	return (struct use){};
}

static bool is_code(const struct bpf_elf_section *section)
{
	return section->header.sh_type == SHT_PROGBITS &&
	       section->header.sh_flags & SHF_EXECINSTR && section->size;
}

struct relocations {
	Elf64_Rel *items;
	size_t count;
	struct bpf_elf_section *section;
};

static struct relocations relocations_of(struct bpf_elf *elf, size_t index)
{
	struct bpf_elf_section *section = bpf_elf__relocations_of(elf, index);

	if (!section || !section->data)
		return (struct relocations){};
	return (struct relocations){ (Elf64_Rel *)section->data,
				     section->size / sizeof(Elf64_Rel), section };
}

int globals__find_uses(struct globals *globals, struct bpf_elf *elf)
{
	for (size_t i = 1; i < elf->section_count; i++) {
		struct relocations relocations = {};

		if (is_code(&elf->sections[i]))
			relocations = relocations_of(elf, i);
		for (size_t k = 0; k < relocations.count; k++) {
			struct use use = find_use(globals, elf, &relocations.items[k]);

			if (use.section)
				use.section->used = true;
		}
	}
	for (size_t i = 0; i < globals->count; i++)
		if (globals->sections[i].used)
			return 1;
	return 0;
}

int globals__make_maps(struct globals *globals, struct remarks *remarks)
{
	for (size_t i = 0; i < globals->count; i++) {
		struct global_section *section = &globals->sections[i];

		if (!section->used)
			continue;
		/* no name: the oldest kernels refuse an attribute that they don't know */
		section->fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, sizeof(uint32_t),
					     (uint32_t)section->size, 1, NULL);
		if (section->fd < 0) {
			int err = -errno;

			remarks__add(remarks, KBTF_REMARK_PROBLEM,
				     "no map of %zu bytes for %s could be made: %s", section->size,
				     section->name, strerror(-err));
			return err;
		}
	}
	return 0;
}

/* ---- the prologue ---------------------------------------------------------------------------- */

/* One function, on its way to being rewritten. */
struct function {
	struct code_function *place;
	const char *name;
	struct global_section *sections[GLOBALS_MAX_SECTIONS]; /* those it uses */
	size_t section_count;
	unsigned int arguments;   /* mask of the registers that hold any, from r1 to r5 */
	unsigned int stack;       /* bytes it uses itself, rounded up to 8 */
};

static struct bpf_insn insn(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	return (struct bpf_insn){ .code = code, .dst_reg = dst, .src_reg = src, .off = off,
				  .imm = imm };
}

static int16_t slot_of(const struct function *function, const struct global_section *section)
{
	size_t i = 0;

	while (function->sections[i] != section)
		i++;
	return (int16_t)-(int)(function->stack + 8 * (i + 1));
}

/* r1 to r4 are kept in r6 to r9, which nobody uses at a function's entry; r5 on the stack. */
static int16_t fifth_slot(const struct function *function)
{
	return (int16_t)-(int)(function->stack + 8 * (function->section_count + 1));
}

static size_t lookup(struct bpf_insn *out, const struct global_section *section, int16_t slot)
{
	size_t n = 0;

	out[n++] = insn(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, slot, 0);
	out[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	out[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, slot);
	out[n++] = insn(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, section->fd);
	out[n++] = insn(0, 0, 0, 0, 0);
	out[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	/* it is never NULL, but the verifier wants to see it asked */
	out[n++] = insn(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 2, 0);
	out[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	out[n++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	out[n++] = insn(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_0, slot, 0);
	return n;
}

#define PROLOGUE_MAX (10 * GLOBALS_MAX_SECTIONS + 10)

static bool takes(const struct function *function, unsigned int reg)
{
	return function->arguments & 1u << reg;
}

static size_t make_prologue(const struct function *function, struct bpf_insn *out)
{
	size_t n = 0;

	for (uint8_t i = 0; i < 4; i++)
		if (takes(function, BPF_REG_1 + i))
			out[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6 + i, BPF_REG_1 + i,
					0, 0);
	if (takes(function, BPF_REG_5))
		out[n++] = insn(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_5,
				fifth_slot(function), 0);
	for (size_t i = 0; i < function->section_count; i++)
		n += lookup(out + n, function->sections[i],
			    slot_of(function, function->sections[i]));
	for (uint8_t i = 0; i < 4; i++)
		if (takes(function, BPF_REG_1 + i))
			out[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1 + i, BPF_REG_6 + i,
					0, 0);
	if (takes(function, BPF_REG_5))
		out[n++] = insn(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_5, BPF_REG_10,
				fifth_slot(function), 0);
	return n;
}

/* ---- what a function needs -------------------------------------------------------------------- */

/* Offset below the frame pointer that the instruction touches by itself, or 0. */
static int direct_depth(const struct bpf_insn *it)
{
	uint8_t class = BPF_CLASS(it->code);

	if (class == BPF_LDX)
		return it->src_reg == BPF_REG_10 && it->off < 0 ? -it->off : 0;
	if (class == BPF_ST || class == BPF_STX)
		return it->dst_reg == BPF_REG_10 && it->off < 0 ? -it->off : 0;
	return 0;
}

/*
 * The deepest byte of the stack that a function names. Addresses are made by copying r10
 * and adding: additions to anything that was ever such a copy count. Too small a result
 * would put a slot where the function writes, which the verifier finds: the slot no
 * longer holds a pointer then.
 */
unsigned int globals__stack_depth(const struct bpf_insn *code, size_t count)
{
	int offsets[MAX_BPF_REG] = {}, depth = 0;
	bool copies[MAX_BPF_REG] = { [BPF_REG_10] = true };

	for (size_t i = 0; i < count; i++) {
		const struct bpf_insn *it = &code[i];
		int here = direct_depth(it);

		if (it->code == (BPF_ALU64 | BPF_MOV | BPF_X) && it->dst_reg < MAX_BPF_REG &&
		    it->src_reg < MAX_BPF_REG && copies[it->src_reg]) {
			copies[it->dst_reg] = true;
			offsets[it->dst_reg] = offsets[it->src_reg];
		} else if (it->code == (BPF_ALU64 | BPF_ADD | BPF_K) &&
			   it->dst_reg < BPF_REG_10 && copies[it->dst_reg] &&
			   it->imm >= -STACK_MAX && it->imm <= STACK_MAX) {
			offsets[it->dst_reg] += it->imm;
			here = -offsets[it->dst_reg];
			if (here < -it->imm)
				here = -it->imm;
		}
		if (here > depth)
			depth = here;
	}
	return (unsigned int)(depth + 7) & ~7u;
}

static void note_use(struct function *function, struct global_section *section)
{
	for (size_t i = 0; i < function->section_count; i++)
		if (function->sections[i] == section)
			return;
	function->sections[function->section_count++] = section;
}

struct callees {
	const struct code_moves *moves;
	struct bpf_elf *elf;
	const struct function *functions;
	const struct code_function *caller;
};

static unsigned int callee_arguments(void *ctx, size_t index)
{
	const struct callees *callees = ctx;
	const struct code_function *callee =
		code_moves__callee(callees->moves, callees->elf, callees->caller->section,
				   callees->caller->start + index * INSN_SIZE);

	return callee ? callees->functions[callee - callees->moves->functions].arguments : 0;
}

/* Which argument registers each function really takes, its callees' included. */
static int find_arguments(struct bpf_elf *elf, const struct code_moves *moves,
			  struct function *functions)
{
	struct callees callees = { moves, elf, functions, NULL };
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < moves->count; i++) {
			const struct code_function *place = callees.caller = &moves->functions[i];
			const uint8_t *code = elf->sections[place->section].data + place->start;
			int live = liveness__at_entry((const struct bpf_insn *)code,
						      place->size / INSN_SIZE, callee_arguments,
						      &callees);

			unsigned int arguments;

			if (live < 0)
				return live;
			/* what is not in .text is a program, which gets its context alone */
			arguments = (unsigned int)live &
				    (strcmp(elf->sections[place->section].name, ".text") == 0 ?
				     ARGUMENT_REGISTERS : 1u << BPF_REG_1);
			again |= functions[i].arguments != arguments;
			functions[i].arguments = arguments;
		}
	}
	return 0;
}

/* `first`: the relocation of the first variable that it uses. */
static void remark_stack(const struct function *function, const struct bpf_elf *elf,
			 const struct btf *btf, const Elf64_Rel *first, unsigned int needed,
			 struct remarks *remarks)
{
	struct source_lines lines __attribute__((__cleanup__(source_lines__free))) = {};
	const Elf64_Sym *symbol = &elf->symbols[ELF64_R_SYM(first->r_info)];
	const char *section = elf->sections[function->place->section].name;
	struct source_line line;
	char where[300] = "";

	if (source_lines__read(elf, &lines) == 0 &&
	    source_lines__find(&lines, btf, section, first->r_offset, &line))
		snprintf(where, sizeof(where), " (%s:%u)", line.file, line.number);
	remarks__add(remarks, KBTF_REMARK_PROBLEM,
		     "function %s uses %u bytes of stack and global variables, of %s %s%s; the kernel "
		     "has none, and the %u bytes that they take instead don't fit in %d",
		     function->name, function->stack, function->sections[0]->name,
		     bpf_elf__symbol_name(elf, symbol), where, needed, STACK_MAX);
}

static int measure(struct globals *globals, struct bpf_elf *elf, const struct btf *btf,
		   struct function *function, struct remarks *remarks)
{
	struct code_function *place = function->place;
	const struct bpf_elf_section *section = &elf->sections[place->section];
	const struct bpf_insn *code = (const struct bpf_insn *)(section->data + place->start);
	struct relocations relocations = relocations_of(elf, place->section);
	Elf64_Rel first = {};
	unsigned int needed;

	for (size_t i = 0; i < relocations.count; i++) {
		uint64_t offset = relocations.items[i].r_offset;
		struct use use;

		if (offset < place->start || offset >= place->start + place->size)
			continue;
		use = find_use(globals, elf, &relocations.items[i]);
		if (use.section && !function->section_count)
			first = relocations.items[i];
		if (use.section)
			note_use(function, use.section);
	}
	if (!function->section_count)
		return 0;
	function->stack = globals__stack_depth(code, place->size / INSN_SIZE);
	needed = 8 * (function->section_count + takes(function, BPF_REG_5));
	if (function->stack + needed <= STACK_MAX)
		return 0;
	remark_stack(function, elf, btf, &first, needed, remarks);
	return -E2BIG;
}

/* ---- rewriting ------------------------------------------------------------------------------------ */

static int note_pointer(struct globals *globals, const struct code_function *place,
			uint64_t offset_in_section, const struct use *use, int64_t offset)
{
	struct global_pointer *grown = realloc(globals->pointers, (globals->pointer_count + 1) *
								  sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	globals->pointers = grown;
	grown[globals->pointer_count] = (struct global_pointer){
		.function = strdup(place->name),
		.at = (offset_in_section - place->start + place->prologue_size) / INSN_SIZE,
		.section = use->section,
		.offset = offset,
	};
	return grown[globals->pointer_count++].function ? 0 : -ENOMEM;
}

/* NULL: it is no map, or one without a name. */
static const char *find_map(const struct bpf_elf *elf, const Elf64_Rel *relocation)
{
	size_t index = ELF64_R_SYM(relocation->r_info);
	const Elf64_Sym *symbol = index < elf->symbol_count ? &elf->symbols[index] : NULL;

	if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT ||
	    symbol->st_shndx != bpf_elf__find_section(elf, ".maps"))
		return NULL;
	return bpf_elf__symbol_name(elf, symbol);
}

static int note_map_use(struct globals *globals, const struct bpf_elf *elf,
			const struct code_moves *moves, size_t section,
			const Elf64_Rel *relocation)
{
	const struct code_function *place = code_moves__function_at(moves, section,
								    relocation->r_offset);
	const char *map = find_map(elf, relocation);
	struct global_map_use *grown;

	if (!place || !map)
		return 0;
	grown = realloc(globals->map_uses, (globals->map_use_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	globals->map_uses = grown;
	grown += globals->map_use_count++;
	grown->function = strdup(place->name);
	grown->map = strdup(map);
	grown->at = (relocation->r_offset - place->start + place->prologue_size) / INSN_SIZE;
	return grown->function && grown->map ? 0 : -ENOMEM;
}

static int rewrite_use(struct globals *globals, const struct bpf_elf *elf,
		       const struct function *functions, const struct code_moves *moves,
		       const Elf64_Rel *relocation, struct bpf_elf_section *section,
		       struct remarks *remarks)
{
	struct use use = find_use(globals, elf, relocation);
	const struct code_function *place;
	const struct function *function;
	struct bpf_insn *at;
	int64_t offset;

	place = code_moves__function_at(moves, (size_t)(section - elf->sections),
					relocation->r_offset);
	if (!place || relocation->r_offset % INSN_SIZE ||
	    relocation->r_offset + 2 * INSN_SIZE > section->size)
		return -EBADMSG;
	function = &functions[place - moves->functions];
	at = (struct bpf_insn *)(section->data + relocation->r_offset);
	offset = use.offset + at->imm;
	if (at->code != (BPF_LD | BPF_DW | BPF_IMM) || offset < 0 ||
	    (uint64_t)offset > use.section->size) {
		remarks__add(remarks, KBTF_REMARK_PROBLEM,
			     "function %s refers to %s in a way that can't be rewritten",
			     function->name, use.section->name);
		return -ENOTSUP;
	}
	at[0] = insn(BPF_LDX | BPF_MEM | BPF_DW, at->dst_reg, BPF_REG_10,
		     slot_of(function, use.section), 0);
	/* adding nothing is a jump to the next: the oldest verifier knows that best */
	at[1] = offset ? insn(BPF_ALU64 | BPF_ADD | BPF_K, at[0].dst_reg, 0, 0, (int32_t)offset)
		       : insn(BPF_JMP | BPF_JA, 0, 0, 0, 0);
	return note_pointer(globals, place, relocation->r_offset, &use, offset);
}

/* In place, before anything moves; the relocations of variables go. */
static int rewrite_section(struct globals *globals, struct bpf_elf *elf, size_t index,
			   const struct function *functions, const struct code_moves *moves,
			   struct remarks *remarks)
{
	struct relocations relocations = relocations_of(elf, index);
	size_t kept = 0;

	for (size_t i = 0; i < relocations.count; i++) {
		struct use use = find_use(globals, elf, &relocations.items[i]);
		int err;

		if (!use.section) {
			err = note_map_use(globals, elf, moves, index, &relocations.items[i]);
			relocations.items[kept++] = relocations.items[i];
			if (err)
				return err;
			continue;
		}
		err = rewrite_use(globals, elf, functions, moves, &relocations.items[i],
				  &elf->sections[index], remarks);
		if (err)
			return err;
	}
	if (relocations.section) {
		relocations.section->size = kept * sizeof(Elf64_Rel);
		relocations.section->header.sh_size = relocations.section->size;
	}
	return 0;
}

static int make_prologues(struct globals *globals, struct bpf_elf *elf, const struct btf *btf,
			  struct function *functions, struct code_moves *moves,
			  struct remarks *remarks)
{
	struct bpf_insn prologue[PROLOGUE_MAX];
	int err = find_arguments(elf, moves, functions);

	for (size_t i = 0; !err && i < moves->count; i++) {
		struct function *function = &functions[i];
		size_t count;

		function->place = &moves->functions[i];
		function->name = moves->functions[i].name;
		err = measure(globals, elf, btf, function, remarks);
		if (err)
			return err;
		if (!function->section_count)
			continue;
		count = make_prologue(function, prologue);
		err = code_function__set_prologue(function->place, prologue,
						  count * sizeof(prologue[0]));
		if (err)
			return err;
		remarks__add(remarks, KBTF_REMARK_ADAPTED,
			     "%s: %zu section%s of global variables through array maps",
			     function->name, function->section_count,
			     function->section_count == 1 ? "" : "s");
	}
	return err;
}

int globals__rewrite(struct globals *globals, struct bpf_elf *elf, const struct btf *btf,
		     struct remarks *remarks)
{
	struct code_moves moves __attribute__((__cleanup__(code_moves__free))) = {};
	_cleanup_free_ struct function *functions = NULL;
	int err = code_moves__find_functions(elf, &moves);

	if (err) {
		remarks__add(remarks, KBTF_REMARK_PROBLEM,
			     "the object's functions don't make up its code");
		return err;
	}
	functions = calloc(moves.count + 1, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	err = make_prologues(globals, elf, btf, functions, &moves, remarks);
	for (size_t i = 1; !err && i < elf->section_count; i++)
		if (is_code(&elf->sections[i]))
			err = rewrite_section(globals, elf, i, functions, &moves, remarks);
	return err ? err : code_moves__apply(&moves, elf, btf);
}
