// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO

/// The note that a file's bytes were hashed, and what `stat` said at that moment.
///
/// It guards against accidents, not against somebody who can write to the store: that is what `--deep` is for.
struct Attestation: Hashable {
    let size: Int64
    let device: UInt64
    let inode: UInt64
    let modified: Int64
    let changed: Int64

    init(_ status: FileStatus) {
        size = status.size.value
        device = status.device
        inode = status.inode
        modified = status.modified
        changed = status.changed
    }

    /// One line: `weighlock-attestation 1 <size> <device> <inode> <modified ns> <changed ns>`.
    var text: String { "weighlock-attestation 1 \(size) \(device) \(inode) \(modified) \(changed)\n" }

    init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard words.count == 7, words[0] == "weighlock-attestation", words[1] == "1",
            let size = Int64(words[2]), let device = UInt64(words[3]), let inode = UInt64(words[4]),
            let modified = Int64(words[5]), let changed = Int64(words[6])
        else { return nil }
        (self.size, self.device, self.inode, self.modified, self.changed) = (size, device, inode, modified, changed)
    }
}
