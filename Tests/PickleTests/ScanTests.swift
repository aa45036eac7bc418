// SPDX-License-Identifier: Apache-2.0
import BinaryFormats
import Foundation
import Pickle
import Testing

@Suite struct `The scan` {
    /// A row of Tests/Corpus/scan/pickles.json, written by make.py beside it.
    struct Case: Decodable {
        let name: String
        let hex: String
        let verdict: String
        let rule: String?
    }

    static func cases() throws -> [Case] {
        try JSONDecoder().decode([Case].self, from: file("pickles.json", from: "../Corpus/scan"))
    }

    @Test func `gives every pickle of the corpus its verdict, for the right reason`() throws {
        let cases = try Self.cases()
        #expect(cases.count > 300)
        for item in cases {
            let report = try scan(hexadecimal(item.hex))
            let reasons = report.findings.map { "\($0.rule.rawValue) at \($0.offset): \($0.reason)" }
            #expect(report.verdict.rawValue == item.verdict, "\(item.name): \(reasons)")
            if let rule = item.rule {
                #expect(report.findings.contains { $0.rule.rawValue == rule }, "\(item.name): \(reasons)")
            }
            #expect(report.verdict == report.findings.map(\.verdict).max() ?? .clean)
        }
    }

    /// The peers' published samples, where the tree has them: the rows of `expected.tsv` that are pickles as they are.
    static let samples =
        (try? file("expected.tsv", from: "../Corpus/scan")).map { String(decoding: $0, as: UTF8.self) } ?? ""

