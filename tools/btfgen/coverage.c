/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "coverage.h"

#include <string.h>

#include "stage/plan.h"

const char *coverage__name(enum coverage coverage)
{
	static const char *const names[] = { "missing", "archived", "failed" };

	return names[coverage];
}

enum coverage coverage__of(const struct kernel *kernel, const struct kbtf_archive *archive,
			   const struct journal *journal, const json_t **record)
{
	const char *status;

	*record = NULL;
	if (plan__find_entry(archive, kernel))
		return COVERAGE_ARCHIVED;
	*record = journal__find(journal, kernel);
	status = json_string_value(json_object_get(*record, "status"));
	return status && strcmp(status, "failed") == 0 ? COVERAGE_FAILED : COVERAGE_MISSING;
}
