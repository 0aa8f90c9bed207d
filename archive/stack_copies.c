/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "stack_copies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

static void emit(struct buf *code, uint8_t op, uint8_t dst, uint8_t src, int64_t off, int32_t imm)
{
	const struct bpf_insn insn = { .code = op, .dst_reg = dst, .src_reg = src,
				       .off = (int16_t)off, .imm = imm };

	buf__add(code, &insn, sizeof(insn));
}

/* The largest access that is aligned in the section and on the stack. */
static uint32_t chunk(int64_t from, uint32_t at, uint32_t left)
{
	uint32_t size = 8;

	while (from % size || at % size || size > left)
		size /= 2;
	return size;
}

/* From memory at `from` to memory at `to`, piece by piece by way of `with`. */
static void move(struct buf *code, uint32_t size, int64_t offset, uint8_t from, int64_t from_off,
		 uint8_t to, int64_t to_off, uint8_t with)
{
	for (uint32_t at = 0, step; at < size; at += step) {
		uint8_t width;

		step = chunk(offset + at, at, size - at);
		width = step == 8 ? BPF_DW : step == 4 ? BPF_W : step == 2 ? BPF_H : BPF_B;
		emit(code, BPF_LDX | BPF_MEM | width, with, from, from_off + at, 0);
		emit(code, BPF_STX | BPF_MEM | width, to, with, to_off + at, 0);
	}
}

struct detour {
	const struct bpf_insn *insns;
	const struct fold_pointer *pointers;
	const struct fold_copy *copies; /* of one call */
	size_t count;
	unsigned int depth;
};

/* Where on the stack a copy lies. */
static int64_t place_of(const struct detour *detour, size_t index)
{
	int64_t place = -(int64_t)detour->depth;

	for (size_t i = 0; i <= index; i++)
		place -= (detour->copies[i].size + 7) & ~7u;
	return place;
}

/* r0, which the call overwrites, carries what goes there, and r2 what comes back. */
static void take_detour(const struct detour *detour, struct buf *code)
{
	const struct fold_copy *copies = detour->copies;
	const struct bpf_insn *insns = detour->insns;

	for (size_t i = 0; i < detour->count; i++) {
		int64_t slot = insns[detour->pointers[copies[i].pointer].at].off;
		int64_t place = place_of(detour, i);

		emit(code, BPF_LDX | BPF_MEM | BPF_DW, copies[i].reg, BPF_REG_10, slot, 0);
		move(code, copies[i].size, copies[i].offset, copies[i].reg, copies[i].offset,
		     BPF_REG_10, place, BPF_REG_0);
		emit(code, BPF_ALU64 | BPF_MOV | BPF_X, copies[i].reg, BPF_REG_10, 0, 0);
		emit(code, BPF_ALU64 | BPF_ADD | BPF_K, copies[i].reg, 0, 0, (int32_t)place);
	}
	buf__add(code, &insns[copies->at], sizeof(*insns));
	for (size_t i = 0; i < detour->count; i++) {
		int64_t slot = insns[detour->pointers[copies[i].pointer].at].off;

		if (!copies[i].written)
			continue;
		emit(code, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_10, slot, 0);
		move(code, copies[i].size, copies[i].offset, BPF_REG_10, place_of(detour, i),
		     BPF_REG_1, copies[i].offset, BPF_REG_2);
	}
}

/* Behind what there is, with a jump there in place of the call. */
static int add_detour(const struct detour *detour, struct buf *code)
{
	size_t call = detour->copies->at, begin = code->len / sizeof(struct bpf_insn), end;

	take_detour(detour, code);
	end = code->len / sizeof(struct bpf_insn);
	if (end - call > INT16_MAX)
		return -E2BIG;
	emit(code, BPF_JMP | BPF_JA, 0, 0, (int64_t)call - (int64_t)end, 0);
	if (!buf__failed(code))
		((struct bpf_insn *)code->data)[call] = (struct bpf_insn){
			.code = BPF_JMP | BPF_JA, .off = (int16_t)(begin - call - 1) };
	return 0;
}

int stack_copies__make(const struct bpf_insn *insns, size_t count, unsigned int depth,
		       const struct fold_pointer *pointers, const struct fold_copy *copies,
		       size_t copy_count, struct bpf_insn **out, size_t *out_count)
{
	_cleanup_buf_ struct buf code = {};
	struct detour detour = { .insns = insns, .pointers = pointers, .depth = depth };
	size_t size;
	int err;

	buf__add(&code, insns, count * sizeof(*insns));
	for (size_t i = 0; i < copy_count; i += detour.count) {
		detour.copies = &copies[i];
		for (detour.count = 1; i + detour.count < copy_count &&
		     copies[i + detour.count].at == copies[i].at; detour.count++)
			;
		err = add_detour(&detour, &code);
		if (err)
			return err;
	}
	*out = (struct bpf_insn *)buf__steal(&code, &size);
	*out_count = size / sizeof(**out);
	return *out ? 0 : -ENOMEM;
}
