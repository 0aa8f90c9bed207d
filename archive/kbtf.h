/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libkbtf: BTF of many kernels in one archive file, and the choice of the right
 * one for a given machine. This header is the reading side; kbtf_write.h adds.
 *
 * Conventions, for every call of this library:
 * - Functions that return int give 0 or a negative errno. Functions that return
 *   a pointer give NULL and set errno. Neither prints, neither exits.
 * - Only calls named open, new or read hand over ownership; what any other call
 *   returns is lent and lives as long as the object it came from.
 * - An options or data struct has its size, `sz`, first. Set it with sizeof; a
 *   caller built against an older header passes fewer bytes, and the missing
 *   fields count as zero. Unknown bytes that are not zero give E2BIG.
 * - An open archive is immutable: any number of threads may read it at once.
 */
#ifndef KBTF_H
#define KBTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KBTF_API __attribute__((visibility("default")))

#define KBTF_SHA256_SIZE 32
/* GNU build IDs are 20 bytes (SHA-1) in practice; --build-id=0x... allows more. */
#define KBTF_BUILD_ID_MAX 64

/* "x.y.z" of the library that is linked in, which may differ from the header's. */
KBTF_API const char *kbtf__version(void);

/*
 * Who a kernel is. Strings are never NULL in what the library returns; "" means
 * unknown. In what a caller passes, NULL and "" are the same.
 */
struct kbtf_ident {
	size_t sz;
	const char *distro;         /* os-release ID: "debian", "centos" */
	const char *distro_release; /* os-release VERSION_ID: "12", "8"; a host's "8.4" agrees with "8" */
	const char *arch;           /* as `uname -m` prints it: "x86_64", "aarch64" */
	const char *kernel_release; /* `uname -r` */
	const char *kernel_version; /* `uname -v` */
	const uint8_t *build_id;    /* desc of the NT_GNU_BUILD_ID note of vmlinux */
	size_t build_id_len;        /* 0: unknown */
	/*
	 * Of an entry: these are the first bytes of it alone, which small archives make do with.
	 * Together with the release they say as much.
	 */
	bool build_id_short;
};

/* How the bytes that an entry was made of were checked. */
enum kbtf_verification {
	KBTF_UNVERIFIED = 0,         /* taken as they came */
	KBTF_VERIFIED_SIGNED_INDEX,  /* SHA-256 listed by an index whose signature is good */
	KBTF_VERIFIED_SIGNED_PACKAGE, /* the package's own signature is good */
	KBTF_VERIFIED_PARTIAL        /* a signed index lists the package, of which only parts were read */
};

/* "unverified", "signed-index", "signed-package", "partial"; "?" for a value it does not know. */
KBTF_API const char *kbtf_verification__name(enum kbtf_verification how);

/* Where an entry's BTF comes from. "" and zero mean unknown or none. */
struct kbtf_provenance {
	size_t sz;
	const char *package;         /* file name of the package or file */
	const char *package_version; /* as the distribution writes it: "6.1.192-2" */
	const char *package_sha256;  /* 64 lower-case hex digits */
	enum kbtf_verification verification;
	const char *verified_by;     /* fingerprint of the signing key, upper-case hex */
	const char *encoder;         /* "pahole", "dwarf", "embedded" (the kernel's own .BTF), "import" */
	const char *encoder_version; /* pahole's version, or that of the rules */
	const char *encoder_flags;   /* as given on pahole's command line */
	const char *notes;           /* one remark a line: what was changed on the way */
};

struct kbtf_archive;
struct kbtf_entry;
struct kbtf_profile;

/* The version of the archive's format that this library reads and writes: behind 8 bytes, little endian. */
#define KBTF_FORMAT_VERSION 4

/*
 * Open an archive file, mapped into memory: only what is read is paged in.
 * Errors: those of open(2) and mmap(2); EBADMSG when the bytes are not a valid
 * archive (not one, truncated, or damaged in its index); ENOTSUP when its format
 * is of another version than this library's.
 */
