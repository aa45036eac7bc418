// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Safetensors
import Synchronization
import Testing

@testable import Checkpoint

/// Views of a storage whose bytes are all different from their neighbours', against a loop over all elements.
@Suite struct `Collecting strided tensors` {
    /// A view and its storage.
    struct View: Sendable, CustomStringConvertible {
        var element = "float32"
        var shape: [UInt64]
        var strides: [UInt64]
        var offset: UInt64 = 0
        var pieceSize = 4096
        var isBigEndian = false
        var isConjugated = false
        var isNegated = false

        var description: String {
            "\(element) \(shape) strides \(strides) offset \(offset) pieces \(pieceSize)"
                + (isBigEndian ? " big-endian" : "") + (isConjugated ? " conj" : "") + (isNegated ? " neg" : "")
        }

        var type: ElementType { ElementType.named[element] ?? .byte }

        var needed: Int {
            if shape.contains(0) { return 0 }
            return Int(zip(shape, strides).reduce(offset) { $0 + ($1.0 - 1) * $1.1 } + 1) * type.byteCount
        }

        /// The tensor, and a storage that ends with its last element.
        func tensor() -> (CheckpointTensor, bytes: [UInt8]) {
            var random = SplitMix(UInt64(needed))
            let words = (0..<(needed + 7) / 8).map { _ in random.next() }
            let bytes = words.withUnsafeBytes { Array($0.prefix(needed)) }
            let count = shape.reduce(1, *)
            let tensor = CheckpointTensor(
                element: type, type: type.tensorType ?? .u8, shape: shape, strides: strides, offset: offset, storage: 0,
                extent: nil, elementCount: count, isParameter: false, isConjugated: isConjugated, isNegated: isNegated,
                callOffset: 0)
            return (tensor, bytes)
        }

        /// The same, one element after the other.
        func naive(_ bytes: [UInt8]) -> [UInt8] {
            let (width, size) = (type.byteCount, type.numberSize)
            var result: [UInt8] = []
            var place = [UInt64](repeating: 0, count: shape.count)
            for _ in 0..<shape.reduce(1, *) {
                let start = Int(zip(place, strides).reduce(offset) { $0 + $1.0 * $1.1 }) * width
                var element = Array(bytes[start..<start + width])
                for number in 0..<(width / size) {
                    let range = number * size..<(number + 1) * size
                    if isBigEndian { element.replaceSubrange(range, with: element[range].reversed()) }
                    let flips = isNegated != (isConjugated && number == 1)
                    if flips { element[range.upperBound - 1] ^= 0x80 }
                }
                result += element
                for index in place.indices.reversed() {
                    place[index] += 1
                    if place[index] < shape[index] { break }
                    place[index] = 0
                }
            }
            return result
        }
    }

