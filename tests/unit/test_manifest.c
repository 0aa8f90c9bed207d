/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>

#include "base/words.h"
#include "source/index.h"
#include "source/manifest.h"

static const char good[] = "; a comment\n"
			   "[distribution]\n"
			   "id = debian\n"
			   "type = deb\n"
			   "architectures = x86_64:amd64 s390x\n"
			   "keyring = /a\n"
			   "\t/b\n"
			   "debug-package = linux-image-([0-9].*)-dbg\n"
			   "debug-member = usr/lib/debug/boot/vmlinux-*\n"
			   "embedded = yes\n"
			   "[repository main]\n"
			   "mirror = apt http://example.invalid/debian\n"
			   "[repository ports]\n"
			   "mirror-of = main\n"
			   "origin = Debian Ports\n"
			   "[release one]\n"
			   "version = 1\n"
			   "suites = main:one ports:one/updates\n"
			   "[release two]\n"
			   "version = 2\n"
			   "suites = main:two\n"
			   "series = 4.9 4.19\n"
			   "embedded = no\n"
			   "valid-until = ignore\n"
			   "keyring = /c\n"
			   "image-package = kernel\n"
			   "image-member = boot/vmlinuz-*\n"
			   "kernel-release = %{version}\n";

static void write_manifest(const char *text)
{
	FILE *file = fopen(in_dir("m.ini"), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_good(void **state)
{
	struct manifest *manifest = NULL;
	const struct release *one, *two;
	struct error err;

	(void)state;
	write_manifest(good);
	if (manifest__read(in_dir("m.ini"), &manifest, &err))
		fail_msg("%s", err.text);
	assert_string_equal(manifest->name, "debian");
	assert_int_equal(manifest->type, REPOSITORY_DEB);
	assert_int_equal(manifest->arch_count, 2);
	assert_string_equal(manifest->arches[0].alias, "amd64");
	assert_string_equal(manifest->arches[1].alias, "s390x");
	assert_true(manifest->repositories[0]->mirrors_from_apt);
	assert_string_equal(manifest->repositories[0]->mirrors[0], "http://example.invalid/debian");
	assert_null(manifest->repositories[0]->mirrors[1]);
	assert_string_equal(manifest->repositories[0]->component, "main");
	assert_string_equal(manifest->repositories[1]->origin, "Debian Ports");
	assert_int_equal(manifest->release_count, 2);
	one = &manifest->releases[0];
	two = &manifest->releases[1];
	assert_true(release__embeds(one, "4.9.0"));
	assert_false(release__embeds(two, "4.9.0"));
	assert_false(one->ignore_valid_until);
	assert_true(two->ignore_valid_until);
	assert_int_equal(words__count((const char *const *)one->keyrings), 2);
	assert_string_equal(one->keyrings[1], "/b");
	assert_string_equal(two->keyrings[0], "/c");
	assert_int_equal(words__count((const char *const *)one->series), 0);
	assert_string_equal(two->series[1], "4.19");
	assert_string_equal(one->suites[1].path, "one/updates");
	assert_ptr_equal(one->suites[1].repository, manifest->repositories[1]);
	assert_int_equal(one->debug.count, 1);
	assert_int_equal(one->image.count, 0);
	assert_int_equal(two->image.count, 1);
	manifest__free(manifest);
}

/* Replaces `from` in the good one by `to`, and expects the message to hold `text`. */
static const struct {
	const char *from, *to, *text;
} wrong[] = {
	{ "id = debian", "idd = debian", "m.ini:3: unknown key 'idd'" },
	{ "id = debian\n", "", "[distribution] lacks 'id'" },
	{ "type = deb\n", "", "m.ini:11: [repository main]: 'type' is missing" },
	{ "type = deb", "type = rpm",
	  "m.ini:4: 'type' is 'deb', 'rpm-md', 'directory', 'launchpad' or 'snapshot', not 'rpm'" },
	{ "origin = Debian Ports", "type = rpm", "m.ini:15: 'type' is" },
	{ "origin = Debian Ports", "metalink = http://x/", "m.ini:15: [repository ports]: 'metalink' "
							   "is for type 'rpm-md'" },
	{ "origin = Debian Ports", "mirrorlist = http://x/", "'mirrorlist' is for type 'rpm-md'" },
	{ "origin = Debian Ports", "type = rpm-md\nmetalink = x", "m.ini:16: [repository ports]: "
								  "'metalink' is a URL" },
	{ "origin = Debian Ports", "type = rpm-md\nmetalink = http://x/\nmirrorlist = http://x/",
	  "m.ini:17: [repository ports]: 'mirrorlist' and 'metalink' exclude" },
	{ "origin = Debian Ports", "client-key = /x", "'client-certificate' and 'client-key' go" },
	{ "origin = Debian Ports", "search = linux", "m.ini:15: [repository ports]: 'search' is for" },
	{ "origin = Debian Ports", "type = snapshot", "m.ini:14: [repository ports]: 'search' is for" },
	{ "origin = Debian Ports", "type = launchpad\nsearch = x", "'files' is for" },
	{ "origin = Debian Ports", "type = launchpad\nsearch = x\nfiles = x", "'files' is a URL" },
	{ "mirror-of = main", "mirror = user http://x", "m.ini:14: [repository ports]: 'mirror = user'" },
	{ "mirror-of = main\n", "", "m.ini:14: [repository ports]: needs 'mirror', 'mirror-of'" },
	{ "mirror-of = main\n", "mirror-of = main\nmirror = http://x\n", "takes the place of" },
	{ "[release one]", "[releases one]", "m.ini:17: unknown section [releases one]" },
	{ "main:one", "nain:one", "m.ini:18: there is no [repository nain]" },
	{ "main:one", "one", "m.ini:18: a suite is" },
	{ "version = 1\n", "", "[release one] lacks 'version'" },
	{ "([0-9].*)", "([0-9].*", "m.ini:8: bad pattern" },
	{ "([0-9].*)", "[0-9].*", "m.ini:8: pattern" },
	{ "embedded = yes", "embedded = maybe",
	  "m.ini:10: 'embedded' is 'yes', 'no' or a pattern of kernels" },
	{ "mirror-of = main", "mirror-of = mein", "m.ini:14: [repository ports]: 'mirror-of'" },
	{ "mirror = apt http://example.invalid/debian", "mirror = example", "m.ini:12: [repository main]: 'mirror' is a list" },
	{ "version = 2", "version = 2\nversion = 3", "m.ini:21: 'version' was given in line 20" },
	{ "version = 2", "nonsense", "m.ini:20: neither" },
	{ "debug-member = usr/lib/debug/boot/vmlinux-*\n", "", "m.ini:8: 'debug-package' without" },
	{ "embedded = yes", "embedded = 5.10..4.19", "m.ini:10: 'embedded' is" },
	{ "embedded = yes", "key = 0123", "m.ini:10: 'key' lists fingerprints" },
	{ "version = 2", "version = 2\narchitectures = armv7l", "'armv7l' is no architecture" },
	{ "-dbg\n", "-dbg=%{name:2}\n", "m.ini:8: bad template '%{name:2}': it names a group" },
	{ "-dbg\n", "-dbg=%{release:1}\n", "m.ini:8: bad template '%{release:1}': it names" },
	{ "-dbg\n", "-dbg=%{epoch}\n", "m.ini:8: bad template '%{epoch}': '%' begins none" },
	{ "%{version}", "%{version", "bad template '%{version': '%' begins none" },
	{ "-dbg\n", "-dbg@(\n", "m.ini:8: bad pattern '('" },
	{ "-dbg\n", "-dbg@[0-9]+=%{release:1}\n", "bad template '%{release:1}': it names a group" },
	{ "id = debian", "id =", "m.ini:3: 'id' has no value" },
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		const char *found = strstr(good, wrong[i].from);
		struct manifest *manifest = NULL;
		struct error err = { "" };
		char *text;

		assert_non_null(found);
		assert_true(asprintf(&text, "%.*s%s%s", (int)(found - good), good, wrong[i].to,
				     found + strlen(wrong[i].from)) > 0);
		write_manifest(text);
		free(text);
		assert_int_equal(manifest__read(in_dir("m.ini"), &manifest, &err), -EINVAL);
		assert_null(manifest);
		if (!strstr(err.text, wrong[i].text))
			fail_msg("'%s' does not say '%s'", err.text, wrong[i].text);
	}
}

/* A [repository] may be of another type than its distribution. */
static void test_repositories(void **state)
{
	static const char text[] =
		"[distribution]\nid = d\narchitectures = x86_64\ntype = rpm-md\nkeyring = /k\n"
		"debug-package = (k)\ndebug-member = m\n"
		"[repository a]\nmetalink = https://x/m?repo=f-$releasever&arch=$basearch\n"
		"[repository b]\nmirrorlist = https://x/list\nmirror = https://y\n"
		"client-certificate = /etc/c/*.pem\nclient-key = /etc/c/*-key.pem\n"
		"ca-certificate = /etc/ca.pem\n"
		"[repository c]\ntype = directory\nmirror = user\n"
		"[repository d]\ntype = launchpad\nmirror = https://api/1.0\nsearch = k l\n"
		"files = https://l/+files\n"
		"[repository e]\ntype = snapshot\nmirror = https://s\nsearch = linux\n"
		"[release r]\nversion = 1\nsuites = a:- b:x c:x d:x e:x\n";
	struct repository *const *repositories;
	struct manifest *manifest = NULL;
	struct error err;

	(void)state;
	write_manifest(text);
	if (manifest__read(in_dir("m.ini"), &manifest, &err))
		fail_msg("%s", err.text);
	repositories = manifest->repositories;
	assert_int_equal(repositories[0]->type, REPOSITORY_RPM_MD);
	assert_string_equal(repositories[0]->metalink,
			    "https://x/m?repo=f-$releasever&arch=$basearch");
	assert_string_equal(repositories[1]->mirrorlist, "https://x/list");
	assert_string_equal(repositories[1]->mirrors[0], "https://y");
	assert_string_equal(repositories[1]->client_certificate, "/etc/c/*.pem");
	assert_string_equal(repositories[1]->client_key, "/etc/c/*-key.pem");
	assert_string_equal(repositories[1]->ca_certificate, "/etc/ca.pem");
	assert_int_equal(repositories[2]->type, REPOSITORY_DIRECTORY);
	assert_true(repositories[2]->mirrors_from_user);
	assert_null(repositories[2]->mirrors[0]);
	assert_int_equal(repositories[3]->type, REPOSITORY_LAUNCHPAD);
	assert_string_equal(repositories[3]->search[1], "l");
	assert_string_equal(repositories[3]->files, "https://l/+files");
	assert_int_equal(repositories[4]->type, REPOSITORY_SNAPSHOT);
	manifest__free(manifest);
}

static void test_no_file_and_long_line(void **state)
{
	struct manifest *manifest = NULL;
	struct error err = { "" };
	char line[4096];

	(void)state;
	assert_int_equal(manifest__read(in_dir("none.ini"), &manifest, &err), -ENOENT);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "[a]\nb = ", 8);
	write_manifest(line);
	assert_int_equal(manifest__read(in_dir("m.ini"), &manifest, &err), -EINVAL);
	assert_non_null(strstr(err.text, "m.ini:2: the line is longer"));
}

