// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Conversion

/// What the conversion of a blob gave, as it is kept beside it.
struct ConversionRecord: Sendable, Hashable {
    /// The blob of the safetensors file.
    let result: Digest
    /// Its length.
    let size: ByteCount
    /// The digest of the tensors, the same before and after.
    let tensors: Digest

    init(result: Digest, size: ByteCount, tensors: Digest) {
        (self.result, self.size, self.tensors) = (result, size, tensors)
    }

    /// The record as it is kept: one line.
    var bytes: [UInt8] {
        Array("weighlock-conversion 1 \(Conversion.version) \(result) \(size.value) \(tensors)\n".utf8)
    }

    /// Reads a record back; nil when it is not whole or of other rules.
    init?(bytes: [UInt8]) {
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard bytes.last == UInt8(ascii: "\n"), fields.count == 6, fields[0] == "weighlock-conversion",
            fields[1] == "1",
            fields[2] == "\(Conversion.version)", let result = Digest(String(fields[3])),
            let size = Int64(fields[4]).flatMap({ ByteCount($0) }), let tensors = Digest(String(fields[5].dropLast()))
        else { return nil }
        self.init(result: result, size: size, tensors: tensors)
    }
}
