/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What lists mirrors: the first byte says whether as a metalink ('<') or as a mirror list. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory_file.h"
#include "source/metalink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A base goes into a request: nothing in it may end a line or name what is local. */
static void check(const struct metalink *metalink)
{
	for (size_t i = 0; metalink->bases[i]; i++) {
		const char *base = metalink->bases[i];

		for (const char *at = base; *at; at++)
			if ((unsigned char)*at <= ' ')
				abort();
		if (!strncmp(base, "file:", 5) || !strstr(base, ":/"))
			abort();
	}
	for (size_t i = 0; metalink->sha256s && metalink->sha256s[i]; i++)
		if (strlen(metalink->sha256s[i]) != 64)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = memory_file(data, size);
	struct metalink metalink;
	struct error err;
	int ret;

	if (size && data[0] == '<')
		ret = metalink__read(path, "https://m/", &metalink, &err);
	else
		ret = metalink__read_list(path, "https://m/", &metalink, &err);
	if (!ret)
		check(&metalink);
	metalink__free(&metalink);
	return 0;
}
