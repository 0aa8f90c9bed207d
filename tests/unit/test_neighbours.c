/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A kernel that is not archived: which of those that are stand next to it, and whether an
 * object's relocations come out the same there. BTF is made by hand, objects are compiled.
 */
#include "fixture.h"

#include <kbtf_core.h>
#include <kbtf_write.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "small_btf.h"

/* ---- which ---------------------------------------------------------------------------- */

static const struct row {
	const char *distro, *distro_release, *arch, *release, *package, *version;
} entries[] = {
	{ "debian", "12", "x86_64", "6.1.0-9-amd64", "6.1.27-1", "" },
	{ "debian", "12", "x86_64", "6.1.0-11-amd64", "6.1.38-4", "" },
	{ "debian", "12", "x86_64", "6.1.0-13-amd64", "6.1.52-1", "" },
	{ "debian", "12", "x86_64", "6.1.0-13-amd64", "6.1.55-1", "" },
	{ "debian", "12", "x86_64", "6.1.0-15-amd64", "6.1.66-1", "" },
	{ "debian", "12", "x86_64", "6.1.0-12-cloud-amd64", "6.1.52-1", "" },
	{ "debian", "12", "x86_64", "6.12.9+deb12-amd64", "6.12.9-1~bpo12+1", "" },
	{ "debian", "12", "aarch64", "6.1.0-12-arm64", "", "" },
	{ "debian", "11", "x86_64", "6.1.0-12-amd64", "", "" },
	{ "centos", "8", "x86_64", "4.18.0-147.el8.x86_64", "", "" },
	{ "centos", "8", "x86_64", "4.18.0-147.5.1.el8_1.x86_64", "", "" },
	{ "centos", "8", "x86_64", "4.18.0-193.el8.x86_64", "", "" },
	{ "", "", "x86_64", "7.1.0", "", "" },
	{ "", "", "x86_64", "7.3.0", "", "" },
	{ "ubuntu", "20.04", "x86_64", "5.4.0-8-generic", "", "#8" },
	{ "ubuntu", "20.04", "x86_64", "5.4.0-8-generic", "", "#9" },
	{ "ubuntu", "20.04", "x86_64", "5.4.0-10-generic", "", "#10" },
	{ "ubuntu", "20.04", "x86_64", "5.4.0-10-generic", "", "#11" },
};

/* Numbers of entries, or -1. */
static const struct {
	struct row host;
	int before, after;
} hosts[] = {
	/* by number, not as text */
	{ { "debian", "12", "x86_64", "6.1.0-10-amd64", "", "" }, 0, 1 },
	/* the last build before, the first after */
	{ { "debian", "12", "x86_64", "6.1.0-14-amd64", "", "" }, 3, 4 },
	{ { "debian", "12", "x86_64", "6.1.0-12-amd64", "", "" }, 1, 2 },
	/* builds of one release, as far as it is known which is older */
	{ { "debian", "12", "x86_64", "6.1.0-13-amd64", "6.1.53-1", "" }, 2, 3 },
	{ { "debian", "12", "x86_64", "6.1.0-13-amd64", "6.1.56-1", "" }, 3, 4 },
	{ { "debian", "12", "x86_64", "6.1.0-13-amd64", "6.1.50-1", "" }, 1, 2 },
	{ { "debian", "12", "x86_64", "6.1.0-13-amd64", "", "" }, 1, 4 },
	/* what is archived is not its own neighbour */
	{ { "debian", "12", "x86_64", "6.1.0-11-amd64", "6.1.38-4", "" }, 0, 2 },
	/* at either end */
	{ { "debian", "12", "x86_64", "6.1.0-8-amd64", "", "" }, -1, 0 },
	{ { "debian", "12", "x86_64", "6.12.10+deb12-amd64", "", "" }, 6, -1 },
	{ { "debian", "12", "x86_64", "6.1.0-16-amd64", "", "" }, 4, 6 },
	/* other flavours, architectures, releases, distributions */
	{ { "debian", "12", "x86_64", "6.1.0-12-rt-amd64", "", "" }, -1, -1 },
	{ { "debian", "12", "x86_64", "6.1.0-13-cloud-amd64", "", "" }, 5, -1 },
	{ { "debian", "12", "aarch64", "6.1.0-11-arm64", "", "" }, -1, 7 },
	{ { "debian", "11", "x86_64", "6.1.0-13-amd64", "", "" }, 8, -1 },
	{ { "debian", "13", "x86_64", "6.1.0-12-amd64", "", "" }, -1, -1 },
	{ { "ubuntu", "12", "x86_64", "6.1.0-12-amd64", "", "" }, -1, -1 },
	/* 147.0.3 is after 147 */
	{ { "centos", "8", "x86_64", "4.18.0-147.0.3.el8_1.x86_64", "", "" }, 9, 10 },
	{ { "centos", "8", "x86_64", "4.18.0-147.8.1.el8_1.x86_64", "", "" }, 10, 11 },
	{ { "centos", "8.1", "x86_64", "4.18.0-147.8.1.el8_1.x86_64", "", "" }, 10, 11 },
	/* builds that nothing orders: the nearest in the archive */
	{ { "ubuntu", "20.04", "x86_64", "5.4.0-9-generic", "", "" }, 15, 16 },
	/* unknown */
	{ { "", "", "x86_64", "7.2.0", "", "" }, -1, -1 },
	{ { "debian", "", "x86_64", "6.1.0-12-amd64", "", "" }, -1, -1 },
	{ { "debian", "12", "", "6.1.0-12-amd64", "", "" }, -1, -1 },
	{ { "debian", "12", "x86_64", "", "", "" }, -1, -1 },
};

