/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "check_program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attach_types.h"
#include "base/cleanup.h"
#include "check_code.h"
#include "core_machine.h"
#include "core_nearest.h"
#include "core_words.h"

int object_check__relocate(struct object_check *check)
{
	const struct check_object *object = check->object;
	const struct core_object *core = &object->core;
	uint32_t count = object->code.count;

	check->fates = calloc((size_t)core->relocation_count + 1, sizeof(*check->fates));
	check->insns = calloc((size_t)count + 2, sizeof(*check->insns));
	if (!check->fates || !check->insns)
		return -ENOMEM;
	if (count)
		memcpy(check->insns, object->code.insns, count * sizeof(*check->insns));
	for (uint32_t i = 0; i < core->relocation_count; i++) {
		const struct core_relocation *relocation = &core->relocations[i];
		uint32_t place = object->has_code ? object->places[i] : 0;
		struct bpf_insn insns[2];

		/* its number is another on each kernel, and code may ask for it */
		if (core->specs[relocation->spec].kind == CORE_TYPE_ID_TARGET)
			core_types__look_at_all(&check->target->types);
		check->fates[i].patched = core_patch(core, relocation,
						     &check->results->items[relocation->spec],
						     insns, &check->fates[i].why);
		if (check->fates[i].patched == CORE_PATCHED && place < count)
			memcpy(&check->insns[place], insns,
			       (place + 1 < count ? 2 : 1) * sizeof(*insns));
	}
	return 0;
}

void object_check__free(struct object_check *check)
{
	free(check->fates);
	free(check->insns);
	check->fates = NULL;
	check->insns = NULL;
}

/* ---- source lines --------------------------------------------------------------------------- */

struct source_line check_object__line(const struct check_object *object, uint32_t at)
{
	const struct core_object *core = &object->core;
	struct source_line line = {};
	size_t i = core->functions.count - 1;
	const struct code_function *function;

	while (i && object->code.first[i] > at)
		i--;
	function = &core->functions.functions[i];
	source_lines__find(&core->lines, core->btf, core->elf.sections[function->section].name,
			   function->start + (at - object->code.first[i]) * sizeof(struct bpf_insn),
			   &line);
	return line;
}

/* ---- relocations ---------------------------------------------------------------------------- */

static void say_absent(const struct object_check *check, const struct core_spec *spec,
		       const struct core_result *result, struct buf *wrong, struct buf *nearest)
{
	const struct core_object *core = &check->object->core;

	if (core_kind__is_question(spec->kind)) {
		buf__printf(wrong, "the answer is no");
		return;
	}
	core_nearest__find(core, spec, check->target, wrong, nearest);
	if (!result->poisons)
		buf__printf(wrong, ", which the program takes for 0");
}

/* Its registers are others: said once of a program, and not of each that it reads. */
static bool is_for_other_machine(const struct object_check *check,
				 const struct core_relocation *relocation,
				 enum kbtf_verdict verdict)
{
	const struct core_object *core = &check->object->core;

	return check->machine && verdict >= KBTF_VERDICT_MAY_FAIL &&
	       core_machine__is_told_by(&core->types, core->specs[relocation->spec].local.root);
}

static void say_machine(const struct object_check *check, const struct core_relocation *relocation,
			const char *program, enum kbtf_verdict verdict, struct report_draft *draft)
{
	_cleanup_buf_ struct buf text = {};

	buf__printf(&text, "made for %s, the kernel is %s", check->object->machine, check->machine);
	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = verdict, .subject = KBTF_SUBJECT_MACHINE, .program = program,
		.section = relocation->section, .text = buf__cstr(&text) });
}

void check_relocation(const struct object_check *check, uint32_t number, const char *program,
		      enum kbtf_verdict verdict, struct report_draft *draft)
{
	const struct core_object *core = &check->object->core;
	const struct core_relocation *relocation = &core->relocations[number];
	const struct core_spec *spec = &core->specs[relocation->spec];
	const struct core_result *result = &check->results->items[relocation->spec];
	_cleanup_buf_ struct buf what = {}, wrong = {}, nearest = {};
	struct source_line line = {};

