// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// The documents of both sides, each read and parsed once.
struct DocumentShelf {
    enum Side: Hashable { case before, after }

    /// What came of reading a document.
    enum Outcome<Content> {
        case absent
        case content(Content)
        /// It is there and could not be read; `unchecked` says why.
        case unread
    }

    let before: Snapshot
    let after: Snapshot
    /// What could not be read.
    private(set) var unchecked: [DriftReport.Unchecked] = []
    private var bytes: [String: [UInt8]?] = [:]
    private var trees: [String: JSONDocument?] = [:]

    init(_ before: Snapshot, _ after: Snapshot) { (self.before, self.after) = (before, after) }

    private func snapshot(_ side: Side) -> Snapshot { side == .before ? before : after }

    /// The bytes of a file.
    ///
    /// - Throws: What is no `Failure`: a cancellation. A file that cannot be read is noted, once.
    mutating func bytes(_ file: Snapshot.File?, _ side: Side) async throws -> Outcome<[UInt8]> {
        guard let file else { return .absent }
        let key = (side == .before ? "<" : ">") + file.name
        if let known = bytes[key] { return known.map { .content($0) } ?? .unread }
        var content: [UInt8]?
        if file.state.size.value > Snapshot.maximumDocument {
            note(file, "it is larger than \(ByteCount(clamping: Snapshot.maximumDocument))", hint: nil)
        } else {
            do {
                content = try await snapshot(side).reader.document(file)
            } catch let failure as Failure {
                note(file, failure.message, hint: failure.hint)
            }
        }
        bytes[key] = .some(content)
        return content.map { .content($0) } ?? .unread
    }

    /// The JSON of a file; `content(nil)` when it is none.
    mutating func json(_ file: Snapshot.File?, _ side: Side) async throws -> Outcome<JSONDocument?> {
        guard let file else { return .absent }
        let key = (side == .before ? "<" : ">") + file.name
        if let known = trees[key] { return .content(known) }
        switch try await bytes(file, side) {
        case .absent: return .absent
        case .unread: return .unread
        case .content(let content):
            let document = try? JSONDocument(content)
            trees[key] = .some(document)
            return .content(document)
        }
    }

    /// The root of the JSON at a path, when it is there and can be read.
    mutating func root(_ path: String, role: SourceRole, _ side: Side) async throws -> JSONNode? {
        guard let path = try? RelativePath(path), let file = snapshot(side).file(path, role: role) else { return nil }
        guard case .content(let document?) = try await json(file, side) else { return nil }
        return document.root
    }

    mutating func note(_ file: Snapshot.File, _ reason: String, hint: String?) {
        guard !unchecked.contains(where: { $0.file == file.name }) else { return }
        unchecked.append(.init(file: file.name, reason: "not compared: \(reason)", hint: hint))
    }
}
