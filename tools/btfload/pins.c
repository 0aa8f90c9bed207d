/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/log.h"

/* A program that uses more maps is not compared by them. */
#define MAX_MAPS 64

enum pin_kind { PIN_LINK, PIN_PROGRAM, PIN_MAP, PIN_KINDS };
enum pin_state { PIN_MADE, PIN_TAKEN_UP, PIN_REPLACED, PIN_REFUSED };

struct pin {
	enum pin_kind kind;
	enum pin_state state;
	char *path;
	int err;    /* why it was refused */
};

static const char *const dir_names[] = { "links", "programs", "maps" };
static const char *const kind_names[] = { "link", "program", "map" };
static const char *const state_names[] = { "pinned", "taken up", "replaced", "not pinned" };

/* ---- the list ----------------------------------------------------------------------------- */

static const char *pin_name(const struct pin *pin)
{
	return strrchr(pin->path, '/') + 1;
}

/* Names with a dot are reserved on a BPF file system. */
static char *pin_path(const struct pins *pins, enum pin_kind kind, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s", pins->dir, dir_names[kind], name) < 0)
		return NULL;
	for (char *at = path + strlen(path) - strlen(name); *at; at++)
		if (*at == '.')
			*at = '_';
	return path;
}

/* `path` is taken over, also on failure. */
static int add_pin(struct pins *pins, enum pin_kind kind, enum pin_state state, char *path)
{
	struct pin *grown = path ? realloc(pins->items, (pins->count + 1) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(path);
		return -ENOMEM;
	}
	pins->items = grown;
	grown[pins->count++] = (struct pin){ .kind = kind, .state = state, .path = path };
	return 0;
}

static struct pin *find_pin(const struct pins *pins, enum pin_kind kind, const char *name)
{
	_cleanup_free_ char *path = pin_path(pins, kind, name);

	for (size_t i = 0; path && i < pins->count; i++)
		if (pins->items[i].kind == kind && strcmp(pins->items[i].path, path) == 0)
			return &pins->items[i];
	return NULL;
}

static void forget_pins(struct pins *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		free(pins->items[i].path);
	free(pins->items);
	pins->items = NULL;
	pins->count = 0;
}

/* ---- directories -------------------------------------------------------------------------- */

/* Of a directory that need not be there yet: then its parent counts. */
static int check_bpffs(const char *dir)
{
	_cleanup_free_ char *copy = strdup(dir);
	struct statfs fs;

	if (!copy)
		return -ENOMEM;
	if (statfs(dir, &fs) < 0 && (errno != ENOENT || statfs(dirname(copy), &fs) < 0)) {
		int err = -errno;

		log__error("%s: %s", dir, strerror(-err));
		return err;
	}
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	log__error("%s: is not on a BPF file system, and nothing can be pinned elsewhere: "
		   "mount -t bpf bpf /sys/fs/bpf, and give a directory in there", dir);
	return -ENOTSUP;
}

static int make_dir(const char *dir, bool *made)
{
	struct stat status;

	*made = mkdir(dir, 0700) == 0;
	if (*made || (errno == EEXIST && stat(dir, &status) == 0 && S_ISDIR(status.st_mode)))
		return 0;
	log__error("%s: can't make this directory: %s", dir, strerror(errno));
	return -errno;
}

/* As far as they are empty. */
static void remove_dirs(const char *dir, bool itself)
{
	for (int kind = 0; kind < PIN_KINDS; kind++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, dir_names[kind]) >= 0)
			rmdir(path);
	}
	if (itself)
		rmdir(dir);
}

int pins__open(struct pins *pins, const char *dir)
{
	bool made;
	int err = check_bpffs(dir);

	if (err)
		return err;
	err = make_dir(dir, &pins->made_dir);
	if (err)
		return err;
	pins->dir = dir;
	for (int kind = 0; !err && kind < PIN_KINDS; kind++) {
		_cleanup_free_ char *path = NULL;

		err = asprintf(&path, "%s/%s", dir, dir_names[kind]) < 0 ? -ENOMEM :
									  make_dir(path, &made);
	}
	return err;
}

/* ---- maps ----------------------------------------------------------------------------------- */

