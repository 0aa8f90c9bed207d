/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reports of programs and of what they make of their object: compiled from tests/fixtures, on the
 * two kernels of check_kernel.c. tests/check/check.sh looks at what they say.
 */
#include "fixture.h"

#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>

#include <kbtf_core.h>

static bool have_tools;
static void *old_kernel, *young_kernel;
static size_t old_size, young_size;
static struct kbtf_checker *checker;

static int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static int make_kernels(void)
{
	return shell("cd tests/fixtures && for young in '' -DYOUNG; do clang -target bpf -g -O2 $young -c "
		     "check_kernel.c -o $T/kernel.o && llvm-objcopy --dump-section .BTF=$T/kernel$young "
		     "$T/kernel.o || exit 1; done") ||
	       file__read(in_dir("kernel"), 1 << 20, &old_kernel, &old_size) ||
	       file__read(in_dir("kernel-DYOUNG"), 1 << 20, &young_kernel, &young_size);
}

static int setup(void **state)
{
	if (fixture__setup(state))
		return -1;
	libbpf_set_print(silence);
	have_tools = shell("command -v clang llvm-objcopy >$T/found") == 0;
	return have_tools ? make_kernels() : 0;
}

static int teardown(void **state)
{
	free(old_kernel);
	free(young_kernel);
	return fixture__teardown(state);
}

static int forget(void **state)
{
	(void)state;
	kbtf_checker__free(checker);
	checker = NULL;
	return 0;
}

/* The object of these programs, which is to be freed. */
static void *compile(const char *macros, size_t *size)
{
	void *data;

	if (!have_tools) {
		fprintf(stderr, "SKIP: no clang or no llvm-objcopy\n");
		skip();
	}
	assert_int_equal(shell("clang -target bpf -mcpu=v1 -g -O2 -w %s -c -o $T/object.bpf.o "
			       "tests/fixtures/check.bpf.c", macros), 0);
	assert_int_equal(file__read(in_dir("object.bpf.o"), 1 << 20, &data, size), 0);
	return data;
}

static void add(const void *data, size_t size)
{
	checker = checker ?: kbtf_checker__new();
	assert_non_null(checker);
	assert_int_equal(kbtf_checker__add(checker, "object", data, size, NULL, 0), 0);
}

static void add_compiled(const char *macros)
{
	size_t size;
	void *data = compile(macros, &size);

	add(data, size);
	free(data);
}

static const struct kbtf_report *run(bool young, struct kbtf_check_opts opts)
{
	const struct kbtf_report *reports[4];

	opts.sz = sizeof(opts);
	assert_int_equal(kbtf_checker__run(checker, young ? young_kernel : old_kernel,
					   young ? young_size : old_size, &opts, reports, NULL, 0), 0);
	return reports[0];
}

static void assert_report(const struct kbtf_report *report, enum kbtf_verdict verdict,
			  size_t loaded, size_t programs)
{
	for (size_t i = 0; i < report->finding_count; i++)
		print_message("# %s %s: %s\n", kbtf_verdict__name(report->findings[i].verdict),
			      report->findings[i].program, report->findings[i].text);
	assert_string_equal(kbtf_verdict__name(report->verdict), kbtf_verdict__name(verdict));
	assert_int_equal(report->loaded_count, loaded);
	assert_int_equal(report->program_count, programs);
}

static const struct kbtf_check_opts usual = {}, strict = { .strict = true },
				    minimized = { .minimized = true }, no_functions = { .data_types = true };

static void programs_are_counted(void **state)
{
	(void)state;
	add_compiled("-DPLAIN -DFAILING -DTYPED=0 -DTWINS");
	assert_report(run(false, usual), KBTF_VERDICT_IN_PART, 2, 4);
	assert_report(run(false, strict), KBTF_VERDICT_FAILS, 2, 4);
	assert_report(run(true, usual), KBTF_VERDICT_OK, 4, 4);
	assert_ptr_equal(run(false, usual), run(false, usual));
}

