/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "explained.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bytes.h"
#include "profile.h"

#define OBJECT_LIMIT (256u << 20)
#define WORDS 300
/* Of a kernel: not yet, or none. */
#define NO_RESULT SIZE_MAX

int explained__read(const struct objects *objects, size_t object, struct explained *it,
		    struct error *err)
{
	_cleanup_free_ void *data = NULL;
	char why[WORDS] = "no memory";
	size_t size;
	int res;

	*it = (struct explained){ .path = objects->paths[object] };
	res = file__read(it->path, OBJECT_LIMIT, &data, &size);
	if (res)
		return error__set(err, -res, "%s: %s", it->path, strerror(-res));
	res = kbtf_explainer__new(it->path, data, size, &it->explainer, why, sizeof(why));
	if (res)
		return error__set(err, -res, "%s", why);
	it->questions = kbtf_explainer__questions(it->explainer, &it->question_count);
	it->relocations = kbtf_explainer__relocations(it->explainer, &it->relocation_count);
	it->shown = calloc(it->relocation_count + 1, sizeof(*it->shown));
	return it->shown ? 0 : error__oom(err);
}

void explained__free(struct explained *it)
{
	for (size_t i = 0; i < it->kernel_count; i++)
		free(it->kernels[i].error);
	for (size_t i = 0; i < it->result_count; i++)
		kbtf_explanation__free(it->results[i]);
	kbtf_explainer__free(it->explainer);
	free(it->kernels);
	free(it->results);
	free(it->shown);
	*it = (struct explained){};
}

int explained__add_kernel(struct explained *it, const struct kbtf_entry *entry, const char *path,
			  struct error *err)
{
	struct explained_kernel *grown = realloc(it->kernels,
						 (it->kernel_count + 1) * sizeof(*grown));

	if (!grown)
		return error__oom(err);
	it->kernels = grown;
	grown[it->kernel_count++] = (struct explained_kernel){ .entry = entry, .path = path,
							       .result = NO_RESULT };
	return 0;
}

/* ---- results that are the same ------------------------------------------------------------------ */

static bool is_same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool is_type_id(const struct kbtf_question *question)
{
	return is_same_text(question->kind, "type_id_target");
}

/* Behind the type's ID: "<byte_off> [7] struct x.y (0:1 @ offset 8)". */
static const char *without_id(const char *spec)
{
	return strchr(spec, ']') ?: spec;
}

bool explained__same_candidate(const struct kbtf_candidate *a, const struct kbtf_candidate *b,
			       bool ids)
{
	return a->fit == b->fit && (ids || a->value == b->value) &&
	       a->bit_offset == b->bit_offset && a->since == b->since &&
	       is_same_text(a->name, b->name) && is_same_text(a->text, b->text) &&
	       is_same_text(a->nearest, b->nearest) &&
	       is_same_text(without_id(a->spec), without_id(b->spec));
}

bool explained__same_answer(const struct kbtf_question *question, const struct kbtf_answer *a,
			    const struct kbtf_answer *b)
{
	bool ids = is_type_id(question);

	/* sizes of types differ more often than what is in them */
	if (a->outcome != b->outcome || (!ids && a->value != b->value) ||
	    a->load_size != b->load_size || a->candidate_count != b->candidate_count ||
	    !is_same_text(a->text, b->text) || !is_same_text(a->nearest, b->nearest))
		return false;
	for (size_t i = 0; i < a->candidate_count; i++)
		if (!explained__same_candidate(&a->candidates[i], &b->candidates[i], ids))
			return false;
	return true;
}

static bool same_sizes(const struct kbtf_answer *a, const struct kbtf_answer *b)
{
	for (size_t i = 0; i < a->candidate_count; i++)
		if (a->candidates[i].size != b->candidates[i].size)
			return false;
	return true;
}

bool explained__same_fate(const struct kbtf_question *question, const struct kbtf_fate *a,
			  const struct kbtf_fate *b)
{
	return a->patch == b->patch && a->verdict == b->verdict && a->reach == b->reach &&
	       is_same_text(a->reached_by, b->reached_by) && is_same_text(a->text, b->text) &&
	       (is_type_id(question) || is_same_text(a->insn, b->insn));
}

