// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@Suite struct `File patterns` {
    @Test func `every row of Python's table holds`() throws {
        let paths = try FnmatchTable.paths.map { try RelativePath($0) }
        for (text, expected) in FnmatchTable.rows {
            let pattern = try FilePattern(text)
            let found = paths.map { pattern.matches($0) ? "x" : "." }.joined()
            #expect(found == expected, "`\(text)`")
        }
        #expect(FnmatchTable.rows.count == 260)
    }

    @Test func `a star crosses directories and a closing slash means everything below`() throws {
        let deep = try RelativePath("onnx/int8/model.onnx")
        for text in ["*.onnx", "onnx/", "onnx/*", "onnx/*.onnx", "*/model.onnx", "onnx/int8/"] {
            #expect(try FilePattern(text).matches(deep), "`\(text)`")
        }
        for text in ["onnx", "model.onnx", "int8/", "*.ONNX", "onnx/?/model.onnx"] {
            #expect(try !FilePattern(text).matches(deep), "`\(text)`")
        }
    }

    @Test func `a pattern of 1024 characters is accepted, one of 1025 and none are not`() throws {
        #expect(
            try FilePattern(String(repeating: "é", count: 1_024)).description.unicodeScalars.count
                == FilePattern.maximumLength)
        #expect(failure { _ = try FilePattern(String(repeating: "a", count: 1_025)) }?.code == .usage)
        #expect(failure { _ = try FilePattern("") }?.code == .usage)
    }

    @Test func `the worst pattern on the worst path ends`() throws {
        // A matcher that tries every star again would not end before the universe does.
        let pattern = try FilePattern(String(repeating: "*a", count: 500) + "*b")
        let path = try RelativePath(String(repeating: String(repeating: "a", count: 200) + "/", count: 5) + "a")
        #expect(!pattern.matches(path))
        #expect(try FilePattern(String(repeating: "*a", count: 500) + "*").matches(path))
        #expect(try !FilePattern(String(repeating: "[a-z/]*", count: 146) + "b").matches(path))
    }

    @Test func `patterns compare as bytes, and so do their letters`() throws {
        #expect(try FilePattern("\u{E9}") != FilePattern("e\u{301}"))
        #expect(try !FilePattern("\u{E9}").matches(RelativePath("e\u{301}")))
        #expect(try FilePattern("??").matches(RelativePath("e\u{301}")))
        #expect(try Set([FilePattern("*"), FilePattern("*")]).count == 1)
    }

    @Test(
        arguments: [
            ([], [], "a.json", true), (["*.json"], [], "a.json", true), (["*.json"], [], "a.bin", false),
            ([], ["*.bin"], "a.bin", false),
            (["*"], ["*.bin"], "a.bin", false), (["*.txt", "*.bin"], ["b*"], "a.bin", true),
            (["*.json"], ["*"], "a.json", false),
        ] as [([String], [String], String, Bool)])
    func `a path is selected when one includes it and none excludes it`(
        _ include: [String], _ exclude: [String], _ path: String, _ isSelected: Bool
    ) throws {
        let found = FilePattern.selects(
            try RelativePath(path), include: try include.map { try FilePattern($0) },
            exclude: try exclude.map { try FilePattern($0) })
        #expect(found == isSelected)
    }

    @Test(arguments: [51, 52, 53, 54] as [UInt64])
    func `a pattern agrees with a matcher that simply tries everything`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1_500 {
            let pattern = (0..<Int.random(in: 1...7, using: &random)).map { _ in "ab*?/".randomElement(using: &random)!
            }
            let text = (0..<Int.random(in: 1...8, using: &random)).map { _ in "ab/".randomElement(using: &random)! }
            guard let path = try? RelativePath(String(text)) else { continue }
            let whole = pattern.last == "/" ? pattern + ["*"] : pattern
            let expected = Self.naive(whole[...], text[...])
            #expect(try FilePattern(String(pattern)).matches(path) == expected, "`\(String(pattern))` on `\(path)`")
        }
    }

    private static func naive(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return naive(pattern.dropFirst(), text) || (!text.isEmpty && naive(pattern, text.dropFirst()))
        }
        guard let next = text.first, first == "?" || first == next else { return false }
        return naive(pattern.dropFirst(), text.dropFirst())
    }
}
