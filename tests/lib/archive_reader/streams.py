# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A kernel's types, as an archive's streams tell them (kbtf-archive(5), RECORDS and STREAMS)."""

from archive_reader.container import Bytes, expect, read_table

# ---- RECORDS -----------------------------------------------------------------------------------

(INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO,
 VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64) = range(1, 20)
KINDS = range(1, 20)
QUALIFIERS = (VOLATILE, CONST, RESTRICT)
FUNCTIONS = (FUNC, DECL_TAG)
SEE_THROUGH = (TYPEDEF, TYPE_TAG) + QUALIFIERS
WITH_SLOTS = (STRUCT, UNION, ENUM, FUNC_PROTO, DATASEC, ENUM64)
WITH_REF = SEE_THROUGH + (PTR, FUNC, FUNC_PROTO, VAR, DECL_TAG)
NAME_BYTES_MAX, NESTING_MAX, DEPTH_MAX, UNDER_WAY_MAX = 4095, 200, 64, 512

# A reference is None (void), a Record (a type without a name), or a name: (kind, bytes, variant).


class Record:
    __slots__ = ("kind", "flag", "name", "size", "ref", "extra", "slots")

    def __init__(self, kind, flag, name):
        self.kind, self.flag, self.name = kind, flag, name
        self.size = self.extra = 0
        self.ref, self.slots = None, []


class Kernel:
    """Types with a name, in two lists of [name, record], and those that nothing refers to."""

    def __init__(self):
        self.lists, self.roots = ([], []), []


# ---- STREAMS -----------------------------------------------------------------------------------

# Columns: a name, and how many they are for a wide value.
PLAN = """STAY GO COME SAME KIND TOKEN:3 SHARED REST KNOWN:4 ALSO ROOT_STAY ROOT_GO
    ROOT_COME""".split()
CLASSES_OF_REFS = """MEMBER PARAMETER RETURN ELEMENT INDEX POINTER MODIFIER TYPEDEF FUNCTION
    OTHER""".split()
CLASSES_OF_NAMES = "MEMBER ENUMERATOR PARAMETER TYPE".split()
BODY = """ROOT_KIND SIZE STRUCT_SIZE EXTRA MEMBERS PARAMETERS ENUMERATORS VARIABLES PLACE OFFSET
    BITS LENGTH VALUE VARIABLE_OFFSET VARIABLE_SIZE SPELLING NAMED:3 TOLD:4 SAME ALSO KNOWN:4
    PAIR:3""".split()
BODY += ["REF_%s:3" % name for name in CLASSES_OF_REFS]
BODY += [word % name for name in CLASSES_OF_NAMES
         for word in ("NAME_%s:3", "SHARED_%s", "REST_%s")]

BODY_NAMES = {name: ("NAME_" + name, "SHARED_" + name, "REST_" + name)
              for name in CLASSES_OF_NAMES}

VOID, NAMED, TOLD, KIND_ADDED, FLAG = 0, 1, 0x7f, 2, 0x80
NEW, KNOWN, FIRST = 0, 1, 2
EXPECTED, OTHER, BITS = 0, 1, 2


def round_up(value, unit):
    return (value + unit - 1) // unit * unit


def widths(layout):
    return [(word.split(":")[0], int((word + ":1").split(":")[1])) for word in layout]


class Reading:
    """Values out of columns: each call has the value that a writer would put, and ignores it."""

    def __init__(self, layout, data, prefix=None):
        columns = iter(read_table(data, sum(width for _, width in widths(layout)), prefix))
        self.columns = {name: [next(columns) for _ in range(width)]
                        for name, width in widths(layout)}

    def byte(self, column, value=0):
        return self.columns[column][0].byte()

    def number(self, column, value=0):
        return self.columns[column][0].number()

    def difference(self, column, value, before):
        return before + self.columns[column][0].difference() & 0xffffffff

    def wide(self, column, value=0):
        told = shift = 0
        for weight in self.columns[column]:
            told |= weight.byte() << shift
            shift += 8
        return told

    def text(self, column):
        return self.columns[column][0].text()

    def count(self, column, of):
        """How many follow, of which each has a byte in another column."""
        count = self.number(column)
        expect(count <= self.columns[of][0].left(), "it has fewer than it says")
        return count

    def end(self):
        for name, columns in self.columns.items():
            for column in columns:
                column.end("column " + name)


