/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options that say which kernels are meant, and the catalogue that they ask for. */
#ifndef BTFGEN_KNOWN_H
#define BTFGEN_KNOWN_H

#include "base/transfer.h"
#include "base/options.h"
#include "source/catalogue.h"

struct known {
	/* from the command line */
	const char *pattern_text;
	struct text_list distros, releases, arches, mirrors;
	const char *manifests, *keyring, *work_path;
	bool allow_unsigned, allow_expired;
	bool for_counts;              /* set by commands: nothing is built by it */
	unsigned int per_host, delay_s, timeout_s, tries;
	/* made by known__load */
	struct pattern *pattern;
	struct workdir *work;
	struct transfers *transfers;
	struct catalogue catalogue;
};

/* Entries for a command's option table, with k a struct known. */
#define KNOWN_FILTER_OPTIONS(k)                                                             \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "Which kernels" },                           \
	{ OPTION_TEXT, "kernel", 'k', "PATTERN", &(k).pattern_text,                         \
	  "releases: 4.18, a whole release, a glob,\na range 4.14..4.19, or several: A,B" }, \
	{ OPTION_LIST, "distro", 'd', "NAME", &(k).distros,                                 \
	  "of this distribution; may be repeated\n(default: all that have a manifest)" },   \
	{ OPTION_LIST, "release", 'r', "NAME", &(k).releases,                               \
	  "of this release: a version or codename" },                                       \
	{ OPTION_LIST, "arch", 0, "ARCH", &(k).arches,                                      \
	  "of this architecture, as `uname -m` has it" }

#define KNOWN_SOURCE_OPTIONS(k)                                                             \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "Where from" },                              \
	{ OPTION_LIST, "mirror", 0, "[REPO=]URL", &(k).mirrors,                             \
	  "take a repository of the manifest from here" },                                  \
	{ OPTION_TEXT, "keyring", 0, "PATH", &(k).keyring,                                  \
	  "the keys that indexes and packages must be\nsigned by" },                        \
	{ OPTION_FLAG, "allow-unsigned", 0, NULL, &(k).allow_unsigned,                      \
	  "take what nothing signs; the archive's\nprovenance then says unverified" },      \
	{ OPTION_FLAG, "allow-expired", 0, NULL, &(k).allow_expired,                        \
	  "take an index past its Valid-Until" },                                           \
	{ OPTION_NUMBER, "per-host", 0, "N", &(k).per_host,                                 \
	  "requests at once to one host (default: 4)" },                                    \
	{ OPTION_NUMBER, "delay", 0, "SECONDS", &(k).delay_s,                               \
	  "from one request to the next of a host\n(default: none)" },                      \
	{ OPTION_NUMBER, "timeout", 0, "SECONDS", &(k).timeout_s,                           \
	  "give up on a silent host (default: 30)" },                                       \
	{ OPTION_NUMBER, "tries", 0, "N", &(k).tries,                                       \
	  "requests for one file (default: 4)" },                                           \
	{ OPTION_TEXT, "manifests", 0, "DIR", &(k).manifests,                               \
	  "read the manifests of this directory" },                                         \
	{ OPTION_TEXT, "work", 'w', "DIR", &(k).work_path,                                  \
	  "cache and scratch (default:\n$XDG_CACHE_HOME/btfgen)" }

/* How servers are asked, by the options. */
struct transfers_opts known__transfers_opts(const struct known *known);

/*
 * Open the working directory, and load what is known; `cached_only` without network.
 * What could not be had is logged. Returns EXIT_OK (known->catalogue
 * may be empty), EXIT_FAILED or EXIT_USAGE, explained on stderr.
 */
int known__load(struct known *known, bool cached_only);
/* After known__load: the same once more, into another catalogue, with nothing logged. */
int known__ask(const struct known *known, bool cached_only, struct catalogue *catalogue,
	       struct error *err);
void known__free(struct known *known);


#endif
