/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The manifests, all of them, and what they make of the names of real packages, which
 * tests/kernel-names.txt lists.
 */
#include "fixture.h"

#include <ctype.h>
#include <glob.h>

#include "base/cleanup.h"
#include "base/release.h"
#include "base/words.h"
#include "source/index.h"
#include "source/manifest.h"

#define MANIFESTS_MAX 64
#define ROWS_LEAST 200 /* kernels; the others are apart */
#define OTHERS_LEAST 80

static struct manifest *manifests[MANIFESTS_MAX];
static size_t manifest_count;

static int read_manifests(void **state)
{
	glob_t found;

	(void)state;
	if (glob("manifests/*.ini", 0, NULL, &found) || found.gl_pathc > MANIFESTS_MAX)
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct error err;

		if (manifest__read(found.gl_pathv[i], &manifests[manifest_count], &err)) {
			print_error("%s\n", err.text);
			globfree(&found);
			return -1;
		}
		manifest_count++;
	}
	globfree(&found);
	return 0;
}

static int free_manifests(void **state)
{
	(void)state;
	while (manifest_count)
		manifest__free(manifests[--manifest_count]);
	return 0;
}

/* ---- rows ------------------------------------------------------------------------ */

enum column { DISTRO, RELEASE, ARCH, FILE_NAME, UNAME_R, FLAVOUR, ORIGIN, COLUMNS };

/* The parts of a file's name, cut out of it. */
struct parts {
	char *name, *version, *release, *arch; /* no release: no RPM */
};

static char *cut_last(char *text, char mark)
{
	char *at = strrchr(text, mark);

	assert_non_null(at);
	*at = '\0';
	return at + 1;
}

static struct parts parts_of(char *file)
{
	size_t len = strlen(file);
	struct parts parts = { .name = file, .version = "1" };

	if (len > 4 && !strcmp(file + len - 4, ".rpm")) {
		file[len - 4] = '\0';
		parts.arch = cut_last(file, '.');
		parts.release = cut_last(file, '-');
		parts.version = cut_last(file, '-');
	} else if (strchr(file, '_')) {
		cut_last(file, '.');
		parts.arch = cut_last(file, '_');
		parts.version = cut_last(file, '_');
	}
	return parts;
}

static const struct manifest *manifest_of(const char *distro)
{
	for (size_t i = 0; i < manifest_count; i++)
		if (!strcmp(manifests[i]->id, distro))
			return manifests[i];
	fail_msg("no manifest is for '%s'", distro);
	return NULL;
}

static const struct release *release_of(const struct manifest *manifest, const char *codename)
{
	for (size_t i = 0; i < manifest->release_count; i++)
		if (!strcmp(manifest->releases[i].codename, codename))
			return &manifest->releases[i];
	fail_msg("%s has no release '%s'", manifest->path, codename);
	return NULL;
}

/* A package of this machine is looked for in some suite, by the distribution's name of it. */
static void check_arch(const struct manifest *manifest, const struct release *release, char **row,
		       const struct parts *parts)
{
	size_t i = 0, j = 0;

	while (i < manifest->arch_count && strcmp(manifest->arches[i].name, row[ARCH]))
		i++;
	assert_true(i < manifest->arch_count);
	while (j < release->suite_count && !suite__has(release, &release->suites[j], row[ARCH]))
		j++;
	if (j == release->suite_count)
		fail_msg("%s %s has no %s", row[DISTRO], row[RELEASE], row[ARCH]);
	if (parts->arch)
		assert_string_equal(manifest->arches[i].alias, parts->arch);
}

static void check_row(char **row)
{
	const struct manifest *manifest = manifest_of(row[DISTRO]);
	const struct release *release = release_of(manifest, row[RELEASE]);
	_cleanup_free_ char *file = strdup(row[FILE_NAME]), *version = NULL;
	const struct parts parts = parts_of(file);
	struct listed_package package = { .name = parts.name, .version = parts.version,
					  .path = "k", .rpm_version = parts.version,
					  .rpm_release = parts.release, .rpm_arch = parts.arch };
	cleanup(index__free) struct index index = { 0 };
	bool is_debug = strstr(row[FILE_NAME], "dbg") || strstr(row[FILE_NAME], "debuginfo");
	char flavour[64];
	struct error err;

	check_arch(manifest, release, row, &parts);
	if (parts.release) {
		assert_true(asprintf(&version, "%s-%s", parts.version, parts.release) > 0);
		package.version = version;
	} else {
		package.rpm_version = package.rpm_arch = NULL;
	}
	if (index__add(&index, release, &package, "test", &err))
		fail_msg("%s", err.text);
	if (!strcmp(row[UNAME_R], "-")) {
		if (index.count)
			fail_msg("%s %s: %s passes for %s", row[DISTRO], row[RELEASE],
				 row[FILE_NAME], index.kernels[0].kernel_release);
		return;
	}
	if (!index.count)
		fail_msg("%s %s: %s passes for no kernel", row[DISTRO], row[RELEASE],
			 row[FILE_NAME]);
	assert_string_equal(index.kernels[0].kernel_release, row[UNAME_R]);
	assert_int_equal(index.kernels[0].debug.name != NULL, is_debug);
	assert_int_equal(index.kernels[0].image.name != NULL, !is_debug);
	release__flavour(row[UNAME_R], flavour, sizeof(flavour));
	assert_string_equal(*flavour ? flavour : "-", row[FLAVOUR]);
}

