#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""explain says what the hook does: both are run on every captured machine, and verdict, words and exit status are held against each other.
The README's troubleshooting is held against the words, too.

VN_BIN is the folder with the hook's two programs, VN_COMMAND virt-nested, VN_ROOTS the folder with the captured machines.
"""
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

HOOK = os.path.join(os.environ["VN_BIN"], "virt-nested-hook")
COMMAND = os.environ["VN_COMMAND"]
ROOTS = os.environ["VN_ROOTS"]
SLOW = int(os.environ.get("VN_SLOW", "1"))   # a sanitizer or an emulator: each SLOWth guest
README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../README.md")
URI = "urn:virt-nested:domain:1"
FIELDS = {"verdict", "undetermined", "phase", "label", "domain", "reason", "mend", "fix", "decision", "would_refuse", "warnings", "facts"}
PHASES = ("prepare", "start", "started", "migrate", "restore", "reconnect")


def guest(policy, body="<cpu mode='host-passthrough'/>", arch="x86_64"):
    label = f"<metadata><n:nested xmlns:n='{URI}' policy='{policy}'/></metadata>" if policy else ""
    return f"<domain type='kvm'><name>web1</name>{label}<os><type arch='{arch}' machine='q35'>hvm</type></os>{body}</domain>"


def run(*words, stdin=""):
    return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=60)


def explain(*words, stdin=""):
    return run(COMMAND, "explain", *words, stdin=stdin)


class Agreement(unittest.TestCase):
    def test_with_the_hook_on_every_machine(self):
        bodies = ("<cpu mode='host-passthrough'/>", "<cpu mode='custom'><model>EPYC</model></cpu>", "<features><nested-hv state='on'/></features>")
        seen = set()
        roots = sorted(name for name in os.listdir(ROOTS) if os.path.isdir(os.path.join(ROOTS, name)))
        for number, root in enumerate(roots):
            # Every machine with each label, phases and definitions in turn: all pairs come up, and the test stays short.
            for turn, (policy, body) in enumerate(itertools.product(("require", "forbid", "maybe", ""), bodies)):
                if (number + turn) % SLOW:
                    continue
                phase = PHASES[(number + turn) % len(PHASES)]
                arch = "x86_64" if not root.startswith(("power", "z14", "arm64")) else {"p": "ppc64le", "z": "s390x", "a": "aarch64"}[root[0]]
                with self.subTest(root=root, policy=policy, body=body, phase=phase):
                    seen.add(self.agree(os.path.join(ROOTS, root), guest(policy, body, arch), phase))
        if SLOW == 1:
            self.assertEqual(seen, {(0, False), (0, True), (1, False), (1, True)}, "not every kind of verdict came up")

    def agree(self, root, xml, phase):
        hook = run(HOOK, "--root", root, "web1", phase, "begin", "-", stdin=xml)
        told = explain("--root", root, "--phase", phase, "--format", "json", "-", stdin=xml)
        self.assertEqual((told.returncode, told.stderr), (hook.returncode, ""))
        said = json.loads(told.stdout)
        self.assertEqual(set(said), FIELDS)
        self.assertEqual((said["verdict"], said["phase"], said["domain"]), (("pass", "refuse")[hook.returncode], phase, "web1"))
        fix = (f"; run: {said['fix']}" if said["fix"] else "") + (f"; {said['decision']}" if said["decision"] else "")
        self.assertEqual(hook.stderr, f"virt-nested: 'web1' refused: {said['reason']}{fix}" if hook.returncode else "")
        self.assertTrue(fix or not hook.returncode, said)
        for fact in said["facts"]:
            self.assertEqual(set(fact), {"name", "state", "found", "source", "reason"})
            self.assertIn(fact["state"], ("on", "off", "absent", "undetermined"))
            self.assertTrue(fact["source"], fact)
            self.assertTrue(fact["reason"] or fact["state"] != "undetermined", fact)
        text = explain("--root", root, "--phase", phase, "-", stdin=xml)
        self.assertEqual(text.returncode, hook.returncode)
        self.assertIn(f"reason: {said['reason']}\n", text.stdout)
        return hook.returncode, said["undetermined"]


class Readme(unittest.TestCase):
    """Every refusal has its entry, in the words of the hook."""

    def setUp(self):
        with open(README, encoding="utf-8") as text:
            self.text = text.read()
        table = self.text[self.text.index("| message |"):self.text.index("What else one meets")]
        self.entries = [words for row in table.splitlines()[2:] if row for words in re.findall(r"`([^`]*)`", row.split("|")[1])]
        self.used = set()

    @staticmethod
    def neutral(words):
        """The README speaks of one processor for all."""
        words = re.sub(r"\bkvm_(amd|hv)\.|\bkvm\.", "kvm_intel.", words)
        words = re.sub(r"\b(svm|sief2)\b|(?<!<)\b(nested-hv|virtualization)\b", "vmx", words)
        return re.sub(r"nested is [0N]|<virtualization>", lambda m: "nested is N" if "nested" in m[0] else "<nested-hv>", words)

    def found(self, line):
        ours = [entry for entry in self.entries if re.search(re.escape(self.neutral(entry)).replace(r"\.\.\.", ".*"), self.neutral(line))]
        self.used.update(ours)
        self.assertTrue(ours, f"the README has no entry for: {line}")

    def refusal(self, root, xml, phase="prepare", config=None):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(config or "")
            file.flush()
            hook = run(HOOK, "--root", os.path.join(ROOTS, root), "--config", file.name, "web1", phase, "begin", "-", stdin=xml)
        self.assertEqual(hook.returncode, 1, (root, xml, hook.stderr))
        return hook.stderr

    def test_the_example_is_what_the_hook_says(self):
        said = self.refusal("intel-nested-off", guest("require")).replace(os.path.join(ROOTS, "intel-nested-off"), "")
        self.assertIn(f"\n    {said}\n", self.text)

    def test_each_refusal_has_its_entry(self):
        custom = "<cpu mode='custom' match='{}'><model>{}</model>{}</cpu>".format
        svm = "<feature policy='{}' name='svm'/>".format
        secure = "<cpu mode='host-passthrough'/><launchSecurity type='s390-pv'/>"
        by_hand = "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-cpu'/></q:commandline>"
        amd, empty = "amd-nested-2", ""
        in_qemu = "<q:{0} xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>{1}</q:{0}>".format
        override = "<q:device alias='vcpu1'><q:frontend><q:property name='svm' type='bool' value='true'/></q:frontend></q:device>"
        confidential = "<cpu mode='host-passthrough'/><launchSecurity type='{}'/>".format
        for root, xml, more in (
                (amd, guest("require", custom("exact", "EPYC", "")), {}), (amd, guest("require", "<cpu mode='host-model'/>"), {}),
                (amd, guest("require", empty), {}), (amd, guest("require", custom("exact", "EPYC", svm("disable"))), {}),
                (amd, guest("require", custom("exact", "EPYC", svm("optional"))), {"phase": "start"}),
                (amd, guest("require", custom("minimum", "EPYC", "")), {"phase": "start"}),
                (amd, guest("require", custom("exact", "EPYC", svm("disable"))), {"phase": "started"}),
                (amd, guest("require", custom("exact", "kvm64", "")).replace("'kvm'", "'qemu'"), {}),
                (amd, guest("require", "<cpu mode='host-model'/>").replace("'kvm'", "'qemu'"), {"phase": "start"}),
                (amd, guest("require", by_hand), {}), (amd, guest("forbid", by_hand), {}),
                (amd, guest("forbid", in_qemu("capabilities", "<q:add capability='x'/>")), {}),
                (amd, guest("forbid", in_qemu("override", override)), {}), (amd, guest("forbid", in_qemu("later", "")), {}),
                (amd, guest("require", confidential("sev")), {}), (amd, guest("forbid", confidential("sev-snp")), {}),
                (amd, guest("require", confidential("tdx")), {}), ("intel-debian12", guest("require", confidential("tdx")), {}),
                (amd, guest("forbid", custom("exact", "a,svm=on", "")), {}),
                (amd, guest("forbid", empty).replace("q35", "q35,x=y"), {}),
                (amd, guest(""), {"config": "\0"}), (amd, guest("require").replace("domain:1", "domain:2"), {}), (amd, guest("require", "<cpu mode='later'/>"), {}),
                (amd, guest("require", "<devices><emulator>/home/me/qemu</emulator></devices>"), {}),
                (amd, guest("require", arch="riscv64"), {}), (amd, guest("forbid"), {}), (amd, guest("forbid", arch="riscv64"), {}),
                (amd, guest("maybe"), {}), (amd, guest("require")[:-9], {}), (amd, guest(""), {"config": "unlabelled = forbid\n"}),
                (amd, guest("allow"), {"config": "unlabelled = forbid\nhonour_allow = no\n"}),
                ("z14-nested-on", guest("require", secure, "s390x"), {}), ("z14-nested-on", guest("require", empty, "s390x"), {"phase": "start"}),
                ("z14-nested-on", guest("require", arch="s390x").replace("'kvm'", "'qemu'"), {}),
                ("power9-radix", guest("require", arch="ppc64le"), {}),
                ("power9-radix", guest("require", "<features><nested-hv state='off'/></features>", "ppc64le"), {}),
                ("arm64-nested", guest("require", arch="aarch64"), {})):
            with self.subTest(root=root, xml=xml, **more):
                self.found(self.refusal(root, xml, **more))
        for root in sorted(os.listdir(ROOTS)):
            hook = run(HOOK, "--root", os.path.join(ROOTS, root), "web1", "prepare", "begin", "-", stdin=guest("require"))
            if hook.returncode == 1:
                with self.subTest(root=root):
                    self.found(hook.stderr)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.join(ROOTS, amd), folder + "/root", symlinks=True)
            with open(folder + "/root/dev/kvm", "w", encoding="utf-8") as out:
                out.write("error=Device or resource busy\n")
            self.found(self.refusal(folder + "/root", guest("require")))
            for name in ("virt-nested-hook", "front"):   # cross-built: the hook is a script that starts the front
                if os.path.exists(os.path.join(os.path.dirname(HOOK), name)):
                    shutil.copy(os.path.join(os.path.dirname(HOOK), name), folder)
            for config, policy in (("", "require"), ("unlabelled = forbid\n", "")):
                path = folder + "/c.conf"
                with open(path, "w", encoding="utf-8") as out:
                    out.write(config)
                hook = run(folder + "/virt-nested-hook", "--config", path, "web1", "prepare", "begin", "-", stdin=guest(policy))
                self.assertEqual(hook.returncode, 1)
                self.found(hook.stderr)
        self.assertEqual(set(self.entries) - self.used, set(), "entries of the README that no refusal has")


class Usage(unittest.TestCase):
    root = ("--root", os.path.join(ROOTS, "amd-nested-2"))

    def refused(self, words, *arguments, stdin=""):
        done = explain(*arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn(words, done.stderr)
        self.assertTrue(done.stderr.endswith("; run: virt-nested explain --help\n"), done.stderr)

    def test_wrong_usage(self):
        self.refused("one guest, or one file", )
        self.refused("one guest, or one file", "a", "b")
        self.refused("No such file", "/nonexistent")
        self.refused("is not a regular file", "/dev/null")
        self.refused("--phase 'stopped' is none of", "--phase", "stopped", "-")
        self.refused("--format 'yaml' is none of text and json", "--format", "yaml", "-")
        self.refused("--root '/nonexistent' is not a folder", "--root", "/nonexistent", "-")
        self.refused("--config /nonexistent: No such file", "--config", "/nonexistent", "-")
        self.refused("unrecognised option '--nonsense'", "--nonsense")
        self.refused("is missing", "--phase")
        with tempfile.TemporaryDirectory() as folder:
            os.mkfifo(folder + "/fifo")
            self.refused("is not a regular file", folder + "/fifo")

    def test_what_is_no_definition(self):
        for xml in ("", "garbage", "<network/>", guest("forbid")[:-3]):
            done = explain(*self.root, "--format", "json", "-", stdin=xml)
            said = json.loads(done.stdout)
            self.assertEqual((done.returncode, said["undetermined"], said["label"]), (int(URI in xml), True, "unreadable"), xml)

    def test_words_that_libvirt_does_not_have(self):
        for body, words in (("<cpu mode='custom'><model>kvm64</model><feature policy='maybe' name='svm'/></cpu>", "svm policy='maybe'"),
                            ("<cpu mode='later'/>", "mode='later'"), ("<cpu match='later'><model>EPYC</model></cpu>", "match='later'")):
            for policy in ("require", "forbid"):
                done = explain(*self.root, "-", stdin=guest(policy, body))
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(f"<cpu> says {words}, which is not known here", done.stdout)

    def test_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/c.conf"
            with open(path, "w", encoding="utf-8") as out:
                out.write("# a comment\nunlabelled = maybe\ncolour = red\nbroken\n")
            done = explain(*self.root, "--config", path, "-", stdin=guest(""))
            self.assertEqual(done.returncode, 1, "a wrong value counts as the strictest")
            for words in (f"{path}:2: unlabelled = 'maybe' is none of", f"{path}:3: unknown key 'colour'", f"{path}:4: not of the form key = value"):
                self.assertIn(words, done.stdout)

    def test_hostile_words_reach_no_terminal(self):
        done = explain(*self.root, "-", stdin=guest("forbid").replace("web1", "a&#x9b;31m &#x202e;b").replace("forbid", "&#x85;"))
        self.assertEqual(done.returncode, 1)
        self.assertFalse(any(ord(c) < 32 and c != "\n" or 126 < ord(c) < 160 or c == "\u202e" for c in done.stdout), done.stdout)


if __name__ == "__main__":
    unittest.main()