	if (is_for_other_machine(check, relocation, verdict)) {
		say_machine(check, relocation, program, verdict, draft);
		return;
	}
	core_words__place(&core->types, &spec->local, &what);
	if (result->outcome == CORE_AMBIGUOUS || result->outcome == CORE_REFUSED)
		core_words__why_refused(check->target, result, false, &wrong);
	else if (result->outcome == CORE_ABSENT)
		say_absent(check, spec, result, &wrong, &nearest);
	else
		buf__printf(&wrong, "%s", check->fates[number].why ?: "");
	core_object__line(core, relocation, &line);
	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = verdict, .subject = KBTF_SUBJECT_RELOCATION, .program = program,
		.section = relocation->section, .instruction = relocation->in_program,
		.kind = core_kind__name(spec->kind), .what = buf__cstr(&what),
		.text = buf__cstr(&wrong), .nearest = buf__cstr(&nearest),
		.file = line.file, .line = line.number, .source = line.text });
}

enum kbtf_verdict check_verdict_of(enum reach_level level)
{
	return level == REACH_SURELY ? KBTF_VERDICT_FAILS : KBTF_VERDICT_MAY_FAIL;
}

enum kbtf_verdict check_fate__verdict(const struct check_fate *fate,
				      const struct core_result *result, enum reach_level level)
{
	if (level == REACH_NEVER)
		return KBTF_VERDICT_OK;
	if (fate->patched == CORE_POISONED)
		return check_verdict_of(level);
	return result->outcome == CORE_ABSENT ? KBTF_VERDICT_GUARDED : KBTF_VERDICT_OK;
}

static int check_relocations(const struct object_check *check, const struct check_program *program,
			     const struct reach *reach, struct report_draft *draft)
{
	const struct core_object *core = &check->object->core;
	/* by spec: the worst that was told, so that it is told once */
	_cleanup_free_ uint8_t *told = calloc((size_t)core->spec_count + 1, 1);

	if (!told)
		return -ENOMEM;
	for (uint32_t i = 0; i < core->relocation_count; i++) {
		const struct core_relocation *relocation = &core->relocations[i];
		const struct core_result *result = &check->results->items[relocation->spec];
		uint32_t place = check->object->places[i];
		enum reach_level level = place < check->object->code.count ?
					 reach->levels[place] : REACH_NEVER;
		enum kbtf_verdict verdict;

		/* libbpf refuses the object for those, reached or not */
		if (check->fates[i].patched == CORE_NOT_PATCHED &&
		    strcmp(relocation->program, program->name) == 0)
			verdict = KBTF_VERDICT_FAILS;
		else
			verdict = check_fate__verdict(&check->fates[i], result, level);
		if (verdict > told[relocation->spec])
			check_relocation(check, i, program->name, verdict, draft);
		if (verdict > told[relocation->spec])
			told[relocation->spec] = (uint8_t)verdict;
	}
	return 0;
}

/* ---- helpers ------------------------------------------------------------------------------------ */

#define HELPER_NAME(name) [BPF_FUNC_##name] = "bpf_" #name
static const char *const helper_names[] = { __BPF_FUNC_MAPPER(HELPER_NAME) };

static const char *helper_name(uint32_t number, struct buf *words)
{
	if (number < sizeof(helper_names) / sizeof(helper_names[0]) && helper_names[number])
		return helper_names[number];
	buf__printf(words, "helper %u", number);
	return buf__cstr(words);
}

