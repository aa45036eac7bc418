// SPDX-License-Identifier: Apache-2.0

/// The work behind `ZipDirectory`: end records, then the directory, then every member's own header.
struct ZipReader {
    let source: any ByteSource
    let limits: ZipLimits
    var members: [ZipMember] = []
    var hidden: [ZipMember] = []
    var names: [MemberName: Int] = [:]
    var anomalies: [ZipAnomaly] = []
    var uncounted = 0
    var comment: [UInt8] = []
    var failure: ArchiveError?
    /// Where the directory begins and how long the end record says it is.
    var directoryStart: UInt64 = 0
    private var directorySize: UInt64 = 0
    private var declaredCount: UInt64 = 0
    /// What to add to every declared place: a prefix that the archive's writer did not know of.
    private(set) var shift: UInt64 = 0
    /// Where the end records begin.
    private var endStart: UInt64 = 0
    /// How long the members' own headers are together, as far as they have been read.
    var headerBytes: UInt64 = 0

    static let endSignature: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
    static let entrySignature: [UInt8] = [0x50, 0x4B, 0x01, 0x02]
    static let localSignature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    static let descriptorSignature: [UInt8] = [0x50, 0x4B, 0x07, 0x08]
    static let locator64Signature: [UInt8] = [0x50, 0x4B, 0x06, 0x07]
    static let end64Signature: [UInt8] = [0x50, 0x4B, 0x06, 0x06]
    /// The end record without its comment, and with the longest.
    static let endSize = 22
    static let longestTail: UInt64 = 22 + 65_535

    init(_ source: any ByteSource, limits: ZipLimits) {
        self.source = source
        self.limits = limits
    }

    mutating func report(_ kind: ZipAnomaly.Kind, at offset: UInt64, member: MemberName? = nil) {
        guard anomalies.count < limits.anomalies else {
            uncounted += 1
            return
        }
        anomalies.append(ZipAnomaly(offset: offset, member: member, kind: kind))
    }

    // MARK: The end

    /// Finds the end record, the 64-bit one before it, and the directory's place.
    mutating func findEnd() throws(ByteError) {
        let size = source.size
        guard size >= UInt64(ZipReader.endSize) else {
            failure = .notAnArchive(format: "zip", reason: "\(size) bytes are too few")
            return
        }
        var end = size - UInt64(ZipReader.endSize)
        var record = try source.bytes(at: end, count: ZipReader.endSize)
        if !(record.starts(with: ZipReader.endSignature) && record[20] == 0 && record[21] == 0) {
            let tailSize = min(size, ZipReader.longestTail)
            let tail = try source.bytes(at: size - tailSize, count: Int(tailSize))
            // PyTorch's reader takes the last signature; others the one whose comment ends with the file.
            var last: Int?
            var exact: Int?
            var place = tail.count - ZipReader.endSize
            while place >= 0 {
                if tail[place] == 0x50, tail[place..<place + 4].elementsEqual(ZipReader.endSignature) {
                    let length = Int(tail[place + 20]) | Int(tail[place + 21]) << 8
                    if last == nil { last = place }
                    if exact == nil, length == tail.count - place - ZipReader.endSize { exact = place }
                }
                place -= 1
            }
            guard let last else {
                failure = .notAnArchive(format: "zip", reason: "no end record")
                return
            }
            end = size - tailSize + UInt64(last)
            record = Array(tail[last..<last + ZipReader.endSize])
            let length = Int(record[20]) | Int(record[21]) << 8
            let rest = tail.count - last - ZipReader.endSize
            comment = Array(tail[(last + ZipReader.endSize)...].prefix(length))
            if length < rest {
                report(.trailing(UInt64(rest - length)), at: end + UInt64(ZipReader.endSize + length))
            }
            if length > rest { report(.directoryBroken, at: end) }
            if let exact, exact != last { report(.secondEndRecord(size - tailSize + UInt64(exact)), at: end) }
            if !comment.isEmpty { report(.comment(comment.count), at: end + UInt64(ZipReader.endSize)) }
        }
        endStart = end
        var fields = ByteFields(record)
        fields.skip(4)
        let disks = (fields.u16(), fields.u16())
        let counts = (fields.u16(), fields.u16())
        var directorySize = UInt64(fields.u32())
        var declaredStart = UInt64(fields.u32())
        var count = UInt64(counts.1)
        if !((disks.0 == 0 && disks.1 == 0) || (disks.0 == 0xFFFF && disks.1 == 0xFFFF)) || counts.0 != counts.1 {
            report(.split, at: end)
        }
        if end >= 20 {
            let locator = try source.bytes(at: end - 20, count: 20)
            if locator.starts(with: ZipReader.locator64Signature) {
                try read64(locator, end: end, &directorySize, &declaredStart, &count)
                if failure != nil { return }
            } else if counts.1 == 0xFFFF || directorySize == 0xFFFF_FFFF || declaredStart == 0xFFFF_FFFF {
                report(.endRecordsDisagree("existence of the 64-bit one"), at: end)
            }
        }
        try placeDirectory(size: directorySize, declared: declaredStart, count: count)
    }

