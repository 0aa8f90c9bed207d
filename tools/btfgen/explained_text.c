/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explained.h"
#include "kernel_words.h"
#include "table.h"
#include "terminal.h"

/* Runs of kernels that one result is said to be of. */
#define SPANS_MAX 6

/* ---- instructions ---------------------------------------------------------------------------- */

static void print_fate(const struct kbtf_fate *fate, unsigned int indent)
{
	const char *program = fate->reached_by;

	if (fate->patch == KBTF_PATCH_DONE)
		return;
	terminal__print("%*s%s%s%s", (int)indent, "",
	       fate->verdict >= KBTF_VERDICT_MAY_FAIL ? kbtf_verdict__name(fate->verdict) : "no harm",
	       *fate->text ? ": " : "", fate->text);
	if (fate->patch == KBTF_PATCH_REFUSED)
		terminal__print(": libbpf does not load the %s\n",
		       fate->verdict == KBTF_VERDICT_OK ? "program, unless asked to" : "object");
	else if (fate->reach == KBTF_REACH_SURELY)
		terminal__print(": %s gets there; the verifier says \"invalid func unknown#195896080\"\n",
		       program);
	else if (fate->reach == KBTF_REACH_MAYBE)
		terminal__print(": a variable or the kernel's configuration decides if %s gets there\n",
		       program);
	else if (fate->reach == KBTF_REACH_REQUEST)
		terminal__print(": only %s gets there, which is not loaded unless asked for\n", program);
	else if (fate->reach == KBTF_REACH_NEVER)
		terminal__print(": no program gets there\n");
	else
		terminal__print(": whether a program gets there can't be told of this object\n");
}

static bool is_same_line(const struct kbtf_relocation *a, const struct kbtf_relocation *b)
{
	return a && a->line == b->line && strcmp(a->file, b->file) == 0;
}

static void print_insn(const struct kbtf_relocation *relocation, const struct kbtf_fate *fate,
		       unsigned int indent)
{
	terminal__print("%*s%s+%u: %s", (int)indent, "",
	       *relocation->program ? relocation->program : relocation->section,
	       relocation->instruction, relocation->insn);
	if (fate && strcmp(fate->insn, relocation->insn) == 0)
		terminal__print(" stays");
	else if (fate && *fate->insn)
		terminal__print("  ->  %s", fate->insn);
	terminal__print("\n");
}

/* Those that ask one question, with source lines or what becomes of them, or both. */
static void print_relocations(const struct explained *it, size_t question, bool lines,
			      const struct kbtf_explanation *result, unsigned int indent)
{
	const struct kbtf_relocation *before = NULL;

	for (size_t i = 0; i < it->relocation_count; i++) {
		const struct kbtf_relocation *relocation = &it->relocations[i];

		if (!it->shown[i] || relocation->question != question)
			continue;
		if (lines && relocation->line && !is_same_line(before, relocation))
			terminal__source(indent, relocation->file, relocation->line, relocation->source);
		before = relocation;
		print_insn(relocation, result ? &result->fates[i] : NULL, indent + (lines ? 4 : 0));
		if (result)
			print_fate(&result->fates[i], indent + (lines ? 8 : 4));
	}
}

/* ---- answers ----------------------------------------------------------------------------------- */

#define LINE (TERMINAL_COLUMNS + 1)

/* "struct x [7], 20 bytes", of one kernel; those of several differ in that: "struct x". */
static void name_type(const struct kbtf_candidate *candidate, bool id, char words[LINE])
{
	char number[16] = "", size[32] = "";

	if (id)
		snprintf(number, sizeof(number), " [%u]", candidate->type);
	if (candidate->size && id)
		snprintf(size, sizeof(size), ", %u byte%s", candidate->size,
			 candidate->size == 1 ? "" : "s");
	snprintf(words, LINE, "%s%s%s", candidate->name, number, size);
}

static void print_place(const struct kbtf_question *question, const struct kbtf_candidate *candidate)
{
	if (!question->is_field) {
		terminal__print("%lld", (long long)candidate->value);
		return;
	}
	terminal__print("at %llu", (unsigned long long)candidate->bit_offset / 8);
	if (candidate->bit_offset % 8)
		terminal__print(", bit %u", (unsigned int)(candidate->bit_offset % 8));
}

