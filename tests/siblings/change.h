/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From one kernel to the next of its series. */
#ifndef SIBLINGS_CHANGE_H
#define SIBLINGS_CHANGE_H

#include "naming.h"

/* How much changes: a row of siblings.c's table. */
struct step {
	uint16_t records_added, records_removed, records_changed, members_added, members_removed,
		members_retyped;
	uint16_t enums_added, enumerators_added, typedefs_added;
	uint16_t functions_added, functions_returned, functions_removed, functions_changed;
};

/* Functions that went, and may return: a compiler inlines them, or not. */
struct graveyard {
	uint32_t *functions;
	uint32_t count, room;
};

struct changer {
	struct kernel *kernel;
	struct dice dice;
	struct naming naming;
	struct graveyard graveyard;
	double in_use;          /* how many changed records are found by who uses them */
	double known_prototype; /* how many new functions have a prototype that another has */
};

void kernel__change(struct changer *changer, const struct step *step);

#endif
