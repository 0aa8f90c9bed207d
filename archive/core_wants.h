/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What objects may ask of any kernel's types, by name: more than they will find in a certain
 * one, and enough for whoever makes BTF for them alone.
 */
#ifndef ARCHIVE_CORE_WANTS_H
#define ARCHIVE_CORE_WANTS_H

#include <kbtf_core.h>

#include "core_object.h"

/* Names, sorted: lent from the objects. All zero: empty. */
struct core_wants {
	struct core_want {
		const char *name; /* `length` bytes of it */
		size_t length;
		struct kbtf_wants wants;
	} *items;
	size_t count;
};

/* The object must outlive the wants. -ENOMEM. */
int core_wants__add(struct core_wants *wants, const struct core_object *object);
void core_wants__free(struct core_wants *wants);
/* Of a kernel's type or member of this name. */
struct kbtf_wants core_wants__of(const struct core_wants *wants, const char *name);

#endif
