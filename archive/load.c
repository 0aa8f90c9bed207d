/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf_load.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"
#include "folding.h"
#include "globals.h"
#include "ident.h"
#include "probe.h"
#include "remarks.h"

#define OBJECT_LIMIT (256u << 20)
/*
 * For each program. Kernels before 6.4 keep the beginning of a log and not its end, so
 * it must hold it all; memory that nobody writes to costs nothing.
 */
#define LOG_SIZE (8u << 20)
#define LOG_LINES 6

struct kbtf_object {
	struct bpf_object *bpf;
	struct btf *btf;          /* the object file's own */
	struct globals globals;
	bool legacy;
	bool loaded;
	struct bpf_program *failed;
	int btf_fd;               /* memfd with the kernel's BTF, or -1 */
	char memfd_path[64];
	char *btf_path;           /* what libbpf relocates against; NULL: the kernel's own */
	void *adapted;            /* the file as libbpf sees it, where that is another */
	size_t adapted_size;
	char *kconfig;
	struct program_log {
		struct bpf_program *program;
		char *text;
	} *logs;
	size_t log_count;
	struct remarks remarks;
};

DEFINE_CLEANUP(host_freep, struct kbtf_host, kbtf_host__free)

void kbtf_object__close(struct kbtf_object *object)
{
	if (!object)
		return;
	bpf_object__close(object->bpf);
	btf__free(object->btf);
	globals__free(&object->globals);
	if (object->btf_fd >= 0)
		close(object->btf_fd);
	free(object->btf_path);
	free(object->adapted);
	free(object->kconfig);
	for (size_t i = 0; i < object->log_count; i++)
		munmap(object->logs[i].text, LOG_SIZE);
	free(object->logs);
	remarks__free(&object->remarks);
	free(object);
}

struct bpf_object *kbtf_object__bpf(const struct kbtf_object *object)
{
	return object->bpf;
}

bool kbtf_object__has_legacy_globals(const struct kbtf_object *object)
{
	return object->legacy;
}

size_t kbtf_object__remark_count(const struct kbtf_object *object)
{
	return object->remarks.count;
}

const struct kbtf_remark *kbtf_object__remark(const struct kbtf_object *object, size_t index)
{
	return index < object->remarks.count ? &object->remarks.items[index] : NULL;
}

/* ---- the kernel's BTF ------------------------------------------------------------------ */

