// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel

/// One walk over one HDF5 file.
struct HDF5Walk {
    var reader: HDF5Reader
    let place: ScanPlace
    var findings = ScanFindings()
    private var visited: Set<UInt64> = []
    private var queue: [UInt64] = []
    private var nodes: Set<UInt64> = []
    private var texts: Set<[UInt64]> = []
    private var problems = 0

    /// Damages that are reported one by one.
    private static let problemLimit = 20

    /// How many objects were found.
    var objects: Int { visited.count }

    init(reader: HDF5Reader, place: ScanPlace) { (self.reader, self.place) = (reader, place) }

    /// Shorter files have no room for the smallest superblock, so there is nothing in them.
    private static let shortest: UInt64 = 24

    mutating func run() throws(ByteError) {
        guard reader.source.size >= HDF5Walk.shortest else {
            findings.add(
                .hdf5Unread, place, "a file of \(reader.source.size) bytes, too short to hold anything",
                verdict: .review)
            return
        }
        do throws(HDF5Reader.Problem) {
            for root in try reader.superblock() { enqueue(root) }
        } catch { try report(error) }
        while let address = queue.popLast() {
            do throws(HDF5Reader.Problem) {
                try object(address)
            } catch { try report(error) }
        }
    }

    private mutating func report(_ problem: HDF5Reader.Problem) throws(ByteError) {
        problems += 1
        switch problem {
        case .bytes(.absent(let offset, let count)): throw .absent(offset: offset, count: count)
        case .bytes(.unreadable(let message)): throw .unreadable(message)
        case .bytes(let error):
            if problems <= HDF5Walk.problemLimit { findings.add(.hdf5Unread, place, error.description) }
        case .malformed(let offset, let reason):
            if problems <= HDF5Walk.problemLimit { findings.add(.hdf5Unread, place.at(offset), reason) }
        }
    }

    private mutating func enqueue(_ address: UInt64) {
        guard address != reader.undefined, visited.insert(address).inserted else { return }
        if visited.count == CheckLimits.hdf5Objects + 1 {
            findings.add(.hdf5Unread, place, "more than \(CheckLimits.hdf5Objects) objects: the rest was not read")
        }
        if visited.count <= CheckLimits.hdf5Objects { queue.append(address) }
    }

    // MARK: - Object headers

    private mutating func object(_ address: UInt64) throws(HDF5Reader.Problem) {
        let head = try reader.bytes(address, 16)
        if head.starts(with: "OHDR".utf8) { return try modern(address) }
        guard head[0] == 1 else {
            throw .malformed(offset: address, reason: "an object header of version \(head[0])")
        }
        var fields = HDF5Fields(head, offset: address, skipping: 2)
        var left = try fields.count(2)
        _ = try fields.number(4)
        var blocks = [(address: address &+ 16, count: try fields.count(4))]
        var seen: Set<UInt64> = [address &+ 16]
        while let block = blocks.popLast(), left > 0 {
            try reader.step(block.address, bytes: block.count)
            var fields = HDF5Fields(try reader.bytes(block.address, block.count), offset: block.address, skipping: 0)
            while fields.remaining >= 8, left > 0 {
                try reader.step(block.address)
                left -= 1
                let type = try fields.count(2)
                let size = try fields.count(2)
                let flags = try fields.byte()
                try fields.skip(3)
                let body = try fields.take(size)
                if type == 0x10 {
                    let next = try continuation(body, block.address)
                    if seen.insert(next.address).inserted { blocks.append(next) }
                } else {
                    try message(type, flags, body, block.address)
                }
            }
        }
    }

    private func continuation(
        _ body: [UInt8], _ offset: UInt64
    ) throws(HDF5Reader.Problem) -> (address: UInt64, count: Int) {
        var fields = HDF5Fields(body, offset: offset, skipping: 0)
        return (try fields.number(reader.offsetSize), try fields.count(reader.lengthSize))
    }