    private mutating func read64(
        _ locator: [UInt8], end: UInt64, _ size: inout UInt64, _ start: inout UInt64, _ count: inout UInt64
    ) throws(ByteError) {
        var fields = ByteFields(locator)
        fields.skip(4)
        if fields.u32() != 0 { report(.split, at: end - 20) }
        let declared = fields.u64()
        if fields.u32() > 1 { report(.split, at: end - 20) }
        // The record is 56 bytes, right before the locator, unless it has extensible data (never seen in model files).
        var place = declared
        var record: [UInt8] = []
        if end >= 76, declared <= end - 76 { record = try source.bytes(at: declared, count: 56) }
        if !record.starts(with: ZipReader.end64Signature) {
            guard end >= 76 else {
                failure = .malformed(offset: end - 20, reason: "the locator points to no 64-bit end record")
                return
            }
            place = end - 76
            record = try source.bytes(at: place, count: 56)
            guard record.starts(with: ZipReader.end64Signature) else {
                failure = .malformed(offset: end - 20, reason: "the locator points to no 64-bit end record")
                return
            }
        }
        if place != declared { report(.endRecordsDisagree("place of the 64-bit one"), at: end - 20) }
        fields = ByteFields(record)
        fields.skip(4)
        let length = fields.u64()
        if length != end - 20 - place - 12 { report(.endRecordsDisagree("length of the 64-bit one"), at: place) }
        fields.skip(4)
        if fields.u32() != 0 || fields.u32() != 0 { report(.split, at: place) }
        let counts = (fields.u64(), fields.u64())
        if counts.0 != counts.1 { report(.split, at: place) }
        let wide = (size: fields.u64(), start: fields.u64())
        if count != 0xFFFF, count != counts.1 { report(.endRecordsDisagree("number of members"), at: place) }
        if size != 0xFFFF_FFFF, size != wide.size { report(.endRecordsDisagree("directory's size"), at: place) }
        if start != 0xFFFF_FFFF, start != wide.start { report(.endRecordsDisagree("directory's place"), at: place) }
        (size, start, count) = (wide.size, wide.start, counts.1)
        endStart = place
    }

    private mutating func placeDirectory(size: UInt64, declared: UInt64, count: UInt64) throws(ByteError) {
        guard size <= endStart else {
            failure = .malformed(offset: endStart, reason: "a directory of \(size) bytes does not fit before its end")
            return
        }
        guard size <= limits.directorySize else {
            failure = .overLimit("bytes of a zip directory", count: size, limit: limits.directorySize)
            return
        }
        declaredCount = count
        directorySize = size
        let computed = endStart - size
        directoryStart = declared
        guard declared != computed else { return }
        var endsInEntries = size == 0
        if !endsInEntries { endsInEntries = try isEntry(at: computed) }
        if size > 0, declared <= computed, try isEntry(at: declared) {
            // As PyTorch's reader: the declared place counts. Others count back from the end.
            report(.directoryPlace(declared: declared, computed: computed), at: endStart)
        } else if endsInEntries {
            directoryStart = computed
            if computed > declared {
                shift = computed - declared
                report(.prefix(shift), at: 0)
            } else {
                report(.directoryPlace(declared: declared, computed: computed), at: endStart)
            }
        } else {
            failure = .malformed(offset: endStart, reason: "no directory where the end record says")
        }
    }

    private func isEntry(at offset: UInt64) throws(ByteError) -> Bool {
        guard offset <= source.size, source.size - offset >= 46 else { return false }
        return try source.bytes(at: offset, count: 4) == ZipReader.entrySignature
    }

    // MARK: The directory

