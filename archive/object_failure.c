/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Why an object does not open or load, in words. */
#include "object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "attach_types.h"
#include "base/cleanup.h"
#include "explain.h"
#include "probe.h"
#include "refusal.h"

#define LOG_LINES 6
/* What kernels before 5.2 take, and later ones of who is not privileged. */
#define OLD_INSN_LIMIT 4096
#define SUSPECT_MEMLOCK (1u << 20)

static void problem(struct kbtf_object *object, const char *subject, int err)
{
	char words[128];

	libbpf_strerror(err, words, sizeof(words));
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "%s: %s", subject, words);
}

/*
 * Whether RLIMIT_MEMLOCK has nothing to do with it: kernels that have this helper (5.11) count
 * BPF's memory by control group. Where nothing loads, nothing can be asked, and only a limit
 * that is smaller than any of today is suspect.
 */
static bool is_free_of_memlock(const struct kbtf_object *object, const struct refusal *refusal)
{
	if (!object->allowed)
		return refusal->memlock >= SUSPECT_MEMLOCK;
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_ktime_get_coarse_ns,
				       NULL) > 0;
}

static void refused(struct kbtf_object *object, const char *subject)
{
	struct refusal refusal;
	char words[512];

	refusal__look("", &refusal);
	if (is_free_of_memlock(object, &refusal))
		refusal.memlock = ~0ull;
	refusal__describe(&refusal, subject, words, sizeof(words));
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "%s", words);
}

/* Before it is open nothing is known of its programs: most trace. */
static bool has_tracing(const struct kbtf_object *object)
{
	struct bpf_program *program;

	if (!object->bpf)
		return true;
	bpf_object__for_each_program(program, object->bpf)
		if (explain__is_tracing(bpf_program__type(program)))
			return true;
	return false;
}

int object__check_allowed(struct kbtf_object *object)
{
	int err = object->allowed ? 0 : probe__bpf();

	if (err >= 0 && !object->allowed && has_tracing(object))
		err = probe__tracing();
	if (err >= 0) {
		object->allowed = true;
		return 0;
	}
	if (err == -ENOSYS)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "the kernel has no BPF: it was built without CONFIG_BPF_SYSCALL");
	else
		refused(object, "load BPF");
	return err;
}

/* ---- opening --------------------------------------------------------------------------- */

void object__remark_no_object(struct kbtf_object *object, const void *data, size_t size)
{
	const unsigned char own = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	const unsigned char *ident = data;
	Elf64_Ehdr header = {};

	if (size < sizeof(header) || memcmp(data, ELFMAG, SELFMAG) != 0) {
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "no BPF object file: it is no ELF file");
		return;
	}
	memcpy(&header, data, sizeof(header));
	if (ident[EI_DATA] != own)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "no BPF object file of this machine's byte order: compile with -target "
			     "bpf on it, or with -target %s", own == ELFDATA2LSB ? "bpfel" : "bpfeb");
	else if (header.e_machine != EM_BPF)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "no BPF object file: it is for another machine (%u)", header.e_machine);
	else
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "no BPF object file: it is cut off or damaged");
}

/* Definitions in a section "maps" or "maps/NAME", which libbpf takes no more since 1.0. */
static bool remark_old_maps(struct kbtf_object *object, const struct bpf_elf *elf)
{
	bool found = false;

	for (size_t i = 0; i < elf->symbol_count; i++) {
		const Elf64_Sym *symbol = &elf->symbols[i];
		const char *section;

		if (!symbol->st_shndx || symbol->st_shndx >= elf->section_count ||
		    ELF64_ST_TYPE(symbol->st_info) == STT_SECTION)
			continue;
		section = elf->sections[symbol->st_shndx].name;
		if (strcmp(section, "maps") != 0 && strncmp(section, "maps/", 5) != 0)
			continue;
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "map %s is defined the old way, in SEC(\"%s\"), which libbpf 1 refuses: "
			     "write struct { __uint(type, …); … } %s SEC(\".maps\")",
			     bpf_elf__symbol_name(elf, symbol), section,
			     bpf_elf__symbol_name(elf, symbol));
		found = true;
	}
	return found;
}

void object__remark_open_failure(struct kbtf_object *object, const struct bpf_elf *elf, int err)
{
	problem(object, "libbpf can't open the object", err);
	remark_old_maps(object, elf);
}

/* ---- what the verifier says ------------------------------------------------------------ */

/*
 * The last instruction that the log names: lines of it begin with its number and ": (", or
 * ": <" where libbpf put words in its place.
 */
static bool last_instruction(const char *log, unsigned long *number)
{
	bool found = false;

	for (const char *line = log; line; line = strchr(line, '\n')) {
		char *end;
		unsigned long value;

		line += *line == '\n';
		value = strtoul(line, &end, 10);
		if (end == line || (strncmp(end, ": (", 3) != 0 && strncmp(end, ": <", 3) != 0))
			continue;
		*number = value;
		found = true;
	}
	return found;
}

