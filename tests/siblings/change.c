/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "layout.h"

enum { RECORD_MEMBERS_MAX = 24, THEMES_MAX = 64, TRIES = 20000 };

/* Types of a group that are there when a step begins. */
struct group {
	uint32_t *types, *names;
	uint32_t count;
};

struct stage {
	struct changer *changer;
	struct kernel *kernel;
	struct dice *dice;
	struct group records, functions, enums, typedefs;
	uint32_t *pointers;   /* by type: one that points to it */
	uint32_t *uses;       /* by type: how many refer to it */
	struct embeddings embeddings;
	uint32_t themes[THEMES_MAX], theme_count;
};

/* ---- what is there -------------------------------------------------------------------- */

static int by_name(const void *a, const void *b, void *context)
{
	const struct kernel *kernel = context;
	const uint32_t *x = a, *y = b;
	int order = strcmp(kernel__text(kernel, kernel->types[*x].name),
			   kernel__text(kernel, kernel->types[*y].name));

	return order ? order : (*x > *y) - (*x < *y);
}

static bool is_in(const struct type *type, uint8_t kind)
{
	if (type->gone || !type->name)
		return false;
	return kind == KIND_STRUCT ? type__is_record(type) : type->kind == kind;
}

static struct group group__of(struct kernel *kernel, uint8_t kind)
{
	struct group group = { .types = malloc((kernel->count + 1) * sizeof(uint32_t)) };

	for (uint32_t i = 1; i < kernel->count; i++)
		if (is_in(&kernel->types[i], kind))
			group.types[group.count++] = i;
	qsort_r(group.types, group.count, sizeof(uint32_t), by_name, kernel);
	group.names = malloc((group.count + 1) * sizeof(uint32_t));
	for (uint32_t i = 0; i < group.count; i++)
		group.names[i] = kernel->types[group.types[i]].name;
	return group;
}

static void group__free(struct group *group)
{
	free(group->types);
	free(group->names);
}

/* Of several of one name one alone would change: no object could be relocated any more. */
static void forbid_variants(struct stage *stage)
{
	const struct group *records = &stage->records;

	for (uint32_t i = 1; i < records->count; i++)
		if (records->names[i] == records->names[i - 1]) {
			embeddings__forbid(&stage->embeddings, records->types[i]);
			embeddings__forbid(&stage->embeddings, records->types[i - 1]);
		}
}

static void stage__begin(struct stage *stage, struct changer *changer)
{
	struct kernel *kernel = changer->kernel;

	*stage = (struct stage){ .changer = changer, .kernel = kernel, .dice = &changer->dice };
	stage->records = group__of(kernel, KIND_STRUCT);
	stage->functions = group__of(kernel, KIND_FUNC);
	stage->enums = group__of(kernel, KIND_ENUM);
	stage->typedefs = group__of(kernel, KIND_TYPEDEF);
	stage->pointers = calloc(kernel->count, sizeof(uint32_t));
	for (uint32_t i = 1; i < kernel->count; i++)
		if (kernel->types[i].kind == KIND_PTR)
			stage->pointers[kernel->types[i].size] = i;
	stage->uses = kernel__count_uses(kernel);
	stage->embeddings = embeddings__of(kernel);
	forbid_variants(stage);
	/* work of one step is about a few things */
	stage->theme_count = 6;
	for (uint32_t i = 0; i < stage->theme_count; i++)
		stage->themes[i] = dice__below(stage->dice, stage->functions.count);
}

static void stage__end(struct stage *stage)
{
	group__free(&stage->records);
	group__free(&stage->functions);
	group__free(&stage->enums);
	group__free(&stage->typedefs);
	free(stage->pointers);
	free(stage->uses);
	embeddings__free(&stage->embeddings);
}

static uint32_t any(struct stage *stage, const struct group *group)
{
	return group->types[dice__below(stage->dice, group->count)];
}

static uint32_t derive(struct stage *stage, const struct group *group, uint32_t model)
{
	return name__derive(stage->kernel, stage->dice, &stage->changer->naming, model,
			    group->names, group->count);
}

/* ---- members ---------------------------------------------------------------------------- */

/* A member that some record has, and that can be laid out anywhere. */
static struct slot donor(struct stage *stage)
{
	struct kernel *kernel = stage->kernel;

