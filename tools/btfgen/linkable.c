/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "linkable.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/file.h"

#define ALIGNMENT 16
#define MARK "/* Made by btfgen export. */\n"
#define BYTES_A_LINE 20
#define OBJECT_LIMIT ((size_t)1 << 32)

/* ---- names ------------------------------------------------------------------------------------- */

static bool may_be_in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool linkable__is_name(const char *text)
{
	if (!*text || (*text >= '0' && *text <= '9'))
		return false;
	while (may_be_in_name(*text))
		text++;
	return !*text;
}

char *linkable__name_of(const char *path)
{
	const char *last = strrchr(path, '/');
	const char *dot;
	char *name;

	last = last ? last + 1 : path;
	dot = strrchr(last, '.');
	if (asprintf(&name, "%s%.*s", *last >= '0' && *last <= '9' ? "_" : "",
		     dot && dot != last ? (int)(dot - last) : (int)strlen(last), last) < 0)
		return NULL;
	for (char *at = name; *at; at++)
		if (!may_be_in_name(*at))
			*at = '_';
	return name;
}

/* ---- C ------------------------------------------------------------------------------------------- */

void linkable__header(const char *name, struct buf *out)
{
	buf__printf(out, MARK "#ifndef BTFGEN_EXPORT_%s\n#define BTFGEN_EXPORT_%s\n\n"
		    "#include <stddef.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
		    "/* For kbtf_archive__open_mem(). */\n"
		    "extern const unsigned char %s[];\nextern const size_t %s_size;\n\n"
		    "#ifdef __cplusplus\n}\n#endif\n#endif\n", name, name, name, name);
}

bool linkable__is_header(const void *data, size_t size)
{
	return size >= strlen(MARK) && memcmp(data, MARK, strlen(MARK)) == 0;
}

void linkable__c(const char *name, const void *data, size_t size, struct buf *out)
{
	const unsigned char *bytes = data;

	buf__printf(out, MARK "#include <stddef.h>\n\n"
		    "extern const unsigned char %s[];\nextern const size_t %s_size;\n\n"
		    "__attribute__((aligned(%d))) const unsigned char %s[] = {", name, name,
		    ALIGNMENT, name);
	for (size_t i = 0; i < size; i++)
		buf__printf(out, "%s%u,", i % BYTES_A_LINE ? "" : "\n", bytes[i]);
	buf__printf(out, "\n};\nconst size_t %s_size = %zu;\n", name, size);
}

/* ---- ELF ------------------------------------------------------------------------------------------ */

static const struct machine {
	const char *arch; /* as `uname -m` has it */
	unsigned char class, order;
	uint16_t machine;
	uint32_t flags;   /* of the usual ABI, which a linker compares */
	uint32_t guards;  /* the property that says which branches are guarded, or 0 */
} machines[] = {
	{ "x86_64", ELFCLASS64, ELFDATA2LSB, EM_X86_64, 0, 0xc0000002 },
	{ "aarch64", ELFCLASS64, ELFDATA2LSB, EM_AARCH64, 0, 0xc0000000 },
	{ "i686", ELFCLASS32, ELFDATA2LSB, EM_386, 0, 0xc0000002 },
	{ "armv7l", ELFCLASS32, ELFDATA2LSB, EM_ARM, 0x05000000 /* EABI 5 */, 0 },
	{ "ppc64le", ELFCLASS64, ELFDATA2LSB, EM_PPC64, 2 /* ELFv2 */, 0 },
	{ "s390x", ELFCLASS64, ELFDATA2MSB, EM_S390, 0, 0 },
	{ "riscv64", ELFCLASS64, ELFDATA2LSB, EM_RISCV, 5 /* RVC, doubles in registers */, 0 },
	{ "loongarch64", ELFCLASS64, ELFDATA2LSB, 258, 0x43 /* ABI 1, doubles in registers */, 0 },
};

#define MACHINES (sizeof(machines) / sizeof(machines[0]))

static const struct machine *find_machine(const char *arch, struct error *err)
{
	char known[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < MACHINES; i++) {
		if (strcmp(machines[i].arch, arch) == 0)
			return &machines[i];
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
					machines[i].arch);
	}
	error__set(err, ENOTSUP, "%s: no object files are known for this architecture, but for %s; "
		   "--format embed-c fits any", arch, known);
	return NULL;
}