/* Of the program itself: those of functions that it calls are numbered behind its own. */
static void remark_line(struct kbtf_object *object, const struct program_log *log)
{
	struct source_line line;
	unsigned long number;

	if (last_instruction(log->text, &number) &&
	    number < log->size / sizeof(struct bpf_insn) &&
	    source_lines__find(&object->lines, object->btf,
			       bpf_program__section_name(log->program),
			       log->place + number * sizeof(struct bpf_insn), &line))
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "%s:%u: %s", line.file,
			     line.number, line.text);
}

/* The verifier's last lines, one remark each. */
static void remark_log(struct kbtf_object *object, char *log)
{
	char *at = log + strlen(log);
	size_t lines = 0;

	while (at > log && lines <= LOG_LINES)
		if (*--at == '\n')
			lines++;
	for (char *rest = NULL, *line = strtok_r(at, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "verifier: %s", line);
}

static void remark_refused(struct kbtf_object *object, const struct program_log *log, int err)
{
	char meaning[1024];
	const char *words = err == -ENOSPC ? "the verifier has more to say than its log holds" :
			    err == -EACCES ? "the verifier refuses it" : strerror(-err);

	explain__log(log->text, bpf_program__type(log->program), meaning, sizeof(meaning));
	object->failed = log->program;
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "%s (%s) does not load: %s%s%s",
		     bpf_program__name(log->program), bpf_program__section_name(log->program), words,
		     *meaning ? "; " : "", meaning);
	remark_line(object, log);
	remark_log(object, log->text);
}

/* ---- what nobody says ------------------------------------------------------------------ */

static struct bpf_program *next_wanted(const struct kbtf_object *object,
				       struct bpf_program *program)
{
	do
		program = bpf_object__next_program(object->bpf, program);
	while (program && !bpf_program__autoload(program));
	return program;
}

static void remark_program(struct kbtf_object *object, struct bpf_program *program, const char *why)
{
	object->failed = program;
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "%s (%s) does not load: %s",
		     bpf_program__name(program), bpf_program__section_name(program), why);
}

/* Refused by its size before a verifier sees it, so there is no log. */
static bool remark_too_long(struct kbtf_object *object)
{
	char why[256];

	for (struct bpf_program *program = next_wanted(object, NULL); program;
	     program = next_wanted(object, program)) {
		if (bpf_program__insn_cnt(program) <= OLD_INSN_LIMIT)
			continue;
		snprintf(why, sizeof(why), "it has %zu instructions, and the kernel takes no more than "
			 "%d a program (before 5.2): split it by tail calls",
			 bpf_program__insn_cnt(program), OLD_INSN_LIMIT);
		remark_program(object, program, why);
		return true;
	}
	return false;
}

static bool remark_unknown_program(struct kbtf_object *object)
{
	for (struct bpf_program *program = next_wanted(object, NULL); program;
	     program = next_wanted(object, program)) {
		enum bpf_prog_type type = bpf_program__type(program);

		if (type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
		    type == BPF_PROG_TYPE_EXT || type == BPF_PROG_TYPE_STRUCT_OPS) {
			if (access("/sys/kernel/btf/vmlinux", R_OK) == 0)
				continue;
			remark_program(object, program, "programs of its type need the kernel's own BTF, "
							"and it has none: no archive can stand in");
			return true;
		}
		if (attach_type__is_always_told(type, bpf_program__expected_attach_type(program)) &&
		    probe__attach_types() == 0) {
			remark_program(object, program, "the kernel takes no programs for a certain way "
							"to attach (before 4.17)");
			return true;
		}
		if (libbpf_probe_bpf_prog_type(type, NULL) != 0)
			continue;
		remark_program(object, program, "the kernel does not know programs of its type");
		return true;
	}
	return false;
}

/* Where there is but one, it is that. */
static bool remark_only_program(struct kbtf_object *object, int err)
{
	struct bpf_program *program = next_wanted(object, NULL);

	if (!program || next_wanted(object, program) || err == -ESRCH)
		return false;
	remark_program(object, program, strerror(-err));
	return true;
}

/* A file that the user named, which libbpf could not read as BTF. */
static bool remark_btf_file(struct kbtf_object *object)
{
	struct btf *btf;

	if (!object->btf_path || object->btf_fd >= 0)
		return false;
	btf = btf__parse(object->btf_path, NULL);
	if (!btf)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "%s is no BTF, and no ELF file that has some, or is cut off",
			     object->btf_path);
	btf__free(btf);
	return !btf;
}

/* ---- maps ------------------------------------------------------------------------------ */

static int create_inner(const struct bpf_map *map)
{
	struct bpf_map *inner = bpf_map__inner_map((struct bpf_map *)map);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = inner ? bpf_map__map_flags(inner) : 0);

	return inner ? bpf_map_create(bpf_map__type(inner), NULL, bpf_map__key_size(inner),
				      bpf_map__value_size(inner), bpf_map__max_entries(inner), &opts)
		     : -1;
}

/* What libbpf was told of besides, and does not tell: maps of these types can't be tried. */
static bool can_try(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_STRUCT_OPS:
		return false;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return bpf_map__inner_map((struct bpf_map *)map) != NULL;
	default:
		return true;
	}
}

