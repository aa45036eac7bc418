// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `A safetensors file` {
    private func sample(_ scratch: Scratch) throws -> FilePath {
        let floats: [Float] = [1, -2.5, .infinity, 0]
        var data: [UInt8] = []
        for value in floats { data.append(littleEndian: value.bitPattern) }
        for value in [0x3C00, 0xBF80] as [UInt16] { data.append(littleEndian: value) }
        data += [0xFF, 7]
        return try scratch.write(
            "model.safetensors",
            Sample.file(
                #"{"f":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"h":{"dtype":"F16","shape":[1],"data_offsets":[16,18]},"b":{"dtype":"BF16","shape":[],"data_offsets":[18,20]},"i":{"dtype":"I8","shape":[2],"data_offsets":[20,22]}}"#,
                data))
    }

    @Test func `gives typed views of its tensors`() throws {
        let scratch = try Scratch()
        let file = try SafetensorsFile(try sample(scratch))
        let floats = try file.values("f", as: Float.self)
        #expect(floats == [1, -2.5, .infinity, 0])
        let bits = try file.values("f", as: UInt32.self)
        #expect(bits[1] == (-2.5 as Float).bitPattern)
        let row = try file.values("f", 1, as: Float.self)
        #expect(row == [.infinity, 0])
        let column = try file.values("f", .all, -1, as: Float.self)
        #expect(column == [-2.5, 0])
        let half = try file.values("h", as: Float16.self)
        #expect(half == [1])
        let brain = try file.values("b", as: BFloat16.self)
        #expect(brain.map(\.float) == [-1])
        let signed = try file.values("i", as: Int8.self)
        #expect(signed == [-1, 7])
        do throws(SafetensorsError) {
            _ = try file.values("f", as: Int32.self)
            Issue.record("floats were taken for integers")
        } catch { #expect(error.message == "elements of F32 are not `Int32`") }
    }

    @Test func `reads into memory of the caller's, of exactly the right size`() throws {
        let scratch = try Scratch()
        let file = try SafetensorsFile(try sample(scratch))
        let tensor = try file.tensor("i")
        var memory: [UInt8] = [9, 9]
        var span = memory.mutableSpan
        var raw = span.mutableBytes
        try file.read(tensor, into: &raw)
        #expect(memory == [0xFF, 7])
        var small: [UInt8] = [9]
        var smallSpan = small.mutableSpan
        var smallRaw = smallSpan.mutableBytes
        do throws(SafetensorsError) {
            try file.read(tensor, into: &smallRaw)
            Issue.record("a buffer of the wrong size was accepted")
        } catch { #expect(error.message == "the buffer has 1 bytes, 2 are needed") }
        #expect(small == [9])
    }

    @Test func `says what is missing`() throws {
        let scratch = try Scratch()
        let file = try SafetensorsFile(try sample(scratch))
        do throws(SafetensorsError) { _ = try file.raw("nope") } catch {
            #expect(error.message == "there is no tensor `nope`")
        }
        do throws(SafetensorsError) { _ = try SafetensorsFile(scratch.path.appending("absent")) } catch {
            #expect(error.code == .file)
            #expect(error.message.contains("absent"))
        }
        do throws(SafetensorsError) { _ = try SafetensorsFile(scratch.path) } catch {
            #expect(error.message.hasSuffix("is not a file"))
        }
        let short = try scratch.write("short", [1, 2])
        do throws(SafetensorsError) { _ = try SafetensorsFile(short) } catch {
            #expect(error.code == .invalidSafetensors)
            #expect(error.message.hasSuffix("not a safetensors file: 2 bytes, at least 8 are needed"))
        }
    }

    @Test func `that is cut while it is open is an error`() throws {
        let scratch = try Scratch()
        let path = try sample(scratch)
        let file = try SafetensorsFile(path)
        let size = file.header.fileSize
        try File(path, .updating).truncate(to: ByteCount(clamping: Int64(size) - 1))
        do throws(SafetensorsError) {
            _ = try file.raw("i")
            Issue.record("bytes that are not there were read")
        } catch { #expect(error.code == .invalidSafetensors) }
        let rest = try file.raw("f")
        #expect(rest.count == 16)
    }

    @Test func `with a header longer than the first read is read whole`() throws {
        let scratch = try Scratch()
        let entries = (0..<5000).map {
            #""layer.\#($0).weight":{"dtype":"U8","shape":[1],"data_offsets":[\#($0),\#($0 + 1)]}"#
        }
        let data = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let file = try SafetensorsFile(
            try scratch.write("a", Sample.file("{" + entries.joined(separator: ",") + "}", data)))
        let count = file.header.tensors.count
        #expect(count == 5000)
        do {
            let found = try file.raw("layer.4999.weight")
            #expect(found == [UInt8(truncatingIfNeeded: 4999)])
        }
    }

    @Test func `that claims more than memory holds is refused, not a trap`() throws {
        let scratch = try Scratch()
        let size: UInt64 = 1 << 42
        let header = Sample.file(#"{"a":{"dtype":"U8","shape":[\#(size)],"data_offsets":[0,\#(size)]}}"#, [])
        let path = try scratch.write("sparse", header)
        do throws(Failure) {
            try File(path, .updating).truncate(to: ByteCount(clamping: Int64(size) + Int64(header.count)))
        } catch {
            return  // A file system without large sparse files cannot hold the case.
        }
        let file = try SafetensorsFile(path)
        do {
            let found = try file.raw("a", .range(start: -3))
            #expect(found == [0, 0, 0])
        }
        if let memory = try? FileSystem.read("/proc/sys/vm/overcommit_memory", limit: 64),
            memory.first == UInt8(ascii: "1")
        {
            return
        }
        do throws(SafetensorsError) { _ = try file.raw("a") } catch { #expect(error.code == .limitExceeded) }
    }

    @Test func `rounds to brain floats as the hardware does`() {
        #expect(BFloat16(1).bitPattern == 0x3F80)
        #expect(BFloat16(Float(bitPattern: 0x3F80_8000)).bitPattern == 0x3F80)
        #expect(BFloat16(Float(bitPattern: 0x3F81_8000)).bitPattern == 0x3F82)
        #expect(BFloat16(.nan).float.isNaN)
        #expect(BFloat16(.greatestFiniteMagnitude).float == .infinity)
    }
}
