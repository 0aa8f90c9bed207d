# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is around BTF in an archive: the file, tables, the index, frames (kbtf-archive(5))."""

import ctypes
import hashlib
import struct

# ---- THE FILE ----------------------------------------------------------------------------------

VERSION = 4
MAGIC, END_MAGIC = b"\x89KBTF\r\n\x1a", b"\x1a\n\rFTBK\x89"
HEADER, FOOTER = struct.Struct("<8sII"), struct.Struct("<QQ32sQ8s")
BTF_MAX, FRAME_MAX, PATH_MAX = 1 << 30, 64 << 20, 256
TABLE_MAX, TOGETHER_MAX, TEXTS_MAX = 128 << 20, 96 << 10, 256 << 20


class Damaged(Exception):
    pass


def expect(fine, what):
    if not fine:
        raise Damaged(what)


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


class Bytes:
    """What is left of a run of bytes, and the values that it is made of."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        expect(size <= self.left(), "it is cut off")
        self.at += size
        return self.data[self.at - size:self.at]

    def byte(self):
        expect(self.at < len(self.data), "it is cut off")
        self.at += 1
        return self.data[self.at - 1]

    def number(self, most=0xffffffff):
        """A varint."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                break
            expect(shift < 64, "a number has no end")
        expect(value <= most, "a number is too large")
        return value

    def difference(self):
        value = self.number()
        return value >> 1 ^ -(value & 1)

    def text(self):
        end = self.data.find(b"\0", self.at)
        expect(end >= 0, "a text has no end")
        text = self.data[self.at:end]
        self.at = end + 1
        return text

    def end(self, what):
        expect(not self.left(), what + ": there is more than is told")


class Zstd:
    def __init__(self):
        self.lib = ctypes.CDLL("libzstd.so.1")
        self.lib.ZSTD_createDCtx.restype = ctypes.c_void_p
        self.lib.ZSTD_decompressDCtx.restype = ctypes.c_size_t
        self.lib.ZSTD_DCtx_refPrefix.restype = ctypes.c_size_t
        self.context = ctypes.c_void_p(self.lib.ZSTD_createDCtx())

    def unpack(self, stored, size, prefix=b""):
        out = ctypes.create_string_buffer(size + 1)
        if prefix:
            self.lib.ZSTD_DCtx_refPrefix(self.context, prefix, ctypes.c_size_t(len(prefix)))
        got = self.lib.ZSTD_decompressDCtx(self.context, out, ctypes.c_size_t(size), stored,
                                           ctypes.c_size_t(len(stored)))
        expect(got == size, "what zstd gives is not of its size")
        return out.raw[:size]


ZSTD = Zstd()

# ---- TABLES ------------------------------------------------------------------------------------


def unpack_run(stored, size, prefix):
    return stored if len(stored) == size else ZSTD.unpack(stored, size, prefix)


def read_table(data, count, prefix=None):
    """The columns of a table that takes all of data."""
    head = Bytes(data)
    together = head.byte()
    sizes, stored_sizes = [], []
    expect(together <= 1, "a table is neither together nor apart")
    while len(sizes) < count:
        size = head.number(TABLE_MAX)
        sizes.append(size)
        stored_sizes.append(head.number(size) if size and not together else 0)
        if not size:
            empty = head.byte()
            expect(len(sizes) + empty <= count, "a table has too many columns")
            sizes += [0] * empty
            stored_sizes += [0] * empty
    expect(sum(sizes) <= TABLE_MAX, "a table is too large")
    prefix = prefix or [b""] * count
    if together:
        expect(sum(sizes) <= TOGETHER_MAX, "a table is too large to be together")
        stored = head.take(head.left())
        every = unpack_run(stored, sum(sizes), b"".join(prefix))
        ends = [sum(sizes[:i + 1]) for i in range(count)]
        return [Bytes(every[end - size:end]) for end, size in zip(ends, sizes)]
    columns = [Bytes(unpack_run(head.take(stored), size, before))
               for stored, size, before in zip(stored_sizes, sizes, prefix)]
    head.end("a table")
    return columns


# ---- THE INDEX ---------------------------------------------------------------------------------

