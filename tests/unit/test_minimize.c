/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "stage/minimize.h"

static struct error err;
static void *full; /* BTF of the fixture */
static size_t full_size;

/* A CO-RE object $T/name that asks for the offset of a field. */
static void make_object(const char *name, const char *declaration, const char *field)
{
	assert_int_equal(shell("cd \"$T\" && clang -target bpf -mcpu=v1 -g -O2 -x c -c -o %s - "
			       "<<'EOF'\n"
			       "%s __attribute__((preserve_access_index));\n"
			       "__attribute__((section(\"kprobe/x\"), used)) int prog(void *ctx)\n"
			       "{ return __builtin_preserve_field_info(%s, 0); }\n"
			       "char LICENSE[] __attribute__((section(\"license\"))) = \"GPL\";\n"
			       "EOF", name, declaration, field), 0);
}

static void make_objects(void)
{
	need("pahole bpftool clang");
	if (full)
		return;
	make_vmlinux("vmlinux", "");
	assert_int_equal(shell("cd \"$T\" && pahole -j1 --btf_encode_detached=full.btf vmlinux"),
			 0);
	assert_int_equal(file__read(in_dir("full.btf"), 1 << 24, &full, &full_size), 0);
	make_object("task.o", "struct task_struct { int tgid; }",
		    "((struct task_struct *)ctx)->tgid");
	make_object("sock.o", "struct sock_common { unsigned short skc_family; }; "
			      "struct sock { struct sock_common __sk_common; }",
		    "((struct sock *)ctx)->__sk_common.skc_family");
	make_object("lacks.o", "struct task_struct { int no_such_field; }",
		    "((struct task_struct *)ctx)->no_such_field");
	assert_int_equal(shell("cd \"$T\" && echo 'int prog(void) { return 0; }' | "
			       "clang -target bpf -g -O2 -x c -c -o none.o -"), 0);
}

static int setup(void **state)
{
	libbpf_set_print(NULL);
	return fixture__setup(state);
}

static int teardown(void **state)
{
	free(full);
	return fixture__teardown(state);
}

/* Up to two objects' names in $T. */
static int minimize(const char *one, const char *other, void **out, size_t *size)
{
	char *paths[2] = { strdup(in_dir(one)), other ? strdup(in_dir(other)) : NULL };
	struct objects objects;
	int res;

	*out = NULL;
	res = objects__read((const char *const *)paths, other ? 2 : 1, "", &objects, &err);
	if (!res)
		res = minimize__btf(&objects, full, full_size, out, size, &err);
	objects__free(&objects);
	free(paths[0]);
	free(paths[1]);
	return res;
}

/* It succeeds, and twice alike, and as bpftool by hand; what it holds by bpftool's dump. */
static void check(const char *one, const char *other, const char *expected)
{
	void *out, *again;
	size_t size, again_size;
	int res = minimize(one, other, &out, &size);

	if (res)
		fprintf(stderr, "%s\n", err.text);
	assert_int_equal(res, 0);
	assert_int_equal(minimize(one, other, &again, &again_size), 0);
	assert_int_equal(size, again_size);
	assert_memory_equal(out, again, size);
	assert_int_equal(file__replace(in_dir("ours"), out, size, 0600), 0);
	free(out);
	free(again);
	assert_int_equal(shell("(cd \"$T\" && PATH=$PATH:/usr/sbin && "
			       "bpftool gen min_core_btf full.btf theirs %s %s) && "
			       "tests/lib/same-btf-bytes \"$T/ours\" \"$T/theirs\"",
			       one, other ? other : ""), 0);
	assert_output("PATH=$PATH:/usr/sbin; cd \"$T\"; bpftool btf dump file ours | "
		      "grep -oE \"(STRUCT|UNION) '.*' |^\t'[a-z_]*'\" | tr -d \"\t'\" | sort | "
		      "tr '\\n' ' ' | tr -s ' '", expected);
}

static void test_keeps_what_is_asked_for(void **state)
{
	(void)state;
	make_objects();
	check("task.o", NULL, "STRUCT task_struct tgid ");
	check("sock.o", NULL, "STRUCT sock STRUCT sock_common __sk_common skc_family ");
	check("task.o", "sock.o", "STRUCT sock STRUCT sock_common STRUCT task_struct __sk_common "
				  "skc_family tgid ");
}

static void test_nothing_asked_for(void **state)
{
	(void)state;
	make_objects();
	/* no CO-RE relocation, or one for what this kernel lacks: valid BTF without types */
	check("none.o", NULL, "");
	check("lacks.o", NULL, "");
}

static void test_offsets_stay(void **state)
{
	const struct btf_type *full_type, *min_type;
	struct btf *whole, *min;
	void *out;
	size_t size;
	int id;

	(void)state;
	make_objects();
	assert_int_equal(minimize("task.o", NULL, &out, &size), 0);
	assert_true(size < full_size / 10);
	min = btf__new(out, size);
	whole = btf__new(full, full_size);
	assert_non_null(min);
	assert_non_null(whole);
	free(out);
	id = btf__find_by_name_kind(min, "task_struct", BTF_KIND_STRUCT);
	min_type = btf__type_by_id(min, id);
	id = btf__find_by_name_kind(whole, "task_struct", BTF_KIND_STRUCT);
	full_type = btf__type_by_id(whole, id);
	assert_int_equal(min_type->size, full_type->size);
	for (int i = 0; i < btf_vlen(full_type); i++) {
		const struct btf_member *member = &btf_members(full_type)[i];

		if (strcmp(btf__name_by_offset(whole, member->name_off), "tgid") == 0)
			assert_int_equal(btf_members(min_type)[0].offset, member->offset);
	}
	btf__free(min);
	btf__free(whole);
}

static void test_refused(void **state)
{
	struct objects objects;
	char *path;
	void *out;
	size_t size;

	(void)state;
	make_objects();
	assert_int_equal(minimize("task.o", "missing.o", &out, &size), -ENOENT);
	assert_non_null(strstr(err.text, "/missing.o"));
	assert_null(out);
	assert_int_equal(shell("cd \"$T\" && echo text > text.o"), 0);
	assert_int_equal(minimize("text.o", NULL, &out, &size), -EBADMSG);
	assert_non_null(strstr(err.text, "/text.o"));
	assert_non_null(strstr(err.text, "no BPF object"));
	assert_int_equal(shell("cd \"$T\" && echo 'int prog(void) { return 0; }' | "
			       "clang -target bpf -O2 -x c -c -o nobtf.o -"), 0);
	assert_int_equal(minimize("nobtf.o", NULL, &out, &size), -EBADMSG);
	assert_non_null(strstr(err.text, "clang -g"));
	path = strdup(in_dir("task.o"));
	assert_int_equal(objects__read((const char *const *)&path, 1, "", &objects, &err), 0);
	free(path);
	assert_int_equal(minimize__btf(&objects, "junk", 4, &out, &size, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no BTF"));
	objects__free(&objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_what_is_asked_for),
		cmocka_unit_test(test_nothing_asked_for),
		cmocka_unit_test(test_offsets_stay),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
