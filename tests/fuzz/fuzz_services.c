/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Answers in JSON: Launchpad's pages, snapshot's versions and files. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "manifest_of.h"
#include "source/launchpad.h"
#include "source/snapshot.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct manifest *manifest;

static const char text[] =
	"[distribution]\nid = test\narchitectures = x86_64:amd64\nkeyring = none\n"
	"debug-package = linux-image-([0-9].*)-dbg(sym)?\ndebug-member = d/*\n"
	"[repository l]\ntype = launchpad\nmirror = http://api/1.0\nsearch = linux-image\n"
	"files = http://files/\n"
	"[repository s]\ntype = snapshot\nmirror = http://s\nsearch = linux\n"
	"[release 10]\nversion = 10\nsuites = l:ubuntu/bionic s:debian/buster\nseries = 4.9 4.19..5.4\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	manifest = manifest_of(text);
	return 0;
}

/* What becomes part of a URL leads nowhere else. */
static void check_words(char **words)
{
	for (; words && *words; words++)
		if (!is_safe_path(*words) || strchr(*words, '/') || strchr(*words, '?'))
			abort();
}

static void check_index(struct index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		const struct index_package *package = &index->kernels[i].debug;

		if (package->name && (!is_safe_path(package->path) || strchr(package->path, '/')))
			abort();
	}
	index__free(index);
}

static void parse(json_t *answer)
{
	const struct release *release = manifest->releases;
	struct launchpad_query launchpad = { release, manifest->repositories[0], "ubuntu/bionic",
					     "http://a/1.0", "amd64" };
	struct snapshot_query snapshot = { manifest, release, manifest->repositories[1],
					   "debian/buster", "http://s", "amd64" };
	struct index pages = { 0 }, files = { 0 };
	char **versions = NULL, **days = NULL;
	struct access access = { 0 };
	struct error err;

	launchpad__parse(answer, "page", &launchpad, &pages, &err);
	check_index(&pages);
	snapshot__parse_versions(answer, "versions", &access, &snapshot, &versions, &err);
	check_words(versions);
	words__free(versions);
	snapshot__parse_files(answer, "files", &snapshot, &files, &days, &err);
	check_index(&files);
	check_words(days);
	words__free(days);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *answer = json_loadb((const char *)data, size, 0, NULL);

	if (json_is_object(answer))
		parse(answer);
	json_decref(answer);
	return 0;
}
