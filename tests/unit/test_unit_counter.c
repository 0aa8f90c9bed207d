/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>

#include "base/unit_counter.h"

static struct error err;

/* Unify in $T/name and compare the notes. */
static void unify(const char *name, const char *expected_notes)
{
	char *notes;
	int res = unit_counter__unify(in_dir(name), &notes, &err);

	if (res)
		fprintf(stderr, "%s\n", err.text);
	assert_int_equal(res, 0);
	assert_string_equal(notes, expected_notes);
	free(notes);
}

/* Compile C text with the compiler `cc` and flags to $T/name. */
static void compile(const char *name, const char *cc, const char *text)
{
	char *path = strdup(in_dir("source.c"));

	assert_int_equal(file__replace(path, text, strlen(text), 0600), 0);
	free(path);
	assert_int_equal(shell("cd \"$T\" && %s -w -g -O1 -ffreestanding -fno-pie -no-pie "
			       "-nostdlib -static -Wl,-e,start -o %s source.c", cc, name), 0);
}

/* How many struct task_struct pahole leaves in $T/name, with more flags. */
static int copies(const char *name, const char *flags)
{
	char *command = NULL, *text;
	int count;

	/* pahole does not truncate what it writes over */
	assert_true(asprintf(&command, "f=$T/%s; rm -f \"$f.btf\"; "
			     "pahole -j1 %s --btf_encode_detached=\"$f.btf\" \"$f\" && "
			     "PATH=$PATH:/usr/sbin bpftool btf dump file \"$f.btf\" | "
			     "grep -c \"STRUCT 'task_struct'\"", name, flags) > 0);
	text = output_of(command);
	count = atoi(text);
	free(command);
	free(text);
	return count;
}

static void check_cure(const char *name, const char *options, int units, const char *notes)
{
	need("pahole bpftool readelf");
	make_vmlinux(name, options);
	assert_int_equal(shell("cp \"$T/%s\" \"$T/before\"", name), 0);
	assert_int_equal(copies("before", ""), units);
	unify(name, notes);
	assert_int_equal(copies(name, ""), 1);
	/* pahole's own cure, which knows one stem only, comes to the same bytes */
	assert_int_equal(copies("before", "--kabi_prefix=__UNIQUE_ID_rh_kabi_hide"), 1);
	assert_int_equal(shell("cmp \"$T/before.btf\" \"$T/%s.btf\" >&2", name), 0);
	/* only .debug_str has changed, and the variables' names with a counter have not */
	assert_int_equal(shell("cd \"$T\" && for f in before %s; do "
			       "readelf -SWsn $f | sed s/$f/X/ > $f.sections; "
			       "readelf --debug-dump=info $f 2>/dev/null | "
			       "grep -o '__UNIQUE_ID_author.*' > $f.authors; done; "
			       "test -s before.authors && cmp before.sections %s.sections && "
			       "cmp before.authors %s.authors",
			       name, name, name), 0);
	/* a second time there is nothing to do */
	unify(name, "");
}

static void test_gcc(void **state)
{
	(void)state;
	check_cure("gcc", "--kabi --units 8", 8,
		   "unified 11 member names with a unit counter (rh_kabi_hide)");
	check_cure("gcc4", "--kabi --units 2 --dwarf 4", 2,
		   "unified 5 member names with a unit counter (rh_kabi_hide)");
}

static void test_clang(void **state)
{
	(void)state;
	need("clang");
	/* names by index (DW_FORM_strx1), unions inside of structs */
	check_cure("clang", "--kabi --units 4 --cc clang", 4,
		   "unified 7 member names with a unit counter (rh_kabi_hide)");
}

static void test_other_architecture(void **state)
{
	(void)state;
	check_cure("arm64", "--kabi --units 3 --arch aarch64", 3,
		   "unified 6 member names with a unit counter (rh_kabi_hide)");
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	make_vmlinux("plain", "--units 4");
	assert_int_equal(shell("cd \"$T\" && cp -p plain before && touch -d @1000000 plain"), 0);
	unify("plain", "");
	assert_output("cd \"$T\" && cmp plain before && stat -c %Y plain", "1000000");
}

