/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/encode.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/dwarf_sizes.h"
#include "base/dwarf_types.h"
#include "base/file.h"
#include "base/temp_file.h"
#include "base/unit_counter.h"

#define PAHOLE "pahole"
#define DEFAULT_TIMEOUT_S 1800
#define DEFAULT_MEMORY (16ULL << 30)
#define VERSION_TIMEOUT_S 30
/* The largest BTF seen, never deduplicated, has 27 MB. */
#define BTF_MAX ((size_t)1 << 30)
/* As much of pahole's stderr as an error text has room for. */
#define STDERR_TAIL 500
#define MAX_FLAGS 16

DEFINE_CLEANUP(btf_freep, struct btf, btf__free)

struct pahole_version {
	unsigned int major;
	unsigned int minor;
};

static bool at_least(struct pahole_version version, unsigned int major, unsigned int minor)
{
	return version.major > major || (version.major == major && version.minor >= minor);
}

static int read_version(struct pahole_version *version, struct error *err)
{
	const char *const argv[] = { PAHOLE, "--version", NULL };
	const struct child_opts opts = { .argv = argv, .timeout_s = VERSION_TIMEOUT_S };
	cleanup(child_result__free) struct child_result result = {};
	const char *at;
	int res = child__run(&opts, &result, err);

	if (res == -ENOENT)
		return error__set(err, ENOENT,
				  "no pahole in PATH: install it (Debian, Ubuntu, Fedora, Alpine: "
				  "package dwarves or pahole; version 1.22 or later)");
	if (res)
		return res;
	at = result.out + strspn(result.out, "v \t\n");
	if (result.exit_code || sscanf(at, "%u.%u", &version->major, &version->minor) != 2)
		return error__set(err, EBADMSG, "pahole --version says \"%.60s\", which is no "
				  "version; is the pahole in PATH the one of dwarves?", result.out);
	if (!at_least(*version, 1, 22))
		return error__set(err, ENOENT, "pahole %u.%u is too old: --btf_encode_detached "
				  "came with 1.22; install a later one",
				  version->major, version->minor);
	return 0;
}

/*
 * From Linux 6.0, where the kernel's own BTF begins to have it: loaders of the time of older
 * kernels refuse BTF with a kind they don't know. No release counts as old.
 */
static bool has_enum64(const char *kernel_release)
{
	return kernel_release && strtoul(kernel_release, NULL, 10) >= 6;
}

/*
 * The flags that the kernel's own build gives this pahole: scripts/pahole-flags.sh as of
 * Linux 6.1 to 6.8, scripts/Makefile.btf as of 6.9 and later. Other than there:
 * - -j1 always. Up to 1.26 threads race for the order of types and, with inconsistent
 *   functions, for what is encoded; the same input shall give the same bytes.
 * - enum64 by the kernel's release.
 * - nothing that only serves the kernel itself (decl_tag_kfuncs, layout, distilled_base).
 */
static void add_flags(struct buf *flags, struct pahole_version version, const char *kernel_release)
{
	bool enum64 = has_enum64(kernel_release);

	buf__printf(flags, "-j1");
	if (at_least(version, 1, 26)) {
		buf__printf(flags, " --btf_features=encode_force,var,float,%sdecl_tag,type_tag,"
			    "optimized_func,consistent_func", enum64 ? "enum64," : "");
	} else {
		buf__printf(flags, " --btf_gen_floats");
		if (at_least(version, 1, 25))
			buf__printf(flags, " --skip_encoding_btf_inconsistent_proto"
				    " --btf_gen_optimized");
		if (at_least(version, 1, 24) && !enum64)
			buf__printf(flags, " --skip_encoding_btf_enum64");
	}
	if (at_least(version, 1, 24))
		buf__printf(flags, " --lang_exclude=rust");
}

int encode__nests_arrays(bool *nests, struct error *err)
{
	struct pahole_version version;
	int res = read_version(&version, err);

	*nests = !res && at_least(version, 1, 32);
	return res;
}

static int plan(const char *kernel_release, struct pahole_version *found, char **version,
		char **flags, struct error *err)
{
	_cleanup_buf_ struct buf made = {};
	int res;

	*version = *flags = NULL;
	res = read_version(found, err);
	if (res)
		return res;
	add_flags(&made, *found, kernel_release);
	if (!buf__cstr(&made))
		return error__oom(err);
	if (asprintf(version, "%u.%u", found->major, found->minor) < 0) {
		*version = NULL;
		return error__oom(err);
	}
	*flags = (char *)buf__steal(&made, NULL);
	return 0;
}

int encode__plan(const char *kernel_release, char **version, char **flags, struct error *err)
{
	struct pahole_version found;

	return plan(kernel_release, &found, version, flags, err);
}

