/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/dwarf_sizes.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/dwarf_die.h"

DEFINE_CLEANUP(dwarf_endp, Dwarf, dwarf_end)
DEFINE_CLEANUP(elf_endp, Elf, elf_end)

static void add_size(struct dwarf_size *record, uint64_t size)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->sizes[i] == size)
			return;
	if (record->count < DWARF_SIZES_MAX)
		record->sizes[record->count++] = size;
	else
		record->more = true;
}

static void see_struct(Dwarf_Die *die, struct dwarf_size *structs, size_t count)
{
	const char *name = dwarf_diename(die);
	Dwarf_Word size;
	Dwarf_Attribute attr;

	for (size_t i = 0; name && i < count; i++) {
		if (strcmp(name, structs[i].name) != 0)
			continue;
		/* a declaration has no size */
		if (dwarf_attr(die, DW_AT_byte_size, &attr) &&
		    dwarf_formudata(&attr, &size) == 0)
			add_size(&structs[i], size);
		return;
	}
}

/* A whole ELF file without .debug_info; libdw's errors have no public names to tell it by. */
static bool is_stripped(int fd)
{
	cleanup(elf_endp) Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *scn = NULL;
	size_t names, seen = 0;

	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names) < 0)
		return false;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr;
		const char *name;

		if (!gelf_getshdr(scn, &shdr))
			return false;
		name = elf_strptr(elf, names, shdr.sh_name);
		if (!name || strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0)
			return false;
		seen++;
	}
	return seen > 0; /* the section headers come last: none may mean a file that was cut */
}

int dwarf_sizes__read(const char *path, struct dwarf_size *structs, size_t count,
		      bool *is_packed, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup(dwarf_endp) Dwarf *dwarf = NULL;
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, child;
	size_t units = 0;
	uint8_t type;
	int res;

	*is_packed = false;
	if (fd < 0)
		return error__set(err, errno, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < count; i++)
		structs[i] = (struct dwarf_size){ .name = structs[i].name };
	elf_version(EV_CURRENT);
	dwarf = dwarf_begin(fd, DWARF_C_READ);
	if (!dwarf) {
		const char *why = dwarf_errmsg(-1);

		if (is_stripped(fd))
			return error__set(err, ENODATA, "%s: no DWARF information", path);
		return error__set(err, EBADMSG, "%s is no whole ELF file (%s); fetch it again",
				  path, why);
	}
	while ((res = dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, NULL)) == 0) {
		units++;
		if (type == DW_UT_skeleton)
			return dwarf_die__explain_split(path, err);
		*is_packed |= dwarf_tag(&die) == DW_TAG_partial_unit;
		if (cancel__requested())
			return error__set(err, ECANCELED, "%s: canceled", path);
		if (dwarf_child(&die, &child) != 0)
			continue;
		do
			if (dwarf_tag(&child) == DW_TAG_structure_type)
				see_struct(&child, structs, count);
		while ((res = dwarf_siblingof(&child, &child)) == 0);
		if (res < 0)
			break;
	}
	if (res < 0)
		return error__set(err, EBADMSG, "%s: damaged .debug_info: %s; fetch it again", path,
				  dwarf_errmsg(-1));
	if (!units)
		return error__set(err, ENODATA, "%s: no DWARF information", path);
	return 0;
}
