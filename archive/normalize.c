/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <kbtf_write.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "member_counters.h"
#include "normal_form.h"
#include "normal_proof.h"

static const char *const kind_names[TYPE_KIND_END] = {
	[TYPE_INT] = "int", [TYPE_STRUCT] = "struct", [TYPE_UNION] = "union",
	[TYPE_ENUM] = "enum", [TYPE_FWD] = "fwd", [TYPE_TYPEDEF] = "typedef",
	[TYPE_FUNC] = "func", [TYPE_VAR] = "var", [TYPE_DATASEC] = "datasec",
	[TYPE_FLOAT] = "float", [TYPE_DECL_TAG] = "decl_tag", [TYPE_ENUM64] = "enum",
};

static void name_fault(const struct type_graph *graph, uint32_t type,
		       struct kbtf_normalization *about)
{
	const char *kind = kind_names[graph->types[type].kind];

	snprintf(about->at_fault, sizeof(about->at_fault), "%s %s", kind ? kind : "type",
		 type ? type_graph__string(graph, graph->types[type].name) : "of the result");
}

/* `graph` is read anew, with the names that came in: merging changed them in its own. */
static int prove(const void *btf, size_t size, const struct type_graph *normal,
		 const uint32_t *map, struct kbtf_normalization *about)
{
	struct type_graph graph;
	uint32_t at_fault;
	int err = type_graph__parse(btf, size, &graph, NULL);

	if (err)
		return err;
	err = normal_proof__check(&graph, normal, map, &at_fault);
	if (err == -EIO)
		name_fault(&graph, at_fault, about);
	type_graph__free(&graph);
	return err;
}

/* The graph's names change. */
static int normalize(const void *btf, size_t size, struct type_graph *graph, void **data,
		     size_t *data_size, struct kbtf_normalization *about)
{
	_cleanup_free_ uint32_t *map = calloc(graph->type_count, sizeof(*map));
	struct type_graph normal = {};
	int err = map ? member_counters__unify(graph, &about->counters) : -ENOMEM;

	if (!err)
		err = normal_form__of(graph, &normal, map);
	if (!err)
		err = prove(btf, size, &normal, map, about);
	if (!err)
		err = type_graph__write(&normal, data, data_size);
	if (!err)
		about->types_left = normal.type_count - 1;
	type_graph__free(&normal);
	return err;
}

int kbtf_btf__normalize(const void *btf, size_t size, void **normal, size_t *normal_size,
			struct kbtf_normalization *about)
{
	struct kbtf_normalization done = {};
	struct type_graph graph;
	int err = type_graph__parse(btf, size, &graph, NULL);

	if (!err) {
		done.types = graph.type_count - 1;
		err = normalize(btf, size, &graph, normal, normal_size, &done);
		type_graph__free(&graph);
	}
	if (about) {
		done.sz = about->sz;
		memcpy(about, &done, about->sz < sizeof(done) ? about->sz : sizeof(done));
	}
	return err == -EBADMSG || err == -ELOOP ? -EINVAL : err;
}
