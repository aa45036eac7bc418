// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Turns what a document would do into findings. Every rule looks on its own: none relies on what another has reported.
struct PickleJudge {
    let document: PickleDocument
    let options: PickleOptions
    let context: PickleContext
    /// How deep this pickle lies in others.
    let depth: Int
    var findings: [PickleFinding] = []
    var isCut = false
    /// When the findings are cut: none of them is less bad than this.
    private var floor = PickleVerdict.clean
    private var standings: [GlobalNames.Standing] = []

    init(_ document: PickleDocument, options: PickleOptions, context: PickleContext, depth: Int) {
        (self.document, self.options, self.context, self.depth) = (document, options, context, depth)
    }

    var graph: PickleGraph { document.graph }

    mutating func add(_ finding: PickleFinding) {
        if findings.count < options.limits.findings {
            findings.append(finding)
            return
        }
        isCut = true
        // The worst is never lost to the limit.
        guard finding.verdict > floor else { return }
        if let least = findings.lastIndex(where: { $0.verdict < finding.verdict }) {
            findings[least] = finding
        } else {
            // All are as bad as this one: what is no worse need not be compared again.
            floor = finding.verdict
        }
    }

    /// Applies all rules but those about what follows the pickles.
    mutating func judge() throws(ByteError) {
        standings = graph.globals.map { GlobalNames.standing(of: $0, isTorchScript: context.isTorchScript) }
        // Each global was described when it was imported first, so both lists have the same order.
        for (item, standing) in zip(document.imports, standings) { judgeImport(item, standing) }
        for violation in document.violations { judgeViolation(violation) }
        for node in graph.nodes {
            switch node.kind {
            case .call: try judgeCall(node)
            case .persistent: judgePersistent(node)
            default: break
            }
        }
        try judgeConstants()
        if document.sharedReads > 16, let node = Expansion.find(in: graph) {
            let entry = graph.nodes[node]
            add(
                PickleFinding(
                    .expansion, at: entry.offset, opcode: entry.opcode,
                    "an object refers to itself or to others so often that its paths cannot be walked"))
        }
    }

    func standing(_ value: PickleValue) -> GlobalNames.Standing? {
        guard let entry = graph.entry(value), entry.kind == .global, Int(entry.detail) < standings.count else {
            return nil
        }
        return standings[Int(entry.detail)]
    }

    // MARK: Names

    private mutating func judgeImport(_ item: PickleImport, _ standing: GlobalNames.Standing) {
        if standing == .clean || item.global.matches("builtins", "getattr") && hasOnlyMethods() { return }
        // Where it would be dropped, a finding is not put into words.
        if isCut, floor == .malicious { return }
        let global = item.global
        let name = Excerpt.of(global.qualifiedName)
        var shown = "`\(name)`"
        if let module = global.writtenModule, let written = global.writtenName {
            shown += " (written `\(Excerpt.of(module + "." + written))`, as Python 2 named it)"
        }
        func finding(_ rule: PickleRule, _ reason: String) -> PickleFinding {
            PickleFinding(rule, at: item.offset, opcode: item.opcode, name: name, reason)
        }
        switch standing {
        case .clean: break
        case .dangerous: add(finding(.dangerousGlobal, "imports \(shown), which has no place in a model"))
        case .dotted: add(finding(.dottedGlobal, "imports \(shown), which reaches into the internals of a module"))
        case .object, .part, .settings: add(finding(.object, "makes objects of \(shown)"))
        case .function: add(finding(.object, "keeps the function \(shown)"))
        case .code: add(finding(.code, "holds Python code, made by \(shown)"))
        case .nested: add(finding(.nested, "unpickles a constant with \(shown)"))
        case .standardLibrary:
            add(
                finding(
                    .unknownGlobal, "imports \(shown) of Python's standard library, which is not known to be harmless"))
        case .unknown: add(finding(.unknownGlobal, "imports \(shown), which is on no list of harmless names"))
        }
    }

    /// Whether every use of `getattr` was to take one of the methods that picklers take this way.
    private func hasOnlyMethods() -> Bool {
        guard document.methods > 0 else { return false }
        func isUsed(_ value: PickleValue) -> Bool {
            guard let entry = graph.entry(value), entry.kind == .global else { return false }
            return graph.globals[Int(entry.detail)].matches("builtins", "getattr")
        }
        return !graph.items.contains(where: isUsed) && !graph.values.contains(where: isUsed)
            && !document.streams.contains { isUsed($0.result) }
            && !graph.calls.contains { isUsed($0.callee) || isUsed($0.arguments) || isUsed($0.keywords) }
    }

    // MARK: What no pickler writes

    private mutating func judgeViolation(_ violation: PickleViolation) {
        let (rule, reason): (PickleRule, String)
        switch violation.kind {
        case .computedName: (rule, reason) = (.computedName, "imports a name that is not a constant of the pickle")
        case .computedCallee: (rule, reason) = (.computedCallee, "calls what another call returned")
        case .buildOnGlobal(let global):
            (rule, reason) = (.buildOnGlobal, "overwrites attributes of `\(Excerpt.of(global.qualifiedName))` itself")
        case .buildOnValue: (rule, reason) = (.buildOnValue, "sets a state on something that is not an object")
        case .write: (rule, reason) = (.write, "writes items into something that cannot hold them")
        case .extensionCode(let code): (rule, reason) = (.extensionCode, "calls registered function number \(code)")
        case .outOfBandBuffer: (rule, reason) = (.outOfBandBuffer, "needs a buffer that is not in the file")
        case .misplacedProtocol:
            (rule, reason) = (.protocolVersion, "declares its protocol after the first instruction")
        case .memoIndex(let index): (rule, reason) = (.memoIndex, "uses memo entry \(index), beyond its own length")
        case .leftover(let count): (rule, reason) = (.leftover, "leaves \(count) values on the stack")
        case .impossible(let problem): (rule, reason) = (.malformed, "cannot be loaded: \(problem)")
        }
        add(PickleFinding(rule, at: violation.offset, opcode: violation.opcode, reason))
    }

    private mutating func judgePersistent(_ node: PickleGraph.Node) {
        let id = graph.values[Int(node.detail)]
        if case .integer = id { return }
        if let first = graph.tuple(id)?.first, graph.isText(first, "storage") { return }
        // A class, which is judged where it is named and used.
        if let parts = graph.tuple(id), parts.count == 4, graph.isText(parts[0], "module"),
            graph.global(parts[1]) != nil, LegacyTail.isLegacy(document)
        {
            return
        }
        // TorchScript's loader reads storages by their number alone.
        if context.isTorchScript { return }
        add(
            PickleFinding(
                .persistentID, at: node.offset, opcode: node.opcode,
                "asks the loader for an object that is not a tensor storage"))
    }
}

/// Text from a file, fit for a line of a report.
enum Excerpt {
    static func of(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            guard result.utf8.count < 160 else { return result + "…" }
            switch scalar.value {
            case 0x60: result += "'"
            case 0x20...0x7E: result.unicodeScalars.append(scalar)
            default: result += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return result
    }
}
