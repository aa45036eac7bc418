# SPDX-License-Identifier: Apache-2.0
"""Renders a table of templates with Python's jinja2 as transformers sets it up and stores what came out in render.json.

Needs `transformers` and `jinja2`. Each case: template, context, and either the text or the class and message of the error.
"""
import json, os, re
from datetime import datetime
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import transformers.utils.chat_template_utils as tools

real = datetime


class Fixed(datetime):
    @classmethod
    def now(cls, tz=None):
        return real(2025, 3, 9, 17, 4, 5)


tools.datetime = Fixed
CASES = []
USER = [{"role": "user", "content": "Hi"}]
CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " What is 2+2? "},
        {"role": "assistant", "content": "<think>\nsum\n</think>\n\n4"}, {"role": "user", "content": "Grüße \U0001F600 \"q\""}]
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "It's <b>", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "enum": ["Z", "Ä"]}, "days": {"type": "integer", "default": 1.0}}, "required": ["city"]}}}]
TOOLCHAT = [{"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris", "deep": {"a": [1, 2.5, None, True]}}}}]},
            {"role": "tool", "tool_call_id": "c1", "name": "get_weather", "content": "{\"t\": 20}"},
            {"role": "assistant", "content": "It is 20."}]


def add(template, **context):
    CASES.append((template, context))


def table(text, **context):
    for line in text.strip("\n").split("\n"):
        if line.strip():
            add(line, **context)


D = dict(x=5, y=-3, f=2.5, s="Hello World", t=True, n=None, l=[3, 1, 2], d={"b": 2, "a": 1, "items": 9}, e=[], w="  pad\t\n",
         u=[{"n": "Bob", "a": 3, "g": {"k": 1}}, {"n": "amy", "a": 1, "g": {"k": 2}}, {"n": "Cy", "a": 3, "g": {"k": 1}}], h="<a href='x'>&\"</a>")
