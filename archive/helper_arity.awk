# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# From libbpf's bpf_helper_defs.h: the number of arguments of each helper, by its number.
# Lines there read: static long (*bpf_map_lookup_elem)(void *map, const void *key) = (void *) 1;
# and from libbpf 1.5 on: static long (* const bpf_map_lookup_elem)(...
/^static .*\(\* *(const )?bpf_[a-z0-9_]*\)\(.*\) = \(void \*\) [0-9]+;/ {
	arguments = $0
	sub(/^static .*\(\* *(const )?bpf_[a-z0-9_]*\)\(/, "", arguments)
	number = arguments
	sub(/\) = \(void \*\) [0-9]+;.*/, "", arguments)
	sub(/.*\(void \*\) /, "", number)
	sub(/;.*/, "", number)
	count = arguments == "void" ? 0 : gsub(/,/, ",", arguments) + 1
	# a variable number: as many as there are registers
	arity[number + 0] = arguments ~ /\.\.\./ ? 5 : count
	if (number + 0 > last)
		last = number + 0
}
END {
	if (last < 100) {
		print "no helper prototypes found" > "/dev/stderr"
		exit 1
	}
	print "static const unsigned char helper_arity[] = {"
	for (i = 0; i <= last; i++)
		print "\t" (i in arity ? arity[i] : 5) ","
	print "};"
}