	for (;;) {
		const struct type *record = &kernel->types[any(stage, &stage->records)];
		struct slot slot;

		if (!record->count)
			continue;
		slot = record->slots[dice__below(stage->dice, record->count)];
		if (slot.name && !(record->flag && slot.value >> 24) &&
		    kernel__size_of(kernel, slot.type) - 1 < 256 &&
		    !kernel->types[kernel__stripped(kernel, slot.type)].gone) {
			slot.value = 0;
			return slot;
		}
	}
}

static bool has_member(const struct type *record, uint32_t name)
{
	for (uint32_t i = 0; i < record->count; i++)
		if (record->slots[i].name == name)
			return true;
	return false;
}

/* Three in four members have a name that another member has: measured. */
static struct slot new_member(struct stage *stage, const struct type *record)
{
	struct slot slot;

	do {
		slot = donor(stage);
	} while (has_member(record, slot.name));
	if (dice__chance(stage->dice, .45))
		slot.name = derive(stage, &stage->records, slot.name);
	return slot;
}

static uint32_t pointer_to(struct stage *stage, uint32_t type, uint32_t known)
{
	if (type < known && stage->pointers[type])
		return stage->pointers[type];
	return kernel__add(stage->kernel, (struct type){ .kind = KIND_PTR, .size = type });
}

static uint32_t add_record(struct stage *stage)
{
	struct kernel *kernel = stage->kernel;
	struct type record = { .kind = KIND_STRUCT };
	const struct type *model;
	uint32_t count, number;

	do {
		model = &kernel->types[any(stage, &stage->records)];
		count = model->count;
	} while (!count || count > RECORD_MEMBERS_MAX);
	record.name = derive(stage, &stage->records, model->name);
	record.slots = slots__copy(NULL, 0, count);
	while (record.count < count) {
		struct slot slot = new_member(stage, &record);

		record.slots[record.count++] = slot;
	}
	number = kernel__add(kernel, record);
	layout__natural(kernel, number);
	return number;
}

/* One that nothing refers to, but for pointers that nothing refers to. */
static void remove_record(struct stage *stage)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t number = any(stage, &stage->records), pointer = stage->pointers[number];

		if (stage->kernel->types[number].gone ||
		    stage->uses[number] > (pointer && !stage->uses[pointer] ? 1 : 0))
			continue;
		stage->kernel->types[number].gone = true;
		return;
	}
}

/* A parameter of some function. */
static struct slot parameter(struct stage *stage)
{
	for (;;) {
		const struct type *function = &stage->kernel->types[any(stage, &stage->functions)];
		const struct type *prototype = &stage->kernel->types[function->size];

		if (prototype->count && prototype->slots[prototype->count - 1].name)
			return prototype->slots[dice__below(stage->dice, prototype->count)];
	}
}

/* What a parameter of some function points to, or 0: what is used much comes often. */
static uint32_t record_in_use(struct stage *stage)
{
	const struct kernel *kernel = stage->kernel;
	uint32_t number = kernel__stripped(kernel, parameter(stage).type);

	if (kernel->types[number].kind == KIND_PTR)
		number = kernel__stripped(kernel, kernel->types[number].size);
	return type__is_record(&kernel->types[number]) && kernel->types[number].name ? number : 0;
}

/*
 * A record to change: of those in use, or the more members it has the likelier; and not so
 * many others must grow with it that more than `most` change.
 */
static uint32_t victim(struct stage *stage, uint32_t most)
{
	bool used = stage->functions.count && dice__chance(stage->dice, stage->changer->in_use);

	for (int i = 0; i < TRIES; i++) {
		uint32_t number = used ? record_in_use(stage) : any(stage, &stage->records);
		const struct type *record = &stage->kernel->types[number];

		if (number && !record->gone && layout__can_move(record) &&
		    (used || dice__chance(stage->dice, (record->count + 1.) / 300)) &&
		    embeddings__reach(&stage->embeddings, number) <= most)
			return number;
	}
	return 0;
}

static void add_member(struct stage *stage, uint32_t number)
{
	struct type *record = &stage->kernel->types[number];
	struct slot slot = new_member(stage, record);
	uint32_t at = dice__chance(stage->dice, .4) ? record->count :
		      dice__below(stage->dice, record->count + 1);

	layout__insert(stage->kernel, &stage->embeddings, number, at, slot);
}

