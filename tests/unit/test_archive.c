/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <kbtf_write.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"
#include "every_kind.h"
#include "format.h"
#include "small_btf.h"
#include "texts.h"

static char dir[64];
static char path[96];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_archive.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/a.kbtf", dir);
	return 0;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(name);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct spec {
	const char *release;
	const char *version;
	const char *build_id; /* hex, "" for none */
	unsigned int fields;
	const char *distro;
};

/* Objects are named by their digest's first byte alone. */
static struct kbtf_object_ref object(uint8_t id)
{
	struct kbtf_object_ref ref = { .name = "x.bpf.o" };

	memset(ref.sha256, id, sizeof(ref.sha256));
	return ref;
}

static int add(struct kbtf_writer *writer, const struct spec *spec, enum kbtf_added *added)
{
	uint8_t build_id[20] = {};
	size_t size, min_size;
	_cleanup_free_ void *btf = small_btf(spec->fields, &size);
	_cleanup_free_ void *min = small_btf(1, &min_size);
	struct kbtf_object_ref objects[] = { object(2), object(1) };
	struct kbtf_new_min mins[] = {
		{ "both", objects, 2, min, min_size },
		{ "one", objects, 1, btf, size },
	};
	struct kbtf_new_entry entry = {
		.sz = sizeof(entry),
		.ident = { .sz = sizeof(entry.ident),
			   .distro = spec->distro ? spec->distro : "debian",
			   .distro_release = spec->distro && !*spec->distro ? "" : "12",
			   .arch = "x86_64",
			   .kernel_release = spec->release,
			   .kernel_version = spec->version,
			   .build_id = build_id,
			   .build_id_len = strlen(spec->build_id) / 2 },
		.provenance = { .sz = sizeof(entry.provenance), .package = "p.deb",
				.encoder = "pahole", .notes = "one\ntwo" },
		.btf = btf, .btf_size = size, .mins = mins, .min_count = 2,
	};

	assert_true(hex__decode(spec->build_id, build_id, strlen(spec->build_id) / 2));
	return kbtf_writer__add(writer, &entry, added);
}

static void put(const struct spec *specs, size_t count, enum kbtf_added *last)
{
	struct kbtf_writer *writer = kbtf_writer__open(path);
	enum kbtf_added added;

	assert_non_null(writer);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(add(writer, &specs[i], &added), 0);
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
	if (last)
		*last = added;
}

static const struct spec three[] = {
	{ "6.1.0-9", "#1 A", "aa01", 3, NULL },
	{ "6.1.0-10", "#1 B", "aa02", 4, NULL },
	{ "4.19.0-1", "", "", 5, NULL },
};

static void check_contents(const struct kbtf_entry *entry, unsigned int fields)
{
	size_t size, want_size;
	_cleanup_free_ void *want = small_btf(fields, &want_size);
	_cleanup_free_ void *got = NULL;

	assert_int_equal(kbtf_entry__read_btf(entry, &got, &size), 0);
	assert_int_equal(size, want_size);
	assert_memory_equal(got, want, size);
	assert_int_equal(kbtf_entry__btf_size(entry), size);
}

