// SPDX-License-Identifier: Apache-2.0

import CKernels
import Foundation
import Testing

@testable import Drift

@Suite struct `Distances of numbers` {
    struct Vectors: Decodable {
        struct Side: Decodable {
            let type: String
            let bytes: String
        }
        struct Distance: Decodable {
            let maximum: Double
            let mean: Double
            let relative: Double
            let share: Double
            let nonFinite: UInt64
        }
        struct Case: Decodable, CustomTestStringConvertible {
            let name: String
            let before: Side
            let after: Side
            let count: Int
            let distance: Distance
            let cast: Bool?
            var testDescription: String { name }
        }
        let cases: [Case]
    }

    static let vectors: [Vectors.Case] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/weights.json")
        return (try? JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file)))?.cases ?? []
    }()

    static func bytes(_ text: String) -> [UInt8] {
        let digits = text.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    @Test func `the vectors are there`() { #expect(Self.vectors.count > 80) }

    @Test(arguments: vectors) func `a distance is numpy's`(_ vector: Vectors.Case) throws {
        let found = try measured(vector, pieces: vector.count)
        let distance = found.distance(count: UInt64(vector.count))
        #expect(distance.maximum == vector.distance.maximum)
        #expect(close(distance.mean, vector.distance.mean))
        #expect(close(distance.relative, vector.distance.relative))
        #expect(close(distance.share, vector.distance.share))
        #expect(distance.nonFinite == vector.distance.nonFinite)
        if let cast = vector.cast { #expect(found.isCast == cast) }
    }

    @Test(arguments: vectors) func `a distance does not depend on how the tensor is cut`(_ vector: Vectors.Case) throws
    {
        let (whole, cut) = (try measured(vector, pieces: vector.count), try measured(vector, pieces: 64))
        let (one, other) = (whole.distance(count: UInt64(vector.count)), cut.distance(count: UInt64(vector.count)))
        #expect(one.maximum == other.maximum && one.share == other.share && one.nonFinite == other.nonFinite)
        #expect(close(one.mean, other.mean) && close(one.relative, other.relative))
        #expect(whole.isCast == cut.isCast && whole.isSame == cut.isSame)
    }

    @Test(arguments: vectors) func `both paths of the kernel give the same bits`(_ vector: Vectors.Case) throws {
        let (before, after) = (Self.bytes(vector.before.bytes), Self.bytes(vector.after.bytes))
        let types = try (
            #require(NumberType(named: vector.before.type)), #require(NumberType(named: vector.after.type))
        )
        var (fast, portable) = (weighlock_distance(), weighlock_distance())
        let known = weighlock_distance_add(&fast, types.0.rawValue, before, types.1.rawValue, after, vector.count)
        #expect(known)
        #expect(
            weighlock_distance_add_portable(&portable, types.0.rawValue, before, types.1.rawValue, after, vector.count))
        let same = withUnsafeBytes(of: fast) { one in withUnsafeBytes(of: portable) { one.elementsEqual($0) } }
        #expect(same)
    }

    @Test func `types that are not known are refused`() {
        var distance = weighlock_distance()
        let bytes = [UInt8](repeating: 0, count: 64)
        #expect(!weighlock_distance_add(&distance, 22, bytes, 22, bytes, 8))
        #expect(!weighlock_distance_add(&distance, .max, bytes, 1, bytes, 8))
        #expect(!weighlock_distance_add(&distance, NumberType.c64.rawValue, bytes, NumberType.f32.rawValue, bytes, 8))
    }

    @Test func `the kernel's numbers of the types are those of the table`() {
        #expect(NumberType.f64.rawValue == UInt32(WEIGHLOCK_F64) && NumberType.bf16.rawValue == UInt32(WEIGHLOCK_BF16))
        #expect(NumberType.f8e5m2fnuz.rawValue == UInt32(WEIGHLOCK_F8_E5M2FNUZ))
        #expect(NumberType.i8.rawValue == UInt32(WEIGHLOCK_I8) && NumberType.u64.rawValue == UInt32(WEIGHLOCK_U64))
        #expect(
            NumberType.c64.rawValue == UInt32(WEIGHLOCK_C64) && NumberType.f6e3m2.rawValue == UInt32(WEIGHLOCK_F6_E3M2))
        for type in NumberType.allCases { #expect(NumberType(named: type.name) == type) }
    }

    @Test(arguments: [
        (0.0, "0"), (1, "1"), (0.0031, "0.0031"), (12.5, "12.5"), (999.6, "1000"), (123_456, "123000"),
        (3.14159e-9, "3.14e-09"), (0.99999, "1"), (1e300, "1e+300"), (0.0001, "0.0001"), (0.00001, "1e-05"),
        (2.2250738585072014e-308, "2.23e-308"), (.infinity, "infinite"), (9_999_999, "1e+07"),
    ]) func `figures have three digits`(_ number: Double, _ text: String) { #expect(Figures.text(number) == text) }

    @Test func `a share that is not everything never looks like it`() {
        #expect(
            Figures.share(0.99999) == "almost 100 %" && Figures.share(1) == "100 %" && Figures.share(0.004) == "0.4 %")
    }

    private func measured(_ vector: Vectors.Case, pieces: Int) throws -> MeasuredDistance {
        let (before, after) = (Self.bytes(vector.before.bytes), Self.bytes(vector.after.bytes))
        let types = try (
            #require(NumberType(named: vector.before.type)), #require(NumberType(named: vector.after.type))
        )
        var found = MeasuredDistance()
        var done = 0
        while done < vector.count {
            let count = min(pieces, vector.count - done)
            let one = Array(before.dropFirst(done / 8 * Int(types.0.bitWidth)))
            let other = Array(after.dropFirst(done / 8 * Int(types.1.bitWidth)))
            var piece = MeasuredDistance()
            let known = one.withUnsafeBytes { one in
                other.withUnsafeBytes { other in piece.add(count, types.0, one, types.1, other) }
            }
            try #require(known)
            found += piece
            done += count
        }
        return found
    }

    private func close(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= 1e-12 * max(abs(one), abs(other)) }
}