/* What of the real Debian's names is a kernel, and which. */
static const struct {
	const char *package, *kernel_release;
	bool debug;
} debian[] = {
	{ "linux-image-6.1.0-56-cloud-amd64-dbg", "6.1.0-56-cloud-amd64", true },
	{ "linux-image-6.1.0-56-cloud-amd64", "6.1.0-56-cloud-amd64", false },
	{ "linux-image-6.1.0-56-cloud-amd64-unsigned", "6.1.0-56-cloud-amd64", false },
	{ "linux-image-6.12.90+deb12.1-rt-arm64-dbg", "6.12.90+deb12.1-rt-arm64", true },
	{ "linux-image-6.12.43+deb13-arm64-16k-dbg", "6.12.43+deb13-arm64-16k", true },
	{ "linux-image-4.19.0-0.bpo.6-amd64-dbg", "4.19.0-0.bpo.6-amd64", true },
	{ "linux-binary-7.2.13+deb14-amd64", "7.2.13+deb14-amd64", false },
	{ "linux-binary-unsigned-7.2.13+deb14-amd64", "7.2.13+deb14-amd64", false },
	{ "linux-image-amd64-dbg", NULL, false },
	{ "linux-image-6.12-amd64-dbg", NULL, false },
	{ "linux-image-6.12-amd64", NULL, false },
	{ "linux-image-amd64-signed-template", NULL, false },
	{ "linux-image-6.1.0-56-amd64-dbgsym", NULL, false },
	{ "xlinux-image-6.1.0-56-amd64-dbg", NULL, false },
	{ "linux-headers-6.1.0-56-amd64", NULL, false },
};

