// SPDX-License-Identifier: Apache-2.0

import Foundation
import GGUF
import Testing

@testable import Drift

@Suite struct `Distances of blocks` {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let before: `Distances of numbers`.Vectors.Side
        let after: `Distances of numbers`.Vectors.Side
        let count: Int
        let distance: `Distances of numbers`.Vectors.Distance
        let cast: Bool
        let same: Bool
        var testDescription: String { name }
    }

    static let vectors: [Case] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/blocks.json")
        return (try? JSONDecoder().decode([String: [Case]].self, from: Data(contentsOf: file)))?["cases"] ?? []
    }()

    static func encoding(_ name: String) -> NumberEncoding? {
        NumberType(named: name).map { .plain($0) } ?? GGMLType.allCases.first { $0.name == name }.map { .blocks($0) }
    }

    private func measured(_ vector: Case, pieces: Int) throws -> MeasuredDistance {
        let before = `Distances of numbers`.bytes(vector.before.bytes)
        let after = `Distances of numbers`.bytes(vector.after.bytes)
        let (one, other) = try (
            #require(Self.encoding(vector.before.type)), #require(Self.encoding(vector.after.type))
        )
        var found = MeasuredDistance()
        var scratch = MeasuredDistance.Scratch()
        var done = 0
        while done < vector.count {
            let count = min(pieces, vector.count - done)
            var piece = MeasuredDistance()
            let first = Int(try #require(one.byteCount(UInt64(done))))
            let second = Int(try #require(other.byteCount(UInt64(done))))
            let known = piece.add(
                count, one, before.span.extracting(first..<before.count), other,
                after.span.extracting(second..<after.count), &scratch)
            try #require(known)
            found += piece
            done += count
        }
        return found
    }

    @Test func `the vectors are there`() { #expect(Self.vectors.count > 30) }

    @Test(arguments: vectors, [512, 256]) func `a distance is numpy's, however the tensor is cut`(
        _ vector: Case, _ pieces: Int
    ) throws {
        let found = try measured(vector, pieces: pieces)
        let distance = found.distance(count: UInt64(vector.count))
        #expect(distance.maximum == vector.distance.maximum)
        #expect(close(distance.mean, vector.distance.mean) && close(distance.relative, vector.distance.relative))
        #expect(close(distance.share, vector.distance.share) && distance.nonFinite == vector.distance.nonFinite)
        if vector.before.type == vector.after.type {
            #expect(found.isSame == vector.same)
        } else {
            #expect(found.isCast == vector.cast)
        }
    }

    @Test func `what cannot be compared is refused`() {
        var (found, scratch) = (MeasuredDistance(), MeasuredDistance.Scratch())
        let bytes = [UInt8](repeating: 0, count: 1024)
        func isKnown(_ count: Int, _ one: NumberEncoding, _ other: NumberEncoding, size: Int = 1024) -> Bool {
            found.add(count, one, bytes.span.extracting(0..<size), other, bytes.span, &scratch)
        }
        #expect(isKnown(32, .blocks(.q8_0), .plain(.f32)))
        #expect(!isKnown(32, .blocks(.q8_0), .plain(.c64)) && !isKnown(32, .plain(.c64), .blocks(.q8_0)))
        #expect(!isKnown(31, .blocks(.q8_0), .plain(.f32)))
        #expect(!isKnown(32, .blocks(.q8_0), .plain(.f32), size: 33))
        #expect(!isKnown(.max, .blocks(.q8_0), .blocks(.q4_0)))
    }

    private func close(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= 1e-12 * max(abs(one), abs(other)) }
}