KBTF_API struct kbtf_archive *kbtf_archive__open(const char *path);

/* The same over bytes in memory, which must outlive the archive and not change. */
KBTF_API struct kbtf_archive *kbtf_archive__open_mem(const void *data, size_t size);

KBTF_API void kbtf_archive__close(struct kbtf_archive *archive);

#define KBTF_DIGEST_SIZE 32
/*
 * The archive's root digest: BLAKE2b-256 of its index, which has the digests of all else. It
 * was checked on opening, and what is read later is checked against what it covers: who
 * trusts it trusts all that comes out. Archives that were compacted have the same one if they
 * hold the same. Lent.
 */
KBTF_API const uint8_t *kbtf_archive__digest(const struct kbtf_archive *archive);

/*
 * Entries are ordered by (distro, distro release, arch, kernel release in version
 * order, kernel version, build ID).
 */
KBTF_API size_t kbtf_archive__entry_count(const struct kbtf_archive *archive);
KBTF_API const struct kbtf_entry *kbtf_archive__entry(const struct kbtf_archive *archive,
						      size_t index);

/* The entry of this build ID, which it has whole, or NULL with ENOENT. */
KBTF_API const struct kbtf_entry *
kbtf_archive__find_build_id(const struct kbtf_archive *archive, const uint8_t *build_id,
			    size_t build_id_len);

/*
 * Entries whose `uname -r` is `kernel_release`, beginning after `after` (NULL: the
 * first): a release is not unique, so ask until NULL (ENOENT) comes.
 */
KBTF_API const struct kbtf_entry *
kbtf_archive__find_release(const struct kbtf_archive *archive, const char *kernel_release,
			   const struct kbtf_entry *after);

KBTF_API const struct kbtf_ident *kbtf_entry__ident(const struct kbtf_entry *entry);
KBTF_API const struct kbtf_provenance *kbtf_entry__provenance(const struct kbtf_entry *entry);

/*
 * Bytes of the entry's full BTF (0: it has minimized BTF alone), and what is stored for it beyond the kernel that it follows
 * (shared blobs count whole).
 */
KBTF_API size_t kbtf_entry__btf_size(const struct kbtf_entry *entry);
KBTF_API size_t kbtf_entry__btf_stored_size(const struct kbtf_entry *entry);

/*
 * Read the full BTF in canonical form, checked against its stored digest. *data is
 * malloc'ed and the caller's to free. Errors: ENOENT (it has minimized BTF alone), EBADMSG (damaged), ENOMEM.
 */
KBTF_API int kbtf_entry__read_btf(const struct kbtf_entry *entry, void **data, size_t *size);

/*
 * The same without functions (FUNC, DECL_TAG, and what only those lead to), which are not even
 * read: CO-RE asks for none. What is read is checked against digests of its own. Type IDs are others.
 */
KBTF_API int kbtf_entry__read_data_types(const struct kbtf_entry *entry, void **data, size_t *size);

/*
 * The canonical form of BTF of either byte order: the same types in an order that depends on
 * nothing but them, those that nothing can tell apart once, in little endian. Type IDs are
 * others, so split BTF (of modules) does not fit on top. *canonical is malloc'ed and the
 * caller's to free. Errors: EINVAL (no BTF, or one that contradicts itself), ENOTSUP (a kind
 * of type that this version does not know), ENOMEM.
 */
KBTF_API int kbtf_btf__canonical(const void *btf, size_t size, void **canonical,
				 size_t *canonical_size);

/* One BPF object that a profile was made of. */
struct kbtf_object_ref {
	const char *name;                 /* file name, for people: "execsnoop.bpf.o" */
	uint8_t sha256[KBTF_SHA256_SIZE]; /* of the object file's bytes */
};

/*
 * A profile is a set of BPF objects that BTF was minimized for. Its digest is the
 * SHA-256 of its objects' digests, sorted; names do not count.
 */
