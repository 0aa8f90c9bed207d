/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The manifest that a harness's parser goes by. */
#ifndef FUZZ_MANIFEST_OF_H
#define FUZZ_MANIFEST_OF_H

#include <string.h>

#include "memory_file.h"
#include "source/manifest.h"

static inline struct manifest *manifest_of(const char *text)
{
	struct manifest *manifest = NULL;
	struct error err;

	if (manifest__read(memory_file((const uint8_t *)text, strlen(text)), &manifest, &err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return manifest;
}

#endif
