/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * BTF that somebody hands to `btfgen add`. What is parsed has one canonical form, which is
 * its own, and a lineage tells it exactly, before and after another kernel; what has one has a
 * normal form, which is canonical and passes its proof. Seeds: BTF files of some KB.
 */
#include <errno.h>
#include <kbtf_write.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/every_kind.h"
#include "canonical.h"
#include "harness.h"
#include "lineage.h"

static const struct columns_effort effort = { .level = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct blob {
	void *data;
	size_t size;
};

/* Both are freed afterwards; false if it is refused. */
static bool read_canonical(const void *data, size_t size, struct type_graph *canonical,
			   struct blob *bytes)
{
	struct type_graph_error error = {};
	struct type_graph graph;
	int err = type_graph__parse(data, size, &graph, &error);

	if (err) {
		expect(error.what && (err == -EBADMSG || err == -ENOTSUP));
		return false;
	}
	err = type_graph__canonicalize(&graph, canonical, NULL);
	type_graph__free(&graph);
	expect(!err || err == -ELOOP);
	if (!err)
		expect(type_graph__write(canonical, &bytes->data, &bytes->size) == 0);
	return !err;
}

static void expect_written(const struct lineage *lineage, bool functions, const struct blob *bytes)
{
	struct blob written;

	expect(record_set__write(&lineage->pool, &lineage->set, functions, &written.data,
				 &written.size) == 0);
	if (bytes)
		expect(written.size == bytes->size &&
		       memcmp(written.data, bytes->data, bytes->size) == 0);
	free(written.data);
}

/* Tells the kernels, and follows them with functions and without. */
static void tell_all(const struct type_graph *const *kernels, const struct blob *const *bytes,
		     int count)
{
	struct lineage teller, follower, half;
	int err = 0;

	expect(!lineage__init(&teller) && !lineage__init(&follower) && !lineage__init(&half));
	for (int i = 0; !err && i < count; i++) {
		struct buf data = {}, functions = {};

		err = lineage__tell(&teller, kernels[i], &effort, &data, &functions);
		/* a data type that refers to a function is not told */
		expect(!err || err == -ENOTSUP);
		if (!err) {
			expect(!lineage__follow(&follower, data.data, data.len, functions.data,
						functions.len));
			expect_written(&follower, true, bytes[i]);
			expect(!lineage__follow(&half, data.data, data.len, NULL, 0));
			expect_written(&half, false, NULL);
		}
		buf__free(&data);
		buf__free(&functions);
	}
	lineage__free(&teller);
	lineage__free(&follower);
	lineage__free(&half);
}

static void expect_normal(const uint8_t *data, size_t size, bool has_canonical)
{
	struct kbtf_normalization about = { .sz = sizeof(about) };
	struct type_graph canonical;
	struct blob normal, same;
	int err = kbtf_btf__normalize(data, size, &normal.data, &normal.size, &about);

	expect(!err || (!has_canonical && (err == -EINVAL || err == -ENOTSUP)));
	if (err)
		return;
	expect(about.types_left <= about.types);
	expect(read_canonical(normal.data, normal.size, &canonical, &same));
	expect(same.size == normal.size && memcmp(same.data, normal.data, same.size) == 0);
	type_graph__free(&canonical);
	free(same.data);
	free(normal.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct type_graph graph, again, other;
	struct blob bytes, same, others, source;
	bool has_canonical = read_canonical(data, size, &graph, &bytes);

	expect_normal(data, size, has_canonical);
	if (!has_canonical)
		return 0;
	expect(read_canonical(bytes.data, bytes.size, &again, &same));
	expect(same.size == bytes.size && memcmp(same.data, bytes.data, bytes.size) == 0);
	source.data = every_kind(0, &source.size);
	expect(read_canonical(source.data, source.size, &other, &others));
	tell_all((const struct type_graph *[]){ &graph, &other, &graph },
		 (const struct blob *[]){ &bytes, &others, &bytes }, 3);
	type_graph__free(&graph);
	type_graph__free(&again);
	type_graph__free(&other);
	free(bytes.data);
	free(same.data);
	free(others.data);
	free(source.data);
	return 0;
}
