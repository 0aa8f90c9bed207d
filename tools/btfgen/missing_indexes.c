/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "missing_indexes.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "factory.h"

/* A bad signature must not hide behind a mirror that is only down. */
static bool is_alike(const struct index_failure *a, const struct index_failure *b)
{
	return strcmp(a->distro, b->distro) == 0 &&
	       strcmp(failure__cause(a->code), failure__cause(b->code)) == 0;
}

static bool is_told(const struct catalogue *catalogue, size_t i)
{
	for (size_t j = i; j-- > 0;)
		if (is_alike(&catalogue->failures[j], &catalogue->failures[i]))
			return true;
	return false;
}

static void print_one(const struct index_failure *failure)
{
	log__error("%s %s %s: no index%s: %s", failure->distro, failure->codename, failure->arch,
		   failure->is_known ? ", what was known before counts" : "", failure->reason);
}

/* The first stands for all: the reasons of the others come of the same cause. */
static void print_group(const struct catalogue *catalogue, size_t first)
{
	const struct index_failure *failure = &catalogue->failures[first];
	size_t count = 0, known = 0;
	char words[64] = "";

	for (size_t i = first; i < catalogue->failure_count; i++)
		if (is_alike(failure, &catalogue->failures[i])) {
			count++;
			known += catalogue->failures[i].is_known;
		}
	if (count == 1) {
		print_one(failure);
		return;
	}
	if (known)
		snprintf(words, sizeof(words), " (what was known before counts for %zu)", known);
	log__error("%s: %zu indexes could not be had%s, the first of %s %s: %s", failure->distro,
		   count, words, failure->codename, failure->arch, failure->reason);
}

void missing_indexes__print(const struct catalogue *catalogue)
{
	size_t lines = 0;
	char words[80];

	for (size_t i = 0; i < catalogue->failure_count; i++) {
		if (log__is_verbose()) {
			print_one(&catalogue->failures[i]);
		} else if (!is_told(catalogue, i)) {
			print_group(catalogue, i);
			lines++;
		}
	}
	if (lines && lines < catalogue->failure_count)
		log__error("%s; -v tells of each",
			   missing_indexes__words(catalogue, words) + strlen("; "));
}

const char *missing_indexes__words(const struct catalogue *catalogue, char text[80])
{
	*text = '\0';
	if (catalogue->failure_count)
		snprintf(text, 80, "; %zu of %zu indexes could not be had",
			 catalogue->failure_count, catalogue->index_count);
	return text;
}

static json_t *failures_json(const struct catalogue *catalogue)
{
	json_t *failures = json_array();

	for (size_t i = 0; i < catalogue->failure_count; i++) {
		const struct index_failure *failure = &catalogue->failures[i];

		json_array_append_new(failures,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "distro",
						failure->distro, "codename", failure->codename,
						"arch", failure->arch, "cause",
						failure__cause(failure->code), "reason",
						failure->reason));
	}
	return failures;
}

static json_t *left_out_json(const struct catalogue *catalogue)
{
	json_t *list = json_array();

	for (size_t i = 0; i < catalogue->left_out_count; i++) {
		const struct left_out *left_out = &catalogue->left_out[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "distro",
						      left_out->distro, "codename",
						      left_out->codename, "repository",
						      left_out->repository, "suite", left_out->suite,
						      "reason", left_out->reason));
	}
	return list;
}

void missing_indexes__add_json(const struct catalogue *catalogue, json_t *object)
{
	json_object_set_new(object, "index_failures", failures_json(catalogue));
	json_object_set_new(object, "left_out", left_out_json(catalogue));
}