/* Sections in the order of their headers; 0 is the empty one. */
enum { RODATA = 1, NOTE_STACK, SYMTAB, STRTAB, SHSTRTAB, NOTE_PROPERTY };

static const char section_names[] = "\0.rodata\0.note.GNU-stack\0.symtab\0.strtab\0.shstrtab\0"
				    ".note.gnu.property";

/* All in one stack frame that outlives the last elf_update(). */
struct object {
	const struct machine *machine;
	Elf *elf;
	uint8_t *rodata;
	size_t data_size, size_at, rodata_size;
	struct buf symbols, names, property;
};

static bool is_wide(const struct object *it)
{
	return it->machine->class == ELFCLASS64;
}

static void put_number(const struct object *it, uint8_t *to, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[it->machine->order == ELFDATA2MSB ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

/* The bytes, and behind them their size as a variable. */
static int fill_rodata(struct object *it, const void *data, size_t size)
{
	size_t word = is_wide(it) ? 8 : 4;

	it->data_size = size;
	it->size_at = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	it->rodata_size = it->size_at + word;
	it->rodata = calloc(1, it->rodata_size);
	if (!it->rodata)
		return -ENOMEM;
	memcpy(it->rodata, data, size);
	put_number(it, it->rodata + it->size_at, size, word);
	return 0;
}

/* In memory as libelf wants them, which translates to the file's form. */
static void add_symbol(struct object *it, const char *name, const char *suffix, uint64_t value,
		       uint64_t size)
{
	unsigned char info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
	size_t at = it->names.len;

	buf__printf(&it->names, "%s%s", name, suffix);
	buf__add_u8(&it->names, 0);
	if (is_wide(it)) {
		const Elf64_Sym symbol = { .st_name = (Elf64_Word)at, .st_info = info,
					   .st_shndx = RODATA, .st_value = value, .st_size = size };

		buf__add(&it->symbols, &symbol, sizeof(symbol));
	} else {
		const Elf32_Sym symbol = { .st_name = (Elf32_Word)at, .st_info = info,
					   .st_shndx = RODATA, .st_value = (Elf32_Addr)value,
					   .st_size = (Elf32_Word)size };

		buf__add(&it->symbols, &symbol, sizeof(symbol));
	}
}

static void fill_symbols(struct object *it, const char *name)
{
	const Elf64_Sym none = {};

	buf__add_u8(&it->names, 0);
	buf__add(&it->symbols, &none, is_wide(it) ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
	add_symbol(it, name, "", 0, it->data_size);
	add_symbol(it, name, "_end", it->data_size, 0);
	add_symbol(it, name, "_size", it->size_at, it->rodata_size - it->size_at);
}

/*
 * That all branches of this object, which has none, are guarded: a linker gives up IBT and shadow
 * stacks, or BTI, for the whole program if one object does not say so.
 */
static void fill_property(struct object *it)
{
	if (!it->machine->guards)
		return;
	buf__add_u32(&it->property, 4);                     /* size of the owner's name */
	buf__add_u32(&it->property, is_wide(it) ? 16 : 12); /* and of what follows it */
	buf__add_u32(&it->property, 5);                     /* NT_GNU_PROPERTY_TYPE_0 */
	buf__add(&it->property, "GNU", 4);
	buf__add_u32(&it->property, it->machine->guards);
	buf__add_u32(&it->property, 4);
	buf__add_u32(&it->property, 3);                     /* both kinds of guards */
	if (is_wide(it))
		buf__add_u32(&it->property, 0);
}

struct section {
	uint32_t type, flags, link, info;
	Elf_Type data_type;
	const void *data;
	size_t size, alignment, entry_size;
};

static uint32_t name_of_section(unsigned int index)
{
	const char *at = section_names;

	while (index--)
		at += strlen(at) + 1;
	return (uint32_t)(at - section_names);
}

static int add_section(const struct object *it, unsigned int index, const struct section *section)
{
	Elf_Scn *scn = elf_newscn(it->elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr header;

	if (!data || !gelf_getshdr(scn, &header))
		return -EIO;
	data->d_buf = (void *)section->data;
	data->d_size = section->size;
	data->d_align = section->alignment;
	data->d_type = section->data_type;
	header.sh_name = name_of_section(index);
	header.sh_type = section->type;
	header.sh_flags = section->flags;
	header.sh_link = section->link;
	header.sh_info = section->info;
	header.sh_addralign = section->alignment;
	header.sh_entsize = section->entry_size;
	return gelf_update_shdr(scn, &header) ? 0 : -EIO;
}

static int add_sections(const struct object *it)
{
	size_t symbol_size = is_wide(it) ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const struct section sections[] = {
		[RODATA] = { .type = SHT_PROGBITS, .flags = SHF_ALLOC, .data_type = ELF_T_BYTE,
			     .data = it->rodata, .size = it->rodata_size, .alignment = ALIGNMENT },
		/* without it the linker would make the program's stack executable */
		[NOTE_STACK] = { .type = SHT_PROGBITS, .data_type = ELF_T_BYTE, .alignment = 1 },
		/* sh_info: the first symbol that is not local */
		[SYMTAB] = { .type = SHT_SYMTAB, .link = STRTAB, .info = 1, .data_type = ELF_T_SYM,
			     .data = it->symbols.data, .size = it->symbols.len,
			     .alignment = is_wide(it) ? 8 : 4, .entry_size = symbol_size },
		[STRTAB] = { .type = SHT_STRTAB, .data_type = ELF_T_BYTE, .data = it->names.data,
			     .size = it->names.len, .alignment = 1 },
		[SHSTRTAB] = { .type = SHT_STRTAB, .data_type = ELF_T_BYTE, .data = section_names,
			       .size = sizeof(section_names), .alignment = 1 },
		[NOTE_PROPERTY] = { .type = SHT_NOTE, .flags = SHF_ALLOC, .data_type = ELF_T_BYTE,
				    .data = it->property.data, .size = it->property.len,
				    .alignment = is_wide(it) ? 8 : 4 },
	};
	unsigned int last = it->property.len ? NOTE_PROPERTY : SHSTRTAB;
	int res = 0;

	for (unsigned int i = RODATA; !res && i <= last; i++)
		res = add_section(it, i, &sections[i]);
	return res;
}

static int write_elf(struct object *it, int fd)
{
	GElf_Ehdr header;
	int res;

	elf_version(EV_CURRENT);
	it->elf = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!it->elf || !gelf_newehdr(it->elf, it->machine->class) ||
	    !gelf_getehdr(it->elf, &header))
		return -EIO;
	header.e_ident[EI_DATA] = it->machine->order;
	header.e_type = ET_REL;
	header.e_machine = it->machine->machine;
	header.e_version = EV_CURRENT;
	header.e_flags = it->machine->flags;
	header.e_shstrndx = SHSTRTAB;
	if (!gelf_update_ehdr(it->elf, &header))
		return -EIO;
	res = add_sections(it);
	return res ? res : elf_update(it->elf, ELF_C_WRITE) < 0 ? -EIO : 0;
}

static int read_back(int fd, struct buf *out)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res;

	if (asprintf(&path, "/proc/self/fd/%d", fd) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	res = file__read(path, OBJECT_LIMIT, &data, &size);
	if (!res)
		buf__add(out, data, size);
	return res ? res : buf__failed(out) ? -ENOMEM : 0;
}

static void object__free(struct object *it)
{
	if (it->elf)
		elf_end(it->elf);
	free(it->rodata);
	buf__free(&it->symbols);
	buf__free(&it->names);
	buf__free(&it->property);
}

int linkable__object(const char *name, const char *arch, const void *data, size_t size,
		     struct buf *out, struct error *err)
{
	struct object it __attribute__((__cleanup__(object__free))) = {
		.machine = find_machine(arch, err),
	};
	_cleanup_close_ int fd = -1;
	int res;

	if (!it.machine)
		return -ENOTSUP;
	res = fill_rodata(&it, data, size);
	if (res)
		return error__oom(err);
	fill_symbols(&it, name);
	fill_property(&it);
	if (buf__failed(&it.symbols) || buf__failed(&it.names) || buf__failed(&it.property))
		return error__oom(err);
	fd = memfd_create("object", MFD_CLOEXEC);
	res = fd < 0 ? -errno : write_elf(&it, fd);
	if (!res)
		res = read_back(fd, out);
	return res ? error__set(err, res, "can't make an object file: %s", res == -EIO ?
				elf_errmsg(-1) : strerror(-res)) : 0;
}
