// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Safetensors

@Suite struct `A header` {
    private static let valid =
        #"{"__metadata__":{"b":"2","a":"1"},"w":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}"#

    @Test func `gives metadata, tensors and places`() throws {
        let header = try Header(Sample.file(Self.valid))
        #expect(header.metadata == [MetadataEntry("b", "2"), MetadataEntry("a", "1")])
        #expect(header.metadata("a") == "1")
        #expect(header.metadata("c") == nil)
        #expect(header.dataStart == 8 + UInt64(Self.valid.utf8.count))
        #expect(header.dataSize == 16)
        let tensor = try #require(header["w"])
        #expect(tensor.type == .i32)
        #expect(tensor.shape == [2, 2])
        #expect(tensor.offsets == 0..<16)
        #expect(tensor.elementCount == 4)
        #expect(header["v"] == nil)
    }

    @Test func `puts the tensors into the order of their bytes`() throws {
        let header = try Header(
            Sample.file(
                #"{"b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]},"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}"#
            ))
        #expect(header.tensors.map(\.name) == ["a", "b"])
        #expect(header["a"]?.type == .f64)
        #expect(header["b"]?.offsets == 8..<16)
    }

    @Test func `tells look-alike names apart`() throws {
        let header = try Header(
            Sample.file(
                "{\"\u{e9}\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"e\u{301}\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,16]}}"
            ))
        #expect(header.tensors.count == 2)
        #expect(header["\u{e9}"]?.offsets == 0..<8)
        #expect(header["e\u{301}"]?.offsets == 8..<16)
    }

    @Test func `resolves escapes in names, fields and types`() throws {
        let header = try Header(
            Sample.file(
                #"{"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00":{"d\u0074ype":"\u004932","shape":[2,2],"data_offsets":[0,16]}}"#
            ))
        #expect(header.tensors.first?.name == TensorName("a\"\\/\u{8}\u{c}\n\r\té😀"))
        #expect(header.tensors.first?.type == .i32)
    }

    @Test(arguments: [
        (" " + valid, "leadingWhitespace"), (valid + "\n", "paddingNotSpaces"), (valid + "  ", ""),
        (#"{"__metadata__":null}"#, "nullMetadata"), (#"{"__metadata__":{"a":"1","a":"2"}}"#, "duplicateMetadataKey"),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}"#,
            "duplicateTensor"
        ),
        (#"{"a":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16],"x":[1]}}"#, "unknownField"),
        (#"{"a":["I32",[2,2],[0,16]]}"#, "entryAsArray"),
        (#"{"a":{"dtype":{"I32":null},"shape":[2,2],"data_offsets":[0,16]}}"#, "typeAsObject"),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F16","shape":[1],"data_offsets":[1,3]}}"#,
            "misalignedTensor"
        ),
    ])
    func `in strict mode is refused for what the reference lets pass`(_ header: String, _ finding: String) throws {
        var text = header
        // Leave only the one fault: pad to eight with spaces, before a line end where that is the fault.
        let end = text.hasSuffix("\n") ? "\n" : ""
        text.removeLast(end.count)
        while (text.utf8.count + end.utf8.count) % 8 != 0 { text += " " }
        let size = text.contains("[1,3]") ? 3 : text.contains("[0,16]") ? 16 : 0
        let file = Sample.file(text + end, Array(repeating: 0, count: size))
        let compatible = try Header(file)
        if finding.isEmpty {
            #expect(compatible.findings.isEmpty)
            _ = try Header(file, .strict)
            return
        }
        #expect(compatible.findings.map { "\($0)".prefix(while: { $0 != "(" }) } == [finding[...]])
        #expect(throws: HeaderError.strict(compatible.findings[0])) { try Header(file, .strict) }
    }

    @Test func `whose data begin unaligned is refused in strict mode`() throws {
        let file = Sample.file(Self.valid)
        #expect(throws: HeaderError.strict(.misalignedData(place: 8 + UInt64(Self.valid.utf8.count)))) {
            try Header(file, .strict)
        }
    }

    @Test func `says where the fault is, counted from the beginning of the file`() {
        let file = Sample.file(#"{"a":{"dtype":"I32","shape":[2,-2],"data_offsets":[0,16]}}"#)
        #expect(throws: HeaderError.invalidJSON(.notUnsignedInteger, place: 8 + 31)) { try Header(file) }
        #expect(throws: HeaderError.invalidUTF8(place: 9)) { try Header([2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0xFF]) }
    }

    @Test func `keeps a bounded number of findings and counts the rest`() throws {
        let entries = (0..<150).map { #""x\#($0)":0"# }.joined(separator: ",")
        let header = try Header(
            Sample.file("{\"a\":{\(entries),\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}"))
        #expect(header.findings.count == 100)
        #expect(header.findingCount >= 150)
    }

    @Test func `at the limit of length is asked for, one byte more is refused`() throws {
        let limit = Header.lengthLimit
        func prefix(_ length: UInt64) -> [UInt8] { Sample.file("", [], length: length) }
        #expect(try Header.length(prefix: prefix(limit).span, fileSize: limit + 8) == 100_000_000)
        #expect(throws: HeaderError.headerTooLarge(length: limit + 1, limit: limit)) {
            try Header.length(prefix: prefix(limit + 1).span, fileSize: limit + 9)
        }
        #expect(throws: HeaderError.headerBeyondFile(length: limit, fileSize: limit + 7)) {
            try Header.length(prefix: prefix(limit).span, fileSize: limit + 7)
        }
    }

    @Test func `with very many names finds each of them`() throws {
        var entries: [String] = []
        for index in 0..<5000 {
            entries.append(#""t\#(index)":{"dtype":"U8","shape":[1],"data_offsets":[\#(index),\#(index + 1)]}"#)
        }
        let file = Sample.file("{" + entries.reversed().joined(separator: ",") + "}", Array(repeating: 0, count: 5000))
        let header = try Header(file)
        for index in 0..<5000 { #expect(header[TensorName("t\(index)")]?.offsets.lowerBound == UInt64(index)) }
    }

    @Test(arguments: TensorType.allCases)
    func `knows every data type`(_ type: TensorType) throws {
        let size = type.bitWidth * 4 / 8
        let file = Sample.file(
            #"{"a":{"dtype":"\#(type.rawValue)","shape":[4],"data_offsets":[0,\#(size)]}}"#,
            Array(repeating: 0, count: size))
        let tensor = try #require(try Header(file).tensors.first)
        #expect(tensor.type == type)
        #expect(tensor.elementCount == 4)
    }
}
