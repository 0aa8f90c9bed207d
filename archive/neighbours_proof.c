/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whether an object's relocations come out the same on two archived kernels. */
#include <kbtf_core.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "core.h"
#include "core_words.h"

struct proof {
	const struct kbtf_archive *archive;
	struct core_object object;
	uint8_t sha256[SHA256_SIZE];
	struct buf why;
};

/* One neighbour, and what the object finds there. */
struct side {
	const char *release;
	void *btf;
	size_t btf_size;
	struct core_results results;
};

static void free_side(struct side *side)
{
	free(side->btf);
	core_results__free(&side->results);
}

static int read_btf(struct proof *proof, const struct kbtf_entry *entry, struct side *side)
{
	const struct kbtf_profile *profile =
		kbtf_archive__find_min(proof->archive, entry, proof->sha256);
	int err = profile ? kbtf_entry__read_min(entry, profile, &side->btf, &side->btf_size)
			  : kbtf_entry__read_data_types(entry, &side->btf, &side->btf_size);

	if (err == -ENOENT)
		buf__printf(&proof->why, "the archive has BTF of %s that was minimized for other "
			    "objects, and no other", side->release);
	else if (err)
		buf__printf(&proof->why, "the archive's BTF of %s %s", side->release,
			    err == -EBADMSG ? "is damaged" : strerror(-err));
	return err;
}

/* An object is of its machine's byte order; archived BTF is little endian always. */
static int find_results(struct proof *proof, struct side *side)
{
	struct type_graph_error error = {};
	struct core_target target;
	struct type_graph graph;
	int err = type_graph__parse(side->btf, side->btf_size, &graph, &error);

	if (err) {
		buf__printf(&proof->why, "BTF of %s: %s", side->release, error.what ?: strerror(-err));
		return err == -ENOMEM ? err : -EBADMSG;
	}
	err = core_target__init(&target, &graph, proof->object.types.big_endian);
	if (!err)
		err = core_results__find(&proof->object, &target, &side->results);
	core_target__free(&target);
	type_graph__free(&graph);
	return err;
}

static int read_side(struct proof *proof, const struct kbtf_entry *entry, struct side *side)
{
	int err;

	side->release = kbtf_entry__ident(entry)->kernel_release;
	err = read_btf(proof, entry, side);
	return err ? err : find_results(proof, side);
}

/* `size`: the numbers are the same, and what a load reads differs. */
static void say_result(enum core_kind kind, const struct core_result *result, bool size,
		       const struct side *side, struct buf *out)
{
	switch (result->outcome) {
	case CORE_FOUND:
		/* a type's ID is never what differs */
		if (kind == CORE_TYPE_ID_TARGET)
			buf__printf(out, "there");
		else
			buf__printf(out, "%" PRId64, (int64_t)result->value.number);
		if (size)
			buf__printf(out, " (%u bytes)", result->value.size);
		if (result->cannot_resize)
			buf__printf(out, " (of a type that no load is resized for)");
		break;
	case CORE_ABSENT:
		buf__printf(out, core_kind__is_question(kind) ? "no" : "not there");
		break;
	case CORE_AMBIGUOUS:
		buf__printf(out, "ambiguous");
		break;
	case CORE_REFUSED:
		buf__printf(out, "refused");
		break;
	}
	buf__printf(out, " on %s", side->release);
}

static int compare(struct proof *proof, const struct side *a, const struct side *b)
{
	uint32_t spec = core_results__difference(&proof->object, &a->results, &b->results);
	const struct core_result *x, *y;
	struct source_line line;
	enum core_kind kind;
	bool size;

	if (spec == a->results.count)
		return 0;
	kind = proof->object.specs[spec].kind;
	x = &a->results.items[spec];
	y = &b->results.items[spec];
	size = x->value.number == y->value.number && x->value.size != y->value.size;
	core_words__question(&proof->object, spec, &proof->why);
	buf__printf(&proof->why, " is ");
	say_result(kind, x, size, a, &proof->why);
	buf__printf(&proof->why, " and ");
	say_result(kind, y, size, b, &proof->why);
	if (core_object__line(&proof->object, core_object__first(&proof->object, spec), &line))
		buf__printf(&proof->why, "; asked for in %s:%u", line.file, line.number);
	return -ENOTUNIQ;
}

static int prove(struct proof *proof, const struct kbtf_neighbours *neighbours)
{
	struct side before = {}, after = {};
	int err = read_side(proof, neighbours->before, &before);

	if (!err)
		err = read_side(proof, neighbours->after, &after);
	if (!err)
		err = compare(proof, &before, &after);
	free_side(&before);
	free_side(&after);
	return err;
}

static int read_object(struct proof *proof, const void *object, size_t size)
{
	struct core_object_error error = {};
	int err = core_object__read(object, size, &proof->object, &error);

	if (err)
		buf__printf(&proof->why, "%s", error.what ?: strerror(-err));
	else
		sha256__of(object, size, proof->sha256);
	return err;
}

int kbtf_neighbours__prove(const struct kbtf_archive *archive,
			   const struct kbtf_neighbours *neighbours, const void *object, size_t size,
			   char *why, size_t why_size)
{
	struct proof proof = { .archive = archive };
	const char *words;
	int err;

	if (!neighbours->before || !neighbours->after) {
		buf__printf(&proof.why, "the archive has no kernel of its distribution, architecture and "
			    "flavour %s", neighbours->after ? "before it" : neighbours->before ?
			    "after it" : "before or after it");
		err = -ENOENT;
	} else {
		err = read_object(&proof, object, size);
		if (!err) {
			err = prove(&proof, neighbours);
			core_object__free(&proof.object);
		}
	}
	words = proof.why.len ? buf__cstr(&proof.why) : err ? strerror(-err) : "";
	if (why && why_size)
		snprintf(why, why_size, "%s", words ?: strerror(ENOMEM));
	buf__free(&proof.why);
	return err;
}