/* Behind the type in so many columns, which its words may begin with, too. */
static void print_lack(const struct kbtf_candidate *candidate, unsigned int columns,
		       unsigned int indent)
{
	size_t len = strlen(candidate->name);

	if (strncmp(candidate->text, candidate->name, len) == 0 && candidate->text[len] == ' ')
		terminal__more(columns, indent, ",", candidate->text + len + 1);
	else
		terminal__more(columns, indent, ":", candidate->text);
}

static void print_nearest(const char *nearest, unsigned int indent)
{
	if (*nearest)
		terminal__print("%*snearest: %s\n", (int)indent, "", nearest);
}

static void print_candidate(const struct kbtf_question *question,
			    const struct kbtf_candidate *candidate, bool id, unsigned int indent)
{
	char type[LINE], dropped[64];
	unsigned int behind = indent + 11;

	name_type(candidate, id, type);
	terminal__print("%*s%-10s %s", (int)indent, "", kbtf_fit__name(candidate->fit), type);
	switch (candidate->fit) {
	case KBTF_FIT_YES:
	case KBTF_FIT_DISAGREES:
		terminal__print(": ");
		print_place(question, candidate);
		terminal__print("\n");
		break;
	case KBTF_FIT_DROPPED:
		snprintf(dropped, sizeof(dropped), "it lacks what [%zu] asks for",
			 candidate->since + 1);
		terminal__more(0, behind, ":", dropped);
		break;
	default:
		print_lack(candidate, behind + (unsigned int)strlen(type), behind);
	}
	print_nearest(candidate->nearest, behind);
}

static bool is_load(const struct explained *it, size_t question)
{
	for (size_t i = 0; i < it->relocation_count; i++)
		if (it->shown[i] && it->relocations[i].question == question &&
		    strstr(it->relocations[i].insn, "*("))
			return true;
	return false;
}

static void print_found(const struct explained *it, size_t number,
			const struct kbtf_answer *answer, bool id)
{
	const struct kbtf_question *question = &it->questions[number];
	const struct kbtf_candidate *candidate = answer->candidates;
	char type[LINE];

	if (question->is_guard)
		terminal__print("there it is");
	else
		terminal__print("there %lld", (long long)answer->value);
	if (answer->load_size != question->load_size && is_load(it, number))
		terminal__print(", of %u bytes and not %u", answer->load_size, question->load_size);
	if (answer->candidate_count != 1) {
		if (answer->candidate_count)
			terminal__print(", of %zu candidates", answer->candidate_count);
		terminal__print("\n");
		return;
	}
	name_type(candidate, id, type);
	terminal__print(": %s", type);
	/* what is no offset has one all the same */
	if (question->is_field && strcmp(question->kind, "field_offset") != 0) {
		terminal__print(", ");
		print_place(question, candidate);
	}
	terminal__print("\n");
}

static void print_absent(const struct kbtf_question *question, const struct kbtf_answer *answer,
			 bool id, unsigned int indent)
{
	const struct kbtf_candidate *candidate = answer->candidates;
	const char *words = question->is_guard ? "there it is not" :
			    strncmp(question->kind, "type_", 5) == 0 ? "there 0, as it is not there" :
			    "it is not there";
	unsigned int columns = indent + (unsigned int)strlen(words) + 2;
	char type[LINE];

	if (answer->candidate_count > 1) {
		terminal__print("%s, in none of %zu candidates\n", words, answer->candidate_count);
		return;
	}
	if (!answer->candidate_count) {
		terminal__print("%s: %s\n", words, answer->text);
		print_nearest(answer->nearest, indent + 4);
		return;
	}
	name_type(candidate, id, type);
	terminal__print("%s: %s", words, type);
	print_lack(candidate, columns + (unsigned int)strlen(type), indent + 4);
	print_nearest(candidate->nearest, indent + 4);
}