static bool is_same(const struct explained *it, const struct kbtf_explanation *a,
		    const struct kbtf_explanation *b)
{
	for (size_t i = 0; i < it->question_count; i++)
		if (!explained__same_answer(&it->questions[i], &a->answers[i], &b->answers[i]) ||
		    !same_sizes(&a->answers[i], &b->answers[i]))
			return false;
	for (size_t i = 0; i < it->relocation_count; i++)
		if (!explained__same_fate(&it->questions[it->relocations[i].question], &a->fates[i],
					  &b->fates[i]))
			return false;
	return true;
}

static bool is_first(const struct explained *it, const struct explained_kernel *kernel,
		     size_t result)
{
	for (const struct explained_kernel *at = it->kernels; at < kernel; at++)
		if (at->result == result)
			return false;
	return true;
}

static void swap(struct kbtf_explanation **a, struct kbtf_explanation **b)
{
	struct kbtf_explanation *was = *a;

	*a = *b;
	*b = was;
}

/* Takes the explanation over. */
static int keep(struct explained *it, struct explained_kernel *kernel,
		struct kbtf_explanation *explanation)
{
	struct kbtf_explanation **grown;
	size_t i = it->result_count;

	/* the library may have found already that it is the same; kernels are most like the one before */
	while (i && it->results[i - 1] != explanation &&
	       !is_same(it, it->results[i - 1], explanation))
		i--;
	if (i) {
		if (is_first(it, kernel, i - 1))
			swap(&it->results[i - 1], &explanation);
		kbtf_explanation__free(explanation);
		kernel->result = i - 1;
		return 0;
	}
	grown = realloc(it->results, (it->result_count + 1) * sizeof(*grown));
	if (!grown) {
		kbtf_explanation__free(explanation);
		return -ENOMEM;
	}
	it->results = grown;
	kernel->result = it->result_count;
	grown[it->result_count++] = explanation;
	return 0;
}

/* ---- kernels ---------------------------------------------------------------------------------------- */

static int explain(struct explained *it, struct explained_kernel *kernel, const void *btf,
		   size_t size, struct error *err)
{
	struct kbtf_explanation *explanation;
	char why[WORDS] = "no memory";
	int res = kbtf_explainer__run(it->explainer, btf, size, &explanation, why, sizeof(why));

	if (res)
		return error__set(err, -res, "its BTF can't be used: %s", why);
	return keep(it, kernel, explanation) ? error__oom(err) : 0;
}

static int explain_file(struct explained *it, struct explained_kernel *kernel, struct error *err)
{
	struct entry_filter none = {};
	_cleanup_free_ void *btf = NULL;
	size_t size;
	int res = btf_bytes__read(kernel->path, &none, &btf, &size, err);

	return res ? res : explain(it, kernel, btf, size, err);
}

/* By BTF that was minimized for this object. */
static int explain_minimized(struct explained *it, struct explained_kernel *kernel,
			     const struct kbtf_archive *archive,
			     const struct kbtf_object_ref *object, struct error *err)
{
	for (size_t i = 0; i < kbtf_archive__profile_count(archive); i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(archive, i);
		_cleanup_free_ void *btf = NULL;
		size_t size;
		int res;

		if (!profile__has_object(profile, object) ||
		    !kbtf_entry__min_size(kernel->entry, profile))
			continue;
		res = kbtf_entry__read_min(kernel->entry, profile, &btf, &size);
		if (res)
			return error__set(err, -res, "its BTF in the archive is damaged");
		return explain(it, kernel, btf, size, err);
	}
	return error__set(err, ENOENT, "the archive's BTF of it is minimized for other objects");
}

struct walking {
	struct explained *it;
	const struct kbtf_entry **entries;
	struct explained_kernel **kernels; /* of the entries */
};

static int take_explanation(void *ctx, size_t number, int err,
			    struct kbtf_explanation *explanation, const char *why)
{
	struct walking *walking = ctx;
	struct explained_kernel *kernel = walking->kernels[number];

	if (!err)
		return keep(walking->it, kernel, explanation);
	kernel->error = strdup(why);
	return kernel->error ? 0 : -ENOMEM;
}

