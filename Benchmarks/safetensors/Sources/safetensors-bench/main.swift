// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Safetensors
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// One piece of work, repeated; prints the seconds of each repetition, one a line. The script beside this package runs it.

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func measure(_ rounds: Int, _ work: () async throws -> Void) async throws {
    for _ in 0..<rounds {
        let start = now()
        try await work()
        print(now() - start)
    }
}

func bytes(_ path: FilePath) throws -> [UInt8] {
    let descriptor = try FileDescriptor.open(path, .readOnly)
    defer { try? descriptor.close() }
    let size = Int(try descriptor.seek(offset: 0, from: .end))
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        while count < size {
            let got = try descriptor.read(
                fromAbsoluteOffset: Int64(count),
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]))
            if got == 0 { break }
            count += got
        }
    }
}

guard CommandLine.arguments.count >= 4, let rounds = Int(CommandLine.arguments[2]) else {
    print("usage: safetensors-bench WORK ROUNDS FILE [ARGUMENT]")
    exit(2)
}
let work = CommandLine.arguments[1]
let path = FilePath(CommandLine.arguments[3])
let argument = CommandLine.arguments.dropFirst(4).first

switch work {
case "parse":
    // The header alone, from memory: what the reference calls deserializing.
    let all = try bytes(path)
    try await measure(rounds) {
        let header = try Header(parsing: all.span, fileSize: UInt64(all.count))
        if header.tensors.isEmpty { exit(1) }
    }
case "open":
    try await measure(rounds) { if try SafetensorsFile(path).header.tensors.isEmpty { exit(1) } }
case "load":
    for _ in 0..<rounds {
        // Giving the memory back is not loading; neither is it counted for the rival.
        let start = now()
        let loaded = try await LoadedTensors.load([path], threads: Int(argument ?? "0") ?? 0)
        print(now() - start)
        if loaded.tensors.isEmpty { exit(1) }
    }
case "row", "mapped-row", "columns", "mapped-columns":
    let file = try SafetensorsFile(path, access: work.hasPrefix("mapped") ? .mapped : .reads)
    let tensor = try file.tensor(TensorName(argument ?? "w"))
    try await measure(rounds) {
        let slice: [SliceIndex] =
            work.hasSuffix("row") ? [.index(Int(tensor.shape[0] / 2))] : [.all, .range(start: 128, stop: 192)]
        if try file.read(tensor, slice).byteCount == 0 { exit(1) }
    }
case "write":
    // The same tensors as the file, from memory to a new file beside it.
    let loaded = try await LoadedTensors.load([path])
    let plan = try WritePlan(loaded.tensors.map { TensorSpec($0) })
    try await measure(rounds) {
        var writer = try SafetensorsWriter(FilePath(argument ?? path.string + ".out"), plan: plan)
        for tensor in plan.tensors { try writer.write(tensor.name, try loaded.bytes(tensor.name)) }
        try writer.finish(durably: false)
    }
case "digest":
    try await measure(rounds) {
        guard let digests = try TensorDigests(of: try SafetensorsFile(path)) else { exit(1) }
        if digests.entries.isEmpty { exit(1) }
    }
case "stream", "stream-whole", "whole":
    // From memory: both digests together, one after the other, the file's alone.
    let all = try bytes(path)
    try await measure(rounds) {
        var digests = StreamingTensorDigests(fileSize: UInt64(all.count))
        var whole = SHA256()
        var place = 0
        while place < all.count {
            let piece = all.span.bytes.extracting(place..<min(place + (1 << 20), all.count))
            switch work {
            case "stream": digests.update(piece, together: &whole)
            case "whole": whole.update(piece)
            default:
                digests.update(piece)
                whole.update(piece)
            }
            place += piece.byteCount
        }
    }
case "reshard":
    try await measure(rounds) {
        let plan = try ShardPlan([path], into: .count(4))
        try plan.write(to: FilePath(argument ?? path.string + ".shards"), replacing: true, durably: false)
    }
default:
    print("no such work: \(work)")
    exit(2)
}
