/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A BPF object that somebody hands over, and a kernel's BTF that somebody else does: u32 size
 * of the object in little endian, the object, the BTF. What an object finds in the kernel it
 * finds in the minimized BTF, too, and minimizing that again changes nothing. All of it can be
 * explained.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kbtf_core.h>

#include "core.h"
#include "core_reduction.h"
#include "core_words.h"
#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own, so that sanitizers see what is read beyond it. */
static void *copy_of(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	expect(copy);
	memcpy(copy, data, size);
	return copy;
}

static void expect_minimized_once(const struct kbtf_minimizer *minimizer, const void *btf,
				  size_t size)
{
	void *min, *again;
	size_t min_size, again_size;
	char why[200];
	int err = kbtf_minimizer__run(minimizer, btf, size, &min, &min_size, why, sizeof(why));

	if (err) {
		/* never that the proof fails */
		expect(*why && (err == -EINVAL || err == -ENOTSUP || err == -ESTALE));
		return;
	}
	expect(!kbtf_minimizer__run(minimizer, min, min_size, &again, &again_size, NULL, 0));
	expect(again_size <= min_size);
	free(min);
	free(again);
}

static void expect_candidate(const struct kbtf_candidate *candidate, size_t questions)
{
	bool has_it = candidate->fit == KBTF_FIT_YES || candidate->fit == KBTF_FIT_DISAGREES;

	expect(*candidate->name && candidate->type);
	expect(!has_it || (*candidate->spec && !*candidate->text));
	expect(candidate->fit != KBTF_FIT_REFUSED || *candidate->text);
	expect(candidate->fit != KBTF_FIT_DROPPED || candidate->since < questions);
}

/* What is found comes from a candidate, and what is absent is patched or poisoned. */
static void expect_explained(const struct kbtf_explainer *explainer,
			     const struct kbtf_explanation *explanation)
{
	size_t questions, relocations;
	const struct kbtf_question *asked = kbtf_explainer__questions(explainer, &questions);
	const struct kbtf_relocation *all = kbtf_explainer__relocations(explainer, &relocations);

	for (size_t i = 0; i < questions; i++) {
		const struct kbtf_answer *answer = &explanation->answers[i];

		expect(answer->outcome != KBTF_OUTCOME_FOUND || answer->candidate_count ||
		       strcmp(asked[i].kind, "type_id_local") == 0);
		for (size_t k = 0; k < answer->candidate_count; k++)
			expect_candidate(&answer->candidates[k], questions);
	}
	for (size_t i = 0; i < relocations; i++) {
		const struct kbtf_fate *fate = &explanation->fates[i];

		expect(all[i].question < questions && *all[i].insn);
		expect(!*fate->insn == (fate->patch == KBTF_PATCH_REFUSED));
		expect(fate->verdict <= explanation->verdict);
	}
}

static void explain(const void *object, size_t object_size, const void *btf, size_t size)
{
	struct kbtf_explanation *explanation;
	struct kbtf_explainer *explainer;
	char why[200] = "";
	int err;

	expect(!kbtf_explainer__new("object", object, object_size, &explainer, NULL, 0));
	err = kbtf_explainer__run(explainer, btf, size, &explanation, why, sizeof(why));
	expect(!err || (*why && (err == -EINVAL || err == -ENOTSUP)));
	if (!err) {
		expect_explained(explainer, explanation);
		kbtf_explanation__free(explanation);
	}
	kbtf_explainer__free(explainer);
}

static void patch_all(const struct core_object *object, const struct core_target *target,
		      const struct core_results *results)
{
	struct source_line line;

	for (uint32_t i = 0; i < object->relocation_count; i++) {
		const struct core_relocation *relocation = &object->relocations[i];
		const struct core_result *result = &results->items[relocation->spec];
		_cleanup_buf_ struct buf text = {};
		struct bpf_insn insns[2];
		const char *why;

		if (core_patch(object, relocation, result, insns, &why) == CORE_NOT_PATCHED)
			expect(why);
		core_words__instruction(relocation, &text);
		core_words__place(&object->types, &object->specs[relocation->spec].local, &text);
		if (result->outcome == CORE_AMBIGUOUS || result->outcome == CORE_REFUSED)
			core_words__refusal(object, relocation->spec, target, result, &text);
		/* lines are looked for from the beginning each time */
		if (i < 100)
			core_object__line(object, relocation, &line);
	}
}

static void relocate(const struct core_object *object, const void *btf, size_t size)
{
	struct type_graph_error error;
	struct core_results results;
	struct core_target target;
	struct type_graph graph;

	if (type_graph__parse(btf, size, &graph, &error))
		return;
	expect(!core_target__init(&target, &graph, type_graph__is_big_endian(btf)));
	expect(!core_results__find(object, &target, &results));
	patch_all(object, &target, &results);
	core_results__free(&results);
	core_target__free(&target);
	type_graph__free(&graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kbtf_minimizer *minimizer;
	struct core_object_error error;
	struct core_object object;
	uint32_t object_size;
	void *file, *btf;
	int err;

	libbpf_set_print(silence);
	if (size < 4)
		return 0;
	object_size = data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
	if (object_size > size - 4)
		return 0;
	file = copy_of(data + 4, object_size);
	btf = copy_of(data + 4 + object_size, size - 4 - object_size);
	err = core_object__read(file, object_size, &object, &error);
	expect(!err || (error.what && (err == -EBADMSG || err == -ENOTSUP)));
	if (!err) {
		relocate(&object, btf, size - 4 - object_size);
		core_object__free(&object);
		explain(file, object_size, btf, size - 4 - object_size);
		minimizer = kbtf_minimizer__new();
		expect(minimizer && !kbtf_minimizer__add(minimizer, "object", file, object_size,
							 NULL, 0));
		expect_minimized_once(minimizer, btf, size - 4 - object_size);
		kbtf_minimizer__free(minimizer);
	}
	free(file);
	free(btf);
	return 0;
}