/* What stands in for a helper, by libbpf's or libkbtf's doing, or 0. */
static uint32_t older_helper(uint32_t number)
{
	switch (number) {
	case BPF_FUNC_get_current_task_btf: return BPF_FUNC_get_current_task;
	case BPF_FUNC_probe_read_user:
	case BPF_FUNC_probe_read_kernel: return BPF_FUNC_probe_read;
	case BPF_FUNC_probe_read_user_str:
	case BPF_FUNC_probe_read_kernel_str: return BPF_FUNC_probe_read_str;
	default: return 0;
	}
}

static void check_helper(const struct object_check *check, const struct check_program *program,
			 uint32_t number, enum reach_level level, const struct source_line *line,
			 struct report_draft *draft)
{
	const struct offer_numbers *helpers = &check->offer->helpers;
	uint32_t older = older_helper(number);
	_cleanup_buf_ struct buf name = {}, older_name = {}, text = {};
	struct kbtf_finding finding = {
		.subject = KBTF_SUBJECT_HELPER,
		.what = helper_name(number, &name),
	};

	if (older && offer_numbers__ask(helpers, older) == OFFER_YES) {
		finding.verdict = KBTF_VERDICT_ADAPTED;
		buf__printf(&text, "the kernel lacks it: %s stands in for it",
			    helper_name(older, &older_name));
	} else {
		finding.verdict = check_verdict_of(level);
		finding.program = program->name;
		finding.section = program->section;
		finding.file = line->file;
		finding.line = line->number;
		finding.source = line->text;
		buf__printf(&text, "the kernel does not have this helper%s",
			    offer_numbers__ask(helpers, number) == OFFER_YES ?
			    " for programs of this type" : "");
	}
	finding.text = buf__cstr(&text);
	report_draft__add(draft, &finding);
}

/* Those that are called where the program gets; each is told of once, the worst. */
static void check_helpers(const struct object_check *check, const struct check_program *program,
			  const struct reach *reach, struct report_draft *draft)
{
	const struct reach_code *code = &check->object->code;
	uint32_t where[OFFER_NUMBERS + 1] = {}; /* the instruction and 1; all beyond count as one */

	for (uint32_t i = 0; i < code->count; i++) {
		/* not the relocated one, which may be poisoned: that is a call, too */
		const struct bpf_insn *insn = &code->insns[i];
		uint32_t *first = &where[insn->imm <= 0 ? 0 : insn->imm < OFFER_NUMBERS ? insn->imm
											: OFFER_NUMBERS];

		if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg || !reach->levels[i] ||
		    insn->imm <= 0)
			continue;
		if (!*first || reach->levels[*first - 1] < reach->levels[i])
			*first = i + 1;
	}
	for (uint32_t i = 1; i <= OFFER_NUMBERS; i++) {
		uint32_t at = where[i] - 1, number = where[i] ? (uint32_t)code->insns[at].imm : 0;
		struct source_line line;

		if (!where[i] ||
		    kernel_offer__helper(check->offer, program->type, number) != OFFER_NO)
			continue;
		line = check_object__line(check->object, at);
		check_helper(check, program, number, reach->levels[at], &line, draft);
	}
}

/* ---- what the program is, and has -------------------------------------------------------------- */

static void add(struct report_draft *draft, const struct check_program *program,
		enum kbtf_verdict verdict, enum kbtf_subject subject, const char *what,
		const char *text)
{
	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = verdict, .subject = subject, .program = program->name,
		.section = program->section, .what = what, .text = text });
}

static void lack(struct report_draft *draft, const struct check_program *program,
		 enum kbtf_subject subject, const char *what, const char *text, struct buf *lacks)
{
	buf__printf(lacks, "%s%s", lacks->len ? "; " : "", text);
	add(draft, program, KBTF_VERDICT_FAILS, subject, what, text);
}

static void check_type(const struct object_check *check, const struct check_program *program,
		       struct report_draft *draft, struct buf *lacks)
{
	const char *name = libbpf_bpf_prog_type_str(program->type) ?: "?";

