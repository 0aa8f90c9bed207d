/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf.h>

#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/assignments.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/file.h"
#include "base/sha256.h"
#include "ident.h"
#include "vendor.h"

#define TEXT_LIMIT (1 << 20)
#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
/* The PID namespace that the kernel begins with: its number is fixed since 3.8. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"
#define PART_COUNT (KBTF_HOST_PACKAGE_VERSION + 1)

struct kbtf_host {
	struct kbtf_ident ident;
	/* both by enum kbtf_host_part; what ident's strings point to, where they are not "" */
	char *values[PART_COUNT];
	char *sources[PART_COUNT];
	uint8_t build_id[KBTF_BUILD_ID_MAX];
	char *kernel_btf;
};

/* Where the files of a machine lie. */
struct places {
	const char *root;          /* of /sys and /proc */
	const char *release_root;  /* of os-release; NULL: nobody can tell */
	bool foreign;              /* its symbolic links lead to another place from here */
};

DEFINE_CLEANUP(kbtf_host__freep, struct kbtf_host, kbtf_host__free)

void kbtf_host__free(struct kbtf_host *host)
{
	if (!host)
		return;
	for (size_t i = 0; i < PART_COUNT; i++) {
		free(host->values[i]);
		free(host->sources[i]);
	}
	free(host->kernel_btf);
	free(host);
}

static char *join(const char *root, const char *path)
{
	char *full;

	return asprintf(&full, "%s%s", root, path) < 0 ? NULL : full;
}

static int read_under(const char *root, const char *path, void **data, size_t *size)
{
	_cleanup_free_ char *full = join(root, path);

	return full ? file__read(full, TEXT_LIMIT, data, size) : -ENOMEM;
}