/* BTF that was never deduplicated has hundreds of one struct. */
static size_t alike_from(const struct kbtf_answer *answer, size_t first)
{
	const struct kbtf_candidate *candidates = answer->candidates;
	size_t count = 1;

	while (first + count < answer->candidate_count &&
	       candidates[first].size == candidates[first + count].size &&
	       explained__same_candidate(&candidates[first], &candidates[first + count], false))
		count++;
	return count;
}

static void print_answer(const struct explained *it, size_t number,
			 const struct kbtf_answer *answer, bool id, unsigned int indent)
{
	const struct kbtf_question *question = &it->questions[number];
	bool simple = answer->outcome <= KBTF_OUTCOME_ABSENT && answer->candidate_count <= 1;

	terminal__print("%*s", (int)indent, "");
	if (answer->outcome == KBTF_OUTCOME_FOUND)
		print_found(it, number, answer, id);
	else if (answer->outcome == KBTF_OUTCOME_ABSENT)
		print_absent(question, answer, id, indent);
	else
		terminal__print("%s: %s\n", kbtf_outcome__name(answer->outcome), answer->text);
	for (size_t i = 0, alike; !simple && i < answer->candidate_count; i += alike) {
		alike = alike_from(answer, i);
		print_candidate(question, &answer->candidates[i], id, indent + 4);
		if (alike > 1)
			terminal__print("%*sand %zu alike\n", (int)indent + 15, "", alike - 1);
	}
}

/* ---- kernels ------------------------------------------------------------------------------------ */

/* Whether two results are the same for one question and those that ask it. */
static bool agree(const struct explained *it, size_t question, size_t a, size_t b)
{
	const struct kbtf_explanation *x = it->results[a], *y = it->results[b];

	if (a == b)
		return true;
	if (!explained__same_answer(&it->questions[question], &x->answers[question],
				    &y->answers[question]))
		return false;
	for (size_t i = 0; i < it->relocation_count; i++)
		if (it->shown[i] && it->relocations[i].question == question &&
		    !explained__same_fate(&it->questions[question], &x->fates[i], &y->fates[i]))
			return false;
	return true;
}

static bool is_same_system(const struct kbtf_entry *a, const struct kbtf_entry *b)
{
	char x[KERNEL_WORDS], y[KERNEL_WORDS];

	kernel_words__system(a, x);
	kernel_words__system(b, y);
	return a && b && strcmp(x, y) == 0;
}

/* Kernels from `first` on that are told of together: one system's, with like[] of their results. */
static size_t span_of(const struct explained *it, size_t first, const size_t *like)
{
	size_t count = 1;

	while (first + count < it->kernel_count && !it->kernels[first].error &&
	       !it->kernels[first + count].error &&
	       is_same_system(it->kernels[first].entry, it->kernels[first + count].entry) &&
	       like[it->kernels[first].result] == like[it->kernels[first + count].result])
		count++;
	return count;
}

static void name_span(const struct explained *it, size_t first, size_t count,
		      char system[KERNEL_WORDS], char span[KERNEL_WORDS])
{
	const struct explained_kernel *kernel = &it->kernels[first];

	kernel_words__system(kernel->entry, system);
	kernel_words__span(kernel->entry, kernel->path, it->kernels[first + count - 1].entry, count,
			   span);
}

/* Those of one result; returns how many. */
static size_t print_spans(const struct explained *it, size_t result, const size_t *like)
{
	size_t spans = 0, kernels = 0, rest = 0, count;

	for (size_t at = 0; at < it->kernel_count; at += count) {
		char system[KERNEL_WORDS], span[KERNEL_WORDS];

		count = span_of(it, at, like);
		if (it->kernels[at].error || like[it->kernels[at].result] != result)
			continue;
		kernels += count;
		if (spans++ >= SPANS_MAX) {
			rest += count;
			continue;
		}
		name_span(it, at, count, system, span);
		terminal__print("    %s%s%s\n", system, *system ? " " : "", span);
	}
	if (rest)
		terminal__print("    and %zu more\n", rest);
	return kernels;
}

