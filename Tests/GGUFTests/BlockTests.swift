// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import GGUF
import Testing

@Suite struct `The numbers of blocks` {
    struct Case: Decodable, CustomTestStringConvertible {
        let type: String
        let blocks: String
        let numbers: String
        var testDescription: String { type }
    }

    static let cases: [Case] = {
        (try? JSONDecoder().decode([Case].self, from: Data(Sample.bytes("blocks.json")))) ?? []
    }()

    static func bytes(_ digits: String) -> [UInt8] {
        let values = digits.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    static func numbers(_ type: GGMLType, _ bytes: [UInt8], room: Int) -> (numbers: [Float], count: Int) {
        var numbers = [Float](repeating: -.infinity, count: room)
        var span = numbers.mutableSpan
        let count = type.numbers(of: bytes.span, into: &span)
        return (numbers, count)
    }

    @Test func `there are blocks of every quantised type`() {
        #expect(Set(Self.cases.map(\.type)) == Set(GGMLType.allCases.filter(\.isQuantized).map(\.name)))
    }

    @Test(arguments: cases) func `are those of the Python package, bit by bit`(_ item: Case) throws {
        let type = try #require(GGMLType.allCases.first { $0.name == item.type })
        let expected = Self.numbers(.f32, Self.bytes(item.numbers), room: item.numbers.utf8.count / 8).numbers
        let (found, count) = Self.numbers(type, Self.bytes(item.blocks), room: expected.count)
        #expect(count == expected.count && count > 0)
        let wrong = zip(found, expected).enumerated().first { $1.0.bitPattern != $1.1.bitPattern }
        #expect(wrong == nil, "\(item.type)")
    }

    @Test(
        arguments: [
            (GGMLType.f32, [0, 0, 0x80, 0x3F], Float(1)), (.f16, [0x01, 0xBC], -1.0009765625), (.f16, [1, 0], 0x1p-24),
            (.f16, [0, 0x7C], .infinity), (.bf16, [0xC0, 0x3F], 1.5), (.f64, [0, 0, 0, 0, 0, 0, 0xF0, 0xBF], -1),
            (.i8, [0xFF], -1), (.i16, [0, 0x80], -32768), (.i32, [1, 0, 0, 1], 16_777_216),
            (.i64, [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], -2),
        ] as [(GGMLType, [UInt8], Float)])
    func `of plain types are the nearest ones`(_ type: GGMLType, _ bytes: [UInt8], _ expected: Float) {
        #expect(Self.numbers(type, bytes, room: 1).numbers == [expected])
        #expect(Self.numbers(type, Array(bytes.dropLast()), room: 1).count == 0)
    }

    @Test func `every half is the one that the processor knows`() {
        for bits in UInt16.min...UInt16.max {
            let expected = Float(Float16(bitPattern: bits))
            let found = Self.numbers(.f16, [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)], room: 1).numbers[0]
            #expect(found == expected && found.sign == expected.sign || found.isNaN && expected.isNaN, "\(bits)")
        }
    }

    @Test(arguments: GGMLType.allCases) func `stay inside of what is there, whatever the bytes are`(_ type: GGMLType) {
        let seed: UInt64 = 20_260_807
        var generator = Seeded(seed)
        let (width, size) = (Int(type.blockBytes), Int(type.blockSize))
        for _ in 0..<40 {
            let bytes = (0..<Int.random(in: 0...width * 3, using: &generator)).map { _ in
                UInt8.random(in: .min ... .max, using: &generator)
            }
            let room = Int.random(in: 0...size * 3, using: &generator)
            let (numbers, count) = Self.numbers(type, bytes, room: room)
            #expect(count == min(bytes.count / width, room / size) * size, "seed \(seed)")
            #expect(numbers[count...].allSatisfy { $0 == -.infinity }, "seed \(seed)")
        }
    }
}