static int explain_entries(struct explained *it, unsigned int threads, struct error *err)
{
	_cleanup_free_ const struct kbtf_entry **entries = calloc(it->kernel_count + 1,
								  sizeof(*entries));
	_cleanup_free_ struct explained_kernel **kernels = calloc(it->kernel_count + 1,
								  sizeof(*kernels));
	struct walking walking = { it, entries, kernels };
	size_t count = 0;

	if (!entries || !kernels)
		return error__oom(err);
	for (size_t i = 0; i < it->kernel_count; i++)
		if (it->kernels[i].entry && kbtf_entry__btf_size(it->kernels[i].entry)) {
			entries[count] = it->kernels[i].entry;
			kernels[count++] = &it->kernels[i];
		}
	return kbtf_explainer__run_entries(it->explainer, entries, count, threads, take_explanation,
					   &walking) ? error__oom(err) : 0;
}

/* By the first kernel that has each: they came as threads found them. */
static int sort_results(struct explained *it, struct error *err)
{
	_cleanup_free_ size_t *places = calloc(it->result_count + 1, sizeof(*places)); /* and 1 */
	struct kbtf_explanation **sorted = calloc(it->result_count + 1, sizeof(*sorted));
	size_t count = 0;

	if (!places || !sorted) {
		free(sorted);
		return error__oom(err);
	}
	for (size_t i = 0; i < it->kernel_count; i++) {
		struct explained_kernel *kernel = &it->kernels[i];

		if (kernel->result == NO_RESULT)
			continue;
		if (!places[kernel->result]) {
			sorted[count++] = it->results[kernel->result];
			places[kernel->result] = count;
		}
		kernel->result = places[kernel->result] - 1;
	}
	free(it->results);
	it->results = sorted;
	return 0;
}

int explained__run(struct explained *it, const struct kbtf_archive *archive,
		   const struct kbtf_object_ref *object, unsigned int threads, struct error *err)
{
	for (size_t i = 0; i < it->kernel_count; i++) {
		struct explained_kernel *kernel = &it->kernels[i];
		struct error its = {};
		int res;

		if (kernel->entry && kbtf_entry__btf_size(kernel->entry))
			continue;
		res = kernel->entry ? explain_minimized(it, kernel, archive, object, &its)
				    : explain_file(it, kernel, &its);
		if (res && !(kernel->error = strdup(its.text)))
			return error__oom(err);
	}
	return explain_entries(it, threads, err) ?: sort_results(it, err);
}

/* ---- what is shown ------------------------------------------------------------------------------------ */

static bool fails(const struct explained *it, size_t relocation, enum kbtf_verdict from)
{
	for (size_t i = 0; i < it->result_count; i++)
		if (it->results[i]->fates[relocation].verdict >= from)
			return true;
	return false;
}

/* "struct task_struct" and "task_struct" mean the same. */
static bool is_of_type(const struct kbtf_question *question, const char *type)
{
	const char *space = strrchr(type, ' ');

	return is_same_text(question->type_name, space ? space + 1 : type);
}

static bool passes(const struct explained *it, size_t number,
		   const struct relocation_filter *filter)
{
	const struct kbtf_relocation *relocation = &it->relocations[number];
	const char *program = filter->program;

	if (program && !is_same_text(relocation->program, program) &&
	    !is_same_text(relocation->section, program))
		return false;
	if (filter->type && !is_of_type(&it->questions[relocation->question], filter->type))
		return false;
	return !filter->failing || fails(it, number, KBTF_VERDICT_MAY_FAIL);
}

void explained__filter(struct explained *it, const struct relocation_filter *filter)
{
	it->shown_count = 0;
	for (size_t i = 0; i < it->relocation_count; i++) {
		it->shown[i] = passes(it, i, filter);
		it->shown_count += it->shown[i];
	}
}

bool explained__fails(const struct explained *it)
{
	for (size_t i = 0; i < it->kernel_count; i++)
		if (it->kernels[i].error)
			return true;
	for (size_t i = 0; i < it->relocation_count; i++)
		if (it->shown[i] && fails(it, i, KBTF_VERDICT_FAILS))
			return true;
	return false;
}