static void test_one_unit_varies_too(void **state)
{
	(void)state;
	need("readelf");
	/* one counter for the stem: nothing to unify. Two: both. */
	compile("single", "cc", "struct s { int __UNIQUE_ID_foo12; } s; void start(void) {}");
	unify("single", "");
	compile("two", "cc", "struct s { int __UNIQUE_ID_foo12; }; union { int __UNIQUE_ID_foo3; "
			     "struct s s; } u; void start(void) {}");
	unify("two", "unified 2 member names with a unit counter (foo)");
	assert_output("readelf --debug-dump=info \"$T/two\" | grep -o '__UNIQUE_ID.*' | sort | "
		      "uniq -c | sed 's/^ *//'", "2 __UNIQUE_ID_foo");
}

static void test_stems(void **state)
{
	(void)state;
	need("readelf");
	/*
	 * Each by its own stem, with an underscore or without. No counter, no stem, and a
	 * longer name with ours at its end are none of ours.
	 */
	compile("stems", "cc", "struct s {"
		"int __UNIQUE_ID_foo1, __UNIQUE_ID_foo1x5, __UNIQUE_ID_foo22, __UNIQUE_ID_foo3_77,"
		"__UNIQUE_ID_bar_7, __UNIQUE_ID_bar_78, __UNIQUE_ID_none, __UNIQUE_ID_9,"
		"__UNIQUE_ID_10, x__UNIQUE_ID_foo55, __UNIQUE_ID_single4;"
		"} s; void start(void) {}");
	unify("stems", "unified 4 member names with a unit counter (bar_, foo)");
	assert_output("readelf --debug-dump=info \"$T/stems\" | grep -o '[x_]*__UNIQUE_ID.*' | "
		      "tr '\\n' ' '",
		      "__UNIQUE_ID_foo __UNIQUE_ID_foo1x5 __UNIQUE_ID_foo __UNIQUE_ID_foo3_77 "
		      "__UNIQUE_ID_bar_ __UNIQUE_ID_bar_ __UNIQUE_ID_none __UNIQUE_ID_9 "
		      "__UNIQUE_ID_10 x__UNIQUE_ID_foo55 __UNIQUE_ID_single4 ");
}

static void test_variables_keep_their_names(void **state)
{
	(void)state;
	need("readelf");
	/* members and variables of one name; locals, which have no symbol; variables alone */
	compile("symbols", "cc",
		"struct s { int __UNIQUE_ID_foo1, __UNIQUE_ID_foo2, __UNIQUE_ID_foo3; } s;"
		"int __UNIQUE_ID_foo2 = 1, __UNIQUE_ID_bar4 = 1, __UNIQUE_ID_bar5 = 1;"
		"int start(int x) { int __UNIQUE_ID_baz6 = x, __UNIQUE_ID_baz7 = x; return x; }");
	unify("symbols", "unified 2 member names with a unit counter (foo)\n"
			 "left 1 member name with a unit counter as they are: "
			 "other names share their bytes");
	assert_output("readelf --debug-dump=info \"$T/symbols\" | grep -o '__UNIQUE_ID.*' | sort | "
		      "tr '\\n' ' '",
		      "__UNIQUE_ID_bar4 __UNIQUE_ID_bar5 __UNIQUE_ID_baz6 __UNIQUE_ID_baz7 "
		      "__UNIQUE_ID_foo __UNIQUE_ID_foo __UNIQUE_ID_foo2 __UNIQUE_ID_foo2 ");
}

