/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bootable kernel images: x86 bzImage (Documentation/arch/x86/boot.rst: payload_offset,
 * payload_length, from protocol 2.08), arm64 Image and its gzip form, EFI zboot images
 * (drivers/firmware/efi/libstub/zboot-header.S), and a vmlinux compressed whole. The
 * payload may be gzip, xz, lzma, bzip2, lzo, lz4 (legacy frames) or zstd; inside is an
 * ELF vmlinux, or a flat image in which .BTF and the build ID note are found by their
 * headers. Such images never hold DWARF.
 */
#ifndef BTFGEN_VMLINUZ_H
#define BTFGEN_VMLINUZ_H

#include "base/vmlinux.h"

/*
 * Fill *image, with btf where there is one. Errors: -ENOEXEC (no such image),
 * -EBADMSG (damaged), -EFBIG (over 1 GiB unpacked).
 */
int vmlinuz__inspect(const char *path, struct kernel_image *image, struct error *err);
/* The same for an image in memory; `name` is for messages. */
int vmlinuz__inspect_mem(const void *data, size_t size, const char *name,
			 struct kernel_image *image, struct error *err);

#endif
