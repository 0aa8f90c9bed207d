/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kernel_versions.h"

#include <stdio.h>
#include <string.h>

/* libbpf's KERNEL_VERSION(): the last number has 8 bits. */
static bool read_version(const char *text, uint32_t *version)
{
	unsigned int major, minor, patch;

	if (sscanf(text, "%3u.%3u.%5u", &major, &minor, &patch) != 3 || major > 255 || minor > 255)
		return false;
	*version = major << 16 | minor << 8 | (patch > 255 ? 255 : patch);
	return true;
}

/* Ubuntu's is in /proc/version_signature alone; Debian's in the version string. */
static bool hides_last_number(const struct kbtf_ident *ident)
{
	if (strcmp(ident->distro, "ubuntu") == 0 || strstr(ident->kernel_version, "Ubuntu"))
		return true;
	return !*ident->kernel_version &&
	       (!*ident->distro || strcmp(ident->distro, "debian") == 0);
}

struct kernel_versions kernel_versions__of(const struct kbtf_ident *ident)
{
	const char *debian = strstr(ident->kernel_version, "Debian ");
	struct kernel_versions versions = KERNEL_VERSIONS_ANY;
	uint32_t version;

	if (debian && read_version(debian + strlen("Debian "), &version))
		return (struct kernel_versions){ version, version };
	if (!read_version(ident->kernel_release, &version))
		return versions;
	if (!hides_last_number(ident) || version & 0xff)
		return (struct kernel_versions){ version, version };
	return (struct kernel_versions){ version, version | 0xff };
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

void version_scope__compare(struct version_scope *scope, struct kernel_versions versions,
			    int64_t number, bool alike)
{
	if (number < 0 || number > KERNEL_VERSIONS_MAX)
		return;
	if (!alike)
		scope->same = true;
	else if (number < versions.from)
		scope->versions.from = max(scope->versions.from, (uint32_t)number + 1);
	else if (number > versions.to)
		scope->versions.to = min(scope->versions.to, (uint32_t)number - 1);
	else if (versions.from == versions.to)
		scope->versions = versions;
	else
		scope->same = true;
}

void version_scope__join(struct version_scope *scope, const struct version_scope *other)
{
	scope->same |= other->same;
	scope->versions.from = max(scope->versions.from, other->versions.from);
	scope->versions.to = min(scope->versions.to, other->versions.to);
}
