/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/json_text.h"
#include "explained.h"

static void add_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(object, key, json_text(text));
}

static void add_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

static json_t *question_json(const struct kbtf_question *question)
{
	json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:b}", "kind", question->kind, "what",
				   json_text(question->what), "access", json_text(question->access),
				   "spec", json_text(question->spec), "guard", question->is_guard);

	add_number(object, "type", question->type);
	add_number(object, "value", question->value);
	if (question->is_field)
		add_number(object, "bit_offset", question->bit_offset);
	if (question->load_size)
		add_number(object, "load_size", question->load_size);
	add_text(object, "refusal", question->refusal);
	return object;
}

static json_t *relocation_json(const struct explained *it, size_t number)
{
	const struct kbtf_relocation *relocation = &it->relocations[number];
	json_t *object = json_pack("{s:o, s:o, s:b}", "section", json_text(relocation->section),
				   "insn", json_text(relocation->insn), "shown", it->shown[number]);

	add_number(object, "question", relocation->question);
	add_text(object, "program", relocation->program);
	add_number(object, "instruction", relocation->instruction);
	if (relocation->line) {
		add_text(object, "file", relocation->file);
		add_number(object, "line", relocation->line);
		add_text(object, "source", relocation->source);
	}
	return object;
}

static json_t *candidate_json(const struct kbtf_question *question,
			      const struct kbtf_candidate *candidate)
{
	json_t *object = json_pack("{s:o, s:s}", "name", json_text(candidate->name), "fit",
				   kbtf_fit__name(candidate->fit));

	add_number(object, "type", candidate->type);
	if (candidate->size)
		add_number(object, "size", candidate->size);
	if (candidate->fit == KBTF_FIT_YES || candidate->fit == KBTF_FIT_DISAGREES) {
		add_number(object, "value", candidate->value);
		add_text(object, "spec", candidate->spec);
		if (question->is_field)
			add_number(object, "bit_offset", candidate->bit_offset);
	}
	if (candidate->fit == KBTF_FIT_DROPPED)
		add_number(object, "since", candidate->since);
	add_text(object, "text", candidate->text);
	add_text(object, "nearest", candidate->nearest);
	return object;
}

static json_t *answer_json(const struct kbtf_question *question, const struct kbtf_answer *answer)
{
	json_t *candidates = json_array();
	json_t *object = json_pack("{s:s}", "outcome", kbtf_outcome__name(answer->outcome));

	if (answer->outcome == KBTF_OUTCOME_FOUND) {
		add_number(object, "value", answer->value);
		if (answer->load_size)
			add_number(object, "load_size", answer->load_size);
	}
	add_text(object, "text", answer->text);
	add_text(object, "nearest", answer->nearest);
	for (size_t i = 0; i < answer->candidate_count; i++)
		json_array_append_new(candidates, candidate_json(question, &answer->candidates[i]));
	json_object_set_new(object, "candidates", candidates);
	return object;
}

static json_t *fate_json(const struct kbtf_fate *fate)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "patch", kbtf_patch__name(fate->patch),
				   "verdict", kbtf_verdict__name(fate->verdict), "reached",
				   kbtf_reach__name(fate->reach));

	add_text(object, "by", fate->reached_by);
	add_text(object, "insn", fate->insn);
	add_text(object, "text", fate->text);
	return object;
}

static json_t *result_json(const struct explained *it, const struct kbtf_explanation *result)
{
	json_t *answers = json_array(), *fates = json_array();

	for (size_t i = 0; i < it->question_count; i++)
		json_array_append_new(answers, answer_json(&it->questions[i], &result->answers[i]));
	for (size_t i = 0; i < it->relocation_count; i++)
		json_array_append_new(fates, fate_json(&result->fates[i]));
	return json_pack("{s:s, s:o, s:o}", "verdict", kbtf_verdict__name(result->verdict),
			 "answers", answers, "fates", fates);
}

static json_t *kernel_json(const struct explained_kernel *kernel)
{
	json_t *object = kernel->entry ? entry__json(kernel->entry)
				       : json_pack("{s:o}", "path", json_text(kernel->path));

	if (kernel->error)
		add_text(object, "error", kernel->error);
	else
		add_number(object, "result", kernel->result);
	return object;
}

json_t *explained__json(const struct explained *it)
{
	json_t *questions = json_array(), *relocations = json_array(), *kernels = json_array();
	json_t *results = json_array();

	for (size_t i = 0; i < it->question_count; i++)
		json_array_append_new(questions, question_json(&it->questions[i]));
	for (size_t i = 0; i < it->relocation_count; i++)
		json_array_append_new(relocations, relocation_json(it, i));
	for (size_t i = 0; i < it->kernel_count; i++)
		json_array_append_new(kernels, kernel_json(&it->kernels[i]));
	for (size_t i = 0; i < it->result_count; i++)
		json_array_append_new(results, result_json(it, it->results[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "object", json_text(it->path), "questions",
			 questions, "relocations", relocations, "kernels", kernels, "results",
			 results);
}
