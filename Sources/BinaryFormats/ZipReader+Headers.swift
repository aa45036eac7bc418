// SPDX-License-Identifier: Apache-2.0

/// The members' own headers: agreement with the directory, gaps, overlaps, and members that the directory hides.
extension ZipReader {
    /// The header at `offset`; nil when there is none. `expected` is the length of the name that is likely there.
    func localHeader(at offset: UInt64, expected: Int) throws(ByteError) -> ZipLocalHeader? {
        guard offset < source.size, source.size - offset >= 30 else { return nil }
        let available = source.size - offset
        // One read for the header, the name and the padding that PyTorch puts into the extra field.
        var bytes = try source.bytes(at: offset, count: Int(min(available, UInt64(30 + max(0, expected)))))
        guard bytes.starts(with: ZipReader.localSignature) else { return nil }
        var fields = ByteFields(bytes)
        fields.skip(6)
        let flags = fields.u16()
        let method = fields.u16()
        fields.skip(4)
        let checksum = fields.u32()
        var sizes = ZipSizes(packed: UInt64(fields.u32()), size: UInt64(fields.u32()), offset: 0)
        let nameLength = Int(fields.u16())
        let extraLength = Int(fields.u16())
        let length = UInt64(30 + nameLength + extraLength)
        guard length <= available else { return nil }
        let wantsExtra = sizes.packed == 0xFFFF_FFFF || sizes.size == 0xFFFF_FFFF
        let needed = 30 + nameLength + (wantsExtra ? extraLength : 0)
        if bytes.count < needed { bytes = try source.bytes(at: offset, count: needed) }
        let name = MemberName(Array(bytes[30..<30 + nameLength]))
        if wantsExtra {
            var scratch = ZipReader(source, limits: limits)
            scratch.readExtra(Array(bytes[(30 + nameLength)..<needed]), &sizes, name: name, at: offset, central: false)
        }
        return ZipLocalHeader(
            name: name, flags: flags, method: method, checksum: checksum, packedSize: sizes.packed, size: sizes.size,
            length: length)
    }

    /// Reads every member's own header, compares, and looks at what lies between.
    mutating func readHeaders() throws(ByteError) {
        let order = members.indices.sorted {
            (members[$0].headerOffset, $0) < (members[$1].headerOffset, $1)
        }
        var searched: UInt64 = 0
        var covered: UInt64 = 0
        var coveredBy: MemberName?
        for (rank, place) in order.enumerated() {
            let start = members[place].headerOffset
            let name = members[place].name
            if start > covered, start <= entriesEnd {
                try reportGap(covered, start, first: rank == 0, &searched)
            } else if start < covered, let coveredBy {
                report(.overlap(coveredBy), at: start, member: name)
            }
            let next = rank + 1 < order.count ? members[order[rank + 1]].headerOffset : entriesEnd
            if let end = try readHeader(of: place, next: next), end > covered {
                covered = end
                coveredBy = name
            }
        }
        if covered < entriesEnd {
            try reportGap(covered, entriesEnd, first: order.isEmpty, &searched)
        } else if covered > entriesEnd, let coveredBy {
            report(.headerMissing, at: entriesEnd, member: coveredBy)
        }
    }

    /// Reads and compares the header of one member; gives where its data and descriptor end.
    private mutating func readHeader(of place: Int, next: UInt64) throws(ByteError) -> UInt64? {
        let member = members[place]
        let (start, name) = (member.headerOffset, member.name)
        // Headers that together are longer than the place they lie in overlap, which has been reported. Reading on, a small
        // archive whose members share one long header would fill the memory with its name.
        guard start < entriesEnd, headerBytes <= entriesEnd,
            var local = try localHeader(at: start, expected: name.bytes.count)
        else {
            report(.headerMissing, at: start, member: name)
            return nil
        }
        headerBytes += local.length
        let data = start + local.length
        guard data <= entriesEnd, member.packedSize <= entriesEnd - data else {
            members[place].local = local
            report(.headerMissing, at: start, member: name)
            return nil
        }
        members[place].dataOffset = data
        if local.name != name { report(.nameDisagrees(local: local.name), at: start, member: name) }
        if local.flags != member.flags {
            report(.flagsDisagree(local: local.flags, central: member.flags), at: start, member: name)
        }
        if local.method != member.method.number {
            report(.methodDisagrees(local: local.method, central: member.method.number), at: start, member: name)
        }
        let deferred = local.hasDescriptor
        if local.checksum != member.checksum, !(deferred && local.checksum == 0) {
            report(.checksumDisagrees(local: local.checksum, central: member.checksum), at: start, member: name)
        }
        for (one, other) in [(local.packedSize, member.packedSize), (local.size, member.size)]
        where one != other && !(deferred && one == 0) {
            report(.sizeDisagrees(local: one, central: other), at: start, member: name)
        }
        var end = data + member.packedSize
        if deferred {
            if let length = try descriptor(of: member, at: end, next: next) {
                local.descriptorLength = length
                end += length
            } else if !(member.packedSize == 0 && member.size == 0 && member.checksum == 0) {
                // PyTorch sets the flag for empty members too and writes no descriptor after them.
                report(.descriptorDisagrees, at: end, member: name)
            }
        }
        members[place].local = local
        return end
    }

