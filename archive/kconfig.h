/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * __kconfig externs where the kernel's configuration can't be read: libbpf then refuses
 * even an object whose externs are all weak, which would be zero. This says so for it.
 */
#ifndef ARCHIVE_KCONFIG_H
#define ARCHIVE_KCONFIG_H

#include <bpf/btf.h>

#include "bpf_elf.h"
#include "remarks.h"

/*
 * What to hand to libbpf as bpf_object_open_opts.kconfig: `given` (or NULL), and where
 * there is neither /proc/config.gz nor /boot/config-RELEASE, "n" or 0 for each weak
 * CONFIG_ extern that it does not name. *text is malloc'ed, or NULL for nothing.
 */
int kconfig__complete(const struct bpf_elf *elf, const struct btf *btf, const char *given,
		      char **text, struct remarks *remarks);

#endif
