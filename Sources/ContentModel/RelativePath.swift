// SPDX-License-Identifier: Apache-2.0

/// The path of a file inside a repository, safe to create below any directory.
///
/// Paths are bytes: equality, hashing and order are those of the UTF-8 bytes, so that `é` composed and `é` decomposed are
/// two paths (`String` would call them equal). What may collide on a disk that folds names is `foldKey`'s business.
public struct RelativePath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The path with `/` between its segments.
    public let description: String

    /// The longest path accepted, in bytes.
    public static let maximumLength = 1024
    /// The longest segment accepted, in bytes: what Linux and macOS file systems can hold.
    public static let maximumSegmentLength = 255

    /// Validates `text`.
    ///
    /// - Throws: `Failure` with code `invalidPath`, saying which rule was broken: absolute, empty, `.` or `..` segments,
    ///   backslashes, NUL or other control characters (bidirectional overrides among them), a drive letter, `.git`,
    ///   a Windows device name, a segment ending in a dot or a space, or too long.
    public init(_ text: String) throws(Failure) {
        if let reason = RelativePath.defect(of: text) {
            throw Failure(
                .invalidPath, "file name `\(Escaped(text))` cannot be used: \(reason)",
                hint: "the repository's owner has to rename the file, or leave it out with `exclude`")
        }
        description = text
    }

    private static func defect(of text: String) -> String? {
        guard !text.isEmpty else { return "it is empty" }
        guard text.utf8.count <= maximumLength else { return "it is longer than \(maximumLength) bytes" }
        if text.utf8.first == UInt8(ascii: "/") { return "it is absolute" }
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control: return scalar.value == 0 ? "it contains NUL" : "it contains a control character"
            case .lineSeparator, .paragraphSeparator: return "it contains a line separator"
            default: break
            }
            if (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value) {
                return "it contains a bidirectional control character"
            }
            if scalar == "\\" { return "it contains a backslash" }
        }
        for segment in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if let reason = defect(ofSegment: String(decoding: segment, as: UTF8.self)) { return reason }
        }
        return nil
    }

    private static func defect(ofSegment segment: String) -> String? {
        let bytes = Array(segment.utf8)
        if bytes.isEmpty { return "it has an empty segment" }
        if segment == "." || segment == ".." { return "it leaves its directory with `\(segment)`" }
        if bytes.count > maximumSegmentLength { return "a segment is longer than \(maximumSegmentLength) bytes" }
        if bytes.count >= 2, bytes[1] == UInt8(ascii: ":"), Character(UnicodeScalar(bytes[0])).isLetter {
            return "it begins with a drive letter"
        }
        if let last = bytes.last, last == UInt8(ascii: ".") || last == UInt8(ascii: " ") {
            return "a segment ends in a dot or a space"
        }
        let lowered = segment.lowercased()
        if lowered == ".git" { return "`.git` is reserved" }
        let stem = lowered.split(separator: ".", omittingEmptySubsequences: false).first.map(String.init) ?? lowered
        if devices.contains(stem) { return "`\(segment)` is a reserved device name" }
        return nil
    }

    private static let devices: Set<String> = Set(
        ["con", "prn", "aux", "nul"] + (1...9).flatMap { ["com\($0)", "lpt\($0)"] })

    /// The segments, first to last.
    public var segments: [String] { description.split(separator: "/").map(String.init) }

    /// The last segment.
    public var name: String { segments.last ?? description }

    /// The lower-cased text after the last dot of the name, or the empty string.
    public var fileExtension: String {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
        return String(name[name.utf8.index(after: dot)...]).lowercased()
    }

    /// What the path becomes on a file system that folds case and normalises Unicode: two paths with equal keys collide.
    ///
    /// A `String` on purpose: its equality is canonical equivalence, which is the normalisation wanted here. Upper-casing
    /// on the way folds the letters that have no upper-case partner (`ß` and `ss`), lower-casing before it those that have
    /// no other (`ẞ`).
    public var foldKey: String { RelativePath.folded(description) }

    private static func folded(_ text: String) -> String { text.lowercased().uppercased().lowercased() }

    /// Byte equality.
    public static func == (left: RelativePath, right: RelativePath) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }

    /// Orders by bytes, as `LC_ALL=C sort` does.
    public static func < (left: RelativePath, right: RelativePath) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    /// Checks that a set of paths can live together in one directory on any file system.
    ///
    /// - Throws: `Failure` with code `invalidPath` that names both paths when two are equal, fold to one, or one is a
    ///   directory of the other.
    public static func checkDistinct(_ paths: [RelativePath]) throws(Failure) {
        var seen: [String: RelativePath] = [:]
        seen.reserveCapacity(paths.count)
        for path in paths {
            if let other = seen.updateValue(path, forKey: path.foldKey) {
                throw collision(path, other, path == other ? "is listed twice" : "differ only in case or Unicode form")
            }
        }
        for path in paths {
            var prefix = ""
            for segment in path.segments.dropLast() {
                prefix += prefix.isEmpty ? segment : "/" + segment
                if let other = seen[folded(prefix)] {
                    throw collision(other, path, "cannot both exist: one is a directory of the other")
                }
            }
        }
    }

    private static func collision(_ a: RelativePath, _ b: RelativePath, _ reason: String) -> Failure {
        Failure(
            .invalidPath,
            a == b
                ? "file name `\(Escaped(a.description))` \(reason)"
                : "file names `\(Escaped(a.description))` and `\(Escaped(b.description))` \(reason)",
            hint: "the repository's owner has to rename one, or leave one out with `exclude`")
    }
}