class Writing:
    """The same calls, which put the value."""

    def __init__(self, layout):
        self.columns = {name: [bytearray() for _ in range(width)] for name, width in widths(layout)}

    def byte(self, column, value):
        self.columns[column][0].append(value)
        return value

    def number(self, column, value):
        left = value
        while left >= 0x80:
            self.byte(column, left & 0x7f | 0x80)
            left >>= 7
        self.byte(column, left)
        return value

    def difference(self, column, value, before):
        step = value - before & 0xffffffff
        self.number(column, 2 * step if step < 1 << 31 else 2 * ((1 << 32) - step) - 1)
        return value

    def wide(self, column, value):
        for i, weight in enumerate(self.columns[column]):
            weight.append(value >> 8 * i & 0xff)
        return value

    def all(self):
        return [bytes(column) for columns in self.columns.values() for column in columns]


class Dictionary:
    def __init__(self):
        self.items, self.numbers = [], {}

    def add(self, item):
        self.numbers.setdefault(item, len(self.items))
        self.items.append(item)

    def of(self, token):
        expect(token - FIRST < len(self.items), "a token stands for nothing")
        return self.items[token - FIRST]


class Lineage:
    """What is known from one kernel of a path to the next."""

    def __init__(self):
        self.kernel, self.begun = Kernel(), False
        self.strings, self.nested = ([], []), ([], [])
        self.by_name = {}  # records of the last kernel

    def follow(self, data, functions):
        now = Kernel()
        Stream(self, now, 0).follow(data)
        if functions is not None:
            Stream(self, now, 1).follow(functions)
        self.kernel, self.begun = now, True


