// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

/// A directory of one test's own, removed with everything in it.
final class Scratch: Sendable {
    let path: FilePath

    init() throws {
        let name = "safetensors-test-" + String(UInt64.random(in: .min ... .max), radix: 36)
        path = FilePath(FileManager.default.temporaryDirectory.path).appending(name)
        try FileSystem.createDirectories(path)
    }

    deinit { try? FileSystem.removeTree(path) }

    func write(_ name: String, _ bytes: [UInt8]) throws -> FilePath {
        let file = path.appending(name)
        try FileSystem.replace(file, with: bytes, durably: false)
        return file
    }
}

/// Pseudo-random numbers that are the same for the same seed everywhere (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// `count` bytes. After the first few thousand they repeat, with a period that no buffer has: a debug build is slow.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let block = (0..<min(count, 4099)).map { _ in UInt8(truncatingIfNeeded: next()) }
        var out: [UInt8] = []
        out.reserveCapacity(count)
        while out.count < count { out += block.prefix(count - out.count) }
        return out
    }
}

/// Files beside the tests.
enum Sample {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    static let corpus = folder.deletingLastPathComponent().appending(path: "Corpus/safetensors")

    static func vector<Value: Decodable>(_ name: String, as _: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(contentsOf: folder.appending(path: "Vectors/\(name)")))
    }

    /// A safetensors file of this header.
    static func file(_ header: String, _ data: [UInt8] = Array(0..<16), length: UInt64? = nil) -> [UInt8] {
        let json = Array(header.utf8)
        let count = length ?? UInt64(json.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> (UInt64($0) * 8)) } + json + data
    }

    static func bytes(hexadecimal text: String) -> [UInt8] {
        var out: [UInt8] = []
        var high: UInt8?
        for byte in text.utf8 {
            let value = byte < 0x3A ? byte - 0x30 : byte - 0x57
            if let pending = high {
                out.append(pending << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return out
    }
}

extension RawSpan {
    /// A copy, for comparison.
    var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension Span where Element: BitwiseCopyable {
    /// A copy, for comparison.
    var array: [Element] { withUnsafeBufferPointer { Array($0) } }
}

extension Header {
    init(_ bytes: [UInt8], _ mode: Mode = .compatible) throws(HeaderError) {
        try self.init(parsing: bytes.span, fileSize: UInt64(bytes.count), mode: mode)
    }
}

extension HeaderError {
    /// How the reference's message for this error begins.
    var reference: String {
        switch self {
        case .headerTooSmall: "header too small"
        case .headerTooLarge: "header too large"
        case .headerBeyondFile: "invalid header length"
        case .invalidUTF8: "invalid UTF-8 in header"
        case .invalidJSON: "invalid JSON in header"
        // Of several at one place the reference names a random one.
        case .invalidOffset: "invalid offset for tensor `"
        case .sizeOverflow: "overflow computing buffer size"
        case .partialByte: "The slice is slicing for subbytes dtypes"
        case .sizeMismatch: "invalid shape, data type, or offset for tensor"
        case .incompleteData: "incomplete metadata, file not fully covered"
        case .strict: "not an error of the reference"
        }
    }
}

// Copies, made outside of `#expect`: its expansion cannot hold values that cannot be copied.
extension SafetensorsFile {
    func values<Element: TensorElement>(
        _ name: TensorName, _ slice: SliceIndex..., as type: Element.Type
    ) throws(SafetensorsError) -> [Element] {
        let data = try read(try tensor(name), slice)
        return try data.elements(as: type).array
    }

    func raw(_ name: TensorName, _ slice: SliceIndex...) throws(SafetensorsError) -> [UInt8] {
        let data = try read(try tensor(name), slice)
        return data.bytes.array
    }
}
