// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials

/// Reads a lock's text: shape first, then values, then digests, then the text form.
struct LockReader {
    /// The largest text read, in bytes.
    static let maximumSize = 64 << 20
    /// The most deliverables.
    static let maximumDeliverables = 256
    /// The most files of all sources together.
    static let maximumFiles = 200_000

    let file: String

    private struct Probe: Decodable {
        let version: JSONValue?
    }

    func lock(_ text: String) throws(Failure) -> Lock {
        var text = text
        text.makeContiguousUTF8()
        guard text.utf8.count <= LockReader.maximumSize else {
            throw failure("is too large: \(text.utf8.count) bytes, at most \(LockReader.maximumSize) are read")
        }
        try checkLines(Array(text.utf8))
        try JSONShape.check(Array(text.utf8)) { reason in failure("cannot be read: \(reason)", hint: LockReader.remedy)
        }
        let data = Data(text.utf8)
        try checkVersion(try decode(Probe.self, data).version)
        let disk = try decode(LockFileV1.self, data)
        let lock = try LockValidation(file: file).lock(disk)
        try checkText(text, lock.canonicalText)
        return lock
    }

    static let remedy = "restore the file from version control, or write it anew with `weighlock lock`"

    private func failure(_ message: String, hint: String? = nil, details: [String] = []) -> Failure {
        Failure(.lockFile, "`\(file)` \(message)", hint: hint, details: details)
    }

    private func checkLines(_ bytes: [UInt8]) throws(Failure) {
        guard bytes.contains(where: { $0 > 0x20 }) else { throw failure("is empty", hint: LockReader.remedy) }
        if let index = bytes.firstIndex(of: 0x0D) {
            let line = bytes[..<index].count { $0 == 0x0A } + 1
            throw failure(
                "has CR LF line ends (first in line \(line)): a checkout has converted them",
                hint: "put `weighlock.lock text eol=lf` into `.gitattributes`, then restore the file")
        }
        let marks = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].map { Array($0.utf8) }
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard let mark = marks.first(where: { line.starts(with: $0) }) else { continue }
            throw failure(
                "has a merge conflict: `\(String(decoding: mark, as: UTF8.self))` in line \(index + 1)",
                hint: "resolve by taking one side and running `weighlock lock`")
        }
    }

    private func checkVersion(_ version: JSONValue?) throws(Failure) {
        guard let version else {
            throw failure("has no `version`: expected \(LockFileV1.version)", hint: LockReader.remedy)
        }
        guard case .integer(Int64(LockFileV1.version)) = version else {
            let found = Escaped(version.text(.compact), limit: 60)
            throw failure(
                "has format version \(found), this program reads version \(LockFileV1.version)",
                hint: "upgrade weighlock: the lock was written by a newer one")
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ data: Data) throws(Failure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            switch error {
            case .keyNotFound(let key, let context):
                throw failure("lacks the key `\(Escaped(path(context.codingPath + [key])))`", hint: LockReader.remedy)
            case .typeMismatch(_, let context) where context.codingPath.isEmpty:
                throw failure("is not a JSON object", hint: LockReader.remedy)
            case .typeMismatch(_, let context), .valueNotFound(_, let context):
                throw failure(
                    "has a value of the wrong type at `\(Escaped(path(context.codingPath)))`", hint: LockReader.remedy)
            case .dataCorrupted(let context):
                // The parser says neither where nor whether it was a number that does not fit.
                let place =
                    context.codingPath.isEmpty
                    ? "is not JSON, or has a number that is not whole or too large"
                    : "has a bad value at `\(Escaped(path(context.codingPath)))`"
                throw failure(place, hint: LockReader.remedy)
            @unknown default: throw failure("cannot be read", hint: LockReader.remedy)
            }
        } catch {
            throw failure("cannot be read", hint: LockReader.remedy)
        }
    }

    private func path(_ keys: [any CodingKey]) -> String {
        keys.reduce("") { text, key in
            if let index = key.intValue { return "\(text)[\(index)]" }
            return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
        }
    }

    private func checkText(_ found: String, _ expected: String) throws(Failure) {
        guard !found.utf8.elementsEqual(expected.utf8) else { return }
        let foundLines = found.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        let expectedLines = expected.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        let index =
            zip(foundLines, expectedLines).enumerated().first { !$0.element.0.elementsEqual($0.element.1) }?.offset
            ?? min(foundLines.count, expectedLines.count)
        func shown(_ lines: [Substring.UTF8View.SubSequence], _ index: Int) -> String {
            guard index < lines.count else { return "(the end of the file)" }
            return Escaped(String(decoding: lines[index], as: UTF8.self), limit: 200).description
        }
        throw failure(
            "is not laid out as weighlock writes it: line \(index + 1) differs", hint: LockReader.remedy,
            details: [
                "expected: " + shown(expectedLines, index),
                "found:    " + shown(foundLines, index),
            ])
    }
}