static void test_debian_names(void **state)
{
	struct manifest *manifest = NULL;
	struct error err;

	(void)state;
	if (manifest__read("manifests/debian.ini", &manifest, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(debian) / sizeof(*debian); i++) {
		struct listed_package package = { .name = debian[i].package, .version = "1",
						  .path = "pool/x.deb" };
		struct index index = { 0 };

		assert_int_equal(index__add(&index, &manifest->releases[0], &package, "test", &err),
				 0);
		assert_int_equal(index.count, debian[i].kernel_release != NULL);
		if (index.count) {
			assert_string_equal(index.kernels[0].kernel_release,
					    debian[i].kernel_release);
			assert_int_equal(index.kernels[0].debug.name != NULL, debian[i].debug);
		}
		index__free(&index);
	}
	manifest__free(manifest);
}

static void test_centos(void **state)
{
	struct listed_package package = { .name = "kernel-debuginfo", .version = "4.18.0-80.el8",
					  .path = "Packages/k.rpm", .rpm_version = "4.18.0",
					  .rpm_release = "80.el8", .rpm_arch = "x86_64" };
	struct manifest *manifest = NULL;
	struct index index = { 0 };
	struct error err;

	(void)state;
	if (manifest__read("manifests/centos.ini", &manifest, &err))
		fail_msg("%s", err.text);
	assert_int_equal(manifest->type, REPOSITORY_RPM_MD);
	assert_int_equal(index__add(&index, &manifest->releases[0], &package, "test", &err), 0);
	package.name = "kernel-debug-debuginfo";
	assert_int_equal(index__add(&index, &manifest->releases[0], &package, "test", &err), 0);
	package.name = "kernel-debuginfo-common-x86_64";
	assert_int_equal(index__add(&index, &manifest->releases[0], &package, "test", &err), 0);
	assert_int_equal(index.count, 1);
	assert_string_equal(index.kernels[0].kernel_release, "4.18.0-80.el8.x86_64");
	index__free(&index);
	manifest__free(manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	     cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_repositories),
		cmocka_unit_test(test_no_file_and_long_line), cmocka_unit_test(test_debian_names),
		cmocka_unit_test(test_centos),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