    private mutating func modern(_ address: UInt64) throws(HDF5Reader.Problem) {
        let flags = try reader.bytes(address, 6)[5]
        let extra = (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
        let sizeSize = 1 << Int(flags & 3)
        var fields = HDF5Fields(try reader.bytes(address, 6 + extra + sizeSize), offset: address, skipping: 6 + extra)
        var blocks = [(address: address &+ UInt64(6 + extra + sizeSize), count: try fields.count(sizeSize))]
        var seen: Set<UInt64> = []
        let hasOrder = flags & 4 != 0
        while let block = blocks.popLast() {
            try reader.step(block.address, bytes: block.count)
            var fields = HDF5Fields(try reader.bytes(block.address, block.count), offset: block.address, skipping: 0)
            // What is left at the end is shorter than a message: a gap.
            while fields.remaining >= (hasOrder ? 6 : 4) {
                try reader.step(block.address)
                let type = try fields.count(1)
                let size = try fields.count(2)
                let flags = try fields.byte()
                if hasOrder { try fields.skip(2) }
                let body = try fields.take(size)
                guard type == 0x10 else {
                    try message(type, flags, body, block.address)
                    continue
                }
                let next = try continuation(body, block.address)
                guard seen.insert(next.address).inserted else { continue }
                _ = try reader.bytes(next.address, 4, signature: "OCHK")
                blocks.append((next.address &+ 4, max(0, next.count - 8)))
            }
        }
    }

    // MARK: - Messages

    private mutating func message(
        _ type: Int, _ flags: UInt8, _ body: [UInt8], _ offset: UInt64
    ) throws(HDF5Reader.Problem) {
        if flags & 2 != 0, [0x06, 0x0C, 0x0B, 0x08].contains(type) {
            throw .malformed(offset: offset, reason: "a message that is kept elsewhere in the file")
        }
        var fields = HDF5Fields(body, offset: offset, skipping: 0)
        switch type {
        case 0x02:
            _ = try fields.byte()
            if try fields.byte() & 1 != 0 { try fields.skip(8) }
            try dense(&fields, skip: 4, size: 7) { (walk, object) throws(HDF5Reader.Problem) in
                try walk.link(object, offset)
            }
        case 0x06: try link(body, offset)
        case 0x07: findings.add(.hdf5External, place.at(offset), "the data of a dataset are kept in other files")
        case 0x08:
            let version = try fields.byte()
            let first = try fields.byte()
            let layout = version < 3 ? try fields.byte() : first
            if layout == 3 {
                findings.add(.hdf5External, place.at(offset), "a virtual dataset takes its data from other files")
            }
        case 0x0B: try filters(&fields, offset)
        case 0x0C: try attribute(body, offset)
        case 0x11:
            try tree(try fields.number(reader.offsetSize), 0)
        case 0x15:
            _ = try fields.byte()
            if try fields.byte() & 1 != 0 { try fields.skip(2) }
            try dense(&fields, skip: 0, size: 8) { (walk, object) throws(HDF5Reader.Problem) in
                try walk.attribute(object, offset)
            }
        default: break
        }
    }

    /// Links or attributes in a heap.
    private mutating func dense(
        _ fields: inout HDF5Fields, skip: Int, size: Int,
        _ body: (inout HDF5Walk, [UInt8]) throws(HDF5Reader.Problem) -> Void
    ) throws(HDF5Reader.Problem) {
        let heapAddress = try fields.number(reader.offsetSize)
        let index = try fields.number(reader.offsetSize)
        guard heapAddress != reader.undefined, index != reader.undefined else { return }
        let heap = try HDF5Heap(heapAddress, reader)
        for id in try HDF5Heap.ids(index, skip: skip, count: size, &reader) {
            try reader.step(heapAddress)
            try body(&self, try heap.object(id, &reader))
        }
    }

    /// A group's B-tree of version 1.
    private mutating func tree(_ address: UInt64, _ depth: Int) throws(HDF5Reader.Problem) {
        try reader.step(address)
        guard depth <= 32 else { throw .malformed(offset: address, reason: "a group's tree is too deep") }
        guard address != reader.undefined, nodes.insert(address).inserted else { return }
        let (o, l) = (reader.offsetSize, reader.lengthSize)
        if try reader.bytes(address, 4).elementsEqual("SNOD".utf8) { return try symbols(address) }
        var head = try reader.bytes(address, 8 + 2 * o, signature: "TREE")
        let type = try head.byte()
        _ = try head.byte()
        let used = try head.count(2)
        guard type == 0 else { throw .malformed(offset: address, reason: "a tree that is not one of a group") }
        let body = try reader.bytes(address &+ UInt64(8 + 2 * o), used * (l + o))
        var fields = HDF5Fields(body, offset: address, skipping: 0)
        for _ in 0..<used {
            try fields.skip(l)
            try tree(try fields.number(o), depth + 1)
        }
    }

    private mutating func symbols(_ address: UInt64) throws(HDF5Reader.Problem) {
        var head = try reader.bytes(address, 8, signature: "SNOD")
        _ = try head.number(2)
        let used = try head.count(2)
        let o = reader.offsetSize
        var fields = HDF5Fields(
            try reader.bytes(address &+ 8, used * (2 * o + 24)), offset: address, skipping: 0)
        for _ in 0..<used {
            try reader.step(address)
            try fields.skip(o)
            let object = try fields.number(o)
            let kind = try fields.number(4)
            try fields.skip(20)
            // A soft link has no header of its own.
            if kind != 2 { enqueue(object) }
        }
    }

    private mutating func link(_ body: [UInt8], _ offset: UInt64) throws(HDF5Reader.Problem) {
        var fields = HDF5Fields(body, offset: offset, skipping: 0)
        _ = try fields.byte()
        let flags = try fields.byte()
        let type = flags & 8 != 0 ? try fields.byte() : 0
        if flags & 4 != 0 { try fields.skip(8) }
        if flags & 0x10 != 0 { try fields.skip(1) }
        let name = String(decoding: try fields.take(try fields.count(1 << Int(flags & 3))), as: UTF8.self)
        switch type {
        case 0: enqueue(try fields.number(reader.offsetSize))
        case 1: break
        case 64:
            let value = try fields.take(try fields.count(2)).dropFirst().split(separator: 0).map {
                String(decoding: $0, as: UTF8.self)
            }
            let file = value.first ?? ""
            findings.add(
                .hdf5External, place.at(offset),
                "the link \(CheckText.quoted(name)) leads to the file \(CheckText.quoted(file))",
                name: Escaped(file, limit: 200).description)
        default:
            findings.add(.hdf5External, place.at(offset), "the link \(CheckText.quoted(name)) is of the kind \(type)")
        }
    }

    private mutating func filters(_ fields: inout HDF5Fields, _ offset: UInt64) throws(HDF5Reader.Problem) {
        let version = try fields.byte()
        let count = try fields.count(1)
        if version == 1 { try fields.skip(6) }
        for _ in 0..<count {
            let id = try fields.count(2)
            let length = version == 1 || id >= 256 ? try fields.count(2) : 0
            try fields.skip(2)
            let values = try fields.count(2)
            try fields.skip(version == 1 ? (length + 7) / 8 * 8 : length)
            try fields.skip(values * 4 + (version == 1 && values % 2 == 1 ? 4 : 0))
            // 1 to 6 are the library's, 32000 is the LZF that h5py carries.
            if id == 0 || id > 6 && id != 32_000 {
                findings.add(.hdf5Filter, place.at(offset), "the filter \(id) is used", name: String(id))
            }
        }
    }

    // MARK: - Attributes

    private mutating func attribute(_ body: [UInt8], _ offset: UInt64) throws(HDF5Reader.Problem) {
        var fields = HDF5Fields(body, offset: offset, skipping: 0)
        let version = try fields.byte()
        _ = try fields.byte()
        let sizes = [try fields.count(2), try fields.count(2), try fields.count(2)]
        if version == 3 { try fields.skip(1) }
        guard (1...3).contains(version) else {
            throw .malformed(offset: offset, reason: "an attribute of version \(version)")
        }
        var parts: [[UInt8]] = []
        for size in sizes {
            parts.append(try fields.take(size))
            if version == 1 { try fields.skip((8 - size % 8) % 8) }
        }
        let name = String(decoding: parts[0].prefix { $0 != 0 }, as: UTF8.self)
        guard ["model_config", "training_config", "config", "layer_config"].contains(name) else { return }
        let type = parts[1].first.map { $0 & 0x0F } ?? 0xFF
        let text: [UInt8]
        switch type {
        case 3: text = Array(try fields.take(fields.remaining).prefix { $0 != 0 })
        case 9:
            let length = try fields.count(4)
            let heap = try fields.number(reader.offsetSize)
            let index = try fields.number(4)
            // Any number of attributes may share one text.
            guard texts.insert([heap, index, UInt64(clamping: length)]).inserted else { return }
            try reader.step(heap, bytes: length)
            text = try global(heap, index, length)
        default: throw .malformed(offset: offset, reason: "`\(name)` is not a text")
        }
        KerasCheck.check(text, at: place.member(name), into: &findings)
    }

    /// An object of a global heap.
    private mutating func global(
        _ address: UInt64, _ index: UInt64, _ length: Int
    ) throws(HDF5Reader.Problem) -> [UInt8] {
        let l = reader.lengthSize
        var head = try reader.bytes(address, 8 + l, signature: "GCOL")
        try head.skip(4)
        let size = try head.count(l)
        var place = 8 + l
        while place < size, size - place >= 8 + l {
            try reader.step(address)
            var fields = HDF5Fields(try reader.bytes(address &+ UInt64(place), 8 + l), offset: address, skipping: 0)
            let found = try fields.number(2)
            try fields.skip(6)
            let count = try fields.count(l)
            guard count <= size - place else {
                throw .malformed(offset: address, reason: "an object larger than its heap")
            }
            if found == index, found != 0 {
                guard length <= count, length <= CheckLimits.hdf5Text else {
                    throw .malformed(offset: address, reason: "a text of \(length) bytes in an object of \(count)")
                }
                return try reader.bytes(address &+ UInt64(place + 8 + l), length)
            }
            if found == 0 { break }
            place += 8 + l + (count + 7) / 8 * 8
        }
        throw .malformed(offset: address, reason: "an object that is not in its heap")
    }
}
