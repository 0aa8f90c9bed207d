/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One BPF object, opened, set up, loaded and attached as the command line says. */
#ifndef BTFLOAD_SESSION_H
#define BTFLOAD_SESSION_H

#include <jansson.h>
#include <kbtf_load.h>

#include "attach_reason.h"
#include "base/error.h"
#include "base/options.h"
#include "pins.h"

struct session {
	/* from the command line */
	const char *archive_path, *btf_file, *ident_file, *legacy_name, *pin_dir;
	const char *host_root, *os_release;
	struct text_list settings;
	bool no_kernel_btf, full_btf, infer, load_only, explain, json, strict;
	bool tells_problems;  /* the caller does: they are not said on stderr */
	unsigned int duration_s;
	const char *cgroup_path;
	/* the run */
	const char *object_path;
	struct kbtf_archive *archive;
	struct kbtf_host *host;
	struct kbtf_object *object;
	struct attachment *attachments;
	size_t attachment_count;
	bool has_cgroup;
	int cgroup_fd;        /* that programs are attached to */
	struct pins pins;
	char **left_out;      /* programs that turned out not to load */
	size_t left_out_count;
	struct attach_means means; /* valid if found_means: looked for when something fails */
	bool found_means;
	const char *remedy;   /* that was said, and is not said again */
	json_t *attached;     /* what --json tells of each program */
	char *unattached;     /* a program that should attach and does not, and why */
};

/* Where the BTF comes from. */
#define BTF_OPTIONS(s)                                                                      \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "BTF" },                                     \
	{ OPTION_TEXT, "archive", 'a', "FILE", &(s).archive_path,                           \
	  "take the kernel's BTF from this archive" },                                      \
	{ OPTION_TEXT, "btf", 0, "FILE", &(s).btf_file, "take this file's" },               \
	{ OPTION_TEXT, "ident", 0, "FILE", &(s).ident_file,                                 \
	  "look up a machine described in FILE" },                                          \
	{ OPTION_TEXT, "root", 0, "DIR", &(s).host_root,                                    \
	  "the host's root, where it is mounted in a\ncontainer" },                         \
	{ OPTION_TEXT, "os-release", 0, "FILE", &(s).os_release,                            \
	  "the host's os-release; it is believed" },                                        \
	{ OPTION_FLAG, "no-kernel-btf", 0, NULL, &(s).no_kernel_btf,                        \
	  "pass over the kernel's own" },                                                   \
	{ OPTION_FLAG, "full-btf", 0, NULL, &(s).full_btf,                                  \
	  "full BTF also where there is minimized one" },                                   \
	{ OPTION_FLAG, "infer", 0, NULL, &(s).infer,                                        \
	  "if the archive lacks this kernel, take what its\nneighbours there agree on" }

#define SESSION_OPTIONS(s)                                                                  \
	BTF_OPTIONS(s),                                                                     \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "How" },                                     \
	{ OPTION_LIST, "set", 's', "NAME=VALUE", &(s).settings,                             \
	  "set a global variable before loading" },                                         \
	{ OPTION_TEXT, "legacy-globals", 0, "WHEN", &(s).legacy_name,                       \
	  "global variables through array maps: auto\n(where the kernel has none), force, off" }, \
	{ OPTION_FLAG, "strict", 0, NULL, &(s).strict,                                      \
	  "fail where a program can't be loaded, instead\nof leaving it out" },             \
	{ OPTION_TEXT, "cgroup", 0, "DIR", &(s).cgroup_path,                                \
	  "where programs for cgroups are attached\n(default: the root of the mounted cgroup2)" }, \
	{ OPTION_TEXT, "pin", 0, "DIR", &(s).pin_dir,                                       \
	  "pin maps, programs and links there, and take\nup what is pinned already" },        \
	{ OPTION_NUMBER, "duration", 'D', "SECONDS", &(s).duration_s,                       \
	  "end after this long (default: on Ctrl-C)" },                                     \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },                                  \
	{ OPTION_FLAG, "explain", 0, NULL, &(s).explain,                                    \
	  "say which BTF and why, what was found lacking\nand what was adapted" },          \
	{ OPTION_FLAG, "json", 0, NULL, &(s).json, "print JSON, a line an event" }

/* Whether the command line makes sense; says on stderr if not. Before all else. */
bool session__is_valid(const struct session *session);
/*
 * Open, set variables, load; programs that don't load are left out one by one, unless
 * strict. Says on stderr what was left out and what failed. 0 or -errno.
 */
int session__load(struct session *session, const char *object_path);
/* After load, whatever came of it: if not, the archive or the machine's identity is bad. */
bool session__has_sources(const struct session *session);
/*
 * Attach all that has loaded; the number of those attached, or -errno if none could be.
 * `attached` stays NULL where it did not come to that, which is said on stderr.
 */
int session__attach(struct session *session);
/* With --pin: pin what has loaded and attached. 0 or -errno. */
int session__pin(struct session *session);
/* The remarks, to stdout: as text or JSON. */
void session__explain(const struct session *session);
void session__free(struct session *session);

#endif
