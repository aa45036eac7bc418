// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Compression
internal import Pickle

/// PyTorch's zip layout: `<folder>/data.pkl`, `<folder>/data/<key>`, `<folder>/byteorder`, `<folder>/version`.
enum TorchZip {
    static func read(
        _ directory: ZipDirectory, _ pickle: ZipMember, _ options: CheckpointOptions
    ) throws(CheckpointError) -> CheckpointReader.Parts {
        let folder = Array(pickle.name.bytes.dropLast("data.pkl".utf8.count))
        func named(_ name: String) -> ZipMember? { directory[MemberName(folder + Array(name.utf8))] }
        // PyTorch takes the folder of the first member, so a `data.pkl` in another folder is not the one that it reads.
        guard let first = directory.members.first, first.name.bytes.starts(with: folder),
            !folder.dropLast().contains(UInt8(ascii: "/"))
        else { throw .notACheckpoint("`data.pkl` is not in the folder of the first member") }
        let code = folder + Array("code/".utf8)
        if named("constants.pkl") != nil || directory.members.contains(where: { $0.name.bytes.starts(with: code) }) {
            throw .torchScript
        }
        guard named("version") != nil else { throw .notACheckpoint("a PyTorch archive without `version`") }
        var parts = CheckpointReader.Parts(layout: .torchZip)
        if let member = named("byteorder") {
            let text = try small(directory, member, options)
            switch String(decoding: text.prefix(16), as: UTF8.self) {
            case "little": parts.isBigEndian = false
            case "big": parts.isBigEndian = true
            default: throw .malformed("`byteorder` is neither `little` nor `big`", offset: member.headerOffset)
            }
        }
        let source: any ByteSource
        do throws(ExpansionError) {
            source = try directory.contents(of: pickle, checked: true, limits: options.expansion)
        } catch { throw CheckpointReader.member(pickle.name, error) }
        let (document, next) = try CheckpointReader.pickles(source, streams: 1, options.pickle)
        if next < source.size { parts.notes.append("\(source.size - next) bytes follow the pickle in `data.pkl`") }
        let place = ZipStorages(directory: directory, folder: folder + Array("data/".utf8), options: options)
        var walk = ObjectWalk(document.graph, options, .zip(place))
        if let result = document.streams.first?.result { try walk.add(result) }
        (parts.entries, parts.storages) = (walk.entries, walk.storages)
        let used = Set(walk.storages.map(\.key))
        let data = folder + Array("data/".utf8)
        let unused = directory.members.filter {
            $0.name.bytes.starts(with: data)
                && !used.contains(String(decoding: $0.name.bytes.dropFirst(data.count), as: UTF8.self))
        }
        if !unused.isEmpty { parts.notes.append("\(unused.count) storages are used by no tensor") }
        return parts
    }

    private static func small(
        _ directory: ZipDirectory, _ member: ZipMember, _ options: CheckpointOptions
    ) throws(CheckpointError) -> [UInt8] {
        guard member.size <= 64 else { throw .malformed("`\(member.name)` is too long", offset: member.headerOffset) }
        do throws(ExpansionError) {
            let source = try directory.contents(of: member, checked: true, limits: options.expansion)
            do throws(ByteError) {
                return try source.bytes(at: 0, count: Int(source.size))
            } catch { throw .bytes(error) }
        } catch { throw CheckpointReader.member(member.name, error) }
    }
}

/// Storages as members of a zip archive.
struct ZipStorages {
    let directory: ZipDirectory
    let folder: [UInt8]
    let options: CheckpointOptions
    /// How many unpacked bytes are kept in memory, and how many were unpacked, over all members.
    var kept = 0
    var unpacked: UInt64 = 0

    mutating func locate(_ key: String) throws(CheckpointError) -> StoragePlace {
        guard let member = directory[MemberName(folder + Array(key.utf8))] else {
            throw .storage(key: key, reason: "the archive has no such member")
        }
        return try locate(member, key: key)
    }

    mutating func locate(_ member: ZipMember, key: String) throws(CheckpointError) -> StoragePlace {
        if member.method == .stored, !member.isEncrypted, member.packedSize == member.size {
            let range = member.dataOffset.map { $0..<$0 + member.size }
            return StoragePlace(
                contents: ZipMemberSource(directory: directory, member: member), range: range, checksum: member.checksum
            )
        }
        var limits = options.expansion
        limits.inMemory = kept < 64 << 20 ? 1 << 20 : 0
        limits.output = limits.output - min(limits.output, unpacked)
        do throws(ExpansionError) {
            let contents = try directory.contents(of: member, checked: true, limits: limits)
            unpacked += min(contents.size, .max - unpacked)
            if contents is MemorySource { kept += Int(clamping: contents.size) }
            return StoragePlace(contents: contents, range: nil, checksum: nil)
        } catch { throw CheckpointReader.member(member.name, error) }
    }
}

/// A stored member whose place in a remote archive is looked up only when it is read.
struct ZipMemberSource: ByteSource {
    let directory: ZipDirectory
    let member: ZipMember

    var size: UInt64 { member.packedSize }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
        try check(offset, UInt64(buffer.count))
        let part: PartialSource
        do throws(ArchiveError) {
            part = try directory.packed(member)
        } catch {
            if case .bytes(let error) = error { throw error }
            throw .unreadable(error.description)
        }
        // SAFETY: the buffer is handed on as it came.
        try unsafe part.read(into: buffer, at: offset)
    }
}
