/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/vmlinux.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banner.h"
#include "base/cleanup.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif
#ifndef EM_RISCV
#define EM_RISCV 243
#endif

DEFINE_CLEANUP(elf_endp, Elf, elf_end)

/* One ELF file under inspection. */
struct subject {
	Elf *elf;
	const char *name;
	uint64_t file_size;
	GElf_Ehdr header;
	size_t section_count;
	size_t names;             /* index of the section names' section */
	struct banner banner;
	bool looks_like_kernel;   /* has a section that only kernels have */
};

static const char *arch_name(const GElf_Ehdr *header)
{
	bool is_64 = header->e_ident[EI_CLASS] == ELFCLASS64;
	bool is_big = header->e_ident[EI_DATA] == ELFDATA2MSB;

	switch (header->e_machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_386:
		return "i686";
	case EM_AARCH64:
		return is_big ? "aarch64_be" : "aarch64";
	case EM_ARM:
		return is_big ? "armv7b" : "armv7l";
	case EM_S390:
		return is_64 ? "s390x" : "s390";
	case EM_PPC64:
		return is_big ? "ppc64" : "ppc64le";
	case EM_PPC:
		return "ppc";
	case EM_RISCV:
		return is_64 ? "riscv64" : "riscv32";
	case EM_MIPS:
		return is_64 ? "mips64" : "mips";
	case EM_LOONGARCH:
		return is_64 ? "loongarch64" : "loongarch32";
	default:
		return "";
	}
}

static int damaged(const struct subject *subject, const char *what, struct error *err)
{
	return error__set(err, EBADMSG,
			  "%s: %s: the file is damaged or was cut off; get it again",
			  subject->name, what);
}

static int no_kernel(const struct subject *subject, const char *what, struct error *err)
{
	return error__set(err, ENOEXEC, "%s is %s, not a kernel: give the path of a vmlinux",
			  subject->name, what);
}

static void take_build_id(Elf_Data *notes, struct kernel_image *image)
{
	size_t at = 0, name_at, desc_at;
	GElf_Nhdr note;

	while (!image->build_id_len && (at = gelf_getnote(notes, at, &note, &name_at, &desc_at))) {
		const char *base = notes->d_buf;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(ELF_NOTE_GNU) ||
		    memcmp(base + name_at, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0)
			continue;
		if (!note.n_descsz || note.n_descsz > sizeof(image->build_id))
			continue;
		memcpy(image->build_id, base + desc_at, note.n_descsz);
		image->build_id_len = note.n_descsz;
	}
}

/* For files without section headers. */
static int read_program_headers(struct subject *subject, struct kernel_image *image,
				struct error *err)
{
	size_t count;

	if (elf_getphdrnum(subject->elf, &count))
		return damaged(subject, "its program headers can't be read", err);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		Elf_Data *notes;

		if (!gelf_getphdr(subject->elf, i, &segment))
			return damaged(subject, "its program headers can't be read", err);
		if (segment.p_type == PT_INTERP)
			return no_kernel(subject, "a program", err);
		if (segment.p_type != PT_NOTE || !segment.p_filesz || image->build_id_len)
			continue;
		/* split debug files keep the header and drop what it points at */
		if (segment.p_offset > subject->file_size ||
		    segment.p_filesz > subject->file_size - segment.p_offset)
			continue;
		notes = elf_getdata_rawchunk(subject->elf, segment.p_offset, segment.p_filesz,
					     segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		if (notes)
			take_build_id(notes, image);
	}
	return 0;
}

static int take_btf(Elf_Data *data, struct kernel_image *image, struct error *err)
{
	if (image->btf)
		return 0;
	image->btf = malloc(data->d_size);
	if (!image->btf)
		return error__oom(err);
	memcpy(image->btf, data->d_buf, data->d_size);
	image->btf_size = data->d_size;
	return 0;
}

static bool only_in_kernels(const char *section)
{
	static const char *const names[] = { "__ksymtab", "__ksymtab_strings", ".init.text",
					     "__param", "__ex_table" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(section, names[i]) == 0)
			return true;
	return false;
}

static bool is_empty(const GElf_Shdr *section)
{
	return section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL || !section->sh_size;
}

static int read_section(struct subject *subject, Elf_Scn *scn, bool want_btf,
			struct kernel_image *image, struct error *err)
{
	GElf_Shdr section;
	const char *name;
	Elf_Data *data;

	if (!gelf_getshdr(scn, &section))
		return damaged(subject, "a section header can't be read", err);
	name = elf_strptr(subject->elf, subject->names, section.sh_name);
	if (!name)
		return damaged(subject, "a section has no readable name", err);
	subject->looks_like_kernel |= only_in_kernels(name);
	if (is_empty(&section))
		return 0;
	if (section.sh_offset > subject->file_size ||
	    section.sh_size > subject->file_size - section.sh_offset)
		return damaged(subject, "a section lies beyond its end", err);
	if (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0)
		image->has_dwarf = true;
	if (strcmp(name, ".BTF") == 0)
		image->has_btf = true;
	else if (section.sh_type != SHT_NOTE)
		return 0;
	data = elf_getdata(scn, NULL);
	if (!data || !data->d_buf)
		return damaged(subject, "a section can't be read", err);
	if (section.sh_type == SHT_NOTE)
		take_build_id(data, image);
	else if (want_btf)
		return take_btf(data, image, err);
	return 0;
}