static void test_round_trip(void **state)
{
	struct kbtf_archive *archive;
	const struct kbtf_entry *entry;
	const struct kbtf_profile *profile;
	uint8_t id[] = { 0xaa, 0x02 }, digest[32];
	size_t size, min_size;
	_cleanup_free_ void *min = small_btf(1, &min_size);
	void *got;

	(void)state;
	put(three, 3, NULL);
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	assert_int_equal(kbtf_archive__entry_count(archive), 3);
	/* version order: 9 before 10 */
	assert_string_equal(kbtf_entry__ident(kbtf_archive__entry(archive, 0))->kernel_release,
			    "4.19.0-1");
	assert_string_equal(kbtf_entry__ident(kbtf_archive__entry(archive, 1))->kernel_release,
			    "6.1.0-9");

	entry = kbtf_archive__find_build_id(archive, id, 2);
	assert_non_null(entry);
	assert_string_equal(kbtf_entry__ident(entry)->kernel_version, "#1 B");
	assert_string_equal(kbtf_entry__provenance(entry)->notes, "one\ntwo");
	check_contents(entry, 4);
	assert_null(kbtf_archive__find_build_id(archive, id, 1));
	assert_null(kbtf_archive__find_build_id(archive, id, 0));

	entry = kbtf_archive__find_release(archive, "6.1.0-9", NULL);
	assert_non_null(entry);
	check_contents(entry, 3);
	assert_null(kbtf_archive__find_release(archive, "6.1.0-9", entry));

	/* object 1 is in the profile "both" alone, 2 in both */
	memset(digest, 1, sizeof(digest));
	profile = kbtf_archive__find_profile(archive, digest);
	assert_non_null(profile);
	assert_string_equal(kbtf_profile__name(profile), "both");
	assert_int_equal(kbtf_profile__object_count(profile), 2);
	assert_int_equal(kbtf_profile__object(profile, 0)->sha256[0], 1);
	assert_int_equal(kbtf_entry__min_size(entry, profile), min_size);
	assert_int_equal(kbtf_entry__read_min(entry, profile, &got, &size), 0);
	assert_memory_equal(got, min, min_size);
	free(got);
	memset(digest, 9, sizeof(digest));
	assert_null(kbtf_archive__find_profile(archive, digest));
	kbtf_archive__close(archive);
}

static void *slurp(size_t *size)
{
	void *data;

	assert_int_equal(file__read(path, SIZE_MAX / 2, &data, size), 0);
	return data;
}

static void compact(void)
{
	struct kbtf_writer *writer = kbtf_writer__open(path);

	assert_non_null(writer);
	assert_int_equal(kbtf_writer__compact(writer), 0);
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
}

static void test_compacted_the_same_in_any_order(void **state)
{
	_cleanup_free_ void *together = NULL, *apart = NULL;
	size_t together_size, apart_size;

	(void)state;
	put(three, 3, NULL);
	compact();
	together = slurp(&together_size);
	unlink(path);
	for (int i = 2; i >= 0; i--)
		put(&three[i], 1, NULL);
	compact();
	apart = slurp(&apart_size);
	assert_int_equal(apart_size, together_size);
	assert_memory_equal(apart, together, apart_size);
}

static void test_replacing(void **state)
{
	const struct spec vague = { "6.1.0-9", "", "", 7, "" };
	const struct spec other = { "6.1.0-9", "#1 A", "aa07", 8, NULL };
	enum kbtf_added added;
	struct kbtf_archive *archive;

	(void)state;
	put(&vague, 1, &added);
	assert_int_equal(added, KBTF_ADDED_NEW);
	/* the exact one takes the vague one's place ... */
	put(&three[0], 1, &added);
	assert_int_equal(added, KBTF_ADDED_REPLACED);
	/* ... which does not come back ... */
	put(&vague, 1, &added);
	assert_int_equal(added, KBTF_ADDED_YIELDED);
	/* ... and another build of the same release stands beside it. */
	put(&other, 1, &added);
	assert_int_equal(added, KBTF_ADDED_NEW);
	put(&other, 1, &added);
	assert_int_equal(added, KBTF_ADDED_REPLACED);
	archive = kbtf_archive__open(path);
	assert_int_equal(kbtf_archive__entry_count(archive), 2);
	kbtf_archive__close(archive);
}

