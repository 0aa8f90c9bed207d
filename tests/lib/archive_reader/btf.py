# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""BTF of what streams have told (kbtf-archive(5), BTF)."""

import struct

from archive_reader.container import digest, expect
from archive_reader.streams import (ARRAY, DATASEC, DEPTH_MAX, ENUM, ENUM64, FUNC, FUNC_PROTO,
                                    INT, STRUCT, UNION, VAR, DECL_TAG, WITH_REF, WITH_SLOTS,
                                    Lineage)

WITH_EXTRA = (INT, VAR, DECL_TAG)


class Output:
    def __init__(self, kernel):
        self.ids, self.places, self.text, self.order = {None: 0}, {b"": 0}, bytearray(1), []
        named = sorted(kernel.lists[0] + kernel.lists[1], key=lambda item: (item[0][1], item[0][0]))
        for _, record in named:
            self.number_refs(record, 0)
        for record in kernel.roots:
            self.number(record, 0)
        for name, record in named:
            self.order.append(record)
            self.ids[name] = len(self.order)

    def number(self, ref, depth):
        if ref is None or isinstance(ref, tuple) or ref in self.ids:
            return
        expect(depth < DEPTH_MAX, "types without a name nest too deep")
        self.order.append(ref)
        self.ids[ref] = len(self.order)
        self.number_refs(ref, depth + 1)

    def number_refs(self, record, depth):
        self.number(record.ref, depth)
        if record.kind == ARRAY:
            self.number(record.slots[0], depth)
            self.number(record.slots[1], depth)
        elif record.kind in (STRUCT, UNION, FUNC_PROTO):
            for slot in record.slots:
                self.number(slot[1], depth)
        elif record.kind == DATASEC:
            for slot in record.slots:
                self.number(slot[0], depth)

    def place(self, string):
        if string not in self.places:
            self.places[string] = len(self.text)
            self.text += string + b"\0"
        return self.places[string]

    def id(self, ref):
        expect(ref in self.ids, "a type is not in this kernel")
        return self.ids[ref]

    def words(self, record):
        kind = record.kind
        count = len(record.slots) if kind in WITH_SLOTS else record.extra if kind == FUNC else 0
        expect(count <= 0xffff, "a type has more than BTF can count")
        words = [self.place(record.name), record.flag << 31 | kind << 24 | count,
                 self.id(record.ref) if kind in WITH_REF else record.size]
        if kind == ARRAY:
            words += [self.id(record.slots[0]), self.id(record.slots[1]), record.slots[2]]
        elif kind in WITH_EXTRA:
            words.append(record.extra)
        elif kind == DATASEC:
            for ref, offset, size in record.slots:
                words += [self.id(ref), offset, size]
        elif kind in (ENUM, ENUM64):
            for name, low, high in record.slots:
                words += [self.place(name), low] + [high] * (kind == ENUM64)
        elif kind in WITH_SLOTS:
            for slot in record.slots:
                words += [self.place(slot[0]), self.id(slot[1]), *slot[2:]]
        return words

    def bytes(self):
        words = []
        for record in self.order:
            words += self.words(record)
        size = 4 * len(words)
        head = struct.pack("<HBBIIIII", 0xeb9f, 1, 0, 24, 0, size, size, len(self.text))
        return head + struct.pack("<%dI" % len(words), *words) + bytes(self.text)


class Reader:
    """Full BTF of one blob after another, with functions or without."""

    def __init__(self, functions):
        self.functions, self.followed, self.lineage = functions, [], None

    def read(self, blob):
        # a path that goes on where the last one ended is not followed again
        if not self.followed or blob["path"][:len(self.followed)] != self.followed:
            self.followed, self.lineage = [], Lineage()
        for step in blob["path"][len(self.followed):]:
            data, functions = step["stored"][:step["data_size"]], step["stored"][step["data_size"]:]
            expect(digest(data) == step["data_digest"], "a stream is not that of its digest")
            expect(not self.functions or digest(functions) == step["function_digest"],
                   "a stream of functions is not that of its digest")
            self.lineage.follow(data, functions if self.functions else None)
        self.followed = blob["path"]
        btf = Output(self.lineage.kernel).bytes()
        if self.functions:
            expect(len(btf) == blob["size"] and digest(btf) == blob["digest"],
                   "BTF is not that of its digest")
        return btf
