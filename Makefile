# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One Makefile, not recursive; all output goes to $(BUILD). `make help` lists the goals.

VERSION := 0.1.0
SOVERSION := 0

BUILD ?= build
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
COMPLETIONDIR ?= $(DATADIR)/bash-completion/completions

CC ?= cc
AR ?= ar
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
INSTALL ?= install

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Werror=implicit
ifdef WERROR
WARNINGS += -Werror
endif
ifdef SANITIZE
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif

# Short lines instead of whole commands, unless V=1.
ifndef V
say = @printf '  %-5s %s\n' $(1) $(2);
endif

LIB_PACKAGES := libbpf libzstd libsodium
TOOL_PACKAGES := libarchive libcurl libelf libdw liblzma inih jansson expat rpm
TEST_PACKAGES := cmocka
# Asked once, and only when something is to be compiled.
pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(1))
pkg_libs = $(shell $(PKG_CONFIG) --libs $(1))
LIB_PKG_CFLAGS = $(eval LIB_PKG_CFLAGS := $(call pkg_cflags,$(LIB_PACKAGES)))$(LIB_PKG_CFLAGS)
TOOL_PKG_CFLAGS = $(eval TOOL_PKG_CFLAGS := $(call pkg_cflags,$(LIB_PACKAGES) $(TOOL_PACKAGES)))$(TOOL_PKG_CFLAGS)
LIB_PKG_LIBS = $(eval LIB_PKG_LIBS := $(call pkg_libs,$(LIB_PACKAGES)))$(LIB_PKG_LIBS)
TOOL_PKG_LIBS = $(eval TOOL_PKG_LIBS := $(call pkg_libs,$(LIB_PACKAGES) $(TOOL_PACKAGES)))$(TOOL_PKG_LIBS)

ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DKBTF_VERSION='"$(VERSION)"' \
	     $(WARNINGS) -fvisibility=hidden -fPIC -MMD -MP -Iarchive -I$(BUILD)/gen $(CFLAGS) $(CPPFLAGS) $(SANITIZERS)