/* Constants are frozen: those of a pinned map can't be set to others. */
static bool has_other_constants(struct bpf_map *map, int fd)
{
	const char *name = bpf_map__name(map), *dot = strchr(name, '.');
	_cleanup_free_ void *there = NULL;
	const void *wanted;
	uint32_t zero = 0;
	size_t size;

	if (!dot || strncmp(dot, ".rodata", 7) != 0)
		return false;
	wanted = bpf_map__initial_value(map, &size);
	/* the kernel's value has room for whole units of 8 bytes */
	there = calloc(1, size + 8);
	return wanted && there && bpf_map_lookup_elem(fd, &zero, there) == 0 &&
	       memcmp(there, wanted, size) != 0;
}

static int check_map(struct bpf_map *map, const char *path)
{
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	const char *what = NULL;

	if (fd < 0)
		return -errno;
	/* before 4.13 there is nothing to ask: libbpf reads it elsewhere */
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return 0;
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map))
		what = "is another kind of map than this object's";
	else if (has_other_constants(map, fd))
		what = "holds other constants (--set, --pid) than are wanted now";
	if (!what)
		return 0;
	log__error("%s: %s; remove it and all beside it by `btfload unpin`", path, what);
	return -EEXIST;
}

static int use_map(struct pins *pins, struct bpf_map *map)
{
	_cleanup_free_ char *path = pin_path(pins, PIN_MAP, bpf_map__name(map));
	bool there = path && access(path, F_OK) == 0;
	int err;

	if (!path)
		return -ENOMEM;
	err = there ? check_map(map, path) : 0;
	if (!err)
		err = bpf_map__set_pin_path(map, path);
	return err ? err : add_pin(pins, PIN_MAP, there ? PIN_TAKEN_UP : PIN_MADE, steal_ptr(path));
}

/* Those of variables that are not libbpf's. They are there already, and not pinned by it. */
static int use_legacy_maps(struct pins *pins, struct kbtf_object *object)
{
	const char *section;
	int fd, err = 0;

	for (size_t i = 0; !err && (fd = kbtf_object__legacy_map(object, i, &section)) >= 0; i++) {
		_cleanup_free_ char *path = pin_path(pins, PIN_MAP, section);
		_cleanup_close_ int there = path ? bpf_obj_get(path) : -1;

		if (there >= 0)
			err = kbtf_object__reuse_legacy_map(object, i, there);
		else if (!path || bpf_obj_pin(fd, path) < 0)
			err = path ? -errno : -ENOMEM;
		if (err)
			log__error("%s: the variables of %s can't be pinned: %s; if they are another "
				   "object's, `btfload unpin` removes them", pins->dir, section,
				   strerror(-err));
		else
			err = add_pin(pins, PIN_MAP, there >= 0 ? PIN_TAKEN_UP : PIN_MADE,
				      steal_ptr(path));
	}
	return err;
}

/* What an earlier try of this run has pinned is not another run's. */
static void unpin_made(struct pins *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		if (pins->items[i].state == PIN_MADE || pins->items[i].state == PIN_REPLACED)
			unlink(pins->items[i].path);
}

int pins__use_maps(struct pins *pins, struct kbtf_object *object)
{
	struct bpf_map *map;
	int err;

	unpin_made(pins);
	forget_pins(pins);
	bpf_object__for_each_map(map, kbtf_object__bpf(object)) {
		/* libbpf's map of variables is of no use then */
		if (kbtf_object__has_legacy_globals(object) && strchr(bpf_map__name(map), '.'))
			continue;
		err = use_map(pins, map);
		if (err)
			return err;
	}
	return use_legacy_maps(pins, object);
}

/* Some maps are not made here after all. */
static void drop_unmade(struct pins *pins, const struct bpf_object *object)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		struct pin *pin = find_pin(pins, PIN_MAP, bpf_map__name(map));

		if (!pin || kbtf_map__is_made(map))
			continue;
		free(pin->path);
		*pin = pins->items[--pins->count];
	}
}

/* ---- programs --------------------------------------------------------------------------------- */

struct program_info {
	struct bpf_prog_info info;
	__u32 maps[MAX_MAPS];
};

static int ask(int fd, struct program_info *about)
{
	__u32 size = sizeof(about->info);

	*about = (struct program_info){ .info.nr_map_ids = MAX_MAPS };
	about->info.map_ids = (uintptr_t)about->maps;
	return bpf_obj_get_info_by_fd(fd, &about->info, &size) < 0 ? -errno : 0;
}

