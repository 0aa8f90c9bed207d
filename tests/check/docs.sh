#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The documentation is about this program: what --help has is in the manual and in the
# completion and the other way round, what is linked exists, and what can be run runs.
. "$(dirname "$0")/../lib/tap.sh"
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" LC_ALL=C
unset BTFGEN_MANIFESTS BTFGEN_OBJECTS
PATH=$PATH:/usr/sbin:/sbin

[ -x "$btfgen" ] || skip_all "$btfgen is missing: make"
man=$top/man/btfgen.1
completion=$top/scripts/btfgen.bash-completion
commands=$("$btfgen" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }')

# ---- options ----------------------------------------------------------------------

# "letter name" or "- name", a line each, sorted.
help_options()
{
	"$btfgen" "$1" --help | sed -n \
		-e 's/^  -\(.\), --\([a-z-]*\).*/\1 \2/p' -e 's/^      --\([a-z-]*\).*/- \1/p' | sort
}

# The paragraph that begins with "Options:" of a command in the manual: letters in one
# .Fl, names in others. Common options are not repeated there.
man_options()
{
	awk -v command="$1" '
		/^\.It Cm / { on = $3 == command; listing = 0 }
		/^\.(El|Ss|Sh)/ { on = 0 }
		on && /^Options:/ { listing = 1; next }
		on && listing && /^\.Fl / {
			for (i = 2; i <= NF; i++) {
				if ($i == "," || $i == ".")
					continue
				if (sub(/^-/, "", $i))
					print "- " $i
				else
					for (k = 1; k <= length($i); k++)
						print substr($i, k, 1)
			}
		}' "$man" | sort
}

# As --help has them: a letter where there is one, else the name.
brief_help_options()
{
	help_options "$1" | awk '$2 !~ /^(quiet|verbose|help)$/ { print $1 == "-" ? $0 : $1 }' | sort
}

same()
{
	[ -s "$1" ] && diff "$1" "$2"
}

man_has_options()
{
	brief_help_options "$1" >"$work/help"
	man_options "$1" >"$work/man"
	same "$work/help" "$work/man"
}

# The manual says what each letter and name means, once, in the same pairs.
man_explains_options()
{
	for command in $commands; do
		help_options "$command"
	done | sort -u >"$work/help"
	printf -- 'V version\n' >>"$work/help"
	sort -o "$work/help" "$work/help"
	sed -n -e 's/^\.It Fl \([A-Za-z]\) , -\([a-z-]*\).*/\1 \2/p' \
		-e 's/^\.It Fl -\([a-z-]*\).*/- \1/p' "$man" | sort >"$work/man"
	same "$work/help" "$work/man"
}

complete_words()
{
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _btfgen
		printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$@" | sort
}

completion_has_options()
{
	help_options "$1" | sed 's/.* /--/' | sort >"$work/help"
	complete_words btfgen "$1" -- >"$work/completed"
	same "$work/help" "$work/completed"
}

completion_has_commands()
{
	printf '%s\n' $commands | sort >"$work/help"
	complete_words btfgen '' >"$work/completed"
	same "$work/help" "$work/completed"
}

completes_files()
{
	mkdir "$work/files" && : >"$work/files/one two.btf" &&
		[ "$(cd "$work/files" && complete_words btfgen show o)" = 'one two.btf' ] &&
		[ -z "$(cd "$work/files" && complete_words btfgen stats o)" ] &&
		[ "$(complete_words btfgen build --encoder p)" = pahole ]
}

man_has_commands()
{
	sed -n '/^\.Sh DESCRIPTION/,/^\.Ss /s/^\.It Cm \([a-z]*\).*/\1/p' "$man" | sort >"$work/man"
	printf '%s\n' $commands | sort >"$work/help"
	same "$work/help" "$work/man"
}

t "the manual describes every command, and no other" man_has_commands
for command in $commands; do
	t "the manual lists the options of $command" man_has_options "$command"
done
t "the manual explains every option, with its letter" man_explains_options

