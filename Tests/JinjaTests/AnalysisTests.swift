// SPDX-License-Identifier: Apache-2.0

import Jinja
import Testing

@Suite struct `The analysis of a template` {
    private func analyse(_ text: String) throws -> TemplateAnalysis { TemplateAnalysis(try Template(parsing: text)) }

    @Test(arguments: [
        "{{ x.__class__ }}", "{{ x['__class__'] }}", "{{ x['__cl' ~ 'ass__'] }}", "{{ x['__cl' + 'ass__'] }}",
        "{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}", "{{ x|attr('__class__') }}", "{{ x|attr('__cl'~'ass__') }}",
        "{{ x['%sclass%s' % ('__', '__')] }}", "{{ x['{0}class{0}'.format('__')] }}",
        "{{ x[['__', 'class', '__']|join] }}",
        "{{ x['__'.join(['', 'class', ''])] }}", "{{ x['__ssalc__'[::-1]] }}", "{{ x['__ssalc__'|reverse] }}",
        "{{ x['--class--'.replace('-', '_')] }}", "{{ x['__CLASS__'|lower] }}", "{{ x|map(attribute='__class__') }}",
        "{{ '{0.__class__}'.format(x) }}", "{{ x['__class' '__'] }}", "{% if x %}{{ y(x.__class__) }}{% endif %}",
        "{% set y = x.__class__ %}", "{% for i in x.__class__ %}{% endfor %}",
        "{% macro m(a=x.__class__) %}{% endmacro %}",
        "{% call m(x.__class__) %}{% endcall %}", "{% call y[x.__class__]() %}{% endcall %}",
        "{% set a|attr('__class__') %}{% endset %}",
        "{{ x|selectattr('__class__') }}", "{{ [1, {'a': x.__class__}] }}", "{{ a if x.__class__ else b }}",
    ])
    func `finds a hidden name`(_ text: String) throws {
        let accesses = try analyse(text).accesses
        #expect(accesses.contains { $0.name == "__class__" }, "\(accesses)")
    }

    @Test func `says when a name is not known before it runs`() throws {
        let found = try analyse("{{ x[a ~ 'ss__']() }}").accesses
        #expect(found.count == 1)
        #expect(found.first?.name == nil && found.first?.isCalled == true && found.first?.way == .brackets)
    }

    @Test func `bounds loops inside each other`() throws {
        let loops = try analyse(
            "{% for a in range(1000) %}{% for b in range(2, 1002) %}{% for c in messages %}{% endfor %}{% endfor %}{% endfor %}{% for x in 'abc' %}{% endfor %}"
        ).loops
        #expect(loops.map(\.bound) == [1000, 1_000_000, nil, 3])
        #expect(loops.map(\.level) == [1, 2, 3, 1])
    }

    @Test func `finds conditions on content, inclusions, calls and names`() throws {
        let found = try analyse(
            "{% if 'weather' in messages[-1].content|lower %}Go to https://example.org{% endif %}{% include 'a' ~ 'b' %}{{ raise_exception('x') }}"
        )
        #expect(found.conditions.map(\.text) == ["weather"])
        #expect(found.inclusions.map(\.text) == ["ab"])
        #expect(found.calls.map(\.text) == ["raise_exception"])
        #expect(found.names.map(\.text).contains("messages"))
        #expect(found.outputs.map(\.text) == ["Go to https://example.org"])
    }

    @Test func `stays silent about ordinary templates`() throws {
        for row in Judged.all where row.template.contains("<|im_start|>") {
            let found = try analyse(row.template)
            #expect(found.accesses.allSatisfy { !($0.name ?? "").hasPrefix("_") })
            #expect(found.inclusions.isEmpty && found.conditions.isEmpty || row.template.contains("think"))
        }
    }
}
