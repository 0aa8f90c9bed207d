/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A program of a few KB that looks like a kernel: static, with a banner (and before it
 * the template that Debian's kernels hold), DWARF and a build ID. Makes $T/<name>.
 */
#ifndef TEST_SMALL_KERNEL_H
#define TEST_SMALL_KERNEL_H

#include "fixture.h"

#define SMALL_RELEASE "6.1.0-56-cloud-amd64"
#define SMALL_VERSION "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)"
#define SMALL_MAKER                                                                         \
	"(debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU "  \
	"ld (GNU Binutils for Debian) 2.40)"
#define SMALL_BANNER "Linux version " SMALL_RELEASE " " SMALL_MAKER " " SMALL_VERSION "\n"
#define SMALL_TEMPLATE                                                                      \
	"Linux version " SMALL_RELEASE " " SMALL_MAKER " # SMP PREEMPT_DYNAMIC Debian\n"
#define SMALL_BUILD_ID "00112233445566778899aabbccddeeff01234567"

static inline void write_text(const char *name, const char *text)
{
	assert_int_equal(file__replace(in_dir(name), text, strlen(text), 0600), 0);
}

/* `banners` is C source of the strings; `flags` are more flags of gcc's. */
static inline void make_kernel_with(const char *name, const char *banners, const char *flags)
{
	char *source = NULL;

	need("gcc");
	assert_true(asprintf(&source,
			     "struct task_struct { int pid, tgid; char comm[16]; } init_task = { 1 };\n"
			     "%s\n"
			     "int _start(void) { return init_task.pid; }\n", banners) > 0);
	write_text("kernel.c", source);
	free(source);
	assert_int_equal(shell("cd $T && gcc -g -O0 -static -no-pie -nostdlib %s "
			       "-Wl,--build-id=0x" SMALL_BUILD_ID " kernel.c -o %s", flags, name), 0);
}

static inline void make_kernel(const char *name)
{
	/* the banner's own newline must reach the C source as an escape */
	static const char banners[] =
		"const char linux_banner_template[] = \"Linux version " SMALL_RELEASE " " SMALL_MAKER
		" # SMP PREEMPT_DYNAMIC Debian\\n\";\n"
		"const char linux_proc_banner[] = \"%s version %s (me@host) (gcc) %s\\n\";\n"
		"const char linux_banner[] = \"Linux version " SMALL_RELEASE " " SMALL_MAKER " "
		SMALL_VERSION "\\n\";";

	make_kernel_with(name, banners, "");
}

/* As readelf prints it. */
static inline void assert_build_id(const uint8_t *build_id, size_t len, const char *expect)
{
	char hex[2 * 64 + 1] = "";

	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", build_id[i]);
	assert_string_equal(hex, expect);
}

#endif
