// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO

/// The note that a file's bytes were hashed, what `stat` said at that moment, and which chunk tree was computed in that pass.
///
/// It guards against accidents, not against somebody who can write to the store. The format is docs/formats/store.md.
struct Attestation: Hashable {
    let size: Int64
    let device: UInt64
    let inode: UInt64
    let modified: Int64
    let changed: Int64
    /// The root of the blob's chunk tree; nil for blobs of one chunk, and in notes of version 1.
    let tree: Digest?

    init(_ status: FileStatus, tree: Digest?) {
        size = status.size.value
        device = status.device
        inode = status.inode
        modified = status.modified
        changed = status.changed
        self.tree = tree
    }

    private init(size: Int64, tree: Digest?) {
        (self.size, self.tree) = (size, tree)
        (device, inode, modified, changed) = (0, 0, 0, -1)
    }

    /// The same tree with a place and times that no file has.
    var outdated: Attestation { Attestation(size: size, tree: tree) }

    /// The longest note that is read.
    static let limit = 512

    /// Whether `stat` still says what it said then.
    func fits(_ status: FileStatus) -> Bool { self == Attestation(status, tree: tree) }

    /// One line: `weighlock-attestation 2 <size> <device> <inode> <modified ns> <changed ns> <root>`, `-` where there is no tree.
    var text: String {
        "weighlock-attestation 2 \(size) \(device) \(inode) \(modified) \(changed) \(tree.map { "\($0)" } ?? "-")\n"
    }

    init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard words.count >= 7, words[0] == "weighlock-attestation",
            let size = Int64(words[2]), let device = UInt64(words[3]), let inode = UInt64(words[4]),
            let modified = Int64(words[5]), let changed = Int64(words[6])
        else { return nil }
        switch (String(words[1]), words.count) {
        case ("1", 7): tree = nil
        case ("2", 8) where words[7] == "-": tree = nil
        case ("2", 8):
            guard let root = Digest(words[7]) else { return nil }
            tree = root
        default: return nil
        }
        (self.size, self.device, self.inode, self.modified, self.changed) = (size, device, inode, modified, changed)
    }
}