/* A file in memory, sealed, that libbpf opens by its path under /proc/self/fd. */
static int hand_over(struct kbtf_object *object, const void *data, size_t size)
{
	int err;

	object->btf_fd = memfd_create("kbtf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (object->btf_fd < 0)
		return -errno;
	err = file__write(object->btf_fd, data, size);
	if (err)
		return err;
	if (fcntl(object->btf_fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	snprintf(object->memfd_path, sizeof(object->memfd_path), "/proc/self/fd/%d",
		 object->btf_fd);
	return 0;
}

static int read_entry(struct kbtf_object *object, const struct kbtf_object_opts *opts,
		      const struct kbtf_entry *entry, const uint8_t sha256[SHA256_SIZE],
		      void **data, size_t *size)
{
	const struct kbtf_profile *profile =
		opts->full_btf ? NULL : kbtf_archive__find_profile(opts->archive, sha256);
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	int err;

	if (profile && kbtf_entry__min_size(entry, profile)) {
		err = kbtf_entry__read_min(entry, profile, data, size);
		remarks__add(&object->remarks, KBTF_REMARK_BTF,
			     "BTF of %s from the archive, minimized for this object (%zu bytes)",
			     release, err ? 0 : *size);
	} else {
		err = kbtf_entry__read_btf(entry, data, size);
		remarks__add(&object->remarks, KBTF_REMARK_BTF,
			     "BTF of %s from the archive, in full (%zu bytes)", release,
			     err ? 0 : *size);
	}
	if (err)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "the archive's BTF of %s is damaged", release);
	return err;
}

static int from_archive(struct kbtf_object *object, const struct kbtf_object_opts *opts,
			const struct kbtf_selection *selection, const uint8_t sha256[SHA256_SIZE])
{
	_cleanup_free_ void *data = NULL;
	size_t size;
	int err;

	remarks__add(&object->remarks, KBTF_REMARK_BTF, "%s", kbtf_match__text(selection->match));
	err = read_entry(object, opts, selection->entry, sha256, &data, &size);
	return err ? err : hand_over(object, data, size);
}

static int no_btf(struct kbtf_object *object, const struct kbtf_ident *ident,
		  enum kbtf_match match, bool needed)
{
	remarks__add(&object->remarks, needed ? KBTF_REMARK_PROBLEM : KBTF_REMARK_BTF,
		     "no BTF for %s %s: %s%s%s", ident->kernel_release, ident->arch,
		     kbtf_match__text(match), needed ? "; build it with: btfgen build --kernel " : "",
		     needed ? ident->kernel_release : "");
	if (!needed)
		return 0;
	return match == KBTF_MATCH_AMBIGUOUS ? -ENOTUNIQ : -ENOENT;
}

/* *path: what libbpf is to read; NULL for the kernel's own. */
static int choose_btf(struct kbtf_object *object, const struct kbtf_object_opts *opts,
		      const uint8_t sha256[SHA256_SIZE], bool needed, const char **path)
{
	struct kbtf_host *own __attribute__((__cleanup__(host_freep))) = NULL;
	const struct kbtf_host *host = opts->host;
	struct kbtf_select_opts select_opts = { .sz = sizeof(select_opts) };
	struct kbtf_selection selection;
	int err;

	*path = opts->btf_file;
	if (opts->btf_file) {
		remarks__add(&object->remarks, KBTF_REMARK_BTF, "BTF of the file %s", opts->btf_file);
		return 0;
	}
	if (!host)
		host = own = kbtf_host__new(NULL);
	if (!host)
		return -errno;
	select_opts.kernel_btf = kbtf_host__kernel_btf(host) && !opts->no_kernel_btf;
	err = kbtf_select(opts->archive, kbtf_host__ident(host), &select_opts, &selection);
	if (err)
		return err;
	if (selection.match == KBTF_MATCH_KERNEL) {
		remarks__add(&object->remarks, KBTF_REMARK_BTF, "%s",
			     kbtf_match__text(selection.match));
		return 0;
	}
	if (!selection.entry)
		return no_btf(object, kbtf_host__ident(host), selection.match, needed);
	err = from_archive(object, opts, &selection, sha256);
	*path = object->memfd_path;
	return err;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* Whether the object has any CO-RE relocation: .BTF.ext has a third part, and it is not empty. */
static bool has_core_relocations(const struct bpf_elf *elf)
{
	size_t index = bpf_elf__find_section(elf, ".BTF.ext");
	uint32_t header[8];

	if (!index || elf->sections[index].size < sizeof(header) || !elf->sections[index].data)
		return false;
	memcpy(header, elf->sections[index].data, sizeof(header));
	return header[1] >= sizeof(header) && header[7] > 0;
}

static int read_own_btf(struct kbtf_object *object, const struct bpf_elf *elf)
{
	size_t index = bpf_elf__find_section(elf, ".BTF");

	if (!index || !elf->sections[index].data)
		return 0;
	object->btf = btf__new(elf->sections[index].data, elf->sections[index].size);
	if (object->btf)
		return 0;
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "the object's own BTF can't be parsed");
	return -EBADMSG;
}

/* Without privileges every question to the kernel is answered with no: ask this first. */
static int check_allowed(struct kbtf_object *object)
{
	int err = probe__bpf();

	if (err >= 0)
		return 0;
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
		     "not allowed to load BPF: it takes root, or CAP_BPF and CAP_PERFMON "
		     "(CAP_SYS_ADMIN before 5.8), and no kernel lockdown");
	return err;
}

static int decide_legacy(struct kbtf_object *object, enum kbtf_legacy_globals wish, bool *legacy)
{
	int err, has;

	*legacy = wish == KBTF_LEGACY_GLOBALS_FORCE;
	if (wish != KBTF_LEGACY_GLOBALS_AUTO)
		return 0;
	err = check_allowed(object);
	if (err)
		return err;
	has = probe__global_data();
	if (has < 0)
		return has;
	*legacy = !has;
	remarks__add(&object->remarks, KBTF_REMARK_PROBE, "the kernel has %sglobal variables",
		     has ? "" : "no ");
	return 0;
}

/* libbpf refuses an object with constants that BTF doesn't describe; nobody needs them now. */
static void hide_undescribed(struct bpf_elf *elf, const struct globals *globals,
			     const struct btf *btf)
{
	for (size_t i = 0; i < globals->count; i++) {
		const struct global_section *section = &globals->sections[i];

		if (section->index && btf &&
		    btf__find_by_name_kind(btf, section->name, BTF_KIND_DATASEC) < 0)
			elf->sections[section->index].header.sh_name = 0;
	}
}

/* Makes object->adapted where libbpf shall see another object than the file's. */
static int adapt(struct kbtf_object *object, struct bpf_elf *elf,
		 const struct kbtf_object_opts *opts)
{
	bool legacy;
	int err = globals__collect(elf, object->btf, &object->globals);

	if (err || !globals__find_uses(&object->globals, elf))
		return err;
	err = decide_legacy(object, opts->legacy_globals, &legacy);
	if (err || !legacy)
		return err;
	object->legacy = true;
	if ((err = globals__make_maps(&object->globals, &object->remarks)) ||
	    (err = globals__rewrite(&object->globals, elf, object->btf, &object->remarks)))
		return err;
	hide_undescribed(elf, &object->globals, object->btf);
	return bpf_elf__write(elf, &object->adapted, &object->adapted_size);
}

static struct bpf_map *find_map(const struct kbtf_object *object,
				const struct global_section *section)
{
	size_t section_len = strlen(section->name);
	struct bpf_map *map;

	/* libbpf names it after the section, most with the object's name in front */
	bpf_object__for_each_map(map, object->bpf) {
		const char *name = bpf_map__name(map);
		size_t len = strlen(name), size;

		if (len >= section_len && strcmp(name + len - section_len, section->name) == 0 &&
		    bpf_map__initial_value(map, &size))
			return map;
	}
	return NULL;
}

static void leave_out_maps(struct kbtf_object *object)
{
	for (size_t i = 0; i < object->globals.count; i++) {
		struct bpf_map *map = find_map(object, &object->globals.sections[i]);

		if (map)
			bpf_map__set_autocreate(map, false);
	}
}

static bool needs_kernel_btf(const struct bpf_program *program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_EXT:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return true;
	default:
		return false;
	}
}

