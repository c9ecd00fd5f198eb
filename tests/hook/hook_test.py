#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Front and judge without libvirt: whatever comes in, they answer in time, in bounds, in one line, and as the policy says.

Every run is held against the same rules: nothing on standard output; standard error empty, or one line of harmless characters without a
newline; an answer within the deadline; flat memory. VN_BIN is the folder with the two programs.
"""
import os
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

BIN = os.environ["VN_BIN"]
HOOK = os.path.join(BIN, "virt-nested-hook")
ROOTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../roots")
URI = "urn:virt-nested:domain:1"
PREFIX = b"urn:virt-nested:"    # enough to take a guest for labelled
DEADLINE = 10.0         # seconds from the front's start to its end
EMULATED = os.path.exists(os.path.join(BIN, "front"))   # cross-built: the hook is a script that starts it
SLACK = 2.5 + float(os.environ.get("VN_SLOW", "0"))
# Bytes of data segment and private mappings that each process may have; 0: no limit (sanitizers reserve far more).
MEMORY = int(os.environ.get("VN_MEMORY", 64 * 1024 * 1024))
JUDGED = ("prepare", "start", "started", "migrate")


def guest(label="", body="<cpu mode='host-passthrough'/>", kind="kvm"):
    if label in ("require", "forbid", "allow"):
        label = f"<n:nested xmlns:n='{URI}' policy='{label}'/>"
    return (f"<domain type='{kind}'><name>web1</name><metadata>{label}</metadata>"
            f"<os><type arch='x86_64'>hvm</type></os>{body}</domain>").encode()


class Answer:
    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds


class HookTest(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="virt-nested-")
        self.addCleanup(shutil.rmtree, self.root)
        self.host(nests=True)

    # --- a captured AMD host

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(self.path(name), 0o644)

    def host(self, nests):
        self.write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n\n")
        self.write(self.PARAMETER, "1\n" if nests else "0\n")
        self.write("dev/kvm", f"nesting={int(nests)}\nnested_paging=1\n")

    PARAMETER = "sys/module/kvm_amd/parameters/nested"
    CONFIG = "etc/virt-nested/virt-nested.conf"

    def replace(self, name, kind):
        """Something else in the place of a file."""
        path = self.path(name)
        if os.path.lexists(path):
            os.unlink(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            os.mkdir(path)
        elif kind == "loop":
            os.symlink(os.path.basename(path), path)
        elif kind == "device":
            os.symlink("/dev/zero", path)
        elif kind != "nothing":
            raise ValueError(kind)

    # --- one run, and the rules that hold for all of them

    def run_hook(self, xml, operation="prepare", name="web1", arguments=None, program=HOOK, wrapper=(), memory=MEMORY):
        if arguments is None:
            arguments = ["--root", self.root, name, operation, "begin", "-"]
        if memory:
            wrapper = (*wrapper, "prlimit", f"--data={memory}:{memory}")
        before = time.monotonic()
        child = subprocess.Popen([*wrapper, program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def feed():
            try:
                if callable(xml):
                    xml(child.stdin)
                else:
                    child.stdin.write(xml)
                child.stdin.close()
            except BrokenPipeError:
                pass
        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        texts = {}
        readers = [threading.Thread(target=lambda n=n, f=f: texts.update({n: f.read()})) for n, f in (("out", child.stdout), ("err", child.stderr))]
        for reader in readers:
            reader.start()
        status = child.wait()
        for reader in readers:
            reader.join()
        seconds = time.monotonic() - before
        child.stdout.close()
        child.stderr.close()
        return Answer(status, texts["out"], texts["err"], seconds)

    def check(self, answer):
        self.assertEqual(answer.out, b"", "something on standard output")
        self.assertGreaterEqual(answer.status, 0, "killed by a signal")
        self.assertLess(answer.seconds, DEADLINE + SLACK, "too late")
        text = answer.err.decode("utf-8")  # must be valid
        self.assertFalse(any(ord(c) < 32 or ord(c) == 127 for c in text), f"control characters: {answer.err!r}")
        self.assertLess(len(answer.err), 4096)

    def passes(self, xml, *args, **more):
        answer = self.run_hook(xml, *args, **more)
        self.check(answer)
        self.assertEqual((answer.status, answer.err), (0, b""))

    def refuses(self, words, xml, *args, **more):
        answer = self.run_hook(xml, *args, **more)
        self.check(answer)
        self.assertEqual(answer.status, 1, answer.err)
        self.assertTrue(answer.err.startswith(b"virt-nested: '"), answer.err)
        self.assertIn(words, answer.err.decode())
        return answer.err.decode()

    def refused_or_passed(self, *args, **more):
        answer = self.run_hook(*args, **more)
        self.check(answer)
        self.assertIn(answer.status, (0, 1))


class Decisions(HookTest):
    def test_each_label_in_each_judged_operation(self):
        for operation in JUDGED:
            with self.subTest(operation):
                self.passes(guest(), operation)
                self.passes(guest("require"), operation)
                self.passes(guest("allow"), operation)
                self.refuses("labelled forbid", guest("forbid"), operation)
                self.refuses("labelled require", guest("require", ""), operation)

    def test_a_host_that_does_not_nest(self):
        self.host(nests=False)
        line = self.refuses("labelled require", guest("require"))
        self.assertEqual(line, f"virt-nested: 'web1' refused: labelled require, but kvm_amd.nested is 0 ({self.root}/{self.PARAMETER}); run: virt-nested enable --now")
        self.passes(guest("forbid"))

    def test_started_looks_at_the_cpu_that_runs(self):
        self.refuses("the running CPU has no svm", guest("require", "<cpu mode='custom' check='full'><model>EPYC</model><feature policy='disable' name='svm'/></cpu>"), "started")
        self.refuses("labelled forbid", guest("forbid", "<cpu mode='custom' check='full'><model>EPYC</model><feature policy='require' name='svm'/></cpu>"), "started")

    def test_operations_that_must_never_fail(self):
        self.write(self.CONFIG, "unlabelled = forbid\n")
        for operation in ("restore", "stopped", "release", "attach", "reconnect", "later", "", "PREPARE"):
            for xml in (guest("require", ""), guest("forbid"), guest(), b"", b"garbage", URI.encode(), guest("require")[:-9]):
                with self.subTest(operation=operation, xml=xml[:20]):
                    self.passes(xml, operation)

    def test_an_incoming_guest_has_to_be_certain(self):
        # Where it starts here, a later operation sees what became of it; a refusal then costs an incoming guest more.
        optional = guest("require", "<cpu mode='custom'><model>EPYC</model><feature policy='optional' name='svm'/></cpu>")
        self.passes(optional, "prepare")
        self.refuses("policy='optional'", optional, "migrate")

    def test_the_sites_rule(self):
        self.write(self.CONFIG, "unlabelled = forbid\n")
        self.refuses("unlabelled = forbid", guest())
        self.passes(guest("", "<cpu mode='custom'><model>EPYC</model></cpu>"))
        self.passes(guest("allow"))
        self.passes(guest("", kind="qemu"))
        self.write(self.CONFIG, "unlabelled = forbid\nhonour_allow = no\n")
        self.refuses("honour_allow = no", guest("allow"))
        self.write(self.CONFIG, "unlabelled = warn\n")
        self.passes(guest())

    def test_config_option(self):
        self.write("other.conf", "unlabelled = forbid\n")
        self.refuses("unlabelled = forbid", guest(), arguments=["--root", self.root, "--config", self.path("other.conf"), "web1", "prepare", "begin", "-"])


class WhatLibvirtDoesNotCheck(HookTest):
    """On IBM Z and POWER libvirt hands names of models and features to QEMU as they are (src/cpu/cpu_s390.c, cpu_ppc64.c)."""

    def refused(self, root, arch, cpu, words):
        xml = guest("forbid", cpu).replace(b"x86_64", arch.encode())
        arguments = ["--root", os.path.join(ROOTS, root), "web1", "prepare", "begin", "-"]
        return self.refuses(words, xml, arguments=arguments)

    def test_models_that_stand_for_the_host(self):
        for model in ("max", "host"):
            self.refused("z14-nested-on", "s390x", f"<cpu mode='custom'><model>{model}</model></cpu>", "gives sief2")
            self.passes(guest("forbid", "<cpu mode='custom'><model>z14</model></cpu>").replace(b"x86_64", b"s390x"),
                        arguments=["--root", os.path.join(ROOTS, "z14-nested-on"), "web1", "prepare", "begin", "-"])

    def test_names_that_are_more_than_names(self):
        for root, arch, cpu in (
                ("z14-nested-on", "s390x", "<cpu mode='custom'><model>z14</model><feature policy='require' name='aen=on,sief2'/></cpu>"),
                ("z14-nested-on", "s390x", "<cpu mode='custom'><model>z14,sief2=on</model></cpu>"),
                ("power9-radix", "ppc64le", "<cpu mode='custom'><model>power9,cap-nested-hv=on</model></cpu>")):
            self.assertIn("run: virsh edit web1", self.refused(root, arch, cpu, "cannot be determined"))


class BadXml(HookTest):
    def unreadable(self, xml):
        """Passes where nothing of a label was seen, is refused where one was or the site forbids, and never where that would lose a guest."""
        labelled = PREFIX in xml
        self.write(self.CONFIG, "")
        if labelled:
            self.refuses("", xml)
        else:
            self.passes(xml)
        self.passes(xml, "reconnect")
        self.write(self.CONFIG, "unlabelled = forbid\n")
        self.refuses("", xml)
        self.passes(xml, "reconnect")
        self.passes(xml, "restore")
        self.passes(xml, "stopped")

    def test_what_is_no_domain(self):
        bomb = "".join(f"<!ENTITY e{i} '{'&e%d;' % (i - 1) * 10}'>" for i in range(1, 10))
        label = f"<n:nested xmlns:n='{URI}' policy='require'/>"
        for xml in (
                "", " ", "\n", "\0\0\0\0", "not xml at all", URI, "<", "<domain", "<domain>", "<network/>", "<?xml version='1.0'?>",
                f"<network>{label}</network>", f"<x:domain xmlns:x='urn:x'>{label}</x:domain>", f"<domain>{label}", f"<domain>{label}</domain><domain/>",
                f"<!DOCTYPE domain [<!ENTITY e0 'x'>{bomb}]><domain><name>&e9;</name>{label}</domain>",
                f"<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain><name>&x;</name>{label}</domain>",
                f"<!DOCTYPE domain SYSTEM 'http://192.0.2.1/x.dtd'><domain>{label}</domain>",
                f"<!DOCTYPE domain [<!ENTITY % p SYSTEM 'http://192.0.2.1/p'> %p;]><domain>{label}</domain>",
                f"<domain><name>&undefined;</name>{label}</domain>", f"<domain a='1' a='1'>{label}</domain>",
                f"<domain>{label}" + "<a>" * 300 + "</a>" * 300 + "</domain>",
                "\ufeff\ufeff<domain/>", "<domain>\x01</domain>"):
            with self.subTest(xml[:60]):
                self.unreadable(xml.encode())
        for xml in (b"\xff\xfe<domain/>", b"<domain>\xc3\x28</domain>", os.urandom(100000).replace(URI.encode(), b"")):
            with self.subTest(xml[:20]):
                self.unreadable(xml)

    def test_cut_off_anywhere(self):
        xml = guest("require")
        for size in range(0, len(xml) - 1, 7):
            with self.subTest(size):
                cut = xml[:size]
                if PREFIX in cut:
                    self.refuses("cannot be judged", cut)
                else:
                    self.passes(cut)

    def test_labels_that_are_not_understood(self):
        for label, words in (
                (f"<n:nested xmlns:n='{URI}' policy='maybe'/>", "policy 'maybe'"),
                (f"<n:nested xmlns:n='{URI}' policy='require' since='9'/>", "attribute 'since'"),
                (f"<n:nested xmlns:n='{URI}'/>", "no attribute 'policy'"),
                (f"<n:nested xmlns:n='{URI}' policy='require'><n:x/></n:nested>", "element 'x'"),
                (f"<n:other xmlns:n='{URI}'/>", "element 'other'"),
                (f"<n:nested xmlns:n='{URI}' policy='require'/><n:nested xmlns:n='{URI}' policy='forbid'/>", "two labels")):
            with self.subTest(label):
                self.refuses(words, guest(label))
                self.passes(guest(label), "reconnect")

    def test_namespaces_and_prefixes(self):
        self.passes(guest("<n:nested xmlns:n='urn:else' policy='forbid'/>"))
        self.passes(guest("<nested policy='forbid'/>"))
        for other in (f"{URI}0", "urn:virt-nested:domain:2", f"{URI} ", URI.upper()):
            self.refuses(other.strip(), guest(f"<n:nested xmlns:n='{other}' policy='forbid'/>"))
        self.refuses("labelled forbid", guest(f"<nested xmlns='{URI}' policy='forbid'/>"))
        self.refuses("labelled forbid", guest(f"<zz:nested xmlns:zz='{URI}' policy='forbid'/>"))
        # the URI in a text is no label, but is enough to have the judge look
        self.passes(guest(f"<a:b xmlns:a='urn:a'>{URI}</a:b>"))


class BigInput(HookTest):
    MIB = 1024 * 1024

    def filled(self, label, before, after):
        xml = guest(label)
        middle = xml.index(b"<metadata>")
        comment = lambda size: b"<!--" + b"x" * size + b"-->" if size else b""
        return xml[:middle] + comment(before) + xml[middle:-9] + comment(after) + xml[-9:]

    def test_twenty_megabytes(self):
        # libxml2 ends a single comment at 10 MB: many of them, then
        pad = (b"<!--" + b"x" * 65536 + b"-->") * 320
        xml = guest("require")
        self.passes(guest().replace(b"<os>", pad + b"<os>"))
        self.passes(xml.replace(b"<os>", pad + b"<os>"))
        self.passes(xml.replace(b"<metadata>", pad + b"<metadata>"))
        self.refuses("labelled forbid", guest("forbid").replace(b"<metadata>", pad + b"<metadata>"))
        self.refused_or_passed(self.filled("require", 20 * self.MIB, 0))

    def test_twenty_megabytes_of_anything(self):
        for xml in (b"\0" * 20 * self.MIB, b"<a>" * 7 * self.MIB, b"<domain>" + b"&amp;" * 4 * self.MIB, os.urandom(20 * self.MIB)):
            for head in (b"", f"<domain><n:nested xmlns:n='{URI}' policy='require'/>".encode()):
                with self.subTest(head + xml[:10]):
                    self.refused_or_passed(head + xml)

    @unittest.skipUnless(MEMORY, "memory is not limited here")
    def test_four_megabytes_in_sixteen(self):
        pad = (b"<!--" + b"x" * 4000 + b"-->") * 1024
        for place in (b"<metadata>", b"<os>"):
            self.passes(guest("require").replace(place, pad + place), memory=16 * self.MIB)

    @unittest.skipIf(EMULATED, "time passes alike on every processor")
    def test_input_that_stalls(self):
        def stall(head):
            def feed(pipe):
                pipe.write(head)
                pipe.flush()
                time.sleep(DEADLINE + SLACK)
            return feed
        self.passes(stall(b""))
        self.passes(stall(b"<domain"))
        self.refuses("did not come to its end within 10 s", stall(guest("require")[:-9]))
        self.passes(stall(guest("require")[:-9]), "reconnect")

    def test_no_input_at_all(self):
        for redirection, status in (("<&-", 0), ("</dev/null", 0), *([] if EMULATED else [(f"<{self.root}", 0)])):
            done = subprocess.run(["sh", "-c", f'exec "$0" --root "$1" web1 prepare begin - {redirection}', HOOK, self.root], capture_output=True)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (status, b"", b""), redirection)


class Names(HookTest):
    def test_hostile_names(self):
        for name in ("a\nb", "a\r", "it's", '"', "%s%n%x", "\x1b[2J\x1b]0;x\x07", "\t", "\\", "\u202eevil", "gr\u00fc\u00df", "$(reboot)", "`id`", ";", "-", "--", "--help",
                     "--version", "--root", "--config", "n" * 5000, "", " "):
            with self.subTest(name):
                line = self.refuses("labelled forbid", guest("forbid"), name=name)
                self.assertNotIn("\u202e", line)
                self.passes(guest("forbid"), "reconnect", name=name)
                self.passes(guest(), name=name)

    def test_names_that_are_no_utf8(self):
        done = subprocess.run([HOOK, "--root", self.root, b"\xff\xc0", "prepare", "begin", "-"], input=guest("forbid"), capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn(rb"'\xff\xc0'", done.stderr)

    def test_hostile_names_inside_the_definition(self):
        xml = guest("forbid").replace(b"web1", b"it&apos;s; reboot &#x202e;")
        self.refuses("labelled forbid", xml)


class Arguments(HookTest):
    def run_bare(self, *arguments):
        return subprocess.run([HOOK, *arguments], input=guest("forbid"), capture_output=True, timeout=20)

    def test_too_few(self):
        for arguments in ((), ("web1",), ("web1", "prepare"), ("web1", "prepare", "begin"), ("--root",), ("--nonsense",)):
            done = self.run_bare(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
        for operation in ("restore", "stopped", "release", "reconnect", "later"):
            done = self.run_bare("web1", operation)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""), operation)

    def test_unknown_option(self):
        self.assertEqual(self.run_bare("--nonsense", "x", "web1", "prepare", "begin", "-").returncode, 2)
        self.assertEqual(self.run_bare("--nonsense", "x", "web1", "reconnect", "begin", "-").returncode, 0)

    def test_help_and_version(self):
        for option in ("--help", "--version"):
            done = self.run_bare(option)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertIn(b"virt-nested-hook", done.stdout)


class BadHost(HookTest):
    def test_parameter_forms(self):
        os.unlink(self.path("dev/kvm"))  # so that the parameter is all there is
        for text, nests in (("1\n", True), ("Y\n", True), ("2\n", True), ("1", True), ("0\n", False), ("N\n", False)):
            with self.subTest(text):
                self.write(self.PARAMETER, text)
                if nests:
                    self.passes(guest("require"))
                    self.refuses("labelled forbid", guest("forbid"))
                else:
                    self.refuses("kvm_amd.nested is " + text.strip(), guest("require"))
                    self.passes(guest("forbid"))
        for text in (b"", b"\n", b"y\n", b"yes\n", b"1x\n", b"0x1\n", b"\0", b"\xff\xfe\n", b"\x1b[2J\n", b"1" * 70000, os.urandom(4000)):
            with self.subTest(text[:10]):
                self.write(self.PARAMETER, text)
                self.refuses("labelled require", guest("require"))
                self.refuses("labelled forbid", guest("forbid"))
                self.passes(guest())

    def test_something_else_in_the_place_of_a_file(self):
        for name in ("proc/cpuinfo", self.PARAMETER, "dev/kvm", self.CONFIG):
            for kind in ("fifo", "folder", "loop", "device"):
                with self.subTest(name=name, kind=kind):
                    self.replace(name, kind)
                    if name == self.CONFIG:
                        # What cannot be read may say anything: it is a strict one.
                        self.refuses("unlabelled = forbid", guest())
                    else:
                        self.passes(guest())
                    self.refused_or_passed(guest("require"))
                    self.refused_or_passed(guest("forbid"))
                    # An absolute link leads nowhere inside the captured root: a missing answer, for which the parameter stands in.
                    if name == "proc/cpuinfo" or (name == "dev/kvm" and kind != "device"):
                        self.refuses("labelled require", guest("require"))
                    self.passes(guest("require"), "reconnect")
                    path = self.path(name)
                    os.rmdir(path) if kind == "folder" else os.unlink(path)
                    self.host(nests=True)

    def test_missing_files(self):
        self.replace("proc/cpuinfo", "nothing")
        self.refuses("labelled require", guest("require"))
        self.refuses("cannot be determined", guest("forbid"))
        self.write(self.CONFIG, "undetermined = allow\n")
        self.passes(guest("forbid"))
        self.refuses("labelled require", guest("require"))
        self.passes(guest())

    def test_captured_answers(self):
        for text in ("", "nesting=2\n", "error=Device or resource busy\n", "\xff\xfe", "nesting=1" * 10000):
            with self.subTest(text[:20]):
                self.write("dev/kvm", text)
                self.refuses("labelled require", guest("require"))

    def test_configuration(self):
        for text in ("", "nonsense\n", "[x]\n", "colour = red\n", "host = \n", "undetermined = ?\n", "a = b = c\n", "=\n"):
            with self.subTest(text[:20]):
                self.write(self.CONFIG, text)
                self.passes(guest())
                self.passes(guest("require"))
                self.refuses("labelled forbid", guest("forbid"))
        for text in ("\0\n", "#" * 70000, b"\xff\xfeh\0"):
            with self.subTest(text[:20]):
                self.write(self.CONFIG, text)
                self.refuses("unlabelled = forbid", guest())
        for text in ("unlabelled\n", "unlabelled = \n", "unlabelled = forbiden\n", "unlabelled=allow\nunlabelled=forbid\n", "x\nunlabelled = forbid\n", "[x]\nunlabelled = forbid\n"):
            with self.subTest(text):
                self.write(self.CONFIG, text)
                answer = self.run_hook(guest())
                self.check(answer)
                if text != "unlabelled\n":
                    self.assertEqual(answer.status, 1, text)
        self.write(self.CONFIG, "unlabelled = forbid\n")
        os.chmod(self.path(self.CONFIG), 0o666)
        self.refuses("unlabelled = forbid", guest())


class BadJudge(HookTest):
    def setUp(self):
        super().setUp()
        self.bin = tempfile.mkdtemp(prefix="virt-nested-")
        self.addCleanup(shutil.rmtree, self.bin)
        self.hook = os.path.join(self.bin, "virt-nested-hook")
        self.judge = os.path.join(self.bin, "virt-nested-judge")
        shutil.copy(HOOK, self.hook)
        if EMULATED:
            shutil.copy(os.path.join(BIN, "front"), self.bin)

    def script(self, text):
        with open(self.judge, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n" + text + "\n")
        os.chmod(self.judge, 0o755)

    def without(self, words):
        self.passes(guest(), program=self.hook)
        self.refuses(words, guest("require"), program=self.hook)
        self.refuses(words, guest("allow"), program=self.hook)
        self.passes(guest("require"), "reconnect", program=self.hook)
        self.passes(guest("require"), "restore", program=self.hook)
        self.write(self.CONFIG, "unlabelled = forbid\n")
        self.refuses(words, guest(), program=self.hook)
        self.write(self.CONFIG, "unlabelled = warn\n")
        self.passes(guest(), program=self.hook)
        self.write(self.CONFIG, "")

    def test_missing(self):
        self.without("exit status 127: No such file or directory; mend that, or reinstall")

    def test_not_executable(self):
        self.script("exit 0")
        os.chmod(self.judge, 0o644)
        self.without("Permission denied")

    def test_no_program(self):
        with open(self.judge, "wb") as out:
            out.write(os.urandom(1000))
        os.chmod(self.judge, 0o755)
        self.without("Exec format error")

    def test_library_missing(self):
        self.script("echo 'error while loading shared libraries: libxml2.so.2: cannot open shared object file' >&2; exit 127")
        self.without("libxml2.so.2")

    def test_crash(self):
        self.script("kill -SEGV $$")
        self.without("signal 11")

    def test_refusal_without_words(self):
        self.script("exit 1")
        self.without("exit status 1")

    def test_unknown_status(self):
        self.script("exit 3")
        self.without("exit status 3")

    def test_chatter(self):
        self.script("echo out; cat >/dev/null; exit 0")
        self.without("exit status 0 and another verdict")
        self.script("yes out | head -c 1000000; yes err | head -c 1000000 >&2; exit 0")
        self.without("exit status 0 and another verdict")

    def test_a_verdict_counts_for_the_bytes_and_the_label_that_were_sent(self):
        xml = guest("require")
        size = len(xml)
        for verdict, good in ((f"pass {size} 1", True), (f"pass {size - 1} 1", False), (f"pass {size} 0", False), (f"refuse {size} 1", False), ("pass", False),
                              ("", False), (f"pass {size} 1\npass {size} 1", False), (f"pass 0{size} 1", False)):
            with self.subTest(verdict):
                self.script(f"cat >/dev/null; printf '{verdict}\\n'")
                if good:
                    self.passes(xml, program=self.hook)
                    self.passes(xml, "start", program=self.hook)
                else:
                    self.refuses("could not be judged", xml, program=self.hook)
        self.script("cat >/dev/null; exit 0")
        self.without("exit status 0 without a verdict")
        for end in ("exit 3", "kill -KILL $$", "exit 1"):
            self.script(f"cat >/dev/null; printf 'pass {size} 1\\n'; {end}")
            self.refuses("could not be judged", xml, program=self.hook)
        # Its word about what it has not read.
        self.script(f"printf 'pass {size} 1\\n'; exec <&-; sleep 1")
        self.refused_or_passed(xml + b" " * 200000, program=self.hook)
        self.assertEqual(self.run_hook(xml + b" " * 200000, program=self.hook).status, 1)

    def test_what_must_never_fail_is_answered_before_anything_is_started(self):
        mark = self.path("mark")
        self.script(f": >{mark}; while [ -e {mark} ]; do sleep 0.1; done")
        for operation in ("restore", "stopped", "release", "later", "reconnect"):
            with self.subTest(operation):
                answer = self.run_hook(guest("require"), operation, program=self.hook)
                self.check(answer)
                self.assertEqual((answer.status, answer.err), (0, b""))
                self.assertLess(answer.seconds, DEADLINE, "waits for the judge, who says nothing for 8 s")
                until = time.monotonic() + 30
                while operation in ("restore", "reconnect") and not os.path.exists(mark) and time.monotonic() < until:
                    time.sleep(0.01)
                # A guest that runs is looked at all the same, for the log.
                self.assertEqual(os.path.exists(mark), operation in ("restore", "reconnect"))
                if os.path.exists(mark):
                    os.unlink(mark)

    @unittest.skipIf(EMULATED, "time passes alike on every processor")
    def test_judge_that_hangs(self):
        self.script("exec sleep 30")
        answer = self.run_hook(guest("require"), program=self.hook)
        self.assertEqual(answer.status, 1)
        self.assertIn(b"no answer within", answer.err)
        self.assertLess(answer.seconds, DEADLINE + SLACK)

    @unittest.skipIf(EMULATED, "time passes alike on every processor")
    def test_judge_that_says_nothing_more_and_stays(self):
        self.script("cat >/dev/null; exec >&- 2>&- sleep 30")
        answer = self.run_hook(guest("require"), program=self.hook)
        self.check(answer)
        self.assertEqual(answer.status, 1)
        self.assertIn(b"no answer within", answer.err)


@unittest.skipIf(EMULATED, "a cross-built program has no ldd here")
class Libraries(unittest.TestCase):
    def test_what_the_programs_need(self):
        self.assertNotIn("=>", subprocess.run(["ldd", HOOK], capture_output=True, text=True, check=False).stdout, "the front is not static")
        needed = subprocess.run(["ldd", os.path.join(BIN, "virt-nested-judge")], capture_output=True, text=True, check=True).stdout
        self.assertIn("libxml2", needed)
        for library in ("boost", "libvirt", "libarchive"):
            self.assertNotIn(library, needed)


@unittest.skipUnless(shutil.which("strace"), "strace is missing; run: tests/need unit")
class Network(HookTest):
    def test_only_syslog_is_spoken_to(self):
        trace = self.path("trace")
        label = f"<n:nested xmlns:n='{URI}' policy='require'/>"
        for xml in (guest("require"), guest("forbid"), f"<!DOCTYPE domain SYSTEM 'http://192.0.2.1/x.dtd'><domain>{label}</domain>".encode(),
                    f"<!DOCTYPE domain [<!ENTITY x SYSTEM 'ftp://192.0.2.1/x'>]><domain><name>&x;</name>{label}</domain>".encode()):
            answer = self.run_hook(xml, wrapper=("strace", "-f", "-qq", "-e", "trace=network,openat,open", "-o", trace))
            self.assertIn(answer.status, (0, 1))
            with open(trace, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if "socket(" in line:
                        self.assertIn("AF_UNIX", line)
                    if "connect(" in line:
                        self.assertIn("/dev/log", line)
                    if "open" in line and "O_WRONLY" in line:
                        self.assertIn("/dev/null", line)
                    self.assertNotIn("O_CREAT", line)
                    self.assertNotIn("/etc/passwd", line)


if __name__ == "__main__":
    unittest.main(verbosity=2)
