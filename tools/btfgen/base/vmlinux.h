/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a kernel's ELF file tells about itself: vmlinux, with or without DWARF, of either
 * byte order, ELF64 and ELF32. Not supported: modules, and split debug files' parents.
 */
#ifndef BTFGEN_VMLINUX_H
#define BTFGEN_VMLINUX_H

#include <kbtf.h>
#include <stdbool.h>

#include "base/error.h"

struct kernel_image {
	uint8_t build_id[KBTF_BUILD_ID_MAX];
	size_t build_id_len;          /* 0: it has none */
	char *arch;                   /* as `uname -m`; "" if unknown */
	char *kernel_release;         /* `uname -r`, from the "Linux version" banner; "" if it has none */
	char *kernel_version;         /* `uname -v`, from the same; "" */
	bool has_dwarf;               /* .debug_info (or .zdebug_info) with content */
	bool has_btf;                 /* .BTF with content */
	void *btf;                    /* the bytes of .BTF where they were asked for, or NULL */
	size_t btf_size;
};

/*
 * Read an ELF vmlinux. `want_btf` fills btf. Errors: -ENOEXEC (no ELF file, or one that
 * is no kernel: a relocatable, a shared object), -EBADMSG (damaged or truncated).
 */
int vmlinux__inspect(const char *path, bool want_btf, struct kernel_image *image,
		     struct error *err);
/* The same for an ELF file in memory; `name` is for messages. */
int vmlinux__inspect_mem(const void *data, size_t size, const char *name, bool want_btf,
			 struct kernel_image *image, struct error *err);
void kernel_image__free(struct kernel_image *image);

#endif
