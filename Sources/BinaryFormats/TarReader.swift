// SPDX-License-Identifier: Apache-2.0

/// One block of 512 bytes that describes an entry.
struct TarHeader {
    let name: [UInt8]
    let mode: UInt32
    let size: UInt64
    let type: UInt8
    let link: [UInt8]

    /// Nil when the checksum is wrong or a number cannot be read.
    init?(_ block: [UInt8]) {
        guard block.count == 512, let declared = TarHeader.number(block[148..<156]) else { return nil }
        var unsigned: UInt64 = 0
        var signed: Int64 = 0
        for (index, byte) in block.enumerated() {
            let value = index >= 148 && index < 156 ? UInt8(ascii: " ") : byte
            unsigned += UInt64(value)
            // Some old writers summed signed bytes.
            signed += Int64(Int8(bitPattern: value))
        }
        guard declared == unsigned || (signed >= 0 && declared == UInt64(signed)) else { return nil }
        guard let size = TarHeader.number(block[124..<136]) else { return nil }
        self.size = size
        mode = UInt32(truncatingIfNeeded: TarHeader.number(block[100..<108]) ?? 0)
        type = block[156]
        link = TarHeader.text(block[157..<257])
        let base = TarHeader.text(block[0..<100])
        // The prefix exists in POSIX headers only; GNU's have other things there.
        let isPOSIX = block[257..<263].elementsEqual([0x75, 0x73, 0x74, 0x61, 0x72, 0])
        let prefix = isPOSIX ? TarHeader.text(block[345..<500]) : []
        name = prefix.isEmpty ? base : prefix + [UInt8(ascii: "/")] + base
    }

    static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal digits, or GNU's big-endian binary with the first bit set; nil for anything else, and for negative numbers.
    static func number(_ field: ArraySlice<UInt8>) -> UInt64? {
        guard let first = field.first else { return nil }
        var value: UInt64 = 0
        if first & 0x80 != 0 {
            guard first == 0x80 else { return nil }
            for byte in field.dropFirst() {
                guard value >> 56 == 0 else { return nil }
                value = value << 8 | UInt64(byte)
            }
            return value
        }
        var digits = field.drop { $0 == UInt8(ascii: " ") }
        while let last = digits.last, last == 0 || last == UInt8(ascii: " ") { digits.removeLast() }
        for digit in digits {
            guard digit >= 0x30, digit <= 0x37, value >> 61 == 0 else { return nil }
            value = value << 3 | UInt64(digit - 0x30)
        }
        return value
    }
}

/// The work behind `TarDirectory`.
struct TarReader {
    let source: any ByteSource
    let limits: TarDirectory.Limits
    var members: [TarMember] = []
    var anomalies: [TarAnomaly] = []
    var uncounted = 0
    var failure: ArchiveError?
    private var seen: Set<MemberName> = []
    private var folded: Set<MemberName> = []

    init(_ source: any ByteSource, limits: TarDirectory.Limits) {
        self.source = source
        self.limits = limits
    }

    private mutating func report(_ kind: TarAnomaly.Kind, at offset: UInt64, member: MemberName? = nil) {
        guard anomalies.count < limits.anomalies else {
            uncounted += 1
            return
        }
        anomalies.append(TarAnomaly(offset: offset, member: member, kind: kind))
    }

    /// What extended headers say about the next entry.
    private struct Extension {
        var name: [UInt8]?
        var link: [UInt8]?
        var size: UInt64?
        var isSparse = false
        var count = 0
        var start: UInt64?
    }

