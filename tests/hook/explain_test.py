#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""explain says what the hook does: both are run on every captured machine, and verdict, words and exit status are held against each other.

VN_BIN is the folder with the hook's two programs, VN_COMMAND virt-nested, VN_ROOTS the folder with the captured machines.
"""
import itertools
import json
import os
import subprocess
import tempfile
import unittest

HOOK = os.path.join(os.environ["VN_BIN"], "virt-nested-hook")
COMMAND = os.environ["VN_COMMAND"]
ROOTS = os.environ["VN_ROOTS"]
URI = "urn:virt-nested:domain:1"
FIELDS = {"verdict", "undetermined", "phase", "label", "domain", "reason", "fix", "warnings", "facts"}
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
                phase = PHASES[(number + turn) % len(PHASES)]
                arch = "x86_64" if not root.startswith(("power", "z14", "arm64")) else {"p": "ppc64le", "z": "s390x", "a": "aarch64"}[root[0]]
                with self.subTest(root=root, policy=policy, body=body, phase=phase):
                    seen.add(self.agree(os.path.join(ROOTS, root), guest(policy, body, arch), phase))
        self.assertEqual(seen, {(0, False), (0, True), (1, False), (1, True)}, "not every kind of verdict came up")

    def agree(self, root, xml, phase):
        hook = run(HOOK, "--root", root, "web1", phase, "begin", "-", stdin=xml)
        told = explain("--root", root, "--phase", phase, "--format", "json", "-", stdin=xml)
        self.assertEqual((told.returncode, told.stderr), (hook.returncode, ""))
        said = json.loads(told.stdout)
        self.assertEqual(set(said), FIELDS)
        self.assertEqual((said["verdict"], said["phase"], said["domain"]), (("pass", "refuse")[hook.returncode], phase, "web1"))
        fix = f"; run: {said['fix']}" if said["fix"] else ""
        self.assertEqual(hook.stderr, f"virt-nested: 'web1' refused: {said['reason']}{fix}" if hook.returncode else "")
        for fact in said["facts"]:
            self.assertEqual(set(fact), {"name", "state", "found", "source", "reason"})
            self.assertIn(fact["state"], ("on", "off", "absent", "undetermined"))
            self.assertTrue(fact["source"], fact)
            self.assertTrue(fact["reason"] or fact["state"] != "undetermined", fact)
        text = explain("--root", root, "--phase", phase, "-", stdin=xml)
        self.assertEqual(text.returncode, hook.returncode)
        self.assertIn(f"reason: {said['reason']}\n", text.stdout)
        return hook.returncode, said["undetermined"]


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