static void remove_member(struct stage *stage, uint32_t number)
{
	struct type *record = &stage->kernel->types[number];

	if (record->count)
		layout__remove(stage->kernel, &stage->embeddings, number,
			       dice__below(stage->dice, record->count));
}

/* To a type of the same size. */
static void retype_member(struct stage *stage, uint32_t number)
{
	struct kernel *kernel = stage->kernel;
	struct type *record = &kernel->types[number];
	struct slot *slot;

	if (!record->count)
		return;
	slot = &record->slots[dice__below(stage->dice, record->count)];
	if (record->flag && slot->value >> 24)
		return;
	for (int i = 0; i < TRIES; i++) {
		struct slot other = donor(stage);

		if (other.type != slot->type && kernel__size_of(kernel, other.type) ==
		    kernel__size_of(kernel, slot->type)) {
			slot->type = other.type;
			return;
		}
	}
}

static void change_records(struct stage *stage, const struct step *step)
{
	uint32_t add = step->members_added, remove = step->members_removed,
		 retype = step->members_retyped, budget = step->records_changed, number;

	while (add + remove + retype && budget) {
		uint32_t rest = add + remove + retype;
		uint32_t most = budget > rest ? budget - rest + 1 : 1, reach;

		number = victim(stage, most);
		if (!number)
			return;
		reach = embeddings__reach(&stage->embeddings, number);
		budget -= reach < budget ? reach : budget;
		/* about as often two changes as one meet a record */
		for (int times = dice__chance(stage->dice, .35) ? 2 : 1; times; times--) {
			uint32_t which = dice__below(stage->dice, add + remove + retype);

			if (!(add + remove + retype))
				break;
			if (which < add) {
				add_member(stage, number);
				add--;
			} else if (which < add + remove) {
				remove_member(stage, number);
				remove--;
			} else {
				retype_member(stage, number);
				retype--;
			}
		}
	}
}

/* ---- functions ----------------------------------------------------------------------------- */

static uint32_t new_prototype(struct stage *stage, const struct type *like, uint32_t fresh)
{
	struct kernel *kernel = stage->kernel;
	struct type prototype = { .kind = KIND_FUNC_PROTO, .size = like->size };
	uint32_t count = like->count ? like->count : 1;

	prototype.slots = slots__copy(like->slots, like->count, count);
	prototype.count = count;
	for (uint32_t i = 0; i < count; i++)
		if (!prototype.slots[i].name || dice__chance(stage->dice, .5))
			prototype.slots[i] = parameter(stage);
	if (fresh && dice__chance(stage->dice, .5))
		prototype.slots[0].type = pointer_to(stage, fresh, 0);
	return kernel__add(kernel, prototype);
}

static uint32_t theme(struct stage *stage)
{
	uint32_t at = stage->themes[dice__below(stage->dice, stage->theme_count)];

	if (dice__chance(stage->dice, .4))
		at = dice__below(stage->dice, stage->functions.count);
	at += dice__below(stage->dice, 16);
	return stage->functions.types[at < stage->functions.count ? at : stage->functions.count - 1];
}

static void add_function(struct stage *stage, uint32_t fresh)
{
	struct kernel *kernel = stage->kernel;
	uint32_t model = theme(stage), prototype = kernel->types[model].size;
	struct type function = { .kind = KIND_FUNC, .count = kernel->types[model].count };

	if (!dice__chance(stage->dice, stage->changer->known_prototype)) {
		struct type like = kernel->types[prototype];

		prototype = new_prototype(stage, &like, fresh);
	} else {
		prototype = kernel->types[theme(stage)].size;
	}
	function.size = prototype;
	function.name = derive(stage, &stage->functions, kernel->types[model].name);
	kernel__add(kernel, function);
}

static void remove_function(struct stage *stage)
{
	struct graveyard *graveyard = &stage->changer->graveyard;
	uint32_t number = theme(stage);

	if (stage->kernel->types[number].gone)
		number = any(stage, &stage->functions);
	if (stage->kernel->types[number].gone)
		return;
	stage->kernel->types[number].gone = true;
	if (graveyard->count == graveyard->room) {
		graveyard->room = graveyard->room ? 2 * graveyard->room : 1024;
		graveyard->functions = realloc(graveyard->functions,
					       graveyard->room * sizeof(uint32_t));
	}
	graveyard->functions[graveyard->count++] = number;
}

