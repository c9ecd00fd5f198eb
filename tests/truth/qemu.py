# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU that runs no guest, asked over QMP."""

import json
import subprocess


class Refused(Exception):
    """QEMU's own answer: it does not know, or does not do, what was asked."""


class Qemu:
    """`with Qemu("x86_64", "-machine", "q35") as qemu`: started, negotiated, and gone at the end.

    setpriv: a QEMU outlives whoever only waits for it, so the kernel ends it with its parent.
    """

    def __init__(self, arch, *arguments, accel="tcg", program=None):
        self.command = ["setpriv", "--pdeathsig", "KILL", program or "qemu-system-" + arch, "-accel", accel, *arguments,
                        "-S", "-nodefaults", "-no-user-config", "-display", "none", "-qmp", "stdio"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        greeting = self.process.stdout.readline()
        try:
            # A machine that cannot be made greets all the same.
            self.ask("qmp_capabilities")
        except Refused:
            self.__exit__()
            raise Refused(self.said.strip() or "it ended with status %s" % self.process.returncode) from None
        version = json.loads(greeting)["QMP"]["version"]
        number = "%(major)s.%(minor)s.%(micro)s" % version["qemu"]
        self.version = number + (" (" + version["package"] + ")" if version["package"] else "")
        return self

    def __exit__(self, *_):
        self.process.kill()
        try:
            self.said = self.process.communicate()[1].decode(errors="replace")
        except BrokenPipeError:
            self.said = ""

    def ask(self, question, **arguments):
        request = {"execute": question, "arguments": {name.replace("_", "-"): value for name, value in arguments.items()}}
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Refused(question + ": it has ended") from None
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise Refused(question + ": it ended without an answer")
            answer = json.loads(line)
            if "error" in answer:
                raise Refused(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]

    def types(self, **what):
        return [kind["name"] for kind in self.ask("qom-list-types", abstract=True, **what)]
