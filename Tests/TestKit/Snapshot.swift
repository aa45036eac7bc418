// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A text compared with the one stored in the `Snapshots` folder beside the test's source.
///
/// `RECORD=1` stores the text that came and fails once, so that a recording never passes for a test.
package struct Snapshot {
    /// A replacement of what differs from run to run.
    package enum Filter {
        /// This text, such as the path of a temporary directory.
        case text(String, String)
        /// Ports after `127.0.0.1:` and `localhost:`.
        case ports
        /// Durations such as `1.2s`, `35 ms` and `2m 3s`.
        case durations
        /// Speeds such as `12.3 MB/s`.
        case speeds
        /// Sizes such as `12.3 MB`.
        case sizes
        /// Dates and times in ISO form.
        case dates
        /// What matches a regular expression.
        case pattern(String, String)

        fileprivate func apply(_ text: String) throws -> String {
            switch self {
            case .text(let found, let token): return found.isEmpty ? text : text.replacing(found, with: token)
            case .ports: return text.replacing(#/(127\.0\.0\.1|localhost|\[::1\]):\d+/#) { "\($0.output.1):[PORT]" }
            case .durations: return text.replacing(#/\b\d+(\.\d+)?\s?(ms|s|m|h)\b( \d+s)?/#) { _ in "[TIME]" }
            case .speeds: return text.replacing(#/\b\d+(\.\d+)? ?[kMGT]?B\/s/#) { _ in "[SPEED]" }
            case .sizes: return text.replacing(#/\b\d+(\.\d+)? ?[kMGT]?B\b/#) { _ in "[SIZE]" }
            case .dates:
                return text.replacing(#/\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?/#) { _ in "[DATE]" }
            case .pattern(let pattern, let token): return text.replacing(try Regex(pattern), with: token)
            }
        }
    }

    /// The text is not the stored one.
    package struct Mismatch: Error, CustomStringConvertible {
        /// Which snapshot, what was stored and what came, line by line where they differ.
        package let description: String
    }

    private let file: URL
    private let filters: [Filter]

    /// Names a snapshot; filters are applied in order.
    package init(_ name: String, filters: [Filter] = [], testFile: String = #filePath) {
        file = URL(fileURLWithPath: testFile).deletingLastPathComponent().appendingPathComponent(
            "Snapshots/\(name).txt")
        self.filters = filters
    }

    /// Compares `text` with the stored one.
    ///
    /// - Throws: `Mismatch` when they differ, when there is none yet, and when it was recorded just now.
    package func check(_ text: String) throws {
        var text = text
        for filter in filters { text = try filter.apply(text) }
        let stored = (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) }
        if let stored, stored.utf8.elementsEqual(text.utf8) { return }
        guard ProcessInfo.processInfo.environment["RECORD"] == "1" else {
            guard let stored else {
                throw Mismatch(
                    description: "there is no snapshot \(file.lastPathComponent); RECORD=1 stores this one:\n\(text)")
            }
            throw Mismatch(
                description: "snapshot \(file.lastPathComponent) differs (RECORD=1 rewrites it):\n"
                    + Snapshot.difference(stored, text))
        }
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        throw Mismatch(description: "snapshot \(file.lastPathComponent) was recorded; run again without RECORD=1")
    }

    private static func difference(_ stored: String, _ found: String) -> String {
        let old = stored.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let new = found.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [String] = []
        var (o, n) = (0, 0)
        while o < old.count || n < new.count {
            if o < old.count, removed.contains(o) {
                lines.append("- " + old[o])
                o += 1
            } else if n < new.count, inserted.contains(n) {
                lines.append("+ " + new[n])
                n += 1
            } else {
                lines.append("  " + (o < old.count ? old[o] : new[n]))
                o += 1
                n += 1
            }
        }
        return lines.joined(separator: "\n")
    }
}
