/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "profile.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/paths.h"

int profile__read(const struct text_list *given, struct objects *objects, struct error *err)
{
	_cleanup_free_ char *bundled = NULL;

	*objects = (struct objects){};
	if (given->count)
		return objects__read(given->items, given->count,
				     given->count == 1 ? "one object" : "own objects", objects, err);
	bundled = paths__objects();
	return bundled ? objects__read_dir(bundled, "bundled", objects, err) : error__oom(err);
}

int profile__read_usable(const struct text_list *given, struct objects *objects,
			 struct error *err)
{
	return given->count ? objects__read_usable(given->items, given->count, objects, err)
			    : profile__read(given, objects, err);
}

bool profile__has_object(const struct kbtf_profile *profile, const struct kbtf_object_ref *object)
{
	for (size_t i = 0; i < kbtf_profile__object_count(profile); i++)
		if (memcmp(kbtf_profile__object(profile, i)->sha256, object->sha256,
			   KBTF_SHA256_SIZE) == 0)
			return true;
	return false;
}

int profile_choice__check(struct profile_choice *choice)
{
	struct error err = {};

	if (encoder__parse(choice->encoder_name, &choice->encoder, &err)) {
		log__error("%s", err.text);
		return EXIT_USAGE;
	}
	choice->min_only |= choice->encoder == ENCODER_DWARF;
	if (choice->no_min && choice->min_only) {
		log__error("--no-min leaves nothing to make with %s",
			   choice->encoder == ENCODER_DWARF ? "--encoder dwarf, which makes minimized "
							      "BTF alone" : "--min-only");
		return EXIT_USAGE;
	}
	if (!choice->no_min && profile__read(&choice->objects_given, &choice->objects, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

void profile_choice__free(struct profile_choice *choice)
{
	objects__free(&choice->objects);
	text_list__free(&choice->objects_given);
}