    /// Reads the entries of the directory.
    mutating func readDirectory() throws(ByteError) {
        let extent = try source.part(directoryStart, min(directorySize, endStart - min(endStart, directoryStart)))
        var cursor = ByteCursor(extent)
        while !cursor.isAtEnd {
            let place = directoryStart + cursor.position
            guard UInt64(members.count) < limits.members else {
                failure = .overLimit("members of a zip archive", count: declaredCount, limit: limits.members)
                return
            }
            guard cursor.remaining >= 46 else {
                report(.directoryBroken, at: place)
                break
            }
            let head = try cursor.bytes(46, limit: 46)
            var fields = ByteFields(head)
            guard head.starts(with: ZipReader.entrySignature) else {
                report(.directoryBroken, at: place)
                break
            }
            fields.skip(4)
            let madeBy = fields.u16()
            fields.skip(2)
            let flags = fields.u16()
            let method = fields.u16()
            fields.skip(4)
            let checksum = fields.u32()
            var sizes = ZipSizes(packed: UInt64(fields.u32()), size: UInt64(fields.u32()), offset: 0)
            let lengths = (name: fields.u16(), extra: fields.u16(), comment: fields.u16())
            let disk = fields.u16()
            fields.skip(2)
            let attributes = fields.u32()
            sizes.offset = UInt64(fields.u32())
            let tail = UInt64(lengths.name) + UInt64(lengths.extra) + UInt64(lengths.comment)
            guard cursor.remaining >= tail else {
                report(.directoryBroken, at: place)
                break
            }
            let name = MemberName(try cursor.bytes(UInt64(lengths.name), limit: 65_535))
            let extra = try cursor.bytes(UInt64(lengths.extra), limit: 65_535)
            try cursor.skip(UInt64(lengths.comment))
            readExtra(extra, &sizes, name: name, at: place, central: true)
            if lengths.comment > 0 { report(.memberComment(Int(lengths.comment)), at: place, member: name) }
            if disk != 0, disk != 0xFFFF { report(.memberSplit, at: place, member: name) }
            let (offset, overflow) = sizes.offset.addingReportingOverflow(shift)
            let system = madeBy >> 8
            let member = ZipMember(
                name: name, flags: flags, method: ZipMember.Method(method), checksum: checksum,
                packedSize: sizes.packed, size: sizes.size, headerOffset: overflow ? .max : offset,
                mode: system == 3 || system == 19 ? attributes >> 16 : 0)
            if names[name] != nil {
                report(.duplicate, at: place, member: name)
            } else {
                names[name] = members.count
            }
            members.append(member)
        }
        if UInt64(members.count) != declaredCount {
            report(.memberCount(declared: declaredCount, found: UInt64(members.count)), at: endStart)
        }
        if cursor.position != directorySize {
            report(.directorySize(declared: directorySize, found: cursor.position), at: endStart)
        }
    }

    /// Takes the 64-bit sizes and a second name from the extra field.
    mutating func readExtra(
        _ extra: [UInt8], _ sizes: inout ZipSizes, name: MemberName, at place: UInt64, central: Bool
    ) {
        var fields = ByteFields(extra)
        var found64 = false
        while fields.remaining >= 4 {
            let id = fields.u16()
            let length = Int(fields.u16())
            guard length <= fields.remaining else {
                report(.extraField, at: place, member: name)
                return
            }
            var field = ByteFields(fields.bytes(length))
            switch id {
            case 0x0001 where !found64:
                found64 = true
                if sizes.size == 0xFFFF_FFFF {
                    if field.remaining < 8 { report(.extraField, at: place, member: name) }
                    sizes.size = field.u64()
                }
                if sizes.packed == 0xFFFF_FFFF {
                    if field.remaining < 8 { report(.extraField, at: place, member: name) }
                    sizes.packed = field.u64()
                }
                if central, sizes.offset == 0xFFFF_FFFF {
                    if field.remaining < 8 { report(.extraField, at: place, member: name) }
                    sizes.offset = field.u64()
                }
            case 0x0001: report(.extraField, at: place, member: name)
            case 0x7075 where field.remaining >= 5:
                field.skip(5)
                let second = MemberName(field.bytes(field.remaining))
                if second != name { report(.secondName(second), at: place, member: name) }
            default: break
            }
        }
        if !found64, central, sizes.size == 0xFFFF_FFFF || sizes.packed == 0xFFFF_FFFF || sizes.offset == 0xFFFF_FFFF {
            report(.extraField, at: place, member: name)
        }
    }

    /// Checks what can be checked without the members' own headers.
    mutating func checkMembers() {
        var folded: [MemberName: MemberName] = [:]
        var total: UInt64 = 0
        for member in members {
            let place = member.headerOffset
            let name = member.name
            if let problem = name.problem { report(.name(problem), at: place, member: name) }
            if let other = folded.updateValue(name, forKey: name.folded), other != name {
                report(.caseCollision, at: place, member: name)
            }
            if member.isEncrypted { report(.encrypted, at: place, member: name) }
            if member.flags & 0x2020 != 0 { report(.patched, at: place, member: name) }
            switch member.method {
            case .stored:
                if member.packedSize != member.size, !member.isEncrypted {
                    report(.storedSize(packed: member.packedSize, size: member.size), at: place, member: name)
                }
            case .deflate, .other:
                if case .other(let number) = member.method { report(.method(number), at: place, member: name) }
                total = total &+ member.size < total ? .max : total + member.size
                let ratio = member.size / max(1, member.packedSize)
                if member.size >= limits.ratioFloor, ratio > limits.ratio {
                    report(.ratio(ratio), at: place, member: name)
                }
            }
            switch member.mode & 0o170000 {
            case 0o120000: report(.link, at: place, member: name)
            case 0o020000, 0o060000, 0o010000, 0o140000: report(.device, at: place, member: name)
            default: break
            }
        }
        if total > limits.totalSize { report(.totalSize(total), at: endStart) }
    }

    var entriesEnd: UInt64 { directoryStart }
}

/// The three numbers of an entry that may be 64 bits wide.
struct ZipSizes {
    var packed: UInt64
    var size: UInt64
    var offset: UInt64
}
