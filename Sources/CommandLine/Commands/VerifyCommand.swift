// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct VerifyCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check offline that what is on disk is what the lock says.",
        discussion: """
            Without --deep, a file whose bytes were hashed before and that has not changed since (size, inode, times) is vouched \
            for by that attestation and not read again; the summary says how many were. With --deep every byte is read. \
            Exit code 3 and the exact files when something is wrong; 'weighlock cache heal' fetches only those.
            """)

    @Flag(help: "Read every byte.") var deep = false
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let report = try await context.withSession { try await Verification($0, project).run(deep: deep) }
        if !context.printJSON(JSON.verification(report, deep: deep)) {
            Text(terminal: context.terminal).verification(report, deep: deep)
        }
        guard report.problems.isEmpty else {
            let foreign =
                report.problems.contains { $0.kind == .view && $0.reason.contains("not in the lock") }
                ? "; what is not in the lock has to be removed by hand, `weighlock env` says where the view is" : ""
            throw Failure(
                .mismatch, "\(counted(report.problems.count, "problem")) in \(counted(report.files, "file"))",
                hint: report.problems.contains { $0.kind == .local }
                    ? "local files have changed: run `weighlock lock`; for the others `weighlock cache heal`"
                    : report.problems.allSatisfy { $0.kind == .view || $0.kind == .missing }
                        ? "run `weighlock sync`" + foreign : "run `weighlock cache heal`" + foreign)
        }
        let attested = report.files - report.read
        let how =
            attested == 0
            ? "every byte read"
            : report.read == 0
                ? "all attested, none read; `--deep` reads every byte" : "\(report.read) read, \(attested) attested"
        if !shared.json {
            context.terminal.say(
                "verified \(counted(report.files, "file")), \(report.total) (\(how)); identity \(report.identity.short)"
            )
        }
        return .success
    }
}
