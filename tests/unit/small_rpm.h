/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A package by rpmbuild, signed by a throwaway key, of format 4 or 6; where rpmbuild is
 * older than 6, tests/lib/make-rpm6 makes the latter. All state of rpm and gpg lies in $T:
 * the machine's RPM database is not touched.
 */
#ifndef TEST_SMALL_RPM_H
#define TEST_SMALL_RPM_H

#include <ctype.h>

#include "fixture.h"

#define RPM_MEMBER "usr/lib/debug/lib/modules/4.18.0-1.el8.x86_64/vmlinux"

/* Keys "one" and "two": $T/one.asc, $T/one.gpg (binary), $T/one.fpr and so on. */
static inline void make_keys(void)
{
	need("gpg rpmbuild rpmsign");
	if (access(in_dir("two.fpr"), F_OK) == 0)
		return;
	assert_int_equal(
		shell("export GNUPGHOME=$T/gnupg; mkdir -m 700 $GNUPGHOME && cd $T && "
		      "for k in one two; do gpg --batch --quiet --passphrase '' --quick-gen-key "
		      "$k@example.org rsa2048 sign never 2>/dev/null && "
		      "gpg --armor --export $k@example.org >$k.asc && "
		      "gpg --export $k@example.org >$k.gpg && "
		      "gpg --with-colons -k $k@example.org | sed -n 's/^fpr:*\\([^:]*\\):/\\1/p' | "
		      "head -n 1 | tr -d '\\n' >$k.fpr || exit 1; done; "
		      "gpgconf --homedir $GNUPGHOME --kill gpg-agent 2>/dev/null; :"), 0);
}

/* Of what make_rpm() makes; a test group's setup may be one of the two functions. */
static int rpm_format = 4;

static inline int use_format_4(void **state)
{
	(void)state;
	rpm_format = 4;
	return 0;
}

static inline int use_format_6(void **state)
{
	(void)state;
	rpm_format = 6;
	return 0;
}

/* A test with packages of each. */
#define test_of_both_formats(test)                                \
	{ #test " (format 4)", test, use_format_4, NULL, NULL },  \
	{ #test " (format 6)", test, use_format_6, NULL, NULL }

/* rpmbuild 6 makes any; before, it knows no such macro. */
static inline bool builds_format_6(void)
{
	return shell("rpm --eval '%%_rpmformat' 2>/dev/null | grep -q '^[0-9]'") == 0;
}

/* tests/lib/make-rpm6 with these arguments, in $T. */
#define make_rpm6(...) \
	assert_int_equal(shell("export GNUPGHOME=$T/gnupg TOP=$PWD; cd $T && " \
			       "python3 $TOP/tests/lib/make-rpm6 " __VA_ARGS__), 0)

static inline const char *packer_of(const char *payload)
{
	return strstr(payload, "gz") ? "gzip" : strstr(payload, "xz") ? "xz" :
	       strstr(payload, "bz") ? "bzip2" : strstr(payload, "zstd") ? "zstd" : "none";
}

/* $T/content as RPM_MEMBER, and a link to it. `payload` is rpm's name, "w6.xzdio". */
static inline void make_rpm(const char *name, const char *payload)
{
	if (rpm_format == 6 && !builds_format_6()) {
		need(strstr(payload, "zstd") ? "python3 zstd" : "python3");
		make_rpm6("%s --payload %s /" RPM_MEMBER "=content /" RPM_MEMBER ".link=@vmlinux "
			  "/usr/lib/debug /usr/lib/debug/lib", name, packer_of(payload));
		return;
	}
	need("rpmbuild");
	assert_int_equal(
		shell("cd $T && rm -rf build && mkdir build && cat >p.spec <<'END'\n"
		      "Name: kernel-debuginfo\nVersion: 4.18.0\nRelease: 1.el8\nSummary: s\n"
		      "License: GPLv2\nBuildArch: noarch\n%%description\ns\n%%prep\n%%build\n%%install\n"
		      "mkdir -p %%{buildroot}/usr/lib/debug/lib/modules/4.18.0-1.el8.x86_64\n"
		      "cp %%{content} %%{buildroot}/" RPM_MEMBER "\n"
		      "ln -s vmlinux %%{buildroot}/" RPM_MEMBER ".link\n"
		      "%%files\n/usr/lib/debug\nEND\n"
		      "rpmbuild -bb --quiet --define \"_topdir $PWD/build\" "
		      "--define \"_dbpath $PWD/db\" --define \"content $PWD/content\" "
		      "--define '_rpmformat %d' "
		      "--define '_binary_payload %s' --define '__os_install_post %%{nil}' "
		      "--define 'debug_package %%{nil}' --define '_build_id_links none' "
		      "p.spec >log 2>&1 && cp build/RPMS/noarch/*.rpm %s", rpm_format, payload,
		      name), 0);
}

static inline void sign_rpm(const char *name, const char *key)
{
	if (rpm_format == 6 && !builds_format_6()) {
		make_rpm6("%s --sign %s@example.org", name, key);
		return;
	}
	assert_int_equal(shell("cd $T && GNUPGHOME=$T/gnupg rpmsign --define \"_dbpath $PWD/db\" "
			       "--define \"__gpg $(command -v gpg)\" --define '_gpg_name %s@example.org' "
			       "--addsign %s >/dev/null 2>&1; "
			       "gpgconf --homedir $T/gnupg --kill gpg-agent 2>/dev/null; :", key, name),
			 0);
}

#endif
