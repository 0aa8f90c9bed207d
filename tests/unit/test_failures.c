/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Objects that don't open or load, and BTF that is not the right one: by its errno, by
 * words that say what it was, and with nothing left in the kernel.
 */
#include "object_fixture.h"

#include <bpf/btf.h>
#include <kbtf_write.h>
#include <sys/utsname.h>

#include "base/sha256.h"

#define TARGET "-target bpf -g "
#define OWN_BTF "/sys/kernel/btf/vmlinux"

/* The program that loads has a name that no other process gives one. */
static int count_left(void)
{
	char name[BPF_OBJ_NAME_LEN];
	int count = 0;

	snprintf(name, sizeof(name), "w%d", getpid());

	for (uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
		    strcmp(info.name, name) == 0)
			count++;
	}
	return count;
}

static const struct {
	const char *flags;
	int open_err, load_err;
	const char *failed; /* the program */
	const char *words[2];
} table[] = {
	{ TARGET "-DCASE_FIELD", 0, -EINVAL, "fails",
	  { "no field struct task_struct___other.no_such_field, which", "failing.bpf.c:" } },
	{ TARGET "-DCASE_ENUMERATOR", 0, -EINVAL, "fails",
	  { "no enumerator enum some___other::NO_SUCH_ENUMERATOR, which", NULL } },
	{ TARGET "-DCASE_STACK", 0, -EACCES, "fails", { "512 bytes of stack", "verifier: " } },
	{ TARGET "-DCASE_SPIN_LOCK", 0, -EINVAL, "fails", { "no kernel lets programs of this type", NULL } },
	{ TARGET "-DCASE_OLD_MAP", -EOPNOTSUPP, 0, NULL,
	  { "map old_counts is defined the old way, in SEC(\"maps\")", NULL } },
	{ TARGET "-DCASE_MAP=BPF_MAP_TYPE_HASH -DCASE_ENTRIES=4000000000", 0, -E2BIG, NULL,
	  { "map strange (hash, type 1; key 4 bytes, value 8, entries 4000000000) can't be created",
	    "it is too large" } },
	{ TARGET "-DCASE_MAP=999 -DCASE_ENTRIES=1", 0, -EINVAL, NULL, { "map strange (?, type 999;", NULL } },
};

static void test_table(void **state)
{
	(void)state;
	need_root();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct kbtf_object_opts opts = { .sz = sizeof(opts) };
		struct bpf_program *failed;
		struct kbtf_object *object;
		char flags[256];

		print_message("# %s\n", table[i].flags);
		snprintf(flags, sizeof(flags), "%s -DWORKS=w%d", table[i].flags, getpid());
		object_fixture__compile("failing.bpf.c", flags);
		assert_int_equal(kbtf_object__open(in_dir("object.bpf.o"), &opts, &object),
				 table[i].open_err);
		if (!table[i].open_err)
			assert_int_equal(kbtf_object__load(object), table[i].load_err);
		for (size_t k = 0; k < 2 && table[i].words[k]; k++)
			assert_remark(object, KBTF_REMARK_PROBLEM, table[i].words[k]);
		failed = kbtf_object__failed_program(object);
		if (table[i].failed)
			assert_string_equal(bpf_program__name(failed), table[i].failed);
		else
			assert_null(failed);
		assert_int_equal(count_left(), 0);
		kbtf_object__close(object);
	}
}

/* So that the count above could be another. */
static void test_success(void **state)
{
	struct kbtf_object_opts opts = { .sz = sizeof(opts) };
	struct kbtf_object *object;
	char flags[256];

	(void)state;
	need_root();
	snprintf(flags, sizeof(flags), TARGET "-DWORKS=w%d", getpid());
	object_fixture__compile("failing.bpf.c", flags);
	assert_int_equal(kbtf_object__open(in_dir("object.bpf.o"), &opts, &object), 0);
	assert_int_equal(kbtf_object__load(object), 0);
	assert_int_equal(count_left(), 1);
	kbtf_object__close(object);
	assert_int_equal(count_left(), 0);
}

/* ---- BTF ---------------------------------------------------------------------------------- */

static void test_btf_file(void **state)
{
	static const struct {
		const char *made_by, *words;
		int open_err;
	} files[] = {
		{ "head -c 100000 " OWN_BTF " >$T/btf", "is no BTF", 0 },
		{ "echo text >$T/btf", "is no BTF", 0 },
		{ "rm $T/btf", "No such file", -ENOENT },
	};

	(void)state;
	need_root();
	object_fixture__compile("failing.bpf.c", TARGET);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct kbtf_object_opts opts = { .sz = sizeof(opts), .btf_file = in_dir("btf") };
		struct kbtf_object *object;

		assert_int_equal(shell("%s", files[i].made_by), 0);
		assert_int_equal(kbtf_object__open(in_dir("object.bpf.o"), &opts, &object),
				 files[i].open_err);
		if (!files[i].open_err)
			assert_true(kbtf_object__load(object) < 0);
		assert_remark(object, KBTF_REMARK_PROBLEM, files[i].words);
		kbtf_object__close(object);
	}
}

/* All that `works` asks for, which stands for a kernel's BTF. */
static struct btf *make_btf(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), 1);
	assert_int_equal(btf__add_struct(btf, "task_struct", 8), 2);
	assert_int_equal(btf__add_field(btf, "pid", 1, 32, 0), 0);
	return btf;
}

static const void *some_btf;
static uint32_t some_btf_size;

