/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A vmlinux with damaged DWARF: u32 size of a BPF object in little endian, the object, the ELF
 * file. What comes of it is BTF that libbpf takes, and that can be minimized for the object.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/dwarf_types.h"
#include "harness.h"
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The object is most often the one of the run before. */
static const struct kbtf_minimizer *minimizer_for(const uint8_t *object, size_t size)
{
	static struct kbtf_minimizer *minimizer;
	static uint8_t *before;
	static size_t before_size;
	char why[200];

	if (minimizer && size == before_size && !memcmp(object, before, size))
		return minimizer;
	kbtf_minimizer__free(minimizer);
	free(before);
	before = malloc(size + 1);
	minimizer = kbtf_minimizer__new();
	expect(before && minimizer);
	memcpy(before, object, size);
	before_size = size;
	if (kbtf_minimizer__add(minimizer, "object", before, size, why, sizeof(why)) == 0)
		return minimizer;
	kbtf_minimizer__free(minimizer);
	minimizer = NULL;
	return NULL;
}

static void expect_usable(const struct kbtf_minimizer *minimizer, void *btf, size_t size)
{
	struct btf *parsed = btf__new(btf, (uint32_t)size);
	char why[200];
	void *min;
	int err;

	expect(parsed);
	btf__free(parsed);
	err = kbtf_minimizer__run(minimizer, btf, size, &min, &size, why, sizeof(why));
	/* candidates that disagree, and types in circles, are the file's fault */
	expect(!err || err == -ESTALE || err == -EINVAL);
	free(min);
	free(btf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwarf_types_opts opts = { .also = "task_struct" };
	struct error err;
	uint32_t object_size;
	void *btf;
	int fd, res;

	libbpf_set_print(silence);
	if (size < 4)
		return 0;
	memcpy(&object_size, data, 4);
	if (object_size > size - 4)
		return 0;
	opts.wanted = minimizer_for(data + 4, object_size);
	if (!opts.wanted)
		return 0;
	data += 4 + object_size;
	size -= 4 + object_size;
	fd = open(memory_file(data, size), O_RDONLY);
	expect(fd >= 0);
	opts.threads = 1 + (size & 1);
	opts.enum64 = size & 2;
	res = dwarf_types__read(fd, "input", &opts, &btf, &size, &err);
	expect(res <= 0 && (!res || (*err.text && !btf)));
	if (!res)
		expect_usable(opts.wanted, btf, size);
	close(fd);
	return 0;
}