if command -v bash >/dev/null; then
	t "completion knows every command" completion_has_commands
	for command in $commands; do
		t "completion knows the options of $command" completion_has_options "$command"
	done
	t "completion of files and of fixed words" completes_files
else
	skip "completion" "bash is missing"
fi

# ---- manuals ----------------------------------------------------------------------

if command -v mandoc >/dev/null; then
	for page in "$top"/man/*.[0-9]; do
		t "$(basename "$page") is clean" mandoc -T lint -W warning "$page"
	done
else
	skip "lint of the manuals" "mandoc is missing"
fi

# ---- links and names --------------------------------------------------------------

documents="$top/README.md $(ls "$top"/docs/*.md) $top/bpf/README.md"

links_exist()
{
	grep -o '\[[^]]*\]([^)]*)' "$1" | sed 's/.*(\(.*\))/\1/' |
		grep -v '^https\{0,1\}:' >"$work/links"
	while read -r link; do
		[ -e "$(dirname "$1")/${link%%#*}" ] && continue
		echo "$1: $link does not exist"
		return 1
	done <"$work/links"
}

# `path/in/the/tree` in running text: its first part is a folder of the project.
files_exist()
{
	grep -o '`[A-Za-z][A-Za-z0-9_./*-]*`' "$1" | tr -d '`' | grep / |
		grep -E '^(archive|bpf|docs|man|manifests|scripts|tests|tools|LICENSES|\.ci)/' |
		sort -u >"$work/names"
	while read -r file; do
		# shellcheck disable=SC2086 # patterns are welcome
		ls -d "$top"/$file >/dev/null 2>&1 && continue
		echo "$1: $file does not exist"
		return 1
	done <"$work/names"
}

# Lines of code blocks that run btfgen: their commands and options exist.
examples_exist()
{
	awk '/^```/ { on = !on; next } on' "$1" | sed -e ':a; /\\$/ { N; s/\\\n//; ta }' |
		grep -E '^(\$ )?(build/)?btfgen ' | sed -e 's/^\$ //' -e 's/ #.*//' >"$work/lines"
	while read -r line; do
		# shellcheck disable=SC2086 # words
		set -f && set -- $line && set +f
		case $2 in
		--version | --help) continue ;;
		-*) command=build ;;
		*) command=$2 ;;
		esac
		case " $(echo $commands) " in
		*" $command "*) ;;
		*) echo "no such command: $line"; return 1 ;;
		esac
		help_options "$command" >"$work/help"
		for word; do
			case $word in
			--*) word=${word#--} pattern=" ${word%%=*}\$" ;;
			-[A-Za-z]) pattern="^${word#-} " ;;
			*) continue ;;
			esac
			grep -q -e "$pattern" "$work/help" && continue
			echo "no such option, $word: $line"
			return 1
		done
	done <"$work/lines"
}

checks_itself()
{
	printf '%s\n' '[a](README.md) and [b](nowhere.md)' '`docs/nowhere.md`' '```' \
		'btfgen build --nowhere' '```' >"$work/bad.md"
	: >"$work/README.md"
	! links_exist "$work/bad.md" && ! files_exist "$work/bad.md" && ! examples_exist "$work/bad.md"
}