class Stream:
    def __init__(self, lineage, now, number):
        self.lineage, self.now, self.number = lineage, now, number
        self.old_list, self.new_list = lineage.kernel.lists[number], now.lists[number]
        self.refs = {name: Dictionary() for name in CLASSES_OF_REFS}
        self.names = {name: Dictionary() for name in CLASSES_OF_NAMES}
        self.pairs = Dictionary()
        self.last = dict.fromkeys(CLASSES_OF_NAMES, b"")
        self.telling = False  # what goes is put into columns, nothing comes
        self.aligns, self.waiting, self.under_way, self.came = {}, {}, 0, 0

    def follow(self, data):
        data = Bytes(data)
        plan = data.take(data.number())
        self.io = Reading(PLAN, plan)
        runs = self.read_runs("", len(self.old_list))
        root_runs = [] if self.number else self.read_runs("ROOT_", len(self.lineage.kernel.roots))
        heads = self.read_heads(runs)
        self.io.end()
        arrivals = self.list_names(runs, heads)
        prefix = self.make_prefix(runs, root_runs)
        self.enter_names()
        self.io = Reading(BODY, data.take(data.left()), prefix)
        for name in arrivals:
            self.read_arrival(name)
        self.read_roots(root_runs)
        self.io.end()

    # ---- The plan ----

    def read_runs(self, which, old_count):
        """Runs of (stay, go, come), which lead from the old list to the new one."""
        count, runs, old, new = self.io.number(which + "STAY"), [], 0, 0
        expect(count < 0xffffff, "a list is too long")
        while old < old_count or new < count:
            run = [self.io.number(which + name) for name in ("STAY", "GO", "COME")]
            old += run[0] + run[1]
            new += run[0] + run[2]
            expect(any(run) and old <= old_count and new <= count, "a run is too long")
            runs.append(run)
        return runs

    def read_heads(self, runs):
        """Kind, flag and name of each record that comes."""
        heads, at = [], 0
        for stay, go, come in runs:
            gone, at = at + stay, at + stay + go
            for _ in range(come):
                same, kind = self.io.number("SAME"), self.io.byte("KIND")
                expect(kind & 0x7f in KINDS and (kind & 0x7f in FUNCTIONS) == self.number,
                       "a kind is in the wrong stream")
                expect(same <= at - gone, "more is replaced than goes")
                gone += same
                name = self.old_list[gone - 1][1].name if same else self.name(
                    "TYPE", b"", ("TOKEN", "SHARED", "REST"))
                heads.append((kind & 0x7f, kind >> 7, name))
        return heads

    def list_names(self, runs, heads):
        """The new list: names, and the records of those that stay. Names of what comes."""
        at, heads, arrivals, self.gone = 0, iter(heads), [], []
        for stay, go, come in runs:
            for name, record in self.old_list[at:at + stay]:
                self.add_name(name[0], name[1], record)
            self.gone += [record for _, record in self.old_list[at + stay:at + stay + go]]
            at += stay + go
            for _ in range(come):
                kind, flag, string = next(heads)
                item = self.add_name(kind, string, None)
                arrivals.append(item[0])
                self.waiting[item[0]] = item, Record(kind, flag, string)
        data = self.now.lists[0] if self.number else []
        self.at_place = [name for name, _ in data + self.new_list]
        return arrivals

    def add_name(self, kind, string, record):
        before = self.new_list[-1][0] if self.new_list else (0, b"", 0)
        expect(string and (before[1], before[0]) <= (string, kind), "a list is out of order")
        variant = before[2] + 1 if before[:2] == (kind, string) else 0
        self.new_list.append([(kind, string, variant), record])
        return self.new_list[-1]

    # ---- The prefix ----

    def make_prefix(self, runs, root_runs):
        """Columns of what goes: once for the numbers, and once more for the bytes."""
        gone_roots, at = [], 0
        for stay, go, _ in root_runs:
            gone_roots += self.lineage.kernel.roots[at + stay:at + stay + go]
            at += stay + go
        if not self.gone and not gone_roots:
            return None
        self.telling = True
        for _ in range(2):
            self.io = Writing(BODY)
            for record in self.gone:
                self.body(record, 0)
            for record in gone_roots:
                self.io.byte("ROOT_KIND", record.kind | record.flag << 7)
                self.body(record, 0)
        self.telling = False
        self.aligns = {}
        return self.io.all()

    def enter_names(self):
        by_name = {} if not self.number else self.lineage.by_name
        by_name.update((name, record) for name, record in self.new_list if record)
        self.lineage.by_name = by_name

    # ---- Records that come ----

    def read_body(self, record, depth):
        self.under_way += 1
        expect(self.under_way <= UNDER_WAY_MAX, "too many records are under way")
        self.body(record, depth)
        self.under_way -= 1

    def read_arrival(self, name):
        if name not in self.waiting:
            return
        item, record = self.waiting.pop(name)
        self.came += 1
        self.read_body(record, 0)
        item[1] = self.lineage.by_name[name] = record

    def read_roots(self, runs):
        old, at = self.lineage.kernel.roots, 0
        for stay, go, come in runs:
            self.now.roots += old[at:at + stay]
            at += stay + go
            for _ in range(come):
                kind = self.io.byte("ROOT_KIND")
                expect(kind & 0x7f in KINDS, "a kind is unknown")
                self.now.roots.append(self.read_nested(kind & 0x7f, kind >> 7, True, 0))

    def read_nested(self, kind, flag, root, depth):
        came, item, value = self.came, None, 0
        record = Record(kind, flag, b"")
        self.read_body(record, depth + 1)
        if root or self.came != came or (self.lineage.begun and not self.number):
            value, item = self.also("SAME", self.lineage.nested)
        if item is not None:
            record = item
        if not value & 1 and not (value and self.number):
            self.lineage.nested[self.number].append(record)
        return record

    # ---- Strings and references ----

    def also(self, column, told):
        """Where it was told as well, and what it is, if this reader has it."""
        value = self.io.number(column)
        place, stream = divmod(value - 1, 2)
        if not value:
            return 0, None
        if place < len(told[stream]):
            return value, told[stream][place]
        expect(stream and not self.number, "what was told as well is not there")
        return value, None

    def told(self, column, told):
        place, stream = divmod(self.io.wide(column), 2)
        expect(stream <= self.number and place < len(told[stream]), "what was told is not there")
        return told[stream][place]

    def name(self, group, string, columns=None):
        names = self.names[group]
        token, shared, rest = columns or BODY_NAMES[group]
        if self.telling:
            if string not in names.numbers:
                names.add(string)
            self.io.wide(token, names.numbers[string] + FIRST)
            return string
        number = self.io.wide(token)
        if number >= FIRST:
            return names.of(number)
        if number == KNOWN:
            string = self.told("KNOWN", self.lineage.strings)
        else:
            string = self.read_string(group, shared, rest)
        names.add(string)
        return string

    def read_string(self, group, shared, rest):
        also = None
        if self.lineage.begun and not self.number:
            _, also = self.also("ALSO", self.lineage.strings)
        size = self.io.byte(shared)
        expect(size <= len(self.last[group]), "a name is shorter than what it shares")
        string = self.last[group][:size] + self.io.text(rest)
        expect(len(string) <= NAME_BYTES_MAX and also in (None, string), "a name is wrong")
        self.last[group] = string
        self.lineage.strings[self.number].append(string)
        return string

    def ref(self, group, ref, depth):
        refs = self.refs[group]
        if self.telling:
            if ref not in refs.numbers:
                refs.add(ref)
            self.io.wide("REF_" + group, refs.numbers[ref] + FIRST)
            return ref
        token = self.io.wide("REF_" + group)
        if token >= FIRST:
            return refs.of(token)
        expect(token == NEW, "a reference has a token that is none")
        ref = self.read_spelling(depth)
        refs.add(ref)
        return ref

    def read_spelling(self, depth):
        spelling = self.io.byte("SPELLING")
        if spelling == VOID:
            return None
        if spelling == NAMED:
            place = self.io.wide("NAMED")
            expect(place < len(self.at_place), "a type is not there")
            return self.at_place[place]
        if spelling == TOLD:
            return self.told("TOLD", self.lineage.nested)
        kind = (spelling & ~FLAG) - KIND_ADDED
        expect(kind in KINDS and depth < DEPTH_MAX, "a spelling is wrong")
        return self.read_nested(kind, spelling >> 7, False, depth)

    # ---- Sizes and alignments ----

    def resolve(self, ref):
        return self.lineage.by_name.get(ref) if isinstance(ref, tuple) else ref

    def size_of(self, ref, depth=0):
        record = self.resolve(ref)
        if record is None or depth == NESTING_MAX:
            return 0
        if record.kind == PTR:
            return 8
        if record.kind == ARRAY:
            return self.size_of(record.slots[0], depth + 1) * record.slots[2] & 0xffffffff
        if record.kind in SEE_THROUGH:
            return self.size_of(record.ref, depth + 1)
        return record.size

    def align_of(self, ref, depth=0):
        record = self.resolve(ref)
        if record is None or depth == NESTING_MAX:
            return 1
        if record not in self.aligns:
            self.aligns[record] = 1
            self.aligns[record] = self.find_align(record, depth + 1)
        return self.aligns[record]

    def find_align(self, record, depth):
        if record.kind == PTR:
            return 8
        if record.kind == ARRAY:
            return self.align_of(record.slots[0], depth)
        if record.kind in SEE_THROUGH:
            return self.align_of(record.ref, depth)
        if record.kind in (STRUCT, UNION):
            align = 1
            for _, ref, _ in record.slots:
                align = max(align, self.align_of(ref, depth))
                if align == 8:
                    break
            return align
        return 8 if record.size > 8 else record.size if record.size in (2, 4, 8) else 1

    def settle(self, ref):
        """What a member is made of comes before its offset; while telling, nothing comes."""
        for _ in range(NESTING_MAX):
            if not self.telling and self.under_way < UNDER_WAY_MAX - DEPTH_MAX - 1:
                self.read_arrival(ref)
            record = self.resolve(ref)
            if record is None:
                return
            if record.kind == ARRAY:
                ref = record.slots[0]
            elif record.kind in SEE_THROUGH:
                ref = record.ref
            else:
                return

    # ---- Bodies ----

    def body(self, record, depth):
        kind, io = record.kind, self.io
        if kind in (STRUCT, UNION):
            self.members(record, depth)
        elif kind in (ENUM, ENUM64):
            self.enumerators(record)
        elif kind == FUNC_PROTO:
            self.parameters(record, depth)
        elif kind == DATASEC:
            self.variables(record, depth)
        elif kind == ARRAY:
            element, index, length = record.slots or (None, None, 0)
            record.size = io.number("SIZE", record.size)
            element = self.ref("ELEMENT", element, depth)
            index = self.ref("INDEX", index, depth)
            record.slots = [element, index, io.number("LENGTH", length)]
        elif kind in (INT, FWD, FLOAT):
            if kind == INT:
                record.extra = io.number("EXTRA", record.extra)
            record.size = io.number("SIZE", record.size)
        else:
            group = {PTR: "POINTER", TYPEDEF: "TYPEDEF", FUNC: "FUNCTION", VAR: "OTHER",
                     DECL_TAG: "OTHER"}.get(kind, "MODIFIER")
            if kind == TYPE_TAG:
                record.name = self.name("TYPE", record.name)
            if kind in (FUNC, VAR, DECL_TAG):
                record.extra = io.difference("EXTRA", record.extra, 0)
            record.ref = self.ref(group, record.ref, depth)

    def slots(self, record, column, of, none):
        """Those that are there, or so many as the column tells."""
        if not self.telling:
            return [none] * self.io.count(column, of)
        self.io.number(column, len(record.slots))
        return record.slots

    def members(self, record, depth):
        end, strictest, told = 0, 1, []
        for name, ref, offset in self.slots(record, "MEMBERS", "NAME_MEMBER", (b"", None, 0)):
            name = self.name("MEMBER", name)
            ref = self.ref("MEMBER", ref, depth)
            self.settle(ref)
            align, size = self.align_of(ref), 8 * self.size_of(ref)
            expected = 0 if record.kind == UNION else round_up(end, 8 * align) & 0xffffffff
            offset = self.offset(record.flag, offset, expected, end)
            told.append((name, ref, offset))
            strictest = max(strictest, align)
            at = offset & 0xffffff if record.flag else offset
            if record.flag and offset >> 24:
                size = offset >> 24
            if record.kind == STRUCT or size >= end:
                end = at + size
        end = round_up(end, 8 * strictest) // 8 & 0xffffffff
        record.size = self.io.difference("STRUCT_SIZE", record.size, end)
        record.slots = told

    def offset(self, flag, offset, expected, end):
        bits = offset >> 24 if flag else 0
        place = self.io.byte("PLACE", BITS if bits else OTHER if offset != expected else EXPECTED)
        expect(place <= BITS, "a member's place is told in a way that is none")
        if place == EXPECTED:
            return expected
        if place == OTHER:
            return self.io.difference("OFFSET", offset, expected)
        bits = self.io.byte("BITS", bits)
        offset = self.io.difference("OFFSET", offset & 0xffffff, end & 0xffffffff)
        return offset & 0xffffff | bits << 24

    def enumerators(self, record):
        wide = record.kind == ENUM64
        slots = self.slots(record, "ENUMERATORS", "NAME_ENUMERATOR", (b"", 0, 0))
        record.size = self.io.number("SIZE", record.size)
        low, high, told = 0xffffffff, 0, []
        for name, value, upper in slots:
            name = self.name("ENUMERATOR", name)
            low = self.io.difference("VALUE", value, low + 1 & 0xffffffff)
            if wide:
                high = self.io.difference("VALUE", upper, high)
            told.append((name, low, high))
        record.slots = told

    def parameters(self, record, depth):
        slots, told = self.slots(record, "PARAMETERS", "PAIR", (b"", None)), []
        record.ref = self.ref("RETURN", record.ref, depth)
        for pair in slots:
            told.append(self.parameter(pair, depth))
        record.slots = told

    def parameter(self, pair, depth):
        if not self.telling:
            token = self.io.wide("PAIR")
            if token >= FIRST:
                return self.pairs.of(token)
            expect(token == NEW, "a parameter has a token that is none")
        elif pair in self.pairs.numbers:
            self.io.wide("PAIR", self.pairs.numbers[pair] + FIRST)
            return pair
        name, ref = pair
        name = self.name("PARAMETER", name)
        pair = name, self.ref("PARAMETER", ref, depth)
        self.pairs.add(pair)
        return pair

    def variables(self, record, depth):
        slots, told, end = self.slots(record, "VARIABLES", "REF_OTHER", (None, 0, 0)), [], 0
        record.size = self.io.number("SIZE", record.size)
        for ref, offset, size in slots:
            ref = self.ref("OTHER", ref, depth)
            offset = self.io.difference("VARIABLE_OFFSET", offset, end)
            size = self.io.number("VARIABLE_SIZE", size)
            end = offset + size & 0xffffffff
            told.append((ref, offset, size))
        record.slots = told
