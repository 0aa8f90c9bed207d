/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <kbtf_write.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "small_btf.h"

struct row {
	const char *distro, *distro_release, *arch, *release, *version, *build_id, *package;
};

static const struct row entries[] = {
	{ "debian", "10", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-1", "A", "" },
	{ "debian", "10", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-2", "B", "" },
	{ "debian", "10", "aarch64", "4.19.0-1", "#1 Debian 4.19.1-1", "C", "" },
	{ "ubuntu", "18.04", "x86_64", "4.15.0-20-generic", "#21-Ubuntu", "", "" },
	{ "ubuntu", "16.04", "x86_64", "4.15.0-20-generic", "#21~16.04.1-Ubuntu", "", "" },
	{ "centos", "8", "x86_64", "4.18.0-80.el8.x86_64", "", "", "" },
	{ "rocky", "8", "x86_64", "4.18.0-99.el8.x86_64", "", "", "" },
	{ "oracle", "8", "x86_64", "4.18.0-99.el8.x86_64", "", "", "" },
	/* only the package version tells these apart, for who has no build ID */
	{ "ubuntu", "18.04", "x86_64", "5.4.0-9-generic", "", "D", "5.4.0-9.9~18.04.1" },
	{ "ubuntu", "18.04", "x86_64", "5.4.0-9-generic", "", "E", "5.4.0-9.9~18.04.2" },
	/* one of the same build, known by its version string as well */
	{ "ubuntu", "18.04", "aarch64", "5.4.0-9-generic", "", "F", "5.4.0-9.9~18.04.1" },
	{ "ubuntu", "18.04", "aarch64", "5.4.0-9-generic", "#9~18.04.1-Ubuntu", "G",
	  "5.4.0-9.9~18.04.1" },
	/* of their build IDs the first bytes are known alone */
	{ "debian", "11", "x86_64", "5.10.0-8", "", "PQ~", "" },
	{ "debian", "11", "x86_64", "5.10.0-9", "", "PQ~", "" },
	{ "debian", "11", "x86_64", "5.10.0-9", "", "PR~", "" },
};

static const struct {
	struct row host;
	bool kernel_btf;
	enum kbtf_match match;
	int entry; /* index of entries, or -1 */
	size_t candidates;
} table[] = {
	/* the kernel's own comes first */
	{ { "debian", "10", "x86_64", "4.19.0-1", "", "A", "" }, true, KBTF_MATCH_KERNEL, -1, 0 },
	/* then the build ID, whatever else is said */
	{ { "fedora", "31", "x86_64", "9.9", "x", "B", "" }, false, KBTF_MATCH_BUILD_ID, 1, 0 },
	/* a different build ID is a different kernel, though all names agree */
	{ { "debian", "10", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-1", "Z", "" }, false,
	  KBTF_MATCH_NONE, -1, 2 },
	/* without one, the version string decides between rebuilds */
	{ { "debian", "10", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-2", "", "" }, false,
	  KBTF_MATCH_VERSION, 1, 2 },
	{ { "debian", "10", "x86_64", "4.19.0-1", "", "", "" }, false, KBTF_MATCH_AMBIGUOUS, -1, 2 },
	{ { "debian", "10", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-3", "", "" }, false,
	  KBTF_MATCH_NONE, -1, 2 },
	{ { "debian", "10", "aarch64", "4.19.0-1", "", "", "" }, false, KBTF_MATCH_RELEASE, 2, 1 },
	{ { "debian", "10", "s390x", "4.19.0-1", "", "", "" }, false, KBTF_MATCH_NONE, -1, 0 },
	/* repositories are of a major release, hosts of a minor one */
	{ { "debian", "10.13", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-2", "", "" }, false,
	  KBTF_MATCH_VERSION, 1, 2 },
	{ { "debian", "101", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-2", "", "" }, false,
	  KBTF_MATCH_RELEASE, 1, 2 },
	{ { "ubuntu", "18.04.1", "x86_64", "4.15.0-20-generic", "#21-Ubuntu", "", "" }, false,
	  KBTF_MATCH_RELEASE, 3, 2 },
	/* entries without a build ID serve a host that has one */
	{ { "ubuntu", "18.04", "x86_64", "4.15.0-20-generic", "#21-Ubuntu", "Y", "" }, false,
	  KBTF_MATCH_VERSION, 3, 2 },
	{ { "ubuntu", "16.04", "x86_64", "4.15.0-20-generic", "#21~16.04.1-Ubuntu", "Y", "" }, false,
	  KBTF_MATCH_VERSION, 4, 2 },
	/* a container's os-release: the version string alone still leaves one */
	{ { "alpine", "3.19", "x86_64", "4.15.0-20-generic", "#21-Ubuntu", "", "" }, false,
	  KBTF_MATCH_RELEASE, 3, 2 },
	{ { "centos", "8", "x86_64", "4.18.0-80.el8.x86_64", "#1 SMP", "Y", "" }, false,
	  KBTF_MATCH_RELEASE, 5, 1 },
	/* two distributions of one release: said, not guessed */
	{ { "alma", "8", "x86_64", "4.18.0-99.el8.x86_64", "", "", "" }, false,
	  KBTF_MATCH_AMBIGUOUS, -1, 2 },
	{ { "", "", "", "4.18.0-80.el8.x86_64", "", "", "" }, false, KBTF_MATCH_RELEASE, 5, 1 },
	{ { "", "", "", "", "", "", "" }, false, KBTF_MATCH_NONE, -1, 0 },
	/* the package version where no version string does */
	{ { "ubuntu", "18.04", "x86_64", "5.4.0-9-generic", "#9", "", "5.4.0-9.9~18.04.1" }, false,
	  KBTF_MATCH_PACKAGE, 8, 2 },
	{ { "ubuntu", "18.04", "x86_64", "5.4.0-9-generic", "#9", "", "5.4.0-9.9~18.04.2" }, false,
	  KBTF_MATCH_PACKAGE, 9, 2 },
	{ { "ubuntu", "18.04", "x86_64", "5.4.0-9-generic", "#9", "", "5.4.0-9.9~18.04.3" }, false,
	  KBTF_MATCH_NONE, -1, 2 },
	{ { "ubuntu", "18.04", "x86_64", "5.4.0-9-generic", "#9", "", "" }, false,
	  KBTF_MATCH_AMBIGUOUS, -1, 2 },
	/* of an unknown distribution, the package version still leaves one */
	{ { "", "", "x86_64", "5.4.0-9-generic", "#9", "", "5.4.0-9.9~18.04.2" }, false,
	  KBTF_MATCH_RELEASE, 9, 2 },
	/* the build ID stands above it */
	{ { "ubuntu", "18.04", "x86_64", "5.4.0-9-generic", "#9", "D", "5.4.0-9.9~18.04.2" }, false,
	  KBTF_MATCH_BUILD_ID, 8, 0 },
	/* and so does the version string */
	{ { "ubuntu", "18.04", "aarch64", "5.4.0-9-generic", "#9~18.04.1-Ubuntu", "",
	    "5.4.0-9.9~18.04.1" }, false, KBTF_MATCH_VERSION, 11, 2 },
	{ { "ubuntu", "18.04", "aarch64", "5.4.0-9-generic", "#8", "", "5.4.0-9.9~18.04.1" }, false,
	  KBTF_MATCH_PACKAGE, 10, 2 },
	/* package versions are not compared where version strings are */
	{ { "debian", "10", "x86_64", "4.19.0-1", "#1 Debian 4.19.1-2", "", "9" }, false,
	  KBTF_MATCH_VERSION, 1, 2 },
	/* short build IDs count together with the release */
	{ { "debian", "11", "x86_64", "5.10.0-9", "#1", "PQXYZ", "" }, false,
	  KBTF_MATCH_SHORT_BUILD_ID, 13, 1 },
	{ { "", "", "x86_64", "5.10.0-9", "#1", "PRXYZ", "" }, false,
	  KBTF_MATCH_SHORT_BUILD_ID, 14, 2 },
	{ { "debian", "11", "x86_64", "5.10.0-8", "#1", "PQ", "" }, false,
	  KBTF_MATCH_SHORT_BUILD_ID, 12, 1 },
	/* of an unknown architecture, too */
	{ { "", "", "", "5.10.0-9", "#1", "PRXYZ", "" }, false, KBTF_MATCH_SHORT_BUILD_ID, 14, 2 },
	{ { "debian", "11", "x86_64", "5.10.0-9", "#1", "PSXYZ", "" }, false, KBTF_MATCH_NONE, -1, 2 },
	{ { "debian", "11", "x86_64", "5.10.0-9", "#1", "P", "" }, false, KBTF_MATCH_NONE, -1, 2 },
	{ { "debian", "11", "x86_64", "5.10.0-9", "#1", "", "" }, false, KBTF_MATCH_AMBIGUOUS, -1, 2 },
	{ { "debian", "11", "x86_64", "5.10.0-8", "#1", "", "" }, false, KBTF_MATCH_RELEASE, 12, 1 },
	{ { "debian", "11", "x86_64", "5.10.0-7", "#1", "PQXYZ", "" }, false, KBTF_MATCH_NONE, -1, 0 },
};

/* "AB~": the first two bytes of a build ID */
static struct kbtf_ident ident_of(const struct row *row)
{
	size_t len = strcspn(row->build_id, "~");

	return (struct kbtf_ident){
		.sz = sizeof(struct kbtf_ident),
		.distro = row->distro,
		.distro_release = row->distro_release,
		.arch = row->arch,
		.kernel_release = row->release,
		.kernel_version = row->version,
		.build_id = (const uint8_t *)row->build_id,
		.build_id_len = len,
		.build_id_short = row->build_id[len],
	};
}

static char dir[64] = "/tmp/test_select.XXXXXX";
static char path[96];
static struct kbtf_archive *archive;

static int make_archive(void **state)
{
	struct kbtf_writer *writer;
	enum kbtf_added added;
	size_t size;
	_cleanup_free_ void *btf = small_btf(2, &size);

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/a", dir);
	writer = kbtf_writer__open(path);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct kbtf_new_entry entry = { .sz = sizeof(entry), .ident = ident_of(&entries[i]),
						.provenance.sz = sizeof(entry.provenance),
						.provenance.package_version = entries[i].package,
						.btf = btf, .btf_size = size };

		if (kbtf_writer__add(writer, &entry, &added))
			return -1;
	}
	if (kbtf_writer__commit(writer))
		return -1;
	kbtf_writer__close(writer);
	archive = kbtf_archive__open(path);
	return archive ? 0 : -1;
}

static int remove_archive(void **state)
{
	(void)state;
	kbtf_archive__close(archive);
	unlink(path);
	return rmdir(dir);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct kbtf_ident ident = ident_of(&table[i].host);
		struct kbtf_select_opts opts = { .sz = sizeof(opts),
						 .kernel_btf = table[i].kernel_btf,
						 .package_version = table[i].host.package };
		struct kbtf_selection got;

		print_message("# row %zu: %s\n", i, table[i].host.release);
		assert_int_equal(kbtf_select(archive, &ident, &opts, &got), 0);
		assert_int_equal(got.match, table[i].match);
		assert_int_equal(got.candidates, table[i].candidates);
		if (table[i].entry < 0) {
			assert_null(got.entry);
		} else {
			const struct row *want = &entries[table[i].entry];
			const struct kbtf_ident *its;

			assert_non_null(got.entry);
			its = kbtf_entry__ident(got.entry);
			assert_string_equal(its->distro, want->distro);
			assert_string_equal(its->distro_release, want->distro_release);
			assert_string_equal(its->arch, want->arch);
			assert_string_equal(its->kernel_version, want->version);
			if (*want->build_id)
				assert_memory_equal(its->build_id, want->build_id, 1);
		}
		assert_string_not_equal(kbtf_match__text(got.match), "?");
	}
}

static void test_no_archive(void **state)
{
	struct kbtf_ident ident = ident_of(&entries[0]);
	struct kbtf_selection got;

	(void)state;
	assert_int_equal(kbtf_select(NULL, &ident, NULL, &got), 0);
	assert_int_equal(got.match, KBTF_MATCH_NONE);
}

/* What comes closest where none fits, in the order of the archive, and why it is not it. */
static void test_closest(void **state)
{
	static const struct {
		struct row host;
		size_t count;
		const char *first;
	} hosts[] = {
		{ { "debian", "10", "s390x", "4.19.0-1", "", "", "" }, 3, "another architecture" },
		{ { "debian", "10", "x86_64", "4.19.0-1", "", "Z", "" }, 3, "another architecture" },
		{ { "debian", "10", "aarch64", "4.19.0-1", "", "Z", "" }, 3,
		  "another build: its build ID is another" },
		{ { "debian", "10", "aarch64", "4.19.0-1", "#9", "", "" }, 3,
		  "another build: its version string is another" },
		{ { "debian", "10", "aarch64", "4.19.0-1", "", "", "" }, 3, "may be it" },
		{ { "centos", "8", "x86_64", "4.18.0-305.el8.x86_64", "", "", "" }, 3, "another release" },
		{ { "centos", "8", "x86_64", "4.18.01-305", "", "", "" }, 0, "" },
		{ { "centos", "8", "x86_64", "custom", "", "", "" }, 0, "" },
		{ { "", "", "", "", "", "", "" }, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct kbtf_ident ident = ident_of(&hosts[i].host);
		const struct kbtf_entry *entry = NULL;
		size_t count = 0;

		print_message("# host %zu\n", i);
		while ((entry = kbtf_closest(archive, &ident, entry)))
			if (!count++)
				assert_string_equal(kbtf_entry__difference(entry, &ident),
						    hosts[i].first);
		assert_int_equal(errno, ENOENT);
		assert_int_equal(count, hosts[i].count);
	}
}

static void put_file(const char *name, const void *data, size_t size)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", dir, name);
	assert_int_equal(file__replace(full, data, size, 0644), 0);
}

static void make_dir(const char *name)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", dir, name);
	assert_int_equal(mkdir(full, 0755), 0);
}

static void remove_path(const char *name)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", dir, name);
	assert_int_equal(remove(full), 0);
}

/* A machine's files under `dir`, which go by remove_machine(). */
static const char *const machine_dirs[] = { "/sys", "/sys/kernel", "/etc", "/usr", "/usr/lib",
					    "/proc", "/proc/sys", "/proc/sys/kernel" };

static void make_machine(const char *kernel_release, const char *kernel_version)
{
	for (size_t i = 0; i < sizeof(machine_dirs) / sizeof(machine_dirs[0]); i++)
		make_dir(machine_dirs[i]);
	put_file("/proc/sys/kernel/osrelease", kernel_release, strlen(kernel_release));
	put_file("/proc/sys/kernel/version", kernel_version, strlen(kernel_version));
}

static void remove_machine(void)
{
	static const char *const files[] = { "/sys/kernel/notes", "/etc/os-release",
					     "/usr/lib/os-release", "/proc/sys/kernel/osrelease",
					     "/proc/sys/kernel/version", "/proc/version_signature" };
	char full[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", dir, files[i]);
		unlink(full);
	}
	for (size_t i = sizeof(machine_dirs) / sizeof(machine_dirs[0]); i-- > 0;)
		remove_path(machine_dirs[i]);
}

/* Two notes, the second the build ID; os-release with quotes, as CentOS and Amazon write it. */
static void test_host(void **state)
{
	static const uint32_t notes[] = {
		6, 4, 0x101, 0x756e694c, 0x78, 0,   /* "Linux" */
		4, 20, 3, 0x00554e47, 0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110,
	};
	static const char release[] = "NAME=\"CentOS Linux\"\nID_LIKE=\"rhel fedora\"\n# ID=no\n"
				      "ID=\"centos\"\nVERSION_ID='7'\n";
	struct kbtf_host_opts opts = { .sz = sizeof(opts), .root = dir };
	struct kbtf_host *host;
	const struct kbtf_ident *ident;

	(void)state;
	make_machine("3.10.0-1160.el7.x86_64\n", "#1 SMP Mon Oct 19 16:18:59 UTC 2020\n");
	put_file("/sys/kernel/notes", notes, sizeof(notes));
	put_file("/etc/os-release", release, strlen(release));
	host = kbtf_host__new(&opts);
	assert_non_null(host);
	ident = kbtf_host__ident(host);
	assert_string_equal(ident->kernel_release, "3.10.0-1160.el7.x86_64");
	assert_string_equal(ident->kernel_version, "#1 SMP Mon Oct 19 16:18:59 UTC 2020");
	assert_string_equal(ident->distro, "centos");
	assert_string_equal(ident->distro_release, "7");
	assert_int_equal(ident->build_id_len, 20);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ident->build_id[i], i);
	assert_null(kbtf_host__kernel_btf(host));
	assert_string_equal(kbtf_host__package_version(host), "");
	assert_non_null(strstr(kbtf_host__source(host, KBTF_HOST_DISTRO), "/etc/os-release"));
	assert_non_null(strstr(kbtf_host__source(host, KBTF_HOST_KERNEL_VERSION), "/proc/sys/kernel"));
	assert_non_null(strstr(kbtf_host__source(host, KBTF_HOST_BUILD_ID), "/sys/kernel/notes"));
	assert_string_equal(kbtf_host__source(host, 99), "");
	kbtf_host__free(host);

	/* a note that says it is larger than the file */
	put_file("/sys/kernel/notes", notes, 6 * 4 + 16);
	host = kbtf_host__new(&opts);
	assert_int_equal(kbtf_host__ident(host)->build_id_len, 0);
	assert_non_null(strstr(kbtf_host__source(host, KBTF_HOST_BUILD_ID), "has none"));
	kbtf_host__free(host);
	remove_machine();
}

/* What os-release says, and what becomes of it by what the kernel says. */
static const struct {
	const char *kernel_release, *kernel_version, *signature, *os_release;
	const char *distro, *distro_release, *package_version, *source;
} machines[] = {
	{ "4.19.0-27-amd64", "#1 SMP Debian 4.19.316-1 (2024-06-25)", NULL,
	  "ID=debian\nVERSION_ID=\"10\"\n", "debian", "10", "4.19.316-1", "/etc/os-release" },
	/* a container's: what the kernel says stands */
	{ "4.19.0-27-amd64", "#1 SMP Debian 4.19.316-1 (2024-06-25)", NULL,
	  "ID=alpine\nVERSION_ID=3.19\n", "debian", "", "4.19.316-1",
	  "the kernel's names; not the kernel's: alpine 3.19" },
	{ "5.4.0-150-generic", "#167~18.04.1-Ubuntu SMP Wed May 24 00:51:42 UTC 2023",
	  "Ubuntu 5.4.0-150.167~18.04.1-generic 5.4.233\n", "ID=ubuntu\nVERSION_ID=\"22.04\"\n",
	  "ubuntu", "18.04", "5.4.0-150.167~18.04.1", "ubuntu 22.04" },
	{ "5.4.0-150-generic", "#167~18.04.1-Ubuntu SMP Wed May 24 00:51:42 UTC 2023", NULL, NULL,
	  "ubuntu", "18.04", "5.4.0-150.167~18.04.1", "no os-release can be read" },
	/* several ship such a kernel: none is guessed */
	{ "4.18.0-147.el8.x86_64", "#1 SMP Wed Dec 4 21:51:45 UTC 2019", NULL,
	  "ID=centos\nVERSION_ID=7\n", "", "", "", "not the kernel's: centos 7" },
	{ "4.18.0-147.el8.x86_64", "#1 SMP Wed Dec 4 21:51:45 UTC 2019", NULL,
	  "ID=rhel\nVERSION_ID=8.1\n", "rhel", "8.1", "", "/etc/os-release" },
	/* a kernel that says nothing contradicts nothing */
	{ "5.10.165", "#1 SMP", NULL, "ID=bottlerocket\nVERSION_ID=1.12\n", "bottlerocket", "1.12", "",
	  "/etc/os-release" },
	{ "5.10.165", "#1 SMP", NULL, "NAME=x\n", "", "", "", "has no ID" },
};

static void test_contradictions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct kbtf_host_opts opts = { .sz = sizeof(opts), .root = dir };
		const struct kbtf_ident *ident;
		struct kbtf_host *host;

		print_message("# machine %zu\n", i);
		make_machine(machines[i].kernel_release, machines[i].kernel_version);
		if (machines[i].signature)
			put_file("/proc/version_signature", machines[i].signature,
				 strlen(machines[i].signature));
		if (machines[i].os_release)
			put_file("/etc/os-release", machines[i].os_release,
				 strlen(machines[i].os_release));
		host = kbtf_host__new(&opts);
		assert_non_null(host);
		ident = kbtf_host__ident(host);
		assert_string_equal(ident->distro, machines[i].distro);
		assert_string_equal(ident->distro_release, machines[i].distro_release);
		assert_string_equal(kbtf_host__package_version(host), machines[i].package_version);
		assert_non_null(strstr(kbtf_host__source(host, KBTF_HOST_DISTRO),
				       machines[i].source));
		if (machines[i].signature)
			assert_non_null(strstr(kbtf_host__source(host, KBTF_HOST_PACKAGE_VERSION),
					       "version_signature"));
		kbtf_host__free(host);
		remove_machine();
	}
}