KBTF_API size_t kbtf_archive__profile_count(const struct kbtf_archive *archive);
KBTF_API const struct kbtf_profile *kbtf_archive__profile(const struct kbtf_archive *archive,
							  size_t index);
/* The first profile that holds the object of this digest, or NULL with ENOENT. */
KBTF_API const struct kbtf_profile *
kbtf_archive__find_profile(const struct kbtf_archive *archive,
			   const uint8_t object_sha256[KBTF_SHA256_SIZE]);
KBTF_API const char *kbtf_profile__name(const struct kbtf_profile *profile);
KBTF_API const uint8_t *kbtf_profile__digest(const struct kbtf_profile *profile);
KBTF_API size_t kbtf_profile__object_count(const struct kbtf_profile *profile);
KBTF_API const struct kbtf_object_ref *kbtf_profile__object(const struct kbtf_profile *profile,
							    size_t index);

/*
 * A profile with the object of this digest that the entry has BTF minimized for, or NULL with
 * ENOENT. The entry must come from the same archive.
 */
KBTF_API const struct kbtf_profile *
kbtf_archive__find_min(const struct kbtf_archive *archive, const struct kbtf_entry *entry,
		       const uint8_t object_sha256[KBTF_SHA256_SIZE]);

/* Whether the entry has BTF minimized for the profile, and its bytes (0: it has none). */
KBTF_API size_t kbtf_entry__min_size(const struct kbtf_entry *entry,
				     const struct kbtf_profile *profile);

/*
 * Read the BTF that was minimized for `profile`, which must come from the same
 * archive. As kbtf_entry__read_btf; ENOENT when the entry has none for it.
 */
KBTF_API int kbtf_entry__read_min(const struct kbtf_entry *entry,
				  const struct kbtf_profile *profile, void **data, size_t *size);

/* ---- the running machine ------------------------------------------------------ */

struct kbtf_host;

/* Where kbtf_host__new looks; every field may be NULL. */
struct kbtf_host_opts {
	size_t sz;
	/* where the host's root is mounted, a prefix of all paths below: "/host" in a container */
	const char *root;
	/*
	 * A text file of KEY=VALUE lines (os-release syntax: DISTRO, DISTRO_RELEASE,
	 * ARCH, KERNEL_RELEASE, KERNEL_VERSION, PACKAGE_VERSION, BUILD_ID) that stands for
	 * the machine.
	 */
	const char *ident_file;
	/* The host's os-release file; it is believed, whatever the kernel says of itself. */
	const char *os_release;
};

/*
 * Identity of the running kernel. What cannot be read is left "": only a missing or
 * malformed ident_file, or os_release, is an error (ENOENT, EINVAL).
 * - release, version string and arch: uname(2); under a root, its /proc/sys/kernel
 * - build ID: the GNU note in /sys/kernel/notes
 * - package version: /proc/version_signature (Ubuntu), or the version string (Debian, Ubuntu)
 * - distribution: os-release(5) of the host, which is PID 1's where its root can be read.
 *   In a PID namespace of its own, PID 1 is the container's: no os-release is the host's
 *   then. None is believed that the kernel contradicts: el8 in its release, "Debian" in its
 *   version string. What the kernel says of itself stands then, if it is unequivocal.
 */
KBTF_API struct kbtf_host *kbtf_host__new(const struct kbtf_host_opts *opts);
KBTF_API void kbtf_host__free(struct kbtf_host *host);
KBTF_API const struct kbtf_ident *kbtf_host__ident(const struct kbtf_host *host);
/* Of the kernel's package, as the distribution writes it: "4.19.316-1". "" if unknown. */
KBTF_API const char *kbtf_host__package_version(const struct kbtf_host *host);