/* The function or tracepoint that a section like "fentry/NAME" names. */
static bool has_target(const struct bpf_program *program)
{
	const char *name = strchr(bpf_program__section_name(program), '/');

	/* others are named in other ways, or later */
	if (!name || bpf_program__type(program) != BPF_PROG_TYPE_TRACING)
		return true;
	return libbpf_find_vmlinux_btf_id(name + 1, bpf_program__expected_attach_type(program)) > 0;
}

static int leave_out_programs(struct kbtf_object *object)
{
	bool kernel_btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	struct bpf_program *program;
	int err = check_allowed(object);

	if (err)
		return err;
	bpf_object__for_each_program(program, object->bpf) {
		enum bpf_prog_type type = bpf_program__type(program);
		const char *why = NULL;

		if (!bpf_program__autoload(program))
			continue;
		if (needs_kernel_btf(program) && !kernel_btf)
			why = "which needs the kernel's own BTF";
		else if (needs_kernel_btf(program) && !has_target(program))
			why = "whose target this kernel does not have";
		else if (type != BPF_PROG_TYPE_UNSPEC && !needs_kernel_btf(program) &&
			 libbpf_probe_bpf_prog_type(type, NULL) == 0)
			why = "a type of program that this kernel does not know";
		if (!why)
			continue;
		bpf_program__set_autoload(program, false);
		remarks__add(&object->remarks, KBTF_REMARK_LEFT_OUT, "%s (%s), %s",
			     bpf_program__name(program), bpf_program__section_name(program), why);
	}
	return 0;
}

