/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "stage/extract.h"

#define MEMBER "usr/lib/debug/boot/vmlinux-6.1.0"
#define CONTENT_SIZE 3000000

static int extract(const char *package, const char *member, struct extracted *extracted,
		   struct error *err)
{
	const struct extract_opts opts = {
		.package_path = in_dir(package),
		.member = member,
		.out_path = in_dir("out"),
	};

	return extract__member(&opts, extracted, err);
}

static void assert_out(const char *content)
{
	struct stat st;

	assert_int_equal(shell("cmp $T/out $T/%s", content), 0);
	assert_int_equal(stat(in_dir("out"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void assert_extracted(const char *package, const char *pattern, const char *member,
			     const char *content)
{
	struct extracted extracted;
	struct error err = {};
	struct stat st;

	unlink(in_dir("out"));
	if (extract(package, pattern, &extracted, &err))
		fail_msg("%s: %s", package, err.text);
	assert_string_equal(extracted.member, member);
	assert_int_equal(stat(in_dir(content), &st), 0);
	assert_int_equal(extracted.size, st.st_size);
	assert_null(extracted.signed_by);
	assert_out(content);
	extracted__free(&extracted);
}

static void assert_refused(const char *package, const char *pattern, int code, const char *word)
{
	struct extracted extracted;
	struct error err = {};

	assert_int_equal(file__replace(in_dir("out"), "old", 3, 0600), 0);
	unlink(in_dir("out"));
	assert_int_equal(extract(package, pattern, &extracted, &err), -code);
	assert_non_null(strstr(err.text, in_dir(package)));
	if (!strstr(err.text, word))
		fail_msg("'%s' does not say '%s'", err.text, word);
	assert_int_equal(access(in_dir("out"), F_OK), -1);
	assert_null(extracted.member);
}

/* Half of it can be compressed. */
static int make_content(void **state)
{
	int rc = fixture__setup(state);

	if (!rc)
		rc = shell("head -c %d /dev/urandom >$T/content && "
			   "head -c %d /dev/zero >>$T/content", CONTENT_SIZE / 2, CONTENT_SIZE / 2);
	return rc;
}

/* ---- .deb --------------------------------------------------------------------------- */

static void make_deb_tree(void)
{
	assert_int_equal(
		shell("cd $T && rm -rf tree && mkdir -p tree/DEBIAN tree/usr/lib/debug/boot "
		      "tree/usr/lib/debug/lib/modules/6.1.0 && "
		      "printf 'Package: k-dbg\\nVersion: 1\\nArchitecture: all\\nMaintainer: m <m@x>\\n"
		      "Description: d\\n' >tree/DEBIAN/control && cp content tree/" MEMBER " && "
		      "echo module >tree/usr/lib/debug/lib/modules/6.1.0/a.ko && "
		      "ln -s ../../../boot/vmlinux-6.1.0 tree/usr/lib/debug/lib/modules/6.1.0/vmlinux"),
		0);
}

static void opens_debs(void **state)
{
	static const char *const kinds[] = { "xz", "zstd", "gzip", "none" };
	size_t done = 0;

	(void)state;
	need("dpkg-deb");
	make_deb_tree();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (shell("cd $T && dpkg-deb --root-owner-group -Z%s -b tree k.deb >/dev/null 2>&1",
			  kinds[i])) {
			fprintf(stderr, "skipped in part: dpkg-deb has no %s\n", kinds[i]);
			continue;
		}
		assert_extracted("k.deb", "usr/lib/debug/boot/vmlinux-*", MEMBER, "content");
		assert_extracted("k.deb", "boot/vmlinux-* usr/lib/debug/boot/vmlinux-*", MEMBER,
				 "content");
		assert_extracted("k.deb", "usr/lib/debug/*.ko", "usr/lib/debug/lib/modules/6.1.0/a.ko",
				 "tree/usr/lib/debug/lib/modules/6.1.0/a.ko");
		/* a link, alone and before the file */
		assert_refused("k.deb", "usr/lib/debug/lib/modules/*/vmlinux", ENOENT, "only a link to");
		assert_extracted("k.deb", "usr/lib/debug/lib/modules/*/vmlinux usr/lib/debug/boot/vm*",
				 MEMBER, "content");
		assert_refused("k.deb", "boot/vmlinuz-*", ENOENT, MEMBER);
		done++;
	}
	assert_true(done >= 2);
}

/* Debian's are made of many blocks, and these are decoded at once. */
static void opens_multi_block_xz(void **state)
{
	(void)state;
	need("xz ar tar");
	make_deb_tree();
	assert_int_equal(shell("cd $T && tar -C tree --exclude ./DEBIAN -cf data.tar . && "
			       "xz -T2 --block-size=300000 -f data.tar && echo 2.0 >debian-binary && "
			       "rm -f multi.deb && ar q multi.deb debian-binary data.tar.xz 2>/dev/null"),
			 0);
	assert_extracted("multi.deb", "usr/lib/debug/boot/vmlinux-*", MEMBER, "content");
	/* nothing is found and all of it read */
	assert_refused("multi.deb", "nothing", ENOENT, "2 other files");
	/* a bit inside the third block */
	assert_int_equal(shell("cd $T && printf '\\252\\125' | dd of=multi.deb bs=1 seek=700000 "
			       "conv=notrunc 2>/dev/null"), 0);
	assert_refused("multi.deb", "usr/lib/debug/boot/vmlinux-*", EBADMSG, "damaged");
}

static void refuses_truncated_debs(void **state)
{
	static const size_t sizes[] = { 4, 8, 30, 100, 1000, 1000000, CONTENT_SIZE / 2 };

	(void)state;
	need("dpkg-deb");
	make_deb_tree();
	assert_int_equal(shell("cd $T && dpkg-deb -Zgzip -b tree k.deb >/dev/null 2>&1"), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_int_equal(shell("head -c %zu $T/k.deb >$T/cut.deb", sizes[i]), 0);
		assert_refused("cut.deb", "usr/lib/debug/boot/vmlinux-*", EBADMSG, "damaged");
	}
	/* the last bytes, long after vmlinux (the very last may be padding) */
	assert_int_equal(shell("head -c -2 $T/k.deb >$T/cut.deb"), 0);
	assert_refused("cut.deb", "usr/lib/debug/boot/vmlinux-*", EBADMSG, "inside its data.tar");
}

static void refuses_what_is_no_package(void **state)
{
	(void)state;
	need("ar");
	assert_refused("content", "*", EBADMSG, "damaged");
	assert_int_equal(shell(": >$T/empty"), 0);
	assert_refused("empty", "*", EBADMSG, "damaged");
	assert_int_equal(shell("cd $T && rm -f nodata.deb && echo 2.0 >debian-binary && "
			       "ar q nodata.deb debian-binary 2>/dev/null"), 0);
	assert_refused("nodata.deb", "*", EBADMSG, "no data.tar");
	assert_refused("missing.deb", "*", ENOENT, "cannot open");
}

static void opens_plain_tars(void **state)
{
	(void)state;
	need("tar xz");
	assert_int_equal(shell("cd $T && cp content 5.4.0-42-generic.btf && "
			       "tar -cJf a.btf.tar.xz ./5.4.0-42-generic.btf && "
			       "tar -czf b.tar.gz 5.4.0-42-generic.btf"), 0);
	assert_extracted("a.btf.tar.xz", "*.btf", "5.4.0-42-generic.btf", "content");
	assert_extracted("b.tar.gz", "*.btf", "5.4.0-42-generic.btf", "content");
	assert_int_equal(shell("cd $T && head -c 1000000 a.btf.tar.xz >cut.tar.xz"), 0);
	assert_refused("cut.tar.xz", "*.btf", EBADMSG, "damaged");
}

/* ---- hostile ------------------------------------------------------------------------- */

static void add_zeros(struct buf *buf, size_t len)
{
	memset(buf__reserve(buf, len), 0, len);
	buf->len += len;
}

/* A ustar header; sizes over 8 GiB in GNU's base-256. */
static void add_header(struct buf *tar, const char *name, char type, uint64_t size,
		       const char *target)
{
	unsigned int sum = 0;
	char block[512] = {};

	snprintf(block, 100, "%s", name);
	strcpy(block + 100, "0000644");
	strcpy(block + 108, "0000000");
	strcpy(block + 116, "0000000");
	if (size >> 33) {
		block[124] = (char)0x80;
		for (int i = 0; i < 8; i++)
			block[135 - i] = (char)(size >> (8 * i));
	} else {
		snprintf(block + 124, 12, "%011llo", (unsigned long long)size);
	}
	strcpy(block + 136, "00000000000");
	block[156] = type;
	snprintf(block + 157, 100, "%s", target ? target : "");
	memcpy(block + 257, "ustar\00000", 8);
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
	buf__add(tar, block, sizeof(block));
}

static void add_file(struct buf *tar, const char *name, const char *content)
{
	add_header(tar, name, '0', strlen(content), NULL);
	buf__add(tar, content, strlen(content));
	add_zeros(tar, (512 - tar->len % 512) % 512);
}

static void write_tar(const char *name, struct buf *tar)
{
	add_zeros(tar, 1024);
	assert_false(buf__failed(tar));
	assert_int_equal(file__replace(in_dir(name), tar->data, tar->len, 0600), 0);
	buf__free(tar);
}

static void refuses_hostile_paths(void **state)
{
	struct buf tar = {};

	(void)state;
	add_file(&tar, "usr/../../vmlinux", "x");
	write_tar("dots.tar", &tar);
	assert_refused("dots.tar", "usr/*", EBADMSG, "usr/../../vmlinux");
	assert_int_equal(access(in_dir("../vmlinux"), F_OK), -1);
	add_file(&tar, "../vmlinux", "x");
	write_tar("dots.tar", &tar);
	assert_refused("dots.tar", "*vmlinux", EBADMSG, "'..'");
	/* not ours to judge when nobody wants it; dots in a name are a name */
	add_file(&tar, "../evil", "x");
	add_file(&tar, "/usr/vmlinux..1", "good");
	write_tar("dots.tar", &tar);
	assert_int_equal(file__replace(in_dir("good"), "good", 4, 0600), 0);
	assert_extracted("dots.tar", "usr/vmlinux*", "usr/vmlinux..1", "good");
	assert_int_equal(access(in_dir("../evil"), F_OK), -1);
}

static void never_follows_links(void **state)
{
	struct buf tar = {};
	struct stat st;

	(void)state;
	assert_int_equal(file__replace(in_dir("secret"), "secret", 6, 0644), 0);
	add_header(&tar, "vmlinux", '2', 0, "/etc/passwd");
	write_tar("link.tar", &tar);
	assert_refused("link.tar", "vmlinux", ENOENT, "only a link to '/etc/passwd'");
	add_header(&tar, "vmlinux", '1', 0, in_dir("secret"));
	write_tar("link.tar", &tar);
	assert_refused("link.tar", "vmlinux", ENOENT, "only a link to");
	add_header(&tar, "vmlinux", '3', 0, NULL);
	add_header(&tar, "vmlinux/", '5', 0, NULL);
	add_header(&tar, "vmlinux", '6', 0, NULL);
	write_tar("device.tar", &tar);
	assert_refused("device.tar", "vmlinux*", ENOENT, "no file at all");
	/* a link that stands where we write is replaced, not written through */
	add_header(&tar, "vmlinux", '2', 0, "elsewhere");
	add_file(&tar, "vmlinux", "good");
	write_tar("both.tar", &tar);
	assert_int_equal(file__replace(in_dir("good"), "good", 4, 0600), 0);
	unlink(in_dir("out"));
	assert_int_equal(symlink("secret", in_dir("out")), 0);
	{
		struct extracted extracted;
		struct error err = {};

		assert_int_equal(extract("both.tar", "vmlinux", &extracted, &err), 0);
		extracted__free(&extracted);
	}
	assert_out("good");
	assert_int_equal(lstat(in_dir("out"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_output("cat $T/secret", "secret");
}

static void refuses_bombs(void **state)
{
	struct extract_opts opts = { .member = "vmlinux", .out_path = in_dir("out") };
	struct extracted extracted;
	struct error err = {};
	struct buf tar = {};

	(void)state;
	add_header(&tar, "vmlinux", '0', 10ULL << 40, NULL);
	write_tar("bomb.tar", &tar);
	assert_refused("bomb.tar", "vmlinux", EFBIG, "over the limit");
	/* allowed, but no disk has it: told before the first byte (libarchive 3.8 reads no more) */
	add_header(&tar, "vmlinux", '0', 1ULL << 50, NULL);
	write_tar("bomb.tar", &tar);
	opts.package_path = in_dir("bomb.tar");
	opts.max_size = UINT64_MAX;
	assert_int_equal(extract__member(&opts, &extracted, &err), -ENOSPC);
	assert_non_null(strstr(err.text, test_dir));
	/* the limit is what the caller says */
	add_file(&tar, "vmlinux", "123456789");
	write_tar("nine.tar", &tar);
	opts.package_path = in_dir("nine.tar");
	opts.max_size = 8;
	assert_int_equal(extract__member(&opts, &extracted, &err), -EFBIG);
	opts.max_size = 9;
	assert_int_equal(extract__member(&opts, &extracted, &err), 0);
	extracted__free(&extracted);
	/* less there than it says */
	add_header(&tar, "vmlinux", '0', 5000, NULL);
	write_tar("short.tar", &tar);
	assert_refused("short.tar", "vmlinux", EBADMSG, "damaged");
}

static void refuses_sparse_members(void **state)
{
	(void)state;
	need("tar");
	for (int posix = 0; posix < 2; posix++) {
		assert_int_equal(shell("cd $T && rm -f vmlinux && truncate -s 100M vmlinux && "
				       "printf x | dd of=vmlinux bs=1 seek=50M conv=notrunc 2>/dev/null && "
				       "tar --sparse --format=%s -cf sparse.tar vmlinux",
				       posix ? "posix" : "gnu"), 0);
		assert_refused("sparse.tar", "vmlinux", EFBIG, "sparse");
	}
}

/* On a file system of 1 MB of our own: no root, but user namespaces. */
static void full_disk(void)
{
	struct extract_opts opts = { .package_path = in_dir("full.tar"), .member = "vmlinux" };
	struct extracted extracted;
	struct error err = {};
	char out[4200], fill[4200];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) || mkdir(in_dir("small"), 0700) ||
	    mount("tmpfs", in_dir("small"), "tmpfs", 0, "size=1m"))
		_exit(77);
	snprintf(out, sizeof(out), "%s/small/out", test_dir);
	snprintf(fill, sizeof(fill), "%s/small", test_dir);
	opts.out_path = out;
	if (extract__member(&opts, &extracted, &err) != -ENOSPC || !strstr(err.text, fill) ||
	    access(out, F_OK) == 0)
		_exit(1);
	_exit(0);
}

static void tells_full_disks(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	need("tar");
	assert_int_equal(shell("cd $T && cp content vmlinux && tar -cf full.tar vmlinux"), 0);
	pid = fork();
	if (!pid)
		full_disk();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		fprintf(stderr, "skipped: no user namespaces here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_debs),
		cmocka_unit_test(opens_multi_block_xz),
		cmocka_unit_test(refuses_truncated_debs),
		cmocka_unit_test(refuses_what_is_no_package),
		cmocka_unit_test(opens_plain_tars),
		cmocka_unit_test(refuses_hostile_paths),
		cmocka_unit_test(never_follows_links),
		cmocka_unit_test(refuses_bombs),
		cmocka_unit_test(refuses_sparse_members),
		cmocka_unit_test(tells_full_disks),
	};

	return cmocka_run_group_tests(tests, make_content, fixture__teardown);
}
