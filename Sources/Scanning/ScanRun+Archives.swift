// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Compression
internal import ContentModel
internal import Pickle

extension ScanRun {
    /// How far from the end of a file the end record of a zip archive can begin.
    private static let tail: UInt64 = 22 + 65_535

    // MARK: - Zip

    mutating func zip(
        _ source: any ByteSource, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) -> ContentKind {
        if let kind = try joined(source, name: name, at: place, depth: depth) { return kind }
        guard let directory = try directory(source, at: place) else { return .zip }
        let layout = ZipLayout(directory)
        // A name with a slash at its end is a directory to some readers, whatever it holds.
        for member in directory.members + directory.hidden where !member.isDirectory || member.size > 0 {
            guard try countMember(place) else { break }
            try scan(member, of: directory, layout, at: place.member(member.name.text), depth: depth)
        }
        return layout.kind
    }

    /// The directory of an archive, with its anomalies reported; nil when there is none.
    private mutating func directory(_ source: any ByteSource, at place: ScanPlace) throws(ByteError) -> ZipDirectory? {
        let directory: ZipDirectory
        do throws(ArchiveError) { directory = try ZipDirectory(source) } catch {
            if case .bytes(.absent(let offset, let count)) = error { throw .absent(offset: offset, count: count) }
            findings.add(.archiveUnreadable, place, "cannot be read as an archive: \(Escaped(error.description))")
            return nil
        }
        for anomaly in directory.anomalies where !anomaly.isNote {
            findings.add(Self.rule(anomaly.kind), place.at(anomaly.offset), anomaly.description)
        }
        return directory
    }

    private static func rule(_ kind: ZipAnomaly.Kind) -> ScanRule {
        switch kind {
        case .name(.absolute), .name(.parent), .link, .device: .archiveEscape
        case .totalSize, .ratio: .archiveBomb
        case .encrypted, .patched, .method, .split, .memberSplit, .headerMissing, .directoryBroken: .archiveUnreadable
        default: .archiveDisagreement
        }
    }

    private mutating func scan(
        _ member: ZipMember, of directory: ZipDirectory, _ layout: ZipLayout, at place: ScanPlace, depth: Int
    ) throws(ByteError) {
        let role = layout.role(of: member.name)
        if case .storage = role, try skipsStorage(member, of: directory) { return }
        let contents: any ByteSource
        do throws(ExpansionError) {
            var limits = options.expansion
            limits.output = min(limits.output, options.expanded - min(options.expanded, expanded))
            contents = try directory.contents(of: member, checked: true, limits: limits)
            if member.method != .stored { expanded += contents.size }
        } catch {
            try report(error, at: place)
            // Some loaders read it all the same: what it would do belongs into the report.
            if member.method == .stored, let packed = try packed(member, of: directory) {
                _ = try scan(packed, name: member.name.text, at: place, depth: depth + 1)
            }
            return
        }
        switch role {
        case .storage:
            if let kind = try Content.loadable(contents) {
                findings.add(.archiveStorage, place, "the numbers of a tensor are of the kind `\(kind.rawValue)`")
                _ = try scan(contents, name: member.name.text, at: place, depth: depth + 1)
            }
        case .torchScriptCode: try torchScriptCode(contents, name: member.name.text, at: place, depth: depth)
        case .torchScriptPickle:
            var context = PickleContext()
            context.isTorchScript = true
            try pickle(contents, name: member.name.text, at: place, context: context)
        case .pickle: try pickle(contents, name: member.name.text, at: place)
        case .other: _ = try scan(contents, name: member.name.text, at: place, depth: depth + 1)
        }
    }

    /// The code of TorchScript, and the pickles beside it that say where in the source it came from; whatever else lies there is
    /// scanned as what it is.
    private mutating func torchScriptCode(
        _ contents: any ByteSource, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) {
        if name.hasSuffix(".debug_pkl") {
            var context = PickleContext()
            context.isTorchScript = true
            try pickle(contents, name: name, at: place, context: context)
        } else if name.hasSuffix(".py"), try Content.detect(contents, name: FileName(name)).kind == .text {
            try TorchScriptCheck.check(contents, name: name, at: place, into: &findings)
        } else {
            _ = try scan(contents, name: name, at: place, depth: depth + 1)
        }
    }

    /// Whether a member of a checkpoint holds raw numbers and needs no reading: it is stored, and does not begin as anything
    /// that could be loaded on its own.
    private mutating func skipsStorage(_ member: ZipMember, of directory: ZipDirectory) throws(ByteError) -> Bool {
        guard !options.checksums else { return false }
        var stored: PartialSource?
        do throws(ArchiveError) { stored = try directory.stored(member) } catch {
            if case .bytes(.absent(let offset, let count)) = error { throw .absent(offset: offset, count: count) }
        }
        guard let stored else { return false }
        guard stored.size > 0 else { return true }
        if try Content.loadable(stored) != nil { return false }
        unread += stored.size
        return true
    }

    /// The packed bytes of a member; nil when they lie outside the archive.
    private func packed(_ member: ZipMember, of directory: ZipDirectory) throws(ByteError) -> PartialSource? {
        do throws(ArchiveError) { return try directory.packed(member) } catch {
            if case .bytes(.absent(let offset, let count)) = error { throw .absent(offset: offset, count: count) }
            return nil
        }
    }

