/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/dwarf_sizes.h"
#include "stage/encode.h"

static struct error err;
static char *real_path; /* $PATH before the tests */

static int setup(void **state)
{
	real_path = strdup(getenv("PATH"));
	return fixture__setup(state) || shell("mkdir \"$T/scratch\" \"$T/bin\"");
}

static int teardown(void **state)
{
	setenv("PATH", real_path, 1);
	free(real_path);
	return fixture__teardown(state);
}

/* Put a script in the place of pahole that says to be of a version; NULL: the real one. */
static void use_pahole(const char *version, const char *script)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s%s%s", version ? test_dir : "", version ? "/bin:" : "",
			     real_path) > 0);
	setenv("PATH", path, 1);
	free(path);
	if (!version)
		return;
	assert_true(asprintf(&path, "#!/bin/sh\n[ \"$1\" != --version ] || { echo '%s'; exit; }\n"
			     "for a; do case $a in --btf_encode_detached=*) out=${a#*=} ;; esac; "
			     "done\n"
			     "%s\n", version, script) > 0);
	assert_int_equal(file__replace(in_dir("bin/pahole"), path, strlen(path), 0755), 0);
	free(path);
}

static int encode(const char *name, const char *release, struct encoded *encoded)
{
	const struct encode_opts opts = {
		.scratch = in_dir("scratch"), .kernel_release = release, .timeout_s = 60,
	};
	int res = encode__vmlinux(in_dir(name), &opts, encoded, &err);

	/* whatever happens, no litter */
	assert_int_equal(shell("rmdir \"$T/scratch\" && mkdir \"$T/scratch\""), 0);
	return res;
}

static void encode_well(const char *name, const char *release, struct encoded *encoded)
{
	int res = encode(name, release, encoded);

	if (res)
		fprintf(stderr, "%s\n", err.text);
	assert_int_equal(res, 0);
}

/* It fails with this code, and the text holds each of the words. */
static void encode_badly(const char *name, int code, const char *const *words)
{
	struct encoded encoded;

	assert_int_equal(encode(name, "6.1.0", &encoded), code);
	assert_null(encoded.btf);
	for (; *words; words++)
		if (!strstr(err.text, *words))
			fail_msg("no \"%s\" in: %s", *words, err.text);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static int count_types(const struct encoded *encoded, unsigned int kind, const char *name)
{
	struct btf *btf = btf__new(encoded->btf, encoded->size);
	int count = 0;

	assert_non_null(btf);
	for (unsigned int id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		count += btf_kind(type) == kind &&
			 strcmp(btf__name_by_offset(btf, type->name_off), name) == 0;
	}
	btf__free(btf);
	return count;
}

static void test_as_pahole_does(void **state)
{
	struct encoded first, second;
	char *version, *flags, *said;

	(void)state;
	need("pahole");
	make_vmlinux("good", "--units 3");
	encode_well("good", "6.1.0-1-test", &first);
	encode_well("good", "6.1.0-1-test", &second);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.btf, second.btf, first.size);
	assert_string_equal(first.notes, "");
	assert_int_equal(encode__plan("6.1.0-1-test", &version, &flags, &err), 0);
	assert_string_equal(first.encoder_version, version);
	assert_string_equal(first.flags, flags);
	said = output_of("pahole --version");
	assert_string_equal(said + 1, version);
	assert_int_equal(file__replace(in_dir("ours"), first.btf, first.size, 0600), 0);
	assert_int_equal(shell("pahole %s --btf_encode_detached=\"$T/theirs\" \"$T/good\" && "
			       "cmp \"$T/ours\" \"$T/theirs\"", flags), 0);
	assert_int_equal(count_types(&first, BTF_KIND_STRUCT, "task_struct"), 1);
	assert_int_equal(count_types(&first, BTF_KIND_FUNC, "tcp_v4_connect"), 1);
	free(said);
	free(version);
	free(flags);
	encoded__free(&first);
	encoded__free(&second);
}

static void test_unit_counters(void **state)
{
	struct encoded encoded;

	(void)state;
	need("pahole");
	make_vmlinux("kabi", "--kabi --units 5");
	encode_well("kabi", "4.18.0-147.el8.x86_64", &encoded);
	assert_int_equal(count_types(&encoded, BTF_KIND_STRUCT, "task_struct"), 1);
	assert_string_equal(encoded.notes,
			    "unified 8 member names with a unit counter (rh_kabi_hide)");
	encoded__free(&encoded);
}

