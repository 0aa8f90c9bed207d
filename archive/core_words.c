/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_words.h"

#include <stdio.h>

void core_words__bad_object(const char *name, const struct core_object_error *error, char *text,
			    size_t size)
{
	_cleanup_buf_ struct buf out = {};

	buf__printf(&out, "%s: %s", name, error->what ?: "no memory");
	if (*error->section)
		buf__printf(&out, " (%s+%zu)", error->section,
			    error->offset / sizeof(struct bpf_insn));
	if (text && size)
		snprintf(text, size, "%s", buf__cstr(&out) ?: "no memory");
}

void core_words__type(const struct core_types *types, uint32_t type, struct buf *out)
{
	static const char *const kinds[TYPE_KIND_END] = {
		"void", "int", "pointer", "array", "struct", "union", "enum", "declaration",
		"typedef", "volatile", "const", "restrict", "function", "function type", "variable",
		"section", "float", "tag", "tag", "enum",
	};
	const struct graph_type *at = core_types__at(types, type);
	const char *name = core_types__string(types, at->name);

	buf__printf(out, "%s %s", kinds[at->kind], *name ? name : "(no name)");
}

void core_words__whole_type(const struct core_types *types, uint32_t type, struct buf *out)
{
	/* deeper is nobody's interest, and may be a circle */
	for (unsigned int depth = 0; depth < 6; depth++) {
		const struct graph_type *at = core_types__at(types, type);

		switch (at->kind) {
		case TYPE_PTR: buf__printf(out, "pointer to "); break;
		case TYPE_CONST: buf__printf(out, "const "); break;
		case TYPE_VOLATILE: buf__printf(out, "volatile "); break;
		case TYPE_RESTRICT: case TYPE_TAG: break;
		case TYPE_ARRAY:
			buf__printf(out, "array of %u ", core_types__slots(types, at)->value);
			type = core_types__slots(types, at)->type;
			continue;
		case 0: buf__printf(out, "void"); return;
		case TYPE_INT: case TYPE_FLOAT:
			buf__printf(out, "%s", core_types__string(types, at->name));
			return;
		default:
			core_words__type(types, type, out);
			return;
		}
		type = at->ref;
	}
	buf__printf(out, "...");
}

void core_words__place(const struct core_types *types, const struct core_place *place,
		       struct buf *out)
{
	core_words__type(types, place->root, out);
	for (uint32_t i = 0; i < place->step_count; i++) {
		const struct core_step *step = &place->steps[i];

		if (step->name)
			buf__printf(out, ".%s", step->name);
		else if (i || step->index)
			buf__printf(out, "[%u]", step->index);
	}
}

void core_words__instruction(const struct core_relocation *relocation, struct buf *out)
{
	if (*relocation->program)
		buf__printf(out, "%s+%u (%s)", relocation->program, relocation->in_program,
			    relocation->section);
	else
		buf__printf(out, "%s+%zu", relocation->section,
			    relocation->offset / sizeof(struct bpf_insn));
}

void core_words__question(const struct core_object *object, uint32_t spec, struct buf *out)
{
	core_words__instruction(core_object__first(object, spec), out);
	buf__printf(out, ": %s of ", core_kind__name(object->specs[spec].kind));
	core_words__place(&object->types, &object->specs[spec].local, out);
}

static void say_rival(const struct core_target *target, uint32_t type, bool ids, struct buf *out)
{
	core_words__type(&target->types, type, out);
	if (ids)
		buf__printf(out, " [%u]", type);
}

void core_words__why_refused(const struct core_target *target, const struct core_result *result,
			     bool ids, struct buf *out)
{
	if (result->outcome == CORE_REFUSED) {
		buf__printf(out, "%s", result->why);
		return;
	}
	buf__printf(out, "the kernel has it twice, and not the same: ");
	say_rival(target, result->type, ids, out);
	buf__printf(out, " and ");
	say_rival(target, result->rival, ids, out);
}

void core_words__refusal(const struct core_object *object, uint32_t spec,
			 const struct core_target *target, const struct core_result *result,
			 struct buf *out)
{
	core_words__question(object, spec, out);
	buf__printf(out, ": ");
	core_words__why_refused(target, result, true, out);
}