enum kbtf_host_part {
	KBTF_HOST_DISTRO = 0,
	KBTF_HOST_DISTRO_RELEASE,
	KBTF_HOST_ARCH,
	KBTF_HOST_KERNEL_RELEASE,
	KBTF_HOST_KERNEL_VERSION,
	KBTF_HOST_BUILD_ID,
	KBTF_HOST_PACKAGE_VERSION
};
/* Where a part was found, or why it is unknown, in words: "/proc/1/root/etc/os-release". */
KBTF_API const char *kbtf_host__source(const struct kbtf_host *host, enum kbtf_host_part part);
/* Path of the kernel's own BTF when it is readable, else NULL. */
KBTF_API const char *kbtf_host__kernel_btf(const struct kbtf_host *host);

/* ---- which entry fits ---------------------------------------------------------- */

enum kbtf_match {
	KBTF_MATCH_NONE = 0,    /* no entry fits */
	KBTF_MATCH_KERNEL,      /* the kernel's own BTF */
	KBTF_MATCH_BUILD_ID,    /* an entry of the same build ID */
	KBTF_MATCH_VERSION,     /* release, version string, arch and distro agree */
	KBTF_MATCH_RELEASE,     /* the only entry of this release and arch */
	KBTF_MATCH_AMBIGUOUS,   /* several entries of this release: none is taken */
	KBTF_MATCH_PACKAGE,     /* release, package version, arch and distro agree */
	KBTF_MATCH_SHORT_BUILD_ID, /* release and arch agree, and what the entry has of a build ID */
	/*
	 * Never selected: none fits, and an object's relocations come out the same on the kernel's
	 * neighbours (kbtf_neighbours__prove() in kbtf_core.h), so that one of them stands for it.
	 */
	KBTF_MATCH_INFERRED
};

struct kbtf_select_opts {
	size_t sz;
	bool kernel_btf; /* the kernel has BTF of its own, and it may be used */
	/*
	 * Of the kernel's package, see kbtf_host__package_version(); NULL and "" are the same.
	 * It counts where a version string is unknown, the machine's or the entry's.
	 */
	const char *package_version;
};

struct kbtf_selection {
	enum kbtf_match match;
	const struct kbtf_entry *entry; /* NULL for NONE, KERNEL and AMBIGUOUS */
	size_t candidates;              /* entries of the same release and arch that were
					   compared; 0 where a build ID decided */
};

/* Pure: depends on its arguments alone. `archive` may be NULL (nothing archived). */
KBTF_API int kbtf_select(const struct kbtf_archive *archive, const struct kbtf_ident *ident,
			 const struct kbtf_select_opts *opts, struct kbtf_selection *out);
/* One sentence for people about what a match means. Static. */
KBTF_API const char *kbtf_match__text(enum kbtf_match match);

/*
 * Where none fits: the entries that come closest, one after the other (`after` NULL: the
 * first), until NULL with ENOENT. Those of the same release, or if there are none those of
 * the same series ("4.18.0").
 */
KBTF_API const struct kbtf_entry *kbtf_closest(const struct kbtf_archive *archive,
					       const struct kbtf_ident *ident,
					       const struct kbtf_entry *after);
/*
 * Entries of the same distribution, its release, arch and flavour: the last before a kernel and
 * the first after it, by version. Either is NULL if there is none.
 */
struct kbtf_neighbours {
	const struct kbtf_entry *before, *after;
};

/*
 * Pure. Flavour is what is behind the numbers of a kernel's release ("cloud-amd64"). Builds of
 * one release are ordered by their packages' versions where those are known, and else are no
 * neighbours of each other; nor has a machine of unknown distribution any.
 */
KBTF_API int kbtf_neighbours__find(const struct kbtf_archive *archive,
				   const struct kbtf_ident *ident,
				   const struct kbtf_select_opts *opts,
				   struct kbtf_neighbours *out);

/* What rules an entry out for a machine, for people: "another architecture". Static. */
KBTF_API const char *kbtf_entry__difference(const struct kbtf_entry *entry,
					    const struct kbtf_ident *ident);

#ifdef __cplusplus
}
#endif
#endif
