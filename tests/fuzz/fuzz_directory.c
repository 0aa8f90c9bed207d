/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pages that list a folder: links, and the names of files. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest_of.h"
#include "source/directory.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct manifest *manifest;

static const char text[] =
	"[distribution]\nid = test\ntype = directory\narchitectures = x86_64\nkeyring = none\n"
	"debug-package = kernel-debuginfo linux-image-([0-9].*)-dbgsym\ndebug-member = d/*\n"
	"kernel-release = %{version}-%{release}.%{arch}\n"
	"[repository one]\nmirror = file:///none\n[release 8]\nversion = 8\nsuites = one:8\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	manifest = manifest_of(text);
	return 0;
}

/* What becomes a URL stays in the folder. */
static void check(const struct index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		const struct index_package *package = &index->kernels[i].debug;

		if (!package->name || !is_safe_path(package->path) || strchr(package->path, '/') ||
		    package->sha256 || !*index->kernels[i].kernel_release)
			abort();
	}
}

static void parse(const char *page, size_t size, const char *arch)
{
	struct directory_query query = { manifest, manifest->releases, "http://h/v/8", arch };
	struct index index = { 0 };
	struct error err;

	if (!directory__parse(page, size, &query, &index, &err))
		check(&index);
	index__free(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *page = malloc(size + 1);

	if (!page)
		abort();
	memcpy(page, data, size);
	page[size] = '\0';
	parse(page, size, "x86_64");
	parse(page, size, "amd64");
	free(page);
	return 0;
}
