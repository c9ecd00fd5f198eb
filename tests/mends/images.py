# SPDX-License-Identifier: GPL-2.0-or-later
"""Initramfs images (cpio, newc) and unified kernel images (PE), read and written as far as a boot needs them."""
import bz2
import gzip
import lzma
import struct

PACKERS = {b"\x1f\x8b": gzip.decompress, b"\xfd7zXZ": lzma.decompress, b"BZh": bz2.decompress}


def rounded(size, to=4):
    return (size + to - 1) // to * to


def newc(files):
    """An archive of {name: bytes}."""
    out = b""
    for inode, (name, data) in enumerate([*files.items(), ("TRAILER!!!", b"")], 1):
        head = "070701" + "".join(f"{n:08x}" for n in (inode, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0))
        out += (head.encode() + name.encode() + b"\0").ljust(rounded(len(head) + len(name) + 1), b"\0")
        out += data.ljust(rounded(len(data)), b"\0")
    return out


def files_in(image):
    """{name: bytes} of an image: archives one behind the other, of which the last may be packed."""
    out, at = {}, 0
    while at < len(image):
        if image[at] == 0:
            at += 1
            continue
        for magic, unpack in PACKERS.items():
            if image.startswith(magic, at):
                return {**out, **files_in(unpack(image[at:]))}
        if image[at:at + 6] not in (b"070701", b"070702"):
            break
        field = [int(image[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        size, name_size = field[6], field[11]
        name = image[at + 110:at + 109 + name_size].decode(errors="replace").lstrip("./")
        data = at + rounded(110 + name_size)
        if name != "TRAILER!!!":
            out[name] = image[data:data + size]
        at = data + rounded(size)
    return out


def sections_of(pe):
    """{name: bytes} of a PE file."""
    head = struct.unpack_from("<I", pe, 0x3C)[0]
    count, optional = struct.unpack_from("<H", pe, head + 6)[0], struct.unpack_from("<H", pe, head + 20)[0]
    out = {}
    for i in range(count):
        row = head + 24 + optional + 40 * i
        size, _, raw_size, raw = struct.unpack_from("<4I", pe, row + 8)
        out[pe[row:row + 8].rstrip(b"\0").decode()] = pe[raw:raw + min(size, raw_size)]
    return out


def pe_of(sections):
    """A PE file with these sections, as far as a reader of section headers sees one."""
    out = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + struct.pack("<HH12xHH", 0x8664, len(sections), 0, 0)
    data = b""
    for name, text in sections.items():
        size = rounded(len(text), 512)
        out += struct.pack("<8s4I16x", name.encode(), len(text), 0, size, 4096 + len(data))
        data += text.ljust(size, b"\0")
    return out.ljust(4096, b"\0") + data