static bool uses_map(const struct program_info *about, __u32 id)
{
	for (__u32 i = 0; i < about->info.nr_map_ids && i < MAX_MAPS; i++)
		if (about->maps[i] == id)
			return true;
	return false;
}

/* Of those that are pinned: libbpf binds others to programs, anew each time. */
static bool use_same_maps(const struct pins *pins, const struct program_info *one,
			  const struct program_info *other)
{
	for (size_t i = 0; i < pins->count; i++) {
		_cleanup_close_ int fd = pins->items[i].kind == PIN_MAP ?
			bpf_obj_get(pins->items[i].path) : -1;
		struct bpf_map_info info = {};
		__u32 size = sizeof(info);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
		    uses_map(one, info.id) != uses_map(other, info.id))
			return false;
	}
	return true;
}

/* By the digest of its instructions, which leaves out which maps it uses, and by those. */
static bool is_same_program(const struct pins *pins, int fd, int other_fd)
{
	struct program_info one, other;

	return ask(fd, &one) == 0 && ask(other_fd, &other) == 0 &&
	       one.info.type == other.info.type &&
	       memcmp(one.info.tag, other.info.tag, sizeof(one.info.tag)) == 0 &&
	       use_same_maps(pins, &one, &other);
}

int pins__take_up_programs(struct pins *pins, struct kbtf_object *object)
{
	struct bpf_program *program;

	drop_unmade(pins, kbtf_object__bpf(object));
	bpf_object__for_each_program(program, kbtf_object__bpf(object)) {
		char *path = pin_path(pins, PIN_PROGRAM, bpf_program__name(program));
		_cleanup_close_ int there = path ? bpf_obj_get(path) : -1;
		int fd = bpf_program__fd(program), err;
		enum pin_state state = there < 0 ? PIN_MADE : PIN_REPLACED;

		if (fd < 0) {
			free(path);
			continue;
		}
		/* libbpf's descriptor now is the pinned program's */
		if (there >= 0 && is_same_program(pins, fd, there) && dup3(there, fd, O_CLOEXEC) == fd)
			state = PIN_TAKEN_UP;
		err = add_pin(pins, PIN_PROGRAM, state, path);
		if (err)
			return err;
	}
	return 0;
}

int pins__keep_programs(struct pins *pins, struct kbtf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, kbtf_object__bpf(object)) {
		struct pin *pin = find_pin(pins, PIN_PROGRAM, bpf_program__name(program));

		if (!pin || pin->state == PIN_TAKEN_UP)
			continue;
		if (pin->state == PIN_REPLACED)
			unlink(pin->path);
		if (bpf_obj_pin(bpf_program__fd(program), pin->path) == 0)
			continue;
		pin->err = -errno;
		pin->state = PIN_REFUSED;
		log__error("%s: can't be pinned: %s", pin->path, strerror(-pin->err));
		return pin->err;
	}
	return 0;
}

/* ---- links --------------------------------------------------------------------------------------- */

static bool is_program(const struct bpf_program *program, __u32 id)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0 && info.id == id;
}

/* A link of a cgroup that is gone stays, and holds nothing. */
static bool is_cgroup(const struct bpf_link_info *info, int cgroup_fd)
{
	struct stat status;

	if (info->type != BPF_LINK_TYPE_CGROUP)
		return cgroup_fd < 0;
	return cgroup_fd >= 0 && fstat(cgroup_fd, &status) == 0 &&
	       info->cgroup.cgroup_id == status.st_ino;
}

struct bpf_link *pins__take_up_link(struct pins *pins, const struct bpf_program *program,
				    int cgroup_fd)
{
	_cleanup_free_ char *path = pin_path(pins, PIN_LINK, bpf_program__name(program));
	struct bpf_link *link = path ? bpf_link__open(path) : NULL;
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (!link)
		return NULL;
	if (bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &size) == 0 &&
	    is_program(program, info.prog_id) && is_cgroup(&info, cgroup_fd) &&
	    add_pin(pins, PIN_LINK, PIN_TAKEN_UP, path) == 0) {
		path = NULL;
		return link;
	}
	bpf_link__destroy(link);
	return NULL;
}

