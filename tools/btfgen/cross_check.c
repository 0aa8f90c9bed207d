/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cross_check.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file_kind.h"
#include "image.h"
#include "job.h"
#include "stage/encode.h"
#include "stage/extract.h"

struct run {
	const struct cross_check_opts *opts;
	struct cross_check *check;
	char *scratch, *copy;
	struct image image;
	struct image_btf made[2];
	bool nested_arrays;      /* in what it is compared with */
};

static void run__free(struct run *run)
{
	image__free(&run->image);
	image_btf__free(&run->made[0]);
	image_btf__free(&run->made[1]);
	if (run->scratch)
		workdir__drop(run->scratch, false);
	free(run->copy);
}

static int open_image(struct run *run, const char *path, struct error *err)
{
	struct extract_opts extract = { .package_path = path, .member = JOB_USUAL_MEMBERS };
	struct extracted extracted = {};
	int kind = file_kind__of(path), res = 0;

	if (kind < 0)
		return error__set(err, kind, "%s: %s", path, strerror(-kind));
	if (kind == FILE_KIND_DEB || kind == FILE_KIND_RPM) {
		if (asprintf(&run->copy, "%s/image", run->scratch) < 0) {
			run->copy = NULL;
			return error__oom(err);
		}
		extract.out_path = run->copy;
		res = extract__member(&extract, &extracted, err);
		extracted__free(&extracted);
	}
	return res ? res : image__open(run->copy ? run->copy : path, run->copy, run->opts->against,
				       &run->image, err);
}

static int encode(struct run *run, enum encoder encoder, int side, struct error *err)
{
	const struct image_encoding opts = {
		.scratch = run->scratch,
		.kernel_release = run->image.about.kernel_release,
		.timeout_s = run->opts->timeout_s,
		.objects = run->opts->objects,
		.min_only = encoder == ENCODER_DWARF,
		.nested_arrays = run->nested_arrays,
		.threads = (unsigned int)get_nprocs(),
	};
	struct timespec began, ended;
	int res;

	clock_gettime(CLOCK_MONOTONIC, &began);
	res = image__encode(&run->image, encoder, &opts, &run->made[side], err);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	run->check->seconds[side] = (double)(ended.tv_sec - began.tv_sec) +
				    (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
	run->check->bytes[side] = run->made[side].size;
	return res;
}

/* In the kernel's own BTF; where there are none at all it does not matter. */
static int find_nested_arrays(struct run *run, struct error *err)
{
	struct btf *btf = btf__new(run->made[1].btf, (uint32_t)run->made[1].size);

	if (!btf)
		return error__set(err, errno, "%s: its .BTF can't be read: %s", run->image.path,
				  strerror(errno));
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (btf_is_array(type))
			run->nested_arrays |= btf_is_array(btf__type_by_id(
				btf, btf_array(type)->type));
	}
	btf__free(btf);
	return 0;
}

/* pahole's comes last: for it the file is copied, and changed. */
static int make_both(struct run *run, struct error *err)
{
	enum encoder against = run->opts->against;
	int res;

	run->check->kernel_release = strdup(run->image.about.kernel_release);
	if (!run->check->kernel_release)
		return error__oom(err);
	if (against == ENCODER_PAHOLE) {
		res = encode__nests_arrays(&run->nested_arrays, err);
	} else {
		res = encode(run, against, 1, err);
		if (!res)
			res = find_nested_arrays(run, err);
	}
	if (!res)
		res = encode(run, ENCODER_DWARF, 0, err);
	return res || against != ENCODER_PAHOLE ? res : encode(run, against, 1, err);
}

static int compare(struct run *run, struct error *err)
{
	struct kbtf_named_btf sides[2];
	char why[sizeof(err->text)];
	int res;

	for (int i = 0; i < 2; i++)
		sides[i] = (struct kbtf_named_btf){ .name = run->made[i].encoder,
						    .btf = run->made[i].btf,
						    .size = run->made[i].size };
	res = kbtf_minimizer__compare(run->opts->objects->minimizer, &sides[0], &sides[1],
				      &run->check->questions, why, sizeof(why));
	run->check->differs = res == -ENOTUNIQ;
	if (run->check->differs)
		error__set(&run->check->difference, 0, "%s", why);
	else if (res)
		return error__set(err, -res, "%s: %s", run->image.path, why);
	return 0;
}

int cross_check__run(const struct cross_check_opts *opts, const char *path,
		     struct cross_check *check, struct error *err)
{
	cleanup(run__free) struct run run = { .opts = opts, .check = check };
	int res;

	*check = (struct cross_check){};
	run.scratch = workdir__scratch(opts->work, err);
	if (!run.scratch)
		return -EIO;
	res = open_image(&run, path, err);
	if (!res)
		res = make_both(&run, err);
	if (!res)
		res = compare(&run, err);
	if (res && run.copy)
		error__rename(err, run.copy, path);
	return res;
}

void cross_check__free(struct cross_check *check)
{
	free(check->kernel_release);
	*check = (struct cross_check){};
}