/* A link in the host's root leads somewhere else from here; and a file that is told of. */
static void test_os_release(void **state)
{
	static const char lie[] = "ID=lie\n", truth[] = "ID=truth\nVERSION_ID=1\n";
	char link[128], target[128], told[128];
	struct kbtf_host_opts opts = { .sz = sizeof(opts), .root = dir };
	struct kbtf_host *host;

	(void)state;
	make_machine("4.18.0-147.el8.x86_64", "#1 SMP");
	snprintf(link, sizeof(link), "%s/etc/os-release", dir);
	snprintf(target, sizeof(target), "%s/lie", dir);
	snprintf(told, sizeof(told), "%s/truth", dir);
	put_file("/lie", lie, strlen(lie));
	assert_int_equal(symlink(target, link), 0);
	host = kbtf_host__new(&opts);
	assert_string_equal(kbtf_host__ident(host)->distro, "");
	kbtf_host__free(host);
	put_file("/usr/lib/os-release", "ID=centos\n", 10);
	host = kbtf_host__new(&opts);
	assert_string_equal(kbtf_host__ident(host)->distro, "centos");
	kbtf_host__free(host);
	/* what the user says is believed, though the kernel says el8 */
	put_file("/truth", truth, strlen(truth));
	opts.os_release = told;
	host = kbtf_host__new(&opts);
	assert_string_equal(kbtf_host__ident(host)->distro, "truth");
	assert_string_equal(kbtf_host__source(host, KBTF_HOST_DISTRO), told);
	kbtf_host__free(host);
	remove_path("/truth");
	assert_null(kbtf_host__new(&opts));
	assert_int_equal(errno, ENOENT);
	remove_path("/lie");
	remove_machine();
}