INDEX = """INDEX_COUNTS TEXT_SHARED TEXT_REST
    BLOB_STORED BLOB_DATA BLOB_SIZE BLOB_BASE BLOB_DIGEST BLOB_DATA_DIGEST
    BLOB_FUNCTION_DIGEST
    FRAME_STORED FRAME_DIGEST FRAME_PARTS PART_SIZE
    PROFILE_NAME PROFILE_OBJECTS OBJECT_NAME OBJECT_SHA256
    ENTRY_DISTRO ENTRY_DISTRO_RELEASE ENTRY_ARCH ENTRY_KERNEL_RELEASE ENTRY_KERNEL_VERSION
    ENTRY_BUILD_ID_SIZE ENTRY_BUILD_ID ENTRY_PACKAGE ENTRY_PACKAGE_VERSION ENTRY_SHA256_KNOWN
    ENTRY_SHA256 ENTRY_VERIFICATION ENTRY_VERIFIED_BY ENTRY_ENCODER ENTRY_ENCODER_VERSION
    ENTRY_ENCODER_FLAGS ENTRY_NOTES ENTRY_BLOB ENTRY_MINS MIN_PROFILE MIN_PART""".split()
VERIFICATIONS = {0: "unverified", 1: "signed-index", 2: "signed-package", 3: "partial"}


