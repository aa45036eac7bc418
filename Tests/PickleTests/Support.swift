// SPDX-License-Identifier: Apache-2.0
import BinaryFormats
import Foundation
import Pickle

/// Parts of a pickle, written down by hand.
func bytes(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap { $0 } }

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The bytes that a text of hexadecimal digits stands for.
func hexadecimal(_ text: some StringProtocol) -> [UInt8] {
    var result: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
        let digit: UInt8 = character >= 0x61 ? character - 0x61 + 10 : character - 0x30
        if let first = high {
            result.append(first << 4 | digit)
            high = nil
        } else {
            high = digit
        }
    }
    return result
}

func scan(_ bytes: [UInt8], _ options: PickleOptions = PickleOptions()) throws -> PickleReport {
    try Pickle.scan(MemorySource(bytes), options: options)
}

func read(_ bytes: [UInt8], _ options: PickleOptions = PickleOptions()) throws -> PickleDocument {
    try Pickle.read(MemorySource(bytes), options: options)
}

/// All instructions of a stream.
func instructions(_ bytes: [UInt8]) throws(PickleError) -> [PickleInstruction] {
    var decoder = PickleDecoder(MemorySource(bytes))
    var result: [PickleInstruction] = []
    while let next = try decoder.next() { result.append(next) }
    return result
}

func file(_ name: String, from directory: String) throws -> Data {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return try Data(contentsOf: tests.appendingPathComponent(directory).appendingPathComponent(name))
}

/// A small generator whose numbers depend on the seed alone.
struct Random: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