static void test_ident_file(void **state)
{
	static const char good[] = "DISTRO=centos\nARCH=x86_64\nKERNEL_RELEASE=\"4.18.0-80.el8.x86_64\"\n"
				   "KERNEL_VERSION='#1 SMP Tue'\nBUILD_ID=0aFF\n"
				   "PACKAGE_VERSION=4.18.0-80.el8\n";
	char name[128];
	struct kbtf_host_opts opts = { .sz = sizeof(opts), .ident_file = name };
	struct kbtf_host *host;

	(void)state;
	snprintf(name, sizeof(name), "%s/ident", dir);
	assert_null(kbtf_host__new(&opts));
	assert_int_equal(errno, ENOENT);
	put_file("/ident", good, strlen(good));
	host = kbtf_host__new(&opts);
	assert_non_null(host);
	assert_string_equal(kbtf_host__ident(host)->kernel_version, "#1 SMP Tue");
	assert_int_equal(kbtf_host__ident(host)->build_id_len, 2);
	assert_int_equal(kbtf_host__ident(host)->build_id[1], 0xff);
	assert_string_equal(kbtf_host__package_version(host), "4.18.0-80.el8");
	assert_non_null(strstr(kbtf_host__source(host, KBTF_HOST_DISTRO_RELEASE), "does not say"));
	kbtf_host__free(host);
	put_file("/ident", "BUILD_ID=xyz1\n", 14);
	assert_null(kbtf_host__new(&opts));
	assert_int_equal(errno, EINVAL);
	put_file("/ident", "ARCH=x86_64\n", 12);
	assert_null(kbtf_host__new(&opts));
	remove_path("/ident");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_no_archive),
		cmocka_unit_test(test_closest),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_os_release),
		cmocka_unit_test(test_ident_file),
	};

	return cmocka_run_group_tests_name("select", tests, make_archive, remove_archive);
}
