# SPDX-License-Identifier: Apache-2.0
"""Random templates out of a grammar: most render, some end with an error; the same seed gives the same template."""

import random

TEXTS = [
    "", "a", "Hello", "hello World", "  x y ", "a,b,c", "foo-bar_baz", "é", "ß", "İ", "日本語", r"a\nb", r"t\tt", "<b>&amp;</b>", "12",
    "-3", "4.5", " 7 ", "0x1F", "True", "%s", "{}", "ab ab ab", r"one\ntwo\n\nfour", "ΑΣ", "👍🏽", r"\u00e9", "mIxEd CaSe", "100%",
    "__class__", "role", "content", "}}", "{%",
]
INTEGERS = ["0", "1", "2", "3", "-1", "-2", "7", "16", "1_000", "0x1f", "0b101", "12345678901", "i1", "i2"]
FLOATS = ["0.0", "1.0", "0.5", "2.5", "-1.5", "3.14159", "1e3", "1e-5", "1e16", "1e22", "0.1", "2.675", "f1", "f2"]
NAMES = {
    "s": ["s1", "s2", "s3", "messages[0].role", "messages[1]['content']", "bos_token", "d.k", "ns.s"],
    "l": ["l1", "l2", "l3", "messages", "d.l", "tools"],
    "d": ["d", "d2", "messages[0]", "messages[-1]", "tools[0].function"],
    "u": ["nope", "d.nope", "messages[9]", "messages[0].nope", "nope.x", "none", "n"],
}
VARIABLES = {
    "s1": "Hello, World", "s2": "  ünïcödé\n\tß ", "s3": "", "i1": 5, "i2": -7, "f1": 2.5, "f2": 1e-9, "b1": True, "b0": False,
    "l1": [3, 1, 2], "l2": ["b", "A", "c", "a"], "l3": [], "n": None, "d2": {},
    "d": {"k": "v", "z": 1, "a": [1, {"x": None}], "l": ["p", "q"], "Key": 1.5, "é": True}, "add_generation_prompt": True,
}
TOOLS = [{"type": "function", "function": {"name": "g", "description": "desc's \"x\"", "parameters": {
    "type": "object", "properties": {"q": {"type": ["string", "null"], "default": None}, "é": {"type": "integer"}}, "required": ["q"]}}}]
MESSAGES = [
    {"role": "system", "content": " Sys & <b> \"q\" 'r' "}, {"role": "user", "content": "Hi é\n"},
    {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"a": 1, "b": [True, None, 2.0]}}}]},
    {"role": "tool", "content": "{\"x\": 1}", "n": 3},
]
CONVERSATION = {"messages": MESSAGES, "tools": TOOLS, "variables": VARIABLES}

