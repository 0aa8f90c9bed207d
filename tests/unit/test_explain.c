/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What verifiers of real kernels wrote, and what it is explained as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"

#define RAW BPF_PROG_TYPE_RAW_TRACEPOINT

static const struct {
	const char *log;
	enum bpf_prog_type type;
	const char *meaning; /* a part of it; NULL: not known */
} table[] = {
	/* 4.9 and 4.14 */
	{ "5: (85) call 67\ninvalid func 67\n", BPF_PROG_TYPE_KPROBE,
	  "no helper bpf_get_stack (before 4.18)" },
	{ "invalid func unknown#67\n", BPF_PROG_TYPE_KPROBE, "no helper bpf_get_stack (before 4.18)" },
	{ "5: (85) call 195896080\ninvalid func 195896080\n", BPF_PROG_TYPE_KPROBE,
	  "a CO-RE relocation failed" },
	{ "R4 type=map_value expected=fp\n", BPF_PROG_TYPE_KPROBE, "memory of the stack only" },
	{ "R3 type=map_value expected=fp\n", BPF_PROG_TYPE_KPROBE, "can't be handed over" },
	{ "R1 type=inv expected=fp\n", BPF_PROG_TYPE_KPROBE, "copy it there" },
	{ "R2 type=map_value expected=fp\n", BPF_PROG_TYPE_KPROBE, "keys and values of maps" },
	{ "R1 min value is negative, either use unsigned index or do a if (index >=0) check.\n",
	  BPF_PROG_TYPE_KPROBE, "can't be negative" },
	{ "unreachable insn 6\n", BPF_PROG_TYPE_KPROBE, "before 4.16" },
	{ "back-edge from insn 92 to 93\n", BPF_PROG_TYPE_KPROBE, "no loops (before 5.3)" },
	{ "unknown insn class 6\n", BPF_PROG_TYPE_KPROBE, "32-bit jumps (before 5.1)" },
	{ "BPF_ARSH not supported for 32 bit ALU\n", BPF_PROG_TYPE_KPROBE, "-mcpu=v1 or v2" },
	{ "BPF_ALU uses reserved fields\n", BPF_PROG_TYPE_KPROBE, "signed division" },
	{ "invalid BPF_JMP opcode a0\n", BPF_PROG_TYPE_KPROBE, "\"less than\" (before 4.14)" },
	{ "R2 type=inv expected=imm\n", BPF_PROG_TYPE_KPROBE, "a constant as the length" },
	/* 4.18 of CentOS 8.1 */
	{ "17: int bad(void *ctx) { int n = bpf_get_prandom_u32(), s=0; }\n"
	  "back-edge from insn 17 to 11\n", RAW, "no loops (before 5.3)" },
	{ "8: (15) if r6 == 0x0 goto pc+7\n"
	  " R0=map_value(id=0,off=0,ks=4,vs=8,imm=0) R6=map_value(id=0,off=0,ks=4,vs=8,imm=0)\n"
	  "; bpf_spin_lock(&v->l);\n9: (bf) r1 = r6\n10: (85) call unknown#93\ninvalid func unknown#93\n",
	  RAW, "no helper bpf_spin_lock (before 5.1)" },
	{ "invalid func unknown#9999\n", RAW, "no such helper" },
	{ "64: (7b) *(u64 *)(r10 -520) = r1\ninvalid stack off=-520 size=8\n", RAW, "512 bytes of stack" },
	{ "8: (85) call bpf_map_lookup_elem#1\ninvalid indirect read from stack off -8+1 size 8\n", RAW,
	  "never written" },
	{ "14: (79) r6 = *(u64 *)(r10 -64)\n15: (0f) r7 += r6\nmath between map_value pointer and "
	  "register with unbounded min value is not allowed\n", RAW, "saved on the stack" },
	{ "BPF_STX uses reserved fields\n", RAW, "atomics that return a value" },
	{ "unknown opcode a6\n", RAW, "32-bit jumps (before 5.1)" },
	{ "unknown opcode a5\n", RAW, "\"less than\" (before 4.14)" },
	{ "unknown opcode 06\n", RAW, "far jumps" },
	{ "unknown opcode 8d\n", RAW, "-mcpu=v1" },
	{ "unrecognized bpf_ld_imm64 insn\n", RAW, "callbacks" },
	{ "R1 invalid mem access 'inv'\n", RAW, "bpf_probe_read_kernel" },
	{ "cannot pass map_type 4 into func bpf_map_lookup_elem#1\n", RAW, "a map of this type" },
	{ "0: (85) call bpf_get_current_task#35\n1: <invalid CO-RE relocation>\n"
	  "failed to resolve CO-RE relocation <byte_off> [312] struct task_struct___x.nosuchfield "
	  "(0:0 @ offset 0)\n", RAW, "no field struct task_struct___x.nosuchfield, which" },
	/* 5.10 and 6.1, locked down; and what is no lockdown */
	{ "78: (85) call bpf_probe_read#4\nunknown func bpf_probe_read#4\nprocessed 79 insns (limit "
	  "1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
	  BPF_PROG_TYPE_TRACEPOINT, "locked down (confidentiality)" },
	{ "unknown func bpf_probe_read#4\n", BPF_PROG_TYPE_CGROUP_SKB,
	  "no helper bpf_probe_read for programs of this type" },
	{ "unknown func bpf_get_current_comm#16\n", RAW, "no helper bpf_get_current_comm" },
	/* 6.18 */
	{ "arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n0: R1=ctx() R10=fp0\n"
	  "; return bpf_core_enum_value(enum x___y, NOSUCH___y); } @ f.bpf.c:16\n"
	  "0: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation <enumval_value> [5] "
	  "enum x___y::NOSUCH___y = 5\nprocessed 1 insns (limit 1000000) max_states_per_insn 0\n", RAW,
	  "no enumerator enum x___y::NOSUCH___y, which" },
	{ "1: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation <type_size> [7] struct gone\n",
	  RAW, "no type struct gone, which" },
	{ "1: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation <", RAW,
	  "no type, field or enumerator" },
	{ "16: (bf) r9 = r0\nBPF program is too large. Processed 1000001 insn\nprocessed 1000001 insns "
	  "(limit 1000000) max_states_per_insn 4 total_states 12503 peak_states 12503 mark_read 0\n",
	  RAW, "1,000,000 instructions" },
	{ "64: (7b) *(u64 *)(r10 -520) = r1\ninvalid write to stack R10 off=-520 size=8\n", RAW,
	  "512 bytes of stack" },
	{ "tracing progs cannot use bpf_spin_lock yet\n", RAW, "spin lock" },
	{ "1: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'scalar'\n", RAW, "bpf_probe_read_kernel" },
	{ "R0 invalid mem access 'map_value_or_null'\n", RAW, "tested for NULL" },
	{ "program of this type cannot use helper bpf_probe_read_kernel#113\n", BPF_PROG_TYPE_KPROBE,
	  "locked down" },
	{ "cannot call GPL-restricted function from non-GPL compatible program\n", RAW, "license" },
	/* within the stack, and not about it */
	{ "invalid write to stack R10 off=-8 size=16\n", RAW, NULL },
	{ "R1 off=-900 is something else\n", RAW, NULL },
	/* source and states are not what it complains about */
	{ "; back-edge from insn 1 to 2\n 3: unknown opcode a6\n4: (85) invalid func 7\nprocessed 1 insns\n",
	  RAW, NULL },
	/* nor is what came long before */
	{ "back-edge from insn 1 to 2\na\nb\nc\nd\ne\nf\n", RAW, NULL },
	{ "", RAW, NULL },
	{ "\n\n", RAW, NULL },
};

