// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// What a fuzzer calls: any bytes at all, read as far as they can be. Returns whether a header was read.
///
/// It must return for every input, without a trap and within the memory that the limits allow.
@discardableResult
package func fuzzGGUF(_ bytes: [UInt8]) -> Bool {
    let source = MemorySource(bytes)
    guard let header = try? GGUFHeader(parsing: source) else { return false }
    var numbers = [Float](repeating: 0, count: 1024)
    for tensor in header.tensors.prefix(64) {
        _ = try? tensor.digest(in: source)
        guard let type = tensor.type, let data = try? tensor.data(in: source),
            let blocks = try? data.bytes(at: 0, count: Int(min(data.size, 4096)))
        else { continue }
        var room = numbers.mutableSpan
        _ = type.numbers(of: blocks.span, into: &room)
    }
    for entry in header.metadata.prefix(64) { _ = try? entry.value.array?.elements(in: source, limit: 100) }
    _ = header.findings.map(\.description)
    _ = header.chatTemplates
    return true
}
