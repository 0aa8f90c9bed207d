/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/dwarf_types.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <endian.h>
#include <errno.h>
#include <gelf.h>
#include <linux/btf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/dwarf_die.h"
#include "base/dwarf_unit.h"
#include "base/thread.h"
#include "base/type_records.h"

#define THREADS_MAX 64
/* The largest seen, a kernel's of 7.x for everything, has 0.6 GB. */
#define UNPACKED_MAX (UINT64_C(2) << 30)

DEFINE_CLEANUP(records_freep, struct type_records, type_records__free)

/* Where the units are, in this order; the last is the file that dwz moved common parts to. */
enum unit_home { IN_INFO, IN_TYPES, IN_ALTERNATE };

struct unit_list {
	struct unit_place {
		Dwarf_Off die;
		enum unit_home home;
	} *items;
	size_t count;
	bool big_endian;
};

/* libdw's handle. It is not made for threads: each has its own, on the same pages. */
struct handle {
	Elf *elf;
	Dwarf *dwarf;
	bool is_compressed;   /* the pages are its own: it holds all DWARF decompressed */
};

struct part {
	int fd;
	const char *name;
	struct handle handle; /* dwarf NULL: to be opened */
	const struct dwarf_types_opts *opts;
	const struct unit_list *units;
	size_t begin, end;
	struct type_records *records;
	pthread_t thread;
	bool started;
	int res;
	struct error error;
};

static int explain_open(const char *name, Elf *elf, struct error *err)
{
	const char *why = dwarf_errmsg(-1);

	if (elf && elf_kind(elf) == ELF_K_ELF)
		return error__set(err, ENODATA, "%s: no DWARF information (%s); use the debug "
				  "package's vmlinux", name, why);
	return error__set(err, EBADMSG, "%s is no whole ELF file; fetch it again", name);
}

static void handle__close(struct handle *handle)
{
	if (handle->dwarf)
		dwarf_end(handle->dwarf);
	if (handle->elf)
		elf_end(handle->elf);
	*handle = (struct handle){};
}

/* What a section of DWARF takes decompressed; 0: it is none, or not compressed. */
static uint64_t unpacked_size(Elf_Scn *scn, const GElf_Shdr *header, const char *name)
{
	GElf_Chdr packed;
	Elf_Data *data;
	uint64_t size;

	if (strncmp(name, ".debug_", 7) == 0 && header->sh_flags & SHF_COMPRESSED)
		return gelf_getchdr(scn, &packed) ? packed.ch_size : 0;
	/* the older way: "ZLIB", and the size with its highest byte first */
	if (strncmp(name, ".zdebug_", 8) != 0 || !(data = elf_rawdata(scn, NULL)) || data->d_size < 12)
		return 0;
	memcpy(&size, (const char *)data->d_buf + 4, sizeof(size));
	return be64toh(size);
}

/* To be asked before libdw decompresses, after which nothing tells. UINT64_MAX: more than that. */
static uint64_t unpacked_total(Elf *elf)
{
	uint64_t total = 0;
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return 0;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(scn, &header) ? elf_strptr(elf, names, header.sh_name)
							      : NULL;

		if (name && __builtin_add_overflow(total, unpacked_size(scn, &header, name), &total))
			return UINT64_MAX;
	}
	return total;
}

static int handle__open(struct handle *handle, int fd, const char *name, struct error *err)
{
	uint64_t unpacked;

	elf_version(EV_CURRENT);
	handle->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (handle->elf) {
		unpacked = unpacked_total(handle->elf);
		if (unpacked > UNPACKED_MAX)
			return error__set(err, E2BIG, "%s: its DWARF takes more than 2 GiB of memory "
					  "decompressed; use a copy by objcopy "
					  "--decompress-debug-sections", name);
		handle->is_compressed = unpacked > 0;
		handle->dwarf = dwarf_begin_elf(handle->elf, DWARF_C_READ, NULL);
	}
	return handle->dwarf ? 0 : explain_open(name, handle->elf, err);
}