static void test_refused(void **state)
{
	struct kbtf_writer *writer = kbtf_writer__open(path);
	struct spec spec = three[0];
	struct kbtf_new_entry entry = { .sz = sizeof(entry), .ident.sz = sizeof(entry.ident),
					.provenance.sz = sizeof(entry.provenance) };
	enum kbtf_added added;
	struct stat st;

	(void)state;
	spec.release = "";
	assert_int_equal(add(writer, &spec, &added), -EINVAL);
	spec.release = "a\x1b[2J";
	assert_int_equal(add(writer, &spec, &added), -EINVAL);
	entry.ident.arch = "x86_64";
	entry.ident.kernel_release = "1";
	entry.btf = "no BTF at all, but as long as a header of it";
	entry.btf_size = 44;
	assert_int_equal(kbtf_writer__add(writer, &entry, &added), -EINVAL);
	entry.btf_size = 0;
	assert_int_equal(kbtf_writer__add(writer, &entry, &added), -EINVAL);
	kbtf_writer__close(writer);
	assert_int_equal(stat(path, &st), -1);
}

static void test_newer_struct_is_refused(void **state)
{
	struct {
		struct kbtf_new_entry entry;
		uint64_t later;
	} newer = { .entry.sz = sizeof(newer), .later = 1 };
	struct kbtf_writer *writer = kbtf_writer__open(path);
	enum kbtf_added added;

	(void)state;
	assert_int_equal(kbtf_writer__add(writer, &newer.entry, &added), -E2BIG);
	kbtf_writer__close(writer);
}

static bool yes_the_second_time(void *ctx)
{
	return ++*(int *)ctx > 1;
}

static void test_interrupt(void **state)
{
	struct spec big = { "5.10.0-1", "", "bb", 60000, NULL };
	struct kbtf_writer *writer;
	struct kbtf_archive *archive;
	enum kbtf_added added;
	int asked = 0;

	(void)state;
	put(three, 3, NULL);
	writer = kbtf_writer__open(path);
	kbtf_writer__set_interrupt(writer, yes_the_second_time, &asked);
	assert_int_equal(add(writer, &big, &added), -ECANCELED);
	assert_int_equal(asked, 2);
	/* what was not interrupted can still be committed */
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
	archive = kbtf_archive__open(path);
	assert_int_equal(kbtf_archive__entry_count(archive), 3);
	kbtf_archive__close(archive);
}

static struct btf *parse(void *data, size_t size)
{
	struct btf *btf = btf__new(data, size);

	assert_non_null(btf);
	free(data);
	return btf;
}

static bool is_function(const struct btf_type *type)
{
	return btf_kind(type) == BTF_KIND_FUNC || btf_kind(type) == BTF_KIND_DECL_TAG;
}

/* All types with a name that are no functions, and not one that is. Of the full BTF there are so many. */
static unsigned int check_data_types(const struct btf *full, const struct btf *data)
{
	unsigned int functions = 0;

	for (uint32_t i = 1; i < btf__type_cnt(data); i++)
		assert_false(is_function(btf__type_by_id(data, i)));
	for (uint32_t i = 1; i < btf__type_cnt(full); i++) {
		const struct btf_type *type = btf__type_by_id(full, i), *other;
		const char *name = btf__name_by_offset(full, type->name_off);
		int id;

		functions += is_function(type);
		/* of one name the first, which is the first there, too */
		if (!*name || is_function(type) ||
		    btf__find_by_name_kind(full, name, btf_kind(type)) != (int)i)
			continue;
		id = btf__find_by_name_kind(data, name, btf_kind(type));
		assert_true(id > 0);
		other = btf__type_by_id(data, id);
		assert_int_equal(btf_vlen(other), btf_vlen(type));
		if (btf_is_composite(type))
			assert_int_equal(other->size, type->size);
	}
	return functions;
}

