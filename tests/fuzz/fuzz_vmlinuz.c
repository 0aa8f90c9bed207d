/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Boot images: containers, payloads, and the search in flat images. Seeds: a bzImage and
 * an Image of a few KB, as tests/unit/test_vmlinuz.c makes them.
 */
#include <stdlib.h>

#include "base/vmlinuz.h"
#include "harness.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	libbpf_set_print(silence);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_image image;
	struct error err;

	if (vmlinuz__inspect_mem(data, size, "input", &image, &err) == 0) {
		if (!image.arch || !image.kernel_release || !image.kernel_version ||
		    image.build_id_len > sizeof(image.build_id) || (image.btf && !image.has_btf))
			abort();
		kernel_image__free(&image);
	}
	return 0;
}