static int add_unit(struct unit_list *units, struct unit_place place)
{
	struct unit_place *grown = units->items;

	if ((units->count & (units->count - 1)) == 0)
		grown = reallocarray(grown, units->count ? 2 * units->count : 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	units->items = grown;
	grown[units->count++] = place;
	return 0;
}

static int add_units(Dwarf *dwarf, bool is_alternate, const char *name, struct unit_list *units,
		     struct error *err)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Half version;
	Dwarf_Die die;
	uint8_t type;
	int res;

	while ((res = dwarf_get_units(dwarf, unit, &unit, &version, &type, &die, NULL)) == 0) {
		/* DWARF 4 has type units in a section of their own */
		enum unit_home home = is_alternate ? IN_ALTERNATE :
				      type == DW_UT_type && version < 5 ? IN_TYPES : IN_INFO;

		if (type == DW_UT_skeleton)
			return dwarf_die__explain_split(name, err);
		if (add_unit(units, (struct unit_place){ dwarf_dieoffset(&die), home }))
			return error__oom(err);
	}
	return res < 0 ? error__set(err, EBADMSG, "%s: damaged .debug_info: %s; fetch it again",
				    name, dwarf_errmsg(-1)) : 0;
}

/* The file that dwz moved common parts to: libdw looks beside this one, and by build ID. */
static int find_alternate(Dwarf *dwarf, const char *name, Dwarf **alternate, struct error *err)
{
	const char *file;
	const void *build_id;

	*alternate = dwarf_getalt(dwarf);
	if (*alternate || dwelf_dwarf_gnu_debugaltlink(dwarf, &file, &build_id) <= 0)
		return 0;
	return error__set(err, ENOENT, "%s: a part of its DWARF is in %s, which is not there; it comes "
			  "with the distribution's debug packages", name, file);
}

static int list_units(const struct handle *handle, const char *name, struct unit_list *units,
		      struct error *err)
{
	Dwarf *alternate;
	GElf_Ehdr header;
	int res = add_units(handle->dwarf, false, name, units, err);

	if (!res)
		res = find_alternate(handle->dwarf, name, &alternate, err);
	if (!res && alternate)
		res = add_units(alternate, true, name, units, err);
	if (res)
		return res;
	if (!gelf_getehdr(handle->elf, &header))
		return error__set(err, EBADMSG, "%s is no whole ELF file; fetch it again", name);
	units->big_endian = header.e_ident[EI_DATA] == ELFDATA2MSB;
	return units->count ? 0 : error__set(err, ENODATA, "%s: no DWARF information; use the debug "
					     "package's vmlinux", name);
}

static int read_unit(struct dwarf_unit_reader *reader, Dwarf *dwarf,
		     const struct unit_place *place)
{
	Dwarf *of = place->home == IN_ALTERNATE ? dwarf_getalt(dwarf) : dwarf;
	Dwarf_Die die;

	if (cancel__requested())
		return -ECANCELED;
	if (!of || !(place->home == IN_TYPES ? dwarf_offdie_types(of, place->die, &die)
					     : dwarf_offdie(of, place->die, &die)))
		return -EBADMSG;
	return dwarf_unit_reader__read(reader, &die);
}

static int read_units(struct part *part)
{
	const struct dwarf_unit_opts opts = {
		.wanted = part->opts->wanted,
		.also = part->opts->also,
		.enum64 = part->opts->enum64,
		.nested_arrays = part->opts->nested_arrays,
		.big_endian = part->units->big_endian,
	};
	struct dwarf_unit_reader *reader = dwarf_unit_reader__new(&opts, part->records);
	int res = reader ? 0 : -ENOMEM;
	size_t i = part->begin;

	while (!res && i < part->end)
		res = read_unit(reader, part->handle.dwarf, &part->units->items[i++]);
	if (res == -EBADMSG)
		error__set(&part->error, EBADMSG, "%s: damaged .debug_info, in the unit at 0x%llx: "
			   "%s; fetch it again", part->name,
			   (unsigned long long)part->units->items[i - 1].die,
			   reader ? dwarf_unit_reader__why(reader) : "");
	else if (res == -ECANCELED)
		error__set(&part->error, ECANCELED, "%s: canceled", part->name);
	else if (res)
		error__set(&part->error, -res, "%s: its types: %s", part->name, strerror(-res));
	dwarf_unit_reader__free(reader);
	return res;
}