static void test_wide_enums_by_release(void **state)
{
	struct encoded encoded;

	(void)state;
	need("pahole");
	make_vmlinux("good", "");
	encode_well("good", "5.10.0-1", &encoded);
	assert_int_equal(count_types(&encoded, BTF_KIND_ENUM64, "wide_flags"), 0);
	assert_int_equal(count_types(&encoded, BTF_KIND_ENUM, "wide_flags"), 1);
	encoded__free(&encoded);
	if (shell("pahole --help | grep -q enum64") == 0) {
		encode_well("good", "6.1.0-1", &encoded);
		assert_int_equal(count_types(&encoded, BTF_KIND_ENUM64, "wide_flags"), 1);
		encoded__free(&encoded);
	}
}

static void test_other_shapes(void **state)
{
	static const struct {
		const char *options;
		int copies; /* of task_struct */
	} rows[] = {
		{ "--arch aarch64", 1 }, { "--dwarf 4", 1 }, { "--cc clang", 1 },
		{ "--compress", 1 }, { "--units 1 --variant 1", 1 },
		/* two units disagree on struct nsproxy, which task_struct points to */
		{ "--conflict", 2 },
	};
	struct encoded encoded;

	(void)state;
	need("pahole clang");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_vmlinux("other", rows[i].options);
		encode_well("other", "6.1.0", &encoded);
		assert_int_equal(count_types(&encoded, BTF_KIND_STRUCT, "task_struct"),
				 rows[i].copies);
		encoded__free(&encoded);
	}
}

static void test_flags_by_version(void **state)
{
	static const struct {
		const char *says, *release, *version, *flags;
	} rows[] = {
		{ "v1.22", "4.18.0", "1.22", "-j1 --btf_gen_floats" },
		{ "v1.24", "4.18.0", "1.24",
		  "-j1 --btf_gen_floats --skip_encoding_btf_enum64 --lang_exclude=rust" },
		{ "v1.24", "6.0.0", "1.24", "-j1 --btf_gen_floats --lang_exclude=rust" },
		{ "v1.25", "5.19.17", "1.25",
		  "-j1 --btf_gen_floats --skip_encoding_btf_inconsistent_proto --btf_gen_optimized "
		  "--skip_encoding_btf_enum64 --lang_exclude=rust" },
		{ "v1.26", "6.1.0", "1.26",
		  "-j1 --btf_features=encode_force,var,float,enum64,decl_tag,type_tag,"
		  "optimized_func,consistent_func --lang_exclude=rust" },
		{ "1.30", "", "1.30",
		  "-j1 --btf_features=encode_force,var,float,decl_tag,type_tag,"
		  "optimized_func,consistent_func --lang_exclude=rust" },
		{ "v2.0", "10.1", "2.0",
		  "-j1 --btf_features=encode_force,var,float,enum64,decl_tag,type_tag,"
		  "optimized_func,consistent_func --lang_exclude=rust" },
	};
	char *version, *flags;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		use_pahole(rows[i].says, "exit 1");
		assert_int_equal(encode__plan(rows[i].release, &version, &flags, &err), 0);
		assert_string_equal(version, rows[i].version);
		assert_string_equal(flags, rows[i].flags);
		free(version);
		free(flags);
	}
	use_pahole("v1.24", "exit 1");
	assert_int_equal(encode__plan(NULL, &version, &flags, &err), 0);
	assert_non_null(strstr(flags, "skip_encoding_btf_enum64"));
	free(version);
	free(flags);
	use_pahole("v1.17", "exit 1");
	assert_int_equal(encode__plan("6.1", &version, &flags, &err), -ENOENT);
	assert_non_null(strstr(err.text, "1.17 is too old"));
	use_pahole("another program", "exit 1");
	assert_int_equal(encode__plan("6.1", &version, &flags, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "another program"));
	use_pahole(NULL, NULL);
}

static void test_bad_input(void **state)
{
	(void)state;
	need("pahole");
	make_vmlinux("stripped", "--strip");
	encode_badly("stripped", -ENODATA, WORDS("/stripped is stripped", "no .debug_info",
						 "debug package"));
	/* .BTF does not make up for it */
	make_vmlinux("stripped", "--strip --with-btf");
	encode_badly("stripped", -ENODATA, WORDS("/stripped is stripped"));
	encode_badly("missing", -ENOENT, WORDS("/missing"));
	assert_int_equal(shell("cd \"$T\" && echo text > text && head -c 6000 stripped > cut && "
			       "echo 'int main(void) { return 0; }' | cc -g -x c -o other -"), 0);
	encode_badly("text", -EBADMSG, WORDS("/text"));
	encode_badly("cut", -EBADMSG, WORDS("/cut"));
	encode_badly("other", -EBADMSG, WORDS("/other", "task_struct"));
}