/* The first line of a file under `root`, malloc'ed, or NULL. */
static char *read_line(const char *root, const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (read_under(root, path, (void **)&text, &size) != 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return steal_ptr(text);
}

/* ---- parts and where they come from ----------------------------------------------------- */

static const char **ident_field(struct kbtf_ident *ident, enum kbtf_host_part part)
{
	switch (part) {
	case KBTF_HOST_DISTRO:
		return &ident->distro;
	case KBTF_HOST_DISTRO_RELEASE:
		return &ident->distro_release;
	case KBTF_HOST_ARCH:
		return &ident->arch;
	case KBTF_HOST_KERNEL_RELEASE:
		return &ident->kernel_release;
	case KBTF_HOST_KERNEL_VERSION:
		return &ident->kernel_version;
	default:
		return NULL;
	}
}

/* Takes `value` over. -ENOMEM if it is NULL. */
static int set_value(struct kbtf_host *host, enum kbtf_host_part part, char *value)
{
	const char **field = ident_field(&host->ident, part);

	free(host->values[part]);
	host->values[part] = value;
	if (field)
		*field = value ? value : "";
	return value ? 0 : -ENOMEM;
}

static void __attribute__((format(printf, 3, 4)))
set_source(struct kbtf_host *host, enum kbtf_host_part part, const char *format, ...)
{
	va_list args;

	free(host->sources[part]);
	va_start(args, format);
	if (vasprintf(&host->sources[part], format, args) < 0)
		host->sources[part] = NULL;
	va_end(args);
}

const char *kbtf_host__source(const struct kbtf_host *host, enum kbtf_host_part part)
{
	return (unsigned int)part < PART_COUNT && host->sources[part] ? host->sources[part] : "";
}

const char *kbtf_host__package_version(const struct kbtf_host *host)
{
	const char *version = host->values[KBTF_HOST_PACKAGE_VERSION];

	return version ? version : "";
}

/* ---- the kernel ---------------------------------------------------------------------------- */

/* ELF notes as /sys/kernel/notes gives them: in the machine's own byte order, 4-aligned. */
static void find_build_id(struct kbtf_host *host, const void *data, size_t size)
{
	struct cursor cur = cursor__over(data, size);
	const uint8_t *header;

	while ((header = cursor__take(&cur, sizeof(Elf64_Nhdr)))) {
		Elf64_Nhdr note;
		const uint8_t *name, *desc;

		memcpy(&note, header, sizeof(note));
		name = cursor__take(&cur, (note.n_namesz + UINT64_C(3)) & ~UINT64_C(3));
		desc = cursor__take(&cur, (note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
		if (!name || !desc)
			return;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    memcmp(name, "GNU", 4) != 0 || !note.n_descsz ||
		    note.n_descsz > KBTF_BUILD_ID_MAX)
			continue;
		memcpy(host->build_id, desc, note.n_descsz);
		host->ident.build_id_len = note.n_descsz;
		return;
	}
}

static void read_build_id(struct kbtf_host *host, const char *root)
{
	_cleanup_free_ void *notes = NULL;
	size_t size;
	int err = read_under(root, "/sys/kernel/notes", &notes, &size);

	if (!err)
		find_build_id(host, notes, size);
	if (err || host->ident.build_id_len)
		set_source(host, KBTF_HOST_BUILD_ID, "%s/sys/kernel/notes%s%s", root,
			   err ? ": " : "", err ? strerror(-err) : "");
	else
		set_source(host, KBTF_HOST_BUILD_ID, "%s/sys/kernel/notes has none", root);
}

/* From /proc under a root, if it is there; else what uname(2) says. */
static int read_name(struct kbtf_host *host, enum kbtf_host_part part, const char *root,
		     const char *path, const char *called)
{
	char *value = *root ? read_line(root, path) : NULL;

	if (value)
		set_source(host, part, "%s%s", root, path);
	else
		set_source(host, part, "uname");
	return set_value(host, part, value ? value : strdup(called));
}

static int read_names(struct kbtf_host *host, const char *root)
{
	struct utsname uts;
	int err;

	if (uname(&uts) < 0)
		return -errno;
	if ((err = read_name(host, KBTF_HOST_ARCH, root, "/proc/sys/kernel/arch", uts.machine)) ||
	    (err = read_name(host, KBTF_HOST_KERNEL_RELEASE, root, "/proc/sys/kernel/osrelease",
			     uts.release)))
		return err;
	return read_name(host, KBTF_HOST_KERNEL_VERSION, root, "/proc/sys/kernel/version",
			 uts.version);
}

static int find_kernel_btf(struct kbtf_host *host, const char *root)
{
	host->kernel_btf = join(root, KERNEL_BTF);
	if (!host->kernel_btf)
		return -ENOMEM;
	if (access(host->kernel_btf, R_OK) < 0) {
		free(host->kernel_btf);
		host->kernel_btf = NULL;
	}
	return 0;
}

static int read_vendor(struct kbtf_host *host, const char *root, struct vendor *vendor)
{
	_cleanup_free_ char *signature = read_line(root, "/proc/version_signature");

	vendor__of(host->ident.kernel_release, host->ident.kernel_version,
		   signature ? signature : "", vendor);
	if (!*vendor->package_version) {
		set_source(host, KBTF_HOST_PACKAGE_VERSION, "the kernel does not say");
		return 0;
	}
	/* the signature says it in one piece; elsewhere it is read out of the names */
	if (signature && strstr(signature, vendor->package_version))
		set_source(host, KBTF_HOST_PACKAGE_VERSION, "%s/proc/version_signature", root);
	else
		set_source(host, KBTF_HOST_PACKAGE_VERSION, "its version string");
	return set_value(host, KBTF_HOST_PACKAGE_VERSION, strdup(vendor->package_version));
}

/* ---- the distribution ------------------------------------------------------------------ */

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* "DEVICE ROOT" of what is mounted on / for a process, see proc_pid_mountinfo(5), or NULL. */
static char *read_root_mount(const char *path)
{
	_cleanup_free_ char *text = NULL;
	char *rest = NULL, *found = NULL;
	size_t size;

	if (file__read(path, TEXT_LIMIT, (void **)&text, &size) != 0)
		return NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		int from = 0, to = 0, end = 0;

		if (sscanf(line, "%*u %*u %n%*s %*s%n %*s%n", &from, &to, &end) < 0 || !end ||
		    strncmp(line + to, " / ", 3) != 0)
			continue;
		/* the last one covers the others */
		free(found);
		found = strndup(line + from, (size_t)(to - from));
	}
	return found;
}

/* Whether PID 1 sees another root; no, where nobody can tell. */
static bool has_other_root(void)
{
	_cleanup_free_ char *first = read_root_mount("/proc/1/mountinfo");
	_cleanup_free_ char *own = read_root_mount("/proc/self/mountinfo");

	return first && (!own || strcmp(first, own) != 0);
}

/* Which root has the host's os-release, where nobody has said. */
static void find_host_root(struct places *places)
{
	bool may_look = access("/proc/1/root/", X_OK) == 0;
	char namespace[sizeof(FIRST_PID_NAMESPACE)] = "";

	if (readlink("/proc/self/ns/pid", namespace, sizeof(namespace) - 1) > 0 &&
	    strcmp(namespace, FIRST_PID_NAMESPACE) != 0)
		return;
	if (may_look && !same_file("/proc/1/root/", "/")) {
		places->release_root = "/proc/1/root";
	} else if (may_look || !has_other_root()) {
		places->release_root = "";
		places->foreign = false;
	}
}

/* A link in somebody else's root may lead into our own: only files are taken then. */
static char *find_os_release(const struct places *places)
{
	static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < 2; i++) {
		char *path = join(places->release_root, paths[i]);
		struct stat about;

		if (path && access(path, R_OK) == 0 &&
		    (!places->foreign || (lstat(path, &about) == 0 && S_ISREG(about.st_mode))))
			return path;
		free(path);
	}
	return NULL;
}