static struct kbtf_ident ident_of(const struct row *row)
{
	return (struct kbtf_ident){ .sz = sizeof(struct kbtf_ident),
				    .distro = row->distro,
				    .distro_release = row->distro_release,
				    .arch = row->arch,
				    .kernel_release = row->release,
				    .kernel_version = *row->version ? row->version : row->package };
}

static struct kbtf_new_entry entry_of(const struct row *row)
{
	return (struct kbtf_new_entry){ .sz = sizeof(struct kbtf_new_entry),
					.ident = ident_of(row),
					.provenance.sz = sizeof(struct kbtf_provenance),
					.provenance.package_version = row->package };
}

/* Written as $T/a; the caller's. */
static struct kbtf_archive *archive_of(const struct kbtf_new_entry *all, size_t count)
{
	struct kbtf_writer *writer;
	struct kbtf_archive *archive;
	enum kbtf_added added;

	unlink(in_dir("a"));
	writer = kbtf_writer__open(in_dir("a"));
	assert_non_null(writer);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(kbtf_writer__add(writer, &all[i], &added), 0);
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
	archive = kbtf_archive__open(in_dir("a"));
	assert_non_null(archive);
	return archive;
}

static void assert_is(const struct kbtf_entry *entry, int wanted)
{
	const struct row *row = &entries[wanted < 0 ? 0 : wanted];

	if (wanted < 0) {
		assert_null(entry);
		return;
	}
	assert_non_null(entry);
	assert_string_equal(kbtf_entry__ident(entry)->kernel_release, row->release);
	assert_string_equal(kbtf_entry__ident(entry)->distro_release, row->distro_release);
	assert_string_equal(kbtf_entry__provenance(entry)->package_version, row->package);
	assert_string_equal(kbtf_entry__ident(entry)->kernel_version, *row->version ? row->version : row->package);
}

static void test_table(void **state)
{
	enum { COUNT = sizeof(entries) / sizeof(entries[0]) };
	struct kbtf_new_entry all[COUNT];
	struct kbtf_archive *archive;
	size_t size;
	_cleanup_free_ void *btf = small_btf(2, &size);

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		all[i] = entry_of(&entries[i]);
		all[i].btf = btf;
		all[i].btf_size = size;
	}
	archive = archive_of(all, COUNT);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct kbtf_ident ident = ident_of(&hosts[i].host);
		struct kbtf_select_opts opts = { .sz = sizeof(opts),
						 .package_version = hosts[i].host.package };
		struct kbtf_neighbours found;

		print_message("# host %zu: %s\n", i, hosts[i].host.release);
		assert_int_equal(kbtf_neighbours__find(archive, &ident, &opts, &found), 0);
		assert_is(found.before, hosts[i].before);
		assert_is(found.after, hosts[i].after);
		assert_int_equal(kbtf_neighbours__find(NULL, &ident, NULL, &found), 0);
		assert_null(found.before);
		assert_null(found.after);
	}
	kbtf_archive__close(archive);
}

/* ---- whether they agree ------------------------------------------------------------------ */

static const struct row pair[] = {
	{ "debian", "12", "x86_64", "6.1.0-1", "", "" },
	{ "debian", "12", "x86_64", "6.1.0-3", "", "" },
};

