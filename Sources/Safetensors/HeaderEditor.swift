// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
public import SystemPackage

/// Changes the metadata of a file, or the alignment of its data, without touching a bit of its tensors.
///
/// Making one decides how, `apply` does it. Where the new header fits into the place of the old one (files written with
/// `reserving` have room, others a few bytes of padding) only the header is written, however large the file is. Otherwise
/// the file is copied behind a new header and replaced, inside the kernel and sharing blocks where the file system can.
///
/// Either way a crash costs nothing. A copy is renamed into place when it is complete. A header that is written in place
/// is written to a journal beside the file first: see `recover`. The alternative, to copy always, would cost a whole
/// model on file systems that share no blocks; to write without a journal could leave half a header, which is a lost file.
///
/// The header is written anew in its canonical form: white space, unknown fields and doubled entries go.
public struct HeaderEditor: Sendable {
    /// What `apply` will do.
    public enum Method: Sendable, Hashable {
        /// The file is as it should be.
        case nothing
        /// Write the header over the old one.
        case inPlace
        /// Copy the data behind a new header and replace the file.
        case rewrite
    }

    /// What `apply` will do.
    public let method: Method
    /// The metadata afterwards.
    public let metadata: [MetadataEntry]?
    /// The bytes of the header that are free afterwards, for later edits.
    public let room: Int
    private let path: FilePath
    private let source: SourceFile
    private let assembly: Assembly

    /// Plans an edit of the file at `path`; finishes an edit that was cut off before, if there is one.
    ///
    /// - Parameters:
    ///   - entries: metadata to add, or to give a new value.
    ///   - removed: keys to remove; those that are not there are no error.
    ///   - alignment: the data shall begin at a multiple of this many bytes, a power of two from 8 to 65536; nil leaves
    ///     it as it is, or at least 8 where the data must move.
    ///   - reserving: the header shall have at least so many free bytes afterwards.
    /// - Throws: `file`, `header`, or `plan`; also `file` for a file that nobody may write, such as one of a store:
    ///   its bytes are not this function's to change.
    public init(
        _ path: FilePath, setting entries: [MetadataEntry] = [], removing removed: [String] = [],
        alignment: Int? = nil, reserving: Int = 0
    ) throws(SafetensorsError) {
        try HeaderEditor.recover(path)
        let place: FilePath
        do throws(Failure) { place = try SafetensorsWriter.resolve(path) } catch { throw .file(error) }
        self.path = place
        source = try SourceFile(place)
        let header = try SafetensorsFile(place).header
        if source.mode & 0o222 == 0 {
            throw .file(
                Failure(
                    .file, "`\(Escaped(path.string, limit: 1024))` is read-only",
                    hint: "edit a copy; files of a store are named by their content and must not change"))
        }
        let metadata = HeaderEditor.merge(header.metadata, entries, removed)
        self.metadata = metadata
        let json: [UInt8]
        let head: [UInt8]
        do throws(WriteError) {
            json = try WritePlan.json(header.tensors, metadata)
            let fits = UInt64(json.count) + UInt64(max(0, reserving)) <= header.length
            let unit = UInt64(max(1, alignment ?? 1))
            if let alignment { _ = try WritePlan.head([], alignment: alignment, reserving: 0) }
            let isAligned = header.dataStart % unit == 0
            if isAligned, metadata == header.metadata, fits || reserving <= 0 {
                method = .nothing
                head = []
                room = max(0, Int(header.length) - json.count)
            } else if isAligned, fits, source.links == 1 {
                method = .inPlace
                head = try WritePlan.head(json, length: Int(header.length))
                room = Int(header.length) - json.count
            } else {
                method = .rewrite
                head = try WritePlan.head(json, alignment: alignment ?? 8, reserving: reserving)
                room = head.count - 8 - json.count
            }
        } catch { throw .plan(error) }
        var assembly = Assembly(head: head)
        assembly.append(Assembly.Run(source: 0, offset: header.dataStart, count: header.dataSize))
        self.assembly = assembly
    }

    private static func merge(
        _ old: [MetadataEntry]?, _ entries: [MetadataEntry], _ removed: [String]
    ) -> [MetadataEntry]? {
        let gone = Set(removed.map { TensorName($0) })
        var result = (old ?? []).filter { !gone.contains(TensorName($0.key)) }
        // Keys of a header are distinct, and the last of several values to set counts, as in a header.
        for entry in entries {
            if let index = result.firstIndex(where: { $0.key.utf8.elementsEqual(entry.key.utf8) }) {
                result[index] = entry
            } else {
                result.append(entry)
            }
        }
        // Where the last entry goes, the object goes; an empty one that was there stays.
        return result.isEmpty && old?.isEmpty != true ? nil : result
    }

    /// Does what was planned; returns when it is on the disk.
    ///
    /// A reader that has the file open is not disturbed: data stay where they are, or the old file stays with the reader.
    /// Only one that reads the header in the very moment in which it is written may find a mixture, which its checks
    /// refuse.
    /// - Throws: `changed` when the file is no longer what was planned with, `stopped`, `file`; with code `busy` when
    ///   another program holds the file's lock.
    public func apply(progress: (UInt64) -> Bool = { _ in true }) throws(SafetensorsError) {
        switch method {
        case .nothing: return
        case .inPlace: try HeaderJournal(path).write(assembly.head, source)
        case .rewrite: try rewrite(progress)
        }
    }

    private func rewrite(_ progress: (UInt64) -> Bool) throws(SafetensorsError) {
        let temporary = FileSystem.temporaryName(beside: path)
        do throws(SafetensorsError) {
            let file: File
            do throws(Failure) { file = try SafetensorsWriter.create(temporary, source.mode, shownAs: path) } catch {
                throw .file(error)
            }
            try assembly.write(to: file, from: [source], progress: progress)
            do throws(Failure) {
                try file.synchronize()
                try FileSystem.rename(temporary, to: path)
                try FileSystem.synchronizeDirectory(path.removingLastComponent())
            } catch { throw .file(error) }
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }

    /// Finishes an edit in place that was cut off, by the journal that it left beside the file; says whether there was one
    /// to finish.
    ///
    /// A journal is complete or it is not there: it is synced under another name first. So the header can be written
    /// again, from its beginning. A journal of another file (this one was replaced since) is thrown away.
    @discardableResult
    public static func recover(_ path: FilePath) throws(SafetensorsError) -> Bool {
        let place: FilePath
        do throws(Failure) { place = try SafetensorsWriter.resolve(path) } catch { throw .file(error) }
        return try HeaderJournal(place).recover()
    }
}