static void one_that_fails_is_all(void **state)
{
	(void)state;
	add_compiled("-DFAILING");
	assert_report(run(false, usual), KBTF_VERDICT_FAILS, 0, 1);
	forget(NULL);
	add_compiled("-DTYPED=0");
	assert_report(run(false, usual), KBTF_VERDICT_FAILS, 0, 1);
	forget(NULL);
	add_compiled("-DTYPED=0 -DFAILING");
	assert_report(run(false, usual), KBTF_VERDICT_FAILS, 0, 2);
}

static void little_is_known_of_little(void **state)
{
	(void)state;
	add_compiled("-DPLAIN -DHELPER -DTYPED=0");
	assert_report(run(false, minimized), KBTF_VERDICT_UNKNOWN, 3, 3);
	assert_report(run(true, no_functions), KBTF_VERDICT_UNKNOWN, 3, 3);
	assert_report(run(true, usual), KBTF_VERDICT_OK, 3, 3);
}

/* The section header of this type, or the one of code that has content. */
static Elf64_Shdr *find_section(void *data, uint32_t type, bool code)
{
	Elf64_Ehdr *header = data;
	Elf64_Shdr *sections = (Elf64_Shdr *)((char *)data + header->e_shoff);

	for (unsigned int i = 1; i < header->e_shnum; i++)
		if (sections[i].sh_type == type && sections[i].sh_size &&
		    (!code || sections[i].sh_flags & SHF_EXECINSTR))
			return &sections[i];
	return NULL;
}

/* Their relocations are all that is looked at. */
static void assert_no_code(const void *data, size_t size)
{
	add(data, size);
	assert_report(run(false, usual), KBTF_VERDICT_MAY_FAIL, 0, 0);
	forget(NULL);
}

static void what_is_no_code_is_not_walked(void **state)
{
	size_t size, count;
	void *data = compile("-DFAILING", &size);
	Elf64_Shdr *table = find_section(data, SHT_SYMTAB, false);
	Elf64_Shdr *code = find_section(data, SHT_PROGBITS, true);
	Elf64_Sym *symbols;

	(void)state;
	assert_non_null(table);
	assert_non_null(code);
	/* a register that there is none of */
	((uint8_t *)data + code->sh_offset)[1] |= 0x0f;
	assert_no_code(data, size);
	free(data);
	/* a function that is larger than its section */
	data = compile("-DFAILING", &size);
	table = find_section(data, SHT_SYMTAB, false);
	symbols = (Elf64_Sym *)((char *)data + table->sh_offset);
	count = table->sh_size / sizeof(*symbols);
	for (size_t i = 0; i < count; i++)
		if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC)
			symbols[i].st_size = 1u << 30;
	assert_no_code(data, size);
	free(data);
}

static void errors_have_words(void **state)
{
	struct {
		struct kbtf_check_opts opts;
		char more;
	} later = { .opts.sz = sizeof(later), .more = 1 }, broken = { .opts.sz = 1 };
	const struct kbtf_report *reports[1];
	char why[80] = "";

	(void)state;
	checker = kbtf_checker__new();
	assert_non_null(checker);
	assert_int_equal(kbtf_checker__run(checker, NULL, 0, &later.opts, reports, why, sizeof(why)), -E2BIG);
	assert_string_equal(why, "options that this library does not know");
	*why = '\0';
	assert_int_equal(kbtf_checker__run(checker, NULL, 0, &broken.opts, reports, why, sizeof(why)), -EINVAL);
	assert_string_not_equal(why, "");
	*why = '\0';
	assert_int_equal(kbtf_checker__run(checker, "", 0, NULL, reports, why, sizeof(why)), -EINVAL);
	assert_string_not_equal(why, "");
	*why = '\0';
	assert_int_equal(kbtf_checker__add(checker, "none", "", 0, why, sizeof(why)), -EBADMSG);
	assert_non_null(strstr(why, "none: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(programs_are_counted, forget),
		cmocka_unit_test_teardown(one_that_fails_is_all, forget),
		cmocka_unit_test_teardown(little_is_known_of_little, forget),
		cmocka_unit_test_teardown(what_is_no_code_is_not_walked, forget),
		cmocka_unit_test_teardown(errors_have_words, forget),
	};

	return cmocka_run_group_tests_name("check", tests, setup, teardown);
}