static void test_names(void **state)
{
	_cleanup_free_ void *table = NULL;
	size_t size, kernels = 0, others = 0;

	(void)state;
	assert_int_equal(file__read("tests/kernel-names.txt", 1 << 20, &table, &size), 0);
	for (char *line = strtok(table, "\n"); line; line = strtok(NULL, "\n")) {
		_cleanup_words_ char **row = NULL;

		if (*line == '#')
			continue;
		row = words__split(line);
		assert_int_equal(words__count((const char *const *)row), COLUMNS);
		check_row(row);
		if (strcmp(row[UNAME_R], "-"))
			kernels++;
		else
			others++;
	}
	print_message("# %zu kernels, %zu other packages\n", kernels, others);
	assert_true(kernels >= ROWS_LEAST);
	assert_true(others >= OTHERS_LEAST);
}

/* ---- what must hold of every manifest --------------------------------------------- */

static void test_each_has_rows(void **state)
{
	_cleanup_free_ void *table = NULL;
	size_t size;

	(void)state;
	assert_int_equal(file__read("tests/kernel-names.txt", 1 << 20, &table, &size), 0);
	for (size_t i = 0; i < manifest_count; i++) {
		char start[64];

		snprintf(start, sizeof(start), "\n%s ", manifests[i]->id);
		if (!strstr(table, start))
			fail_msg("%s has no row in tests/kernel-names.txt", manifests[i]->path);
	}
}

static void test_ids_and_codenames(void **state)
{
	(void)state;
	for (size_t i = 0; i < manifest_count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(manifests[i]->id, manifests[j]->id);
}

/*
 * Without keys nothing could be checked, and which kernels there may be decides whether a
 * release is asked at all.
 */
static void test_keys_and_series(void **state)
{
	(void)state;
	for (size_t i = 0; i < manifest_count; i++) {
		const struct manifest *manifest = manifests[i];

		assert_non_null(manifest->keyring_package);
		for (size_t j = 0; j < manifest->release_count; j++) {
			const struct release *release = &manifest->releases[j];

			if (!release->keyrings[0] || !release->series[0])
				fail_msg("%s: [release %s] has no keyring or no series",
					 manifest->path, release->codename);
			if (!release->image.count && release->embedded)
				fail_msg("%s: [release %s] expects BTF in images that it does not "
					 "name",
					 manifest->path, release->codename);
		}
	}
}

/* Backported to 4.18 in between: found in the manifest, not by a version. */
static void test_embedded(void **state)
{
	static const struct {
		const char *distro, *codename, *kernel_release;
		bool embedded;
	} kernels[] = {
		{ "centos", "8", "4.18.0-80.el8.x86_64", false },
		{ "centos", "8", "4.18.0-147.8.1.el8_1.x86_64", false },
		{ "centos", "8", "4.18.0-193.el8.x86_64", true },
		{ "rhel", "8", "4.18.0-553.el8_10.x86_64", true },
		{ "rhel", "7", "3.10.0-1160.el7.x86_64", false },
		{ "ol", "8", "4.18.0-193.el8.x86_64", true },
		{ "ol", "8", "5.4.17-2011.1.2.el8uek.x86_64", false },
		{ "ubuntu", "focal", "5.4.0-100-generic", false },
		{ "ubuntu", "noble", "6.8.0-50-generic", true },
		{ "debian", "buster", "5.10.0-0.deb10.17-amd64", false },
		{ "debian", "bullseye", "5.10.0-35-amd64", true },
		{ "fedora", "31", "5.3.7-301.fc31.x86_64", false },
		{ "fedora", "32", "5.6.6-300.fc32.x86_64", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
		const struct release *release =
			release_of(manifest_of(kernels[i].distro), kernels[i].codename);

		if (release__embeds(release, kernels[i].kernel_release) != kernels[i].embedded)
			fail_msg("%s", kernels[i].kernel_release);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_each_has_rows),
		cmocka_unit_test(test_ids_and_codenames),
		cmocka_unit_test(test_keys_and_series),
		cmocka_unit_test(test_embedded),
	};

	return cmocka_run_group_tests(tests, read_manifests, free_manifests);
}