/*
 * A ring buffer (5.8) becomes a perf event array: programs that ask whether the kernel
 * has struct bpf_ringbuf send their events that way. Those that don't ask are refused
 * by the verifier, for the helper.
 */
static int replace_ring_buffers(struct kbtf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		int err;

		if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF)
			continue;
		err = check_allowed(object);
		if (err)
			return err;
		if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) != 0)
			continue;
		if (bpf_map__set_type(map, BPF_MAP_TYPE_PERF_EVENT_ARRAY) ||
		    bpf_map__set_key_size(map, sizeof(uint32_t)) ||
		    bpf_map__set_value_size(map, sizeof(uint32_t)) ||
		    bpf_map__set_max_entries(map, 0))
			continue;
		remarks__add(&object->remarks, KBTF_REMARK_ADAPTED,
			     "map %s: a perf event array, for the kernel has no ring buffers",
			     bpf_map__name(map));
	}
	return 0;
}

/* Each program gets a log of its own: the one that has words in it is the one that failed. */
static int give_logs(struct kbtf_object *object)
{
	struct bpf_program *program;
	size_t count = 0;

	bpf_object__for_each_program(program, object->bpf)
		count++;
	object->logs = calloc(count + 1, sizeof(*object->logs));
	if (!object->logs)
		return -ENOMEM;
	bpf_object__for_each_program(program, object->bpf) {
		char *text = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (text == MAP_FAILED)
			return -ENOMEM;
		object->logs[object->log_count++] = (struct program_log){ program, text };
		bpf_program__set_log_buf(program, text, LOG_SIZE);
	}
	return 0;
}

static int open_by_libbpf(struct kbtf_object *object, const void *data, size_t size,
			  const struct kbtf_object_opts *opts)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_opts, .object_name = opts->object_name,
		    .kconfig = opts->kconfig, .btf_custom_path = object->btf_path);

	int err;

	object->bpf = bpf_object__open_mem(data, size, &open_opts);
	if (!object->bpf) {
		err = -errno;
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "libbpf can't open the object: %s",
			     strerror(-err));
		return err;
	}
	if (object->legacy)
		leave_out_maps(object);
	err = replace_ring_buffers(object);
	if (!err && opts->leave_out)
		err = leave_out_programs(object);
	return err ? err : give_logs(object);
}

static int open_object(struct kbtf_object *object, const void *data, size_t size,
		       const struct kbtf_object_opts *opts)
{
	struct bpf_elf elf __attribute__((__cleanup__(bpf_elf__free))) = {};
	uint8_t sha256[SHA256_SIZE];
	const char *btf_path = NULL;
	int err = bpf_elf__parse(data, size, &elf);

	if (err) {
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "no BPF object file of this machine's byte order");
		return err;
	}
	sha256__of(data, size, sha256);
	if ((err = read_own_btf(object, &elf)) ||
	    (err = choose_btf(object, opts, sha256, has_core_relocations(&elf), &btf_path)) ||
	    (err = adapt(object, &elf, opts)))
		return err;
	if ((opts->kconfig && !(object->kconfig = strdup(opts->kconfig))) ||
	    (btf_path && !(object->btf_path = strdup(btf_path))))
		return -ENOMEM;
	if (object->adapted)
		return open_by_libbpf(object, object->adapted, object->adapted_size, opts);
	return open_by_libbpf(object, data, size, opts);
}

int kbtf_object__open_mem(const void *data, size_t size, const struct kbtf_object_opts *given,
			  struct kbtf_object **out)
{
	struct kbtf_object_opts opts = {};
	struct kbtf_object *object;
	int err = given ? versioned__copy(&opts, sizeof(opts), given) : 0;

	*out = NULL;
	if (err)
		return -EINVAL;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->btf_fd = -1;
	*out = object;
	return open_object(object, data, size, &opts);
}