static void test_merged_tails(void **state)
{
	char *before, *after;

	(void)state;
	need("readelf");
	/* GNU ld keeps "hide21" in the last bytes of the longer name */
	compile("tails", "cc", "struct s { int __UNIQUE_ID_kabi_hide21, __UNIQUE_ID_kabi_hide22,"
		"__UNIQUE_ID_kabi_hide23; } s; int start(int hide21) { return hide21; }");
	before = output_of("readelf --debug-dump=info \"$T/tails\" | grep -c ': hide21'");
	unify("tails", "unified 2 member names with a unit counter (kabi_hide)\n"
		       "left 1 member name with a unit counter as they are: "
		       "other names share their bytes");
	after = output_of("readelf --debug-dump=info \"$T/tails\" | grep -c ': hide21'");
	/* and, the other way round, ours in the last bytes of a longer name */
	compile("heads", "cc", "struct s { int __UNIQUE_ID_a1, __UNIQUE_ID_a2, __UNIQUE_ID_a3,"
		"x__UNIQUE_ID_a3; } s; void start(void) {}");
	unify("heads", "unified 2 member names with a unit counter (a)\n"
		       "left 1 member name with a unit counter as they are: "
		       "other names share their bytes");
	assert_output("readelf --debug-dump=info \"$T/heads\" | grep -o '[x_]*__UNIQUE_ID.*' | "
		      "tr '\\n' ' '",
		      "__UNIQUE_ID_a __UNIQUE_ID_a __UNIQUE_ID_a3 x__UNIQUE_ID_a3 ");
	assert_string_equal(before, "1");
	assert_string_equal(after, "1");
	free(before);
	free(after);
}

static void test_compressed(void **state)
{
	(void)state;
	make_vmlinux("compressed", "--kabi --compress");
	assert_int_equal(shell("readelf -SW \"$T/compressed\" | grep -q 'debug_str .*MSC' && "
			       "cp \"$T/compressed\" \"$T/before\""), 0);
	unify("compressed", "left 6 member names with a unit counter (rh_kabi_hide) as they are: "
			    ".debug_str is compressed");
	assert_int_equal(shell("cmp \"$T/compressed\" \"$T/before\""), 0);
}

static void test_inline_names(void **state)
{
	(void)state;
	compile("inline", "cc -fno-merge-debug-strings",
		"struct s { int __UNIQUE_ID_a1, __UNIQUE_ID_a2; } s; void start(void) {}");
	assert_int_equal(shell("readelf --debug-dump=info \"$T/inline\" | "
			       "grep -q 'name *: __UNIQUE_ID_a1'"), 0);
	unify("inline", "left 2 member names with a unit counter as they are: "
			"they are held in .debug_info itself");
}

static void test_refused(void **state)
{
	char *notes;

	(void)state;
	make_vmlinux("stripped", "--strip");
	assert_int_equal(unit_counter__unify(in_dir("stripped"), &notes, &err), -ENODATA);
	assert_non_null(strstr(err.text, "stripped"));
	assert_null(notes);
	assert_int_equal(unit_counter__unify(in_dir("missing"), &notes, &err), -ENOENT);
	assert_int_equal(shell("head -c 4000 /dev/urandom > \"$T/noise\""), 0);
	assert_true(unit_counter__unify(in_dir("noise"), &notes, &err) < 0);
	/* cut anywhere, and damaged: an error or none, but no crash and no endless loop */
	make_vmlinux("whole", "--kabi");
	for (int i = 1; i < 40; i++) {
		assert_int_equal(shell("cd \"$T\" && s=$(stat -c %%s whole) && "
				       "head -c $((s * %d / 40)) whole > cut", i), 0);
		if (unit_counter__unify(in_dir("cut"), &notes, &err) == 0)
			free(notes);
		assert_int_equal(shell("cd \"$T\" && cp whole cut && "
				       "printf '\\377\\377\\377\\177' | dd of=cut bs=1 conv=notrunc "
				       "status=none "
				       "seek=$(($(stat -c %%s whole) * %d / 40))", i), 0);
		if (unit_counter__unify(in_dir("cut"), &notes, &err) == 0)
			free(notes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gcc),
		cmocka_unit_test(test_clang),
		cmocka_unit_test(test_other_architecture),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_one_unit_varies_too),
		cmocka_unit_test(test_stems),
		cmocka_unit_test(test_variables_keep_their_names),
		cmocka_unit_test(test_merged_tails),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_inline_names),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