table(r"""
{{ x + 1 }} {{ x - y }} {{ x * y }} {{ x / 2 }} {{ x // 2 }} {{ y // 2 }} {{ x % 3 }} {{ y % 5 }} {{ x ** 2 }} {{ 2 ** -1 }}
{{ -x ** 2 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.0001 }} {{ 123456789.123 }} {{ 1e22 }} {{ 3.0 }} {{ 1/3 }}
{{ 1_000 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1.5e3 }} {{ 1e3 }}
{{ x ~ s ~ n ~ t ~ l ~ d ~ zz }}
{{ 'a' 'b' "c" }} {{ 'it\'s' }} {{ "q\"" }} {{ '\n\t\\x\x41\u00e9' }} {{ '\q' }} {{ 'ü\é' }}
{{ [1, 'a', "it's", 2.0, None, True, (1,), (), {}, {'k': [1]}] }}
{{ ('a\nb\u200b\x00',) }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 1 == 1.0 == True }} {{ 'a' < 'b' }} {{ [1,2] < [1,3] }} {{ (1,2) == (1,2) }} {{ [1] == (1,) }}
{{ 2 in l }} {{ 5 not in l }} {{ 'ell' in s }} {{ 'a' in d }} {{ not 2 in l }} {{ x in zz }}
{{ 1 if t else 2 }} {{ 1 if n else 2 }} [{{ 1 if n }}] {{ 'a' if n else 'b' if t else 'c' }}
{{ t and x }} {{ n or s }} {{ e or 'empty' }} {{ not e }} {{ n and zz.foo }}
{{ l[0] }} {{ l[-1] }} [{{ l[9] }}] {{ s[1] }} {{ s[-1] }} {{ s[1:4] }} {{ s[::-1] }} {{ l[1:] }} {{ l[:-1] }} {{ l[::2] }} {{ s[:100] }} {{ l[5:1] }} {{ (1,2,3)[::-1] }}
{{ d.a }} {{ d['b'] }} {{ d.get('a') }} {{ d.get('q') }} {{ d.get('q', 7) }} [{{ d.q }}] {{ d['items'] }} {{ d.keys()|list }} {{ d.values()|list }}
{{ d.items }}
{{ u[0].n }} {{ u.0.n }} {{ u[1]['g'].k }}
{{ zz }}|{{ zz|length }}|{{ zz|default('D') }}|{{ zz is defined }}|{{ zz|list }}|{{ zz|upper }}|{{ zz|join }}
{{ n|default('D') }} {{ n|default('D', true) }} {{ ''|d('E', boolean=true) }}
{{ zz.foo }}
{{ d.q.r }}
{{ d.q['r'] }}
{{ zz + 1 }}
{{ zz() }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ [1] + 'a' }}
{{ n + 1 }}
{{ 'a' < 1 }}
{{ n > 1 }}
{{ 1 // 0 }}
{{ 1 / 0 }}
{{ 1 % 0 }}
{{ 1.0 % 0 }}
{{ s() }}
{{ s.nope() }}
{{ s.nope }}|{{ x.nope }}|{{ l.nope }}
{{ n.foo.bar }}
{{ l.append(4) }}
{{ d.update({'z': 1}) }}
{{ d.pop('a') }}
{{ s.__class__ }}|
{{ s.__class__.__mro__ }}
{{ ''['__class__']['__base__'] }}
{{ s|attr('__class__') }}|{{ d|attr('a') }}|{{ s|attr('upper') is callable }}
{{ range(5)|list }} {{ range(2, 10, 3)|list }} {{ range(5, 0, -2)|list }} {{ range(3) }} {{ range(1, 9, 2) }} {{ range(5)[2] }} {{ range(5)|length }}
{{ range(100001) }}
{{ range(1.5) }}
{{ 'x' * 3 }} {{ 3 * 'x' }} {{ [1] * 2 }} {{ 'x' * -1 }} {{ True + True }}
{{ 'a %s b %d %5.2f %r %% %x %05d %-5s| %+d' % ('S', 42, 3.14159, 'q', 255, 42, 'ab', 5) }}
{{ '%s' % 'one' }} {{ '%s %s' % (1, 2) }} {{ '%(a)s-%(b)03d' % d }} {{ '%s' % [1] }} {{ '%5s|%.2s' % ('ab', 'xyz') }}
{{ '%d' % 'x' }}
{{ '%s %s' % 1 }}
{{ '%s' % (1, 2) }}
{{ '{} {} {1} {0}'.format('a', 'b') }}
{{ '{} {}'.format('a', 'b') }} {{ '{1}{0}'.format(1, 2) }} {{ '{k}'.format(k='v') }} {{ '{0.n}'.format(u) }}
{{ '{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:,}|{:x}|{:+}|{!r}'.format('a', 'b', 'c', 42, 3.14159, 1234567, 255, 3, 'q') }}
{{ '{:.3}|{:%}|{:e}|{:g}|{:10.3f}|{:_}|{:#x}|{:b}'.format('abcdef', 0.25, 12345.678, 0.0001, 2.5, 1000000, 255, 5) }}
{{ '{{}} {}'.format(1) }} {{ '{0[a]} {0[b]}'.format(d) }} {{ '{a}'.format_map(d) }}
{{ '{0.__class__}'.format(s) }}
{{ '{}'.format() }}
{{ '%s and %s'|format('x', 'y') }} {{ '%(k)s'|format(k=3) }}
""", **D)
table(r"""
{{ -3|abs }} {{ (-2.5)|abs }} {{ 'hello world'|capitalize }} {{ 'HELLO wORLD-x (ab'|title }} {{ s|upper }} {{ s|lower }}
[{{ 'ab'|center(7) }}] [{{ w|trim }}] [{{ 'xxaxx'|trim('x') }}] {{ s|replace('l', 'L') }} {{ s|replace('l', 'L', 1) }} {{ 'aaa'|replace('', '-') }}
{{ s|length }} {{ l|count }} {{ d|length }} {{ s|first }} {{ s|last }} {{ l|first }} {{ l|last }} [{{ e|first }}] [{{ e|last }}] {{ s|list }}
{{ l|sort }} {{ l|sort(reverse=true) }} {{ ['b','A','c']|sort }} {{ ['b','A','c']|sort(case_sensitive=true) }} {{ u|sort(attribute='n')|map(attribute='n')|list }} {{ u|sort(attribute='a,n')|map(attribute='n')|list }}
{{ l|min }} {{ l|max }} {{ ['b','A']|min }} {{ u|max(attribute='a') }} [{{ e|max }}] {{ l|sum }} {{ u|sum(attribute='a') }} {{ l|sum(start=10) }} {{ u|sum('g.k') }}
{{ l|join }} {{ l|join(', ') }} {{ u|join('-', attribute='n') }} {{ l|reverse|list }} {{ s|reverse }} {{ [1,1,2,'a','A']|unique|list }}
{{ u|map(attribute='n')|list }} {{ u|map(attribute='zz', default='?')|list }} {{ l|map('string')|list }} {{ ['a','b']|map('upper')|join }} {{ ['1','2']|map('int')|sum }} {{ u|map(attribute='g.k')|list }}
{{ l|select('odd')|list }} {{ l|reject('odd')|list }} {{ [0,1,'',2]|select|list }} {{ u|selectattr('a', 'equalto', 3)|map(attribute='n')|list }} {{ u|rejectattr('a', 'eq', 3)|map(attribute='n')|list }} {{ u|selectattr('a')|list|length }} {{ u|selectattr('zz', 'defined')|list }} {{ l|select('gt', 1)|list }} {{ l|select('in', [1,2])|list }}
{{ u|groupby('a') }} {% for k, v in u|groupby('a') %}{{ k }}:{{ v|map(attribute='n')|join(',') }};{% endfor %}{% for g in u|groupby('g.k') %}{{ g.0 }}{% endfor %}
{{ d|dictsort }} {{ d|dictsort(by='value') }} {{ d|dictsort(reverse=true) }} {{ d|items|list }}
{{ [1,2,3,4,5]|batch(2)|list }} {{ [1,2,3]|batch(2, 'x')|list }} {{ [1,2,3,4,5]|slice(3)|list }} {{ [1,2,3,4]|slice(3, 'x')|list }}
{{ '42'|int }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ '0x1f'|int(base=16) }} {{ 3.9|int }} {{ '3.9'|int }} {{ ' 12 '|int }} {{ none|int }} {{ true|int }} {{ '1_0'|int }}
{{ '3.5'|float }} {{ 'x'|float }} {{ 'x'|float(1.5) }} {{ 2|float }} {{ '1e3'|float }}
{{ 2.5|round }} {{ 3.5|round }} {{ 2.567|round(2) }} {{ 2.1|round(0, 'ceil') }} {{ 2.9|round(method='floor') }} {{ 42|round }} {{ 2.675|round(2) }} {{ 1234.5|round(-2) }}
{{ h|e }} {{ h|escape }} {{ h|safe }} {{ h|forceescape }} {{ h|striptags }} {{ 5|string + 'x' }}
{{ 'a b&c/ü'|urlencode }} {{ {'a b': 'c/d', 'e': 1}|urlencode }} {{ 12345|filesizeformat }} {{ 1|filesizeformat }} {{ 999|filesizeformat }} {{ 12345678|filesizeformat(true) }} {{ 'one two  three'|wordcount }}
{{ {'class': 'x y', 'id': none, 'n': 3}|xmlattr }} {{ 'the quick brown fox jumps'|truncate(12) }} {{ 'the quick brown fox'|truncate(12, true) }} {{ 'the quick brown fox'|truncate(9, false, '!') }} {{ 'short enough'|truncate(10) }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(1, blank=true) }}|{{ 'a\nb'|indent('> ') }}|
{{ {'b': 1, 'a': ['x', 2.0, None, True], 'ü': 'é\n"\\/<'}|tojson }} {{ d|tojson(indent=2) }} {{ d|tojson(sort_keys=true) }} {{ [1, {'a': []}, {}]|tojson(indent=1) }} {{ 'ü😀'|tojson(ensure_ascii=true) }} {{ d|tojson(separators=(',', ':')) }} {{ (1, 'x')|tojson }} {{ 1.0|tojson }} {{ {1: 2, none: 3, true: 4}|tojson }} {{ 'é\x7f\x01'|tojson }}
{{ [1]|pprint }} {{ 'x'|pprint }}
{{ zz|tojson }}
{{ u|map('upper') is iterable }} {{ (l|map('string'))|tojson }}
{{ l|map('nofilter')|list }}
{{ l|select('notest')|list }}
{{ s|nofilter }}
{% if false %}{{ s|nofilter }}{% endif %}ok
{% if true %}{{ s|nofilter }}{% endif %}
{{ s is notest }}
{{ 1 if t else (s|nofilter) }}
{{ 'a'|upper('b') }}
{{ 5|length }}
{{ n|length }}
{{ n|join }}
{{ zz|int }}
{{ zz|abs }}
{{ n|list }}
{{ x is odd }} {{ x is even }} {{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }} {{ x is defined }} {{ zz is undefined }} {{ n is none }} {{ t is boolean }} {{ t is true }} {{ 1 is true }} {{ false is false }}
{{ x is integer }} {{ t is integer }} {{ f is float }} {{ x is number }} {{ t is number }} {{ s is string }} {{ d is mapping }} {{ l is sequence }} {{ s is sequence }} {{ d is sequence }} {{ l is iterable }} {{ x is iterable }} {{ s is iterable }} {{ s is callable }} {{ range is callable }}
{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ x is eq 5 }} {{ x is ne 5 }} {{ x is gt 3 }} {{ x is lt 3 }} {{ x is ge 5 }} {{ x is le 5 }} {{ x is sameas x }} {{ 2 is in l }} {{ 9 is not in l }} {{ x is equalto 5 }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ s is escaped }} {{ x is not none and x is not string }}
{{ zz is mapping }} {{ zz is iterable }} {{ zz is string }} {{ zz is none }} {{ zz is sequence }} {{ zz == none }} {{ zz == yy }}
{{ s is odd }}
""", **D)
for call in ["capitalize()", "title()", "swapcase()", "casefold()", "split()", "split('o')", "split('l', 1)", "split(None, 1)", "rsplit('l', 1)", "rsplit(None, 1)",
             "partition(' ')", "rpartition('o')", "partition('z')", "strip('Hd')", "lstrip('He')", "rstrip('dl')", "startswith('He')", "endswith('ld')", "startswith(('x', 'H'))",
             "startswith('ll', 2)", "replace('o', '0')", "replace('o', '0', 1)", "find('o')", "find('o', 5)", "rfind('o')", "find('zz')", "index('W')", "index('zz')", "count('l')", "count('')",
             "center(15, '*')", "ljust(13, '.')", "rjust(13)", "zfill(13)", "isalpha()", "isdigit()", "isalnum()", "isupper()", "istitle()", "isspace()", "isidentifier()", "removeprefix('He')",
             "removesuffix('ld')", "join(['a', 'b'])", "join([1])", "upper().lower()", "encode", "splitlines()", "expandtabs()", "split('')", "upper(1)"]:
    if call != "encode":
        add("{{ s.%s }}|{{ 'a  b\\tc\\n' .%s }}" % (call, call), s="Hello World")
