/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "check_choice.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* What is known of one program, or of the best of its alternatives. */
struct choice {
	const struct check_program *program;
	struct report_draft draft;
	struct buf lacks;
};

static void choice__free(struct choice *choice)
{
	report_draft__free(&choice->draft);
	buf__free(&choice->lacks);
}

/* Of the alternatives from `first` on the first one of those that do best. */
static int find_best(const struct object_check *check, const struct check_program *first,
		     struct choice *best)
{
	const struct check_program *end = check->object->programs + check->object->program_count;
	int err = 0;

	for (const struct check_program *at = first; !err && at < end; at++) {
		struct choice own = { .program = at };

		if (!at->loads || (at != first && !check_programs__are_alternatives(first, at)))
			continue;
		err = check_program(check, at, &own.draft, &own.lacks);
		/* where all fail, the loader lets the last of them say why */
		if (!best->program || own.draft.verdict < best->draft.verdict ||
		    (own.draft.verdict == best->draft.verdict &&
		     own.draft.verdict == KBTF_VERDICT_FAILS)) {
			choice__free(best);
			*best = own;
		} else {
			choice__free(&own);
		}
		if (best->draft.verdict <= KBTF_VERDICT_ADAPTED)
			break;
	}
	return err;
}

static void say(struct report_draft *draft, const struct check_program *program,
		enum kbtf_verdict verdict, enum kbtf_subject subject, const char *text)
{
	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = verdict, .subject = subject, .program = program->name,
		.section = program->section, .what = program->section, .text = text });
}

/* Whether the object fails for it, and no loader learns that it was this program. */
static bool fails_all(const struct object_check *check, const struct check_program *program)
{
	const struct core_object *core = &check->object->core;

	for (uint32_t i = 0; i < core->relocation_count; i++)
		/* libbpf refuses those */
		if (check->fates[i].patched == CORE_NOT_PATCHED &&
		    strcmp(core->relocations[i].program, program->name) == 0)
			return true;
	return false;
}

/* *left_out counts those that a loader does not even try. */
static int choose_program(const struct object_check *check, const struct check_program *first,
			  struct report_draft *draft, size_t *left_out)
{
	struct choice best __attribute__((__cleanup__(choice__free))) = {};
	_cleanup_buf_ struct buf text = {};
	int err = find_best(check, first, &best);
	bool fails = best.draft.verdict == KBTF_VERDICT_FAILS;

	if (err)
		return err;
	draft->programs++;
	draft->loaded += !fails;
	if (best.lacks.len && !check->strict) {
		++*left_out;
		buf__printf(&text, "left out: %s", buf__cstr(&best.lacks));
		say(draft, best.program, KBTF_VERDICT_IN_PART, KBTF_SUBJECT_PROGRAM,
		    buf__cstr(&text));
		return 0;
	}
	report_draft__append(draft, &best.draft,
			     check->strict || fails_all(check, best.program) ?
			     KBTF_VERDICT_FAILS : KBTF_VERDICT_IN_PART);
	if (best.program == first || fails)
		return 0;
	buf__printf(&text, "in place of %s, which the kernel can't have or may not have",
		    first->name);
	say(draft, best.program, KBTF_VERDICT_ADAPTED, KBTF_SUBJECT_ALTERNATIVE, buf__cstr(&text));
	return 0;
}

static bool is_first(const struct check_object *object, const struct check_program *program)
{
	for (const struct check_program *at = object->programs; at < program; at++)
		if (at->loads && check_programs__are_alternatives(at, program))
			return false;
	return true;
}

int check_programs(const struct object_check *check, struct report_draft *draft)
{
	const struct check_object *object = check->object;
	size_t left_out = 0;
	int err = 0;

	for (size_t i = 0; !err && i < object->program_count; i++)
		if (object->programs[i].loads && is_first(object, &object->programs[i]))
			err = choose_program(check, &object->programs[i], draft, &left_out);
	if (draft->loaded || !draft->programs)
		return err;
	/* what fails is told of already */
	draft->verdict = KBTF_VERDICT_FAILS;
	if (left_out == draft->programs)
		report_draft__add(draft, &(struct kbtf_finding){
			.verdict = KBTF_VERDICT_FAILS, .subject = KBTF_SUBJECT_PROGRAM,
			.text = "none of its programs can be loaded" });
	return err;
}
