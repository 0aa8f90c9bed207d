/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "explainer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core_words.h"
#include "insn_words.h"

/* ---- words --------------------------------------------------------------------------------- */

struct kept_word {
	struct kept_word *before;
	char text[];
};

const char *kept_words__copy(struct kept_words *kept, const char *text)
{
	size_t size = strlen(text) + 1;
	struct kept_word *word;

	if (size == 1)
		return "";
	word = malloc(sizeof(*word) + size);
	if (!word) {
		kept->failed = true;
		return "";
	}
	memcpy(word->text, text, size);
	word->before = kept->last;
	kept->last = word;
	return word->text;
}

const char *kept_words__add(struct kept_words *kept, struct buf *words)
{
	const char *text = buf__cstr(words);

	kept->failed |= !text;
	text = kept_words__copy(kept, text ?: "");
	words->len = 0;
	return text;
}

void kept_words__free(struct kept_words *kept)
{
	while (kept->last) {
		struct kept_word *before = kept->last->before;

		free(kept->last);
		kept->last = before;
	}
}

static const char *libbpf_name(enum core_kind kind)
{
	switch (kind) {
	case CORE_FIELD_OFFSET: return "byte_off";
	case CORE_FIELD_SIZE: return "byte_sz";
	case CORE_FIELD_SIGNED: return "signed";
	case CORE_FIELD_LSHIFT: return "lshift_u64";
	case CORE_FIELD_RSHIFT: return "rshift_u64";
	case CORE_TYPE_ID_LOCAL: return "local_type_id";
	case CORE_TYPE_ID_TARGET: return "target_type_id";
	case CORE_ENUM_EXISTS: return "enumval_exists";
	case CORE_ENUM_VALUE: return "enumval_value";
	default: return core_kind__name(kind);
	}
}

/* Its name of a kind of type, where that is another than ours. */
static void add_libbpf_type(const struct core_types *types, uint32_t type, struct buf *out)
{
	const struct graph_type *at = core_types__at(types, type);
	const char *kind = at->kind == TYPE_PTR ? "ptr" : at->kind == TYPE_FWD ? "fwd" :
			   at->kind == TYPE_FUNC_PROTO ? "func_proto" :
			   at->kind == TYPE_ENUM64 ? "enum64" : NULL;
	const char *name = core_types__string(types, at->name);

	if (kind || !*name)
		buf__printf(out, "%s %s", kind ?: at->kind == TYPE_STRUCT ? "struct" :
			    at->kind == TYPE_UNION ? "union" : at->kind == TYPE_ENUM ? "enum" :
			    at->kind == TYPE_ARRAY ? "array" : at->kind == TYPE_CONST ? "const" :
			    at->kind == TYPE_VOLATILE ? "volatile" : "restrict",
			    *name ? name : "<anon>");
	else
		core_words__type(types, type, out);
}

static void add_libbpf_enumerator(const struct core_types *types, const struct core_step *step,
				  struct buf *out)
{
	const struct graph_type *type = core_types__at(types, step->type);
	const struct graph_slot *slot = core_types__slots(types, type) + step->index;
	uint64_t wide = (uint64_t)slot->high << 32 | slot->value;

	buf__printf(out, "::%s = ", step->name);
	if (type->kind == TYPE_ENUM)
		buf__printf(out, type->flag ? "%d" : "%u", slot->value);
	else
		buf__printf(out, type->flag ? "%lld" : "%llu", (long long)wide);
}

void libbpf_words__add(const struct core_types *types, enum core_kind kind,
		       const struct core_place *place, struct buf *out)
{
	buf__printf(out, "<%s> [%u] ", libbpf_name(kind), place->root);
	add_libbpf_type(types, place->root, out);
	if (core_kind__is_type(kind))
		return;
	if (!core_kind__is_field(kind)) {
		add_libbpf_enumerator(types, &place->steps[0], out);
		return;
	}
	for (uint32_t i = 0; i < place->step_count; i++)
		if (place->steps[i].name)
			buf__printf(out, ".%s", place->steps[i].name);
		else if (i || place->steps[i].index)
			buf__printf(out, "[%u]", place->steps[i].index);
	for (uint32_t i = 0; i < place->path_count; i++)
		buf__printf(out, "%s%u", i ? ":" : " (", place->path[i]);
	buf__printf(out, " @ offset %u", (uint32_t)place->bit_offset / 8);
	if (place->bit_offset % 8)
		buf__printf(out, ".%u", (uint32_t)place->bit_offset % 8);
	buf__printf(out, ")");
}

