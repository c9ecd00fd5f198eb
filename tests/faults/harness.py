# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of the hook with one fault: what it is given, how it is run, what came of it."""
import collections
import itertools
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

URI = "urn:virt-nested:domain:1"
DEADLINE = 10.0
SLACK = 1.0
GIVE_UP = 13            # so late that it never ended
# What libvirt gives a hook.
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def definition(label):
    mark = f"<n:nested xmlns:n='{URI}' policy='{label}'/>" if label else ""
    return (f"<domain type='kvm'><name>web1</name><metadata>{mark}</metadata><os><type arch='x86_64'>hvm</type></os>"
            "<cpu mode='host-passthrough'/></domain>").encode()


LABELLED, UNLABELLED = "labelled", "unlabelled"
# The host nests, so what is labelled is to be refused.
XML = {LABELLED: definition("forbid"), UNLABELLED: definition("")}

Call = collections.namedtuple("Call", "process number call time argument result polled")


class Answer:
    """The exit status, or -1 with the signal that ended it, or -1 and late."""

    def __init__(self, guest, name, out, err, report):
        self.guest, self.name, self.out, self.err = guest, name, out, err
        self.calls, self.lines, fields = [], 0, {}
        for line in report.splitlines():
            key, *rest = line.split()
            if key == "call":
                self.calls.append(Call(rest[0], *map(int, rest[1:5]), rest[7], rest[8]))
            elif key == "error":
                raise RuntimeError("tests/faults/fault.c: " + line)
            else:
                fields[key] = float(rest[0])
        if "status" not in fields:
            raise RuntimeError(f"tests/faults/fault.c wrote no report: {report!r}")
        self.status, self.signal = int(fields["status"]), int(fields["signal"])
        self.seconds, self.ended = fields["seconds"], not fields["late"]
        self.held = not 0 <= fields["let_go"] <= DEADLINE + SLACK
        self.hit, self.execs = int(fields["hit"]), int(fields["execs"])

    @property
    def too_late(self):
        return not self.ended or self.seconds > DEADLINE + SLACK

    def breaks_a_rule(self, within=DEADLINE + SLACK):
        """What holds for every guest, whatever the answer is; None, or what does not."""
        if not self.ended or self.seconds > within:
            return f"no answer within {within:.0f} s"
        if self.held:
            return "a process that is left keeps libvirt's pipes open, and libvirt waits for that"
        if self.out:
            return "something on standard output"
        return None

    @property
    def in_words(self):
        """Refused as it should be: with exit status 1 and a line that says so."""
        return self.status == 1 and self.err.startswith(b"virt-nested: ")

    def how(self):
        if not self.ended:
            return f"no answer in {self.seconds:.0f} s"
        end = f"signal {self.signal}" if self.signal else f"exit status {self.status}"
        return f"{end} after {self.seconds:.1f} s"


class Log:
    """/dev/log, read as fast as it is written."""

    def __init__(self):
        self.lines = []
        self.inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.inbox.bind("/dev/log")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            self.lines.append(self.inbox.recv(65536))

    def names(self, guest, seconds=0.5):
        """Whether a line has the guest's name in it."""
        until = time.monotonic() + seconds
        while not any(b"'" + guest.encode() + b"'" in line for line in self.lines):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True


class StuckLog:
    """A /dev/log whose queue is full and that nobody reads, for as long as it lasts."""

    def __enter__(self):
        os.rename("/dev/log", "/dev/log.read")
        self.inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.inbox.bind("/dev/log")
        self.filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.filler.connect("/dev/log")
        try:
            while True:
                self.filler.send(b"<29>full")
        except BlockingIOError:
            return self

    def __exit__(self, *_):
        self.filler.close()
        self.inbox.close()
        os.rename("/dev/log.read", "/dev/log")


def make_private_dev(work):
    """A /dev whose log is ours; in a mount namespace of its own (tests/lib/own-mounts)."""
    folder = os.path.join(work, "dev")
    os.mkdir(folder)
    mount = lambda *arguments: subprocess.run(["mount", *arguments], check=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    for node in ("null", "zero", "full", "random", "urandom"):
        open(os.path.join(folder, node), "wb").close()
        mount("--bind", "/dev/" + node, os.path.join(folder, node))
    os.symlink("/proc/self/fd", os.path.join(folder, "fd"))
    mount("--rbind", folder, "/dev")


class Lab:
    """A captured AMD host that nests, and the programs."""

    def __init__(self, build, work):
        self.hook = os.path.join(build, "hooks/virt-nested-hook")
        self.judge = os.path.join(build, "hooks/virt-nested-judge")
        self.tool = os.path.join(build, "tests/faults/fault")
        self.quits = os.path.join(build, "tests/faults/quits.so")
        self.work = work
        self.root, self.forbidding = os.path.join(work, "host"), os.path.join(work, "forbidding")
        for root in (self.root, self.forbidding):
            self.write(root, "proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n\n")
            self.write(root, "sys/module/kvm_amd/parameters/nested", "1\n")
            self.write(root, "dev/kvm", "nesting=1\nnested_paging=1\n")
        self.write(self.forbidding, "etc/virt-nested/virt-nested.conf", "unlabelled = forbid\n")
        self.log = Log()
        self.counter = itertools.count(1)

    @staticmethod
    def write(root, name, text):
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        with open(os.path.join(root, name), "w", encoding="ascii") as out:
            out.write(text)

    def run(self, guest, operation="prepare", options=(), feed=None, hook=None, root=None):
        """Feed, instead of the definition at once: a function that is given the pipe's end to write to."""
        name = f"guest{next(self.counter)}"
        report = tempfile.NamedTemporaryFile(dir=self.work, delete=False)
        report.close()
        command = [self.tool, "--report", report.name, "--timeout", str(GIVE_UP), *options, "--", hook or self.hook, "--root",
                   root or self.root, name, operation, "begin", "-"]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": ENVIRONMENT}
        if feed:
            child = self.start_fed(command, output, feed)
            out, err = child.communicate()
        else:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, **output)
            out, err = child.communicate(XML[guest])
        if child.returncode != 0:
            raise RuntimeError(f"{self.tool}: exit status {child.returncode}: {(out + err).decode(errors='replace')}")
        with open(report.name, encoding="ascii") as text:
            answer = Answer(guest, name, out, err, text.read())
        os.unlink(report.name)
        return answer

    @staticmethod
    def start_fed(command, output, feed):
        reading, writing = os.pipe()
        child = subprocess.Popen(command, stdin=reading, **output)
        os.close(reading)

        def write():
            try:
                feed(writing)
            except BrokenPipeError:
                pass
            os.close(writing)
        threading.Thread(target=write, daemon=True).start()
        return child

    def can_trace(self):
        """None, or why not."""
        done = subprocess.run([self.tool, "--report", "/dev/null", "--", "/bin/true"], capture_output=True, check=False)
        return None if done.returncode == 0 else (done.stdout + done.stderr).decode(errors="replace").strip()


SIGNALS = {"SIGCHLD": int(signal.SIGCHLD), "SIGALRM": int(signal.SIGALRM), "SIGPIPE": int(signal.SIGPIPE)}
