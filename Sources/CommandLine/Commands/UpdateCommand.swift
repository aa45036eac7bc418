// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Operations
internal import SystemPackage

struct UpdateCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Review what changed upstream, and lock it when you accept it.",
        discussion: """
            Shows what changed in the terms of a model, asks, writes the lock and an entry of the history. The files of the old \
            lock stay in the store, so that 'weighlock rollback' works offline.

            Without a terminal every class of changes that can do more than look different has to be accepted, by --accept, by \
            'policy.accept' in weighlock.yaml or by --yes; otherwise exit code 5, and nothing is written.

              weighlock update --plan update.plan.json          # review now; writes the plan and nothing else
              weighlock update --apply update.plan.json --accept prompt,sampling --reason "new template"
            """)

    @Argument(help: "The deliverables to update; all when none is given.") var names: [String] = []
    @Flag(name: .shortAndLong, help: "Accept everything without being asked.") var yes = false
    @Option(
        help: ArgumentHelp(
            "Accept changes of these classes: weights, tokens, prompt, sampling, architecture, code, packaging, docs, identity, unchecked.",
            valueName: "classes"))
    var accept: [String] = []
    @Option(name: .shortAndLong, help: ArgumentHelp("Why, for the history.", valueName: "text")) var reason: String?
    @Flag(help: "Show the review and write nothing.") var dryRun = false
    @Flag(help: "Fail with 4 instead of writing the lock.") var locked = false
    @Option(
        help: ArgumentHelp("Write what was reviewed into a file, and no lock.", valueName: "file"), completion: .file())
    var plan: String?
    @Option(
        help: ArgumentHelp("Lock exactly what a plan holds, without asking a Hub.", valueName: "file"),
        completion: .file())
    var apply: String?
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if plan != nil, apply != nil {
            throw ValidationError("--plan makes a plan and --apply uses one: give one of them")
        }
        if apply != nil, !names.isEmpty {
            throw ValidationError("--apply takes no names: the plan says what is updated")
        }
        if apply != nil, dryRun || locked {
            throw ValidationError("--apply cannot be combined with --dry-run or --locked")
        }
        if plan != nil, yes || !accept.isEmpty || locked {
            throw ValidationError("--plan accepts nothing: give --accept or --yes to the command that applies the plan")
        }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let accepted = try UpdateAcceptance.words(accept)
        if let apply { return try await perform(context, applying: Program.absolute(apply), accepted) }
        let project = context.project
        let names = try names.map { try DeliverableName($0) }
        let isDry = dryRun || locked || plan != nil
        let (review, isAccepted) = try await context.withSession(network) { session in
            try await Update(session, project).run(names, reason: reason, dryRun: isDry) { review in
                if !shared.json { Text(terminal: context.terminal).review(review) }
                return try decide(review.classes, policy: review.policy, accepted, context.terminal)
            }
        }
        var written: FilePath?
        if let plan, !review.changes.isEmpty {
            let path = Program.absolute(plan)
            if !dryRun { try FileSystem.replace(path, with: Array(UpdatePlan(review).text.utf8)) }
            written = dryRun ? nil : path
        }
        let isDrift = locked && !review.changes.isEmpty
        if context.printJSON(JSON.update(review, isAccepted: isAccepted, plan: written)) {
            return isDrift ? .drift : .success
        }
        if review.changes.isEmpty {
            context.terminal.say("\(Lock.fileName) is up to date: the names mean what is locked")
            if plan != nil { context.terminal.say("no plan was written") }
        } else if isAccepted {
            context.terminal.say("wrote \(Lock.fileName), identity \(review.lock.identity.short); now `weighlock sync`")
        } else if isDry {
            Text(terminal: context.terminal).review(review)
            if let written, let plan {
                let classes = review.classes.decisive
                context.terminal.say(
                    "wrote the plan `\(Escaped(written.string, limit: 1024))`; lock it with `weighlock update --apply \(Escaped(plan, limit: 1024))"
                        + (classes.isEmpty ? "`" : " --accept \(classes.joined(separator: ","))`"))
            } else {
                context.terminal.say("nothing was written")
            }
        } else {
            throw Failure(.declined, "the update was not accepted: nothing was written")
        }
        return isDrift ? .drift : .success
    }

    private func perform(
        _ context: CommandContext, applying file: FilePath, _ accepted: [String]
    ) async throws -> ExitStatus {
        let project = context.project
        let outcome = try await context.withSession { session in
            try await UpdateFromPlan(session, project).run(file, reason: reason) { plan, policy in
                if !shared.json { Text(terminal: context.terminal).plan(plan) }
                return try decide(plan.classes, policy: policy, accepted, context.terminal)
            }
        }
        if context.printJSON(JSON.applied(outcome)) { return .success }
        context.terminal.say(
            outcome.wasInForce
                ? "\(Lock.fileName) is what the plan holds already"
                : "wrote \(Lock.fileName), identity \(outcome.lock.identity.short); now `weighlock sync`")
        return .success
    }

    private func decide(
        _ classes: ReviewClasses, policy: [String]?, _ accepted: [String], _ terminal: Terminal
    ) throws(Failure) -> Bool {
        let acceptance = UpdateAcceptance(policy: policy, given: accepted, acceptsAll: yes, canAsk: terminal.canAsk)
        switch acceptance.decision(classes) {
        case .accepted: return true
        case .ask(let lacking):
            return terminal.ask(
                lacking.isEmpty ? "accept these changes?" : "accept these changes (\(lacking.joined(separator: ", ")))?"
            )
        case .refused(let lacking): throw UpdateAcceptance.refusal(lacking, classes)
        }
    }
}
