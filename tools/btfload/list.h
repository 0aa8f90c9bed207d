/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* btfload list: the bundled programs, what each needs, and whether it runs here. */
#ifndef BTFLOAD_LIST_H
#define BTFLOAD_LIST_H

int cmd_list(int argc, char **argv);

#endif
