/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A manifest of a test's own; after fixture.h. */
#ifndef TEST_SMALL_MANIFEST_H
#define TEST_SMALL_MANIFEST_H

#include "source/manifest.h"

/* NULL, with the reason on stderr: it can't be read. In setup functions nothing may fail a test. */
static inline struct manifest *small_manifest(const char *text)
{
	struct manifest *manifest = NULL;
	FILE *file = fopen(in_dir("m.ini"), "w");
	struct error err = { "it can't be written" };

	if (!file || fputs(text, file) < 0 || fclose(file) ||
	    manifest__read(in_dir("m.ini"), &manifest, &err))
		fprintf(stderr, "m.ini: %s\n", err.text);
	return manifest;
}

#endif
