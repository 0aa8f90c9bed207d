/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libkbtf, the loading side: one BPF object file on every kernel. It stands beside
 * libbpf, not in its place: what kbtf_object__bpf() lends is libbpf's own object, and
 * everything between open and load is done with libbpf's calls.
 *
 * See kbtf.h for the conventions. There is no global state: no section handlers and no
 * print callback are registered. All calls about one object come from one thread at a
 * time.
 */
#ifndef KBTF_LOAD_H
#define KBTF_LOAD_H

#include <bpf/libbpf.h>
#include <kbtf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kbtf_object;

/* Whether programs get their global variables by way of array maps of libkbtf's own. */
enum kbtf_legacy_globals {
	KBTF_LEGACY_GLOBALS_AUTO = 0, /* where the kernel has none (before 5.2): it is asked */
	KBTF_LEGACY_GLOBALS_FORCE,    /* always */
	KBTF_LEGACY_GLOBALS_OFF       /* never */
};

enum kbtf_remark_kind {
	KBTF_REMARK_BTF = 0,  /* which BTF relocates the object, and why */
	KBTF_REMARK_PROBE,    /* what the kernel was found to have or lack */
	KBTF_REMARK_ADAPTED,  /* what was changed so that it loads here */
	KBTF_REMARK_LEFT_OUT, /* what this kernel can't have, and is not loaded */
	KBTF_REMARK_PROBLEM,  /* why it failed, in words */
	KBTF_REMARK_CHOSEN,   /* which of declared alternatives is loaded, and why no other */
	KBTF_REMARK_WARNING   /* what loads, and may not do what it should */
};

struct kbtf_remark {
	enum kbtf_remark_kind kind;
	const char *text; /* one line, without a newline */
};

/*
 * Alternatives are declared by name: programs whose names differ only after three
 * underscores ("enter___fentry", "enter___kprobe"), as flavors of types do. Of each such
 * group the first in the file that the running kernel can have is loaded: it knows the type
 * of program, has the function, tracepoint or typed target that its section names, and has
 * every helper, type of map and kind of instruction that its code asks for, reached or not
 * (but for the two ways of kbtf_compat.bpf.h). A remark says which. bpf_program__autoload() is false for the others.
 */

struct kbtf_object_opts {
	size_t sz;
	/* Where to look for BTF, in this order; all may be NULL. */
	const char *btf_file;               /* this file and nothing else */
	const struct kbtf_archive *archive; /* must live until load */
	const struct kbtf_host *host;       /* who is asked for: NULL, the running machine */
	bool no_kernel_btf;                 /* pass over the kernel's own BTF */
	/* The object whose minimized BTF will do; full BTF is taken where there is none. */
	bool full_btf;
	enum kbtf_legacy_globals legacy_globals;
	const char *kconfig;                /* as libbpf's: CONFIG_X=value lines, before the kernel's own */
	const char *object_name;            /* as libbpf's, for objects in memory */
	/*
	 * Leave out what this kernel can't have instead of failing: programs of a type
	 * that it does not know, those whose BTF-typed target it does not have, those that
	 * use a type of map that it does not know, and such maps.
	 */
	bool leave_out;
	/*
	 * Names, NULL at the end, of programs that are not to be loaded, such as one that the
	 * verifier refused: another of its alternatives is chosen. Or NULL.
	 */
	const char *const *refused;
	/*
	 * Where no entry of the archive fits: if all of the object's relocations come out the same on
	 * the kernels before and after this one that the archive has (kbtf_neighbours__find()), take
	 * the former's BTF. That this one is like both is then likely, and not known.
	 */
	bool infer;
};

/*
 * Open a BPF object. *object is set also on failure, unless it is -ENOMEM or -EINVAL,
 * so that its remarks say why; close it in each case. Errors: those of
 * bpf_object__open_file(), -EBADMSG (no BPF object file), -ENOENT (no BTF for this
 * kernel, and the object needs it), -ENOTUNIQ (several entries fit), -E2BIG (a function's
 * stack has no room for the pointers to its globals).
 */
KBTF_API int kbtf_object__open(const char *path, const struct kbtf_object_opts *opts,
			       struct kbtf_object **object);
KBTF_API int kbtf_object__open_mem(const void *data, size_t size,
				   const struct kbtf_object_opts *opts,
				   struct kbtf_object **object);

/* libbpf's object, lent; NULL if opening it failed. Don't close it, don't load it. */
KBTF_API struct bpf_object *kbtf_object__bpf(const struct kbtf_object *object);

/* Whether it has CO-RE relocations, so that it takes the kernel's BTF; known also if opening failed. */
KBTF_API bool kbtf_object__needs_btf(const struct kbtf_object *object);

/* Whether its globals live in maps of libkbtf's own. */
KBTF_API bool kbtf_object__has_legacy_globals(const struct kbtf_object *object);

/*
 * Load it: bpf_object__load() and what belongs around it. Initial values of global
 * variables are what libbpf's maps hold now (skeleton or bpf_map__initial_value()).
 */
