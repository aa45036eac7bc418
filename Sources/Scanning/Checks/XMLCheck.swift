// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Looks for entities that are outside of an XML document.
enum XMLCheck {
    /// How much of a document is looked at: a declaration stands before the first element.
    private static let head: UInt64 = 64 << 10

    /// Checks a document.
    ///
    /// - Throws: only `absent` and `unreadable`.
    static func check(
        _ source: any ByteSource, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        let bytes: [UInt8]
        do throws(ByteError) {
            bytes = try source.bytes(at: 0, count: Int(min(source.size, head)))
        } catch {
            return try CheckText.report(error, at: place, into: &findings)
        }
        guard let entity = CheckText.find(Array("<!ENTITY".utf8), in: bytes) else { return }
        let declaration = bytes[entity...].prefix { $0 != UInt8(ascii: ">") }
        let text = String(decoding: declaration.prefix(400), as: UTF8.self)
        guard CheckText.contains(text, "SYSTEM") || CheckText.contains(text, "PUBLIC") else { return }
        let line = 1 + bytes[..<entity].count { $0 == 0x0A }
        findings.add(
            .xmlEntity, place.line(line), "an entity is outside of the document: \(CheckText.quoted(text, limit: 80))")
    }
}
