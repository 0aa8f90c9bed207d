/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/minimize.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/temp_file.h"

#define BPFTOOL "bpftool"
#define TIMEOUT_S 600
#define BTF_MAX ((size_t)1 << 30)
#define STDERR_TAIL 500

DEFINE_CLEANUP(btf_freep, struct btf, btf__free)

static int check_objects(const char *const *objects, size_t count, struct error *err)
{
	if (!count)
		return error__set(err, EINVAL, "nothing to minimize for: name a BPF object");
	for (size_t i = 0; i < count; i++)
		if (access(objects[i], R_OK) < 0)
			return error__set(err, errno, "%s: %s", objects[i], strerror(errno));
	return 0;
}

static int run_bpftool(const char *in_path, const char *out_path, const char *const *objects,
		       size_t count, struct error *err)
{
	_cleanup_free_ const char **argv = calloc(count + 6, sizeof(*argv));
	struct child_opts opts = { .argv = argv, .timeout_s = TIMEOUT_S };
	cleanup(child_result__free) struct child_result result = {};
	char tail[STDERR_TAIL];
	int res;

	if (!argv)
		return error__oom(err);
	argv[0] = BPFTOOL;
	argv[1] = "gen";
	argv[2] = "min_core_btf";
	argv[3] = in_path;
	argv[4] = out_path;
	memcpy(argv + 5, objects, count * sizeof(*objects));
	res = child__run(&opts, &result, err);
	if (res == -ENOENT)
		error__set(err, ENOENT, "no bpftool in PATH, /usr/sbin or /sbin: install it "
			   "(package bpftool, or linux-tools)");
	else if (!res && result.exit_code)
		res = error__set(err, EBADMSG, "bpftool cannot minimize for %s%s (exit code %d); "
				 "is each a BPF object with BTF (clang -g)? %s", objects[0],
				 count > 1 ? " and others" : "", result.exit_code,
				 child_result__tail(&result, tail, sizeof(tail)));
	return res;
}

static int check_output(const void *data, size_t size, struct error *err)
{
	cleanup(btf_freep) struct btf *btf = size ? btf__new(data, size) : NULL;

	if (!btf)
		return error__set(err, EBADMSG, "what bpftool gen min_core_btf wrote is no valid "
				  "BTF; try another version of bpftool");
	return 0;
}

int minimize__btf(const void *btf, size_t size, const char *const *objects, size_t count,
		  const char *scratch, void **out, size_t *out_size, struct error *err)
{
	_cleanup_temp_file_ struct temp_file in_file = { .fd = -1 };
	_cleanup_temp_file_ struct temp_file out_file = { .fd = -1 };
	_cleanup_free_ void *data = NULL;
	size_t data_size = 0;
	int res;

	*out = NULL;
	*out_size = 0;
	res = check_objects(objects, count, err);
	if (!res)
		res = temp_file__make(&in_file, scratch, err);
	if (!res)
		res = temp_file__make(&out_file, scratch, err);
	if (res)
		return res;
	res = file__write(in_file.fd, btf, size);
	if (res)
		return error__set(err, res, "cannot write %s: %s", in_file.path, strerror(-res));
	res = run_bpftool(in_file.path, out_file.path, objects, count, err);
	if (res)
		return res;
	res = file__read(out_file.path, BTF_MAX, &data, &data_size);
	if (res)
		return error__set(err, res, "cannot read bpftool's output %s: %s", out_file.path,
				  strerror(-res));
	res = check_output(data, data_size, err);
	if (res)
		return res;
	*out = steal_ptr(data);
	*out_size = data_size;
	return 0;
}
