/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "unlinksnoop_print.h"

#include <linux/types.h>
#include <string.h>

#include "print_json.h"
#include "unlinksnoop.h"

/* Threads that are in the middle of a path at once: hardly more than processors. */
#define MAX_PATHS 64
/* PATH_MAX, with room for as much again: paths in the kernel may be longer. */
#define PATH_ROOM 8192
/* In place of names that are missing at its beginning. */
#define CUT "..."

/* A path that is put together from its end. */
struct path {
	struct unlinksnoop_part first;
	__u32 parts;             /* so far; 0: not in use */
	size_t start;
	char text[PATH_ROOM];
};

static struct path paths[MAX_PATHS];

void unlinksnoop__print_heading(void)
{
	printf("%7s %6s %4s %5s %12s %-16s %-12s %s\n", "PID", "UID", "RET", "LINKS", "SIZE", "COMM",
	       "DEVICE", "PATH");
}

static void put_before(struct path *path, const char *text, size_t len)
{
	if (path->start < len)
		return;
	path->start -= len;
	memcpy(path->text + path->start, text, len);
}

static void add_name(struct path *path, const struct unlinksnoop_part *part)
{
	size_t len = part->length < UNLINKSNOOP_NAME_SIZE ? part->length : UNLINKSNOOP_NAME_SIZE;

	if (part->flags & UNLINKSNOOP_CUT)
		put_before(path, CUT, strlen(CUT));
	else if (len)
		put_before(path, part->name, len);
	else
		put_before(path, "?", 1);
	if (!(part->flags & UNLINKSNOOP_CUT))
		put_before(path, "/", 1);
	path->parts++;
}

static void print_path(const struct path *path, bool json)
{
	const struct unlinksnoop_part *first = &path->first;
	const char *text = path->text + path->start;
	size_t len = sizeof(path->text) - path->start;
	bool below = first->flags & UNLINKSNOOP_BELOW_SUBREAPER;

	if (json) {
		printf("{\"pid\":%u,\"uid\":%u,\"ret\":%d,\"inode\":%llu,\"links\":%u,\"size\":%lld,"
		       "\"below_subreaper\":%s,\"comm\":", first->pid, first->uid, first->ret,
		       (unsigned long long)first->inode, first->links, (long long)first->size,
		       below ? "true" : "false");
		print_json_text(first->comm, sizeof(first->comm));
		printf(",\"device\":");
		print_json_text(first->device, sizeof(first->device));
		printf(",\"path\":");
		print_json_text(text, len);
		printf("}\n");
		return;
	}
	printf("%7u %6u %4d %5u %12lld ", first->pid, first->uid, first->ret, first->links,
	       (long long)first->size);
	print_text(first->comm, sizeof(first->comm), 17);
	print_text(first->device, sizeof(first->device), 13);
	print_text(text, len, 0);
	putchar('\n');
}

/* What ends without its last part, some events being lost. */
static void give_up(struct path *path, bool json)
{
	put_before(path, CUT, strlen(CUT));
	print_path(path, json);
	path->parts = 0;
}

/* That of the thread; for a first part, any that is not in use. */
static struct path *find_path(const struct unlinksnoop_part *part, bool json)
{
	struct path *unused = NULL;

	for (size_t i = 0; i < MAX_PATHS; i++) {
		if (paths[i].parts && paths[i].first.tid == part->tid) {
			if (part->index == paths[i].parts)
				return &paths[i];
			give_up(&paths[i], json);
		}
		if (!paths[i].parts)
			unused = &paths[i];
	}
	if (part->index)
		return NULL; /* its first part was lost */
	if (!unused)
		give_up(unused = &paths[0], json);
	unused->first = *part;
	unused->start = sizeof(unused->text);
	return unused;
}

int unlinksnoop__print(const void *data, size_t size, bool json)
{
	const struct unlinksnoop_part *part = data;
	struct path *path;

	if (size < sizeof(*part))
		return -1;
	path = find_path(part, json);
	if (!path)
		return 0;
	add_name(path, part);
	if (part->flags & UNLINKSNOOP_LAST) {
		print_path(path, json);
		path->parts = 0;
	}
	return 0;
}