int kbtf_object__open(const char *path, const struct kbtf_object_opts *given,
		      struct kbtf_object **out)
{
	_cleanup_free_ void *data = NULL;
	_cleanup_free_ char *name = NULL;
	struct kbtf_object_opts opts = {};
	const char *slash = strrchr(path, '/');
	size_t size;
	int err = given ? versioned__copy(&opts, sizeof(opts), given) : 0;

	*out = NULL;
	if (!err)
		err = file__read(path, OBJECT_LIMIT, &data, &size);
	if (err)
		return err;
	opts.sz = sizeof(opts);
	if (!opts.object_name) {
		/* as libbpf derives it: up to the first dot */
		name = strdup(slash ? slash + 1 : path);
		if (!name)
			return -ENOMEM;
		name[strcspn(name, ".")] = '\0';
		opts.object_name = name;
	}
	return kbtf_object__open_mem(data, size, &opts, out);
}

/* ---- globals -------------------------------------------------------------------------------- */

/* Contents before load: libbpf's copy, which skeletons point into, or else the file's. */
static uint8_t *staged(const struct kbtf_object *object, const struct global_section *section)
{
	struct bpf_map *map = section->index ? find_map(object, section) : NULL;
	size_t size;

	return map ? (uint8_t *)bpf_map__initial_value(map, &size) : section->data;
}

static int push_section(const struct kbtf_object *object, const struct global_section *section)
{
	uint32_t zero = 0;

	if (section->fd < 0)
		return 0;
	return bpf_map_update_elem(section->fd, &zero, staged(object, section), BPF_ANY) ? -errno
											: 0;
}

/* From libbpf's layout of the externs to ours. */
static void copy_kconfig(struct kbtf_object *object, struct global_section *section,
			 const struct bpf_object *from, const uint8_t *values, size_t size)
{
	const struct btf *btf = bpf_object__btf(from);
	int32_t id = btf ? btf__find_by_name_kind(btf, ".kconfig", BTF_KIND_DATASEC) : -1;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_var_secinfo *info = type ? btf_var_secinfos(type) : NULL;

	for (uint32_t i = 0; type && i < btf_vlen(type); i++, info++) {
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		const char *name = btf__name_by_offset(btf, var->name_off);

		for (size_t k = 0; k < object->globals.kconfig_count; k++) {
			const struct kconfig_slot *slot = &object->globals.kconfigs[k];

			if (strcmp(slot->name, name) == 0 && info->offset + info->size <= size &&
			    slot->offset + info->size <= section->size)
				memcpy(section->data + slot->offset, values + info->offset,
				       info->size);
		}
	}
}

static const uint8_t *kconfig_values(const struct bpf_object *from, size_t *size)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, from) {
		const char *name = bpf_map__name(map), *dot = strrchr(name, '.');

		if (dot && strcmp(dot, ".kconfig") == 0)
			return bpf_map__initial_value(map, size);
	}
	return NULL;
}

/*
 * The values of externs, by libbpf's own rules (the kernel's version, its configuration,
 * what is weak, what the caller gave). It finds them during load and not before: so the
 * object is loaded once more, without any program or map.
 */
static int resolve_kconfig(struct kbtf_object *object)
{
	struct global_section *section = globals__find(&object->globals, ".kconfig");
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kconfig = object->kconfig,
		    .btf_custom_path = object->btf_path);
	struct bpf_program *program;
	struct bpf_object *scout;
	struct bpf_map *map;
	const uint8_t *values;
	size_t size;
	int err;

	if (!section || !section->used)
		return 0;
	scout = bpf_object__open_mem(object->adapted, object->adapted_size, &opts);
	if (!scout)
		return -errno;
	bpf_object__for_each_program(program, scout)
		bpf_program__set_autoload(program, false);
	bpf_object__for_each_map(map, scout)
		bpf_map__set_autocreate(map, false);
	err = bpf_object__load(scout);
	values = err ? NULL : kconfig_values(scout, &size);
	if (values)
		copy_kconfig(object, section, scout, values, size);
	bpf_object__close(scout);
	if (err)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "a CONFIG_ value that the object needs can't be had (%s): the kernel's "
			     "configuration is neither in /proc/config.gz nor in /boot",
			     strerror(-err));
	return err;
}