table(r"""
{{ '12'.isdigit() }} {{ '-5'.zfill(5) }} {{ 'a\nb\r\nc\n'.splitlines() }} {{ 'a\nb'.splitlines(true) }} {{ ' a b '.split(' ') }} {{ 'a,b,,c'.split(',') }} {{ 'x'.split(',') }} {{ ''.split() }} {{ ''.split(',') }} {{ 'ß'.upper() }} {{ 'aXbX'.rsplit('X') }} {{ 'abc'.rfind('') }} {{ 'aaa'.rfind('aa') }}
{{ [1,2,1].count(1) }} {{ [1,2].index(2) }} {{ (1,2,1).count(1) }} {{ [1].copy() }} {{ {'a':1}.copy() }} {{ (5).bit_length() }} {{ 2.0.is_integer() }}
{{ [1].index(5) }}
{{ dict(a=1, b=2) }} {{ dict([('x', 1)]) }} {{ dict({'a': 1}, b=3) }} {{ dict.fromkeys(['a'], 0) }}
{{ {'a': 1}.items() }} {{ {'a': 1}.keys() }} {{ {'a': 1}.values() }}
{{ {[1]: 2} }}
{{ raise_exception('No ' ~ 'way') }}
{{ strftime_now('%Y-%m-%d %H:%M:%S %A %a %B %b %j %p %I %y %d %% %-d %e') }}
{{ cycler('a', 'b').next() }} {% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }} {% set j = joiner('|') %}{{ j() }}a{{ j() }}b
{{ namespace(a=1).a }} {% set ns = namespace(a=1) %}{% set ns.b = 2 %}{{ ns.a + ns.b }} {{ ns.c is defined }} {{ ns }} {{ ns['a'] }}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set x = {} %}{% set x.y = 1 %}
{{ ns.foo }}
{{ loop }}
{{ 'a'.b.c }}
{{ x[ }}
{{ x
{% if %}{% endif %}
{% if x %}
{% for x in y %}{% endif %}
{% foo %}
{{ 1 2 }}
{{ x | }}
{{ (1 }}
{{ 1) }}
{{ a ? b }}
{{ '\x4' }}
{% endfor %}
{% raw %}{{ x }}
{# open
{% set 5 = x %}
{% set true = x %}
{% set x %}a{% endset %}{{ x }}{% set y | upper %}b{{ x }}{% endset %}{{ y }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}{% set t = 1, %}{{ t }}
{% set a, b = [1] %}
{% set a, b = [1, 2, 3] %}
{% set a, b = 5 %}
{% include 'x' %}
{% import 'x' as y %}
{% extends 'x' %}
{% break %}
{% macro m(a, b=2, *c) %}{% endmacro %}
{% for loop in [1] %}{% endfor %}
{% block a %}1{% endblock %}{% block a %}2{% endblock %}
{% block a %}x{{ 1 }}{% endblock %} {% block b scoped %}y{% endblock b %}
{% macro m(a, b=2) %}[{{ a }}:{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m() }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}
{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, k=3) }}
{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m() }}
{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}
{% macro m(l) %}{% for i in l %}{{ caller(i, loop.index) }}{% endfor %}{% endmacro %}{% call(a, b=9) m([1,2]) %}({{ a }}{{ b }}){% endcall %}
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}
{% macro f(n) %}{{ n if n < 2 else f(n-1)|int + f(n-2)|int }}{% endmacro %}{{ f(10) }}
{% macro a() %}{{ x }}{% endmacro %}{% set x = 7 %}{{ a() }}
{{ a }}{% macro a() %}{% endmacro %}{{ a.name }}{{ a.arguments }}
{% filter upper %}a{% filter replace('B', 'x') %}B{% endfilter %}{% endfilter %}
{% filter trim|upper %} a {% endfilter %}
{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% with %}{% set z = 1 %}{% endwith %}{{ z }}
{% set a = 5 %}{% with a=1, b=a %}{{ b }}{% endwith %}
{% autoescape false %}<{% endautoescape %}
{% print 1, 2 %}
{% generation %}abc{% endgeneration %}
""")
table(r"""
{% for i in [1,2,3] %}{{ i }}{% endfor %}{{ i }}
{% for i in [] %}{{ i }}{% else %}none{% endfor %}
{% for i in zz %}{{ i }}{% else %}none{% endfor %}
{% for i in 5 %}{% endfor %}
{% for i in none %}{% endfor %}
{% for a, b in [(1,2),(3,4)] %}{{ a }}-{{ b }};{% endfor %}
{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }} {% endfor %}{% for k in {'a': 1} %}{{ k }}{% endfor %}{% for c in 'hé' %}{{ c }},{% endfor %}
{% for i in [1,2,3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }} {% endfor %}
{% for i in [1,2,3] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}
{% for i in [1,2] %}{{ loop.previtem is defined }}{{ loop.nextitem.x is defined }}{% endfor %}
{% for i in [1,1,2] %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i) }} {% endfor %}
{% for i in range(10) if i is even %}{{ i }}{{ loop.index }}{{ loop.last }} {% endfor %}
{% for i in range(10) if i > 50 %}x{% else %}nothing{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in [[1,[2]],[3]] recursive %}{% if i is iterable %}({{ loop(i) }}){{ loop.depth }}{% else %}{{ i }}{% endif %}{% endfor %}
{% for i in [1] %}{{ loop([1]) }}{% endfor %}
{% set x = 0 %}{% for i in [1,2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=0) %}{% for i in [1,2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}
{% if true %}{% set x = 1 %}{% endif %}{{ x }}
{% for i in [1,2] %}{% for j in [1,2] %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% for i in [1,2] %}{% set outer = loop %}{% for j in [1] %}{{ outer.index }}{% endfor %}{% endfor %}
{% for x in [1,2] %}{% if not loop.last %}{{ x }},{% else %}{{ x }}{% endif %}{% endfor %}
{% for m in messages %}{{ m.role }}{% if loop.index0 > 0 and messages[loop.index0 - 1].role == m.role %}!{% endif %}{% endfor %}
{% if messages[0]['role'] == 'system' %}{% set s = messages[0].content %}{% set messages = messages[1:] %}{% endif %}{{ s }}{{ messages|length }}
{% for m in messages[::-1] %}{{ m.role[0] }}{% endfor %} {{ messages|selectattr('role', 'equalto', 'user')|list|length }} {{ (messages|selectattr('role', 'equalto', 'user')|list)[-1].content }} {{ messages|map(attribute='role')|join(',') }}
{{ messages[-1].content|tojson }} {{ messages }} {{ messages[0].keys()|list }} {{ messages[0]|items|list }}
{{ messages[2].content.split('</think>')[-1].lstrip('\n') }} {{ messages[2].content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') }}
""", messages=CHAT)
table(r"""
{{ n|map('upper')|list }}{{ n|selectattr('a')|list }}{{ e|map('nofilter')|list }}
{% set g = n|map('nofilter') %}{% set h = l|map('nofilter') %}{% set i = 5|items %}unread
{% set g = l|map('string') %}{{ g|list }}{{ g|list }}{{ l|map('string') is true }}{% if e|select %}yes{% endif %}
{{ 5|items|list }}
{{ 5|map('upper')|list }}
""", n=None, e=[], l=[1, 2])
for text in ["a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "  {%- if true -%}  \n x \n {%- endif %}  y", "{{ 1 }}\n{{ 2 }}\n", "  {%+ if true %}x{%+ endif %}\n", "{% if true +%}\n x{% endif %}", "a {#- c -#} b", "a\n  {# c #}\nb", "a {# c #} b\n\n", "{% raw %} {{ x }} {% endraw %}\nz", "{%- raw -%}  {% if %} {%- endraw -%}  z",
             "\n\n{{ 1 }}\n\n", "a\r\n{% if true %}\r\nb\r\n{% endif %}\r\nc\r\n", "a\rb", "\t{% set x = 1 %}\t{{ x }}", "x {% if true %} y {% endif %} z", "{{- ' a ' -}}  b", "{{ 1 -}} \n {{- 2 }}", "  {% for i in [1,2] %}\n    {{ i }}\n  {% endfor %}\n", "{% if true %}{% endif %}\n\n  x", "{# a #}{# b #}\n  {% if true %}\n{% endif %}", "{{ '}}' }}", "{{ {'a': {'b': 1}}['a']['b'] }}", "{{ '{%' }}{{ \"{{\" }}", "{ { x } }", "{", "{% set x = '%}' %}{{ x }}", "   \n  {%- set a = 1 %}\nq", "é{%- if true %}ü{% endif -%}\u00a0x", "a{% if true %}\n\nb{% endif %}", "{%if true%}x{%endif%}", "{{x}}{{-x-}}", "{% for i in [1,2] -%}\n {{ i }}\n{%- endfor %}"]:
    add(text, x="X")

# Text that is marked as safe, and what is rare.
table(r"""
{{ 'a<' + h|safe }} {{ h|safe + '<b>' }} {{ (h|safe + s) ~ '<' }} {{ h|safe|upper + '&' }} {{ ('x'|safe) * 2 + "'" }}
{{ '<' ~ h|safe }} {{ h|e|e }} {{ h|e|forceescape }} {{ [h|safe, 'x'|e] }} {{ {'k': h|safe} | tojson }} {{ h|safe is escaped }} {{ h|e is string }}
{{ '%s|%s' | safe % ('<', h|safe) }} {{ '%s' % (h|safe) }} {{ '%r' | safe % '<' }} {{ '%d%%' | safe | format(3) }} {{ '%s'|safe|format('&') }}
{{ ('{}|{}'|safe).format('<', h|safe) }} {{ ('{}|{:>4}'|safe).format('<', '&') }} {{ '{}'.format(h|safe) }}
{{ (','|safe).join(['<', h|safe]) }} {{ ','.join([h|safe]) }} {{ ['<', h|safe] | join(',') }} {{ ('a<b'|safe).split('<') }}
{{ ('a-b'|safe).replace('-', '<') }} {{ ('a-b'|safe)|replace('-', '<') + '<' }} {{ ('a'|safe).center(5, '-') }} {{ ('abc'|safe)[1:] + '<' }} {{ ('abc'|safe)[0] + '<' }}
{{ (h|safe)|trim + '<' }} {{ ('a\nb'|safe)|indent + '<' }} {{ ('abcdefghijkl'|safe)|truncate(6, true, '<', 0) }} {{ ('ab'|safe)|reverse + '<' }} {{ ('ab'|safe)|last + '<' }} {{ ('ab'|safe)|first + '<' }}
{{ ('x'|safe) + none }}
{{ 1 + ('x'|safe) }}
{{ ('x'|safe) == 'x' }} {{ 'x' in {'x'|safe: 1} }} {{ ('a'|safe) < 'b' }} {{ {'x': 5}['x'|safe] }} {{ ('upper'|safe) is filter }} {{ ('3'|safe)|int }}
{{ tools_text|safe }} {{ (l|tojson|safe) + ' "q"' }} {{ ('"' + l|tojson)|safe }}
{{ ('x'|safe).nope.y }}
{{ ('{:>4}'|safe).format(h|safe) }}
{% for g in u|groupby('a') %}{{ g.grouper }}={{ g.list|length }};{{ g[0] }};{% endfor %}{{ (u|groupby('a'))[0] }}
{{ (u|groupby('a')|first).nope.x }}
{{ d[1:] }}
{{ x[1:] }}
{{ n[:2] }}
{{ l['a':] }}
{{ [{}, {}]|sort(attribute='k') }} {{ [n, n]|sort }} {{ ['b', 'A']|sort(attribute='q') }}
{{ [1, 'a', none]|sort }}
{{ [none, 1, 'a']|sort(reverse=true) }}
{{ {'b': 1, 1: 2}|dictsort }}
[{{ self.nothing }}]{{ self.nothing is defined }}
{{ self.nothing() }}
{{ 0.0 ** -1 }}
{{ 1e300 ** 2 }}
{{ 0.0 % -3 }} {{ 5 % -2.5 }} {{ -1 // 1e300 }} {{ 0.0 // -2.0 }} {{ -7 // 2.0 }}
{{ 's' * 1.5 }}
{{ l * s }}
{{ '%c' % 8364 }} {{ '{:c}{:n}'.format(65, 12) }} {{ '%a' % 'é' }} {{ '{!a}'.format('é') }}
{{ '%c' % -1 }}
{{ '{[0]}'.format('ab') }}
{{ '{:05}|{:d}|{:>6}|{:05}'.format(t, t, t, 'ab') }}
{{ '{:d}'.format(1.5) }}
{{ '{:,}'.format('a') }}
{{ '{:.2}'.format(3) }}
{{ '{:=5}'.format('a') }}
{{ [1]|indent }}
{{ d|indent }}
{{ zz|indent }}
{{ 5|last }}
{{ 5|reverse }}
{{ 5|truncate }}
{{ [1, 2]|truncate }}
{{ 'abc'|filesizeformat }}
{{ 'abc'|round(0, 'floor') }}
{{ l is filter }}
{{ l is lower(1) }}
{% macro m() %}x{% endmacro %}{% call m(z=1) %}y{% endcall %}
{% macro m(j) %}{% for k in j %}{{ m({'k': k}.k) }}{% endfor %}{% endmacro %}{{ m('abc') }}
""", **D)

STYLES = {
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "llama3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
    "mistral": "{{ bos_token }}{%- if messages[0].role == 'system' %}\n    {%- set system_message = messages[0].content %}\n    {%- set loop_messages = messages[1:] %}\n{%- else %}\n    {%- set loop_messages = messages %}\n{%- endif %}\n{%- for message in loop_messages %}\n    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\n        {{- raise_exception('roles must alternate') }}\n    {%- endif %}\n    {%- if message.role == 'user' %}\n        {%- if loop.last and system_message is defined %}\n            {{- '[INST] ' + system_message + '\\n\\n' + message.content + '[/INST]' }}\n        {%- else %}\n            {{- '[INST] ' ~ message.content ~ '[/INST]' }}\n        {%- endif %}\n    {%- else %}\n        {{- ' ' + message.content|trim + eos_token }}\n    {%- endif %}\n{%- endfor %}",
    "gemma": "{{ bos_token }}\n{%- if messages[0]['role'] == 'system' -%}\n    {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}\n    {%- set loop_messages = messages[1:] -%}\n{%- else -%}\n    {%- set first_user_prefix = \"\" -%}\n    {%- set loop_messages = messages -%}\n{%- endif -%}\n{%- for message in loop_messages -%}\n    {%- set role = 'model' if message.role == 'assistant' else message.role -%}\n    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else '') }}\n    {%- if message['content'] is string -%}\n        {{ message['content'] | trim }}\n    {%- elif message['content'] is iterable -%}\n        {%- for item in message['content'] -%}{%- if item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}{%- endfor -%}\n    {%- else -%}\n        {{ raise_exception(\"Invalid content type\") }}\n    {%- endif -%}\n    {{ '<end_of_turn>\\n' }}\n{%- endfor -%}\n{%- if add_generation_prompt -%}{{'<start_of_turn>model\\n'}}{%- endif -%}",
    "deepseek": "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<|User|>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is none %}{%- for tool in message['tool_calls'] %}{{'<|tool|>' + tool['type'] + '<|sep|>' + tool['function']['name'] + '\\n```json\\n' + tool['function']['arguments']|tojson + '\\n```'}}{%- endfor %}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<|Assistant|>' + content + '<|end|>'}}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{{'<|out|>' + message['content']}}{%- endif %}{%- endfor -%}{% if add_generation_prompt and not ns.is_tool %}{{'<|Assistant|><think>\\n'}}{% endif %}",
    "qwen3": "{%- if tools %}\n    {{- '<|im_start|>system\\n' }}\n    {%- if messages[0].role == 'system' %}\n        {{- messages[0].content + '\\n\\n' }}\n    {%- endif %}\n    {{- \"# Tools\\n<tools>\" }}\n    {%- for tool in tools %}\n        {{- \"\\n\" }}\n        {{- tool | tojson }}\n    {%- endfor %}\n    {{- \"\\n</tools><|im_end|>\\n\" }}\n{%- elif messages[0].role == 'system' %}\n    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}\n{%- endif %}\n{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}\n{%- for message in messages[::-1] %}\n    {%- set index = (messages|length - 1) - loop.index0 %}\n    {%- if ns.multi_step_tool and message.role == \"user\" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}\n        {%- set ns.multi_step_tool = false %}\n        {%- set ns.last_query_index = index %}\n    {%- endif %}\n{%- endfor %}\n{%- for message in messages %}\n    {%- if message.content is string %}\n        {%- set content = message.content %}\n    {%- else %}\n        {%- set content = '' %}\n    {%- endif %}\n    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}\n        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}\n    {%- elif message.role == 'assistant' %}\n        {%- set reasoning = '' %}\n        {%- if '</think>' in content %}\n            {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n        {%- endif %}\n        {%- if loop.index0 > ns.last_query_index and (loop.last or reasoning) %}\n            {{- '<|im_start|>assistant\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content }}\n        {%- else %}\n            {{- '<|im_start|>assistant\\n' + content }}\n        {%- endif %}\n        {%- for tool_call in message.tool_calls %}\n            {%- if (loop.first and content) or not loop.first %}{{- '\\n' }}{%- endif %}\n            {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}\n            {{- '<tool_call>\\n{\"name\": \"' ~ tool_call.name ~ '\", \"arguments\": ' }}\n            {%- if tool_call.arguments is string %}{{- tool_call.arguments }}{%- else %}{{- tool_call.arguments | tojson }}{%- endif %}\n            {{- '}\\n</tool_call>' }}\n        {%- endfor %}\n        {{- '<|im_end|>\\n' }}\n    {%- elif message.role == 'tool' %}\n        {%- if loop.first or (messages[loop.index0 - 1].role != 'tool') %}{{- '<|im_start|>user' }}{%- endif %}\n        {{- '\\n<tool_response>\\n' + content + '\\n</tool_response>' }}\n        {%- if loop.last or (messages[loop.index0 + 1].role != 'tool') %}{{- '<|im_end|>\\n' }}{%- endif %}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n    {%- if enable_thinking is defined and enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n    {%- endif %}\n{%- endif %}\n",
    "phi": "{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}",
    "command": "{% macro document(doc) %}{% for k, v in doc|dictsort %}{{ k|title }}: {{ v }}\n{% endfor %}{% endmacro %}{{ bos_token }}{%- macro kind(spec) -%}{%- if spec.type == 'array' -%}List[{{ kind(spec['items']) }}]{%- elif spec.type == 'object' -%}Dict{%- else -%}{{ {'string': 'str', 'integer': 'int'}[spec.type] }}{%- endif -%}{%- endmacro -%}{% for tool in tools or [] %}def {{ tool.function.name }}({% for name, spec in tool.function.parameters.properties.items() %}{{ name }}: {{ kind(spec) }}{{ ', ' if not loop.last }}{% endfor %}):\n    \"\"\"{{ tool.function.description }}\"\"\"\n{% endfor %}{% for message in messages %}<|{{ message.role|upper }}|>{{ (message.content or '')|trim }}{% endfor %}{{ document({'b': 1, 'a': 'x'}) }}Date: {{ strftime_now('%d %b %Y') }}",
    "generation": "{%- for message in messages %}\n{%- if message.role == 'assistant' %}\n<a>{% generation %}{{ message.content }}</a>{% endgeneration %}\n\n{%- else %}\n<u>{{ message.content }}</u>\n{%- endif %}\n{%- endfor %}",
}
for style in STYLES.values():
    for messages in (USER, CHAT, TOOLCHAT, CHAT[1:], [], [{"role": "user", "content": [{"type": "text", "text": " part "}, {"type": "image"}]}], USER + USER):
        for prompt in (True, False):
            add(style, messages=messages, tools=TOOLS if messages is TOOLCHAT else None, documents=None, add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>")
add(STYLES["qwen3"], messages=USER, tools=None, add_generation_prompt=True, enable_thinking=False)

out = []
for template, context in CASES:
    case = {"template": template, "context": context}
    try:
        compiled = tools._compile_jinja_template(template)
        blocks, indices = [], []
        with compiled.environment.activate_tracker(blocks, indices):
            for block in compiled.generate(**context):
                blocks.append(block)
        case["text"] = re.sub(r" at 0x[0-9a-f]+", " at 0x0", "".join(blocks))
        if indices:
            case["generations"] = indices
    except Exception as error:
        case["error"] = type(error).__name__
        case["message"] = error.message if isinstance(getattr(error, "message", None), str) else str(error)
    out.append(case)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "render.json"), "w") as file:
    json.dump(out, file, ensure_ascii=False, indent=0)
    file.write("\n")
print(len(out), "cases,", sum("error" in c for c in out), "errors")
