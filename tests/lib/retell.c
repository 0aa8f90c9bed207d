/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells kernels one after another, follows them, and compares.
 * Usage: retell LEVEL OUT_DIR BTF...
 * Writes OUT_DIR/NAME.full, the canonical form, and OUT_DIR/NAME.data, that of its data types
 * as who follows only those gets them. Prints NAME and the sizes of the two streams, for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "lineage.h"

struct bytes {
	void *data;
	size_t size;
};

static void need(int right, const char *path, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

static struct bytes read_file(const char *path)
{
	enum { ROOM = 64 << 20 };
	FILE *file = fopen(path, "rb");
	struct bytes bytes = { malloc(ROOM), 0 };

	need(file && bytes.data, path, "not read");
	bytes.size = fread(bytes.data, 1, ROOM, file);
	need(!ferror(file) && bytes.size < ROOM, path, "not read whole");
	fclose(file);
	return bytes;
}

static void write_file(const char *folder, const char *path, const char *end, struct bytes bytes)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char to[4096];
	FILE *file;

	snprintf(to, sizeof(to), "%s/%s.%s", folder, name, end);
	file = fopen(to, "wb");
	need(file && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && !fclose(file), to,
	     "not written");
}

static struct type_graph read_canonical(const char *path)
{
	struct bytes source = read_file(path);
	struct type_graph_error error = { .what = "no memory" };
	struct type_graph graph, canonical;

	need(!type_graph__parse(source.data, source.size, &graph, &error), path, error.what);
	need(!type_graph__canonicalize(&graph, &canonical, NULL), path, "has no canonical form");
	type_graph__free(&graph);
	free(source.data);
	return canonical;
}

static struct bytes written(const struct lineage *lineage, bool functions, const char *path)
{
	struct bytes bytes;

	need(!record_set__write(&lineage->pool, &lineage->set, functions, &bytes.data, &bytes.size),
	     path, "cannot be written as it was followed");
	return bytes;
}

static bool same(struct bytes a, struct bytes b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void follow(struct lineage *lineage, const struct buf *data, const struct buf *functions,
		   const char *path)
{
	need(!lineage__follow(lineage, data->data, data->len, functions ? functions->data : NULL,
			      functions ? functions->len : 0), path, "cannot be followed");
}

/* `followers`: one of all streams, one of data streams. */
static void retell(struct lineage *teller, struct lineage *followers, const char *path,
		   const struct columns_effort *effort, const char *folder)
{
	struct type_graph graph = read_canonical(path);
	struct buf data = {}, functions = {};
	struct bytes canonical, full, half, part;

	need(!type_graph__write(&graph, &canonical.data, &canonical.size), path, "not written");
	need(!lineage__tell(teller, &graph, effort, &data, &functions), path, "cannot be told");
	follow(&followers[0], &data, &functions, path);
	follow(&followers[1], &data, NULL, path);
	full = written(&followers[0], true, path);
	half = written(&followers[0], false, path);
	part = written(&followers[1], false, path);
	need(same(full, canonical), path, "is another when it was followed");
	need(same(half, part), path, "has other data types without functions");
	write_file(folder, path, "full", full);
	write_file(folder, path, "data", part);
	printf("%s %zu %zu\n", path, data.len, functions.len);
	buf__free(&data);
	buf__free(&functions);
	type_graph__free(&graph);
	free(canonical.data);
	free(full.data);
	free(half.data);
	free(part.data);
}

int main(int argc, char **argv)
{
	struct lineage teller, followers[2];
	struct columns_effort effort = {};

	if (argc < 4) {
		fprintf(stderr, "usage: retell LEVEL OUT_DIR BTF...\n");
		return 2;
	}
	effort.level = atoi(argv[1]);
	need(!lineage__init(&teller) && !lineage__init(&followers[0]) &&
	     !lineage__init(&followers[1]), argv[0], "no memory");
	for (int i = 3; i < argc; i++)
		retell(&teller, followers, argv[i], &effort, argv[2]);
	lineage__free(&teller);
	lineage__free(&followers[0]);
	lineage__free(&followers[1]);
	return 0;
}
