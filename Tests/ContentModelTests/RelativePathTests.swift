// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@Suite struct `Relative paths` {
    private static func long(_ count: Int) -> String { String(repeating: "a", count: count) }
    /// A path of exactly `count` bytes made of segments that are not too long.
    private static func deep(_ count: Int) -> String {
        var text = String(repeating: long(99) + "/", count: count / 100)
        text += long(count - text.utf8.count)
        return text
    }

    @Test(arguments: [
        "a", "config.json", "a/b", "onnx/sub/model.onnx", ".gitattributes", ".github/x", "a b", "näme", "日本/語", "-x",
        "~", "ab:c", "1:2",
        "...a", "..a", "a..b", "con1", "console", "com", "com0", "com10", "lpt", "git", "a.git", ".gitx", "*", "?",
        "%2e%2e", "a/…", "\u{FEFF}a",
        "e\u{301}", "👩‍👩‍👧",
    ])
    func `what can be a file is accepted`(_ text: String) throws {
        #expect(try RelativePath(text).description.utf8.elementsEqual(text.utf8))
    }

    @Test(arguments: [
        ("", "empty"), ("/", "absolute"), ("/a", "absolute"), ("//a", "absolute"), ("a/", "empty segment"),
        ("a//b", "empty segment"),
        (".", "leaves"), ("..", "leaves"), ("a/..", "leaves"), ("a/../b", "leaves"), ("../a", "leaves"),
        ("a/./b", "leaves"),
        ("a\\b", "backslash"), ("..\\a", "backslash"), ("a\0b", "NUL"), ("a\nb", "control"), ("a\tb", "control"),
        ("a\u{7F}", "control"),
        ("a\u{85}b", "control"), ("a\u{9B}b", "control"), ("a\u{2028}b", "line separator"),
        ("a\u{2029}b", "line separator"),
        ("a\u{202A}b", "bidirectional"), ("a\u{202E}b", "bidirectional"), ("a\u{2066}b", "bidirectional"),
        ("a\u{2069}b", "bidirectional"),
        ("C:", "drive"), ("c:/x", "drive"), ("x/d:y", "drive"), ("a.", "dot or a space"), ("a ", "dot or a space"),
        ("a./b", "dot or a space"),
        ("a /b", "dot or a space"), ("...", "dot or a space"), (".git", "reserved"), (".GIT/config", "reserved"),
        ("a/.Git", "reserved"),
        ("con", "device"), ("CON", "device"), ("Prn.txt", "device"), ("x/aux", "device"), ("nul.tar.gz", "device"),
        ("com1", "device"),
        ("COM9.x", "device"), ("lpt1/x", "device"),
    ])
    func `what cannot be a file on every disk is refused, with the rule`(_ text: String, _ reason: String) throws {
        let failure = try #require(failure { _ = try RelativePath(text) })
        #expect(failure.code == .invalidPath)
        #expect(failure.message.contains(reason), "\(failure.message)")
        #expect(failure.hint != nil)
        // Nothing that moves a terminal's cursor gets through.
        #expect(
            failure.message.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && !(0x80...0x9F).contains($0.value)
            })
    }

    @Test func `a path of 1024 bytes is accepted, one of 1025 is not`() throws {
        #expect(try RelativePath(Self.deep(1_024)).description.utf8.count == RelativePath.maximumLength)
        #expect(failure { _ = try RelativePath(Self.deep(1_025)) }?.message.contains("1024 bytes") == true)
        // Bytes are counted, not characters.
        #expect(failure { _ = try RelativePath(String(repeating: "é/", count: 341) + "éé") }?.code == .invalidPath)
    }

    @Test func `a segment of 255 bytes is accepted, one of 256 is not`() throws {
        #expect(try RelativePath("x/" + Self.long(255)).name.utf8.count == RelativePath.maximumSegmentLength)
        #expect(failure { _ = try RelativePath("x/" + Self.long(256)) }?.message.contains("255 bytes") == true)
        #expect(
            failure { _ = try RelativePath(String(repeating: "é", count: 128)) }?.message.contains("255 bytes") == true)
    }

    @Test func `paths compare as bytes`() throws {
        let (composed, decomposed) = (try RelativePath("\u{E9}"), try RelativePath("e\u{301}"))
        #expect(composed.description == decomposed.description)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
        #expect(
            try ["b", "a/b", "a.b", "a", "B", "é"].map { try RelativePath($0) }.sorted().map(\.description) == [
                "B", "a", "a.b", "a/b", "b", "é",
            ])
    }

    @Test(arguments: [
        ("a/b/c.JSON", ["a", "b", "c.JSON"], "c.JSON", "json"), ("x", ["x"], "x", ""),
        (".hidden", [".hidden"], ".hidden", "hidden"),
        ("a.tar.gz", ["a.tar.gz"], "a.tar.gz", "gz"), ("d.ir/f", ["d.ir", "f"], "f", ""),
    ])
    func `the parts of a path are what they look like`(
        _ text: String, _ segments: [String], _ name: String, _ ending: String
    ) throws {
        let path = try RelativePath(text)
        #expect(path.segments == segments && path.name == name && path.fileExtension == ending)
    }

    @Test(arguments: [
        ("README.md", "readme.md"), ("a/B", "A/b"), ("é", "e\u{301}"), ("É", "e\u{301}"), ("straße", "STRASSE"),
        ("ß", "SS"), ("ß", "ẞ"),
        ("\u{212A}", "k"), ("\u{212A}", "K"), ("\u{2126}", "ω"), ("Å", "\u{212B}"), ("ﬁ", "FI"), ("Σ", "ς"), ("x", "x"),
    ])
    func `names that a disk may fold to one are refused together`(_ first: String, _ second: String) throws {
        let paths = [try RelativePath(first), try RelativePath("other"), try RelativePath(second)]
        #expect(failure { try RelativePath.checkDistinct(paths) }?.code == .invalidPath)
        #expect(failure { try RelativePath.checkDistinct(Array(paths[..<2])) } == nil)
    }

    @Test(arguments: [
        ("a", "a/b"), ("a/b", "a"), ("A", "a/b"), ("a/b/c", "a/B"), ("é", "e\u{301}/x"), ("SS/x", "ß"),
    ])
    func `a file cannot be a directory of another one`(_ first: String, _ second: String) throws {
        let failure = try #require(
            failure { try RelativePath.checkDistinct([try RelativePath(first), try RelativePath(second)]) })
        #expect(failure.message.contains("directory"))
    }

    @Test func `names that only look alike can live together`() {
        let names = [
            "a", "a.b", "ab/c", "a-b", "b/a", "c/a", "aa", "i", "j", "o", "ö", "0", "model.bin", "model.bin.index.json",
        ]
        #expect(failure { try RelativePath.checkDistinct(try names.map { try RelativePath($0) }) } == nil)
    }

    @Test(arguments: [41, 42, 43] as [UInt64])
    func `no text makes a path that leaves its directory`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = [
            "a", "B", ".", "..", "/", "\\", " ", "\0", "é", "e\u{301}", ":", "con", ".git", "\u{202E}", "\n", "~", "ß",
        ]
        var accepted = 0
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0...7, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
                .joined()
            guard let path = try? RelativePath(text) else { continue }
            accepted += 1
            #expect(path.description.utf8.elementsEqual(text.utf8))
            #expect(path.segments.joined(separator: "/") == text)
            #expect(
                !path.segments.contains {
                    $0.isEmpty || $0 == "." || $0 == ".." || $0.utf8.contains(0) || $0.utf8.contains(0x5C)
                })
            #expect(failure { try RelativePath.checkDistinct([path]) } == nil)
            #expect(failure { try RelativePath.checkDistinct([path, path]) }?.message.contains("twice") == true)
        }
        #expect(accepted > 100)
    }
}
