// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names of the types that are defined inside of a kernel's functions, one a line: pahole tells
 * of them, and they are not made straight from DWARF. inner-types VMLINUX
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *names;

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int is_named_type(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_typedef:
		return dwarf_diename(die) != NULL;
	default:
		return 0;
	}
}

static void walk(Dwarf_Die *parent, int is_inner)
{
	Dwarf_Die die;
	int res = dwarf_child(parent, &die);

	for (; res == 0; res = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);

		if (is_inner && is_named_type(&die))
			tsearch(dwarf_diename(&die), &names, by_name);
		if (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block ||
		    tag == DW_TAG_inlined_subroutine)
			walk(&die, 1);
	}
}

static void print(const void *node, VISIT visit, int depth)
{
	(void)depth;
	if (visit == postorder || visit == leaf)
		puts(*(const char *const *)node);
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	Dwarf *dwarf = fd < 0 ? NULL : dwarf_begin(fd, DWARF_C_READ);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	if (!dwarf)
		return 1;
	while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		walk(&die, 0);
	twalk(names, print);
	return fflush(stdout) ? 1 : 0;
}