static int explain_exit(const char *vmlinux, const struct child_result *result,
			const char *version, struct error *err)
{
	char tail[STDERR_TAIL];

	child_result__tail(result, tail, sizeof(tail));
	if (result->exit_code == 128 + 9)
		return error__set(err, ENOMEM, "%s: pahole %s was killed, most likely for lack of "
				  "memory; build fewer kernels at once (-j 1): %s",
				  vmlinux, version, tail);
	if (result->exit_code > 128)
		return error__set(err, EBADMSG, "%s: pahole %s died of signal %d; try another "
				  "version: %s", vmlinux, version, result->exit_code - 128, tail);
	return error__set(err, EBADMSG, "%s: pahole %s failed (exit code %d); is the file whole? "
			  "Try another version of pahole: %s", vmlinux, version,
			  result->exit_code, tail);
}

static int run_pahole(const char *vmlinux, const struct encode_opts *opts, const char *version,
		      const char *flags, const char *out_path, struct error *err)
{
	_cleanup_free_ char *words = strdup(flags);
	_cleanup_free_ char *output = NULL;
	cleanup(child_result__free) struct child_result result = {};
	const char *argv[MAX_FLAGS + 4] = { PAHOLE };
	struct child_opts child = {
		.argv = argv,
		.timeout_s = opts->timeout_s ? opts->timeout_s : DEFAULT_TIMEOUT_S,
		.memory_limit = opts->memory_limit ? opts->memory_limit : DEFAULT_MEMORY,
	};
	size_t count = 1;
	char *rest = NULL;
	int res;

	if (!words || asprintf(&output, "--btf_encode_detached=%s", out_path) < 0) {
		output = NULL;
		return error__oom(err);
	}
	for (char *word = strtok_r(words, " ", &rest); word && count <= MAX_FLAGS;
	     word = strtok_r(NULL, " ", &rest))
		argv[count++] = word;
	argv[count++] = output;
	argv[count++] = vmlinux;
	res = child__run(&child, &result, err);
	if (res == -ETIMEDOUT)
		return error__set(err, ETIMEDOUT, "%s: pahole %s did not end within %u s and was "
				  "stopped; is the machine overloaded? Build fewer kernels at once "
				  "(-j 1)", vmlinux, version, child.timeout_s);
	if (res)
		return res;
	return result.exit_code ? explain_exit(vmlinux, &result, version, err) : 0;
}

/*
 * Structs that every kernel has and whose layout many programs read. A kernel built
 * small may lack some; task_struct there must be.
 */
static const char *const core_structs[] = {
	"task_struct", "mm_struct", "vm_area_struct", "cred", "file", "inode", "dentry",
	"super_block", "nsproxy", "signal_struct", "files_struct", "pid", "page", "sock",
	"sk_buff", "net_device", "net", "request", "bio", "module",
};

#define CORE_STRUCTS (sizeof(core_structs) / sizeof(core_structs[0]))

static bool has_size(const struct dwarf_size *record, uint64_t size)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->sizes[i] == size)
			return true;
	return record->more;
}

static int check_struct(const char *vmlinux, const struct btf_type *type, const char *name,
			const struct dwarf_size *records, bool *task_struct, struct error *err)
{
	for (size_t i = 0; i < CORE_STRUCTS; i++) {
		const struct dwarf_size *record = &records[i];

		if (strcmp(name, record->name) != 0)
			continue;
		if (i == 0)
			*task_struct = true;
		if (record->count && !has_size(record, type->size))
			return error__set(err, EBADMSG, "%s: pahole made struct %s %u bytes large, "
					  "its DWARF says %llu; try another version of pahole",
					  vmlinux, name, type->size,
					  (unsigned long long)record->sizes[0]);
		return 0;
	}
	return 0;
}

static int check_btf(const char *vmlinux, const void *data, size_t size,
		     const struct dwarf_size *records, struct error *err)
{
	cleanup(btf_freep) struct btf *btf = NULL;
	bool task_struct = false;

	if (!size)
		return error__set(err, EBADMSG, "%s: pahole wrote nothing and called it success; "
				  "try another version of pahole", vmlinux);
	btf = btf__new(data, size);
	if (!btf)
		return error__set(err, errno == ENOMEM ? ENOMEM : EBADMSG, "%s: what pahole wrote "
				  "is no valid BTF (%s); try another version of pahole",
				  vmlinux, strerror(errno));
	for (unsigned int id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);
		int res;

		if (!btf_is_struct(type) || !name)
			continue;
		res = check_struct(vmlinux, type, name, records, &task_struct, err);
		if (res)
			return res;
	}
	if (!task_struct)
		return error__set(err, EBADMSG, "%s: its BTF has no struct task_struct: not a "
				  "Linux kernel, or only a part of its debugging information",
				  vmlinux);
	return 0;
}