/* ---- an object --------------------------------------------------------------------------------- */

static const char *type_name(struct kept_words *kept, const struct core_types *types, uint32_t type)
{
	const char *name = core_types__string(types, core_types__at(types, type)->name);
	_cleanup_buf_ struct buf words = {};

	buf__printf(&words, "%.*s", (int)core_name__essential(name), name);
	return kept_words__add(kept, &words);
}

static void read_question(struct kbtf_explainer *it, uint32_t number)
{
	const struct core_object *core = &it->object->core;
	const struct core_spec *spec = &core->specs[number];
	_cleanup_buf_ struct buf words = {};
	struct kbtf_question *question = &it->questions[number];

	*question = (struct kbtf_question){
		.kind = core_kind__name(spec->kind), .access = spec->access,
		.type_name = type_name(&it->words, &core->types, spec->local.root),
		.type = spec->local.root, .is_guard = core_kind__is_question(spec->kind),
		.is_field = core_kind__is_field(spec->kind), .value = spec->value.number,
		.bit_offset = spec->local.bit_offset, .load_size = spec->value.size,
		.refusal = spec->refusal ?: "",
	};
	core_words__place(&core->types, &spec->local, &words);
	question->what = kept_words__add(&it->words, &words);
	libbpf_words__add(&core->types, spec->kind, &spec->local, &words);
	question->spec = kept_words__add(&it->words, &words);
}

static void read_relocation(struct kbtf_explainer *it, uint32_t number)
{
	const struct core_object *core = &it->object->core;
	const struct core_relocation *relocation = &core->relocations[number];
	struct source_line line = { .file = "", .text = "" };
	_cleanup_buf_ struct buf words = {};

	insn_words__add(relocation->insns, &words);
	core_object__line(core, relocation, &line);
	it->relocations[number] = (struct kbtf_relocation){
		.question = relocation->spec, .program = relocation->program,
		.section = relocation->section, .instruction = relocation->in_program,
		.insn = kept_words__add(&it->words, &words),
		.file = line.file, .line = line.number, .source = line.text,
	};
}

static int read_all(struct kbtf_explainer *it)
{
	const struct core_object *core = &it->object->core;

	it->questions = calloc((size_t)core->spec_count + 1, sizeof(*it->questions));
	it->relocations = calloc((size_t)core->relocation_count + 1, sizeof(*it->relocations));
	if (!it->questions || !it->relocations)
		return -ENOMEM;
	for (uint32_t i = 0; i < core->spec_count; i++)
		read_question(it, i);
	for (uint32_t i = 0; i < core->relocation_count; i++)
		read_relocation(it, i);
	return it->words.failed ? -ENOMEM : 0;
}

int kbtf_explainer__new(const char *name, const void *object, size_t size,
			struct kbtf_explainer **explainer, char *why, size_t why_size)
{
	struct kbtf_explainer *it = calloc(1, sizeof(*it));
	struct core_object_error error = {};
	int err = it ? check_object__read(name, object, size, &it->object, &error) : -ENOMEM;

	if (!err)
		err = read_all(it);
	if (err) {
		if (why)
			core_words__bad_object(name, &error, why, why_size);
		kbtf_explainer__free(it);
		return err;
	}
	*explainer = it;
	return 0;
}

void kbtf_explainer__free(struct kbtf_explainer *explainer)
{
	if (!explainer)
		return;
	check_object__free(explainer->object);
	kept_words__free(&explainer->words);
	free(explainer->questions);
	free(explainer->relocations);
	free(explainer);
}

const struct kbtf_question *kbtf_explainer__questions(const struct kbtf_explainer *explainer,
						      size_t *count)
{
	*count = explainer->object->core.spec_count;
	return explainer->questions;
}

const struct kbtf_relocation *kbtf_explainer__relocations(const struct kbtf_explainer *explainer,
							  size_t *count)
{
	*count = explainer->object->core.relocation_count;
	return explainer->relocations;
}

bool kbtf_explainer__has_ext(const struct kbtf_explainer *explainer)
{
	return explainer->object->core.lines.data;
}
