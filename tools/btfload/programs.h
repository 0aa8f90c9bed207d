/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bundled programs, as data: each prints its events by the code beside it in bpf/. */
#ifndef BTFLOAD_PROGRAMS_H
#define BTFLOAD_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

struct bundled {
	const char *name;
	const char *summary;
	const char *description;
	/* What it sends, as it comes; NULL for programs that send nothing. */
	void (*print_heading)(void);
	/* 0, or -1 for bytes that are no event of its */
	int (*print)(const void *data, size_t size, bool json);
	/* What it has collected in a map, at the end; NULL where there is nothing of the kind. */
	const char *end_map;
	/* 0 or -errno */
	int (*print_end)(int map_fd, bool json);
	bool takes_pid; /* by its variable target_pid */
};

/* Ends with a NULL name. */
extern const struct bundled bundled_programs[];

/* Its object file, malloc'ed; NULL if there is no memory. */
char *bundled__path(const char *name);

#endif