    private mutating func countMember(_ place: ScanPlace) throws(ByteError) -> Bool {
        members += 1
        if members == options.members + 1 {
            findings.add(.archiveBomb, place, "more than \(options.members) members")
        }
        return members <= options.members
    }

    private mutating func report(_ error: ExpansionError, at place: ScanPlace) throws(ByteError) {
        switch error {
        case .bytes(.absent(let offset, let count)): throw .absent(offset: offset, count: count)
        case .overLimit: findings.add(.archiveBomb, place, Escaped(error.description).description)
        default: findings.add(.archiveUnreadable, place, Escaped(error.description).description)
        }
    }

    /// Looks for the directory of a zip archive at the end of something that is not one.
    mutating func checkTail(
        _ source: any ByteSource, _ content: Content, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) {
        guard source.size >= 22, !content.isWhollyText, content.kind != .packed else { return }
        let count = min(source.size, ScanRun.tail)
        let bytes = try source.bytes(at: source.size - count, count: Int(count))
        guard ZipEnd.isAtEnd(of: bytes) else { return }
        let directory: ZipDirectory
        do throws(ArchiveError) { directory = try ZipDirectory(source) } catch {
            if case .bytes(.absent(let offset, let count)) = error { throw .absent(offset: offset, count: count) }
            return
        }
        guard !directory.members.isEmpty else { return }
        findings.add(
            .archivePolyglot, place,
            "a zip archive of \(directory.members.count) members stands at the end of a file of the kind `\(content.kind.rawValue)`"
        )
        let layout = ZipLayout(directory)
        for member in directory.members where !member.isDirectory {
            guard try countMember(place) else { break }
            try scan(member, of: directory, layout, at: place.member(member.name.text), depth: depth)
        }
    }

    // MARK: - Tar

    mutating func tar(_ source: any ByteSource, at place: ScanPlace, depth: Int) throws(ByteError) {
        let directory: TarDirectory
        do throws(ArchiveError) { directory = try TarDirectory(source) } catch {
            if case .bytes(.absent(let offset, let count)) = error { throw .absent(offset: offset, count: count) }
            findings.add(.archiveUnreadable, place, "cannot be read as an archive: \(Escaped(error.description))")
            return
        }
        for anomaly in directory.anomalies where !anomaly.isNote {
            let rule: ScanRule =
                switch anomaly.kind {
                case .name(.absolute), .name(.parent), .link, .device: .archiveEscape
                case .truncated, .checksum, .sparse, .extendedHeader, .type: .archiveUnreadable
                default: .archiveDisagreement
                }
            findings.add(rule, place.at(anomaly.offset), anomaly.description)
        }
        // Of several of one name PyTorch takes the last.
        let parts = ["pickle", "storages", "tensors"].compactMap { name in directory[name].map { (name, $0) } }
        let isTorch = parts.count == 3
        if isTorch { findings.add(.archiveTorchTar, place, "a checkpoint of PyTorch 0.1") }
        for member in directory.members where member.kind == .file {
            guard try countMember(place) else { break }
            do throws(ArchiveError) {
                let contents = try directory.contents(member)
                do throws(ByteError) {
                    let role = isTorch ? parts.first { $0.1 == member }?.0 : nil
                    try scan(contents, role, name: member.name.text, at: place.member(member.name.text), depth + 1)
                } catch { throw .bytes(error) }
            } catch {
                if case .bytes(let error) = error { throw error }
            }
        }
    }

    /// Scans a member of a tar archive for what it is, and for what PyTorch takes it for.
    private mutating func scan(
        _ contents: PartialSource, _ role: String?, name: String, at place: ScanPlace, _ depth: Int
    ) throws(ByteError) {
        if let role, let member = TorchTarMember(rawValue: role) {
            let content = try Content.detect(contents, name: FileName(name))
            if content.kind != .pickle {
                _ = try scan(contents, name: name, at: place, depth: depth)
            } else {
                try checkTail(contents, content, name: name, at: place, depth: depth)
            }
            return take(try Pickle.scan(contents, torchTar: member, options: options.pickle), at: place)
        }
        let kind = try scan(contents, name: name, at: place, depth: depth)
        if role != nil, kind != .pickle { try pickle(contents, name: name, at: place) }
    }

    // MARK: - Packed streams

    mutating func packed(
        _ source: any ByteSource, _ container: ContainerFormat?, name: String, at place: ScanPlace, depth: Int
    ) throws(ByteError) {
        guard let container, let format = CompressionFormat(container) else {
            findings.add(
                .archiveUnopened, place, "a stream of the kind `\(container?.rawValue ?? "unknown")` is not opened")
            return
        }
        do throws(ExpansionError) {
            var limits = options.expansion
            limits.output = min(limits.output, options.expanded - min(options.expanded, expanded))
            let (contents, trailing) = try Expander.expand(format, source, limits: limits)
            expanded += contents.size
            let inner = FileName(name).unpacked
            do throws(ByteError) {
                _ = try scan(contents, name: inner, at: place.member(container.rawValue), depth: depth + 1)
            } catch { throw .bytes(error) }
            if trailing > 0 {
                findings.add(
                    .contentUnreadable, place.at(source.size - trailing), "\(trailing) bytes follow the packed stream")
            }
        } catch {
            if case .bytes(.absent(let offset, let count)) = error { throw .absent(offset: offset, count: count) }
            try report(error, at: place)
        }
    }
}
