// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// Computes the digest of one tensor: its type, its shape, and its bytes, whatever file they came in.
///
/// Defined in `docs/formats/tensor-digest.md`. The prefix fills whole blocks of SHA-256, so that two hashers stay in
/// step and `update(_:_:_:_:)` can interleave them.
public struct TensorHasher: Sendable {
    private(set) var hasher = SHA256()

    /// Begins the digest of a tensor of this type and shape with `byteCount` bytes.
    public init(type: TensorType, shape: [UInt64], byteCount: UInt64) {
        var prefix = Array("weighlock/tensor".utf8)
        prefix.append(littleEndian: UInt32(1))
        prefix.append(littleEndian: UInt32(truncatingIfNeeded: shape.count))
        prefix += type.rawValue.utf8
        prefix += repeatElement(0, count: 40 - prefix.count)
        prefix.append(littleEndian: byteCount)
        for dimension in shape { prefix.append(littleEndian: dimension) }
        prefix += repeatElement(0, count: (64 - prefix.count % 64) % 64)
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe hasher.update(prefix.span.bytes)
    }

    /// Begins the digest of a tensor of a container with types of its own, whose reader made the prefix: whole blocks of 64 bytes.
    package init(prefix: [UInt8]) {
        precondition(prefix.count.isMultiple(of: 64), "a prefix fills whole blocks")
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe hasher.update(prefix.span.bytes)
    }

    /// Begins the digest of a tensor that a header describes.
    public init(_ tensor: TensorInfo) { self.init(type: tensor.type, shape: tensor.shape, byteCount: tensor.byteCount) }

    /// Feeds the next bytes of the tensor: little-endian, row-major.
    public mutating func update(_ bytes: RawSpan) { hasher.update(bytes) }

    /// Feeds two tensors at once, faster than one after the other.
    public static func update(_ a: inout TensorHasher, _ first: RawSpan, _ b: inout TensorHasher, _ second: RawSpan) {
        SHA256.update(&a.hasher, first, &b.hasher, second)
    }

    /// Feeds many tensors at once, fastest with `SHA256.lanes` of them: tensor *i* gets the `counts[i]` bytes of `buffer` from
    /// `i * stride` on.
    package static func update(
        _ hashers: inout [TensorHasher], from buffer: RawSpan, stride: Int, counts: [Int]
    ) {
        var plain = hashers.map(\.hasher)
        SHA256.update(&plain, from: buffer, stride: stride, counts: counts)
        for index in hashers.indices { hashers[index].hasher = plain[index] }
    }

    /// Feeds `bytes`, which begin at `offset` in the tensor, to this and to `file`, which has been fed `place` bytes.
    ///
    /// Each is first brought to a block's boundary of its own; from there both go in step, a few bytes apart.
    package mutating func update(_ bytes: RawSpan, offset: UInt64, together file: inout SHA256, at place: UInt64) {
        let own = min(Int((64 - offset % 64) % 64), bytes.byteCount)
        let other = min(Int((64 - place % 64) % 64), bytes.byteCount)
        hasher.update(bytes.extracting(first: own))
        file.update(bytes.extracting(first: other))
        SHA256.update(
            &hasher, bytes.extracting(droppingFirst: own), &file, bytes.extracting(droppingFirst: other))
    }

    /// The digest of everything fed so far.
    public func finalize() -> Digest { hasher.finalize() }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(littleEndian value: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> Number(shift)))
        }
    }
}