/* `objects`: of the profile that it is minimized for, or none; it is the same BTF in truth. */
static void add_entry(const char *arch, const char *kernel_release, const char *profile,
		      const struct kbtf_object_ref *objects, size_t count)
{
	struct kbtf_writer *writer = kbtf_writer__open(in_dir("archive"));
	struct kbtf_new_min min = { .profile = profile, .objects = objects, .object_count = count,
				    .btf = some_btf, .btf_size = some_btf_size };
	struct kbtf_new_entry entry = {
		.sz = sizeof(entry),
		.ident = { .sz = sizeof(entry.ident), .arch = arch, .kernel_release = kernel_release },
		.provenance.sz = sizeof(entry.provenance),
		.btf = some_btf, .btf_size = some_btf_size, .mins = &min, .min_count = count ? 1 : 0,
	};
	enum kbtf_added added;

	assert_non_null(writer);
	assert_int_equal(kbtf_writer__add(writer, &entry, &added), 0);
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
}

/* Open and, where that succeeds, load the compiled object with the archive's BTF. */
static int load_with_archive(struct kbtf_archive **archive, struct kbtf_object **object)
{
	struct kbtf_object_opts opts = { .sz = sizeof(opts), .no_kernel_btf = true };
	int err;

	*archive = kbtf_archive__open(in_dir("archive"));
	assert_non_null(*archive);
	opts.archive = *archive;
	err = kbtf_object__open(in_dir("object.bpf.o"), &opts, object);
	return err ? err : kbtf_object__load(*object);
}

static void test_archive(void **state)
{
	struct kbtf_object_ref refs[2] = { { .name = "object.bpf.o", .sha256 = { 1 } },
					   { .name = "else.bpf.o", .sha256 = { 2 } } };
	struct btf *btf = make_btf();
	_cleanup_free_ void *data = NULL;
	struct kbtf_archive *archive;
	struct kbtf_object *object;
	struct utsname uts;
	size_t size;

	(void)state;
	need_root();
	assert_int_equal(uname(&uts), 0);
	some_btf = btf__raw_data(btf, &some_btf_size);
	object_fixture__compile("failing.bpf.c", TARGET);
	assert_int_equal(file__read(in_dir("object.bpf.o"), 1 << 24, &data, &size), 0);

	/* of another architecture */
	add_entry("pdp11", uts.release, NULL, NULL, 0);
	assert_int_equal(load_with_archive(&archive, &object), -ENOENT);
	assert_remark(object, KBTF_REMARK_PROBLEM, "build it with: btfgen build --kernel");
	assert_remark(object, KBTF_REMARK_PROBLEM, "pdp11: another architecture");
	kbtf_object__close(object);
	kbtf_archive__close(archive);

	/* minimized for another object */
	add_entry(uts.machine, uts.release, "others", &refs[1], 1);
	assert_int_equal(load_with_archive(&archive, &object), 0);
	assert_remark(object, KBTF_REMARK_BTF, "minimized BTF is for other objects");
	assert_remark(object, KBTF_REMARK_BTF, "in full but for functions");
	kbtf_object__close(object);
	kbtf_archive__close(archive);

	/* for another build of this one */
	add_entry(uts.machine, uts.release, "stale", refs, 2);
	assert_int_equal(load_with_archive(&archive, &object), 0);
	assert_remark(object, KBTF_REMARK_WARNING, "for another build of object.bpf.o");
	assert_remark(object, KBTF_REMARK_BTF, "in full but for functions");
	kbtf_object__close(object);
	kbtf_archive__close(archive);

	/* for this one: of two profiles that hold it, the first has none for this kernel */
	sha256__of(data, size, refs[0].sha256);
	add_entry(uts.machine, "9.9.9", "alone", refs, 1);
	add_entry(uts.machine, uts.release, "both", refs, 2);
	assert_int_equal(load_with_archive(&archive, &object), 0);
	assert_int_equal(kbtf_archive__profile_count(archive), 2);
	assert_remark(object, KBTF_REMARK_BTF, "minimized for this object");
	kbtf_object__close(object);
	kbtf_archive__close(archive);
	btf__free(btf);
}

static void test_no_object(void **state)
{
	static const struct {
		const char *made_by, *words;
	} files[] = {
		{ ": >$T/object.bpf.o", "it is no ELF file" },
		{ "cp /bin/true $T/object.bpf.o", "it is for another machine" },
		{ "clang -target bpfeb -g -O2 -isystem $T -c -o $T/object.bpf.o "
		  "tests/fixtures/failing.bpf.c", "byte order" },
		{ "clang -target bpf -g -O2 -isystem $T -c -o $T/whole tests/fixtures/failing.bpf.c && "
		  "head -c 2000 $T/whole >$T/object.bpf.o", "cut off or damaged" },
	};

	(void)state;
	need_root();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct kbtf_object_opts opts = { .sz = sizeof(opts) };
		struct kbtf_object *object;

		assert_int_equal(shell("%s", files[i].made_by), 0);
		assert_int_equal(kbtf_object__open(in_dir("object.bpf.o"), &opts, &object), -EBADMSG);
		assert_remark(object, KBTF_REMARK_PROBLEM, files[i].words);
		kbtf_object__close(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_btf_file),
		cmocka_unit_test(test_archive),
		cmocka_unit_test(test_no_object),
	};

	return cmocka_run_group_tests_name("failures", tests, object_fixture__setup,
					   fixture__teardown);
}
