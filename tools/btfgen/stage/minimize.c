/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/minimize.h"

#include <errno.h>
#include <kbtf_core.h>

#define WORDS 400

int minimize__btf(const struct objects *objects, const void *btf, size_t size, void **out,
		  size_t *out_size, struct error *err)
{
	char why[WORDS];
	int res;

	*out = NULL;
	*out_size = 0;
	res = kbtf_minimizer__run(objects->minimizer, btf, size, out, out_size, why, sizeof(why));
	if (res == -ESTALE)
		return error__set(err, ESTALE, "an object can't be relocated on this kernel: %s", why);
	return res ? error__set(err, -res, "its BTF can't be minimized: %s", why) : 0;
}
