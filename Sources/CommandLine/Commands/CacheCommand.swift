// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations
internal import SystemPackage

struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Look after the store.",
        subcommands: [
            CacheDirectoryCommand.self, CacheSizeCommand.self, CacheCheckCommand.self, CacheHealCommand.self,
            CacheCollectCommand.self,
        ])
}

struct CacheDirectoryCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "dir", abstract: "Print where the store and the views are.")
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let home = try await context.withSession { $0.settings.home.string }
        if !context.printJSON(JSON.document("cache-dir", ["home": .string(home)])) { context.terminal.output(home) }
        return .success
    }
}

struct CacheSizeCommand: Performable {
    static let configuration = CommandConfiguration(commandName: "size", abstract: "Count what the store holds.")
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let size = try await context.withSession { try StoreMaintenance($0).size() }
        let document = JSON.document(
            "cache-size",
            [
                "blobs": .integer(Int64(size.blobs)), "size": .integer(size.stored.value),
                "partials": .integer(Int64(size.partials)),
                "partial_size": .integer(size.partialBytes.value), "views": .integer(Int64(size.views)),
            ])
        if !context.printJSON(document) {
            context.terminal.output("blobs     \(size.blobs)  \(size.stored)")
            context.terminal.output("partials  \(size.partials)  \(size.partialBytes)")
            context.terminal.output("views     \(size.views)")
        }
        return .success
    }
}

struct CacheCheckCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read every blob of the store and compare it with its name.",
        discussion: "Exit code 3 when one is damaged. Not only what a lock names is read, but everything.")
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let result = try await context.withSession { try await StoreMaintenance($0).check() }
        let document = JSON.document(
            "cache-check",
            [
                "ok": .bool(result.defects.isEmpty), "blobs": .integer(Int64(result.checked)),
                "size": .integer(result.total.value),
                "defects": .array(
                    result.defects.map { .object(["path": .string($0.path.string), "reason": .string($0.reason)]) }),
            ])
        if !context.printJSON(document) {
            for defect in result.defects { context.terminal.output("\(defect.path.string) \(defect.reason)") }
        }
        guard result.defects.isEmpty else {
            let hints = [
                result.defects.contains { $0.digest != nil } ? "run `weighlock cache heal`" : nil,
                result.defects.contains { $0.digest == nil } ? "what is not a blob has to be moved away by hand" : nil,
            ]
            throw Failure(
                .mismatch, "\(counted(result.defects.count, "defect")) in \(counted(result.checked, "blob"))",
                hint: hints.compactMap { $0 }.joined(separator: "; "))
        }
        if !shared.json {
            context.terminal.say("checked \(counted(result.checked, "blob")), \(result.total): every byte is right")
        }
        return .success
    }
}

struct CacheHealCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "heal", abstract: "Find what is damaged, and fetch only that.",
        discussion: """
            Every blob is read; what is not what its name says is thrown away. What the project's lock names is fetched again; of \
            other blobs nobody knows where they came from, and they stay away.
            """)
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let result = try await context.withSession(network) { try await StoreMaintenance($0).heal(project) }
        let document = JSON.document(
            "cache-heal",
            [
                "healed": .array(result.healed.map { .string($0.description) }),
                "removed": .array(result.removed.map(JSON.digest)),
                "fetched": .integer(result.fetched.value),
            ])
        if !context.printJSON(document) {
            for path in result.healed { context.terminal.output("healed   \(path)") }
            for digest in result.removed { context.terminal.output("removed  \(digest)") }
            context.terminal.say(
                result.healed.isEmpty && result.removed.isEmpty ? "nothing to heal" : "fetched \(result.fetched)")
        }
        return .success
    }
}

struct CacheCollectCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove blobs that no view refers to.",
        discussion: """
            What is younger than a day stays. The views of earlier locks keep their blobs, so that 'weighlock rollback' works; \
            with --unused-for, views that were not synced for so many days go too.
            """)
    @Flag(help: "Say what would be removed.") var dryRun = false
    @Option(help: ArgumentHelp("Also remove views that were not used for so many days.", valueName: "days"))
    var unusedFor: Int?
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if let unusedFor, !(0...100_000).contains(unusedFor) {
            throw ValidationError("--unused-for takes a number of days")
        }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let collected = try await context.withSession {
            try await StoreMaintenance($0).collect(dryRun: dryRun, unusedDays: unusedFor)
        }
        let document = JSON.document(
            "cache-gc",
            [
                "dry_run": .bool(dryRun), "blobs": .array(collected.blobs.map(JSON.digest)),
                "size": .integer(collected.bytes.value),
                "partials": .integer(Int64(collected.partials)), "views": .array(collected.views.map { .string($0) }),
            ])
        if !context.printJSON(document) {
            context.terminal.say(
                (dryRun ? "would remove " : "removed ")
                    + "\(counted(collected.blobs.count, "blob")), \(collected.bytes); \(counted(collected.partials, "unfinished download")); "
                    + counted(collected.views.count, "view"))
        }
        return .success
    }
}
