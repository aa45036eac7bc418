// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@Suite struct `Text from and for outside` {
    @Test(arguments: [
        ("", "", ""), ("aZ09_.-~", "", "aZ09_.-~"), ("dev/x", "", "dev%2Fx"), ("dev/x", "/", "dev/x"),
        ("a b+c", "", "a%20b%2Bc"),
        ("é", "", "%C3%A9"), ("日", "", "%E6%97%A5"), ("%2F", "", "%252F"), ("a\0b", "", "a%00b"),
        ("?#&=", "", "%3F%23%26%3D"), ("a:b@c", ":@", "a:b@c"),
    ])
    func `quoting is that of Python`(_ text: String, _ safe: String, _ quoted: String) {
        #expect(PercentEncoding.quote(text, safe: safe) == quoted)
        #expect(PercentEncoding.unquote(quoted) == text)
    }

    @Test(arguments: [
        "%", "%2", "a%", "%zz", "%2g", "%g2", "%%20", "% 20", "%é", "%C3", "%FF", "%C3%28", "%ED%A0%80", "%C0%80",
    ])
    func `a broken escape and broken UTF-8 are refused`(_ text: String) {
        #expect(PercentEncoding.unquote(text) == nil)
    }

    @Test func `both cases of the digits are read, and a plus is a plus`() {
        #expect(PercentEncoding.unquote("%2f%2F%c3%A9+") == "//é+")
    }

    @Test(arguments: [71, 72, 73] as [UInt64])
    func `what was quoted unquotes to itself`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let value = UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7F : 0x10_FFFF), using: &random)
                text.unicodeScalars.append(UnicodeScalar(value) ?? "?")
            }
            let quoted = PercentEncoding.quote(text, safe: "/")
            #expect(quoted.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            let back = try #require(PercentEncoding.unquote(quoted))
            #expect(back.utf8.elementsEqual(text.utf8))
        }
    }

    @Test func `a secret never prints`() throws {
        let secret = try #require(Secret(" hf_abc123\n"))
        #expect(secret.revealed == "hf_abc123")
        var dumped = ""
        dump(secret, to: &dumped)
        dump([secret], to: &dumped)
        dump(["token": secret], to: &dumped)
        struct Holder { let token: Secret? }
        let holder = Holder(token: secret)
        for text in [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", "\(holder)",
            String(reflecting: holder), dumped,
        ] {
            #expect(!text.contains("abc123"), "\(text)")
            #expect(text.contains("[redacted]") || text == dumped, "\(text)")
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test(arguments: [nil, "", " ", "\n\t "]) func `an empty secret is none`(_ text: String?) {
        #expect(Secret(text) == nil)
    }

    @Test(arguments: [
        ("plain text é 日", "plain text é 日"), ("a\u{1B}[31mred", "a\\u{1b}[31mred"), ("a\nb\tc", "a\\u{a}b\\u{9}c"),
        ("\0", "\\u{0}"),
        ("a\u{202E}b\u{2066}", "a\\u{202e}b\\u{2066}"), ("\u{200B}\u{FEFF}", "\\u{200b}\\u{feff}"),
        ("\u{2028}", "\\u{2028}"), ("\u{9B}", "\\u{9b}"),
        ("\u{E000}", "\\u{e000}"), ("\u{10FFFF}", "\\u{10ffff}"), ("", ""),
    ])
    func `what could move a cursor or hide text is escaped`(_ text: String, _ shown: String) {
        #expect(Escaped(text).description == shown)
    }

    @Test func `a text at the limit is whole, one character more is cut`() {
        #expect(Escaped(String(repeating: "a", count: 300)).description == String(repeating: "a", count: 300))
        #expect(Escaped(String(repeating: "a", count: 301)).description == String(repeating: "a", count: 300) + "…")
        #expect(Escaped("abc", limit: 2).description == "ab…")
        // Marks count too: one letter with a million accents is not one character.
        #expect(
            Escaped("a" + String(repeating: "\u{301}", count: 1_000), limit: 10).description.unicodeScalars.count == 11)
    }
}
