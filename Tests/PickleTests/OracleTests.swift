// SPDX-License-Identifier: Apache-2.0
import Foundation
import Pickle
import Testing

@Suite struct `CPython as the oracle` {
    /// A row of Vectors/streams.json, written by Tests/Corpus/scan/streams.py.
    struct Row {
        let bytes: [UInt8]
        let offsets: [UInt64]?
        let fast: Bool
        let slow: Bool
    }

    static func rows() throws -> [Row] {
        let object = try JSONSerialization.jsonObject(with: file("streams.json", from: "Vectors")) as? [String: Any]
        return try #require(object?["rows"] as? [[Any]]).map { row in
            Row(
                bytes: hexadecimal(try #require(row[0] as? String)),
                offsets: (row[1] as? [NSNumber])?.map(\.uint64Value), fast: try #require(row[2] as? Bool),
                slow: try #require(row[3] as? Bool))
        }
    }

    static func hasForeignText(_ bytes: [UInt8]) throws -> Bool {
        try instructions(bytes).contains { instruction in
            switch (instruction.opcode, instruction.argument) {
            case (.string, .bytes(let text)), (.binString, .bytes(let text)), (.shortBinString, .bytes(let text)),
                (.global, .names(let text, _)):
                text.contains { $0 >= 0x80 }
            default: false
            }
        }
    }

    static func hasComputedArguments(_ graph: PickleGraph) -> Bool {
        (0..<graph.count).contains { index in
            guard let node = graph.node(index), let call = graph.call(.node(node)) else { return false }
            return graph.tuple(call.arguments) == nil
        }
    }

    @Test func `instructions are found where pickletools finds them, or refused for a reason that is written down`()
        throws
    {
        var (agreed, stricter) = (0, 0)
        for row in try Self.rows() {
            let isForeign = (try? Self.hasForeignText(row.bytes)) ?? false
            do throws(PickleError) {
                let places = try instructions(row.bytes).map(\.offset)
                if let offsets = row.offsets {
                    #expect(places == offsets, "\(row.bytes)")
                    agreed += 1
                } else {
                    // pickletools wants ASCII in `STRING` and `GLOBAL`; loaders do not.
                    #expect(isForeign, "accepted, but pickletools refuses: \(row.bytes)")
                }
            } catch {
                guard row.offsets != nil else { continue }
                stricter += 1
                switch error.problem {
                // pickletools knows no frames, takes any protocol, octal and other numbers, and empty names.
                case .frameCrossed, .frameNested, .frameUnfinished, .unknownProtocol, .number, .emptyName, .quotes:
                    break
                case .bytes where error.opcode == .frame: break
                case .text where error.opcode == .inst: break
                default: Issue.record("\(error) but pickletools accepts: \(row.bytes)")
                }
            }
        }
        #expect(agreed > 1500 && stricter > 20)
    }

    @Test
    func `what CPython's loaders refuse is never accepted, what both accept is refused only for a written reason`()
        throws
    {
        var accepted = 0
        for row in try Self.rows() {
            let document = try read(
                row.bytes,
                {
                    var options = PickleOptions(); options.streams = 1; return options
                }())
            let problems = document.violations.compactMap { violation -> PickleProblem? in
                if case .impossible(let problem) = violation.kind { problem } else { nil }
            }
            if case .failed(let error) = document.ending {
                guard row.fast && row.slow else { continue }
                switch error.problem {
                case .number, .frameUnfinished, .frameCrossed: break
                default: Issue.record("\(error) but CPython accepts: \(row.bytes)")
                }
            } else if document.violations.isEmpty {
                accepted += 1
                // A Python 2 string's encoding is an option of the loader, and what a call returns may be a tuple.
                let isOpen = try Self.hasForeignText(row.bytes) || Self.hasComputedArguments(document.graph)
                #expect(row.fast || row.slow || isOpen, "accepted, but CPython refuses: \(row.bytes)")
            } else if row.fast && row.slow {
                #expect(problems.isEmpty, "\(problems) but CPython accepts: \(row.bytes)")
            }
        }
        #expect(accepted > 700)
    }
}