	if (program->type != BPF_PROG_TYPE_UNSPEC &&
	    kernel_offer__program(check->offer, program->type) == OFFER_NO)
		lack(draft, program, KBTF_SUBJECT_PROGRAM, name,
		     "the kernel does not know this type of program", lacks);
}

static void check_maps(const struct object_check *check, const struct check_program *program,
		       struct report_draft *draft, struct buf *lacks)
{
	const struct check_object *object = check->object;
	const struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		_cleanup_buf_ struct buf text = {};
		enum bpf_map_type type = bpf_map__type(map);

		if (bpf_map__is_internal(map) ||
		    kernel_offer__map(check->offer, type) != OFFER_NO ||
		    !needs__has_map(&program->needs, &object->core.elf, bpf_map__name(map)))
			continue;
		buf__printf(&text, "the kernel has no maps of type %s",
			    libbpf_bpf_map_type_str(type) ?: "?");
		if (type != BPF_MAP_TYPE_RINGBUF) {
			lack(draft, program, KBTF_SUBJECT_MAP, bpf_map__name(map),
			     buf__cstr(&text) ?: "", lacks);
			continue;
		}
		buf__printf(&text, "; it becomes a perf event array");
		report_draft__add(draft, &(struct kbtf_finding){
			.verdict = KBTF_VERDICT_ADAPTED, .subject = KBTF_SUBJECT_MAP,
			.what = bpf_map__name(map), .text = buf__cstr(&text) });
	}
}

/* ---- targets ---------------------------------------------------------------------------------------- */

/* How many words of its context the target gives a program; -1: it is not known. */
static int words_given(const struct check_program *program, int parameters)
{
	if (parameters < 0)
		return -1;
	/* what it returns comes behind them; a raw tracepoint's first is not handed on */
	return program->attach == BPF_TRACE_FENTRY ? parameters :
	       program->attach == BPF_TRACE_RAW_TP ? parameters - 1 : parameters + 1;
}

static void check_typed_target(const struct object_check *check,
			       const struct check_program *program, const struct reach *reach,
			       struct report_draft *draft, struct buf *lacks)
{
	const struct kernel_offer *offer = check->offer;
	bool is_raw = program->attach == BPF_TRACE_RAW_TP;
	const char *prefix = is_raw ? "btf_trace_" :
			     program->attach == BPF_TRACE_ITER ? "bpf_iter_" :
			     program->type == BPF_PROG_TYPE_LSM ? "bpf_lsm_" : "";
	_cleanup_buf_ struct buf name = {}, text = {};
	int parameters = -1, words;
	uint32_t type = 0;
	bool found;

	if (offer_numbers__ask(&offer->attachments, program->attach) == OFFER_NO) {
		lack(draft, program, KBTF_SUBJECT_TARGET, program->section,
		     "the kernel does not know this way to attach", lacks);
		return;
	}
	buf__printf(&name, "%s%s", prefix, program->target);
	if (!buf__cstr(&name))
		return;
	if (!is_raw && (check->data_types || !offer->functions)) {
		add(draft, program, KBTF_VERDICT_UNKNOWN, KBTF_SUBJECT_TARGET, program->target,
		    "the BTF is without functions");
		return;
	}
	if (is_raw) {
		type = core_target__candidate(check->target, TYPE_TYPEDEF, buf__cstr(&name), 0);
		parameters = type ? kernel_offer__parameters(offer, type) : -1;
	}
	found = is_raw ? type : kernel_offer__function(offer, buf__cstr(&name), &parameters);
	words = words_given(program, parameters);
	if (!found)
		lack(draft, program, KBTF_SUBJECT_TARGET, program->target,
		     is_raw ? "the kernel has no such tracepoint"
			    : "the kernel's BTF has no such function; at most a module has", lacks);
	else if (words >= 0 && program->attach != BPF_TRACE_ITER &&
		 reach->context_most > 8 * (uint32_t)words) {
		bool surely = reach->context_end > 8 * (uint32_t)words;

		buf__printf(&text, "the program reads %u words of its context, and this gives %d",
			    ((surely ? reach->context_end : reach->context_most) + 7) / 8, words);
		add(draft, program, surely ? KBTF_VERDICT_FAILS : KBTF_VERDICT_MAY_FAIL,
		    KBTF_SUBJECT_TARGET, program->target, buf__cstr(&text));
	}
}