static int read_sizes(const char *vmlinux, struct pahole_version version, struct dwarf_size *records,
		      struct error *err)
{
	bool is_packed;
	int res;

	for (size_t i = 0; i < CORE_STRUCTS; i++)
		records[i] = (struct dwarf_size){ .name = core_structs[i] };
	res = dwarf_sizes__read(vmlinux, records, CORE_STRUCTS, &is_packed, err);
	if (res == -ENODATA)
		return error__set(err, ENODATA, "%s is stripped: it has no .debug_info; use the "
				  "debug package's vmlinux", vmlinux);
	if (!res && is_packed && !at_least(version, 1, 32))
		return error__set(err, ENOTSUP, "%s: its DWARF was packed by dwz, and pahole %u.%u leaves "
				  "out what units have in common; --min-only, or encode --encoder dwarf, "
				  "reads all of it, and pahole does from 1.32 on", vmlinux, version.major,
				  version.minor);
	return res;
}

int encode__vmlinux(const char *vmlinux, const struct encode_opts *opts,
		    struct encoded *encoded, struct error *err)
{
	struct dwarf_size records[CORE_STRUCTS];
	_cleanup_temp_file_ struct temp_file out = { .fd = -1 };
	cleanup(encoded__free) struct encoded made = {};
	struct pahole_version version;
	int res;

	*encoded = (struct encoded){};
	meter__stage(opts->meter, "encode", 0);
	res = plan(opts->kernel_release, &version, &made.encoder_version, &made.flags, err);
	if (!res)
		res = read_sizes(vmlinux, version, records, err);
	if (!res)
		res = unit_counter__unify(vmlinux, &made.notes, err);
	/* a new file: pahole does not truncate what it writes over */
	if (!res)
		res = temp_file__make(&out, opts->scratch, err);
	if (!res)
		res = run_pahole(vmlinux, opts, made.encoder_version, made.flags, out.path, err);
	if (res)
		return res;
	res = file__read(out.path, BTF_MAX, &made.btf, &made.size);
	if (res)
		return error__set(err, res, "cannot read pahole's output %s: %s", out.path,
				  strerror(-res));
	res = check_btf(vmlinux, made.btf, made.size, records, err);
	if (res)
		return res;
	*encoded = made;
	made = (struct encoded){};
	return 0;
}

void encoded__free(struct encoded *encoded)
{
	free(encoded->btf);
	free(encoded->encoder_version);
	free(encoded->flags);
	free(encoded->notes);
	*encoded = (struct encoded){};
}

/* ---- what objects may ask for ------------------------------------------------------------------- */

static int check_wanted(const char *vmlinux, const void *data, size_t size, struct error *err)
{
	cleanup(btf_freep) struct btf *btf = btf__new(data, size);

	if (!btf)
		return error__set(err, errno == ENOMEM ? ENOMEM : EBADMSG, "%s: its DWARF makes no "
				  "valid BTF (%s); use --encoder pahole", vmlinux, strerror(errno));
	if (btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) < 0)
		return error__set(err, EBADMSG, "%s: its DWARF has no struct task_struct: not a Linux "
				  "kernel, or only a part of its debugging information", vmlinux);
	return 0;
}

int encode__wanted(const char *vmlinux, const struct encode_wanted_opts *opts,
		   struct encoded *encoded, struct error *err)
{
	const struct dwarf_types_opts types = {
		.wanted = opts->objects->minimizer,
		.also = "task_struct",
		.enum64 = has_enum64(opts->kernel_release),
		.nested_arrays = opts->nested_arrays,
		.threads = opts->threads,
	};
	_cleanup_close_ int fd = open(vmlinux, O_RDONLY | O_CLOEXEC);
	cleanup(encoded__free) struct encoded made = {
		.encoder_version = strdup(ENCODE_WANTED_VERSION),
		.flags = strdup(types.enum64 ? "enum64" : ""),
		.notes = strdup(""),
	};
	int res;

	*encoded = (struct encoded){};
	if (fd < 0)
		return error__set(err, errno, "%s: %s", vmlinux, strerror(errno));
	if (!made.encoder_version || !made.flags || !made.notes)
		return error__oom(err);
	meter__stage(opts->meter, "encode", 0);
	res = dwarf_types__read(fd, vmlinux, &types, &made.btf, &made.size, err);
	if (!res)
		res = check_wanted(vmlinux, made.btf, made.size, err);
	if (res)
		return res;
	*encoded = made;
	made = (struct encoded){};
	return 0;
}
