// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@Suite struct `JSON values` {
    @Test(
        arguments: [
            (.null, "null"), (true, "true"), (false, "false"), (0, "0"), (-7, "-7"),
            (.integer(.max), "9223372036854775807"),
            (.integer(.min), "-9223372036854775808"), (.number(0.7), "0.7"), (.number(1), "1.0"), (.number(-2), "-2.0"),
            (.number(0.1 + 0.2), "0.30000000000000004"),
            (.number(1e-7), "1e-07"), (.number(1e300), "1e+300"), (.number(999_999_999_999_999), "999999999999999.0"),
            (.number(1e15), "1000000000000000.0"), (.number(1e16), "1e+16"),
            (.number(.infinity), "null"), (.number(-.infinity), "null"), (.number(.nan), "null"), ("", "\"\""),
            ("a\"b\\c/d", "\"a\\\"b\\\\c/d\""),
            ("\n\r\t", "\"\\n\\r\\t\""), ("\u{0}\u{8}\u{1F}\u{7F}", "\"\\u0000\\u0008\\u001f\\u007f\""),
            ("é日👩‍👩‍👧\u{2028}", "\"é日👩‍👩‍👧\u{2028}\""),
            (.array([]), "[]"), (.object([JSONValue.Member]()), "{}"), (.array([1, "a", .null]), "[1,\"a\",null]"),
            (.object([.init("b", 1), .init("a", .array([]))]), "{\"b\":1,\"a\":[]}"),
        ] as [(JSONValue, String)])
    func `the compact text is exactly this`(_ value: JSONValue, _ text: String) {
        #expect(value.text(.compact).utf8.elementsEqual(text.utf8), "\(value.text(.compact))")
    }

    @Test func `a deeper container stays on one line`() {
        let value = JSONValue.object([
            .init("a", .array([1, .object([.init("b", .array([2, 3]))])])), .init("c", .array([])),
            .init("d", .object([JSONValue.Member]())),
        ])
        #expect(value.text(.indented(breakDepth: 0)) == #"{"a": [1, {"b": [2, 3]}], "c": [], "d": {}}"#)
        #expect(
            value.text(.indented(breakDepth: 1)) == """
                {
                  "a": [1, {"b": [2, 3]}],
                  "c": [],
                  "d": {}
                }
                """)
        #expect(
            value.text(.indented(breakDepth: 2)) == """
                {
                  "a": [
                    1,
                    {"b": [2, 3]}
                  ],
                  "c": [],
                  "d": {}
                }
                """)
        #expect(value.text() == value.text(.indented(breakDepth: .max)))
        #expect(value.text().split(separator: "\n").count == 13)
    }

    @Test func `members are found by bytes, and those without a value are left out`() {
        let value = JSONValue.object(["a": 1, "b": nil, "e\u{301}": "x"])
        #expect(value.members?.map(\.key) == ["a", "e\u{301}"])
        #expect(value["a"]?.integer == 1)
        #expect(value["b"] == nil)
        #expect(value["\u{E9}"] == nil)
        #expect(value["e\u{301}"]?.string == "x")
        #expect(JSONValue.array([1])["a"] == nil && JSONValue.array([1]).array?.count == 1)
        #expect(
            JSONValue.number(1).integer == nil && JSONValue.integer(1).string == nil && JSONValue.null.members == nil
                && value.array == nil)
    }

    @Test func `numbers keep their kind as far as JSON has one`() throws {
        #expect(try JSONValue.parse(Array("[9223372036854775807]".utf8)) == .array([.integer(.max)]))
        #expect(
            try JSONValue.parse(Array("[9223372036854775808]".utf8)) == .array([.number(9_223_372_036_854_775_808)]))
        #expect(try JSONValue.parse(Array("[true, 1, null]".utf8)) == .array([true, 1, .null]))
    }

    @Test(arguments: [61, 62, 63, 64, 65, 66] as [UInt64])
    func `what was written reads back as it was`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let value = JSONValue.object([.init("root", Self.make(&random, depth: 0))])
            for layout in [JSONValue.Layout.compact, .indented(breakDepth: 2), .indented(breakDepth: .max)] {
                #expect(try JSONValue.parse(Array(value.text(layout).utf8)) == value, "\(value.text(.compact))")
            }
        }
    }

    private static func make(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth < 4 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64(truncatingIfNeeded: random.next()))
        case 3:
            // Whole numbers come back as integers: JSON does not tell them apart.
            let number = Double(bitPattern: random.next())
            return .number(number.isFinite && number != number.rounded() ? number : 0.5)
        case 4, 5: return .string(text(&random))
        case 6: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in make(&random, depth: depth + 1) })
        default:
            // Reading gives the keys in byte order.
            let keys = Set((0..<Int.random(in: 0...4, using: &random)).map { _ in text(&random) + "k" })
            return .object(
                keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
                    JSONValue.Member($0, make(&random, depth: depth + 1))
                })
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let value = UInt32.random(
                in: 0...[0x7F, 0x7FF, 0xFFFF, 0x10_FFFF].randomElement(using: &random)!, using: &random)
            text.unicodeScalars.append(UnicodeScalar(value) ?? "?")
        }
        return text
    }
}