static void check_attach_type(const struct object_check *check,
			      const struct check_program *program, struct report_draft *draft,
			      struct buf *lacks)
{
	if (attach_type__is_always_told(program->type, program->attach) &&
	    check->offer->attach_types == OFFER_NO)
		lack(draft, program, KBTF_SUBJECT_TARGET, program->section,
		     "the kernel takes no programs for a certain way to attach", lacks);
}

static void check_target(const struct object_check *check, const struct check_program *program,
			 const struct reach *reach, struct report_draft *draft, struct buf *lacks)
{
	_cleanup_free_ char *function = NULL;
	int parameters;

	if (!check_program__wants_function(program))
		return;
	if (program->type != BPF_PROG_TYPE_KPROBE) {
		check_typed_target(check, program, reach, draft, lacks);
		return;
	}
	if (strncmp(program->section, "kprobe/", 7) != 0 &&
	    strncmp(program->section, "kretprobe/", 10) != 0)
		return;
	function = strndup(program->target, strcspn(program->target, "+"));
	if (!function)
		draft->bytes.failed = true;
	else if (!check->data_types && check->offer->functions &&
		 !kernel_offer__function(check->offer, function, &parameters))
		add(draft, program, KBTF_VERDICT_UNKNOWN, KBTF_SUBJECT_TARGET, function,
		    "the kernel's BTF has no such function; it may be there all the same");
}

/* libbpf's maps of variables: with such, libkbtf decides what constants decide. */
static bool has_variables(const struct check_object *object)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf)
		if (bpf_map__is_internal(map))
			return true;
	return false;
}

struct reach_verifier object_check__verifier(const struct object_check *check)
{
	const struct kernel_offer *offer = check->offer;
	bool folded = offer->globals == OFFER_NO && has_variables(check->object);

	return (struct reach_verifier){
		.compares = folded ? REACH_COMPARES_ALL :
			    offer->calls == OFFER_NO ? REACH_COMPARES_EQUAL :
			    offer->comparisons == OFFER_NO ? REACH_COMPARES_EQUALITY :
							     REACH_COMPARES_ALL,
		.no_constants = offer->globals == OFFER_YES && offer->constants == OFFER_NO,
		.globals = offer->only_called == OFFER_YES ? REACH_GLOBALS_CALLED :
			   offer->global_functions == OFFER_YES ? REACH_GLOBALS_ALL :
								  REACH_GLOBALS_NONE,
		.versions = check->target->versions,
		.variables_exist = offer->variable_addresses == OFFER_YES,
		.maps_exist = offer->map_addresses == OFFER_YES,
	};
}

int check_program(const struct object_check *check, const struct check_program *program,
		  struct report_draft *draft, struct buf *lacks)
{
	const struct reach_verifier verifier = object_check__verifier(check);
	struct reach reach;
	int err = reach__run(&check->object->code, check->insns, program->function, &verifier,
			     &reach);

	if (!err)
		core_target__look_at_version(check->target, &reach.versions);
	if (!err && !check->minimized) {
		check_type(check, program, draft, lacks);
		if (!lacks->len)
			check_attach_type(check, program, draft, lacks);
		if (!lacks->len)
			check_target(check, program, &reach, draft, lacks);
		check_maps(check, program, draft, lacks);
	}
	if (!err && !lacks->len) {
		err = check_relocations(check, program, &reach, draft);
		if (!check->minimized) {
			err = err ? err : check_code(check, program, &reach, draft);
			check_helpers(check, program, &reach, draft);
		}
	}
	reach__free(&reach);
	return err;
}