/* ---- constants ------------------------------------------------------------------------------- */

static int fold_program(struct kbtf_object *object, struct bpf_program *program)
{
	const struct globals *globals = &object->globals;
	size_t count = bpf_program__insn_cnt(program), pointers = 0;
	_cleanup_free_ struct bpf_insn *insns = calloc(count + 1, sizeof(*insns));
	_cleanup_free_ struct fold_pointer *found = calloc(globals->pointer_count + 1,
							   sizeof(*found));
	int changed;

	if (!insns || !found)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(program), count * sizeof(*insns));
	for (size_t i = 0; i < globals->pointer_count; i++) {
		const struct global_pointer *pointer = &globals->pointers[i];

		if (global_section__is_constant(pointer->section) &&
		    strcmp(pointer->function, bpf_program__name(program)) == 0)
			found[pointers++] = (struct fold_pointer){
				.at = pointer->at, .data = staged(object, pointer->section),
				.size = pointer->section->size, .offset = pointer->offset,
			};
	}
	changed = pointers ? folding__run(insns, count, found, pointers) : 0;
	if (changed <= 0)
		return changed;
	remarks__add(&object->remarks, KBTF_REMARK_ADAPTED, "%s: %d instructions with constants "
		     "folded into them", bpf_program__name(program), changed);
	return bpf_program__set_insns(program, insns, count);
}

static int fold_constants(struct kbtf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object->bpf) {
		int err = bpf_program__autoload(program) ? fold_program(object, program) : 0;

		if (err)
			return err;
	}
	return 0;
}

int kbtf_object__push_globals(struct kbtf_object *object)
{
	for (size_t i = 0; object->legacy && i < object->globals.count; i++) {
		int err = push_section(object, &object->globals.sections[i]);

		if (err)
			return err;
	}
	return 0;
}

int kbtf_object__pull_globals(struct kbtf_object *object)
{
	uint32_t zero = 0;

	for (size_t i = 0; object->legacy && i < object->globals.count; i++) {
		const struct global_section *section = &object->globals.sections[i];

		if (section->fd >= 0 &&
		    bpf_map_lookup_elem(section->fd, &zero, staged(object, section)) < 0)
			return -errno;
	}
	return 0;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* The verifier's last lines, one remark each. */
static void remark_log(struct kbtf_object *object, char *log)
{
	char *at = log + strnlen(log, LOG_SIZE - 1);
	size_t lines = 0;

	*at = '\0';
	while (at > log && lines <= LOG_LINES)
		if (*--at == '\n')
			lines++;
	for (char *rest = NULL, *line = strtok_r(at, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "verifier: %s", line);
}

/* In words, what most often stands behind an error of an old kernel. */
static const char *explain(const char *log)
{
	static const struct {
		const char *sign, *meaning;
	} signs[] = {
		{ "back-edge", "the kernel allows no loops (before 5.3): unroll it" },
		{ "invalid func unknown", "the kernel has no such helper" },
		{ "unknown func", "the kernel has no such helper" },
		{ "unreachable insn", "the kernel has no calls between BPF functions (before 4.16): "
				      "inline them" },
		{ "BPF_STX uses reserved fields", "the kernel has no fetching atomics (before 5.12)" },
		{ "unknown opcode", "the kernel lacks an instruction: compile with -mcpu=v1" },
		{ "unrecognized bpf_ld_imm64 insn", "the kernel has no addresses of variables or "
						    "functions in instructions" },
		{ "invalid indirect read from stack", "a helper reads stack that was never written" },
		{ "too many instructions", "the program is too large for this kernel" },
		{ "BPF program is too large", "the program is too large for this kernel" },
		{ "R2 type=map_value expected=fp", "the kernel takes keys and values of maps from the "
						   "stack only: copy the variable there" },
		{ "expected=fp", "the kernel's helper takes memory of the stack only: copy the "
				 "variable there" },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(log, signs[i].sign))
			return signs[i].meaning;
	return NULL;
}

static void remark_failure(struct kbtf_object *object, int err)
{
	for (size_t i = 0; i < object->log_count; i++) {
		struct program_log *log = &object->logs[i];
		const char *meaning;

		if (!*log->text || !bpf_program__autoload(log->program))
			continue;
		meaning = explain(log->text);
		object->failed = log->program;
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "%s (%s) does not load: %s%s%s",
			     bpf_program__name(log->program),
			     bpf_program__section_name(log->program), strerror(-err),
			     meaning ? "; " : "", meaning ? meaning : "");
		remark_log(object, log->text);
		return;
	}
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "libbpf can't load the object: %s",
		     strerror(-err));
}

