/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * --pin DIR: what a run leaves behind in a directory of a BPF file system, for the next one
 * to take up: DIR/maps, DIR/programs and DIR/links, each with a file a name. Programs go on
 * when nobody runs only by their links; what is attached in other ways ends with the run.
 *
 * One directory for one object: another one's maps of the same name would be taken for
 * its own.
 */
#ifndef BTFLOAD_PINS_H
#define BTFLOAD_PINS_H

#include <jansson.h>
#include <kbtf_load.h>

struct pins {
	const char *dir;  /* NULL: nothing is pinned */
	struct pin *items;
	size_t count;
	bool made_dir;
	bool kept;        /* the run went well */
};

/*
 * Before anything is loaded: make the directories. Says on stderr why not, and what to do.
 * 0 or -errno, as of all here; end with pins__close() always.
 */
int pins__open(struct pins *pins, const char *dir);
/*
 * Between open and load: libbpf takes up or pins the maps. -EEXIST: those that are there
 * are others, which is said on stderr.
 */
int pins__use_maps(struct pins *pins, struct kbtf_object *object);
/* After load: programs that are there already, and are the same, take the new ones' places. */
int pins__take_up_programs(struct pins *pins, struct kbtf_object *object);
/*
 * The link of this program, if there is one that still holds; `cgroup_fd` is where it would
 * be attached otherwise, -1 if that is no cgroup.
 */
struct bpf_link *pins__take_up_link(struct pins *pins, const struct bpf_program *program,
				    int cgroup_fd);
/* Now that all is well: programs, and then each link; NULL: it was attached without one. */
int pins__keep_programs(struct pins *pins, struct kbtf_object *object);
int pins__keep_link(struct pins *pins, const struct bpf_program *program, struct bpf_link *link);
/* What was taken up and what could not be pinned, on stderr. */
void pins__tell(const struct pins *pins);
json_t *pins__to_json(const struct pins *pins);
/* Says what stays; unless it was kept, removes what this run pinned. */
void pins__close(struct pins *pins);

/* `btfload unpin`: remove all that was pinned. Says so, or why not, on stderr. */
int pins__remove(const char *dir);

#endif
