/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "object.h"

#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ext_records.h"
#include "ident.h"
#include "kconfig.h"

#define OBJECT_LIMIT (256u << 20)
/*
 * For each program. Kernels before 6.4 keep the beginning of a log and not its end, so
 * it must hold it all; memory that nobody writes to costs nothing.
 */
#define LOG_SIZE (8u << 20)

void kbtf_object__close(struct kbtf_object *object)
{
	if (!object)
		return;
	if (object->skeleton)
		object__leave_skeleton(object);
	bpf_object__close(object->bpf);
	btf__free(object->btf);
	globals__free(&object->globals);
	if (object->btf_fd >= 0)
		close(object->btf_fd);
	free(object->btf_path);
	free(object->adapted);
	free(object->kconfig);
	free(object->array_uses);
	for (size_t i = 0; i < object->inner_map_count; i++)
		close(object->inner_maps[i]);
	free(object->inner_maps);
	for (size_t i = 0; i < object->log_count; i++)
		munmap(object->logs[i].text, LOG_SIZE);
	free(object->logs);
	for (size_t i = 0; i < object->place_count; i++)
		free(object->places[i].name);
	free(object->places);
	source_lines__free(&object->lines);
	targets__free(&object->targets);
	remarks__free(&object->remarks);
	free(object);
}

struct bpf_object *kbtf_object__bpf(const struct kbtf_object *object)
{
	return object->bpf;
}

bool kbtf_object__needs_btf(const struct kbtf_object *object)
{
	return object->needs_btf;
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

/* ---- opening ----------------------------------------------------------------------------- */

static int any_record(void *ctx, const char *section, uint8_t *record, size_t size)
{
	(void)ctx, (void)section, (void)record, (void)size;
	return 1;
}

/* Whether the object has any CO-RE relocation. */
static bool has_core_relocations(const struct bpf_elf *elf, const struct btf *btf)
{
	size_t index = bpf_elf__find_section(elf, ".BTF.ext");
	const struct bpf_elf_section *section = &elf->sections[index];

	return index && section->data &&
	       ext_records__each(section->data, section->size, btf, EXT_RELOCATIONS, any_record,
				 NULL) > 0;
}

/* A relocation of a function, or one that asks for a type ID, which is another without functions. */
static int is_about_functions(void *ctx, const char *section, uint8_t *record, size_t size)
{
	struct bpf_core_relo relocation = {};
	const struct btf_type *type;

	(void)section;
	if (size < sizeof(relocation))
		return 0;
	memcpy(&relocation, record, sizeof(relocation));
	type = btf__type_by_id(ctx, relocation.type_id);
	return relocation.kind == BPF_CORE_TYPE_ID_TARGET ||
	       (type && (btf_is_func(type) || btf_is_func_proto(type)));
}

static bool needs_functions(const struct bpf_elf *elf, struct btf *btf)
{
	size_t index = bpf_elf__find_section(elf, ".BTF.ext");
	const struct bpf_elf_section *section = &elf->sections[index];

	return index && section->data &&
	       ext_records__each(section->data, section->size, btf, EXT_RELOCATIONS,
				 is_about_functions, btf);
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

/* Where its code lies in its section: what libbpf says of it is another when it has loaded. */
static void find_code(const struct bpf_elf *elf, struct program_log *log)
{
	const char *name = bpf_program__name(log->program);

	for (size_t i = 0; i < elf->symbol_count; i++)
		if (ELF64_ST_TYPE(elf->symbols[i].st_info) == STT_FUNC &&
		    strcmp(bpf_elf__symbol_name(elf, &elf->symbols[i]), name) == 0) {
			log->place = elf->symbols[i].st_value;
			log->size = elf->symbols[i].st_size;
		}
}

/* Each program gets a log of its own: the one that has words in it is the one that failed. */
static int give_logs(struct kbtf_object *object, const struct bpf_elf *elf)
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
		object->logs[object->log_count] = (struct program_log){ program, text, 0, 0 };
		find_code(elf, &object->logs[object->log_count++]);
		bpf_program__set_log_buf(program, text, LOG_SIZE);
	}
	return 0;
}

static int open_by_libbpf(struct kbtf_object *object, struct bpf_elf *elf, const void *data,
			  size_t size, const struct kbtf_object_opts *opts)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_opts, .object_name = opts->object_name,
		    .kconfig = object->kconfig, .btf_custom_path = object->btf_path);

	int err;

	object->bpf = bpf_object__open_mem(data, size, &open_opts);
	if (!object->bpf) {
		err = -errno;
		object__remark_open_failure(object, elf, err);
		return err;
	}
	/* libbpf's own maps of variables stay: where the kernel can't have them, it makes none */
	err = object__replace_ring_buffers(object);
	if (!err)
		err = object__choose_programs(object, elf, opts);
	if (!err)
		err = object__replace_helpers(object);
	if (!err)
		err = source_lines__read(elf, &object->lines);
	if (!err)
		object__warn(object);
	return err ? err : give_logs(object, elf);
}

static int open_object(struct kbtf_object *object, const void *data, size_t size,
		       const struct kbtf_object_opts *opts)
{
	struct bpf_elf elf __attribute__((__cleanup__(bpf_elf__free))) = {};
	int err = bpf_elf__parse(data, size, &elf);

	if (err) {
		object__remark_no_object(object, data, size);
		return err;
	}
	err = read_own_btf(object, &elf);
	if (err)
		return err;
	object->needs_btf = has_core_relocations(&elf, object->btf);
	object->needs_functions = needs_functions(&elf, object->btf);
	if ((err = object__choose_btf(object, data, size, opts)) ||
	    (err = kconfig__complete(&elf, object->btf, opts->kconfig, &object->kconfig,
				     &object->remarks)) ||
	    (err = object__adapt_globals(object, &elf, opts)))
		return err;
	if (object->adapted)
		return open_by_libbpf(object, &elf, object->adapted, object->adapted_size, opts);
	return open_by_libbpf(object, &elf, data, size, opts);
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

/* ---- loading --------------------------------------------------------------------------------- */

struct bpf_program *kbtf_object__failed_program(const struct kbtf_object *object)
{
	return object->failed;
}

int kbtf_object__load(struct kbtf_object *object)
{
	int err;

	if (!object->bpf || object->loaded)
		return -EINVAL;
	err = object__settle_constants(object);
	if (err)
		return err;
	err = kbtf_object__push_globals(object);
	if (err) {
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "can't write the global variables: %s", strerror(-err));
		return err;
	}
	object__leave_out_arrays(object);
	if ((err = object__drop_map_flags(object)) || (err = object__replace_inner_maps(object)))
		return err;
	err = bpf_object__load(object->bpf);
	if (err) {
		object__remark_load_failure(object, err);
		return err;
	}
	object->loaded = true;
	return 0;
}
