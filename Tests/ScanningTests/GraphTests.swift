// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Testing

@testable import Scanning

/// Files written by h5py and onnx, and TensorFlow messages written by hand: their names begin with the verdict.
@Suite struct `HDF5, ONNX and TensorFlow files` {
    @Test func `every sample has the verdict that its name says`() throws {
        #expect(Checked.samples.count >= 45)
        for (name, bytes) in Checked.samples {
            let wanted = try #require(Verdict(rawValue: String(name.prefix { $0 != "-" })))
            let found = try Checked.sample(bytes, name: name)
            #expect(found.verdict == wanted, "\(name)\n\(found.lines)")
        }
    }

    @Test func `every object of an HDF5 file is reached, whatever index leads to it`() throws {
        // h5py counts the same: groups, datasets and the root; newer files have an extension of the superblock beside them.
        for (name, count) in [
            ("clean-weights-earliest", 81), ("clean-weights-v108", 81), ("clean-weights-v110", 81),
            ("clean-weights-latest", 81),
            ("clean-many-links", 601),
        ] {
            let bytes = try #require(Checked.samples.first { $0.name == name + ".h5" }).bytes
            var walk = HDF5Walk(reader: HDF5Reader(MemorySource(bytes)), place: ScanPlace())
            try walk.run()
            #expect(walk.objects == count || walk.objects == count + 1, "\(name): \(walk.objects)")
        }
    }

    @Test func `models are recognised by their content`() throws {
        for (name, bytes) in Checked.samples {
            #expect(try ONNXCheck.begins(MemorySource(bytes)) == name.hasSuffix(".onnx"), "\(name)")
            #expect(try (SavedModelCheck.form(of: MemorySource(bytes)) != nil) == name.hasSuffix(".pb"), "\(name)")
        }
        for text in ["", "{}", "hello world, this is text", "\u{8}\u{1}"] {
            #expect(try ONNXCheck.begins(MemorySource(Array(text.utf8))) == false)
            #expect(try SavedModelCheck.form(of: MemorySource(Array(text.utf8))) == nil)
        }
    }

    @Test func `a cut file is never clean`() throws {
        for (name, bytes) in Checked.samples where name.hasPrefix("clean-keras") || name.hasPrefix("clean-saved") {
            let found = try Checked.sample(Array(bytes.prefix(bytes.count / 3)), name: name)
            #expect(found.verdict == .unscannable, "\(name)\n\(found.lines)")
        }
    }

    /// The first range that a check asks for; nil when it came to its end.
    private static func missing(
        _ source: SparseSource, _ name: String, _ findings: inout ScanFindings
    ) -> (offset: UInt64, count: UInt64)? {
        do throws(ByteError) {
            try HDF5Check.check(source, name: name, at: ScanPlace(), into: &findings)
        } catch {
            if case .absent(let offset, let count) = error { return (offset, count) }
        }
        return nil
    }

    @Test func `a remote file is asked for what is missing`() throws {
        let (name, bytes) = try #require(Checked.samples.first { $0.name == "malicious-lambda-latest.h5" })
        var remote = SparseSource(size: UInt64(bytes.count))
        var findings = ScanFindings()
        var rounds = 0
        while rounds < 200 {
            rounds += 1
            findings = ScanFindings()
            guard let missing = Self.missing(remote, name, &findings) else { break }
            let end = min(bytes.count, Int(missing.offset + missing.count))
            remote.insert(Array(bytes[Int(missing.offset)..<end]), at: missing.offset)
        }
        #expect(findings.verdict == .malicious)
        #expect(rounds > 1 && rounds < 200)
    }
}