static void test_table(void **state)
{
	char out[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool known = explain__log(table[i].log, table[i].type, out, sizeof(out));

		print_message("# %zu: %s\n", i, out);
		assert_int_equal(known, table[i].meaning != NULL);
		if (table[i].meaning)
			assert_non_null(strstr(out, table[i].meaning));
		else
			assert_string_equal(out, "");
	}
}

/* "QUESTION<TAB>KERNELS<TAB>ERRNO WORDS": the words, or NULL. */
static const char *words_of(char *line)
{
	char *tab = strrchr(line, '\t'), *space = tab ? strchr(tab, ' ') : NULL;

	line[strcspn(line, "\n")] = '\0';
	if (*line == '#' || !space || strncmp(tab + 1, "ok ", 3) == 0)
		return NULL;
	return space + 1;
}

/* All that the double of old kernels says is explained. */
static void test_answers(void **state)
{
	FILE *file = fopen("tests/double/answers.txt", "re");
	char line[512], out[1024];
	size_t explained = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		const char *words = words_of(line);

		/* what a kernel says of BTF libbpf hears, and takes out what it does not know */
		if (!words || *words == '[')
			continue;
		if (!explain__log(words, BPF_PROG_TYPE_TRACEPOINT, out, sizeof(out)))
			fail_msg("not explained: %s", words);
		explained++;
	}
	fclose(file);
	assert_true(explained > 40);
}

/* No more than there is room for. */
static void test_small_room(void **state)
{
	char out[16];

	(void)state;
	assert_true(explain__log("back-edge from insn 1 to 2\n", RAW, out, sizeof(out)));
	assert_int_equal(strlen(out), sizeof(out) - 1);
}

static void test_maps(void **state)
{
	(void)state;
	assert_string_equal(explain__map_since(BPF_MAP_TYPE_RINGBUF), "5.8");
	assert_string_equal(explain__map_since(BPF_MAP_TYPE_HASH), "3.19");
	assert_null(explain__map_since(BPF_MAP_TYPE_UNSPEC));
	assert_null(explain__map_since(9999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_small_room),
		cmocka_unit_test(test_maps),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
