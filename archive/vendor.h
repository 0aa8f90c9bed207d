/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Whose kernel it is, by what it says of itself: distributions leave marks in `uname -r`
 * and `uname -v`, which hold in a container too, where os-release is the container's.
 *
 * Not told: derivatives that ship another distribution's kernel unchanged, and kernels
 * that somebody built for themselves and named alike.
 */
#ifndef ARCHIVE_VENDOR_H
#define ARCHIVE_VENDOR_H

#include <stdbool.h>

struct vendor {
	/*
	 * os-release IDs of those who ship such kernels, separated by spaces; "": it bears no
	 * mark. More than one where rebuilds keep the mark.
	 */
	const char *distros;
	char release[16];          /* of the distribution, as VERSION_ID has it or begins; "" */
	char package_version[128]; /* as the distribution writes it; "" */
};

/* `signature`: the text of /proc/version_signature, which Ubuntu's kernels have; or "". */
void vendor__of(const char *kernel_release, const char *kernel_version, const char *signature,
		struct vendor *vendor);

/* Whether an os-release of this ID and VERSION_ID may belong to the machine that runs the kernel. */
bool vendor__allows(const struct vendor *vendor, const char *distro, const char *distro_release);

/* The only distribution that it can be, or NULL. */
const char *vendor__only(const struct vendor *vendor);

#endif