    /// Says how it was read.
    final class CountingSource: ByteSource {
        let bytes: MemorySource
        let reads = Atomic<Int>(0)
        init(_ bytes: [UInt8]) { self.bytes = MemorySource(bytes) }
        var size: UInt64 { bytes.size }
        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
            reads.add(1, ordering: .relaxed)
            try bytes.read(into: buffer, at: offset)
        }
    }

    private func gather(_ view: View) throws -> (found: [UInt8], expected: [UInt8], reads: Int, largest: Int) {
        let (tensor, bytes) = view.tensor()
        let source = CountingSource(bytes)
        let storage = CheckpointStorage(
            key: "0", location: "cpu", element: view.type, elementCount: UInt64(bytes.count / view.type.byteCount),
            contents: source, range: nil, checksum: nil, root: 0, rootOffset: 0)
        var gather = TensorGather(tensor, storage, isBigEndian: view.isBigEndian, pieceSize: view.pieceSize)
        var found: [UInt8] = []
        var buffer: [UInt8] = []
        var largest = 0
        while true {
            let count = try gather.next(into: &buffer)
            if count == 0 { break }
            found += buffer[..<count]
            largest = max(largest, count)
        }
        return (found, view.naive(bytes), source.reads.load(ordering: .relaxed), largest)
    }

    static let views: [View] = [
        View(shape: [], strides: []), View(shape: [1], strides: [7], offset: 3), View(shape: [0, 4], strides: [4, 1]),
        View(shape: [3, 0], strides: [1, .max], offset: .max), View(shape: [5], strides: [0]),
        View(shape: [300, 200], strides: [1, 300]), View(shape: [300, 200], strides: [1, 300], pieceSize: 1 << 20),
        View(shape: [70_000], strides: [1], offset: 5), View(shape: [70_000], strides: [3], pieceSize: 1 << 20),
        View(shape: [70_000, 2], strides: [1, 70_000], pieceSize: 1 << 20),
        View(shape: [2, 70_000], strides: [1, 2], pieceSize: 1 << 20),
        View(shape: [40, 3], strides: [6000, 1]), View(shape: [40], strides: [6000]),
        View(shape: [3, 40, 3], strides: [0, 6000, 1]), View(shape: [40, 1000], strides: [0, 1]),
        View(shape: [40, 1000], strides: [1, 0]), View(shape: [64, 9, 64], strides: [576, 1, 9]),
        View(shape: [9, 64, 64], strides: [1, 9, 576], pieceSize: 64 << 10),
        View(shape: [2, 70_000], strides: [100_000, 1], pieceSize: 1 << 20),
        View(shape: [3, 2, 30_000], strides: [1, 90_000, 3], pieceSize: 4 << 20),
        View(element: "bool", shape: [777, 333], strides: [1, 777], pieceSize: 1 << 18),
        View(element: "float16", shape: [513, 511], strides: [1, 513], pieceSize: 1 << 18),
        View(element: "int64", shape: [257, 255], strides: [1, 257], pieceSize: 1 << 18),
        View(element: "complex64", shape: [33, 65], strides: [1, 33], isConjugated: true),
        View(element: "complex64", shape: [33, 65], strides: [65, 1], isBigEndian: true, isNegated: true),
        View(element: "complex128", shape: [33, 65], strides: [1, 33], isConjugated: true, isNegated: true),
        View(element: "complex32", shape: [33, 65], strides: [1, 33], isBigEndian: true, isConjugated: true),
    ]

    @Test(arguments: views) func `every element comes to its place`(view: View) throws {
        let (found, expected, _, largest) = try gather(view)
        // Compared outside: a report of all numbers helps nobody.
        let isEqual = found == expected
        #expect(isEqual, "\(view)")
        #expect(largest <= view.pieceSize)
    }

    @Test func `random shapes and strides give what a loop over all elements gives`() throws {
        let seed: UInt64 = 20_261_121
        print("seed \(seed)")
        var random = SplitMix(seed)
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let elements = ["uint8", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128"]
        for _ in 0..<400 {
            // Sizes whose product is at most 2 ^ 13, laid out in any order with gaps, some of them repeated.
            var budget = 13
            var shape: [UInt64] = []
            for _ in 0..<number(0...5) {
                let bits = number(0...min(budget, 11))
                budget -= bits
                shape.append(UInt64(number((1 << bits) / 2 + 1...1 << bits)))
            }
            var strides = [UInt64](repeating: 0, count: shape.count)
            var next: UInt64 = 1
            for index in shape.indices.shuffled(using: &random) {
                if number(0...7) == 0 { continue }
                if number(0...3) == 0 { next += UInt64(number(1...5)) }
                if number(0...9) == 0, next < 4096 { next *= UInt64(number(2...40)) }
                // Now and then overlapping, as `unfold` makes them.
                strides[index] = number(0...19) == 0 ? max(1, next / 2) : next
                next = max(next, strides[index] * shape[index])
                if next > 1 << 18 { next = 1 }
            }
            let element = elements[number(0...elements.count - 1)]
            var view = View(element: element, shape: shape, strides: strides, offset: UInt64(number(0...9)))
            view.pieceSize = [4096, 5000, 16_384, 1 << 20][number(0...3)]
            view.isBigEndian = number(0...5) == 0
            view.isConjugated = element.hasPrefix("complex") && number(0...2) == 0
            view.isNegated = number(0...5) == 0
            guard view.needed <= 1 << 20 else { continue }
            let (found, expected, _, largest) = try gather(view)
            guard found == expected, largest <= view.pieceSize else {
                Issue.record("\(view)")
                return
            }
        }
    }

    @Test func `a transposed matrix is read in runs of many elements`() throws {
        // 128 rows of 2048 numbers, transposed: a piece of 256 KiB holds 512 of its columns, in 128 runs of 2 KiB.
        let view = View(shape: [2048, 128], strides: [1, 2048], pieceSize: 256 << 10)
        let (found, expected, reads, _) = try gather(view)
        let isEqual = found == expected
        #expect(isEqual)
        #expect(reads <= 4 * 128)
    }

    @Test func `what lies close together is read in one go`() throws {
        // Channels last: 64 filters of 64 channels and 9 places each, one behind the other.
        let view = View(shape: [64, 64, 9], strides: [576, 1, 64], pieceSize: 1 << 20)
        #expect(try gather(view).reads <= 2)
        // Every second of a row.
        #expect(try gather(View(shape: [100_000], strides: [2], pieceSize: 1 << 20)).reads <= 4)
        // One of a thousand: each alone.
        #expect(try gather(View(shape: [64], strides: [1000], pieceSize: 1 << 20)).reads <= 64)
    }

    @Test func `a storage that ends too early is an error`() throws {
        let view = View(shape: [300, 200], strides: [1, 300])
        let (tensor, bytes) = view.tensor()
        let storage = CheckpointStorage(
            key: "0", location: "cpu", element: view.type, elementCount: 60_000,
            contents: MemorySource(Array(bytes.dropLast())), range: nil, checksum: nil, root: 0, rootOffset: 0)
        var gather = TensorGather(tensor, storage, isBigEndian: false, pieceSize: 4096)
        var buffer: [UInt8] = []
        #expect(throws: CheckpointError.self) { while try gather.next(into: &buffer) > 0 {} }
    }
}
