#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the archives and streams of this directory and expected.tsv; needs Python's standard library only.

expected.tsv: file, kind (zip, tar, or a stream format), what must be found. For zip and tar: the names of the anomalies that are
reasons to refuse, sorted, with commas (empty: none). For streams: the SHA-256 of the unpacked bytes and their number, or `refused`.
"""
import bz2, gzip, hashlib, io, lzma, os, random, struct, sys, tarfile, zipfile, zlib

here = os.path.dirname(os.path.abspath(__file__))
rows = []
DATE = (2020, 1, 1, 0, 0, 0)


def put(name, kind, data, expected):
    with open(os.path.join(here, name), "wb") as f:
        f.write(data)
    rows.append((name, kind, expected))


def info(name, method=zipfile.ZIP_STORED, mode=0o100644):
    i = zipfile.ZipInfo(name, DATE)
    i.compress_type, i.external_attr, i.create_system = method, mode << 16, 3
    return i


class Pipe(io.RawIOBase):
    """Cannot seek, so zipfile writes data descriptors."""
    def __init__(self): self.data = b""
    def writable(self): return True
    def write(self, b): self.data += bytes(b); return len(b)


def build(members, comment=b"", pipe=False, force64=False):
    out = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for i, data in members:
            with z.open(i, "w", force_zip64=force64) as f:
                f.write(data)
        z.comment = comment
    return out.data if pipe else out.getvalue()


def edit(data, at, new):
    return data[:at] + new + data[at + len(new):]


A, B = b"first member\n" * 5, b"second member\n" * 7
plain = build([(info("m/a.bin"), A), (info("m/b.bin"), B)])
local2 = plain.index(b"PK\x03\x04", 4)
central1 = plain.index(b"PK\x01\x02")
central2 = plain.index(b"PK\x01\x02", central1 + 4)
end = plain.rindex(b"PK\x05\x06")

put("stored.zip", "zip", plain, "")
put("deflated.zip", "zip", build([(info("m/a.bin", 8), A * 50), (info("m/b.bin", 8), os.urandom(0) + B * 300)]), "")
put("streamed.zip", "zip", build([(info("m/a.bin"), A), (info("m/b.bin", 8), B * 40)], pipe=True), "")
put("wide.zip", "zip", build([(info("m/a.bin"), A), (info("m/b.bin", 8), B)], force64=True), "")
put("wide-streamed.zip", "zip", build([(info("m/a.bin"), A), (info("m/b.bin", 8), B)], pipe=True, force64=True), "")
put("empty.zip", "zip", build([]), "")
put("comment.zip", "zip", build([(info("a"), A)], comment=b"hello"), "")
put("other-name.zip", "zip", edit(plain, 30, b"m/x.bin"), "nameDisagrees")
put("flag-encrypted-local.zip", "zip", edit(plain, 6, b"\x01\x00"), "flagsDisagree")
put("flag-encrypted-central.zip", "zip", edit(plain, central1 + 8, b"\x01\x00"), "encrypted,flagsDisagree")
put("flag-patched.zip", "zip", edit(edit(plain, central1 + 8, b"\x20\x00"), 6, b"\x20\x00"), "patched")
put("other-checksum.zip", "zip", edit(plain, 14, b"\x01\x02\x03\x04"), "checksumDisagrees")
put("other-size.zip", "zip", edit(plain, 18, struct.pack("<I", 7)), "sizeDisagrees")
put("other-method.zip", "zip", edit(plain, 8, b"\x08\x00"), "methodDisagrees")
put("unknown-method.zip", "zip", edit(edit(plain, 8, b"\x63\x00"), central1 + 10, b"\x63\x00"), "method")
put("prefix.zip", "zip", b"\x80\x02." + plain, "prefix")
put("pickle-then-zip.zip", "zip", b"\x80\x02cos\nsystem\n." * 40 + plain, "prefix")
put("trailing.zip", "zip", plain + b"\0" * 32, "trailing")
put("second-end.zip", "zip", plain[:end + 20] + struct.pack("<H", 22) + plain[end:end + 22], "directoryPlace")
put("count.zip", "zip", edit(plain, end + 8, struct.pack("<HH", 1, 1)), "memberCount")
put("split.zip", "zip", edit(plain, end + 4, struct.pack("<HH", 1, 1)), "split")
put("cut.zip", "zip", plain[:end + 10], "notAnArchive")
put("far-directory.zip", "zip", edit(plain, end + 12, struct.pack("<I", 0x7FFFFFFF)), "malformed")
put("overlap.zip", "zip", edit(plain, central2 + 42, struct.pack("<I", 0)), "checksumDisagrees,gap,nameDisagrees,overlap,sizeDisagrees")
hole = plain[:local2] + b"\0" * 50 + plain[local2:]
hole = edit(edit(hole, central2 + 50 + 42, struct.pack("<I", local2 + 50)), end + 50 + 16, struct.pack("<I", central1 + 50))
put("gap.zip", "zip", hole, "gap")
secret = build([(info("m/data.pkl"), b"\x80\x02cos\nsystem\n.")])
secret = secret[:secret.index(b"PK\x01\x02")]
inside = plain[:local2] + secret + plain[local2:]
n = len(secret)
inside = edit(edit(inside, central2 + n + 42, struct.pack("<I", local2 + n)), end + n + 16, struct.pack("<I", central1 + n))
put("hidden.zip", "zip", inside, "gap,hidden")
for name, path, what in [
    ("absolute", "/etc/x", "name"), ("parent", "m/../../x", "name"), ("backslash", "m\\x", "name"), ("drive", "c:x", "name"),
]:
    raw = build([(info("Q" * len(path)), A)]).replace(b"Q" * len(path), path.encode())
    put(f"name-{name}.zip", "zip", raw, what)
put("link.zip", "zip", build([(info("m/l", mode=0o120777), b"/etc/passwd")]), "link")
put("device.zip", "zip", build([(info("m/l", mode=0o020666), b"")]), "device")
import warnings
warnings.simplefilter("ignore")
put("duplicate.zip", "zip", build([(info("m/a"), A), (info("m/a"), B)]), "duplicate")
put("case.zip", "zip", build([(info("m/a"), A), (info("M/A"), B)]), "caseCollision")
bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
packed = bomb.compress(b"\0" * (100 << 20)) + bomb.flush()
crc = zlib.crc32(b"\0" * (100 << 20))
head = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, crc, len(packed), 100 << 20, 1, 0)
raw = b"PK\x03\x04" + head + b"z" + packed
cd = b"PK\x01\x02" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"z"
put("bomb.zip", "zip", raw + cd + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(cd), len(raw), 0), "ratio")


def tar(members, format=tarfile.PAX_FORMAT, pax=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format, pax_headers=pax or {}) as t:
        for name, data, change in members:
            i = tarfile.TarInfo(name)
            i.size = len(data)
            for key, value in change.items():
                setattr(i, key, value)
            t.addfile(i, io.BytesIO(data))
    return out.getvalue()


long = "d/" * 70 + "file.bin"
put("pax.tar", "tar", tar([("a", A, {}), (long, B, {})]), "")
put("gnu.tar", "tar", tar([("a", A, {}), (long, B, {})], tarfile.GNU_FORMAT), "")
put("ustar.tar", "tar", tar([("a", A, {}), ("d/" * 60 + "b", B, {})], tarfile.USTAR_FORMAT), "")
put("symlink.tar", "tar", tar([("a", b"", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"})]), "link")
put("hardlink.tar", "tar", tar([("a", A, {}), ("b", b"", {"type": tarfile.LNKTYPE, "linkname": "a"})]), "link")
put("device.tar", "tar", tar([("a", b"", {"type": tarfile.CHRTYPE})]), "device")
put("parent.tar", "tar", tar([("../a", A, {})]), "name")
put("absolute.tar", "tar", tar([("/a", A, {})]), "name")
put("duplicate.tar", "tar", tar([("a", A, {}), ("a", B, {})]), "duplicate")
put("sparse.tar", "tar", tar([("a", A, {"pax_headers": {"GNU.sparse.major": "1"}})]), "sparse")
t = tar([("a", A, {}), ("b", B, {})])
put("checksum.tar", "tar", edit(t, 1024, b"X"), "checksum")
put("truncated.tar", "tar", t[:1024 + 512 + 10], "truncated")
put("trailing.tar", "tar", t + b"PK\x03\x04" + b"\0" * 508, "trailing")
put("not.tar", "tar", b"x" * 2048, "notAnArchive")

random.seed(4)
words = b" ".join(random.choice([b"weight", b"bias", b"layer", b"0.123", b"tensor"]) for _ in range(20000))
noise = bytes(random.getrandbits(8) for _ in range(20000))
mixed = words + noise + b"\0" * 30000 + words[:5000]


def digest(data):
    return hashlib.sha256(data).hexdigest() + " " + str(len(data))


def gz(data, level=9):
    out = io.BytesIO()
    with gzip.GzipFile(filename="name", mode="wb", compresslevel=level, fileobj=out, mtime=0) as f:
        f.write(data)
    return out.getvalue()


put("mixed.gz", "gzip", gz(mixed), digest(mixed))
put("fast.gz", "gzip", gz(mixed, 1), digest(mixed))
put("stored.gz", "gzip", gz(mixed[:70000], 0), digest(mixed[:70000]))
put("two.gz", "gzip", gz(b"one") + gz(words[:1000]), digest(b"one" + words[:1000]))
put("empty.gz", "gzip", gz(b""), digest(b""))
put("flip.gz", "gzip", edit(gz(mixed), 5000, b"\x55\xAA\x55"), "refused")
put("sum.gz", "gzip", gz(words)[:-8] + b"\0" * 8, "refused")
put("cut.gz", "gzip", gz(words)[:-20], "refused")
put("mixed.zz", "zlib", zlib.compress(mixed), digest(mixed))
fixed = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_FIXED)
put("fixed.zz", "zlib", fixed.compress(words) + fixed.flush(), digest(words))
put("sum.zz", "zlib", zlib.compress(words)[:-4] + b"\0" * 4, "refused")
put("mixed.bz2", "bzip2", bz2.compress(mixed, 1), digest(mixed))
put("two.bz2", "bzip2", bz2.compress(b"one") + bz2.compress(words[:1000]), digest(b"one" + words[:1000]))
put("runs.bz2", "bzip2", bz2.compress(b"a" * 300000 + b"ab" * 9), digest(b"a" * 300000 + b"ab" * 9))
put("empty.bz2", "bzip2", bz2.compress(b""), digest(b""))
put("flip.bz2", "bzip2", edit(bz2.compress(mixed), 3000, b"\x12"), "refused")
put("cut.bz2", "bzip2", bz2.compress(words)[:-20], "refused")
put("mixed.xz", "xz", lzma.compress(mixed, preset=6), digest(mixed))
put("crc32.xz", "xz", lzma.compress(words, check=lzma.CHECK_CRC32), digest(words))
put("sha.xz", "xz", lzma.compress(words, check=lzma.CHECK_SHA256), "refused")
put("noise.xz", "xz", lzma.compress(noise), digest(noise))
put("two.xz", "xz", lzma.compress(b"one") + lzma.compress(words[:1000]), digest(b"one" + words[:1000]))
put("empty.xz", "xz", lzma.compress(b""), digest(b""))
put("delta.xz", "xz", lzma.compress(words, filters=[{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2}]), "refused")
put("flip.xz", "xz", edit(lzma.compress(mixed), 2000, b"\x12\x34"), "refused")
put("cut.xz", "xz", lzma.compress(words)[:-30], "refused")
put("mixed.lzma", "lzma", lzma.compress(mixed, format=lzma.FORMAT_ALONE), digest(mixed))
put("cut.lzma", "lzma", lzma.compress(words, format=lzma.FORMAT_ALONE)[:-40], "refused")

with open(os.path.join(here, "expected.tsv"), "w") as f:
    for row in rows:
        f.write("\t".join((row[0], row[1], ",".join(sorted(row[2].split(","))) if row[1] in ("zip", "tar") else row[2])) + "\n")
