/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is to be made of each kernel: by which encoder, and for which BPF objects. */
#ifndef BTFGEN_PROFILE_H
#define BTFGEN_PROFILE_H

#include "base/objects.h"
#include "base/options.h"
#include "stage/plan.h"

struct profile_choice {
	/* from the command line */
	struct text_list objects_given;
	const char *encoder_name;
	bool no_min, min_only;
	/* what comes of it */
	enum encoder encoder;
	struct objects objects;
};

#define PROFILE_OPTIONS(choice)                                                             \
	{ OPTION_LIST, "for", 'f', "OBJ.bpf.o", &(choice).objects_given,                    \
	  "minimize for these BPF objects, together\n(default: the bundled programs)" },    \
	{ OPTION_FLAG, "no-min", 0, NULL, &(choice).no_min, "full BTF only" },              \
	{ OPTION_FLAG, "min-only", 0, NULL, &(choice).min_only, "minimized BTF only" },     \
	{ OPTION_TEXT, "encoder", 'e', "NAME", &(choice).encoder_name,                      \
	  "embedded: the kernel's own .BTF\npahole: all of the debug package's DWARF\n"     \
	  "dwarf: what the objects may ask of that, in\nseconds; implies --min-only\n"      \
	  "auto: embedded, or dwarf with --min-only, or\npahole" }

/* The given objects, else the bundled ones. */
int profile__read(const struct text_list *given, struct objects *objects, struct error *err);
/* The same, but as objects__read_usable(). */
int profile__read_usable(const struct text_list *given, struct objects *objects,
			 struct error *err);

/* EXIT_OK, or an exit code with the reason on stderr. */
int profile_choice__check(struct profile_choice *choice);
void profile_choice__free(struct profile_choice *choice);

/* Whether an archive's profile was made for an object, among others. */
bool profile__has_object(const struct kbtf_profile *profile, const struct kbtf_object_ref *object);

#endif