static void print_results(const struct explained *it, size_t question, size_t *like)
{
	for (size_t i = 0; i < it->result_count; i++) {
		like[i] = 0;
		while (!agree(it, question, like[i], i))
			like[i]++;
	}
	for (size_t i = 0; i < it->result_count; i++) {
		unsigned int indent = it->kernel_count > 1 ? 8 : 4;
		bool id = true;

		if (like[i] != i)
			continue;
		if (it->kernel_count > 1)
			id = print_spans(it, i, like) == 1;
		print_answer(it, question, &it->results[i]->answers[question], id, indent);
		print_relocations(it, question, it->kernel_count == 1, it->results[i], indent);
	}
}

/* ---- all ------------------------------------------------------------------------------------------ */

static bool is_shown(const struct explained *it, size_t question)
{
	for (size_t i = 0; i < it->relocation_count; i++)
		if (it->shown[i] && it->relocations[i].question == question)
			return true;
	return false;
}

static void print_question(const struct explained *it, size_t number)
{
	const struct kbtf_question *question = &it->questions[number];

	terminal__print("\n[%zu] %s of %s (%s)", number + 1, question->kind, question->what,
	       question->access);
	if (question->is_guard)
		terminal__print(", a guard");
	else
		terminal__print(": here %lld", (long long)question->value);
	if (question->bit_offset % 8)
		terminal__print(", bit %u", (unsigned int)(question->bit_offset % 8));
	terminal__print("\n");
	if (*question->refusal)
		terminal__print("    refused on any kernel: %s\n", question->refusal);
}

static enum kbtf_verdict verdict_of(const struct explained *it, size_t result)
{
	enum kbtf_verdict verdict = KBTF_VERDICT_OK;

	for (size_t i = 0; i < it->relocation_count; i++)
		if (it->shown[i] && it->results[result]->fates[i].verdict > verdict)
			verdict = it->results[result]->fates[i].verdict;
	return verdict;
}

static void print_kernels(const struct explained *it, size_t *like)
{
	struct table *table = table__new((const char *[]){ "SYSTEM", "KERNEL", "RELOCATIONS", NULL });
	size_t count;

	for (size_t i = 0; i < it->result_count; i++) {
		like[i] = 0;
		while (verdict_of(it, like[i]) != verdict_of(it, i))
			like[i]++;
	}
	for (size_t at = 0; at < it->kernel_count; at += count) {
		const struct explained_kernel *kernel = &it->kernels[at];
		char system[KERNEL_WORDS], span[KERNEL_WORDS];

		count = span_of(it, at, like);
		name_span(it, at, count, system, span);
		table__add(table, (const char *[]){ system, span, kernel->error ? "-" :
				kbtf_verdict__name(verdict_of(it, kernel->result)) });
	}
	table__print(table);
}

static void print_title(const struct explained *it, size_t *like)
{
	size_t questions = 0;

	for (size_t i = 0; i < it->question_count; i++)
		questions += is_shown(it, i);
	terminal__print("%s: %zu relocation%s, %zu different", it->path, it->shown_count,
	       it->shown_count == 1 ? "" : "s", questions);
	if (it->shown_count < it->relocation_count)
		terminal__print(", of %zu", it->relocation_count);
	if (it->kernel_count == 1 && !it->kernels[0].error) {
		char system[KERNEL_WORDS], span[KERNEL_WORDS];

		name_span(it, 0, 1, system, span);
		terminal__print("\non %s%s%s: %s", system, *system ? " " : "", span,
		       kbtf_verdict__name(verdict_of(it, 0)));
	}
	terminal__print("\n");
	if (it->kernel_count > 1)
		print_kernels(it, like);
}

void explained__print(const struct explained *it)
{
	size_t *like = calloc(it->result_count + 1, sizeof(*like));

	if (!like)
		abort();
	if (!it->relocation_count)
		terminal__print("%s: no relocations%s\n", it->path, kbtf_explainer__has_ext(it->explainer) ? "" :
		       ": it has no .BTF.ext, which compilers write with -g, and strip drops");
	else
		print_title(it, like);
	for (size_t i = 0; i < it->question_count; i++) {
		if (!is_shown(it, i))
			continue;
		print_question(it, i);
		if (it->kernel_count != 1 || !it->result_count)
			print_relocations(it, i, true, NULL, 4);
		print_results(it, i, like);
	}
	free(like);
}