static void test_bad_output(void **state)
{
	(void)state;
	need("pahole");
	make_vmlinux("good", "");
	make_vmlinux("variant", "--variant 1");
	assert_int_equal(shell("cd \"$T\" && pahole -j1 --btf_encode_detached=variant.btf "
			       "variant"), 0);
	use_pahole("v1.24", "echo some warning >&2; echo 'the very reason' >&2; exit 3");
	encode_badly("good", -EBADMSG,
		     WORDS("/good", "pahole 1.24", "exit code 3", "the very reason"));
	use_pahole("v1.24", "kill -SEGV $$");
	encode_badly("good", -EBADMSG, WORDS("/good", "signal 11"));
	use_pahole("v1.24", "kill -KILL $$");
	encode_badly("good", -ENOMEM, WORDS("/good", "memory"));
	use_pahole("v1.24", "exit 0");
	encode_badly("good", -EBADMSG, WORDS("/good", "wrote nothing"));
	use_pahole("v1.24", "echo 'no BTF at all, but long enough for a header' > \"$out\"");
	encode_badly("good", -EBADMSG, WORDS("/good", "no valid BTF"));
	use_pahole("v1.24", "head -c 3000 \"$T/variant.btf\" > \"$out\"");
	encode_badly("good", -EBADMSG, WORDS("/good", "no valid BTF"));
	/* valid in itself, but of another kernel */
	use_pahole("v1.24", "cat \"$T/variant.btf\" > \"$out\"");
	encode_badly("good", -EBADMSG, WORDS("/good", "struct task_struct", "its DWARF says"));
	use_pahole(NULL, NULL);
}

static void test_limits(void **state)
{
	struct encode_opts opts = { .scratch = in_dir("scratch"), .timeout_s = 1,
				    .memory_limit = 1ULL << 30 };
	struct encoded encoded;

	(void)state;
	make_vmlinux("good", "");
	use_pahole("v1.24", "ulimit -v > \"$T/limit\"; sleep 60");
	assert_int_equal(encode__vmlinux(in_dir("good"), &opts, &encoded, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "/good"));
	assert_int_equal(shell("rmdir \"$T/scratch\" && mkdir \"$T/scratch\""), 0);
	use_pahole(NULL, NULL);
	assert_output("cat \"$T/limit\"", "1048576");
}

static void test_no_pahole(void **state)
{
	struct encode_opts opts = { .scratch = test_dir };
	struct encoded encoded;
	int res;

	(void)state;
	if (access("/usr/sbin/pahole", X_OK) == 0 || access("/sbin/pahole", X_OK) == 0) {
		fprintf(stderr, "skipped: pahole is in /usr/sbin\n");
		skip();
	}
	make_vmlinux("good", "");
	setenv("PATH", "/nonexistent", 1);
	res = encode__vmlinux(in_dir("good"), &opts, &encoded, &err);
	setenv("PATH", real_path, 1);
	assert_int_equal(res, -ENOENT);
	assert_non_null(strstr(err.text, "install"));
}

static void test_dwarf_sizes(void **state)
{
	struct dwarf_size records[] = {
		{ .name = "task_struct" }, { .name = "nsproxy" }, { .name = "user_struct" },
		{ .name = "everything_0" },
	};
	bool is_packed;
	char text[64];

	(void)state;
	need("pahole");
	make_vmlinux("conflict", "--conflict --units 3");
	assert_int_equal(dwarf_sizes__read(in_dir("conflict"), records, 4, &is_packed, &err), 0);
	assert_false(is_packed);
	assert_int_equal(records[0].count, 1);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)records[0].sizes[0]);
	assert_output("pahole -F dwarf --sizes \"$T/conflict\" | "
		      "awk '$1 == \"task_struct\" { print $2; exit }'",
		      text);
	assert_int_equal(records[1].count, 2);
	assert_int_equal(records[1].sizes[0], 40);
	assert_int_equal(records[1].sizes[1], 48);
	assert_int_equal(records[2].count, 0); /* only declared */
	assert_int_equal(records[3].count, 0); /* a variable */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_pahole_does),
		cmocka_unit_test(test_unit_counters),
		cmocka_unit_test(test_wide_enums_by_release),
		cmocka_unit_test(test_other_shapes),
		cmocka_unit_test(test_flags_by_version),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_bad_output),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_pahole),
		cmocka_unit_test(test_dwarf_sizes),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
