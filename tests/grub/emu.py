# SPDX-License-Identifier: GPL-2.0-or-later
"""The real GRUB as a program (grub-emu): what it would boot. It knows no `linux` and `initrd`, so a function of that name is
called, and prints what it is given."""
import os
import pathlib
import select
import shutil
import subprocess
import time

# Kernels and modules are loaded with these; the last of an entry ends GRUB.
PRELUDE = """
export timeout
set timeout=0
function told { echo "@@$*"; }
function kernel { for word in "$@"; do told "word $word"; done; }
function linux { told linux; kernel "$@"; }
function linux16 { told linux; kernel "$@"; }
function multiboot { told xen; }
function multiboot2 { told xen; }
function module { told module; kernel "$@"; }
function module2 { told module; kernel "$@"; }
function initrd { told initrd; kernel "$@"; finish; }
function initrd16 { told initrd; kernel "$@"; finish; }
function finish { told end; exit; }
"""


def output(folder, seconds):
    """What grub-emu prints of the configuration in `folder`, up to the end of the entry that it runs."""
    words = ["grub-emu", "-d", str(folder), "-r", "host"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "TERM": "dumb"}) as grub:
        text, until, keys = b"", time.monotonic() + seconds, 0
        while time.monotonic() < until:
            ready, _, _ = select.select([grub.stdout], [], [], max(0, until - time.monotonic()))
            chunk = os.read(grub.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                break
            text += chunk
            # After an error it waits for ten seconds.
            if text.count(b"Press any key") > keys:
                keys += 1
                grub.stdin.write(b" ")
                grub.stdin.flush()
            if b"@@end" in text:
                break
        grub.kill()
    return text.decode(errors="replace").replace("\r", "")


def told(text):
    """What the functions of the prelude have printed."""
    now, found = None, {"kernel": [], "initrds": [], "modules": []}
    for line in text.split("@@")[1:]:
        kind, _, rest = line.partition("\n")[0].partition(" ")
        if kind in ("linux", "xen"):
            now = found["kernel"]
            now.clear()
            found["modules"].clear()
            found["initrds"].clear()
        elif kind == "initrd":
            now = found["initrds"]
            now.clear()
        elif kind == "module":
            now = []
            found["modules"].append(now)
        elif kind == "word" and now is not None:
            now.append(rest)
    modules = found.pop("modules")
    if modules:
        found["kernel"] = [word for word in modules[0] if word != "--nounzip"]
        found["initrds"] = [module[-1] for module in modules[1:]]
    found["output"] = text
    return found


def boots(case, seconds=5):
    """The kernel with its arguments, and the initrds, of what GRUB boots of case/boot/grub/grub.cfg; None: nothing."""
    folder = pathlib.Path(case, "emu")
    shutil.copytree(pathlib.Path(case, "boot/grub"), folder)
    config = folder / "grub.cfg"
    text = config.read_bytes().decode().replace("function finish { true; }\n", "")
    config.write_text(PRELUDE + text + "\nset timeout=0\nset timeout_style=menu\n", newline="")
    return told(output(folder, seconds))
