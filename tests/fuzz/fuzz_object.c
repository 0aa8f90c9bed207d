/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF object files on their way through the rewriting of global variables. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "bpf_elf.h"
#include "folding.h"
#include "globals.h"
#include "harness.h"
#include "stack_copies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rewrite(struct bpf_elf *elf, const struct btf *btf)
{
	struct remarks remarks = {};
	struct globals globals;
	void *written;
	size_t size;

	if (globals__collect(elf, btf, &globals) == 0 && globals__find_uses(&globals, elf) > 0 &&
	    globals__rewrite(&globals, elf, btf, &remarks) == 0 &&
	    bpf_elf__write(elf, &written, &size) == 0) {
		struct bpf_elf again;

		/* what was written is an object again */
		if (bpf_elf__parse(written, size, &again) == 0)
			bpf_elf__free(&again);
		else
			abort();
		free(written);
	}
	globals__free(&globals);
	remarks__free(&remarks);
}

static void fold(const struct bpf_elf *elf)
{
	static const uint8_t constants[64] = { 1, 2, 3 };

	for (size_t i = 1; i < elf->section_count; i++) {
		const struct bpf_elf_section *section = &elf->sections[i];
		const struct fold_pointer pointers[] = {
			{ .at = 1, .section = &pointers[0], .data = constants,
			  .size = sizeof(constants), .offset = 8 },
			{ .at = 3, .section = &pointers[1], .size = 64, .offset = 8 },
		};
		const struct fold_map map = { .at = 5, .key_size = 4, .value_size = 19 };
		const struct fold_input input = {
			.pointers = pointers, .pointer_count = 2, .maps = &map, .map_count = 1,
			.stack_keys = true, .stack_memory = true, .stack_room = 100,
		};
		struct fold_outcome outcome;

		struct bpf_insn *insns = (struct bpf_insn *)section->data, *made = NULL;
		size_t count = section->size / sizeof(*insns), made_count;

		if (!insns || !(section->header.sh_flags & SHF_EXECINSTR) ||
		    folding__run(insns, count, &input, &outcome))
			continue;
		if (outcome.copy_count)
			stack_copies__make(insns, count, 400, pointers, outcome.copies,
					   outcome.copy_count, &made, &made_count);
		free(made);
		free(outcome.copies);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bpf_elf elf;
	struct btf *btf = NULL;
	size_t index;

	libbpf_set_print(silence);
	if (bpf_elf__parse(data, size, &elf))
		return 0;
	index = bpf_elf__find_section(&elf, ".BTF");
	if (index && elf.sections[index].data)
		btf = btf__new(elf.sections[index].data, elf.sections[index].size);
	rewrite(&elf, btf);
	bpf_elf__free(&elf);
	if (bpf_elf__parse(data, size, &elf) == 0) {
		fold(&elf);
		bpf_elf__free(&elf);
	}
	btf__free(btf);
	return 0;
}
