/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "profile.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/paths.h"

int profile__choose(const struct text_list *given, bool none, struct objects *objects,
		    struct error *err)
{
	_cleanup_free_ char *bundled = NULL;

	*objects = (struct objects){};
	if (none)
		return 0;
	if (given->count)
		return objects__read(given->items, given->count,
				     given->count == 1 ? "one object" : "own objects", objects, err);
	bundled = paths__objects();
	return bundled ? objects__read_dir(bundled, "bundled", objects, err) : error__oom(err);
}

bool profile__has_object(const struct kbtf_profile *profile, const struct kbtf_object_ref *object)
{
	for (size_t i = 0; i < kbtf_profile__object_count(profile); i++)
		if (memcmp(kbtf_profile__object(profile, i)->sha256, object->sha256,
			   KBTF_SHA256_SIZE) == 0)
			return true;
	return false;
}