/* What the kernel says of itself; `why`: of os-release. */
static int take_vendor(struct kbtf_host *host, const struct vendor *vendor, const char *why)
{
	const char *distro = vendor__only(vendor);
	const bool has_release = distro && *vendor->release;
	int err = 0;

	set_source(host, KBTF_HOST_DISTRO, "%s%s", distro ? "the kernel's names; " : "", why);
	set_source(host, KBTF_HOST_DISTRO_RELEASE, "%s%s", has_release ? "the kernel's names; " : "",
		   why);
	if (distro)
		err = set_value(host, KBTF_HOST_DISTRO, strdup(distro));
	if (!err && has_release)
		err = set_value(host, KBTF_HOST_DISTRO_RELEASE, strdup(vendor->release));
	return err;
}

/* `vendor`: NULL where the file is to be believed. */
static int take_os_release(struct kbtf_host *host, const char *path, const char *text,
			   const struct vendor *vendor)
{
	_cleanup_free_ char *id = assignments__get(text, "ID"), *why = NULL;
	_cleanup_free_ char *version = assignments__get(text, "VERSION_ID");

	if (vendor && !vendor__allows(vendor, id ? id : "", version ? version : "")) {
		if (asprintf(&why, "not the kernel's: %s%s%s of %s", id ? id : "nothing",
			     version ? " " : "", version ? version : "", path) < 0) {
			why = NULL;
			return -ENOMEM;
		}
		return take_vendor(host, vendor, why);
	}
	set_source(host, KBTF_HOST_DISTRO, "%s%s", path, id ? "" : " has no ID");
	set_source(host, KBTF_HOST_DISTRO_RELEASE, "%s%s", path, version ? "" : " has no VERSION_ID");
	if (id)
		set_value(host, KBTF_HOST_DISTRO, steal_ptr(id));
	if (version)
		set_value(host, KBTF_HOST_DISTRO_RELEASE, steal_ptr(version));
	return 0;
}