class Index:
    def __init__(self, data, chunks):
        self.columns = dict(zip(INDEX, read_table(data, len(INDEX))))
        self.last = dict.fromkeys(INDEX, 0)
        counts = self.columns["INDEX_COUNTS"]
        expect(counts.number() == 0, "it has modules, which are not defined yet")
        texts, blobs, parts, frames, profiles, entries = [counts.number() for _ in range(6)]
        self.texts = self.read_texts(texts)
        self.blobs = []
        for _ in range(blobs):
            self.blobs.append(self.read_blob())
        self.parts = []
        self.frames = [self.read_frame() for _ in range(frames)]
        expect(len(self.parts) == parts, "frames have other parts")
        self.profiles = [self.read_profile() for _ in range(profiles)]
        digests = [profile["digest"] for profile in self.profiles]
        expect(digests == sorted(set(digests)), "profiles are out of order")
        self.entries = [self.read_entry() for _ in range(entries)]
        for name, column in self.columns.items():
            column.end("column " + name)
        self.check_use()
        self.place(chunks)

    def near(self, name, count):
        """A number below count, told by what it differs from the one before."""
        self.last[name] += self.columns[name].difference()
        expect(0 <= self.last[name] < count, "column %s leads nowhere" % name)
        return self.last[name]

    def text(self, name):
        text = self.texts[self.near(name, len(self.texts))]
        expect(name == "ENTRY_NOTES" or "\n" not in text, "a text has a newline")
        return text

    def read_texts(self, count):
        texts, total = [b""], 0
        for _ in range(count):
            shared = self.columns["TEXT_SHARED"].number()
            expect(shared <= len(texts[-1]), "a text is shorter than what it shares")
            text = texts[-1][:shared] + self.columns["TEXT_REST"].text()
            total += len(text) + 1
            expect(text[:shared + 1] > texts[-1][:shared + 1], "texts are out of order")
            expect(total <= TEXTS_MAX, "texts are too long")
            expect(not any(c == 0x7f or c < 0x20 and c != 0x0a for c in text), "control characters")
            texts.append(text)
        return [text.decode(errors="surrogateescape") for text in texts]

    def read_blob(self):
        blob = {"stored_size": self.columns["BLOB_STORED"].number()}
        blob["data_size"] = self.columns["BLOB_DATA"].number(blob["stored_size"])
        blob["size"] = self.columns["BLOB_SIZE"].number(BTF_MAX)
        back = self.columns["BLOB_BASE"].number(len(self.blobs))
        blob["digest"] = self.columns["BLOB_DIGEST"].take(32)
        blob["data_digest"] = self.columns["BLOB_DATA_DIGEST"].take(32)
        blob["function_digest"] = self.columns["BLOB_FUNCTION_DIGEST"].take(32)
        blob["path"] = (self.blobs[-back]["path"] if back else []) + [blob]
        expect(len(blob["path"]) <= PATH_MAX, "a path is too long")
        return blob

    def read_frame(self):
        frame = {"stored_size": self.columns["FRAME_STORED"].number(FRAME_MAX),
                 "digest": self.columns["FRAME_DIGEST"].take(32), "size": 0}
        for _ in range(self.columns["FRAME_PARTS"].number()):
            size = self.columns["PART_SIZE"].number(FRAME_MAX)
            self.parts.append((frame, frame["size"], size))
            frame["size"] += size
            expect(frame["size"] <= FRAME_MAX, "a frame is too large")
        return frame

    def read_profile(self):
        profile = {"name": self.text("PROFILE_NAME"), "objects": []}
        for _ in range(self.columns["PROFILE_OBJECTS"].number()):
            profile["objects"].append((self.columns["OBJECT_SHA256"].take(32),
                                       self.text("OBJECT_NAME")))
        digests = [sha256 for sha256, _ in profile["objects"]]
        expect(digests == sorted(set(digests)), "objects are out of order")
        profile["digest"] = hashlib.sha256(b"".join(digests)).digest()
        return profile

    def read_entry(self):
        entry = {"distro": self.text("ENTRY_DISTRO"),
                 "release": self.text("ENTRY_DISTRO_RELEASE"),
                 "arch": self.text("ENTRY_ARCH"),
                 "kernel": self.text("ENTRY_KERNEL_RELEASE"),
                 "version": self.text("ENTRY_KERNEL_VERSION")}
        size = self.columns["ENTRY_BUILD_ID_SIZE"].number(129)
        entry["build_id"] = self.columns["ENTRY_BUILD_ID"].take(size // 2).hex()
        entry["build_id_short"] = size % 2 == 1
        expect(entry["arch"] and entry["kernel"] and size != 1, "an entry lacks what it must have")
        entry["package"] = self.text("ENTRY_PACKAGE")
        entry["package_version"] = self.text("ENTRY_PACKAGE_VERSION")
        known = self.columns["ENTRY_SHA256_KNOWN"].number(1)
        entry["package_sha256"] = self.columns["ENTRY_SHA256"].take(32 * known).hex()
        verification = self.columns["ENTRY_VERIFICATION"].number(255)
        entry["verification"] = VERIFICATIONS.get(verification, "?")
        for name in "VERIFIED_BY", "ENCODER", "ENCODER_VERSION", "ENCODER_FLAGS", "NOTES":
            entry[name.lower()] = self.text("ENTRY_" + name)
        self.read_btf(entry)
        return entry

    def read_btf(self, entry):
        blob = self.near("ENTRY_BLOB", len(self.blobs) + 1)
        entry["blob"] = self.blobs[blob - 1] if blob else None
        entry["mins"] = [(self.near("MIN_PROFILE", len(self.profiles)),
                          self.near("MIN_PART", len(self.parts)))
                         for _ in range(self.columns["ENTRY_MINS"].number())]
        mins = [profile for profile, _ in entry["mins"]]
        expect(blob or mins, "an entry has no BTF")
        expect(mins == sorted(set(mins)), "an entry's profiles are out of order")

    def check_use(self):
        mins = [min for entry in self.entries for min in entry["mins"]]
        blobs = [blob for entry in self.entries if entry["blob"] for blob in entry["blob"]["path"]]
        expect(len({profile for profile, _ in mins}) == len(self.profiles) and
               len({part for _, part in mins}) == len(self.parts) and
               len({id(blob) for blob in blobs}) == len(self.blobs), "no entry uses it")

    def place(self, chunks):
        """Blobs and frames lie back to back between header and index."""
        chunks = Bytes(chunks)
        for chunk in self.blobs + self.frames:
            chunk["stored"] = chunks.take(chunk["stored_size"])
        chunks.end("the file")


def read_file(path):
    data = open(path, "rb").read()
    expect(len(data) >= HEADER.size + FOOTER.size, "it is too short")
    magic, version, zero = HEADER.unpack_from(data)
    expect(magic == MAGIC and not zero, "it is no archive")
    expect(version == VERSION, "its version is unknown")
    end = len(data) - FOOTER.size
    at, size, root, zero, magic = FOOTER.unpack_from(data, end)
    expect(magic == END_MAGIC and not zero and at >= HEADER.size and at + size == end,
           "its footer is damaged")
    expect(digest(data[at:end]) == root, "its index is not that of its digest")
    return root, Index(data[at:end], data[HEADER.size:at])


# ---- MINIMIZED BTF -----------------------------------------------------------------------------


def read_part(part):
    frame, at, size = part
    if "bytes" not in frame:
        expect(digest(frame["stored"]) == frame["digest"], "a frame is not that of its digest")
        frame["bytes"] = ZSTD.unpack(frame["stored"], frame["size"])
    return frame["bytes"][at:at + size]
