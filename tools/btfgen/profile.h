/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which BPF objects to minimize for, as the command line says. */
#ifndef BTFGEN_PROFILE_H
#define BTFGEN_PROFILE_H

#include "base/objects.h"
#include "base/options.h"

#define PROFILE_OPTIONS(given, none)                                                        \
	{ OPTION_LIST, "for", 'f', "OBJ.bpf.o", &(given),                                   \
	  "minimize for these BPF objects, together\n(default: the bundled programs)" },    \
	{ OPTION_FLAG, "no-min", 0, NULL, &(none), "full BTF only" }

/* The given objects, else the bundled ones; `none`: an empty set. */
int profile__choose(const struct text_list *given, bool none, struct objects *objects,
		    struct error *err);

/* Whether an archive's profile was made for an object, among others. */
bool profile__has_object(const struct kbtf_profile *profile, const struct kbtf_object_ref *object);

#endif