/* What is asked of a struct task_struct, of whose ints one kernel has two and one three. */
static const struct {
	const char *name, *asks;
	int result;
	const char *why; /* a part of it */
} questions[] = {
	{ "offset", "__builtin_preserve_field_info(t->field1, 0)", 0, "" },
	{ "read", "t->field1", 0, "" },
	{ "id", "__builtin_preserve_type_info(*t, 0)", 0, "" },
	{ "present", "__builtin_preserve_type_info(*t, 0) + __builtin_preserve_field_info(t->field0, 2)",
	  0, "" },
	{ "exists", "__builtin_preserve_field_info(t->field2, 2)", -ENOTUNIQ,
	  "field_exists of struct task_struct.field2 is no on 6.1.0-1 and 1 on 6.1.0-3; asked for in " },
	{ "gone", "__builtin_preserve_field_info(t->field2, 0)", -ENOTUNIQ,
	  "field_offset of struct task_struct.field2 is not there on 6.1.0-1 and 8 on 6.1.0-3;" },
	{ "size", "__builtin_preserve_type_info(*t, 1)", -ENOTUNIQ,
	  "type_size of struct task_struct is 8 on 6.1.0-1 and 12 on 6.1.0-3" },
	/* on neither */
	{ "lacking", "__builtin_preserve_field_info(t->field3, 2)", 0, "" },
	/* larger on one, at the same place */
	{ "width", "((struct z_struct *)t)->field", -ENOTUNIQ,
	  "field_offset of struct z_struct.field is 0 (4 bytes) on 6.1.0-1 and 0 (8 bytes) on 6.1.0-3" },
};

static void *object; /* the last that was made */
static size_t object_size;

static void make_object(const char *asks)
{
	free(object);
	object = NULL;
	assert_int_equal(shell("cd \"$T\" && clang -target bpf -mcpu=v1 -g -O2 -x c -c -o object.o - "
			       "<<'EOF'\n"
			       "struct task_struct { int field0, field1, field2, field3; }\n"
			       "__attribute__((preserve_access_index));\n"
			       "struct z_struct { unsigned int field; } __attribute__((preserve_access_index));\n"
			       "__attribute__((section(\"kprobe/x\"), used)) int prog(struct task_struct *t)\n"
			       "{ return %s; }\n"
			       "char LICENSE[] __attribute__((section(\"license\"))) = \"GPL\";\n"
			       "EOF", asks), 0);
	assert_int_equal(file__read(in_dir("object.o"), 1 << 24, &object, &object_size), 0);
}

/*
 * With a struct of one field besides, of so many bytes; a `shifted` one has another type, before
 * it in canonical order: IDs are others.
 */
static void *kernel_btf(unsigned int fields, unsigned int width, bool shifted, size_t *size)
{
	_cleanup_free_ void *plain = small_btf(fields, size);
	struct btf *btf = btf__new(plain, (uint32_t)*size);
	const void *raw;
	uint32_t len;
	void *copy;
	int id;

	assert_non_null(btf);
	id = btf__add_int(btf, "unsigned", width, 0);
	assert_true(id > 0 && btf__add_struct(btf, "z_struct", width) > 0);
	assert_int_equal(btf__add_field(btf, "field", id, 0, 0), 0);
	if (shifted)
		assert_true(btf__add_typedef(btf, "a_type", id) > 0);
	raw = btf__raw_data(btf, &len);
	copy = malloc(len);
	assert_true(raw && copy);
	memcpy(copy, raw, len);
	*size = len;
	btf__free(btf);
	return copy;
}

/* What the last object finds on both; *why holds words for 256 bytes. */
static int prove(const struct kbtf_archive *archive, char *why)
{
	struct kbtf_neighbours neighbours = { kbtf_archive__entry(archive, 0),
					      kbtf_archive__entry(archive, 1) };

	return kbtf_neighbours__prove(archive, &neighbours, object, object_size, why, 256);
}

static void test_agreement(void **state)
{
	struct kbtf_new_entry both[2];
	_cleanup_free_ void *two = NULL, *three = NULL;
	struct kbtf_archive *archive;
	char why[256];

	(void)state;
	need("clang");
	for (size_t i = 0; i < 2; i++)
		both[i] = entry_of(&pair[i]);
	both[0].btf = two = kernel_btf(2, 4, false, &both[0].btf_size);
	both[1].btf = three = kernel_btf(3, 8, true, &both[1].btf_size);
	archive = archive_of(both, 2);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		int result;

		print_message("# %s\n", questions[i].name);
		make_object(questions[i].asks);
		result = prove(archive, why);
		if (result != questions[i].result || !strstr(why, questions[i].why))
			fail_msg("%d: %s", result, why);
		if (!result)
			assert_string_equal(why, "");
	}
	/* words that are not wanted, or too long */
	make_object("__builtin_preserve_type_info(*t, 1)");
	assert_int_equal(kbtf_neighbours__prove(archive, &(struct kbtf_neighbours){
				 kbtf_archive__entry(archive, 0), kbtf_archive__entry(archive, 1) },
				 object, object_size, NULL, 0), -ENOTUNIQ);
	((char *)object)[0] = 'x';
	assert_int_equal(prove(archive, why), -EBADMSG);
	assert_string_not_equal(why, "");
	kbtf_archive__close(archive);
}

