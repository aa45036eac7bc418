// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Jinja
import Testing

@Suite struct `The sandbox` {
    private func kind(_ template: String, _ change: (inout RenderBudget) -> Void = { _ in }) -> JinjaError.Kind? {
        var budget = RenderBudget()
        change(&budget)
        do throws(JinjaError) {
            _ = try render(template, budget: budget)
            return nil
        } catch { return error.kind }
    }

    @Test(arguments: [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ 'x' * 999999999999 }}", "{{ [1] * 99999999999 }}", "{{ 2 ** 100 }}", "{{ 9223372036854775807 + 1 }}",
        "{{ 99999999999999999999 }}", "{{ '%999999d' % 1 }}", "{{ '{:999999}'.format(1) }}",
        "{{ 'a'.ljust(99999999999) }}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}",
        "{% set ns = namespace(n=0) %}{% macro m() %}{{ m() if ns.n < 900 }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ caller() }}{% call m() %}{% endcall %}{% endmacro %}{% call m() %}x{% endcall %}",
        "{% set j = joiner() %}{% macro m() %}{{ m() if j() != 1 }}{% endmacro %}{{ m() }}",
        "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l] %}{% endfor %}",
        "{% set ns = namespace(l=['aaaaaaaaaaaaaaaa']) %}{% for i in range(50) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ [range(100000)|list] * 1000 }}", "{{ 'a\\nb' | indent(99999999999) }}",
        "{{ [1,2]|batch(99999999, 1)|list }}", "{{ [1,2]|slice(99999999)|list }}",
        "{{ ('a' * 1000000).replace('a', 'b' * 1000) }}",
    ])
    func `ends what is too large by its budget`(_ template: String) {
        #expect(kind(template) == .budget)
    }

    @Test(arguments: [
        "{% for i in range(100000) %}{% generation %}{{ 'x' * 400 }}{% endgeneration %}{% endfor %}",
        "{% for i in range(100000) %}{{ strftime_now('%A%B' * 1000)|length }}{% endfor %}",
        "{% for i in range(100000) %}{{ ('<' * 100000)|striptags|length }}{% endfor %}",
        "{% set s = 'a' * 100000 %}{% for i in range(100000) %}{{ s is lower }}{{ s|length }}{{ s|e|length }}{% endfor %}",
        "{% for i in range(100000) %}{{ '%.1074f' % 5e-324 }}{% endfor %}",
    ])
    func `charges for work that takes one step to write`(_ template: String) {
        #expect(
            kind(template) {
                $0.steps = 50_000
                $0.outputBytes = 1 << 20
            } == .budget)
    }

    @Test(arguments: [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(t) %}{% for c in t %}{{ m({'t': c}.t) }}{% endfor %}{% endmacro %}{{ m('null') }}",
        "{% macro a(x, y=1) %}{{ b(x) }}{% endmacro %}{% macro b(x) %}{{ a(x, y=[x]) }}{% endmacro %}{{ a({'k': none}) }}",
    ])
    func `fails as Python does where a macro calls itself with the same for ever`(_ template: String) {
        #expect(kind(template) == .recursion)
    }

    @Test func `bounds each of its budgets at the limit and one over`() {
        let table: [(String, String, (inout RenderBudget, Int) -> Void, Int)] = [
            ("output", "abcdefgh", { $0.outputBytes = $1 }, 8),
            ("string", "{{ 'abcd' ~ 'efgh' }}", { $0.stringBytes = $1 }, 8),
            ("sequence", "{{ range(20)|list|length }}", { $0.sequenceCount = $1 }, 20),
        ]
        for (name, template, set, limit) in table {
            #expect(kind(template) { set(&$0, limit) } == nil, "\(name)")
            #expect(kind(template) { set(&$0, limit - 1) } == .budget, "\(name)")
        }
    }

    @Test func `bounds what it parses`() {
        func parses(_ text: String) -> JinjaError.Kind? {
            do throws(JinjaError) {
                _ = try Template(parsing: text)
                return nil
            } catch { return error.kind }
        }
        let many = 20_000
        for (open, close) in [("(", ")"), ("[", "]"), ("-", "1"), ("not ", "1"), ("{1:", "}"), ("a(", ")")] {
            let text =
                "{{ " + String(repeating: open, count: many) + "1" + String(repeating: close, count: many) + " }}"
            #expect(parses(text) == .budget, "\(open)")
        }
        for chain in [".a", "[0]", "|e", "()", "+1", " or 1", " if 1"] {
            #expect(parses("{{ a" + String(repeating: chain, count: many) + " }}") == .budget, "\(chain)")
        }
        #expect(parses(String(repeating: "{% if x %}", count: many)) == .budget)
        #expect(parses("{{ a" + String(repeating: " ~ 1", count: 1000) + " }}") == nil)
        var limits = ParseLimits()
        limits.sourceBytes = 4
        #expect(throws: JinjaError.self) { try Template(parsing: "abcde", limits: limits) }
        #expect(throws: Never.self) { try Template(parsing: "abcd", limits: limits) }
    }

    @Test func `tells the time that it is given and says so`() throws {
        let template = try Template(parsing: "{{ strftime_now('%Y') }}{{ strftime_now('%d') }}")
        let rendering = try template.render([], now: moment)
        #expect(rendering.text == "202509")
        #expect(rendering.clockFormats == ["%Y", "%d"])
    }

    @Test func `does not take two spellings of a letter for one`() throws {
        #expect(try render("{{ {'\\u00e9': 1}['e\\u0301'] is defined }}{{ '\\u00e9' == 'e\\u0301' }}") == "FalseFalse")
        #expect(try render("{{ 'e\\u0301'|length }}{{ '\\r\\n'|length }}") == "22")
    }

    @Test func `gives places in the text as it was given`() throws {
        do throws(JinjaError) {
            _ = try render("é\r\n\r\n{{ 1 + none }}")
        } catch {
            #expect(error.place == SourcePlaceCheck.place(of: error, line: 3, offset: 9))
        }
    }

    @Test func `survives mutations of every template`() throws {
        let seed: UInt64 = 0x6a69_6e6a
        print("seed \(seed)")
        var random = Seeded(seed)
        let rows = Judged.all.filter { !$0.template.isEmpty }
        let pieces = [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "(", ")", "[", "]", "|", "~", "**", "'", "\"", "\\", " if ",
            " else ",
            " for x in ", " is ", " not ", "{% for i in range(9) %}", "{% endfor %}", "{% set x = ", "{% macro m() %}",
            "loop", "ns",
            ".", ",", ":", "%", "0", "999999999", "1e308", "\u{0}", "é", "\r\n", "|tojson", "|map('upper')",
            "|groupby('a')", ".format(",
        ]
        var parsed = 0
        for _ in 0..<20_000 {
            guard let row = rows.randomElement(using: &random) else { return }
            var text = Array(row.template.unicodeScalars)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0...text.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: if place < text.count { text.remove(at: place) }
                case 1:
                    text.insert(
                        contentsOf: Array((pieces.randomElement(using: &random) ?? "").unicodeScalars), at: place)
                case 2:
                    let end = min(text.count, place + Int.random(in: 0...20, using: &random))
                    text.insert(
                        contentsOf: Array(text[place..<end]), at: Int.random(in: 0...text.count, using: &random))
                default:
                    let end = min(text.count, place + Int.random(in: 0...20, using: &random))
                    text.removeSubrange(place..<end)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            if fuzzJinja(String(view), row.context) { parsed += 1 }
        }
        #expect(parsed > 2000, "the mutations are so wild that nothing is a template any more")
    }
}

private enum SourcePlaceCheck {
    static func place(of error: JinjaError, line: Int, offset: Int) -> SourcePlace? {
        error.place?.line == line && error.place?.offset == offset ? error.place : nil
    }
}
