// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import FuzzDriver
import Pickle

/// Any bytes as pickles. The first byte chooses the options.
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard let choice = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    var options = PickleOptions()
    options.interleavedArrays = choice & 1 != 0
    options.limits.inlineBytes = choice & 2 != 0 ? 8 : 4096
    options.limits.opcodes = 100_000
    var context = PickleContext()
    context.isTorchScript = choice & 4 != 0
    let source = MemorySource(bytes)
    guard let document = try? Pickle.read(source, options: options),
        let report = try? Pickle.scan(source, options: options, context: context)
    else { preconditionFailure("memory is always there") }

    // Streams lie behind each other, inside the data.
    var place: UInt64 = 0
    for stream in document.streams {
        precondition(stream.start >= place && stream.end > stream.start && stream.end <= UInt64(count), "streams")
        place = stream.end
    }
    // Every object can be looked at, and refers to objects that are there.
    for index in 0..<document.graph.count {
        guard let node = document.graph.node(index) else { preconditionFailure("a node is missing") }
        check(document.graph.shape(of: node), document.graph)
        precondition(document.graph.offset(of: node) < UInt64(count), "an object from nowhere")
    }
    // What is not read to its end is never clean, and the decoder agrees with the machine about the end of each stream.
    if case .failed = document.ending { precondition(report.verdict >= .unscannable, "clean, but not read") }
    if let stream = document.streams.first, !options.interleavedArrays {
        var decoder = PickleDecoder(source, limits: options.limits)
        while (try? decoder.next()) != nil {}
        precondition(decoder.isStopped && decoder.position == stream.end, "the decoder disagrees")
    }
    precondition(report.verdict == report.findings.map(\.verdict).max() ?? .clean, "the verdict is not the worst")
    return 0
}

func check(_ shape: PickleShape, _ graph: PickleGraph) {
    func check(_ values: [PickleValue]) {
        for case .node(let node) in values { precondition(graph.node(Int(node.index)) != nil, "no such object") }
    }
    switch shape {
    case .tuple(let items), .list(let items), .set(let items), .frozenSet(let items): check(items)
    case .dictionary(let pairs): check(pairs.flatMap { [$0.key, $0.value] })
    case .call(let call):
        check([call.callee, call.arguments, call.keywords] + call.states + call.items)
        check(call.pairs.flatMap { [$0.key, $0.value] })
    case .persistent(let id): check([id])
    case .byteArray(let data): precondition((try? graph.bytes(of: data, limit: .max)) != nil, "bytes are missing")
    case .global, .extensionCode, .buffer: break
    }
}

@main struct Main {
    static func main() { fuzz { test($0, $1) } }
}