/* Two kernels, the second told after the first. */
static void test_data_types_alone(void **state)
{
	struct kbtf_writer *writer = kbtf_writer__open(path);
	struct kbtf_archive *archive;

	(void)state;
	assert_non_null(writer);
	for (unsigned int i = 0; i < 2; i++) {
		const char *release = i ? "6.1.0-2" : "6.1.0-1";
		size_t size;
		_cleanup_free_ void *btf = every_kind(i, &size);
		struct kbtf_new_entry entry = {
			.sz = sizeof(entry), .btf = btf, .btf_size = size,
			.ident = { .sz = sizeof(entry.ident), .arch = "x86_64",
				   .kernel_release = release },
			.provenance = { .sz = sizeof(entry.provenance) },
		};
		enum kbtf_added added;

		assert_int_equal(kbtf_writer__add(writer, &entry, &added), 0);
	}
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
	archive = kbtf_archive__open(path);
	assert_int_equal(kbtf_archive__entry_count(archive), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		struct btf *full, *data;
		size_t size;
		void *bytes;

		assert_int_equal(kbtf_entry__read_btf(entry, &bytes, &size), 0);
		full = parse(bytes, size);
		assert_int_equal(kbtf_entry__read_data_types(entry, &bytes, &size), 0);
		assert_true(size < kbtf_entry__btf_size(entry));
		data = parse(bytes, size);
		assert_true(check_data_types(full, data) > 0);
		btf__free(full);
		btf__free(data);
	}
	kbtf_archive__close(archive);
}

/* Every truncation is refused, and every flipped bit is found when all is read. */
static int read_all(const void *data, size_t size)
{
	struct kbtf_archive *archive = kbtf_archive__open_mem(data, size);
	int bad = 0;

	if (!archive)
		return -errno;
	for (size_t i = 0; !bad && i < kbtf_archive__entry_count(archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		void *btf = NULL;
		size_t len;

		bad = kbtf_entry__read_btf(entry, &btf, &len);
		free(btf);
		btf = NULL;
		if (!bad)
			bad = kbtf_entry__read_data_types(entry, &btf, &len);
		free(btf);
		for (size_t k = 0; !bad && k < kbtf_archive__profile_count(archive); k++) {
			btf = NULL;
			bad = kbtf_entry__read_min(entry, kbtf_archive__profile(archive, k),
						   &btf, &len);
			free(btf);
		}
	}
	kbtf_archive__close(archive);
	return bad;
}

static void test_damage(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size, harmless = 0;

	(void)state;
	put(three, 3, NULL);
	data = slurp(&size);
	assert_int_equal(read_all(data, size), 0);
	for (size_t len = 0; len < size; len++)
		assert_int_not_equal(read_all(data, len), 0);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		data[bit / 8] ^= 1 << bit % 8;
		harmless += read_all(data, size) == 0;
		data[bit / 8] ^= 1 << bit % 8;
	}
	/*
	 * zstd frames have a few bits that don't change what comes out (an unused
	 * checksum flag, padding), and each stream has two frames; whatever does, a digest
	 * finds.
	 */
	assert_in_range(harmless, 0, 8 * size / 100);
}

/* Flips a bit in the first blob, of which the index knows the digest still. */
static void damage_first_blob(void)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;

	data = slurp(&size);
	data[FORMAT_HEADER_SIZE + 12] ^= 1;
	assert_int_equal(file__replace(path, data, size, 0666), 0);
}

static void test_added_again_is_repaired(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	enum kbtf_added last;
	size_t size;

	(void)state;
	put(three, 2, NULL);
	damage_first_blob();
	data = slurp(&size);
	assert_int_equal(read_all(data, size), -EBADMSG);
	put(three, 2, &last);
	assert_int_equal(last, KBTF_ADDED_REPLACED);
	free(data);
	data = slurp(&size);
	assert_int_equal(read_all(data, size), 0);
}

static void test_added_beside_what_is_damaged(void **state)
{
	(void)state;
	put(three, 1, NULL);
	damage_first_blob();
	put(three + 1, 1, NULL);
}

