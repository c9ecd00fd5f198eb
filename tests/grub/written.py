# SPDX-License-Identifier: GPL-2.0-or-later
"""Menus that a person might write, each about one thing of GRUB's."""

FRONT = "function finish { true; }\n"  # GRUB runs emu.py's function of this name in its place


def entry(title, words="", more=""):
    return f"menuentry '{title}' {more} {{\nlinux /vmlinuz-{title.replace(' ', '_')} {words}\nfinish\n}}\n"


AB = entry("a") + entry("b")
SUB = "submenu 'sub menu' --id S {\n" + entry("x") + entry("y", "", "--id Y") + "submenu deep {\n" + entry("p") + entry("q") + "}\n}\n"
HEADER = """if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
"""
BLOCK = "# GRUB Environment Block\n"
# A configuration, and files beside it.
MENUS = [(f"set default={default}\n{entry('first')}{SUB}{AB}", {}) for default in (
    "", "1", "S", "'sub menu'", "'S>Y'", "'S>y'", "'S>1'", "'1>1'", "'1>2>1'", "'S>deep>q'", "'S>deep'", "'S>>Y'", "'S>'", "'1>'", "2", "3",
    "'1 2'", "'2x'", "0x2", "08", "02", "a", "' a'", "'a '", "-1", "99999999999999999999", "4294967297", "'S>nothing'", "$none", "\"$default\"")]
MENUS += [(text, {}) for text in (
    "export default\ndefault=1\n" + entry("z") + SUB, "export v\nv=1\nw=2\nsubmenu s {\n" + entry("a", "$v $w") + "}\n",
    "submenu s {\ndefault=1\n" + AB + "}\n", "default='0>1'\nsubmenu s {\ndefault=0\n" + AB + "}\n",
    "default='a>>b'\n" + AB + entry("c") + "menuentry 'a>b' {\nlinux /c\nfinish\n}\n", entry("a", "$default $chosen") + "default=0\n",
    "default=b\nif search nothing; then\n" + entry("perhaps") + "fi\n" + AB, "default=1\nif search nothing; then\n" + entry("perhaps") + "fi\n" + AB,
    "if [ -f /nowhere ]; then v=1; else v=2; fi\n" + entry("a", "$v"), "if nosuchcommand; then v=1; else v=2; fi\n" + entry("a", "$v"),
    "default=1; true | x\n" + AB, "if true; then\ndefault=1\n;;\nfi\n" + AB, "fi\ndefault=1\n" + AB, "menuentry q { }\ndefault=1\n" + AB,
    "function f { default=1; }; true | x\nf\n" + AB, "function f {\ndefault=1\ntrue | x\n}\nf\n" + AB, AB + "menuentry q {\ntrue\n",
    AB + "echo 'not closed\n\ndefault=1\n", "default=1 # comment {\r\n" + AB.replace("\n", "\r\n"), "\\\ndefault=1\n" + AB, "def\\\nault=1\n" + AB,
    "v='a\n# gone\nb'\nif [ \"$v\" = 'a\nb' ]; then default=1; fi\n" + AB, "set default =1\n" + AB, "default=0 default=1\n" + AB, "set default\n" + AB,
    "function test { false; }\nif test x = x; then default=1; fi\n" + AB, "function default=1 { true; }\ndefault=1\n" + AB,
    "function nosuch { return 1; }\nif ! nosuch; then default=1; fi\n" + AB, "if ! nosuchcommand; then default=1; fi\n" + AB,
    "false\nif [ $? = 0 ]; then true; else default=1; fi\n" + AB, "eval 'default=1; v=2'\n" + AB, "x='default=1'\n$x\n" + AB, "x='set default=1'\n$x\n" + AB,
    "for default in 0 1; do true; done\n" + AB, "while [ x$i != xaaa ]; do i=a$i; default=1; done\n" + AB, "until [ x$i = xaa ]; do i=a$i; done\ndefault=$i\n" + AB,
    "set 1=5\n" + entry("a", "$1"), entry("a b", "$1 $2 $# \"$@\"", "one 'two three'"), "menuentry a --class {\nlinux /x\nfinish\n}\n" + AB,
    "menuentry --id X --users '' --hotkey h T {\nlinux /x $1\nfinish\n}\n", "default=Y\nmenuentry X --id=Y {\nlinux /x\nfinish\n}\n" + AB,
    "default=2\nmenuentry a\n{\ntrue\n}\n" + AB + entry("c"), "menuentry a {\nlinux /x 1\nlinux /y 2\nfinish\n}\n",
    "menuentry a {\nmultiboot2 /xen.gz p\nmodule2 /vmlinuz-1 p root=x\nmodule2 --nounzip /initrd-1\nfinish\n}\n",
    "v=\"$v$none\"\nmenuentry a {\nif [ \"$v\" ]; then linux /x; else linux /y; fi\nfinish\n}\n", "unset prefix\n" + AB,
    entry("a", "a\\ b 'c d' \"e\\\"f\" g\\\\h \"i\\j\" 'k\\l' \"$none\" '' m"), entry("a", "\"${none}x\" $none ${none}y \\$z \"\\$z\""))]
MENUS += [
    (HEADER + AB + SUB, {"grubenv": BLOCK + lines + "#" * 100}) for lines in (
        "", "saved_entry=b\n", "saved_entry=b\nnext_entry=0\n", "next_entry=2>1\n", "next_entry=\nsaved_entry=1\n", "saved_entry=sub menu>Y\n",
        "x\nsaved_entry=1\n", "saved_entry=\\1\n", "saved_entry=1", "# comment\nsaved_entry=1\n", "saved_entry=0\nsaved_entry=1\n")]
MENUS += [
    (HEADER + AB, {"grubenv": "saved_entry=1\n"}), (HEADER + AB, {"grubenv": ""}), (HEADER + AB, {"grubenv": BLOCK}),
    ("load_env --file $prefix/other default\n" + AB, {"other": BLOCK + "default=1\nx=2\n"}),
    ("source $prefix/one\n" + AB, {"one": "default=1\n" + entry("c")}), ("source $prefix/none\ndefault=1\n" + AB, {}),
    (". ${config_directory}/one\n" + AB, {"one": "source $config_directory/two\n", "two": "default=1\n"}),
    ("v=1\nexport w\nw=2\ndefault=1\nconfigfile $prefix/one\n" + AB, {"one": entry("c", "$v $w") + entry("d")}),
    ("configfile $prefix/one\ndefault=1\n" + AB, {"one": "x=1\n"}), ("menuentry a {\nconfigfile $prefix/one\n}\n", {"one": "default=1\n" + AB}),
    ("if [ -f $prefix/one -a ! -d $prefix/one -a -d $prefix -a -s $prefix/one ]; then default=1; fi\n" + AB, {"one": "x\n"}),
    ("if [ -s $prefix/one -o -e $prefix/two ]; then default=1; fi\n" + AB, {"one": ""}),
]


def cases(work):
    out = []
    for number, (text, files) in enumerate(MENUS):
        folder = work / str(number)
        (folder / "boot/grub").mkdir(parents=True)
        (folder / "etc").mkdir()
        (folder / "etc/os-release").write_text("ID=debian\n")
        for name, content in {"grub.cfg": FRONT + text, **files}.items():
            (folder / "boot/grub" / name).write_text(content, newline="")
        out.append((str(number), folder))
    return out