KBTF_API int kbtf_object__load(struct kbtf_object *object);

/* The program that made the load fail, where the verifier said so; else NULL. */
KBTF_API struct bpf_program *kbtf_object__failed_program(const struct kbtf_object *object);

/*
 * Whether the kernel has this map, by now: bpf_map__fd() alone does not say. From libbpf 1.4 on
 * it gives a descriptor after load also for a map that was left out, which leads to no map.
 */
KBTF_API bool kbtf_map__is_made(const struct bpf_map *map);

/*
 * A global variable by name, before and after load: `size` must be its size in bytes.
 * Errors: -ENOENT (no such variable), -EINVAL (another size), -EPERM (set after load:
 * it is constant).
 */
KBTF_API int kbtf_object__get_global(const struct kbtf_object *object, const char *name,
				     void *value, size_t size);
KBTF_API int kbtf_object__set_global(struct kbtf_object *object, const char *name,
				     const void *value, size_t size);
/* Its size in bytes, or -ENOENT. */
KBTF_API ssize_t kbtf_object__global_size(const struct kbtf_object *object, const char *name);

/*
 * After load, the programs' variables and what a skeleton's pointers point to are two
 * copies where the globals are legacy: pull takes the programs' values into the
 * skeleton's (constants stay), push the other way. Elsewhere both are one, and these do nothing.
 */
KBTF_API int kbtf_object__pull_globals(struct kbtf_object *object);
KBTF_API int kbtf_object__push_globals(struct kbtf_object *object);

/*
 * Where the globals are legacy, their maps are none of libbpf's. To pin them: the
 * descriptor of each from 0 on and the name of its section (".bss"), both lent, or -ENOENT
 * behind the last; and between open and load, to use the map of an earlier run in place of
 * it. Its variables keep their values, constants are set anew; -EEXIST: it is of another
 * size. `fd` stays the caller's.
 */
KBTF_API int kbtf_object__legacy_map(struct kbtf_object *object, size_t index,
				     const char **section);
KBTF_API int kbtf_object__reuse_legacy_map(struct kbtf_object *object, size_t index, int fd);

/*
 * A skeleton's object: in place of bpf_object__open_skeleton() and its load. Fill the
 * skeleton by NAME__create_skeleton() first; in the end close the object, which detaches
 * the skeleton's programs, and only then NAME__destroy() the skeleton.
 */
KBTF_API int kbtf_object__open_skeleton(struct bpf_object_skeleton *skeleton,
					const struct kbtf_object_opts *opts,
					struct kbtf_object **object);
KBTF_API int kbtf_object__load_skeleton(struct kbtf_object *object,
					struct bpf_object_skeleton *skeleton);

/*
 * Events that programs send through a ring buffer, or the perf event array that it became
 * where the kernel has none (see kbtf_compat.bpf.h): one consumer for both.
 */
struct kbtf_events;

/*
 * One event; `data` is the library's, aligned to 8 bytes, and good for the call. A perf event
 * array sends up to 7 bytes more than the program did. Return 0 to go on; anything else ends
 * the call that consumes, which returns it: a ring buffer's at once, a perf event array's when
 * all that was there has been handed over.
 */
typedef int (*kbtf_event_fn)(void *ctx, void *data, size_t size);
/* So many events of a perf event array were lost: they came faster than they were consumed. */
typedef void (*kbtf_lost_fn)(void *ctx, uint64_t count);

struct kbtf_events_opts {
	size_t sz;
	kbtf_lost_fn lost; /* may be NULL */
	size_t pages;      /* of a perf event array, by processor; a power of two; 0: 64 */
};

/*
 * Of a loaded object, by the map's name. `ctx` is handed to both functions. Free it before
 * the object is closed. NULL with errno: ENOENT (no such map, or it was left out), EINVAL
 * (a map of another type, or opts), those of libbpf.
 */
KBTF_API struct kbtf_events *kbtf_events__new(const struct kbtf_object *object, const char *map,
					      kbtf_event_fn event, void *ctx,
					      const struct kbtf_events_opts *opts);
/* Waits for events, at most timeout_ms (-1: forever), and consumes them. 0, -errno (-EINTR: a
 * signal), or what the function returned. */
KBTF_API int kbtf_events__poll(struct kbtf_events *events, int timeout_ms);
/* The same without waiting. */
KBTF_API int kbtf_events__consume(struct kbtf_events *events);
/* Readable when there are events: for the caller's own poll(2). */
KBTF_API int kbtf_events__fd(const struct kbtf_events *events);
/* NULL is fine. */
KBTF_API void kbtf_events__free(struct kbtf_events *events);

KBTF_API size_t kbtf_object__remark_count(const struct kbtf_object *object);
KBTF_API const struct kbtf_remark *kbtf_object__remark(const struct kbtf_object *object,
						       size_t index);

/* Closes libbpf's object too. NULL is fine. */
KBTF_API void kbtf_object__close(struct kbtf_object *object);

#ifdef __cplusplus
}
#endif
#endif
