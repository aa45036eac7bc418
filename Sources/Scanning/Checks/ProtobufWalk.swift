// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel

/// What the two checks of protobuf files share: a source, a budget of fields, and the findings.
struct ProtobufWalk {
    let source: any ByteSource
    let place: ScanPlace
    var findings = ScanFindings()
    /// Whether everything was read.
    private(set) var isWhole = true
    private var fields = 0
    private var seen: Set<String> = []

    init(_ source: any ByteSource, at place: ScanPlace) { (self.source, self.place) = (source, place) }

    /// Gives every field of a message to `body`. What is malformed becomes one finding.
    ///
    /// - Throws: only `absent` and `unreadable`.
    mutating func each(
        _ offset: UInt64, _ count: UInt64, depth: Int,
        _ body: (inout ProtobufWalk, ProtobufReader.Field) throws(ByteError) -> Void
    ) throws(ByteError) {
        guard depth <= CheckLimits.protobufDepth else {
            fail(offset, "messages are nested more than \(CheckLimits.protobufDepth) deep")
            return
        }
        var reader = ProtobufReader(source, at: offset, count: count)
        while true {
            let field: ProtobufReader.Field?
            do throws(ProtobufReader.Problem) {
                field = try reader.next()
            } catch {
                switch error {
                case .bytes(.absent(let offset, let count)): throw .absent(offset: offset, count: count)
                case .bytes(.unreadable(let message)): throw .unreadable(message)
                case .bytes(let error): fail(offset, error.description)
                case .malformed(let offset, let reason): fail(offset, reason)
                }
                return
            }
            guard let field else { return }
            fields += 1
            guard fields <= CheckLimits.protobufFields else {
                fail(field.offset, "more than \(CheckLimits.protobufFields) fields")
                return
            }
            try body(&self, field)
            if !isWhole { return }
        }
    }

    private mutating func fail(_ offset: UInt64, _ reason: String) {
        guard isWhole else { return }
        isWhole = false
        findings.add(.documentMalformed, place.at(offset), "the graph cannot be read further: \(reason)")
    }

    /// The text in a field; nil for a field that is no text. One that is too long is cut, and compares to nothing that is known.
    func text(_ field: ProtobufReader.Field) throws(ByteError) -> String? {
        guard case .range(let offset, let count) = field.value else { return nil }
        return String(
            decoding: try source.bytes(at: offset, count: Int(min(count, UInt64(CheckLimits.protobufText)))),
            as: UTF8.self)
    }

    /// Adds a finding, once for each rule and name.
    mutating func report(_ rule: ScanRule, _ offset: UInt64, _ reason: String, name: String) {
        guard seen.insert(rule.id + " " + name).inserted else { return }
        findings.add(rule, place.at(offset), reason, name: Escaped(name, limit: 200).description)
    }

    /// Whether a path of a side file may be opened: relative, and below the directory of the model.
    static func isInside(_ path: String) -> Bool {
        !path.isEmpty && !CheckText.leavesDirectory(path) && !CheckText.contains(path, "\\")
            && !path.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }
}
