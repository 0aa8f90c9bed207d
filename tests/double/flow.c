/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: check_cfg() and push_insn() of kernel/bpf/verifier.c. A walk of the graph in
 * depth, the way straight on first: an edge to an instruction that the walk is still
 * under is a loop, whether it would ever end or not.
 */
#include <errno.h>
#include <stdlib.h>

#include "kernels.h"
#include "verifier.h"

enum { UNSEEN = 0, ON_THE_WAY, DONE };

struct flow {
	const struct program *program;
	unsigned char *state; /* of each instruction */
	unsigned char *next;  /* which of its edges is to be taken next */
	int *way, depth;
};

enum { NO_EDGE = -0x10000000 }; /* no jump leads there */

/* Where edge `n` of an instruction leads. */
static int find_edge(const struct program *program, int at, int n)
{
	const struct bpf_insn *insn = &program->code[at];
	int beyond = at + 1, target = beyond + insn->off;

	/* what later kernels have as a class of jumps is none here */
	if (BPF_CLASS(insn->code) != BPF_JMP)
		return n == 0 ? beyond : NO_EDGE;
	switch (BPF_OP(insn->code)) {
	case BPF_EXIT:
		return NO_EDGE;
	case BPF_CALL:
		if (n == 1 && is_function_call(insn) && kernel__has(HAS_FUNCTION_CALLS))
			return beyond + insn->imm;
		return n == 0 ? beyond : NO_EDGE;
	case BPF_JA:
		return n == 0 ? target : NO_EDGE;
	default:
		return n == 0 ? beyond : n == 1 ? target : NO_EDGE;
	}
}

static void enter(struct flow *flow, int at)
{
	flow->state[at] = ON_THE_WAY;
	flow->way[flow->depth++] = at;
}

static int walk(struct flow *flow, struct verdict *verdict)
{
	enter(flow, 0);
	while (flow->depth) {
		int at = flow->way[flow->depth - 1];
		int target = find_edge(flow->program, at, flow->next[at]++);

		if (target == NO_EDGE) {
			flow->state[at] = DONE;
			flow->depth--;
		} else if (target < 0 || target >= flow->program->length) {
			return refuse(verdict, -EINVAL, "jump out of range from insn %d to %d", at,
				      target);
		} else if (flow->state[target] == ON_THE_WAY) {
			return refuse(verdict, -EINVAL, "back-edge from insn %d to %d", at, target);
		} else if (flow->state[target] == UNSEEN) {
			enter(flow, target);
		}
	}
	for (int i = 0; i < flow->program->length; i++)
		if (flow->state[i] == UNSEEN)
			return refuse(verdict, -EINVAL, "unreachable insn %d", i);
	return 0;
}

int flow__check(const struct program *program, struct verdict *verdict)
{
	struct flow flow = {
		.program = program,
		.state = calloc(program->length, 1),
		.next = calloc(program->length, 1),
		.way = calloc(program->length, sizeof(*flow.way)),
	};
	int err = flow.state && flow.next && flow.way ? walk(&flow, verdict) : -ENOMEM;

	free(flow.state);
	free(flow.next);
	free(flow.way);
	return err;
}
