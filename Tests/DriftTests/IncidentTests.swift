// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import Foundation
import Testing

/// The fixtures of `Tests/Corpus/drift`: what a comparison must find in each, no more and no less.
@Suite struct `Incidents rebuilt as two repositories` {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Corpus/drift")

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let verdict: String
        /// `rule class severity place`, sorted.
        let expected: [String]
        var testDescription: String { name }
    }

    static let cases: [Case] = {
        let text = (try? String(contentsOf: root.appending(path: "expected.tsv"), encoding: .utf8)) ?? ""
        var cases: [Case] = []
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t").map(String.init)
            let change = fields[2...5].joined(separator: " ")
            if let last = cases.last, last.name == fields[0] {
                cases[cases.count - 1] = Case(
                    name: last.name, verdict: last.verdict, expected: (last.expected + [change]).sorted())
            } else {
                cases.append(Case(name: fields[0], verdict: fields[1], expected: [change]))
            }
        }
        return cases
    }()

    /// A side: the base with what differs from it.
    static func snapshot(_ name: String, _ side: String) throws -> Snapshot {
        let base = try String(contentsOf: root.appending(path: "\(name)/base"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        var files = try contents(root.appending(path: "base/\(base)"))
        for (path, bytes) in try contents(root.appending(path: "\(name)/\(side)")) {
            if path.hasSuffix(".gone") {
                files[String(path.dropLast(".gone".count))] = nil
            } else if path != ".keep" {
                files[path] = bytes
            }
        }
        return try Snapshot(label: side, files: files)
    }

    private static func contents(_ directory: URL) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        let walk = FileManager.default.enumerator(atPath: directory.path(percentEncoded: false))
        while let path = walk?.nextObject() as? String {
            let file = directory.appending(path: path)
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            files[path] = [UInt8](try Data(contentsOf: file))
        }
        return files
    }

    static func shown(_ change: DriftChange) -> String {
        let places = change.places.map { $0.file + ($0.key.map { " : " + $0 } ?? "") }.joined(separator: ", ")
        return "\(change.rule) \(change.kind.rawValue) \(change.severity.rawValue) \(places)"
    }

    @Test func `the table names every fixture`() throws {
        let directories = try FileManager.default.contentsOfDirectory(atPath: Self.root.path(percentEncoded: false))
            .filter { !$0.contains(".") && $0 != "base" }
        #expect(Set(directories) == Set(Self.cases.map(\.name)))
    }

    @Test(arguments: cases)
    func `each fixture gives what the table says`(_ item: Case) async throws {
        let report = try await Comparison(
            try Self.snapshot(item.name, "before"), try Self.snapshot(item.name, "after")
        ).run()
        #expect(report.changes.map(Self.shown).sorted() == item.expected)
        #expect(report.verdict.rawValue == item.verdict)
        #expect(report.unchecked.isEmpty, "\(report.unchecked)")
    }

    @Test(arguments: cases)
    func `a fixture compared with itself has no change and opens no file`(_ item: Case) async throws {
        let side = try Self.snapshot(item.name, "after")
        let report = try await Comparison(side, side).run()
        #expect(report.changes.isEmpty && report.verdict == .unchanged && report.severity == nil)
        #expect((side.reader as? FakeReader)?.openedFiles == [])
        #expect(report.differentFiles == 0 && report.sameFiles == side.files.count)
    }
}

/// Incidents in which no file of the model changed.
@Suite struct `Incidents outside the files` {
    private static func snapshot(
        _ files: [String: String], _ sources: [Snapshot.Source] = [], roles: [SourceRole] = [.model],
        command: String? = nil,
        packages: String? = nil
    ) throws -> Snapshot {
        try Snapshot(
            label: "x", files: files.mapValues { Array($0.utf8) }, sources: sources, roles: roles,
            launch: command.map { LaunchRequest(command: $0.split(separator: " ").map(String.init)) },
            localFiles: packages.map {
                [
                    LocalFile(
                        component: .packages, path: try RelativePath("requirements.txt"),
                        size: ByteCount(clamping: Int64($0.utf8.count)), sha256: Digest(of: $0))
                ]
            } ?? [])
    }

    private static func source(
        _ repository: String, _ commit: UInt8, role: SourceRole = .model
    ) throws -> Snapshot.Source {
        .init(
            role: role, repository: try RepositoryID(repository), revision: .main, commit: GitObjectID(ofBlob: [commit])
        )
    }

