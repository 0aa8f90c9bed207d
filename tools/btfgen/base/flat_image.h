/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kernel images without section headers (arm64's and RISC-V's Image): .BTF and the build
 * ID note lie somewhere in them and are found by what they look like. Everything found
 * is checked in itself, and where several candidates remain nothing is guessed.
 */
#ifndef BTFGEN_FLAT_IMAGE_H
#define BTFGEN_FLAT_IMAGE_H

#include <kbtf.h>
#include <stddef.h>
#include <stdint.h>

/* Lent: points into the image. */
struct flat_span {
	const uint8_t *data;
	size_t size;
};

/*
 * The kernel's BTF: of all runs of bytes that libbpf accepts as BTF the largest, since
 * a kernel may carry small ones (those of its built-in BPF programs). ENOENT: none.
 */
int flat_image__find_btf(const void *image, size_t size, struct flat_span *btf);

/*
 * The kernel's own build ID. A vDSO inside the image has one of its own, so notes in
 * embedded ELF files don't count. `btf` (may be empty) decides between those left: .notes
 * lies just before it. ENOENT: none, or several with nothing to choose by.
 */
int flat_image__find_build_id(const void *image, size_t size, const struct flat_span *btf,
			      uint8_t build_id[KBTF_BUILD_ID_MAX], size_t *len);

#endif
