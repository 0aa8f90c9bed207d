/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where things are by default. Installed files are found from the program's own place,
 * so that a build tree, DESTDIR and a relocated prefix all work.
 */
#ifndef BTFGEN_PATHS_H
#define BTFGEN_PATHS_H

/* $XDG_DATA_HOME/btfgen/btfgen.kbtf, its directory made. malloc'ed; NULL without memory. */
char *paths__default_archive(void);
/* The manifests: $BTFGEN_MANIFESTS, PREFIX/share/btfgen/manifests, or the source tree's. */
char *paths__manifests(void);
/* The bundled BPF objects: $BTFGEN_OBJECTS, PREFIX/lib/btfgen/bpf, or the build tree's. */
char *paths__objects(void);

#endif
