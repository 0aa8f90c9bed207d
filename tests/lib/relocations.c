/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of each instruction that an object's CO-RE relocations change, a line each:
 * by libkbtf's engine, or by libbpf, which is asked to load the object and says it in its
 * log. Loading ends before the verifier. Usage: relocations engine|libbpf|log OBJECT BTF
 * "log" prints libbpf's log as it is.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "core_words.h"
#include "base/file.h"

static void *read_all(const char *path, size_t *size)
{
	void *data;
	int err = file__read(path, 1 << 30, &data, size);

	if (err) {
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
		exit(2);
	}
	return data;
}

/* ---- libbpf ---------------------------------------------------------------------------- */

static int listen(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[1024], *name, *end, *number, *value;
	int length = vsnprintf(text, sizeof(text), format, args);

	(void)level;
	name = strstr(text, "prog '");
	if (!name || length <= 0)
		return length;
	name += 6;
	end = strchr(name, '\'');
	if (!end || !strstr(end, ": relo #"))
		return length;
	*end++ = '\0';
	number = strstr(end, "insn #");
	value = strrchr(end, '>');
	if (strstr(end, "patched insn"))
		printf("%s %d %s%s", name, atoi(number + 6),
		       strstr(end, "mem_sz") ? "size" : strstr(end, "LDX/ST/STX") ? "offset" :
		       strstr(end, "imm64") ? "imm64" : "imm", value + 1);
	else if (strstr(end, "substituting insn"))
		printf("%s %d poisoned\n", name, atoi(number + 6));
	else if (strstr(end, "failed to relocate") || strstr(end, "failed to patch"))
		printf("%s refused\n", name);
	return length;
}

static int print_log(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	return vprintf(format, args);
}

static int by_libbpf(const char *path, const char *btf, libbpf_print_fn_t print)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = btf);
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_map *map;

	libbpf_set_print(print);
	object = bpf_object__open_file(path, &opts);
	if (!object)
		return 2;
	bpf_object__for_each_program(program, object) {
		bpf_program__set_autoload(program, true);
		bpf_program__set_type(program, BPF_PROG_TYPE_UNSPEC);
	}
	/* maps come before relocations, and need not be of types that this kernel has */
	bpf_object__for_each_map(map, object)
		bpf_map__set_autocreate(map, false);
	bpf_object__load(object);
	bpf_object__close(object);
	return 0;
}

/* ---- the engine ------------------------------------------------------------------------------ */

static void print_patched(const struct core_relocation *relocation,
			  const struct core_result *result, const struct bpf_insn insns[2])
{
	printf("%s %u ", relocation->program, relocation->in_program);
	switch (BPF_CLASS(insns[0].code)) {
	case BPF_ALU:
	case BPF_ALU64:
		printf("imm %llu\n", (unsigned long long)result->value.number);
		break;
	case BPF_LD:
		printf("imm64 %llu\n", (unsigned long long)((uint32_t)insns[0].imm |
							     (uint64_t)insns[1].imm << 32));
		break;
	default:
		printf("offset %d\n", insns[0].off);
		if (result->resizes)
			printf("%s %u size %u\n", relocation->program, relocation->in_program,
			       result->value.size);
	}
}

static bool print_one(const struct core_object *object, const struct core_relocation *relocation,
		      const struct core_result *result)
{
	struct bpf_insn insns[2];
	const char *why;

	switch (core_patch(object, relocation, result, insns, &why)) {
	case CORE_PATCHED:
		print_patched(relocation, result, insns);
		return true;
	case CORE_POISONED:
		if (relocation->insns[0].code == (BPF_LD | BPF_IMM | BPF_DW))
			printf("%s %u poisoned\n", relocation->program, relocation->in_program + 1);
		printf("%s %u poisoned\n", relocation->program, relocation->in_program);
		return true;
	default:
		printf("%s refused\n", relocation->program);
		return false;
	}
}

static int by_engine(const char *path, const char *btf)
{
	struct type_graph_error graph_error;
	struct core_object_error error;
	struct core_results results;
	struct core_target target;
	struct core_object object;
	struct type_graph graph;
	size_t size;
	void *data = read_all(path, &size);

	if (core_object__read(data, size, &object, &error)) {
		fprintf(stderr, "%s: %s\n", path, error.what);
		return 2;
	}
	free(data);
	data = read_all(btf, &size);
	if (type_graph__parse(data, size, &graph, &graph_error) ||
	    core_target__init(&target, &graph, type_graph__is_big_endian(data)) ||
	    core_results__find(&object, &target, &results))
		return 2;
	for (uint32_t i = 0; i < object.relocation_count; i++) {
		const struct core_relocation *relocation = &object.relocations[i];

		if (!print_one(&object, relocation, &results.items[relocation->spec]))
			break;
	}
	free(data);
	core_results__free(&results);
	core_target__free(&target);
	type_graph__free(&graph);
	core_object__free(&object);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	return strcmp(argv[1], "libbpf") == 0 ? by_libbpf(argv[2], argv[3], listen) :
	       strcmp(argv[1], "log") == 0 ? by_libbpf(argv[2], argv[3], print_log) :
	       by_engine(argv[2], argv[3]);
}
