// SPDX-License-Identifier: Apache-2.0

/// The tensors of one header, packed: an entry has fixed size, names and shapes lie one after another.
///
/// A header of a million tensors is four allocations instead of two million. All of it together stays within a small
/// multiple of the header's length, whatever the header says.
struct TensorTable: Sendable {
    struct Entry: Sendable {
        var nameStart: UInt32
        var nameCount: UInt32
        var hash: UInt32
        var place: UInt32
        var shapeStart: UInt32
        var rank: UInt32
        var begin: UInt64
        var end: UInt64
        var type: TensorType
    }

    private(set) var entries: [Entry] = []
    private(set) var names: [UInt8] = []
    private(set) var dimensions: [UInt64] = []
    /// Open addressing: index + 1 of an entry, zero where free; a power of two, at most half full.
    private var slots: [UInt32]
    private let hash = NameHash()

    init(headerLength: Int) {
        // The shortest usual entry has some 60 bytes.
        let guess = headerLength / 64
        entries.reserveCapacity(guess)
        names.reserveCapacity(headerLength / 3)
        dimensions.reserveCapacity(guess * 2)
        var size = 16
        while size < guess * 2 { size *= 2 }
        slots = Array(repeating: 0, count: size)
    }

    var count: Int { entries.count }

    var dimensionCount: Int { dimensions.count }
    var nameByteCount: Int { names.count }

    mutating func appendDimension(_ value: UInt64) { dimensions.append(value) }

    mutating func removeDimensions(from count: Int) {
        if dimensions.count > count { dimensions.removeLast(dimensions.count - count) }
    }

    mutating func appendName(_ append: (inout [UInt8]) -> Void) { append(&names) }

    /// Adds an entry whose name and shape were appended before. When the name is there already the new values replace
    /// the old, as in the reference, and the result is true.
    mutating func insert(_ entry: Entry) -> Bool {
        var entry = entry
        entry.hash = hash(names.span.extracting(Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)))
        if (entries.count + 1) * 2 > slots.count { grow() }
        let mask = slots.count - 1
        var slot = Int(entry.hash) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if entries[index].hash == entry.hash, sameName(entries[index], entry) {
                entries[index] = entry
                return true
            }
            slot = (slot + 1) & mask
        }
        entries.append(entry)
        slots[slot] = UInt32(entries.count)
        return false
    }

    /// The index of the tensor of this name.
    func index(of name: TensorName) -> Int? {
        let hash = hash(name.bytes.span)
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if entries[index].hash == hash, nameBytes(index).elementsEqual(name.bytes) { return index }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func nameBytes(_ index: Int) -> ArraySlice<UInt8> {
        let entry = entries[index]
        return names[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)]
    }

    func name(_ index: Int) -> TensorName { TensorName(checked: Array(nameBytes(index))) }

    func shape(_ index: Int) -> ArraySlice<UInt64> {
        let entry = entries[index]
        return dimensions[Int(entry.shapeStart)..<Int(entry.shapeStart) + Int(entry.rank)]
    }

    /// Puts the entries into the order of their offsets; equal offsets by name. Nothing moves when they are so already.
    mutating func sort() {
        var sorted = true
        for index in entries.indices.dropFirst() where !precedes(entries[index - 1], entries[index]) {
            sorted = false
            break
        }
        guard !sorted else { return }
        var entries = self.entries
        self.entries = []
        entries.sort { precedes($0, $1) }
        self.entries = entries
        rebuild(slots.count)
    }

    private func precedes(_ left: Entry, _ right: Entry) -> Bool {
        if left.begin != right.begin { return left.begin < right.begin }
        if left.end != right.end { return left.end < right.end }
        return bytes(left).lexicographicallyPrecedes(bytes(right))
    }

    private func bytes(_ entry: Entry) -> ArraySlice<UInt8> {
        names[Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)]
    }

    private func sameName(_ left: Entry, _ right: Entry) -> Bool {
        left.nameCount == right.nameCount && bytes(left).elementsEqual(bytes(right))
    }

    private mutating func grow() { rebuild(slots.count * 2) }

    private mutating func rebuild(_ size: Int) {
        slots = Array(repeating: 0, count: size)
        let mask = size - 1
        for index in entries.indices {
            var slot = Int(entries[index].hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(index + 1)
        }
    }
}