static bool return_function(struct stage *stage)
{
	struct graveyard *graveyard = &stage->changer->graveyard;
	uint32_t at;

	if (!graveyard->count)
		return false;
	at = dice__below(stage->dice, graveyard->count);
	stage->kernel->types[graveyard->functions[at]].gone = false;
	graveyard->functions[at] = graveyard->functions[--graveyard->count];
	return true;
}

static void change_function(struct stage *stage)
{
	struct kernel *kernel = stage->kernel;
	uint32_t number = any(stage, &stage->functions);
	struct type like = kernel->types[kernel->types[number].size];
	struct type prototype = { .kind = KIND_FUNC_PROTO, .size = like.size, .count = like.count };
	uint32_t at;

	if (like.count && !like.slots[like.count - 1].name)
		return; /* "..." */
	prototype.slots = slots__copy(like.slots, like.count, like.count + 1);
	at = dice__below(stage->dice, prototype.count);
	if (dice__chance(stage->dice, .7) || !prototype.count) {
		prototype.slots[prototype.count++] = parameter(stage);
	} else if (dice__chance(stage->dice, .6)) {
		memmove(&prototype.slots[at], &prototype.slots[at + 1],
			(--prototype.count - at) * sizeof(struct slot));
	} else {
		prototype.slots[at] = parameter(stage);
	}
	at = kernel__add(kernel, prototype);
	kernel->types[number].size = at;
}

static void remove_functions(struct stage *stage, const struct step *step)
{
	for (int i = 0; i < step->functions_changed; i++)
		change_function(stage);
	for (int i = 0; i < step->functions_removed; i++)
		remove_function(stage);
}

/* `fresh`: a record that is new, or 0. */
static void add_functions(struct stage *stage, const struct step *step, uint32_t fresh)
{
	for (int i = 0; i < step->functions_added; i++)
		if (i >= step->functions_returned || !return_function(stage))
			add_function(stage, fresh);
}

/* ---- the rest --------------------------------------------------------------------------------- */

static void add_enumerator(struct stage *stage, struct type *type, uint32_t value)
{
	uint32_t model = type->count ? type->slots[type->count - 1].name : type->name;

	type__make_room(type, type->count + 1);
	type->slots[type->count].name = derive(stage, &stage->enums, model);
	type->slots[type->count++].type = value;
}

static void change_enum(struct stage *stage)
{
	struct type *type = &stage->kernel->types[any(stage, &stage->enums)];

	add_enumerator(stage, type, type->count ? type->slots[type->count - 1].type + 1 : 0);
}

static void add_enum(struct stage *stage)
{
	struct kernel *kernel = stage->kernel;
	struct type type = { .kind = KIND_ENUM, .size = 4 };
	uint32_t count = 2 + dice__below(stage->dice, 5);

	type.name = derive(stage, &stage->enums, kernel->types[any(stage, &stage->enums)].name);
	for (uint32_t i = 0; i < count; i++)
		add_enumerator(stage, &type, i);
	kernel__add(kernel, type);
}

static void add_typedef(struct stage *stage)
{
	uint32_t model = any(stage, &stage->typedefs);
	struct type type = { .kind = KIND_TYPEDEF, .size = stage->kernel->types[model].size };

	type.name = derive(stage, &stage->typedefs, stage->kernel->types[model].name);
	kernel__add(stage->kernel, type);
}

void kernel__change(struct changer *changer, const struct step *step)
{
	struct stage stage;
	uint32_t fresh = 0;

	stage__begin(&stage, changer);
	change_records(&stage, step);
	for (int i = 0; i < step->records_removed; i++)
		remove_record(&stage);
	for (int i = 0; i < step->enumerators_added; i++)
		change_enum(&stage);
	if (stage.functions.count)
		remove_functions(&stage, step);
	for (int i = 0; i < step->enums_added; i++)
		add_enum(&stage);
	for (int i = 0; i < step->typedefs_added; i++)
		add_typedef(&stage);
	for (int i = 0; i < step->records_added; i++)
		fresh = add_record(&stage);
	/* an encoder may have left them out */
	if (stage.functions.count)
		add_functions(&stage, step, fresh);
	stage__end(&stage);
}
