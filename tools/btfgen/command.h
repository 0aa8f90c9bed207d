/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands: each parses its own line and returns an exit code. */
#ifndef BTFGEN_COMMAND_H
#define BTFGEN_COMMAND_H

int cmd_build(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_index(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_add(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_compact(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_encode(int argc, char **argv);
int cmd_minimize(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_which(int argc, char **argv);

#endif
