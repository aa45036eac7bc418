// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Writes the one text of a lock. Laid out by hand, since which values stand on one line follows from what a person
/// wants to see in a diff, not from how deep they lie.
enum LockWriter {
    static func text(_ lock: Lock) -> String {
        var out =
            "{\n  \"version\": \(LockFileV1.version),\n  \"identity\": \(line(.string(lock.identity.description))),\n"
        out += "  \"deliverables\": " + list(lock.deliverables, "  ") { deliverable($0) } + "\n}\n"
        return out
    }

    private static func deliverable(_ entry: LockedDeliverable) -> String {
        block(
            "    ",
            [
                ("name", line(.string(entry.name.description))),
                ("identity", line(.string(entry.identity.description))),
                ("behaviour", line(.string(entry.behaviour.description))),
                ("components", list(entry.components, "      ") { line(component($0)) }),
                ("sources", list(entry.sources, "      ") { source($0) }),
                ("image", "null"),
                ("launch", entry.launch.map { launch($0) } ?? "null"),
                ("files", list(entry.localFiles, "      ") { line(localFile($0)) }),
                ("patches", "[]"),
                ("variants", "[]"),
                ("scan", entry.scan.map { scan($0) } ?? "null"),
                ("replacements", list(entry.replacements, "      ") { line(replacement($0)) }),
                ("defaults", list(entry.defaults, "      ") { line(effectiveDefault($0)) }),
            ])
    }

    private static func component(_ entry: ComponentDigest) -> JSONValue {
        .object([
            .init("component", .string(entry.component.description)),
            .init("sha256", .string(entry.sha256.description)),
            .init("files", .integer(Int64(entry.files))), .init("size", .integer(entry.size.value)),
            .init("tensors", entry.tensors.map { .string($0.description) } ?? .null),
        ])
    }

    private static func source(_ entry: LockedSource) -> String {
        block(
            "        ",
            [
                ("role", line(.string(entry.role.description))),
                ("kind", line(.string(entry.request.repository.kind.rawValue))),
                ("repository", line(.string(entry.request.repository.name))),
                ("revision", line(.string(entry.request.revision.description))),
                ("include", line(texts(entry.request.include.map(\.description)))),
                ("exclude", line(texts(entry.request.exclude.map(\.description)))),
                ("commit", line(.string(entry.commit.description))),
                ("date", line(entry.date.map { .string($0) } ?? .null)),
                ("files", list(entry.files, "          ") { line(file($0)) }),
            ])
    }

    private static func file(_ entry: LockedFile) -> JSONValue {
        .object([
            .init("path", .string(entry.path.description)), .init("size", .integer(entry.size.value)),
            .init("sha256", .string(entry.sha256.description)),
            .init("git", entry.git.map { .string($0.description) } ?? .null), .init("lfs", .bool(entry.isLFS)),
            .init("component", .string(entry.component.description)),
        ])
    }

    private static func launch(_ entry: LaunchRequest) -> String {
        block(
            "      ",
            [
                ("command", line(texts(entry.command))),
                (
                    "env",
                    list(entry.environment, "        ") {
                        line(.object([.init("name", .string($0.name)), .init("value", .string($0.value))]))
                    }
                ),
                ("files", line(texts(entry.files.map(\.description)))),
            ])
    }

    private static func localFile(_ entry: LocalFile) -> JSONValue {
        .object([
            .init("path", .string(entry.path.description)), .init("size", .integer(entry.size.value)),
            .init("sha256", .string(entry.sha256.description)),
            .init("component", .string(entry.component.description)),
        ])
    }

    private static func scan(_ entry: LockedScan) -> String {
        block(
            "      ",
            [
                ("rules", "\(entry.rulesVersion)"),
                (
                    "files",
                    list(entry.files, "        ") { file in
                        line(
                            .object([
                                .init("path", .string(file.path)), .init("verdict", .string(file.verdict)),
                                .init("rules", texts(file.rules)),
                            ]))
                    }
                ),
            ])
    }

    private static func replacement(_ entry: LockedReplacement) -> JSONValue {
        let result = entry.result.map { result in
            JSONValue.object([
                .init("path", .string(result.path.description)), .init("size", .integer(result.size.value)),
                .init("sha256", .string(result.sha256.description)),
            ])
        }
        return .object([
            .init("role", .string(entry.role.description)), .init("path", .string(entry.path.description)),
            .init("result", result ?? .null),
        ])
    }

    private static func effectiveDefault(_ entry: EffectiveDefault) -> JSONValue {
        .object([
            .init("name", .string(entry.name)), .init("value", entry.value),
            .init("file", .string(entry.file.description)),
            .init("key", entry.key.map { .string($0) } ?? .null),
        ])
    }

    private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    private static func line(_ value: JSONValue) -> String { value.text(.indented(breakDepth: 0)) }

    private static func block(_ indent: String, _ members: [(String, String)]) -> String {
        "{\n" + members.map { "\(indent)  \"\($0)\": \($1)" }.joined(separator: ",\n") + "\n\(indent)}"
    }

    private static func list<Item>(_ items: [Item], _ indent: String, _ body: (Item) -> String) -> String {
        items.isEmpty ? "[]" : "[\n" + items.map { "\(indent)  " + body($0) }.joined(separator: ",\n") + "\n\(indent)]"
    }
}
