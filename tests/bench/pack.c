/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packs listed kernels through libkbtf as btfgen does, without fetching or encoding.
 * Usage: pack ARCHIVE full|min EVERY [OBJECT.bpf.o...] <LIST
 * LIST: as tests/lib/make-identities prints it. "min": the files are BTF minimized for the
 * OBJECTs, and all that is kept of a kernel. Commits after EVERY kernels and prints how many
 * there are, the archive's bytes, and milliseconds of processor time for one kernel: opening,
 * adding, committing, and how many kB were in memory at the most.
 */
#include <kbtf_write.h>
#include <sys/resource.h>
#include <time.h>

#include "kernel_list.h"

struct profile {
	struct kbtf_object_ref objects[256];
	size_t count; /* 0: full BTF */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void add(struct kbtf_writer *writer, char *fields[FIELDS], const struct profile *profile)
{
	size_t size;
	void *btf = read_file(fields[FIELD_FILE], &size);
	uint8_t build_id[BUILD_ID_SIZE];
	struct kbtf_new_min min = { .profile = "bundled", .objects = profile->objects,
				    .object_count = profile->count, .btf = btf, .btf_size = size };
	struct kbtf_new_entry entry = {
		.sz = sizeof(entry),
		.ident = ident_of(fields, build_id),
		.provenance = { .sz = sizeof(entry.provenance), .package = fields[FIELD_PACKAGE],
				.package_version = fields[FIELD_PACKAGE_VERSION],
				.package_sha256 = fields[FIELD_SHA256],
				.verification = KBTF_VERIFIED_SIGNED_INDEX,
				.verified_by = fields[FIELD_KEY], .encoder = fields[FIELD_ENCODER],
				.encoder_version = fields[FIELD_ENCODER_VERSION] },
		.mins = &min, .min_count = profile->count > 0,
	};
	enum kbtf_added added;

	if (!profile->count) {
		entry.btf = btf;
		entry.btf_size = size;
	}
	errno = -kbtf_writer__add(writer, &entry, &added);
	need(!errno, fields[FIELD_FILE]);
	free(btf);
}

static void report(const char *path, size_t count, const double times[4], size_t every)
{
	struct rusage usage;
	struct stat about;

	need(!stat(path, &about), path);
	getrusage(RUSAGE_SELF, &usage);
	printf("%zu %lld %.2f %.2f %.2f %ld\n", count, (long long)about.st_size,
	       (times[1] - times[0]) / every, (times[2] - times[1]) / every,
	       (times[3] - times[2]) / every, usage.ru_maxrss);
	fflush(stdout);
}

/* As many as there are, `every` at the most. */
static size_t pack(const char *path, size_t every, const struct profile *profile, size_t before)
{
	double times[4] = { now() };
	struct kbtf_writer *writer = kbtf_writer__open(path);
	char line[4096], *fields[FIELDS];
	size_t count = 0;

	need(writer != NULL, path);
	times[1] = now();
	while (count < every && fgets(line, sizeof(line), stdin)) {
		split(line, fields);
		add(writer, fields, profile);
		count++;
	}
	times[2] = now();
	if (count) {
		errno = -kbtf_writer__commit(writer);
		need(!errno, path);
	}
	kbtf_writer__close(writer);
	times[3] = now();
	if (count)
		report(path, before + count, times, count);
	return count;
}

static void read_profile(struct profile *profile, char **paths, int count)
{
	need(count < 256, "too many objects");
	for (int i = 0; i < count; i++) {
		const char *slash = strrchr(paths[i], '/');

		profile->objects[i].name = slash ? slash + 1 : paths[i];
		errno = -sha256__of_file(paths[i], profile->objects[i].sha256);
		need(!errno, paths[i]);
	}
	profile->count = (size_t)count;
}

int main(int argc, char **argv)
{
	struct profile profile = {};
	size_t count = 0, more, every;

	if (argc < 4 || (strcmp(argv[2], "full") != 0 && strcmp(argv[2], "min") != 0)) {
		fprintf(stderr, "usage: pack ARCHIVE full|min EVERY [OBJECT]... <LIST\n");
		return 2;
	}
	every = strtoul(argv[3], NULL, 10);
	if (strcmp(argv[2], "min") == 0)
		read_profile(&profile, argv + 4, argc - 4);
	do {
		more = pack(argv[1], every, &profile, count);
		count += more;
	} while (more == every);
	return 0;
}
