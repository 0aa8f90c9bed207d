/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kconfig.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/cleanup.h"

static bool has_configuration(void)
{
	struct utsname uts;
	char path[sizeof(uts.release) + 16];

	if (access("/proc/config.gz", R_OK) == 0)
		return true;
	if (uname(&uts) < 0)
		return false;
	snprintf(path, sizeof(path), "/boot/config-%s", uts.release);
	return access(path, R_OK) == 0;
}

static bool is_weak(const struct bpf_elf *elf, const char *name)
{
	for (size_t i = 0; i < elf->symbol_count; i++)
		if (ELF64_ST_BIND(elf->symbols[i].st_info) == STB_WEAK &&
		    strcmp(bpf_elf__symbol_name(elf, &elf->symbols[i]), name) == 0)
			return true;
	return false;
}

/* "NAME=" at the beginning of a line. */
static bool is_given(const char *given, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = given; line && *line; line += strcspn(line, "\n")) {
		line += strspn(line, "\n");
		if (strncmp(line, name, len) == 0 && line[len] == '=')
			return true;
	}
	return false;
}

/* What a configuration would say for "unset" of the extern's type; NULL: nothing can. */
static const char *unset_value(const struct btf *btf, uint32_t type_id)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	if (!type)
		return NULL;
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		if (btf_int_encoding(type) & BTF_INT_BOOL)
			return "n";
		/* a char is one of y, m and n: none of them is zero */
		return type->size == 1 ? NULL : "0";
	case BTF_KIND_ENUM:
		return "n";
	case BTF_KIND_ARRAY:
		return "\"\"";
	default:
		return NULL;
	}
}

int kconfig__complete(const struct bpf_elf *elf, const struct btf *btf, const char *given,
		      char **text, struct remarks *remarks)
{
	int32_t id = btf ? btf__find_by_name_kind(btf, ".kconfig", BTF_KIND_DATASEC) : -1;
	const struct btf_type *section = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_var_secinfo *info = section ? btf_var_secinfos(section) : NULL;
	_cleanup_buf_ struct buf lines = {};

	if (given)
		buf__printf(&lines, "%s%s", given, *given ? "\n" : "");
	if (has_configuration())
		section = NULL;
	for (uint32_t i = 0; section && i < btf_vlen(section); i++, info++) {
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		const char *name = var ? btf__name_by_offset(btf, var->name_off) : NULL;
		const char *value = name && strncmp(name, "CONFIG_", 7) == 0 && is_weak(elf, name) &&
				    !is_given(given, name) ? unset_value(btf, var->type) : NULL;

		if (!value)
			continue;
		buf__printf(&lines, "%s=%s\n", name, value);
		remarks__add(remarks, KBTF_REMARK_ADAPTED, "%s counts as unset: the kernel's "
			     "configuration is neither in /proc/config.gz nor in /boot", name);
	}
	*text = NULL;
	if (!lines.len && !buf__failed(&lines))
		return 0;
	if (!buf__cstr(&lines))
		return -ENOMEM;
	*text = (char *)buf__steal(&lines, NULL);
	return 0;
}
