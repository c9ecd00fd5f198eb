# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of made-up commands of GRUB's shell."""
import random

# GRUB runs emu.py's function of this name in its place.
FRONT = "function finish { true; }\n"
NAMES = ("a", "b", "v", "w1", "default", "extra")
TITLES = ("one", "two words", "3rd", "a>b", "q'q", "7", "x", "two")


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.functions = []
        self.depth = 0

    def pick(self, *choices):
        return self.random.choice(choices)

    def word(self):
        name = self.pick(*NAMES)
        plain = self.pick("x", "y1", "a=b", "kvm_intel.nested=0", "0", "2", "two", "-n", "a,b", "p.q", "if", "]", "!")
        return self.pick(plain, plain, f"${name}", f'"${{{name}}}"', f'"x ${name}  y"', f"'${name} \"z\"'", f"p${{{name}}}q", '""',
                         "a\\ b", "\\$x", '"\\$x\\n\\\\"', "$1", '"$2"', "$#", "a#b", "'i''j'", '"$?"', f'${name}"${name}"$a', "a\\\nb",
                         "''", "$@", '"$*"')

    def words(self, most=4):
        return " ".join(self.word() for _ in range(self.random.randint(0, most)))

    def operand(self):
        return self.pick(f'"${self.pick(*NAMES)}"', f"x${self.pick(*NAMES)}", "x", "2", "10", '""', "two")

    def test(self):
        one = self.pick(
            f"{self.operand()} {self.pick('=', '==', '!=', '-lt', '-ge', '-eq', '-ne')} {self.operand()}",
            f"{self.pick('-n', '-z')} {self.operand()}", f"{self.pick('-e', '-f', '-d', '-s')} $prefix/{self.pick('', 'grub.cfg', 'no')}",
            self.operand(), "x = x", "-f (hd9,1)/x", "$a = x", f"'{self.pick('a', 'b')}' '{self.pick('<', '>', '<=')}' b")
        if self.random.random() < 0.3:
            return f"{self.pick('', '! ')}{one} {self.pick('-a', '-o')} {self.test()}"
        if self.random.random() < 0.1:
            return f"( {one} ) -a {self.operand()}"
        return one

    def condition(self):
        return self.pick(f"[ {self.test()} ]", f"[ {self.test()} ]", f"test {self.test()}", f"! [ {self.test()} ]", "true", "false",
                         "search --no-floppy --set=root nothing", "nosuchcommand", *self.functions)

    def end(self):
        return self.pick("\n", "\n", "; ", "\r\n", " # it's {\n", "\n\n")

    def simple(self):
        name = self.pick(*NAMES)
        return self.pick(f"set {name}={self.word()}", f"{name}={self.word()}", f"set {name}={self.word()}", f"unset {name}",
                         f"export {name}", f"{self.pick(*self.functions, 'true')} {self.words()}", "true", "false",
                         f"eval 'set {name}=e{self.pick('1', '$a', '$v')}'", "$a", f"setparams {self.words()}", "shift", "return",
                         f"set default={self.pick('0', '1', '2', quoted('1>1'), 'one', 'x', quoted('a>>b'), quoted('one>x'), '$v')}")

    def command(self):
        self.depth += 1
        kind = self.random.random() if self.depth < 4 else 0
        if kind < 0.6:
            out = self.simple()
        elif kind < 0.8:
            other = f"else{self.pick(' ', chr(10))}{self.commands()}" if self.random.random() < 0.5 else ""
            more = f"elif {self.condition()}; then {self.commands()}" if self.random.random() < 0.3 else ""
            out = f"if {self.condition()}{self.pick('; ', chr(10))}then {self.commands()}{more}{other}fi"
        elif kind < 0.9:
            out = f"for {self.pick('i', 'a', 'v')} in {self.words(3)}; do {self.commands()}{self.pick('', 'break; ', 'continue; ')}done"
        else:
            out = f"while [ x$w1 != xaaa{self.pick('', '$none')} ]; do {self.commands()}w1=a$w1; if [ x$w1 = xaaaa ]; then break; fi; " \
                  "if [ x$w1 != xa -a x$w1 != xaa -a x$w1 != xaaa ]; then w1=aa; break; fi; done"
        self.depth -= 1
        return out

    def commands(self, most=3):
        return "".join(self.command() + self.end() for _ in range(self.random.randint(1, most)))

    def entry(self, deep=0):
        title = self.pick(*TITLES)
        name = f" {self.pick('--id', '--id=')[:4]} {self.pick('one', 'id2', 'x', '1')}" if self.random.random() < 0.4 else ""
        more = self.pick("", " --class c", " --unrestricted", " $menuentry_id_option three", f" {self.word()}", " --users u")
        if deep < 2 and self.random.random() < 0.3:
            inner = "".join(self.entry(deep + 1) for _ in range(self.random.randint(1, 3)))
            return f"submenu {quoted(title)}{name} {{\n{self.pick('', self.commands(1))}{inner}}}\n"
        before = self.pick("", "", self.commands(2).replace("return", "true"))
        return f"menuentry {quoted(title)}{name}{more} {{\n{before}linux /vmlinuz-{self.random.randint(1, 99)} {self.words()}\nfinish\n}}\n"

    def script(self):
        out = FRONT + "menuentry_id_option=--id\n"
        for _ in range(self.random.randint(0, 2)):
            name = self.pick("f", "g")
            out += f"function {name} {{\n{self.commands()}}}\n"
            self.functions.append(name)
        for _ in range(self.random.randint(2, 6)):
            kind = self.random.random()
            if kind < 0.45:
                out += self.commands().replace("return", "true") + "\n"
            elif kind < 0.55:
                out += f"if {self.condition()}; then\n{self.entry()}fi\n"
            elif kind < 0.6:
                out += self.pick("true | x; default=1\n", "fi\n", "echo $ x\n", "menuentry q\n", "{ true\n", "; true\n", "true;; true\n")
            else:
                out += self.entry()
        return out + self.entry()


def cases(work, count, seed):
    out = []
    for number in range(seed, seed + count):
        folder = work / str(number)
        (folder / "boot/grub").mkdir(parents=True)
        (folder / "etc").mkdir()
        (folder / "etc/os-release").write_text("ID=debian\n")
        (folder / "boot/grub/grub.cfg").write_text(Writer(number).script(), newline="")
        out.append((str(number), folder))
    return out