LIB_SOURCES := $(wildcard archive/*.c archive/base/*.c)
TOOL_MODULES := $(wildcard tools/btfgen/base/*.c tools/btfgen/source/*.c tools/btfgen/stage/*.c)
TOOL_SOURCES := $(wildcard tools/btfgen/*.c)
LOAD_SOURCES := $(wildcard tools/btfload/*.c bpf/*_print.c)
BPF_SOURCES := $(wildcard bpf/*.bpf.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJECTS := $(call obj,$(LIB_SOURCES))
MODULE_OBJECTS := $(call obj,$(TOOL_MODULES))
TOOL_OBJECTS := $(call obj,$(TOOL_SOURCES))
LOAD_OBJECTS := $(call obj,$(LOAD_SOURCES))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
DOUBLE_SOURCES := $(filter-out tests/double/answers.c,$(wildcard tests/double/*.c))
DOUBLE_OBJECTS := $(call obj,$(DOUBLE_SOURCES))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SOURCES))
BPF_OBJECTS := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.bpf.o,$(BPF_SOURCES))

LIB_A := $(BUILD)/libkbtf.a
LIB_SO := $(BUILD)/libkbtf.so.$(VERSION)

.PHONY: all tools lib bpf check check-ci check-net check-root check-long bench fuzz install clean help tests double
.DELETE_ON_ERROR:
.SECONDARY:

all: lib tools bpf

lib: $(LIB_A) $(LIB_SO)

tools: $(BUILD)/btfgen $(BUILD)/btfload $(BUILD)/manifests

# Where btfgen looks, in a build tree; BUILD may be anywhere.
$(BUILD)/manifests: | $(BUILD)
	ln -sfn $(CURDIR)/manifests $@

$(BUILD)/obj/archive/%.o: archive/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) $(LIB_PKG_CFLAGS) -c -o $@ $<

$(BUILD)/obj/tools/btfgen/%.o: tools/btfgen/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -Itools/btfgen $(TOOL_PKG_CFLAGS) -c -o $@ $<

# How many arguments each helper takes, from the prototypes that libbpf ships.
HELPER_DEFS = $(firstword $(wildcard $(shell $(PKG_CONFIG) --variable=includedir libbpf)/bpf/bpf_helper_defs.h))

$(BUILD)/gen/helper_arity.h: archive/helper_arity.awk
	@mkdir -p $(@D)
	$(call say,GEN,$@)awk -f $< $(HELPER_DEFS) > $@

$(BUILD)/obj/archive/liveness.o: $(BUILD)/gen/helper_arity.h

$(BUILD)/obj/tools/btfload/%.o: tools/btfload/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -Itools/btfload -Itools/btfgen -Ibpf $(TOOL_PKG_CFLAGS) -c -o $@ $<

$(BUILD)/obj/bpf/%.o: bpf/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -Ibpf -c -o $@ $<

# Functions of archive/base are shared with the tools but not exported from the .so.
$(LIB_A): $(LIB_OBJECTS)
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(LIB_SO): $(LIB_OBJECTS) archive/libkbtf.map
	$(call say,LINK,$@)$(CC) -shared $(SANITIZERS) $(LDFLAGS) -Wl,-soname,libkbtf.so.$(SOVERSION) \
		-Wl,--version-script=archive/libkbtf.map -o $@ $(LIB_OBJECTS) $(LIB_PKG_LIBS)
	ln -sf $(@F) $(BUILD)/libkbtf.so.$(SOVERSION)
	ln -sf libkbtf.so.$(SOVERSION) $(BUILD)/libkbtf.so

$(BUILD)/libmodules.a: $(MODULE_OBJECTS)
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(BUILD)/btfgen: $(TOOL_OBJECTS) $(BUILD)/libmodules.a $(LIB_A)
	$(call say,LINK,$@)$(CC) $(SANITIZERS) $(LDFLAGS) -o $@ $^ $(TOOL_PKG_LIBS) -lpthread

# It runs on machines that have nothing of what the factory needs.
$(BUILD)/btfload: $(LOAD_OBJECTS) $(BUILD)/libmodules.a $(LIB_A)
	$(call say,LINK,$@)$(CC) $(SANITIZERS) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(TOOL_PKG_LIBS) -lpthread

# ---- the bundled BPF programs ---------------------------------------------------

# vmlinux.h describes some kernel's types; CO-RE makes the objects fit others. Without
# BTF on this machine, give that of any kernel: make VMLINUX_BTF=FILE.
VMLINUX_BTF ?= /sys/kernel/btf/vmlinux
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst s390x,s390,$(patsubst ppc64%,powerpc,$(patsubst x86_64,x86,$(shell uname -m)))))

bpf: $(BPF_OBJECTS)

$(BUILD)/vmlinux.h: | $(BUILD)
	@test -r $(VMLINUX_BTF) || { echo "$(VMLINUX_BTF): this kernel has no BTF to make vmlinux.h" \
		"from; give that of any kernel: make VMLINUX_BTF=FILE (btfgen export writes one)" >&2; exit 1; }
	$(call say,GEN,$@)$(BPFTOOL) btf dump file $(VMLINUX_BTF) format c > $@

# -mcpu=v1: the instruction set of the oldest kernels. Paths are cut so that the bytes
# of an object, which name a profile, do not depend on where it was built. DWARF goes (BTF
# stays): it is 95 % of the object, all of which is hashed whenever it is loaded.
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(BUILD)/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) -target bpf -mcpu=v1 -g -O2 -Wall -D__TARGET_ARCH_$(BPF_ARCH) -isystem $(BUILD) -Ibpf \
		-ffile-prefix-map=$(CURDIR)=. -fdebug-compilation-dir=. -MMD -MP -c -o $@ $<
	@$(LLVM_STRIP) -g $@

$(BUILD):
	@mkdir -p $@

# ---- tests -----------------------------------------------------------------------

tests: $(UNIT_TESTS) double $(BUILD)/tests/make-siblings

double: $(BUILD)/tests/double.so $(BUILD)/tests/kernel-answers

# For LD_PRELOAD, also into programs without sanitizers. It has open() and open64(), both.
DOUBLE_CFLAGS = $(filter-out $(SANITIZERS) -D_FILE_OFFSET_BITS=64,$(ALL_CFLAGS)) -Itests/double

$(BUILD)/obj/tests/double/%.o: tests/double/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(DOUBLE_CFLAGS) -c -o $@ $<

$(BUILD)/tests/double.so: $(DOUBLE_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -shared $(LDFLAGS) -o $@ $^ -ldl

$(BUILD)/tests/kernel-answers: $(BUILD)/obj/tests/double/answers.o
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libmodules.a $(LIB_A)
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(ALL_CFLAGS) -Itools/btfgen -Itests/unit $(TOOL_PKG_CFLAGS) $(call pkg_cflags,$(TEST_PACKAGES)) \
		$(LDFLAGS) -o $@ $< $(BUILD)/libmodules.a $(LIB_A) $(TOOL_PKG_LIBS) \
		$(call pkg_libs,$(TEST_PACKAGES)) -lpthread

# Simulated kernels, for tests and benchmarks.
SIBLINGS_OBJECTS := $(call obj,$(wildcard tests/siblings/*.c))

$(BUILD)/obj/tests/siblings/%.o: tests/siblings/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/make-siblings: $(SIBLINGS_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(SANITIZERS) $(LDFLAGS) -o $@ $^

in = $(sort $(wildcard tests/$(1)/*.sh))

# Shell tests test what was built here, not another BUILD's.
export BTFGEN ?= $(abspath $(BUILD))/btfgen

check: all tests
	tests/run $(UNIT_TESTS) $(call in,check)

check-net: all
	tests/run $(call in,net)

check-root: all double
	tests/run $(call in,root)

check-ci: all tests
	tests/run $(UNIT_TESTS) $(call in,check) $(call in,root) $(call in,net)

check-long: all fuzz
	TESTS_AT_ONCE=1 tests/run $(call in,long)

bench: all $(BUILD)/tests/make-siblings
	@for bench in $(call in,bench); do $$bench || exit 1; done

# libFuzzer needs clang; objects are compiled anew, instrumented, once for all harnesses.
FUZZ_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DKBTF_VERSION='"$(VERSION)"' -g -O1 -MMD -MP -Iarchive \
	      -I$(BUILD)/gen -Itools/btfgen -fsanitize=fuzzer-no-link,address,undefined \
	      -fno-sanitize-recover=undefined $(TOOL_PKG_CFLAGS)
FUZZ_OBJECTS := $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(LIB_SOURCES) $(TOOL_MODULES))

fuzz: $(FUZZERS)

$(BUILD)/fuzz/obj/%.o: %.c | $(BUILD)/gen/helper_arity.h
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)$(CLANG) $(FUZZ_CFLAGS) -c -o $@ $<

$(BUILD)/fuzz/obj/all.a: $(FUZZ_OBJECTS)
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/obj/all.a
	$(call say,FUZZ,$@)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(TOOL_PKG_LIBS) -lpthread

# ---- installation ----------------------------------------------------------------

install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR) $(MANDIR)/man1 \
		$(MANDIR)/man5 $(LIBDIR)/btfgen/bpf $(DATADIR)/btfgen/manifests $(COMPLETIONDIR))
	$(INSTALL) -m 755 $(BUILD)/btfgen $(BUILD)/btfload $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 644 $(LIB_A) $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 755 $(LIB_SO) $(DESTDIR)$(LIBDIR)
	cp -P $(BUILD)/libkbtf.so $(BUILD)/libkbtf.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' archive/libkbtf.pc.in \
		> $(DESTDIR)$(LIBDIR)/pkgconfig/libkbtf.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/libkbtf.pc
	$(INSTALL) -m 644 archive/kbtf.h archive/kbtf_write.h archive/kbtf_load.h archive/kbtf_core.h \
		bpf/kbtf_compat.bpf.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 644 $(BPF_OBJECTS) $(DESTDIR)$(LIBDIR)/btfgen/bpf
	$(INSTALL) -m 644 $(wildcard manifests/*.ini) $(DESTDIR)$(DATADIR)/btfgen/manifests
	$(INSTALL) -m 644 $(wildcard man/*.1) $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 $(wildcard man/*.5) $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 644 scripts/btfgen.bash-completion $(DESTDIR)$(COMPLETIONDIR)/btfgen

clean:
	rm -rf $(BUILD)

help:
	@echo 'make                build libkbtf, btfgen and the bundled BPF programs in $(BUILD)/'
	@echo 'make check          tests without network and root, about a minute'
	@echo 'make check-net      tests against the Debian mirrors of this machine'
	@echo 'make check-root     tests that need root'
	@echo 'make check-ci       the three above in one run, as scripts/test does'
	@echo 'make check-long     all suites, fuzzing by the hour'
	@echo 'make double         build the test double of old kernels (tests/double/README.md)'
	@echo 'make fuzz           build the libFuzzer harnesses (needs clang)'
	@echo 'make bench          print measurements against other tools'
	@echo 'make install        into DESTDIR and PREFIX ($(PREFIX))'
	@echo 'make clean          remove $(BUILD)/'
	@echo
	@echo 'Variables: CC CFLAGS LDFLAGS BUILD PREFIX DESTDIR CLANG LLVM_STRIP BPFTOOL VMLINUX_BTF'
	@echo '           V=1 (whole commands) WERROR=1 SANITIZE=1 (ASan and UBSan; use another BUILD with it)'

-include $(LIB_OBJECTS:.o=.d) $(MODULE_OBJECTS:.o=.d) $(TOOL_OBJECTS:.o=.d) $(LOAD_OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(DOUBLE_OBJECTS:.o=.d) $(SIBLINGS_OBJECTS:.o=.d) $(BPF_OBJECTS:.o=.d) \
	 $(FUZZ_OBJECTS:.o=.d) $(patsubst %.c,$(BUILD)/fuzz/obj/%.d,$(FUZZ_SOURCES))