/* First .rodata, where it mostly is, then all else that is loaded. */
static void find_banner(struct subject *subject, bool in_rodata)
{
	for (size_t i = 1; i < subject->section_count && !subject->banner.version; i++) {
		Elf_Scn *scn = elf_getscn(subject->elf, i);
		GElf_Shdr section;
		const char *name;
		Elf_Data *data;

		if (!scn || !gelf_getshdr(scn, &section) || section.sh_type != SHT_PROGBITS ||
		    !(section.sh_flags & SHF_ALLOC) || is_empty(&section))
			continue;
		name = elf_strptr(subject->elf, subject->names, section.sh_name);
		if (!name || (strcmp(name, ".rodata") == 0) != in_rodata || strcmp(name, ".BTF") == 0)
			continue;
		data = elf_rawdata(scn, NULL);
		if (data && data->d_buf)
			banner__search(data->d_buf, data->d_size, &subject->banner);
	}
}

static int read_sections(struct subject *subject, bool want_btf, struct kernel_image *image,
			 struct error *err)
{
	const GElf_Ehdr *header = &subject->header;

	if (!header->e_shoff)
		return 0;
	/* of a table that is cut off libelf makes one of no sections, so ask the header, too */
	if (header->e_shoff >= subject->file_size ||
	    elf_getshdrnum(subject->elf, &subject->section_count) ||
	    elf_getshdrstrndx(subject->elf, &subject->names) || !subject->section_count ||
	    subject->section_count < header->e_shnum ||
	    subject->section_count > (subject->file_size - header->e_shoff) / header->e_shentsize)
		return damaged(subject, "its table of sections is not there", err);
	for (size_t i = 1; i < subject->section_count; i++) {
		Elf_Scn *scn = elf_getscn(subject->elf, i);
		int rc;

		if (!scn)
			return damaged(subject, "a section header can't be read", err);
		rc = read_section(subject, scn, want_btf, image, err);
		if (rc)
			return rc;
	}
	find_banner(subject, true);
	find_banner(subject, false);
	return 0;
}

static int check_type(struct subject *subject, struct error *err)
{
	switch (subject->header.e_type) {
	case ET_EXEC:
	case ET_DYN: /* a relocatable kernel (arm64, s390) looks like a shared object */
		return 0;
	case ET_REL:
		return no_kernel(subject, "a relocatable object or a module", err);
	case ET_CORE:
		return no_kernel(subject, "a memory dump", err);
	default:
		return no_kernel(subject, "an ELF file of an unknown type", err);
	}
}

static int fill_strings(const struct subject *subject, struct kernel_image *image,
			struct error *err)
{
	const struct banner *banner = &subject->banner;

	image->arch = strdup(arch_name(&subject->header));
	image->kernel_release = strndup(banner->release ? banner->release : "",
					banner->release_len);
	image->kernel_version = strndup(banner->version ? banner->version : "",
					banner->version_len);
	if (!image->arch || !image->kernel_release || !image->kernel_version)
		return error__oom(err);
	return 0;
}

static int inspect(struct subject *subject, bool want_btf, struct kernel_image *image,
		   struct error *err)
{
	int rc;

	if (elf_kind(subject->elf) != ELF_K_ELF)
		return error__set(err, ENOEXEC, "%s is no ELF file: give the path of a vmlinux",
				  subject->name);
	if (!gelf_getehdr(subject->elf, &subject->header))
		return damaged(subject, "its ELF header can't be read", err);
	if (subject->header.e_shoff && !subject->header.e_shentsize)
		return damaged(subject, "its ELF header makes no sense", err);
	rc = check_type(subject, err);
	if (!rc)
		rc = read_sections(subject, want_btf, image, err);
	if (!rc)
		rc = read_program_headers(subject, image, err);
	if (rc)
		return rc;
	if (subject->header.e_type == ET_DYN && !subject->banner.release &&
	    !subject->looks_like_kernel)
		return no_kernel(subject, "a shared object", err);
	return fill_strings(subject, image, err);
}

static int finish(int rc, struct kernel_image *image)
{
	if (rc)
		kernel_image__free(image);
	return rc;
}

int vmlinux__inspect(const char *path, bool want_btf, struct kernel_image *image,
		     struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	cleanup(elf_endp) Elf *elf = NULL;
	struct subject subject = { .name = path };
	struct stat st;

	*image = (struct kernel_image){};
	if (fd < 0 || fstat(fd, &st) < 0)
		return error__set(err, errno, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return no_kernel(&subject, "no regular file", err);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return error__set(err, ENOEXEC, "%s can't be read as an ELF file (%s)", path,
				  elf_errmsg(-1));
	subject.elf = elf;
	subject.file_size = st.st_size;
	return finish(inspect(&subject, want_btf, image, err), image);
}

int vmlinux__inspect_mem(const void *data, size_t size, const char *name, bool want_btf,
			 struct kernel_image *image, struct error *err)
{
	cleanup(elf_endp) Elf *elf = NULL;
	struct subject subject = { .name = name, .file_size = size };

	*image = (struct kernel_image){};
	elf_version(EV_CURRENT);
	/* libelf takes a pointer to what it may change, and changes nothing in a file read */
	elf = elf_memory((char *)data, size);
	if (!elf)
		return error__set(err, ENOEXEC, "%s can't be read as an ELF file (%s)", name,
				  elf_errmsg(-1));
	subject.elf = elf;
	return finish(inspect(&subject, want_btf, image, err), image);
}

void kernel_image__free(struct kernel_image *image)
{
	free(image->arch);
	free(image->kernel_release);
	free(image->kernel_version);
	free(image->btf);
	*image = (struct kernel_image){};
}