/* As libbpf makes it, with its types or without. 0, or the kernel's -errno, as libbpf gives it. */
static int try_map(const struct kbtf_object *object, const struct bpf_map *map)
{
	_cleanup_close_ int inner = create_inner(map), fd = -1;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(map),
		    .map_extra = bpf_map__map_extra(map), .numa_node = bpf_map__numa_node(map),
		    .inner_map_fd = inner > 0 ? (uint32_t)inner : 0);
	uint32_t entries = bpf_map__max_entries(map);
	int err;

	if (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !entries)
		entries = (uint32_t)libbpf_num_possible_cpus();
	fd = bpf_map_create(bpf_map__type(map), NULL, bpf_map__key_size(map),
			    bpf_map__value_size(map), entries, &opts);
	if (fd >= 0)
		return 0;
	err = -errno;
	opts.btf_fd = (uint32_t)bpf_object__btf_fd(object->bpf);
	opts.btf_key_type_id = bpf_map__btf_key_type_id(map);
	opts.btf_value_type_id = bpf_map__btf_value_type_id(map);
	if (bpf_object__btf_fd(object->bpf) < 0 || !opts.btf_value_type_id)
		return err;
	fd = bpf_map_create(bpf_map__type(map), NULL, bpf_map__key_size(map),
			    bpf_map__value_size(map), entries, &opts);
	return fd >= 0 ? 0 : err;
}

static const char *map_reason(const struct bpf_map *map, int err, char *words, size_t size)
{
	const char *since = explain__map_since(bpf_map__type(map));

	if (libbpf_probe_bpf_map_type(bpf_map__type(map), NULL) == 0)
		snprintf(words, size, "the kernel has no maps of this type%s%s%s",
			 since ? " (before " : "", since ? since : "", since ? ")" : "");
	else if (err == -E2BIG || err == -ENOMEM)
		snprintf(words, size, "it is too large (%s)", strerror(-err));
	else if (err == -EINVAL)
		snprintf(words, size, "the kernel takes no map of this type, or none with such a key, "
				      "value, number of entries or flags (0x%x)",
			 bpf_map__map_flags(map));
	else
		snprintf(words, size, "%s", strerror(-err));
	return words;
}

static bool remark_map(struct kbtf_object *object, const struct bpf_map *map, int load_err)
{
	const char *type = libbpf_bpf_map_type_str(bpf_map__type(map));
	char words[256];
	int err;

	if (!bpf_map__autocreate(map))
		return false;
	/* libbpf makes none of these there, and never got as far as this */
	if (bpf_map__is_internal(map) && probe__global_data() == 0)
		return false;
	if (can_try(map))
		err = try_map(object, map);
	else if (libbpf_probe_bpf_map_type(bpf_map__type(map), NULL) == 0)
		err = -EINVAL;
	else
		return false;
	if (err != load_err)
		return false;
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
		     "map %s (%s, type %d; key %u bytes, value %u, entries %u) can't be created: %s",
		     bpf_map__name(map), type ? type : "?", bpf_map__type(map),
		     bpf_map__key_size(map), bpf_map__value_size(map), bpf_map__max_entries(map),
		     map_reason(map, err, words, sizeof(words)));
	if (err == -EPERM)
		refused(object, "create this map");
	return true;
}

static bool remark_pin(struct kbtf_object *object, const struct bpf_map *map)
{
	const char *path = bpf_map__pin_path(map), *slash = path ? strrchr(path, '/') : NULL;
	_cleanup_free_ char *dir = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1)
					 : NULL;
	struct statfs fs;

	if (!dir || (statfs(dir, &fs) == 0 && fs.f_type == BPF_FS_MAGIC))
		return false;
	remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
		     "map %s can't be pinned: %s is not on a BPF file system "
		     "(mount -t bpf bpf /sys/fs/bpf)", bpf_map__name(map), path);
	return true;
}

/* libbpf makes maps in their order and stops at the first that fails. */
static bool remark_maps(struct kbtf_object *object, int err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf)
		if (remark_map(object, map, err) || remark_pin(object, map))
			return true;
	return false;
}

void object__remark_load_failure(struct kbtf_object *object, int err)
{
	for (size_t i = 0; i < object->log_count; i++)
		if (*object->logs[i].text && bpf_program__autoload(object->logs[i].program)) {
			remark_refused(object, &object->logs[i], err);
			return;
		}
	if (err == -EPERM && object__check_allowed(object))
		return;
	if (remark_btf_file(object) || remark_maps(object, err) || (err == -E2BIG && remark_too_long(object)) ||
	    remark_unknown_program(object))
		return;
	if (!remark_only_program(object, err))
		problem(object, "libbpf can't load the object", err);
	if (err == -EPERM)
		refused(object, "load this object");
	if (err == -ESRCH)
		object__remark_externs(object);
}

/* ---- what loads and still sees nothing ------------------------------------------------- */

void object__warn(struct kbtf_object *object)
{
	if (has_tracing(object) && refusal__is_locked_down())
		remarks__add(&object->remarks, KBTF_REMARK_WARNING,
			     "the kernel is locked down (confidentiality): BPF programs can't read its "
			     "memory, and kprobes and tracefs are closed");
}
