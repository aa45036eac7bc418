// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A text of digests and names, as `sha256sum` prints and checks it.
///
/// The tensor digests of models stand in comments, which `sha256sum -c` passes over: `# tensors <digest>  <name>`.
package struct DigestListing: Sendable, Hashable {
    /// A digest and what it is of.
    package struct Line: Sendable, Hashable {
        /// The digest.
        package let digest: Digest
        /// The name, exactly.
        package let name: String

        /// Puts a line together.
        package init(_ digest: Digest, _ name: String) { (self.digest, self.name) = (digest, name) }
    }

    /// The files.
    package let files: [Line]
    /// The models.
    package let models: [Line]

    /// The longest listing that is read, in bytes.
    package static let sizeLimit = 64 << 20
    private static let mark = "# tensors "

    /// Puts a listing together.
    package init(files: [Line], models: [Line]) { (self.files, self.models) = (files, models) }

    /// The text: files, then models, in the order given.
    package var text: String {
        files.map { DigestListing.text($0) }.joined()
            + models.map { DigestListing.mark + DigestListing.text($0) }.joined()
    }

    /// One line of a listing, with its line end.
    package static func text(_ line: Line) -> String {
        let special = line.name.utf8.contains { [0x5C, 0x0A, 0x0D].contains($0) }
        guard special else { return "\(line.digest)  \(line.name)\n" }
        var name = ""
        for scalar in line.name.unicodeScalars {
            switch scalar {
            case "\\": name += "\\\\"
            case "\n": name += "\\n"
            case "\r": name += "\\r"
            default: name.unicodeScalars.append(scalar)
            }
        }
        return "\\\(line.digest)  \(name)\n"
    }

    /// Reads a listing back; other comments and empty lines are passed over.
    ///
    /// - Throws: `Failure` with code `invalid-listing` that names the line, also when there is no digest in it.
    package init(parsing bytes: [UInt8], name: String) throws(Failure) {
        var files: [Line] = []
        var models: [Line] = []
        let shown = Escaped(name, limit: 1024)
        for (index, raw) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = raw.last == 0x0D ? raw.dropLast() : raw
            if line.isEmpty { continue }
            let isModel = line.starts(with: DigestListing.mark.utf8)
            if line.first == UInt8(ascii: "#"), !isModel { continue }
            guard let entry = DigestListing.line(isModel ? line.dropFirst(DigestListing.mark.utf8.count) : line) else {
                throw Failure(
                    .invalidListing, "line \(index + 1) of `\(shown)` is not a digest and a name",
                    hint:
                        "it is what `weighlock digest` or `sha256sum` prints: 64 hexadecimal digits, two spaces, a name"
                )
            }
            if isModel { models.append(entry) } else { files.append(entry) }
        }
        guard !files.isEmpty || !models.isEmpty else {
            throw Failure(.invalidListing, "there is no digest in `\(shown)`", hint: "make one with `weighlock digest`")
        }
        self.init(files: files, models: models)
    }

    private static func line(_ bytes: ArraySlice<UInt8>) -> Line? {
        let isEscaped = bytes.first == 0x5C
        let rest = isEscaped ? bytes.dropFirst() : bytes
        // The second of the two characters is `*` where somebody hashed with `sha256sum --binary`.
        guard rest.count > 66, let digest = Digest(String(decoding: rest.prefix(64), as: UTF8.self)) else { return nil }
        let separator = Array(rest.dropFirst(64).prefix(2))
        guard separator == [0x20, 0x20] || separator == [0x20, 0x2A] else { return nil }
        var name: [UInt8] = []
        var left = rest.dropFirst(66)
        while let byte = left.popFirst() {
            guard isEscaped, byte == 0x5C else {
                name.append(byte)
                continue
            }
            switch left.popFirst() {
            case UInt8(ascii: "\\"): name.append(0x5C)
            case UInt8(ascii: "n"): name.append(0x0A)
            case UInt8(ascii: "r"): name.append(0x0D)
            default: return nil
            }
        }
        guard !name.contains(0), let text = String(validating: name, as: UTF8.self) else { return nil }
        return Line(digest, text)
    }
}

extension Failure.Code {
    /// A listing of digests cannot be read.
    package static let invalidListing = Self(rawValue: "invalid-listing")
}
