/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * apt.conf(5), read for one option. Not supported: #include, lists ("::"), and the
 * APT_CONFIG variable.
 */
#ifndef BTFGEN_APT_CONF_H
#define BTFGEN_APT_CONF_H

#include <stdbool.h>

/*
 * Acquire::Check-Valid-Until of the configuration below `root`; *check stays as it was
 * where nothing sets it. Returns 0 or -ENOMEM.
 */
int apt_conf__check_valid_until(const char *root, bool *check);

#endif