# What is put behind a value, by the kind of the value and the kind of the result; `$s` and the like are more expressions.
SUFFIXES = {
    ("s", "s"): [
        ".upper()", ".title()", ".capitalize()", ".swapcase()", ".strip()", ".rstrip('\\n')", ".replace('l', '', 1)", ".replace('', '-')",
        ".zfill(8)", ".ljust(10)", ".rjust(9, '*')", ".center(11, '.')", ".removeprefix('He')", ".format(1, 'x', a=2)", ".join(l2)",
        ".split()[0]", ".rsplit(none, 1)[-1]", ".partition($s)[1]", "[1:]", "[::-1]", "[-3:-1]", "[0]", "[99]", "|upper", "|title", "|trim",
        "|safe", "|e", "|forceescape", "|striptags", "|urlencode", "|reverse", "|indent(2, true)", "|indent(first=true, blank=true)",
        "|truncate(6, true)", "|truncate(7, false, '', 0)", "|replace('a', $s)", "|default($s)", "|string", "|tojson", "|capitalize",
        "|center(12)", " + $s", " ~ $x ~ $s", " * $i", " or $s", " if $b else $s", " % ($x, $x)", "|format($x)",
    ],
    ("l", "s"): ["|join", "|join($s)", "|join(', ', attribute='role')", "|first", "|last", "|min", "|max", "|string", "|tojson(indent=2)"],
    ("d", "s"): ["|tojson", "|tojson(indent=1, sort_keys=true)", "|tojson(ensure_ascii=true)", ".get('k')", "|string", ".get($s, $s)"],
    ("x", "s"): ["|string", "|tojson", "|default($s, true)", "|tojson(separators=(',', ':'))"],
    ("u", "s"): ["|default($s)", "|default($s, true)", "|string"],
    ("s", "i"): ["|length", "|int", "|int(0, 16)", "|wordcount", ".find($s)", ".rfind($s, 1)", ".count($s)", ".index($s)"],
    ("l", "i"): ["|length", "|sum", "|first", "|max", ".count($x)", ".index($x)"],
    ("i", "i"): [" + $i", " - $i", " * $i", " // $i", " % $i", " ** 2", "|abs", "|int"],
    ("f", "f"): [" + $f", " * $i", " / $f", " // $f", " % $f", " ** 2", "|round", "|round(1)", "|round(1, 'ceil')", "|round(-1)", "|abs"],
    ("i", "f"): [" / $i", "|float", " * $f"],
    ("x", "b"): [
        " is defined", " is none", " is string", " is mapping", " is iterable", " is sequence", " is number", " is not true", " is callable",
        " is escaped", " in $l", " == $x", " != $x", " is sameas none", " is eq $i", " is boolean", " is in l2",
    ],
    ("i", "b"): [" < $i", " >= $f", " is odd", " is divisibleby 3", " < $i <= $f", " is gt(2)"],
    ("s", "b"): [" < $s", " in $s", " not in $d", ".startswith($s)", ".endswith(($s, $s))", ".isalpha()", ".isdigit()", ".istitle()", " is upper"],
    ("b", "b"): [" and $b", " or $b"],
    ("l", "l"): [
        "|list", "|reverse|list", "|sort", "|sort(reverse=true)", "|unique|list", "|map('string')|list", "|map(attribute='role')|list",
        "|map(attribute='n', default=0)|list", "|select('string')|list", "|reject('none')|list", "|selectattr('role', 'eq', 'user')|list",
        "|batch(2)|list", "|slice(2)|list", "|groupby('role')", "|sort(attribute='role')", "[1:]", "[::-2]", " + $l", " * 2",
    ],
    ("s", "l"): ["|list", ".split()", ".split(',')", ".splitlines()", ".rsplit(' ', 1)", ".partition('-')"],
    ("d", "l"): [".items()|list", "|items|list", "|dictsort", "|dictsort(by='value')", ".keys()|list", ".values()", "|list"],
}
PRINTED = ["%s", "%d", "%5d", "%-6s|", "%05.1f", "%.2f", "%e", "%g", "%x", "%#o", "%+d", "%r", "%%", "%.3s", "%c"]
FIELDS = ["{}", "{:>8}", "{:<5}|", "{:^9}", "{:05d}", "{:.2f}", "{:,}", "{:x}", "{!r}", "{:*^10}", "{:.3}", "{:g}", "{:%}", "{!s:>6}", "{{}}"]


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.macros, self.loops = [], 0

    def one(self, *choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    # Expressions, by kind: s(tring), i(nteger), f(loat), b(oolean), l(ist), d(ictionary), u(ndefined), x: any.

    def text(self):
        quote = self.one("'", '"')
        return quote + self.one(*TEXTS) + quote

    def leaf(self, kind):
        if kind == "s":
            return self.text() if self.chance(0.5) else self.one(*NAMES["s"])
        if kind == "b":
            return self.one("true", "False", "b1", "b0", *(["loop.first", "loop.last"] if self.loops else []))
        if kind == "i":
            return self.one(*INTEGERS, *(["loop.index", "loop.revindex0"] if self.loops else []))
        return self.one(*(FLOATS if kind == "f" else NAMES[kind]))

    def value(self, kind, depth):
        if kind == "x" or self.chance(0.05):
            kind = self.one(*"ssifbldu")
        if depth <= 0 or self.chance(0.2):
            return self.leaf(kind)
        if kind == "l" and self.chance(0.3):
            return "[" + ", ".join(self.value("x", depth - 1) for _ in range(self.random.randint(0, 3))) + "]"
        if kind == "d" and self.chance(0.4):
            keys = [self.one(self.text(), "1", "none", "1.5", "s1") for _ in range(self.random.randint(0, 3))]
            return "{" + ", ".join(f"{key}: {self.value('x', depth - 1)}" for key in keys) + "}"
        if kind == "s" and self.chance(0.12):
            return self.formatted(depth - 1)
        if kind == "s" and self.macros and self.chance(0.1):
            name, count = self.one(*self.macros)
            return f"{name}({', '.join(self.value('x', depth - 1) for _ in range(self.random.randint(0, count)))})"
        sources = [source for source, result in SUFFIXES if result == kind]
        if not sources:
            return self.leaf(kind)
        source = self.one(*sources)
        suffix = self.one(*SUFFIXES[source, kind])
        for hole in "sifbldx":
            while "$" + hole in suffix:
                suffix = suffix.replace("$" + hole, self.wrapped(hole, depth - 2), 1)
        return f"({self.wrapped(source, depth - 1)}{suffix})"

    def wrapped(self, kind, depth):
        inner = self.value(kind, depth)
        return inner if inner[0] in "'\"([" or inner.replace("_", "").isalnum() and not inner[0].isdigit() else f"({inner})"

    def formatted(self, depth):
        marks = [self.one(*(PRINTED if self.chance(0.5) else FIELDS)) for _ in range(self.random.randint(1, 3))]
        values = ", ".join(self.value(self.one("s", "i", "f", "x"), depth) for _ in marks)
        text = "'" + " ".join(marks) + "'"
        return f"{text}.format({values})" if "{" in text else f"({text} % ({values},))"

    # Statements.

    def tag(self, inner):
        return f"{{%{self.one('', '', '-', '+')} {inner} {self.one('', '', '-', '+')}%}}"

    def space(self):
        return self.one("", "", "\n", " ", "\n  ", " \n", "text ", "\n\n", "\t", "é\n")

    def body(self, depth):
        return "".join(self.space() + self.statement(depth) for _ in range(self.random.randint(1, 3))) + self.space()

    def statement(self, depth):
        choice = self.random.randrange(26) if depth > 0 else 0
        inner = depth - 1
        if choice < 9:
            return "{{" + self.one("", "-", "+") + f" {self.value('x', 3)} " + self.one("", "-") + "}}"
        if choice < 13:
            otherwise = self.tag("else") + self.body(inner) if self.chance(0.4) else ""
            return self.tag(f"if {self.value('b', 2)}") + self.body(inner) + otherwise + self.tag("endif")
        if choice < 17:
            return self.loop(inner)
        if choice < 19:
            return self.tag(f"set {self.one('x', 'y', 'ns.s', 'ns.i')} = {self.value('x', 2)}")
        if choice == 19:
            return self.tag(f"set x{self.one('', ' | upper', ' | trim')}") + self.body(inner) + self.tag("endset") + "{{ x }}"
        if choice == 20 and len(self.macros) < 3 and not self.loops:
            name, count = f"m{len(self.macros)}", self.random.randint(0, 2)
            parameters = ", ".join(f"a{place}={self.leaf('s')}" for place in range(count))
            body = self.body(inner) + self.one("", "{{ varargs }}", "{{ a0 }}", "{{ caller() if caller else '' }}")
            self.macros.append((name, count))
            return self.tag(f"macro {name}({parameters})") + body + self.tag("endmacro")
        if choice == 21 and self.macros:
            return self.tag(f"call {self.one(*self.macros)[0]}()") + self.body(inner) + self.tag("endcall")
        if choice == 22:
            return self.tag(f"filter {self.one('upper', 'trim', 'indent(2)', 'title|reverse', 'e')}") + self.body(inner) + self.tag("endfilter")
        if choice == 23:
            return self.tag(f"with x = {self.value('x', 1)}, y = x") + self.body(inner) + self.tag("endwith")
        if choice == 24:
            return self.tag("generation") + self.body(inner) + self.tag("endgeneration")
        return self.one("{# c #}", "{#- {{ x }} -#}", "  {# y -#}  ", "{% raw %}{{ x }}\n{% endraw %}", "{%- raw -%} {% if %} {%- endraw -%}")

    def loop(self, depth):
        head = self.one(
            f"x in {self.value('l', 2)}", "m in messages", f"k, v in {self.leaf('d')}.items()", f"k, v in {self.leaf('d')}|dictsort",
            f"i in range({self.one('3', '1, 4', '5, 0, -2')})", f"c in {self.value('s', 1)}", "a, b in [(1, 'x'), [2, 'y']]")
        if self.chance(0.2):
            head += f" if {self.value('b', 1)}"
        self.loops += 1
        body = self.body(depth)
        if self.chance(0.15):
            body += self.tag(f"if {self.value('b', 1)}") + self.tag(self.one("break", "continue")) + self.tag("endif") + self.body(0)
        self.loops -= 1
        otherwise = self.tag("else") + self.body(depth) if self.chance(0.2) else ""
        return self.tag(f"for {head}") + body + otherwise + self.tag("endfor")


def template(seed):
    """A template; the same for the same seed."""
    writer = Writer(seed)
    return "{%- set ns = namespace(s='n', i=4) -%}" + writer.body(3) + writer.one("", "\n", "\n\n")
