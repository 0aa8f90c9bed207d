/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A vmlinux is untrusted when it comes by `btfgen add`. Seeds: any small ELF file. */
#include <stdlib.h>

#include "base/vmlinux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_image image;
	struct error err;

	if (vmlinux__inspect_mem(data, size, "input", true, &image, &err) == 0) {
		if (!image.arch || !image.kernel_release || !image.kernel_version ||
		    image.build_id_len > sizeof(image.build_id) || (image.btf && !image.has_btf))
			abort();
		kernel_image__free(&image);
	}
	return 0;
}