struct bpf_program *kbtf_object__failed_program(const struct kbtf_object *object)
{
	return object->failed;
}

int kbtf_object__load(struct kbtf_object *object)
{
	int err;

	if (!object->bpf || object->loaded)
		return -EINVAL;
	if (object->legacy && ((err = resolve_kconfig(object)) || (err = fold_constants(object))))
		return err;
	err = kbtf_object__push_globals(object);
	if (err) {
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "can't write the global variables: %s", strerror(-err));
		return err;
	}
	err = bpf_object__load(object->bpf);
	if (err) {
		remark_failure(object, err);
		return err;
	}
	object->loaded = true;
	return 0;
}

/* ---- variables by name -------------------------------------------------------------------------- */

struct variable {
	const struct global_section *section;
	size_t offset, size;
};

static bool find_in_section(const struct kbtf_object *object,
			    const struct global_section *section, const char *name,
			    struct variable *variable)
{
	int32_t id = btf__find_by_name_kind(object->btf, section->name, BTF_KIND_DATASEC);
	const struct btf_type *type = id > 0 ? btf__type_by_id(object->btf, id) : NULL;
	const struct btf_var_secinfo *info = type ? btf_var_secinfos(type) : NULL;

	for (uint32_t i = 0; type && i < btf_vlen(type); i++, info++) {
		const struct btf_type *var = btf__type_by_id(object->btf, info->type);

		if (!var || strcmp(btf__name_by_offset(object->btf, var->name_off), name) != 0)
			continue;
		/* libbpf put the right offsets into its own copy of the BTF, not into this one */
		var = NULL;
		id = btf__find_by_name_kind(bpf_object__btf(object->bpf), section->name,
					    BTF_KIND_DATASEC);
		if (id < 0)
			return false;
		info = btf_var_secinfos(btf__type_by_id(bpf_object__btf(object->bpf), id)) + i;
		*variable = (struct variable){ section, info->offset, info->size };
		return variable->offset + variable->size <= section->size;
	}
	return false;
}

static bool find_variable(const struct kbtf_object *object, const char *name,
			  struct variable *variable)
{
	for (size_t i = 0; object->btf && object->bpf && i < object->globals.count; i++)
		if (object->globals.sections[i].index &&
		    find_in_section(object, &object->globals.sections[i], name, variable))
			return true;
	return false;
}

ssize_t kbtf_object__global_size(const struct kbtf_object *object, const char *name)
{
	struct variable variable;

	return find_variable(object, name, &variable) ? (ssize_t)variable.size : -ENOENT;
}

/* The map that holds the variable after load, whoever made it. */
static int map_fd_of(const struct kbtf_object *object, const struct variable *variable)
{
	struct bpf_map *map;

	if (object->legacy)
		return variable->section->fd;
	map = find_map(object, variable->section);
	return map ? bpf_map__fd(map) : -1;
}

