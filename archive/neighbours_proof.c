/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whether an object's relocations come out the same on two archived kernels. */
#include <kbtf_core.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "core_difference.h"

struct proof {
	const struct kbtf_archive *archive;
	struct core_object object;
	uint8_t sha256[SHA256_SIZE];
	struct buf why;
};

/* One neighbour, and what the object finds there. */
struct side {
	struct core_found found;
	void *btf;
	size_t btf_size;
};

static void free_side(struct side *side)
{
	free(side->btf);
	core_results__free(&side->found.results);
}

static int read_btf(struct proof *proof, const struct kbtf_entry *entry, struct side *side)
{
	const struct kbtf_profile *profile =
		kbtf_archive__find_min(proof->archive, entry, proof->sha256);
	int err = profile ? kbtf_entry__read_min(entry, profile, &side->btf, &side->btf_size)
			  : kbtf_entry__read_data_types(entry, &side->btf, &side->btf_size);

	if (err == -ENOENT)
		buf__printf(&proof->why, "the archive has BTF of %s that was minimized for other "
			    "objects, and no other", side->found.where);
	else if (err)
		buf__printf(&proof->why, "the archive's BTF of %s %s", side->found.where,
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
		buf__printf(&proof->why, "BTF of %s: %s", side->found.where, error.what ?: strerror(-err));
		return err == -ENOMEM ? err : -EBADMSG;
	}
	err = core_target__init(&target, &graph, proof->object.types.big_endian);
	if (!err)
		err = core_results__find(&proof->object, &target, &side->found.results);
	core_target__free(&target);
	type_graph__free(&graph);
	return err;
}

static int read_side(struct proof *proof, const struct kbtf_entry *entry, struct side *side)
{
	int err;

	side->found.where = kbtf_entry__ident(entry)->kernel_release;
	err = read_btf(proof, entry, side);
	return err ? err : find_results(proof, side);
}

static int prove(struct proof *proof, const struct kbtf_neighbours *neighbours)
{
	struct side before = {}, after = {};
	int err = read_side(proof, neighbours->before, &before);

	if (!err)
		err = read_side(proof, neighbours->after, &after);
	if (!err && core_difference__tell(&proof->object, &before.found, &after.found, &proof->why))
		err = -ENOTUNIQ;
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