t "a wrong link, name and option would be found" checks_itself
for document in $documents; do
	shown=${document#"$top"/}
	t "$shown: links lead to files" links_exist "$document"
	t "$shown: files that it names exist" files_exist "$document"
	t "$shown: commands in its examples exist" examples_exist "$document"
done

# ---- packages ---------------------------------------------------------------------

# The lists of docs/install.md's code blocks that begin with the command $1.
documented_packages()
{
	awk -v command="$1" '
		/^```/ { block = !block; on = 0; next }
		block && index($0, command) == 1 { on = 1; sub(command, "") }
		block && on' "$top/docs/install.md" | tr -s ' ' '\n' | grep -v -e '^$' -e '^--' | sort
}

# The same of scripts/needs.sh's text for distributions without apt.
suggested_packages()
{
	awk -v command="$1" '
		/^\t  [a-z]/ || /^\tthen/ { on = 0 }
		index($0, "\t  " command " ") == 1 { on = 1; sub(command, "") }
		on' "$top/scripts/needs.sh" | tr -s ' \t' '\n' | grep -v '^$' | sort
}

same_packages()
{
	documented_packages "$1" >"$work/documented"
	suggested_packages "$1" >"$work/suggested"
	same "$work/suggested" "$work/documented"
}

same_debian_packages()
{
	documented_packages "apt-get install" >"$work/documented"
	(. "$top/scripts/needs.sh" && printf '%s\n' $BUILD_PACKAGES $TEST_PACKAGES) | sort >"$work/needed"
	same "$work/needed" "$work/documented"
}

headers_are_installed()
{
	make -n -C "$top" BUILD="${btfgen%/*}" DESTDIR=/nowhere install >"$work/install" || return 1
	# a line that ends in a backslash goes on
	sed -i -e :a -e '/\\$/N; s/\\\n//; ta' "$work/install"
	for header in "$top"/archive/kbtf*.h "$top"/bpf/kbtf*.h; do
		header=$(basename "$header")
		grep -q "/$header .*/nowhere" "$work/install" &&
			grep -qF "include/$header" "$top/docs/install.md" && continue
		echo "$header is not installed, or not in docs/install.md"
		return 1
	done
}

t "all public headers are installed, and docs/install.md says so" headers_are_installed
t "docs/install.md lists what scripts/needs.sh installs" same_debian_packages
for manager in 'dnf install' 'apk add' 'pacman -S'; do
	t "and what it suggests to $manager" same_packages "$manager"
done

# ---- what README says to type -----------------------------------------------------

# The code block after a comment that says so: $1 of "runs", "compiles and runs".
marked_block()
{
	awk -v mark="<!-- tests/check/docs.sh $1 the next block -->" '
		$0 == mark { wanted = 1; next }
		wanted && /^```/ { if (on) exit; on = 1; next }
		on' "$top/README.md"
}

readme_commands()
{
	mkdir "$work/clone" && ln -s "${btfgen%/*}" "$work/clone/build" || return 1
	marked_block runs >"$work/block" && grep -q btfgen "$work/block" &&
		(cd "$work/clone" && sh -eux "$work/block" >"$work/said" && cat "$work/said")
}

if [ ! -r /sys/kernel/btf/vmlinux ]; then
	skip "README's commands" "this kernel has no BTF"
else
	t_says 0 'struct path {' "README's commands run, and show the type" readme_commands
	t_not "and tell nothing of a download, where there was none" grep '^fetched' "$work/said"
	t "and export the kernel's own BTF" "$top/tests/lib/same-btf" /sys/kernel/btf/vmlinux "$work/clone/own.btf"
	if command -v bpftool >/dev/null; then
		t "bpftool minimizes it for the same program" bpftool gen min_core_btf \
			/sys/kernel/btf/vmlinux "$work/min.btf" "${btfgen%/*}/bpf/execsnoop.bpf.o"
		t "and to the same types" "$top/tests/lib/same-btf" "$work/min.btf" "$work/clone/min.btf"
	else
		skip "minimized BTF" "bpftool is missing"
	fi
fi

readme_program()
{
	marked_block 'compiles and runs' >"$work/program.c" && [ -s "$work/program.c" ] &&
		cc -Wall -Wextra -Werror -I"$top/archive" -o "$work/program" "$work/program.c" \
			"${btfgen%/*}/libkbtf.a" ${SANITIZE:+-fsanitize=address,undefined} \
			$(pkg-config --libs libbpf libzstd libsodium)
}

if command -v cc >/dev/null && command -v pkg-config >/dev/null; then
	t "README's program compiles" readme_program
	if [ -r /sys/kernel/btf/vmlinux ]; then
		"$work/program" "$XDG_DATA_HOME/btfgen/btfgen.kbtf" >"$work/selected.btf" 2>/dev/null
		t "and finds this machine's BTF" "$top/tests/lib/same-btf" /sys/kernel/btf/vmlinux "$work/selected.btf"
	else
		skip "README's program finds BTF" "this kernel has no BTF"
	fi
else
	skip "README's program" "cc or pkg-config is missing"
fi

finish
