/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the name of a kernel release tells: which is later, and of what flavour it is. */
#ifndef ARCHIVE_BASE_RELEASE_H
#define ARCHIVE_BASE_RELEASE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Version order, as RPM has it: numbers by value and above letters, so that 147.0.3.el8_1 is
 * after 147.el8; '~' before everything. Good for versions of packages, too, if they have no
 * epoch.
 */
int release__compare(const char *a, const char *b);

/*
 * Whether what is behind the numbers is the same: "cloud-amd64" of 6.1.0-56-cloud-amd64 and of
 * 6.12.9+deb12-cloud-amd64. Letters with a number behind count versions or name a machine
 * (deb12, el8, rc1, amd64), and do not matter.
 */
bool release__same_flavour(const char *a, const char *b);

/*
 * Those words with '-' between them: "cloud" of 6.1.0-56-cloud-amd64, "uek" of
 * 4.14.35-1902.300.11.el7uek.x86_64, "64k" of 5.14.0-362.8.1.el9_3.aarch64+64k; "" where
 * there is none. Cut off if it does not fit.
 */
void release__flavour(const char *release, char *text, size_t size);

#endif