    mutating func readAll() throws(ByteError) {
        var place: UInt64 = 0
        var pending = Extension()
        var global = Extension()
        while true {
            guard source.size - place >= 512 else {
                if members.isEmpty, place == 0 {
                    failure = .notAnArchive(format: "tar", reason: "\(source.size) bytes are too few")
                } else {
                    report(.endMissing, at: place)
                    if source.size > place { try reportTrailing(from: place) }
                }
                return
            }
            let block = try source.bytes(at: place, count: 512)
            if block.allSatisfy({ $0 == 0 }) {
                if members.isEmpty, place == 0 {
                    failure = .notAnArchive(format: "tar", reason: "it begins with zeros")
                    return
                }
                if pending.count > 0 { report(.extendedHeader, at: place) }
                try reportTrailing(from: place)
                return
            }
            guard let header = TarHeader(block) else {
                if members.isEmpty, place == 0 {
                    failure = .notAnArchive(format: "tar", reason: "the first header's checksum is wrong")
                } else {
                    report(.checksum, at: place)
                }
                return
            }
            let isExtension = [UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K")].contains(
                header.type)
            let size = isExtension ? header.size : pending.size ?? global.size ?? header.size
            // Links, devices and directories have no data, whatever their size says.
            let hasData = isExtension || !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header.type)
            let data = place + 512
            let count = hasData ? size : 0
            guard count <= source.size - data else {
                report(.truncated, at: place, member: MemberName(header.name))
                return
            }
            if isExtension {
                pending.count += 1
                guard pending.count <= limits.extendedHeaders, count <= UInt64(limits.extendedHeader) else {
                    failure = .overLimit(
                        "extended headers of a tar entry", count: max(count, UInt64(pending.count)),
                        limit: UInt64(
                            pending.count > limits.extendedHeaders ? limits.extendedHeaders : limits.extendedHeader))
                    return
                }
                pending.start = pending.start ?? place
                let bytes = try source.bytes(at: data, count: Int(count))
                read(bytes, of: header.type, at: place, &pending, &global)
            } else {
                guard members.count < limits.members else {
                    failure = .overLimit(
                        "entries of a tar archive", count: UInt64(members.count) + 1, limit: UInt64(limits.members))
                    return
                }
                add(header, size: count, at: place, data: data, pending, global)
                pending = Extension()
            }
            // No overflow: the data lie inside the source; the padding may leave it by less than a block.
            let padded = count.addingReportingOverflow((512 - count % 512) % 512).partialValue
            guard padded <= source.size - data else {
                place = source.size
                continue
            }
            place = data + padded
        }
    }

    /// Takes a long name, or the records of a pax header.
    private mutating func read(
        _ bytes: [UInt8], of type: UInt8, at place: UInt64, _ pending: inout Extension, _ global: inout Extension
    ) {
        switch type {
        case UInt8(ascii: "L"): pending.name = Array(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "K"): pending.link = Array(bytes.prefix { $0 != 0 })
        default:
            let isGlobal = type == UInt8(ascii: "g")
            var target = isGlobal ? global : pending
            if !TarReader.readRecords(bytes, &target) { report(.extendedHeader, at: place) }
            if isGlobal {
                // A name or a size for every entry at once is nobody's honest wish.
                if target.name != nil || target.size != nil || target.link != nil { report(.extendedHeader, at: place) }
                global = target
                pending.count -= 1
                if pending.count == 0 { pending.start = nil }
            } else {
                pending = target
            }
        }
    }

    /// Reads `<length> <key>=<value>\n` records.
    private static func readRecords(_ bytes: [UInt8], _ target: inout Extension) -> Bool {
        var place = 0
        while place < bytes.count {
            if bytes[place] == 0 { return bytes[place...].allSatisfy { $0 == 0 } }
            var length = 0
            var digits = 0
            while place + digits < bytes.count, bytes[place + digits] != UInt8(ascii: " ") {
                let digit = bytes[place + digits]
                guard digit >= 0x30, digit <= 0x39, digits < 9 else { return false }
                length = length * 10 + Int(digit - 0x30)
                digits += 1
            }
            guard digits > 0, length > digits + 2, length <= bytes.count - place,
                bytes[place + length - 1] == UInt8(ascii: "\n")
            else { return false }
            let record = bytes[(place + digits + 1)..<(place + length - 1)]
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { return false }
            let (key, value) = (record[..<equals], record[(equals + 1)...])
            if key.elementsEqual("path".utf8) {
                target.name = Array(value)
            } else if key.elementsEqual("linkpath".utf8) {
                target.link = Array(value)
            } else if key.elementsEqual("size".utf8) {
                guard let text = String(validating: value, as: UTF8.self), let size = UInt64(text) else { return false }
                target.size = size
            } else if key.starts(with: "GNU.sparse.".utf8) {
                target.isSparse = true
            }
            place += length
        }
        return true
    }

    private mutating func add(
        _ header: TarHeader, size: UInt64, at place: UInt64, data: UInt64, _ pending: Extension, _ global: Extension
    ) {
        let plain = MemberName(header.name)
        let name = (pending.name ?? global.name).map(MemberName.init) ?? plain
        let target = MemberName(pending.link ?? global.link ?? header.link)
        let start = pending.start ?? place
        var kind: TarMember.Kind =
            switch header.type {
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): name.isDirectory ? .directory : .file
            case UInt8(ascii: "1"): .hardLink
            case UInt8(ascii: "2"): .symbolicLink
            case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): .device
            case UInt8(ascii: "5"): .directory
            case UInt8(ascii: "S"): .sparse
            default: .other(header.type)
            }
        if pending.isSparse || global.isSparse { kind = .sparse }
        let isDirectory = kind == .directory
        members.append(
            TarMember(
                name: name, kind: kind, size: size, headerOffset: start, dataOffset: data,
                target: kind == .hardLink || kind == .symbolicLink ? target : MemberName([]), mode: header.mode))
        if let problem = name.problem { report(.name(problem), at: start, member: name) }
        // A cut or replaced name in the plain header is usual; one that is a whole path of its own is not.
        if name != plain, plain.problem != nil, plain.problem != .empty, name.problem == nil {
            report(.secondName(plain), at: start, member: name)
        }
        switch kind {
        case .hardLink, .symbolicLink: report(.link(target), at: start, member: name)
        case .device: report(.device, at: start, member: name)
        case .sparse: report(.sparse, at: start, member: name)
        case .other(let type): report(.type(type), at: start, member: name)
        case .file, .directory: break
        }
        if !seen.insert(name).inserted {
            if !isDirectory { report(.duplicate, at: start, member: name) }
        } else if !folded.insert(name.folded).inserted, !isDirectory {
            report(.caseCollision, at: start, member: name)
        }
    }

    /// Reports blocks after the end that are not zero.
    private mutating func reportTrailing(from place: UInt64) throws(ByteError) {
        var count: UInt64 = 0
        var first: UInt64?
        var chunks = SourceChunks(
            source, at: place, count: min(limits.trailing, source.size - place), chunkSize: 64 * 1024)
        var start = place
        while let chunk = try chunks.next() {
            for block in stride(from: 0, to: chunk.count, by: 512) {
                let end = min(chunk.count, block + 512)
                if chunk[block..<end].contains(where: { $0 != 0 }) {
                    count += UInt64(end - block)
                    first = first ?? start + UInt64(block)
                }
            }
            start = chunks.position
        }
        if let first { report(.trailing(count), at: first) }
    }
}