    @Test func `4: another version of the engine takes other defaults`() async throws {
        let report = try await Comparison(
            try Self.snapshot([:], packages: "vllm==0.7.3\n"), try Self.snapshot([:], packages: "vllm==0.8.0\n")
        ).run()
        #expect(
            report.changes.map(`Incidents rebuilt as two repositories`.shown) == [
                "packages-changed code behaviour requirements.txt"
            ])
    }

    @Test func `7: a repository that came back under another name has another owner and another template`() async throws
    {
        let one = #"{"chat_template":"{% for m in messages %}{{ m.content }}\n{% endfor %}"}"#
        let other = #"{"chat_template":"{% for m in messages %}{{ m.content }}{% endfor %}"}"#
        let report = try await Comparison(
            try Self.snapshot(["tokenizer_config.json": one], [try Self.source("stanford/tokenizer", 1)]),
            try Self.snapshot(["tokenizer_config.json": other], [try Self.source("community/tokenizer", 2)])
        ).run()
        #expect(Set(report.changes.map(\.rule)) == ["repository-changed", "template-changed", "prompt-changed"])
        #expect(report.verdict == .changed && report.kinds == [.prompt, .identity])
    }

    @Test func `8: a server that is told to read reasoning otherwise`() async throws {
        let report = try await Comparison(
            try Self.snapshot([:], command: "vllm serve m --reasoning-parser a"),
            try Self.snapshot([:], command: "vllm serve m")
        ).run()
        #expect(
            report.changes.map(`Incidents rebuilt as two repositories`.shown) == [
                "launch-flag prompt behaviour launch : command --reasoning-parser"
            ])
    }

    @Test func `10: a tokenizer from another revision is compared as its own source`() async throws {
        let roles: [SourceRole] = [.model, .tokenizer]
        let report = try await Comparison(
            try Self.snapshot(
                ["tokenizer/tokenizer_config.json": #"{"padding_side":"left"}"#],
                [try Self.source("org/t", 1, role: .tokenizer)], roles: roles),
            try Self.snapshot(
                ["tokenizer/tokenizer_config.json": #"{"padding_side":"right"}"#],
                [try Self.source("org/t", 2, role: .tokenizer)], roles: roles)
        ).run()
        #expect(
            report.changes.map(`Incidents rebuilt as two repositories`.shown) == [
                "padding-side tokens behaviour tokenizer/tokenizer_config.json : padding_side"
            ])
    }
}

@Suite struct `The document of the rules` {
    private static let home = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The words in the first column of the tables.
    private static func documented() throws -> Set<String> {
        let text = try String(contentsOf: home.appending(path: "docs/formats/diff.md"), encoding: .utf8)
        var words: Set<String> = []
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cell = line.dropFirst(2).prefix { $0 != "|" }
            for word in cell.split(separator: "`") where word.contains("-") && !word.contains(" ") {
                words.insert(String(word))
            }
        }
        return words
    }

    @Test func `names every rule that the sources have`() throws {
        let documented = try Self.documented()
        let root = Self.home.appending(path: "Sources/Drift").path(percentEncoded: false)
        // A rule is the first text behind the name of a type that takes one.
        let pattern = /(?:DriftChange|KeyRule|Self\.change|change|unknown)\(\s*"([a-z]+(?:-[a-z]+)+)"/
        // A choice between rules stands in a table of its own.
        let choice = /\("([a-z]+(?:-[a-z]+)+)", \.(?:breaking|behaviour|security|cosmetic)\)/
        var files: [String] = []
        for folder in ["Documents", "Weights", "Prompts"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)
            where name.hasSuffix(".swift") {
                files.append(root + "/" + folder + "/" + name)
            }
        }
        files.append(
            Self.home.appending(path: "Sources/Operations/IdentityChanges.swift").path(percentEncoded: false))
        var found: Set<String> = []
        for file in files {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for match in text.matches(of: pattern) { found.insert(String(match.1)) }
            for match in text.matches(of: choice) { found.insert(String(match.1)) }
        }
        #expect(found.count > 60)
        #expect(
            found.isSuperset(of: ["repository-gone", "repository-gated", "history-rewritten", "deliverable-added"]))
        #expect(found.subtracting(documented).sorted() == [])
    }

    @Test func `says of every rule its class and its severity`() throws {
        let text = try String(
            contentsOf: Self.home.appending(path: "docs/formats/diff.md"), encoding: .utf8)
        let rules = text[try #require(text.firstRange(of: "## Rules:")).lowerBound...]
        let classes = Set(DriftClass.allCases.map(\.rawValue) + ["of the file", "by the key", "by the flag"])
        let severities = Set(DriftSeverity.allCases.map(\.rawValue) + ["by the key", "by the flag", "by the layer"])
        var count = 0
        for line in rules.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            try #require(cells.count >= 4, "\(line)")
            func words(_ cell: String) -> Set<String> { Set(cell.components(separatedBy: ", ")) }
            #expect(words(cells[1]).isSubset(of: classes), "\(line)")
            #expect(words(cells[2]).isSubset(of: severities), "\(line)")
            count += 1
        }
        #expect(count > 90)
    }

    @Test func `names every rule of the fixtures`() throws {
        let used = Set(
            `Incidents rebuilt as two repositories`.cases.flatMap(\.expected).compactMap {
                $0.split(separator: " ").first.map(String.init)
            })
        #expect(try used.subtracting(Self.documented()).sorted() == [])
    }
}
