/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BTF made for tests: a struct task_struct with `fields` ints. */
#ifndef TESTS_SMALL_BTF_H
#define TESTS_SMALL_BTF_H

#include <bpf/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* malloc'ed; aborts rather than return a half. */
static inline void *small_btf(unsigned int fields, size_t *size)
{
	struct btf *btf = btf__new_empty();
	const void *raw;
	uint32_t len;
	void *copy;
	int id;

	if (!btf)
		abort();
	id = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	if (btf__add_struct(btf, "task_struct", 4 * fields) < 0)
		abort();
	for (unsigned int i = 0; i < fields; i++) {
		char name[32];

		snprintf(name, sizeof(name), "field%u", i);
		if (btf__add_field(btf, name, id, 32 * i, 0) < 0)
			abort();
	}
	raw = btf__raw_data(btf, &len);
	copy = malloc(len);
	if (!raw || !copy)
		abort();
	memcpy(copy, raw, len);
	*size = len;
	btf__free(btf);
	return copy;
}

#endif
