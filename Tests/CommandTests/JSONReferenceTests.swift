// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The documents of all snapshots against docs/reference/json.md.
@Suite struct `The reference of the JSON documents` {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// The sections of the reference by schema: the text from its heading to the next one.
    private static func sections() throws -> [String: String] {
        let path = folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "docs/reference/json.md")
        var sections: [String: String] = [:]
        var name: String?
        for line in String(decoding: try Data(contentsOf: path), as: UTF8.self).components(separatedBy: "\n") {
            if line.hasPrefix("#") {
                name = line.contains("`weighlock/") ? line.filter { !"#` ".contains($0) } : nil
            } else if let name {
                sections[name, default: ""] += line + "\n"
            }
        }
        return sections
    }

    /// The documents on the stdout of each command of each snapshot.
    private static func documents() throws -> [(command: String, value: [String: Any])] {
        var found: [(String, [String: Any])] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("Snapshots").path)
        {
            let text = String(
                decoding: try Data(contentsOf: folder.appendingPathComponent("Snapshots/\(name)")), as: UTF8.self)
            for run in text.components(separatedBy: "\n$ ") where run.contains("\nout| {\n") {
                let lines = run.components(separatedBy: "\n").filter { $0.hasPrefix("out|") }.map {
                    String($0.dropFirst(5))
                }
                let json = lines.joined(separator: "\n").replacingOccurrences(of: ": [PORT]", with: ": 0")
                let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
                found.append(
                    (String(run.prefix { $0 != "\n" }), try #require(value as? [String: Any], "\(name): \(run)")))
            }
        }
        return found
    }

    /// The members whose own members are data (variables, values of defaults, messages), or a report, which is described with
    /// `weighlock/diff/1`.
    private static let free: Set = [
        "variables", "value", "before", "after", "report", "messages", "tools", "documents", "tokens",
    ]

    /// All names of members, at any depth.
    private static func members(_ value: Any) -> Set<String> {
        if let list = value as? [Any] { return list.reduce(into: []) { $0.formUnion(members($1)) } }
        guard let object = value as? [String: Any] else { return [] }
        return object.reduce(into: []) { names, member in
            names.insert(member.key)
            if !free.contains(member.key) {
                names.formUnion(members(member.value))
            }
        }
    }

    @Test func `every document is one document, and every member of it is described`() throws {
        let sections = try Self.sections()
        let documents = try Self.documents()
        // What is described of changes belongs to `update`, too.
        let changes = sections["weighlock/outdated/1"] ?? ""
        for (command, document) in documents {
            let schema = try #require(document["schema"] as? String, "\(command)")
            let section = try #require(sections[schema], "\(schema) is not described")
            for member in Self.members(document) where member != "schema" {
                let isDescribed = [section, schema == "weighlock/update/1" ? changes : ""].contains { text in
                    ["`\(member)`", "`.\(member)`", ".\(member)`"].contains { text.contains($0) }
                }
                #expect(isDescribed, "\(schema): `\(member)`")
            }
        }
    }

    @Test func `every described document is in a snapshot`() throws {
        let seen = Set(try Self.documents().compactMap { $0.value["schema"] as? String })
        #expect(Set(try Self.sections().keys) == seen)
    }
}
