// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Drift

@Suite struct `A difference of two texts` {
    @Test func `equal texts have none`() {
        for text in ["", "a", "a\n", "a\nb\n"] {
            #expect(TextDiff(text, text).isEmpty)
            #expect(TextDiff(text, text).unified(oldName: "a", newName: "b").isEmpty)
        }
    }

    /// What `diff -u` prints for the same texts.
    @Test(arguments: [
        ("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"),
        ("", "a\n", "@@ -0,0 +1 @@\n+a\n"),
        ("a\n", "", "@@ -1 +0,0 @@\n-a\n"),
        ("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"),
        ("a\nb", "x\nb", "@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n"),
        ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nx\n", "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+x\n"),
        (
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
            "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+y\n"
        ),
        ("a\r\n", "a\n", "@@ -1 +1 @@\n-a\r\n+a\n"),
    ])
    func `is the unified diff`(_ old: String, _ new: String, _ expected: String) {
        let text = TextDiff(old, new).unified(oldName: "one", newName: "two")
        #expect(text == "--- one\n+++ two\n" + expected)
    }

    @Test func `two spellings of one letter differ`() {
        let diff = TextDiff("caf\u{E9}\n", "cafe\u{301}\n")
        #expect(diff.added == 1 && diff.removed == 1)
    }

    @Test func `without context the place of an insertion is the line in front of it`() {
        let hunk = TextDiff("a\nb\n", "a\nx\nb\n", context: 0).hunks.first
        #expect(hunk?.oldStart == 1 && hunk?.oldCount == 0 && hunk?.newStart == 2 && hunk?.newCount == 1)
    }

    /// Puts the hunks into the old text.
    private static func applied(_ diff: TextDiff, to old: String) -> String {
        var lines = old.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self) + "\n"
        }
        if let last = lines.last, last == "\n" {
            lines.removeLast()
        } else if let last = lines.last {
            lines[lines.count - 1] = String(last.dropLast())
        }
        var out: [String] = []
        var place = 0
        for hunk in diff.hunks {
            let start = hunk.oldCount == 0 ? hunk.oldStart : hunk.oldStart - 1
            out += lines[place..<start]
            place = start
            var wasRemoved = false
            for line in hunk.lines {
                switch line {
                case .context(let text):
                    #expect(
                        lines[place].utf8.elementsEqual((text + "\n").utf8)
                            || lines[place].utf8.elementsEqual(text.utf8))
                    out.append(text + "\n")
                    place += 1
                    wasRemoved = false
                case .removed:
                    place += 1
                    wasRemoved = true
                case .added(let text):
                    out.append(text + "\n")
                    wasRemoved = false
                case .noLineEnd:
                    if !wasRemoved, let last = out.popLast() { out.append(String(last.dropLast())) }
                }
            }
        }
        return (out + lines[place...]).joined()
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `puts the new text together from the old one, with the least lines`(seed: UInt64) {
        var dice = Dice(seed: seed)
        for round in 0..<120 {
            func text() -> String {
                let lines = (0..<Int.random(in: 0...12, using: &dice)).map { _ in
                    ["a", "b", "c", "", "é", "e\u{301}"][Int.random(in: 0..<6, using: &dice)]
                }
                return lines.joined(separator: "\n") + (Bool.random(using: &dice) && !lines.isEmpty ? "\n" : "")
            }
            let (old, new) = (text(), text())
            let diff = TextDiff(old, new, context: Int.random(in: 0...3, using: &dice))
            #expect(Self.applied(diff, to: old).utf8.elementsEqual(new.utf8), "seed \(seed), round \(round)")
            #expect(!diff.isCoarse)
            // The least: what the table of the longest common part says.
            let (a, b) = (TextDiffLines(old).keys, TextDiffLines(new).keys)
            var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
            for i in a.indices {
                for j in b.indices {
                    table[i + 1][j + 1] = a[i] == b[j] ? table[i][j] + 1 : max(table[i][j + 1], table[i + 1][j])
                }
            }
            #expect(
                diff.removed == a.count - table[a.count][b.count],
                "seed \(seed), round \(round): \(old.debugDescription) \(new.debugDescription)")
        }
    }

    @Test func `texts that are far apart are bounded and say that they are coarse`() {
        let old = (0..<4000).map { "old \($0)" }
        let new = (0..<4000).map { "new \($0)" }
        let shared = ["=== a", "=== b"]
        let before = ([shared[0]] + old[..<2000] + ["middle"] + old[2000...] + [shared[1]]).joined(separator: "\n")
        let after = ([shared[0]] + new[..<2000] + ["middle"] + new[2000...] + [shared[1]]).joined(separator: "\n")
        let diff = TextDiff(before, after)
        #expect(diff.isCoarse && diff.removed == 4000 && diff.added == 4000)
        #expect(diff.hunks.count == 1 && Self.applied(diff, to: before) == after)
    }
}

/// The same numbers for the same seed.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