static int read_distro(struct kbtf_host *host, const struct places *places,
		       const struct vendor *vendor, const char *told)
{
	_cleanup_free_ char *text = NULL, *path = NULL;
	size_t size;
	int err;

	if (told) {
		err = file__read(told, TEXT_LIMIT, (void **)&text, &size);
		return err ? err : take_os_release(host, told, text, NULL);
	}
	if (!places->release_root)
		return take_vendor(host, vendor, "in a container, os-release is not the host's");
	path = find_os_release(places);
	if (!path || file__read(path, TEXT_LIMIT, (void **)&text, &size) != 0)
		return take_vendor(host, vendor, "no os-release can be read");
	return take_os_release(host, path, text, vendor);
}

static int from_system(struct kbtf_host *host, const struct kbtf_host_opts *opts)
{
	struct places places = { .root = opts->root ? opts->root : "", .release_root = opts->root,
				 .foreign = true };
	struct vendor vendor;
	int err;

	if (!*places.root)
		find_host_root(&places);
	if ((err = read_names(host, places.root)) ||
	    (err = read_vendor(host, places.root, &vendor)) ||
	    (err = read_distro(host, &places, &vendor, opts->os_release)))
		return err;
	read_build_id(host, places.root);
	return find_kernel_btf(host, places.root);
}

/* ---- a machine described ----------------------------------------------------------------- */

static int from_file(struct kbtf_host *host, const char *path)
{
	static const char *const keys[PART_COUNT] = {
		[KBTF_HOST_DISTRO] = "DISTRO",
		[KBTF_HOST_DISTRO_RELEASE] = "DISTRO_RELEASE",
		[KBTF_HOST_ARCH] = "ARCH",
		[KBTF_HOST_KERNEL_RELEASE] = "KERNEL_RELEASE",
		[KBTF_HOST_KERNEL_VERSION] = "KERNEL_VERSION",
		[KBTF_HOST_BUILD_ID] = "BUILD_ID",
		[KBTF_HOST_PACKAGE_VERSION] = "PACKAGE_VERSION",
	};
	_cleanup_free_ char *text = NULL;
	const char *build_id;
	size_t size, len;
	int err = file__read(path, TEXT_LIMIT, (void **)&text, &size);

	if (err)
		return err;
	for (size_t i = 0; i < PART_COUNT; i++) {
		char *value = assignments__get(text, keys[i]);

		set_source(host, i, "%s%s", path, value ? "" : " does not say");
		if (value)
			set_value(host, i, value);
	}
	build_id = host->values[KBTF_HOST_BUILD_ID] ? host->values[KBTF_HOST_BUILD_ID] : "";
	len = strlen(build_id) / 2;
	if (len > KBTF_BUILD_ID_MAX || strlen(build_id) % 2 ||
	    (len && !hex__decode(build_id, host->build_id, len)))
		return -EINVAL;
	host->ident.build_id_len = len;
	return *host->ident.kernel_release || len ? 0 : -EINVAL;
}

struct kbtf_host *kbtf_host__new(const struct kbtf_host_opts *given)
{
	struct kbtf_host *host __attribute__((__cleanup__(kbtf_host__freep))) =
		calloc(1, sizeof(*host));
	struct kbtf_host_opts opts = {};
	int err = host ? 0 : -ENOMEM;

	if (!err && given)
		err = versioned__copy(&opts, sizeof(opts), given);
	if (!err) {
		struct kbtf_ident unknown = { .sz = sizeof(unknown) };

		ident__normalize(&unknown, &host->ident);
		host->ident.build_id = host->build_id;
		err = opts.ident_file ? from_file(host, opts.ident_file)
				      : from_system(host, &opts);
	}
	if (err) {
		errno = -err;
		return NULL;
	}
	return steal_ptr(host);
}

const struct kbtf_ident *kbtf_host__ident(const struct kbtf_host *host)
{
	return &host->ident;
}

const char *kbtf_host__kernel_btf(const struct kbtf_host *host)
{
	return host->kernel_btf;
}
