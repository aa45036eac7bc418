// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import Testing

@testable import Safetensors

/// What the reference said about one file of the corpus.
struct Verdict: Sendable, CustomTestStringConvertible {
    let name: String
    /// Empty when it accepts the file.
    let message: String
    let tensorCount: Int?
    let digestPrefix: String

    var testDescription: String { name }

    static let all: [Verdict] = {
        let text = (try? String(contentsOf: Sample.corpus.appending(path: "verdicts.tsv"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            var message = fields[2] == "OK" ? "" : fields[3]
            // The table quotes messages that hold quotes.
            if message.hasPrefix("\"") {
                message = String(message.dropFirst().dropLast()).replacing("\"\"", with: "\"")
            }
            return Verdict(
                name: fields[0],
                message: message.replacing("SafetensorError: Error while deserializing: ", with: ""),
                tensorCount: Int(fields[4]), digestPrefix: fields[5])
        }
    }()

    func bytes() throws -> [UInt8] {
        switch name {
        // Too large for the tree, and made in one line.
        case "pad_huge_4MiB_spaces":
            Sample.file(
                #"{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}"#
                    + String(repeating: " ", count: 1 << 22),
                Array(repeating: 0, count: 16))
        case "name_long_1MiB":
            Sample.file(
                "{\"" + String(repeating: "n", count: 1 << 20)
                    + #"":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}"#,
                Array(repeating: 0, count: 16))
        default: Array(try Data(contentsOf: Sample.corpus.appending(path: name + ".safetensors")))
        }
    }
}

@Suite struct `The corpus of the format` {
    @Test func `has every file that the table of verdicts names`() { #expect(Verdict.all.count == 117) }

    @Test(arguments: Verdict.all)
    func `gets the reference's verdict in compatible mode`(_ verdict: Verdict) throws {
        let bytes = try verdict.bytes()
        #expect(
            Digest(of: bytes).description.hasPrefix(verdict.digestPrefix), "the file is not the one that was judged")
        do throws(HeaderError) {
            let header = try Header(bytes)
            #expect(verdict.message.isEmpty, "the reference refuses it: \(verdict.message)")
            #expect(header.tensors.count == verdict.tensorCount)
        } catch {
            #expect(!verdict.message.isEmpty, "the reference accepts it; here: \(error.message)")
            #expect(verdict.message.hasPrefix(error.reference), "\(verdict.message) / \(error.message)")
        }
    }

    @Test func `of many small cases gets the reference's verdicts`() throws {
        let cases: [[String]] = try Sample.vector("verdicts.json")
        #expect(cases.count > 1700)
        for entry in cases {
            let bytes = Sample.bytes(hexadecimal: entry[0])
            let text = String(decoding: bytes.dropFirst(8), as: UTF8.self)
            do throws(HeaderError) {
                _ = try Header(bytes)
                #expect(entry[1].isEmpty, "\(text): the reference says \(entry[1])")
            } catch {
                #expect(
                    !entry[1].isEmpty && entry[1].hasPrefix(error.reference.prefix(100)),
                    "\(text): \(entry[1]) / \(error.message)")
            }
        }
    }

    /// A trap would end the run. Whatever is accepted must also be consistent.
    @Test func `mutated at random never traps and never yields a tensor outside the file`() throws {
        let seed: UInt64 = 0x5AFE_7E45
        var generator = Seeded(seed)
        let all = try Verdict.all.map { try $0.bytes() }.filter { $0.count < 2048 }
        let valid = all.filter { (try? Header($0)) != nil }
        let alphabet = Array("{}[]\",:\\u0123456789eE+-. \n\tabdefnorst_\u{0}\u{e9}".utf8) + [0x80, 0xFF, 0xC3]
        var accepted = 0
        for round in 0..<24_000 {
            let files = round % 3 == 0 ? all : valid
            var bytes = files[Int(generator.next() % UInt64(files.count))]
            for _ in 0...[0, 0, 0, 1, 3][Int(generator.next() % 5)] {
                let place = bytes.isEmpty ? 0 : Int(generator.next() % UInt64(bytes.count))
                let letter = alphabet[Int(generator.next() % UInt64(alphabet.count))]
                switch generator.next() % 5 {
                case 0 where !bytes.isEmpty: bytes.remove(at: place)
                case 1: bytes.insert(letter, at: place)
                case 2 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(generator.next() % 8)
                case 3 where bytes.count > 16:
                    let digits = Array(String(generator.next() >> (generator.next() % 64)).utf8)
                    bytes.replaceSubrange(place..<min(bytes.count, place + 2), with: digits)
                default: if !bytes.isEmpty { bytes[place] = letter }
                }
            }
            if round % 2 == 0, bytes.count >= 24 {
                // An honest length, so that the mutation reaches the parser.
                let honest = UInt64(bytes.count - 8 - [0, 4, 8, 16][Int(generator.next() % 4)])
                for shift in 0..<8 { bytes[shift] = UInt8(truncatingIfNeeded: honest >> (UInt64(shift) * 8)) }
            }
            let size = round % 7 == 0 ? generator.next() : UInt64(bytes.count)
            for mode in [Mode.compatible, .strict] {
                guard let header = try? Header(parsing: bytes.span, fileSize: size, mode: mode) else { continue }
                accepted += 1
                var end: UInt64 = 0
                for tensor in header.tensors {
                    #expect(tensor.offsets.lowerBound == end, "seed \(seed), round \(round)")
                    end = tensor.offsets.upperBound
                    #expect(header[tensor.name] == tensor)
                }
                #expect(end == header.dataSize, "seed \(seed), round \(round)")
            }
        }
        #expect(accepted > 500, "nearly everything was refused: the mutations are too wild to test anything")
    }
}