static void *work(void *ctx)
{
	struct part *part = ctx;

	part->records = type_records__new();
	part->res = part->records ? 0 : error__oom(&part->error);
	if (!part->res && !part->handle.dwarf)
		part->res = handle__open(&part->handle, part->fd, part->name, &part->error);
	if (!part->res)
		part->res = read_units(part);
	handle__close(&part->handle);
	return NULL;
}

/* As many bytes for each: units differ in size, their DIEs hardly. */
static void share_out(const struct unit_list *units, struct part *parts, size_t count)
{
	Dwarf_Off last = 0;
	size_t at = 0;

	for (size_t i = 0; i < units->count; i++)
		if (units->items[i].home == IN_INFO)
			last = units->items[i].die;
	for (size_t i = 0; i < count; i++) {
		Dwarf_Off end = last / count * (i + 1);

		parts[i].begin = at;
		while (at < units->count && (i + 1 == count || (units->items[at].home == IN_INFO &&
								units->items[at].die < end)))
			at++;
		parts[i].end = at;
	}
}

static int run_parts(struct part *parts, size_t count, struct error *err)
{
	int res = 0;

	for (size_t i = 1; i < count; i++)
		parts[i].started = !thread__start(&parts[i].thread, work, &parts[i]);
	for (size_t i = 0; i < count; i++) {
		/* also what no thread was to be had for */
		if (parts[i].started)
			pthread_join(parts[i].thread, NULL);
		else
			work(&parts[i]);
		if (!res && parts[i].res) {
			res = parts[i].res;
			*err = parts[i].error;
		}
	}
	return res;
}

static int write_all(struct part *parts, size_t count, const struct unit_list *units, void **btf,
		     size_t *size, struct error *err)
{
	int res = 0;

	for (size_t i = 1; !res && i < count; i++)
		res = type_records__append(parts[0].records, parts[i].records);
	if (!res)
		res = type_records__write(parts[0].records, units->big_endian, btf, size);
	return res ? error__set(err, -res, "%s: its types can't be written as BTF: %s",
				parts[0].name, strerror(-res)) : 0;
}

/* What is compressed each thread would hold decompressed, and do it anew: it is for one. */
static size_t count_parts(const struct handle *handle, const struct dwarf_types_opts *opts)
{
	size_t count = opts->threads && !handle->is_compressed ? opts->threads : 1;

	return count < THREADS_MAX ? count : THREADS_MAX;
}

int dwarf_types__read(int fd, const char *name, const struct dwarf_types_opts *opts, void **btf,
		      size_t *size, struct error *err)
{
	struct part parts[THREADS_MAX] = {};
	struct handle handle = {};
	struct unit_list units = {};
	size_t count = 0;
	int res = handle__open(&handle, fd, name, err);

	*btf = NULL;
	if (!res)
		res = list_units(&handle, name, &units, err);
	if (!res) {
		count = count_parts(&handle, opts);
		for (size_t i = 0; i < count; i++)
			parts[i] = (struct part){ .fd = fd, .name = name, .opts = opts,
						  .units = &units };
		parts[0].handle = handle;
		handle = (struct handle){};
		share_out(&units, parts, count);
		res = run_parts(parts, count, err);
	}
	if (!res)
		res = write_all(parts, count, &units, btf, size, err);
	for (size_t i = 0; i < count; i++)
		records_freep(&parts[i].records);
	handle__close(&handle);
	free(units.items);
	return res;
}
