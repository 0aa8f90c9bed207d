/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A package by rpmbuild, signed by a throwaway key. All state of rpm and gpg lies in $T:
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

/* $T/content as RPM_MEMBER, and a link to it. `payload` is rpm's name, "w6.xzdio". */
static inline void make_rpm(const char *name, const char *payload)
{
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
		      "--define '_binary_payload %s' --define '__os_install_post %%{nil}' "
		      "--define 'debug_package %%{nil}' --define '_build_id_links none' "
		      "p.spec >log 2>&1 && cp build/RPMS/noarch/*.rpm %s", payload, name), 0);
}

static inline void sign_rpm(const char *name, const char *key)
{
	assert_int_equal(shell("cd $T && GNUPGHOME=$T/gnupg rpmsign --define \"_dbpath $PWD/db\" "
			       "--define \"__gpg $(command -v gpg)\" --define '_gpg_name %s@example.org' "
			       "--addsign %s >/dev/null 2>&1; "
			       "gpgconf --homedir $T/gnupg --kill gpg-agent 2>/dev/null; :", key, name),
			 0);
}

#endif
