/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One kernel that a distribution published, as its indexes tell: the factory's unit of work. */
#ifndef BTFGEN_KERNEL_H
#define BTFGEN_KERNEL_H

#include <kbtf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum package_format { PACKAGE_DEB, PACKAGE_RPM };

struct package {
	char *name;                     /* "linux-image-6.1.0-56-cloud-amd64-dbg"; NULL: no such package */
	char *version;                  /* as the distribution writes it */
	char *url;                      /* absolute: what its index is of, and its path below that */
	size_t base_len;                /* length of the former in `url` */
	const char *const *bases;       /* what else may be in its place, lent; NULL: nothing */
	uint64_t size;                  /* bytes; 0: the index does not say */
	char *sha256;                   /* hex, from the index; NULL: it gives none */
	char *member;                   /* fnmatch(3) patterns of the wanted file's path in the package,
					   without leading "./" or "/", separated by spaces */
	enum package_format format;
	enum kbtf_verification verification; /* of the index that names it */
	char *verified_by;              /* fingerprint of the index's signer, or NULL */
	char **keyrings;                /* RPM: whose keys must have signed it, or NULL; base/keyring.h */
	char **keys;                    /* fingerprints of those that count, or NULL */
	bool allow_unsigned;            /* the user accepted that nothing signs it */
	char *client_certificate;       /* files for its server, or NULL, see transfer.h */
	char *client_key;
	char *ca_file;
};

struct kernel {
	char *distro;                   /* os-release ID */
	char *distro_release;           /* os-release VERSION_ID */
	char *codename;                 /* the manifest's name of the release: "bookworm-backports" */
	char *suite;                    /* where it was found: "bookworm-security" */
	char *arch;                     /* `uname -m` */
	char *kernel_release;           /* `uname -r` */
	bool expect_embedded;           /* the manifest expects .BTF in the kernel image */
	struct package debug;           /* holds vmlinux with DWARF */
	struct package image;           /* holds vmlinuz */
};

struct kernel_list {
	struct kernel *items;
	size_t count;
	size_t cap;
};

/* Of its packages; lent, or NULL. */
const char *kernel__version(const struct kernel *kernel);
/*
 * What makes one kernel's work, as text: "debian/12/x86_64/6.1.0-9-amd64/6.1.27-1". A
 * rebuilt package of the same release is other work. malloc'ed; NULL without memory.
 */
char *kernel__key(const struct kernel *kernel);
/*
 * The same as a number: the first eight bytes of the key's SHA-256, so it is evenly
 * spread, and stays what it is whichever other kernels there are. -ENOMEM.
 */
int kernel__number(const struct kernel *kernel, uint64_t *number);

/*
 * The URL at the nth mirror but the first, which is `url` itself; malloc'ed. NULL with
 * ENOENT where there are no more, or ENOMEM.
 */
char *package__url_at(const struct package *package, size_t n);
void package__free(struct package *package);
void kernel__free(struct kernel *kernel);
/* Takes over *kernel's strings, also on failure (-ENOMEM), and zeroes it. */
int kernel_list__add(struct kernel_list *list, struct kernel *kernel);
/*
 * Order by (distro, release, arch, kernel release in version order, package version)
 * and join what is one kernel listed more than once: the same distro, release, arch,
 * kernel release and package version. The first stays, and takes from the others the
 * debug or image package that it lacks. What a signature vouches for comes before what none
 * does, wherever it was found.
 */
void kernel_list__sort(struct kernel_list *list);
void kernel_list__free(struct kernel_list *list);

/* strverscmp-like order of version strings, with '~' before everything as dpkg has it. */
int version__compare(const char *a, const char *b);

#endif