int pins__keep_link(struct pins *pins, const struct bpf_program *program, struct bpf_link *link)
{
	char *path = pin_path(pins, PIN_LINK, bpf_program__name(program));
	enum pin_state state = PIN_MADE;
	int err = link ? 0 : -EOPNOTSUPP;

	if (!path)
		return -ENOMEM;
	if (find_pin(pins, PIN_LINK, bpf_program__name(program))) {
		free(path);
		return 0;
	}
	if (unlink(path) == 0)
		state = PIN_REPLACED;
	if (!err)
		err = bpf_link__pin(link, path);
	if (err)
		state = PIN_REFUSED;
	if (add_pin(pins, PIN_LINK, state, path))
		return -ENOMEM;
	pins->items[pins->count - 1].err = err;
	return 0;
}

/* ---- saying so ----------------------------------------------------------------------------------- */

static const char *reason(const struct pin *pin)
{
	/* what attaches there is a perf event or a cgroup's own list, which can't be pinned */
	if (pin->err == -EINVAL || pin->err == -EOPNOTSUPP || pin->err == -EBADF)
		return "this kernel has no link for it";
	return pin->err ? strerror(-pin->err) : "";
}

void pins__tell(const struct pins *pins)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		if (pin->state == PIN_REFUSED)
			log__info("%s: %s %s is not pinned, and ends with this run: %s", pins->dir,
				  kind_names[pin->kind], pin_name(pin), reason(pin));
		else if (pin->state != PIN_MADE)
			log__info("%s: %s: %s %s", pins->dir, state_names[pin->state],
				  kind_names[pin->kind], pin_name(pin));
	}
}

json_t *pins__to_json(const struct pins *pins)
{
	json_t *all = json_array();

	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		json_array_append_new(all, json_pack("{s:s, s:o, s:o, s:s, s:s}", "kind",
						     kind_names[pin->kind], "name",
						     json_text(pin_name(pin)), "path",
						     json_text(pin->path), "state", state_names[pin->state],
						     "reason", reason(pin)));
	}
	return all;
}

static size_t count_pinned(const struct pins *pins, enum pin_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < pins->count; i++)
		count += pins->items[i].kind == kind && pins->items[i].state != PIN_REFUSED;
	return count;
}

static void tell_what_stays(const struct pins *pins)
{
	size_t links = count_pinned(pins, PIN_LINK);

	log__info("%s: stay pinned: maps %zu, programs %zu, links %zu%s; `btfload unpin %s` removes "
		  "them", pins->dir, count_pinned(pins, PIN_MAP), count_pinned(pins, PIN_PROGRAM),
		  links, links ? ", whose programs stay attached" : "", pins->dir);
}

static void undo(struct pins *pins)
{
	unpin_made(pins);
	remove_dirs(pins->dir, pins->made_dir);
}

void pins__close(struct pins *pins)
{
	if (!pins->dir)
		return;
	if (pins->kept)
		tell_what_stays(pins);
	else
		undo(pins);
	forget_pins(pins);
	pins->dir = NULL;
}

/* ---- removing ------------------------------------------------------------------------------------- */

/* How many, or -errno. */
static int remove_all(const char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int count = 0;

	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	while (count >= 0 && (entry = readdir(stream)))
		if (*entry->d_name != '.')
			count = unlinkat(dirfd(stream), entry->d_name, 0) == 0 ? count + 1 : -errno;
	closedir(stream);
	return count;
}

int pins__remove(const char *dir)
{
	int err = check_bpffs(dir), counts[PIN_KINDS] = {}, all = 0;

	if (err)
		return err;
	/* links first: nothing runs without its maps */
	for (int kind = 0; kind < PIN_KINDS; kind++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, dir_names[kind]) < 0)
			return -ENOMEM;
		counts[kind] = remove_all(path);
		if (counts[kind] < 0) {
			log__error("%s: %s", path, strerror(-counts[kind]));
			return counts[kind];
		}
		all += counts[kind];
	}
	if (!all) {
		log__error("%s: nothing is pinned there", dir);
		return -ENOENT;
	}
	remove_dirs(dir, true);
	log__info("%s: removed: maps %d, programs %d, links %d", dir, counts[PIN_MAP],
		  counts[PIN_PROGRAM], counts[PIN_LINK]);
	return 0;
}
