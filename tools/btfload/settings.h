/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --set NAME=VALUE: global variables from text. */
#ifndef BTFLOAD_SETTINGS_H
#define BTFLOAD_SETTINGS_H

#include <kbtf_load.h>

/*
 * Numbers are decimal, 0x hexadecimal or 0 octal, signed or not, and must fit the
 * variable; true and false are 1 and 0; a variable of more than 8 bytes takes a string
 * that, with its NUL, fits. Says on stderr what is wrong. 0, -ENOENT or -EINVAL.
 */
int settings__apply(struct kbtf_object *object, const char *const *settings, size_t count);

#endif
