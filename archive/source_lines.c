/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "source_lines.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

int source_lines__read(const struct bpf_elf *elf, struct source_lines *lines)
{
	size_t index = bpf_elf__find_section(elf, ".BTF.ext");
	const struct bpf_elf_section *section = &elf->sections[index];

	*lines = (struct source_lines){};
	if (!index || !section->data)
		return 0;
	lines->data = malloc(section->size + 1);
	if (!lines->data)
		return -ENOMEM;
	memcpy(lines->data, section->data, section->size);
	lines->size = section->size;
	return 0;
}

void source_lines__free(struct source_lines *lines)
{
	free(lines->data);
	*lines = (struct source_lines){};
}

struct search {
	const char *section;
	uint64_t offset;
	struct bpf_line_info best;
	uint64_t end;
	bool found;
};

/* The last one that begins at the instruction or before it. */
static int look(void *ctx, const char *section, uint8_t *record, size_t size)
{
	struct search *search = ctx;
	struct bpf_line_info line = {};

	memcpy(&line, record, size < sizeof(line) ? size : sizeof(line));
	if (line.insn_off > search->offset ? line.insn_off >= search->end :
	    search->found && line.insn_off < search->best.insn_off)
		return 0;
	if (section != search->section && strcmp(section, search->section) != 0)
		return 0;
	if (line.insn_off > search->offset) {
		search->end = line.insn_off;
		return 0;
	}
	search->best = line;
	search->found = true;
	return 0;
}

bool source_lines__find(const struct source_lines *lines, const struct btf *btf,
			const char *section, uint64_t offset, struct source_line *line)
{
	struct search search = { .section = section, .offset = offset, .end = UINT64_MAX };
	const char *text;

	if (!lines->data ||
	    ext_records__each(lines->data, lines->size, btf, EXT_LINES, look, &search) < 0 ||
	    !search.found)
		return false;
	line->file = btf__name_by_offset(btf, search.best.file_name_off);
	text = btf__name_by_offset(btf, search.best.line_off);
	line->number = BPF_LINE_INFO_LINE_NUM(search.best.line_col);
	if (!line->file || !text)
		return false;
	line->text = text + strspn(text, " \t");
	line->end = search.end;
	return true;
}