static int access_global(const struct kbtf_object *object, const char *name, void *get,
			 const void *set, size_t size)
{
	_cleanup_free_ uint8_t *value = NULL;
	struct variable variable;
	uint32_t zero = 0;
	int fd;

	if (!find_variable(object, name, &variable))
		return -ENOENT;
	if (variable.size != size)
		return -EINVAL;
	if (!object->loaded) {
		uint8_t *at = staged(object, variable.section) + variable.offset;

		memcpy(get ? get : at, get ? at : set, size);
		return 0;
	}
	if (set && strncmp(variable.section->name, ".rodata", 7) == 0)
		return -EPERM;
	fd = map_fd_of(object, &variable);
	value = malloc(variable.section->size);
	if (!value)
		return -ENOMEM;
	if (fd < 0)
		return -ENOENT; /* no program uses it, so it is nowhere */
	if (bpf_map_lookup_elem(fd, &zero, value) < 0)
		return -errno;
	if (get)
		memcpy(get, value + variable.offset, size);
	else
		memcpy(value + variable.offset, set, size);
	return set && bpf_map_update_elem(fd, &zero, value, BPF_ANY) < 0 ? -errno : 0;
}

int kbtf_object__get_global(const struct kbtf_object *object, const char *name, void *value,
			    size_t size)
{
	return access_global(object, name, value, NULL, size);
}

int kbtf_object__set_global(struct kbtf_object *object, const char *name, const void *value,
			    size_t size)
{
	return access_global(object, name, NULL, value, size);
}

/* ---- skeletons -------------------------------------------------------------------------------------- */

static int fill_skeleton(struct kbtf_object *object, struct bpf_object_skeleton *skeleton)
{
	*skeleton->obj = object->bpf;
	for (int i = 0; i < skeleton->map_cnt; i++) {
		struct bpf_map_skeleton *map = &skeleton->maps[i];
		size_t size;

		*map->map = bpf_object__find_map_by_name(object->bpf, map->name);
		if (!*map->map)
			return -ESRCH;
		if (map->mmaped)
			*map->mmaped = (void *)bpf_map__initial_value(*map->map, &size);
	}
	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *program = &skeleton->progs[i];

		*program->prog = bpf_object__find_program_by_name(object->bpf, program->name);
		if (!*program->prog)
			return -ESRCH;
	}
	return 0;
}

int kbtf_object__open_skeleton(struct bpf_object_skeleton *skeleton,
			       const struct kbtf_object_opts *given, struct kbtf_object **object)
{
	struct kbtf_object_opts opts = {};
	int err = given ? versioned__copy(&opts, sizeof(opts), given) : 0;

	*object = NULL;
	if (err)
		return -EINVAL;
	opts.sz = sizeof(opts);
	if (!opts.object_name)
		opts.object_name = skeleton->name;
	err = kbtf_object__open_mem(skeleton->data, skeleton->data_sz, &opts, object);
	if (!err)
		err = fill_skeleton(*object, skeleton);
	if (err == -ESRCH)
		remarks__add(&(*object)->remarks, KBTF_REMARK_PROBLEM,
			     "the skeleton names a map or program that the object does not have");
	return err;
}

int kbtf_object__load_skeleton(struct kbtf_object *object, struct bpf_object_skeleton *skeleton)
{
	int err = kbtf_object__load(object);

	if (err || object->legacy)
		return err; /* the pointers stay on libbpf's copies: see pull and push */
	for (int i = 0; i < skeleton->map_cnt; i++) {
		struct bpf_map_skeleton *map = &skeleton->maps[i];
		size_t size = 0;
		long page = sysconf(_SC_PAGESIZE);
		void *value;

		if (!map->mmaped || !(bpf_map__map_flags(*map->map) & BPF_F_MMAPABLE)) {
			if (map->mmaped)
				*map->mmaped = NULL;
			continue;
		}
		value = (void *)bpf_map__initial_value(*map->map, &size);
		size = (size + (size_t)page - 1) / (size_t)page * (size_t)page;
		/* the map itself takes the place of the copy that the pointers lead to */
		value = mmap(value, size, bpf_map__map_flags(*map->map) & BPF_F_RDONLY_PROG
					  ? PROT_READ : PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, bpf_map__fd(*map->map), 0);
		if (value == MAP_FAILED)
			return -errno;
		*map->mmaped = value;
	}
	return 0;
}