/* One that is missing, on either side. */
static void test_none(void **state)
{
	static const char *const words[] = { "before or after it", "before it", "after it" };
	size_t size;
	_cleanup_free_ void *btf = small_btf(2, &size);
	struct kbtf_new_entry entry = entry_of(&pair[0]);
	struct kbtf_archive *archive;
	char why[256];

	(void)state;
	entry.btf = btf;
	entry.btf_size = size;
	archive = archive_of(&entry, 1);
	for (size_t i = 0; i < 3; i++) {
		const struct kbtf_entry *only = kbtf_archive__entry(archive, 0);
		struct kbtf_neighbours neighbours = { i == 2 ? only : NULL, i == 1 ? only : NULL };

		assert_int_equal(kbtf_neighbours__prove(archive, &neighbours, "", 0, why, sizeof(why)),
				 -ENOENT);
		assert_non_null(strstr(why, words[i]));
	}
	kbtf_archive__close(archive);
}

/* ---- minimized BTF ------------------------------------------------------------------------ */

/* An archive of both, the second minimized for the object of this digest, alone or beside full BTF. */
static struct kbtf_archive *minimized(const uint8_t sha256[SHA256_SIZE], unsigned int fields,
				      bool and_full)
{
	struct kbtf_minimizer *minimizer = kbtf_minimizer__new();
	struct kbtf_object_ref ref = { .name = "object.o" };
	struct kbtf_new_min min = { .profile = "test", .objects = &ref, .object_count = 1 };
	struct kbtf_new_entry both[2];
	_cleanup_free_ void *first = small_btf(2, &both[0].btf_size), *min_btf = NULL;
	size_t size, first_size = both[0].btf_size;
	_cleanup_free_ void *second = small_btf(fields, &size);

	memcpy(ref.sha256, sha256, SHA256_SIZE);
	assert_int_equal(kbtf_minimizer__add(minimizer, "object.o", object, object_size, NULL, 0), 0);
	assert_int_equal(kbtf_minimizer__run(minimizer, second, size, &min_btf, &min.btf_size, NULL, 0),
			 0);
	kbtf_minimizer__free(minimizer);
	min.btf = min_btf;
	for (size_t i = 0; i < 2; i++)
		both[i] = entry_of(&pair[i]);
	both[0].btf = first;
	both[0].btf_size = first_size;
	both[1].btf = and_full ? second : NULL;
	both[1].btf_size = and_full ? size : 0;
	both[1].mins = &min;
	both[1].min_count = 1;
	return archive_of(both, 2);
}

static void test_minimized(void **state)
{
	uint8_t own[SHA256_SIZE], other[SHA256_SIZE] = { 1 };
	struct kbtf_archive *archive;
	char why[256];

	(void)state;
	need("clang");
	make_object("t->field1");
	sha256__of(object, object_size, own);
	archive = minimized(own, 3, false);
	assert_int_equal(prove(archive, why), 0);
	assert_non_null(kbtf_archive__find_min(archive, kbtf_archive__entry(archive, 1), own));
	assert_null(kbtf_archive__find_min(archive, kbtf_archive__entry(archive, 0), own));
	assert_null(kbtf_archive__find_min(archive, kbtf_archive__entry(archive, 1), other));
	kbtf_archive__close(archive);
	/* for another object: that a field is missing would mean nothing */
	archive = minimized(other, 3, false);
	assert_int_equal(prove(archive, why), -ENOENT);
	assert_non_null(strstr(why, "BTF of 6.1.0-3 that was minimized for other objects"));
	kbtf_archive__close(archive);
	archive = minimized(other, 3, true);
	assert_int_equal(prove(archive, why), 0);
	kbtf_archive__close(archive);
	make_object("__builtin_preserve_field_info(t->field2, 2)");
	sha256__of(object, object_size, own);
	archive = minimized(own, 3, false);
	assert_int_equal(prove(archive, why), -ENOTUNIQ);
	kbtf_archive__close(archive);
	archive = minimized(own, 2, false);
	assert_int_equal(prove(archive, why), 0);
	kbtf_archive__close(archive);
}

static int teardown(void **state)
{
	free(object);
	return fixture__teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_minimized),
	};

	return cmocka_run_group_tests(tests, fixture__setup, teardown);
}