    @Test(.enabled(if: !samples.isEmpty)) func `gives the samples of other scanners the verdict that they expect`()
        throws
    {
        let allowed: [String: Set<PickleVerdict>] = [
            "clean": [.clean, .review], "review": [.review], "malicious": [.malicious], "dos": [.review, .unscannable],
            "malformed": [.unscannable, .malicious], "suspicious": [.review, .unknown, .malicious],
            "not-a-model": [.unscannable],
        ]
        let containers: [[UInt8]] = [
            bytes("PK"), [0x1F, 0x8B], bytes("BZ"), [0xFD, 0x37], [0x78, 0x01], [0x78, 0x5E], [0x78, 0x9C], bytes("7z"),
            bytes("\u{93}NU"), [0x93, 0x4E],
            [0x89, 0x48],
        ]
        var count = 0
        for row in Self.samples.split(separator: "\n").dropFirst() {
            let fields = row.split(separator: "\t", omittingEmptySubsequences: false)
            guard let data = try? file(String(fields[0]), from: "../Corpus/scan"), fields[0].hasSuffix(".npy") == false
            else { continue }
            let stream = [UInt8](data)
            if containers.contains(where: { stream.starts(with: $0) }) { continue }
            var options = PickleOptions()
            options.interleavedArrays = fields[0].hasSuffix(".joblib")
            let report = try Pickle.scan(MemorySource(stream), options: options)
            let expected = try #require(allowed[String(fields[1])], "\(row)")
            #expect(
                expected.contains(report.verdict), "\(fields[0]) \(report.verdict): \(report.findings.map(\.reason))")
            count += 1
        }
        #expect(count > 200)
    }

    @Test func `has every rule in the corpus`() throws {
        let seen = Set(
            try Self.cases().flatMap { try scan(hexadecimal($0.hex)).findings.map(\.rule) })
        #expect(PickleRule.allCases.filter { !seen.contains($0) }.isEmpty)
    }

    @Test func `is never clean when bytes are cut off, except between two pickles`() throws {
        for item in try Self.cases() where item.verdict == "clean" && item.hex.utf8.count < 2000 {
            let whole = hexadecimal(item.hex)
            let ends = try read(whole).streams.map(\.end)
            for count in 0..<whole.count where !ends.contains(UInt64(count)) {
                let report = try scan(Array(whole[..<count]))
                if report.verdict == .clean {
                    // Zeros behind a pickle say nothing, wherever they end.
                    #expect(whole[..<count].last == 0, "\(item.name) cut at \(count)")
                }
            }
        }
    }

    @Test func `reports byte, instruction, name and remedy`() throws {
        let report = try scan([0x80, 2] + bytes("N0cos\nsystem\n(S'1'\ntR."))
        #expect(report.verdict == .malicious)
        let finding = try #require(report.findings.first)
        #expect(finding.rule == .dangerousGlobal)
        #expect(finding.offset == 4)
        #expect(finding.opcode == .global)
        #expect(finding.name == "os.system")
        #expect(finding.reason == "imports `os.system`, which has no place in a model")
        #expect(!finding.remedy.isEmpty)
    }

    @Test func `puts no text from the file into a report as it is`() throws {
        let report = try scan(
            bytes("cos\nsys`\u{1B}[31m\u{202E}") + bytes(String(repeating: "x", count: 500)) + bytes("\n."))
        for finding in report.findings {
            #expect(finding.reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 >= 0x80 })
            #expect(!finding.reason.contains("\u{202E}"))
            #expect(finding.reason.utf8.count < 400)
        }
    }

    @Test func `says what weights_only would refuse`() throws {
        let state = try #require(try Self.cases().first { $0.name == "state dict" })
        #expect(try scan(hexadecimal(state.hex)).weightsOnly.isAccepted)
        let framed = try #require(try Self.cases().first { $0.name == "state dict with protocol 4" })
        #expect(try scan(hexadecimal(framed.hex)).weightsOnly.refusedInstruction?.opcode == .frame)
        let numpy = try #require(try Self.cases().first { $0.name == "random number state" })
        #expect(
            try scan(hexadecimal(numpy.hex)).weightsOnly.refusedNames
                == ["numpy.core.multiarray._reconstruct", "numpy.dtype", "numpy.ndarray"])
    }

    @Test func `keeps the worst findings when there are too many`() throws {
        var options = PickleOptions()
        options.limits.findings = 3
        var stream: [UInt8] = []
        for index in 0..<50 { stream += bytes("csome\nf\(index)\n0") }
        stream += bytes("cos\nsystem\nN.")
        let report = try Pickle.scan(MemorySource(stream), options: options)
        #expect(report.isCut)
        #expect(report.findings.count == 3)
        #expect(report.verdict == .malicious)
    }

    @Test func `knows that TorchScript's loader imports nothing`() throws {
        let stream = [0x80, 2] + bytes("c__torch__.a.___torch_mangle_0\nNet\n)") + [0x81] + bytes("}b.")
        #expect(try scan(stream).verdict == .review)
        var context = PickleContext()
        context.isTorchScript = true
        #expect(try Pickle.scan(MemorySource(stream), context: context).verdict == .clean)
    }

    @Test func `steps over the arrays of joblib, and reads the pickle of an object array`() throws {
        func wrapper(_ type: String, _ flags: UInt8, aligned: Bool = false) -> [UInt8] {
            var state = bytes("}(U") + [5] + bytes("shapeK") + [2] + bytes("K") + [3, 0x86] + bytes("U") + [5]
            state += bytes("dtypecnumpy\ndtype\n(U") + [UInt8(type.utf8.count)] + bytes(type) + bytes("tR(K")
            state +=
                [3] + bytes("U") + [1] + bytes("<NNNK") + [0] + bytes("K") + [0] + bytes("K") + [flags] + bytes("tb")
            if aligned { state += bytes("U") + [27] + bytes("numpy_array_alignment_bytesK") + [16] }
            return [0x80, 2] + bytes("](cjoblib.numpy_pickle\nNumpyArrayWrapper\n)") + [0x81] + state + bytes("ub")
        }
        var options = PickleOptions()
        options.interleavedArrays = true
        let evil = bytes("cos\nsystem\n(S'1'\ntR")
        let array = [UInt8](repeating: 0xFF, count: 48)
        #expect(try scan(wrapper("f8", 0) + array + bytes("e."), options).verdict == .clean)
        #expect(try scan(wrapper("f8", 0) + array + evil + bytes("e."), options).verdict == .malicious)
        #expect(try scan(wrapper("f8", 0) + array.dropLast() + bytes("e."), options).verdict != .clean)
        #expect(
            try scan(wrapper("f8", 0, aligned: true) + [2, 0xFF, 0xFF] + array + bytes("e."), options).verdict == .clean
        )
        #expect(try scan(wrapper("O8", 63) + bytes("]N.") + bytes("e."), options).verdict == .review)
        #expect(try scan(wrapper("O8", 63) + bytes("].") + bytes("e."), options).verdict == .clean)
        #expect(try scan(wrapper("O8", 63) + evil + bytes(".") + bytes("e."), options).verdict == .malicious)
        let document = try read(wrapper("f8", 0) + array + bytes("e."), options)
        let list = try #require(document.result)
        let items = try #require(document.graph.list(list))
        let place = try #require(document.graph.call(items[0])?.array)
        #expect(place.upperBound - place.lowerBound == 48)
    }

    @Test func `never traps and always ends, whatever the bytes`() throws {
        let seed: UInt64 = 4_000
        print("seed \(seed)")
        var random = Random(seed: seed)
        let corpus = try Self.cases().map { hexadecimal($0.hex) }.filter { !$0.isEmpty && $0.count < 3000 }
        var options = PickleOptions()
        for round in 0..<20_000 {
            var stream = corpus[Int.random(in: 0..<corpus.count, using: &random)]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...stream.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0 where place < stream.count: stream[place] = UInt8.random(in: 0...255, using: &random)
                case 1 where place < stream.count: stream.remove(at: place)
                case 2:
                    stream.insert((PickleOpcode.allCases.randomElement(using: &random) ?? .stop).rawValue, at: place)
                case 3: stream.removeSubrange(place...)
                default:
                    let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
                    stream.insert(contentsOf: other.prefix(40), at: place)
                }
            }
            options.interleavedArrays = round % 3 == 0
            let report = try scan(stream, options)
            // The machine and the report agree on what was imported.
            #expect(report.imports.count <= report.opcodes)
        }
    }
}