    /// The length of the descriptor at `offset` that says what the directory says; nil when there is none.
    private func descriptor(of member: ZipMember, at offset: UInt64, next: UInt64) throws(ByteError) -> UInt64? {
        guard offset <= entriesEnd else { return nil }
        let bytes = try source.bytes(at: offset, count: Int(min(24, entriesEnd - offset)))
        var fits: [UInt64] = []
        for signed in [true, false] {
            for wide in [true, false] {
                let length = (signed ? 4 : 0) + 4 + (wide ? 16 : 8)
                guard bytes.count >= length else { continue }
                var fields = ByteFields(bytes)
                if signed {
                    guard bytes.starts(with: ZipReader.descriptorSignature) else { continue }
                    fields.skip(4)
                }
                guard fields.u32() == member.checksum else { continue }
                let sizes =
                    wide ? (fields.u64(), fields.u64()) : (UInt64(fields.u32()), UInt64(fields.u32()))
                guard sizes == (member.packedSize, member.size) else { continue }
                fits.append(UInt64(length))
            }
        }
        // Where several readings fit (sizes of zero), the one that leaves no gap is meant.
        return fits.first { offset + $0 == next } ?? fits.first
    }

    /// Reports bytes that belong to no listed member, and the members that hide in them.
    private mutating func reportGap(
        _ start: UInt64, _ end: UInt64, first: Bool, _ searched: inout UInt64
    ) throws(ByteError) {
        let count = end - start
        // A prefix that moved every place was reported when the directory was found.
        if !(first && count == shift) { report(first ? .prefix(count) : .gap(count), at: start) }
        var place = start
        let window: UInt64 = 64 * 1024
        while place < end, searched < limits.searchedGaps {
            let take = min(window, end - place)
            // Three bytes more, so that a signature across two windows is found.
            let bytes = try source.bytes(at: place, count: Int(min(take + 3, source.size - place)))
            var found: UInt64?
            var offset = 0
            while offset + 4 <= bytes.count {
                if bytes[offset] == 0x50, bytes[offset + 1] == 0x4B, bytes[offset + 2] == 3, bytes[offset + 3] == 4 {
                    found = place + UInt64(offset)
                    break
                }
                offset += 1
            }
            guard let found, found < end else {
                searched += take
                place += take
                continue
            }
            searched += found - place + 30
            place = try noteHidden(at: found, end: end) ?? found + 4
        }
    }

    /// Notes a member that only its own header tells of; gives where it ends.
    private mutating func noteHidden(at offset: UInt64, end: UInt64) throws(ByteError) -> UInt64? {
        guard UInt64(hidden.count) < limits.members, let local = try localHeader(at: offset, expected: 64),
            local.length <= end - offset
        else { return nil }
        let data = offset + local.length
        let known = !(local.hasDescriptor && local.packedSize == 0)
        let packed = known ? min(local.packedSize, end - data) : end - data
        let method = ZipMember.Method(local.method)
        hidden.append(
            ZipMember(
                name: local.name, flags: local.flags, method: method, checksum: local.checksum, packedSize: packed,
                size: known && method != .stored ? local.size : packed, headerOffset: offset, dataOffset: data,
                local: local, mode: 0))
        report(.hidden, at: offset, member: local.name)
        return known ? data + packed : data
    }
}
