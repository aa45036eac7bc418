// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import ContentModel
import Foundation
import GGUF
import Testing

@Suite struct `The corpus of GGUF files` {
    @Test func `has every file that the table names`() {
        #expect(Sample.valid.count == 6)
        #expect(Sample.judged.count == 42)
    }

    @Test(arguments: Sample.valid)
    func `is read as the Python package reads it`(_ name: String) throws {
        let expected = try #require(Sample.expected["valid"]?[name])
        let source = MemorySource(try Sample.bytes(name))
        let header = try GGUFHeader(parsing: source)
        #expect(header.findings.isEmpty, "\(header.findings)")
        let fields = try #require(expected["fields"]?.members)
        #expect(header.metadata.count == fields.count)
        for field in fields {
            let value = try #require(header[field.key], "\(field.key)")
            try check(value, field.value, source)
        }
        let tensors = try #require(expected["tensors"]?.array)
        #expect(header.tensors.count == tensors.count)
        for (tensor, row) in zip(header.tensors, tensors) {
            #expect(tensor.name == row["name"]?.string)
            #expect(tensor.type?.name == row["type"]?.string)
            #expect(tensor.shape == row["shape"]?.array?.compactMap { $0.integer.map(UInt64.init) })
            #expect(tensor.dataOffset == row["begin"]?.integer.map(UInt64.init))
            #expect(tensor.byteCount == row["bytes"]?.integer.map(UInt64.init))
            #expect(try tensor.digest(in: source).description == row["digest"]?.string, "\(tensor.name)")
        }
    }

    private func check(_ value: GGUFValue, _ expected: JSONValue, _ source: MemorySource) throws {
        let types = try #require(expected["type"]?.array)
        guard case .array(let array) = value else {
            #expect(same(value, expected["value"]), "\(value) \(expected)")
            return
        }
        #expect(types.last?.string == "\(array.elementType)".uppercased())
        #expect(array.count == expected["count"]?.integer.map(UInt64.init))
        #expect(array.digest.description == expected["digest"]?.string)
        let items = expected["value"]?.array ?? []
        let elements = try array.elements(in: source, limit: items.count)
        #expect(elements.count == items.count)
        for (element, item) in zip(elements, items) { #expect(same(element, item), "\(element) \(item)") }
        let all = try array.elements(in: source)
        #expect(UInt64(all.count) == array.count)
    }

    private func same(_ value: GGUFValue, _ expected: JSONValue?) -> Bool {
        switch (value, expected) {
        case (.bool(let found), .bool(let wanted)?): found == wanted
        case (.string(let found), .string(let wanted)?): found.utf8.elementsEqual(wanted.utf8)
        case (.float32(let found), .number(let wanted)?): found == Float(wanted)
        case (.float32(let found), .integer(let wanted)?): found == Float(wanted)
        case (.float64(let found), .number(let wanted)?): found == wanted
        case (.uint64(let found), .number(let wanted)?): Double(found) == wanted
        case (_, .integer(let wanted)?): value.integer == wanted
        default: false
        }
    }

    @Test(arguments: Sample.judged)
    func `gets the verdict of the table`(_ name: String) throws {
        let verdict = try #require(Sample.expected["verdicts"]?[name]?.string)
        do throws(GGUFError) {
            let bytes: [UInt8]
            do { bytes = try Sample.bytes(name) } catch { throw .notGGUF(found: []) }
            let header = try GGUFHeader(parsing: MemorySource(bytes))
            #expect("ok:" + header.findings.map { caseName($0) }.joined(separator: ",") == verdict)
            for finding in header.findings { #expect(!finding.description.isEmpty && finding.offset < bytes.count) }
        } catch {
            #expect(caseName(error) == verdict, "\(error)")
            #expect(!error.description.isEmpty)
        }
    }

    /// The name of an enum's case.
    private func caseName(_ value: some Any) -> String {
        if let finding = value as? GGUFFinding, case .oldVersion = finding { return "oldVersion" }
        return Mirror(reflecting: value).children.first?.label ?? ""
    }
}
