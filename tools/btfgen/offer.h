/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What BTF of an archive BPF objects would get on a machine. */
#ifndef BTFGEN_OFFER_H
#define BTFGEN_OFFER_H

#include <jansson.h>
#include <kbtf.h>

#include "base/error.h"
#include "base/options.h"

/* For one object. */
struct offer {
	const char *object;      /* its path, lent */
	const char *btf;         /* "kernel", "minimized", "full", or "none"; static */
	bool judged;             /* the neighbours were asked, for lack of an entry */
	bool agreed;             /* and they agree */
	char *reason;            /* why they don't */
};

struct offers {
	struct kbtf_neighbours neighbours; /* of a kernel that no entry fits */
	struct offer *items;
	size_t count;
};

/*
 * For the objects at `paths`, where kbtf_select() said *selection. If that is NONE, all of them
 * may have the same of the kernel's neighbours, and `infer` allows it, *selection becomes
 * INFERRED.
 */
int offers__find(const struct kbtf_archive *archive, const struct kbtf_host *host,
		 const struct text_list *paths, bool infer, struct kbtf_selection *selection,
		 struct offers *offers, struct error *err);
void offers__free(struct offers *offers);
/* Whether each object gets BTF. */
bool offers__suffice(const struct offers *offers);

void offers__print(const struct offers *offers, enum kbtf_match match);
/* Adds "neighbours" and "objects", as far as there are any. */
void offers__to_json(const struct offers *offers, json_t *out);

#endif
