/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <limits.h>

#include "core.h"

/* libbpf's mark, which the verifier's log shows: "invalid func unknown#195896080". */
#define BAD_CALL 195896080
#define LOAD_64 (BPF_LD | BPF_IMM | BPF_DW)

static enum core_patched poison(struct bpf_insn insns[2])
{
	const struct bpf_insn call = { .code = BPF_JMP | BPF_CALL, .imm = BAD_CALL };

	if (insns[0].code == LOAD_64)
		insns[1] = call;
	insns[0] = call;
	return CORE_POISONED;
}

static enum core_patched refuse(const char **why, const char *words)
{
	*why = words;
	return CORE_NOT_PATCHED;
}

/* Whether the instruction has what the object's own types say. */
static bool is_expected(const struct core_spec *spec, uint64_t present)
{
	return spec->value.ambiguous || present == spec->value.number;
}

static int size_code(uint32_t size)
{
	switch (size) {
	case 8: return BPF_DW;
	case 4: return BPF_W;
	case 2: return BPF_H;
	case 1: return BPF_B;
	default: return -1;
	}
}

static enum core_patched patch_load(const struct core_spec *spec, const struct core_result *result,
				    struct bpf_insn insns[2], const char **why)
{
	struct bpf_insn *insn = &insns[0];

	if (!is_expected(spec, (uint64_t)(int64_t)insn->off))
		return refuse(why, "the instruction has another offset than its types say");
	if (result->value.number > SHRT_MAX)
		return refuse(why, "the offset is too large for a load or store");
	if (result->cannot_resize) {
		*why = "the field is of another size, and no pointer or unsigned integer";
		return poison(insns);
	}
	insn->off = (int16_t)result->value.number;
	if (!result->resizes)
		return CORE_PATCHED;
	if (BPF_SIZE(insn->code) != size_code(spec->value.size))
		return refuse(why, "the instruction is for another size than its types say");
	if (size_code(result->value.size) < 0)
		return refuse(why, "the field has a size that no load has");
	insn->code = (uint8_t)(BPF_MODE(insn->code) | size_code(result->value.size) |
			       BPF_CLASS(insn->code));
	return CORE_PATCHED;
}

static enum core_patched patch_load_64(const struct core_spec *spec,
				       const struct core_result *result, struct bpf_insn insns[2],
				       const char **why)
{
	uint64_t present = (uint32_t)insns[0].imm | (uint64_t)(uint32_t)insns[1].imm << 32;

	if (insns[0].code != LOAD_64 || insns[0].src_reg || insns[0].off || insns[1].code ||
	    insns[1].dst_reg || insns[1].src_reg || insns[1].off)
		return refuse(why, "no instruction that can be relocated");
	if (!is_expected(spec, present))
		return refuse(why, "the instruction has another number than its types say");
	insns[0].imm = (int32_t)result->value.number;
	insns[1].imm = (int32_t)(result->value.number >> 32);
	return CORE_PATCHED;
}

enum core_patched core_patch(const struct core_object *object,
			     const struct core_relocation *relocation,
			     const struct core_result *result, struct bpf_insn insns[2],
			     const char **why)
{
	const struct core_spec *spec = &object->specs[relocation->spec];

	*why = NULL;
	insns[0] = relocation->insns[0];
	insns[1] = relocation->insns[1];
	if (result->outcome != CORE_FOUND && result->outcome != CORE_ABSENT)
		return refuse(why, "its relocation has no result");
	if (result->poisons)
		return poison(insns);
	switch (BPF_CLASS(insns[0].code)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (BPF_SRC(insns[0].code) != BPF_K)
			return refuse(why, "no instruction that can be relocated");
		if (!is_expected(spec, (uint64_t)(int64_t)insns[0].imm))
			return refuse(why, "the instruction has another number than its types say");
		insns[0].imm = (int32_t)result->value.number;
		return CORE_PATCHED;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return patch_load(spec, result, insns, why);
	case BPF_LD:
		return patch_load_64(spec, result, insns, why);
	default:
		return refuse(why, "no instruction that can be relocated");
	}
}