/* What a writer would write and no reader believe: they share most of what they are. */
static void test_too_much_text_is_refused(void **state)
{
	enum { LENGTH = 1 << 20, TEXTS = 300 };
	_cleanup_free_ char *text = malloc(LENGTH + 1);
	struct texts texts = {};

	(void)state;
	assert_non_null(text);
	memset(text, 'x', LENGTH);
	text[LENGTH] = '\0';
	assert_int_equal(texts__add(&texts, ""), 0);
	for (unsigned int i = 0; i < TEXTS; i++) {
		if (i == 200)
			assert_int_equal(texts__sort(&texts), 0);
		assert_int_equal(texts__add(&texts, text + i), 0);
	}
	assert_int_equal(texts__sort(&texts), -E2BIG);
	texts__free(&texts);
}

static void test_full_disk_keeps_the_old(void **state)
{
	_cleanup_free_ void *before = NULL, *after = NULL;
	size_t before_size, after_size;
	struct spec big = { "5.10.0-1", "", "bb", 5000, NULL };
	pid_t child;
	int status;
	glob_t left = {};
	char pattern[128];

	(void)state;
	put(three, 3, NULL);
	before = slurp(&before_size);
	child = fork();
	if (!child) {
		struct rlimit limit = { before_size + 100, before_size + 100 };
		struct kbtf_writer *writer = kbtf_writer__open(path);
		enum kbtf_added added;

		signal(SIGXFSZ, SIG_IGN);
		if (!writer || add(writer, &big, &added) || setrlimit(RLIMIT_FSIZE, &limit))
			_exit(1);
		if (kbtf_writer__commit(writer) != -EFBIG)
			_exit(2);
		kbtf_writer__close(writer);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	after = slurp(&after_size);
	assert_int_equal(after_size, before_size);
	assert_memory_equal(after, before, before_size);
	snprintf(pattern, sizeof(pattern), "%s/*", dir);
	assert_int_equal(glob(pattern, 0, NULL, &left), 0);
	assert_int_equal(left.gl_pathc, 1);
	globfree(&left);
}

static void test_killed_writer_leaves_the_old(void **state)
{
	struct kbtf_archive *archive;
	char stale[160];

	(void)state;
	put(three, 1, NULL);
	for (int i = 0; i < 30; i++) {
		struct spec spec = { "5.10.0-1", "", "bb", 2000 + i, NULL };
		pid_t child = fork();

		if (!child) {
			put(&spec, 1, NULL);
			_exit(0);
		}
		usleep(i * 700);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		archive = kbtf_archive__open(path);
		assert_non_null(archive);
		assert_in_range(kbtf_archive__entry_count(archive), 1, 2);
		kbtf_archive__close(archive);
	}
	/* what a killed one left behind is gone after the next commit */
	snprintf(stale, sizeof(stale), "%s.abcdefgh.tmp", path);
	assert_int_equal(file__replace(stale, "x", 1, 0600), 0);
	put(three, 3, NULL);
	assert_int_equal(access(stale, F_OK), -1);
}

static void *add_many(void *arg)
{
	unsigned int first = *(unsigned int *)arg;

	for (unsigned int i = 0; i < 8; i++) {
		char id[5];
		struct spec spec = { "5.4.0-1", "", id, first + i, NULL };

		snprintf(id, sizeof(id), "%04x", first + i);
		put(&spec, 1, NULL);
	}
	return NULL;
}

static void test_two_writers(void **state)
{
	unsigned int first[] = { 100, 200, 300 };
	pthread_t threads[3];
	struct kbtf_archive *archive;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &first[i]), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	archive = kbtf_archive__open(path);
	assert_int_equal(kbtf_archive__entry_count(archive), 24);
	kbtf_archive__close(archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_data_types_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compacted_the_same_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replacing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer_struct_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_added_again_is_repaired, setup, teardown),
		cmocka_unit_test_setup_teardown(test_added_beside_what_is_damaged, setup, teardown),
		cmocka_unit_test(test_too_much_text_is_refused),
		cmocka_unit_test_setup_teardown(test_full_disk_keeps_the_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_writer_leaves_the_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_writers, setup, teardown),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
