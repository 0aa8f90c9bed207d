/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/objects.h"

#include <dirent.h>
#include <elf.h>
#include <endian.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"

#define OBJECT_LIMIT (256u << 20)
#define WORDS 300

void objects__free(struct objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		free(objects->paths[i]);
	for (size_t i = 0; i < objects->unusable_count; i++) {
		free(objects->unusable[i].path);
		free(objects->unusable[i].why);
	}
	free(objects->unusable);
	free(objects->paths);
	free(objects->refs);
	free(objects->name);
	kbtf_minimizer__free(objects->minimizer);
	*objects = (struct objects){};
}

bool object_file__is_bpf(const void *data, size_t size)
{
	const Elf64_Ehdr *header = data;
	uint16_t machine;

	if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	machine = header->e_ident[EI_DATA] == ELFDATA2MSB ? be16toh(header->e_machine)
							  : le16toh(header->e_machine);
	return machine == EM_BPF;
}

static int read_object(struct objects *objects, const char *path, struct error *err)
{
	struct kbtf_object_ref *ref = &objects->refs[objects->count];
	_cleanup_free_ void *data = NULL;
	const char *slash = strrchr(path, '/');
	char why[WORDS];
	size_t size;
	int res = file__read(path, OBJECT_LIMIT, &data, &size);

	if (res)
		return error__set(err, res, "%s: %s", path, strerror(-res));
	if (!object_file__is_bpf(data, size))
		return error__set(err, EBADMSG, "%s: no BPF object file (ELF for the BPF machine); "
				  "compile it with clang -target bpf -g", path);
	sha256__of(data, size, ref->sha256);
	for (size_t i = 0; i < objects->count; i++)
		if (memcmp(objects->refs[i].sha256, ref->sha256, SHA256_SIZE) == 0)
			return 0;
	res = kbtf_minimizer__add(objects->minimizer, path, data, size, why, sizeof(why));
	if (res)
		return error__set(err, -res, "%s; is it compiled with clang -g?", why);
	objects->paths[objects->count] = strdup(path);
	if (!objects->paths[objects->count])
		return error__oom(err);
	ref->name = objects->paths[objects->count] + (slash ? slash + 1 - path : 0);
	objects->count++;
	return 0;
}

static int init(struct objects *objects, const char *profile, size_t count, struct error *err)
{
	*objects = (struct objects){
		.name = strdup(profile),
		.paths = calloc(count + 1, sizeof(*objects->paths)),
		.refs = calloc(count + 1, sizeof(*objects->refs)),
		.minimizer = kbtf_minimizer__new(),
	};
	if (!objects->name || !objects->paths || !objects->refs || !objects->minimizer)
		return error__oom(err);
	return 0;
}

int objects__read(const char *const *paths, size_t count, const char *profile,
		  struct objects *objects, struct error *err)
{
	int res = init(objects, profile, count, err);

	for (size_t i = 0; !res && i < count; i++)
		res = read_object(objects, paths[i], err);
	if (res)
		objects__free(objects);
	return res;
}

static int set_apart(struct objects *objects, const char *path, struct error *err)
{
	struct unusable_object *added = &objects->unusable[objects->unusable_count++];

	*added = (struct unusable_object){ strdup(path), strdup(err->text) };
	return added->path && added->why ? 0 : error__oom(err);
}

int objects__read_usable(const char *const *paths, size_t count, struct objects *objects,
			 struct error *err)
{
	int res = init(objects, "", count, err);

	if (!res && !(objects->unusable = calloc(count + 1, sizeof(*objects->unusable))))
		res = error__oom(err);
	for (size_t i = 0; !res && i < count; i++) {
		res = read_object(objects, paths[i], err);
		if (res && res != -ENOMEM)
			res = set_apart(objects, paths[i], err);
	}
	if (res)
		objects__free(objects);
	return res;
}

static int is_object_name(const struct dirent *file)
{
	const char *suffix = ".bpf.o";
	size_t len = strlen(file->d_name), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(file->d_name + len - suffix_len, suffix) == 0;
}

static int join_dir(const char *dir, struct dirent **files, size_t count, char **paths)
{
	for (size_t i = 0; i < count; i++)
		if (asprintf(&paths[i], "%s/%s", dir, files[i]->d_name) < 0) {
			paths[i] = NULL;
			return -ENOMEM;
		}
	return 0;
}

int objects__read_dir(const char *dir, const char *profile, struct objects *objects,
		      struct error *err)
{
	struct dirent **files = NULL;
	int found = scandir(dir, &files, is_object_name, alphasort), res;
	size_t count = found > 0 ? (size_t)found : 0;
	char **paths = calloc(count + 1, sizeof(*paths));

	*objects = (struct objects){};
	if (!paths || join_dir(dir, files, count, paths))
		res = error__oom(err);
	else if (!count)
		res = error__set(err, ENOENT, "%s: no bundled BPF objects (*.bpf.o) there; build "
				 "them with `make bpf`, or name yours with --for", dir);
	else
		res = objects__read((const char *const *)paths, count, profile, objects, err);
	for (size_t i = 0; i < count; i++) {
		free(files[i]);
		free(paths ? paths[i] : NULL);
	}
	free(files);
	free(paths);
	return res;
}
