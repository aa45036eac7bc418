// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import SystemPackage

/// The new header of a file while it is being written over the old one: `.name.header` beside the file.
///
/// Little-endian: 16 bytes of name, device, inode and size of the file (8 each), everything before the data, and the
/// SHA-256 of all that.
struct HeaderJournal {
    private let file: FilePath
    let journal: FilePath

    private static let magic = Array("weighlock/head\u{0}\u{1}".utf8)
    private static let fixed = 16 + 3 * 8 + 32
    private static let limit = fixed + 8 + Int(HeaderLimits.length)

    init(_ file: FilePath) {
        self.file = file
        journal = file.removingLastComponent().appending(".\(file.lastComponent?.string ?? "file").header")
    }

    /// Writes `head` over the beginning of the file, so that a cut at any moment can be made good.
    func write(_ head: [UInt8], _ source: SourceFile) throws(SafetensorsError) {
        do throws(Failure) {
            let opened = try File(file, .updating)
            guard try opened.tryLock() else { throw HeaderJournal.busy(file) }
            do throws(SafetensorsError) { try source.check(opened) } catch { throw Failure(.mismatch, "") }
            // What stands there is no journal of an edit that was cut off: that would have been finished. A link would
            // lead the writing elsewhere.
            try FileSystem.remove(journal)
            try FileSystem.replace(journal, with: HeaderJournal.record(head, try opened.status()), mode: 0o600)
            try HeaderJournal.finish(opened, head, journal)
        } catch {
            if error.code == .mismatch { throw .changed(path: file.string) }
            throw .file(error)
        }
    }

    static func record(_ head: [UInt8], _ status: FileStatus) -> [UInt8] {
        var record = magic
        record.append(littleEndian: status.device)
        record.append(littleEndian: status.inode)
        record.append(littleEndian: UInt64(status.size.value))
        record += head
        return record + Digest(of: record).bytes
    }

    /// See `HeaderEditor.recover`.
    func recover() throws(SafetensorsError) -> Bool {
        do throws(Failure) {
            guard try FileSystem.status(journal, followLinks: false)?.kind == .regular,
                let status = try FileSystem.status(file)
            else { return false }
            let opened = try File(file, .updating)
            guard try opened.tryLock() else { throw HeaderJournal.busy(file) }
            let record = try FileSystem.read(journal, limit: HeaderJournal.limit)
            guard let head = HeaderJournal.head(record, status, file) else {
                try FileSystem.remove(journal)
                return false
            }
            try HeaderJournal.finish(opened, head, journal)
            return true
        } catch { throw .file(error) }
    }

    private static func finish(_ file: borrowing File, _ head: [UInt8], _ journal: FilePath) throws(Failure) {
        try file.write(head, at: 0)
        try file.synchronize()
        try FileSystem.remove(journal)
        try FileSystem.synchronizeDirectory(journal.removingLastComponent())
    }

    /// The bytes to write, when the journal is whole and of this file.
    private static func head(_ record: [UInt8], _ status: FileStatus, _ file: FilePath) -> [UInt8]? {
        guard record.count > fixed + 8, record.starts(with: magic),
            Digest(of: Array(record.dropLast(32))).bytes.elementsEqual(record.suffix(32))
        else { return nil }
        let span = record.span
        let size = UInt64(status.size.value)
        let head = Array(record[40..<(record.count - 32)])
        // Whatever the journal says: it must leave a valid file of this size.
        guard Words.load(span, 32) == size, (try? Header(parsing: head.span, fileSize: size)) != nil else { return nil }
        if Words.load(span, 16) == status.device, Words.load(span, 24) == status.inode { return head }
        // A copy of the file and its journal, as from a backup: the header may be written where there is none.
        return (try? SafetensorsFile(file)) == nil ? head : nil
    }

    private static func busy(_ file: FilePath) -> Failure {
        Failure(
            .busy, "`\(Escaped(file.string, limit: 1024))` is being edited by another program",
            hint: "try again when that is done")
    }
}
