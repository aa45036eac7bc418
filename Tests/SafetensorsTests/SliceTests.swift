// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import Testing

@testable import Safetensors

@Suite struct `Slices` {
    struct Case: Decodable {
        enum Index: Decodable {
            case one(Int)
            case range([Int?])
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let value = try? container.decode(Int.self) {
                    self = .one(value)
                } else {
                    self = .range(try container.decode([Int?].self))
                }
            }
        }
        struct Result: Decodable {
            let shape: [UInt64]
            let values: [UInt16]
        }
        let shape: [UInt64]
        let indices: [Index?]
        let result: Result?

        var slice: [SliceIndex] {
            indices.map { index in
                switch index {
                case nil: .all
                case .one(let value): .index(value)
                case .range(let parts): .range(start: parts[0], stop: parts[1], step: parts[2] ?? 1)
                }
            }
        }
    }

    @Test func `give what numpy gives`() throws {
        let scratch = try Scratch()
        let cases: [Case] = try Sample.vector("slices.json")
        var refused = 0
        for (number, entry) in cases.enumerated() {
            let count = entry.shape.reduce(1, *)
            let data = (0..<count).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let path = try scratch.write(
                "a", Sample.file(#"{"a":{"dtype":"U16","shape":[\#(shape)],"data_offsets":[0,\#(data.count)]}}"#, data))
            let file = try SafetensorsFile(path)
            do throws(SafetensorsError) {
                let taken = try file.read(try file.tensor("a"), entry.slice)
                let (shape, values) = (taken.shape, try taken.elements(as: UInt16.self).array)
                #expect(shape == entry.result?.shape, "case \(number)")
                #expect(values == entry.result?.values, "case \(number)")
            } catch {
                refused += 1
                #expect(entry.result == nil, "case \(number): \(error.message)")
            }
        }
        #expect(refused > 20)
    }

    @Test func `of elements smaller than a byte end at bytes or are refused`() throws {
        func plan(_ type: TensorType, _ shape: [UInt64], _ slice: [SliceIndex]) throws(SliceError) -> SlicePlan {
            try SlicePlan(type: type, shape: shape, slice)
        }
        #expect(try plan(.f4, [3, 4], [1]).byteCount == 2)
        #expect(try plan(.f4, [3, 4], [1]).start == 2)
        #expect(try plan(.f4, [3, 4], [.all, .range(start: 2, stop: 4)]).byteCount == 3)
        #expect(try plan(.f6e2m3, [2, 4], [1]).start == 3)
        #expect(try plan(.f4, [3, 4], [.range(start: 1, stop: 1)]).byteCount == 0)
        #expect(throws: SliceError.partialByte(.f4)) { try plan(.f4, [3, 4], [.all, .range(start: 1, stop: 3)]) }
        #expect(throws: SliceError.partialByte(.f4)) { try plan(.f4, [3, 4], [.all, .range(start: 0, stop: 3)]) }
        #expect(throws: SliceError.partialByte(.f4)) { try plan(.f4, [3, 4], [.all, .range(step: 2)]) }
        #expect(throws: SliceError.partialByte(.f4)) { try plan(.f4, [2, 3], [1]) }
        #expect(throws: SliceError.partialByte(.f6e3m2)) { try plan(.f6e3m2, [2, 4], [0, .range(start: 0, stop: 2)]) }
    }

    @Test func `that make no sense are refused with their values`() throws {
        #expect(throws: SliceError.tooManyIndices(count: 2, rank: 1)) { try SlicePlan(type: .u8, shape: [3], [0, 0]) }
        #expect(throws: SliceError.outOfBounds(dimension: 0, index: 3, size: 3)) {
            try SlicePlan(type: .u8, shape: [3], [3])
        }
        #expect(throws: SliceError.outOfBounds(dimension: 1, index: -4, size: 3)) {
            try SlicePlan(type: .u8, shape: [1, 3], [0, -4])
        }
        #expect(throws: SliceError.outOfBounds(dimension: 0, index: 0, size: 0)) {
            try SlicePlan(type: .u8, shape: [0], [0])
        }
        for step in [0, -1, .min] {
            #expect(throws: SliceError.invalidStep(dimension: 0, step: step)) {
                try SlicePlan(type: .u8, shape: [3], [.range(step: step)])
            }
        }
    }

    @Test func `at the ends of the number range never trap`() throws {
        let extremes = [Int.min, .min + 1, -1, 0, 1, .max - 1, .max]
        for shape in [[3], [0], [0, .max, .max], [.max, 0], [1, UInt64.max / 8]] as [[UInt64]] {
            for start in extremes {
                _ = try? SlicePlan(type: .u8, shape: shape, [.index(start)])
                for stop in extremes {
                    for step in [1, 2, .max] {
                        let plan = try SlicePlan(
                            type: .u8, shape: shape, [.range(start: start, stop: stop, step: step)])
                        if shape.contains(0) { #expect(plan.byteCount == 0) }
                    }
                }
            }
        }
    }

    @Test func `with gaps of many sizes come out whole`() throws {
        let scratch = try Scratch()
        var generator = Seeded(3)
        let data = generator.bytes(300 * 10_000)
        let path = try scratch.write(
            "a", Sample.file(#"{"a":{"dtype":"U8","shape":[300,10000],"data_offsets":[0,3000000]}}"#, data))
        let file = try SafetensorsFile(path)
        for columns in [1..<2, 0..<64, 5000..<9990, 9000..<10000] {
            let taken = try file.raw("a", .all, .range(start: columns.lowerBound, stop: columns.upperBound))
            let expected = (0..<300).flatMap { row in
                data[(row * 10_000 + columns.lowerBound)..<(row * 10_000 + columns.upperBound)]
            }
            #expect(taken == expected)
        }
        let strided = try file.raw("a", .range(step: 7), .range(start: 3, step: 1111))
        #expect(
            strided
                == stride(from: 0, to: 300, by: 7).flatMap { row in
                    stride(from: 3, to: 10_000, by: 1111).map { data[row * 10_000 + $0] }
                })
    }
}
