/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* An object whose relocations are explained, and what an explanation is made from. */
#ifndef ARCHIVE_EXPLAINER_H
#define ARCHIVE_EXPLAINER_H

#include <kbtf_core.h>

#include "base/buf.h"
#include "check_object.h"

/* Words that live as long as what they explain. */
struct kept_words {
	struct kept_word *last;
	bool failed; /* for want of memory */
};

/* What is in `words`, which is emptied; "" if that is nothing, or without memory. */
const char *kept_words__add(struct kept_words *kept, struct buf *words);
const char *kept_words__copy(struct kept_words *kept, const char *text);
void kept_words__free(struct kept_words *kept);

struct kbtf_explainer {
	struct check_object *object;
	struct kbtf_question *questions;
	struct kbtf_relocation *relocations;
	struct kept_words words;
};

/* A place as libbpf's log has it, for comparing with that. */
void libbpf_words__add(const struct core_types *types, enum core_kind kind,
		       const struct core_place *place, struct buf *out);

#endif
