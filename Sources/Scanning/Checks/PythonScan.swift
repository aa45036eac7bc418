// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// One look at the tokens of a Python file: names are followed through imports, assignments and the usual detours.
struct PythonScan {
    /// Where a token stands.
    enum Context {
        /// Runs on import.
        case module
        /// Runs when the function or class of that name is called.
        case function(String)
        /// Runs when the file is started as a program.
        case program
    }

    /// What a look at one file may cost.
    final class Budget {
        /// Bytes of constants that are put together: 64 MiB.
        var bytes = 64 << 20
        /// Tokens of arguments that are looked at, counting those of calls inside calls again: 4 million.
        var tokens = 4 << 20
    }

    /// An indented block: its context, and the class that its functions belong to.
    private struct Block {
        var context: Context
        var owner: String?
    }

    let tokens: [PythonToken]
    let place: ScanPlace
    let nesting: Int
    var findings = ScanFindings()
    /// What names stand for: `sp` for `subprocess`.
    var aliases: [String: String] = [:]
    /// Names that hold a constant text, and whether it was put together.
    var constants: [String: (text: String, isBuilt: Bool)] = [:]
    /// Bytes of constants that may still be put together.
    let budget = Budget()
    /// For every opening bracket the index of the closing one.
    let closing: [Int]
    /// Names that are assigned something decoded: `code = base64.b64decode(…)`.
    private var decoded: Set<String> = []
    private var stars: [String] = []
    private var blocks: [Block] = []
    private var header = Block(context: .module, owner: nil)
    private var moduleCalls: Set<String> = []
    private var calls: [String: Set<String>] = [:]
    private var deferred: [(function: String, finding: ScanFinding, upgrade: ScanFinding)] = []
    private let isImported: Bool
    private let hasDisguisedNames: Bool
    /// Whether the file gives itself another `__name__`.
    let isRenamed: Bool
    private var seen: Set<String> = []

    init(_ lexer: PythonLexer, isImported: Bool, place: ScanPlace, nesting: Int) {
        tokens = lexer.tokens
        (self.isImported, self.place, self.nesting) = (isImported, place, nesting)
        hasDisguisedNames = lexer.hasDisguisedNames
        isRenamed = PythonScan.isRenamed(lexer.tokens)
        var closing = [Int](repeating: -1, count: lexer.tokens.count)
        var open: [Int] = []
        for (index, token) in lexer.tokens.enumerated() where token.kind == .symbol {
            switch token.text {
            case "(", "[", "{": open.append(index)
            case ")", "]", "}": if let start = open.popLast() { closing[start] = index }
            default: break
            }
        }
        self.closing = closing
    }

    mutating func run() {
        collect()
        var isStart = true
        var after: Context?
        var depth = 0
        var opensBlock = false
        for index in tokens.indices {
            let token = tokens[index]
            switch token.kind {
            case .newline: (isStart, after) = (true, nil)
            case .indent: blocks.append(header)
            case .dedent: if !blocks.isEmpty { blocks.removeLast() }
            default:
                if isStart {
                    header = block(of: index)
                    (opensBlock, depth) = (PythonScan.headers.contains(token.text), 0)
                }
                isStart = false
                if token.kind == .symbol {
                    if ["(", "[", "{"].contains(token.text) { depth += 1 }
                    if [")", "]", "}"].contains(token.text) { depth -= 1 }
                }
                // The first colon outside of brackets ends the header of a block; what follows in the line is in it.
                if token.isSymbol(":"), after == nil, opensBlock, depth == 0 { after = header.context }
                if token.kind == .name { examine(index, after ?? current) }
            }
        }
        settle()
    }

    private static let headers: Set<String> = [
        "def", "async", "class", "if", "for", "while", "try", "with", "else", "elif", "except", "finally", "match",
        "case",
    ]

    private var current: Context { blocks.last?.context ?? .module }

    /// The block that a line would open. The body of a class runs where the class stands; its methods count as the class.
    private func block(of index: Int) -> Block {
        var place = index
        if tokens[place].isName("async") { place += 1 }
        guard place + 1 < tokens.count else { return Block(context: current, owner: nil) }
        if tokens[place].isName("def") {
            if case .function(let outer) = current { return Block(context: .function(outer), owner: nil) }
            return Block(context: .function(blocks.last?.owner ?? tokens[place + 1].text), owner: nil)
        }
        if tokens[place].isName("class") { return Block(context: current, owner: tokens[place + 1].text) }
        if isProgram(place) { return Block(context: .program, owner: nil) }
        return Block(context: current, owner: blocks.last?.owner)
    }

    // MARK: - What names stand for

    private mutating func collect() {
        // Twice, so that a name may be used above the line that binds it.
        for _ in 0..<2 {
            for index in tokens.indices where tokens[index].kind == .name {
                let isStart =
                    index == 0 || [.newline, .indent, .dedent].contains(tokens[index - 1].kind)
                    || tokens[index - 1].isSymbol(";") || tokens[index - 1].isSymbol(":")
                guard isStart else { continue }
                if tokens[index].isName("import") { imports(index + 1) }
                if tokens[index].isName("from") { fromImports(index + 1) }
                if index + 2 < tokens.count, tokens[index + 1].isSymbol("=") { assign(tokens[index].text, index + 2) }
            }
        }
    }

    private func dotted(_ index: inout Int) -> String {
        var name = ""
        while index < tokens.count,
            tokens[index].kind == .name && !tokens[index].isName("import") || tokens[index].isSymbol(".")
        {
            name += tokens[index].text
            index += 1
            if tokens[index - 1].kind == .name, index < tokens.count, !tokens[index].isSymbol(".") { break }
        }
        return name
    }

    private mutating func imports(_ start: Int) {
        var index = start
        while index < tokens.count {
            let name = dotted(&index)
            guard !name.isEmpty else { return }
            if index + 1 < tokens.count, tokens[index].isName("as") {
                aliases[tokens[index + 1].text] = name
                index += 2
            } else {
                let root = String(name.prefix { $0 != "." })
                aliases[root] = root
            }
            guard index < tokens.count, tokens[index].isSymbol(",") else { return }
            index += 1
        }
    }

    private mutating func fromImports(_ start: Int) {
        var index = start
        let module = dotted(&index)
        guard !module.isEmpty, index < tokens.count, tokens[index].isName("import") else { return }
        index += 1
        while index < tokens.count, tokens[index].kind != .newline, !tokens[index].isSymbol(";") {
            if tokens[index].isSymbol("*"), stars.count < 100 { stars.append(module) }
            if tokens[index].kind == .name {
                let name = tokens[index].text
                if index + 2 < tokens.count, tokens[index + 1].isName("as") {
                    aliases[tokens[index + 2].text] = module + "." + name
                    index += 2
                } else {
                    aliases[name] = module + "." + name
                }
            }
            index += 1
        }
    }

    private mutating func assign(_ name: String, _ start: Int) {
        guard let end = tokens[start...].firstIndex(where: { $0.kind == .newline || $0.isSymbol(";") }), end > start
        else { return }
        if hasDecoding(start..<end, isDirect: false) { decoded.insert(name) }
        if let text = constant(start..<end) {
            constants[name] = text
        } else if tokens[start].kind == .name {
            let chain = chain(at: start)
            if chain.end == end, let resolved = chain.name, resolved != name { aliases[name] = resolved }
        }
    }

    // MARK: - Calls

    private mutating func examine(_ index: Int, _ context: Context) {
        if index > 0, tokens[index - 1].isSymbol(".") { return }
        if index > 0, ["def", "class", "import", "from", "as"].contains(tokens[index - 1].text) { return }
        let chain = chain(at: index)
        for call in chain.calls { judge(call, context) }
        if chain.calls.isEmpty, let call = bracketed(chain, index) { return judge(call, context) }
        if index > 0, tokens[index - 1].isSymbol("@"), case .module = context { moduleCalls.insert(tokens[index].text) }
        if chain.calls.isEmpty, index > 0, tokens[index - 1].isSymbol("@"), let name = chain.name,
            let effect = PythonNames.effect(of: name), effect == .command || effect == .code
        {
            // A decorator is called with what follows.
            let isModule = if case .module = context { isImported } else { false }
            return report(
                isModule ? .pythonCallOnImport : .pythonDangerousCall, index,
                "\(CheckText.quoted(name)), which \(effect.rawValue), is a decorator", name)
        }
        if chain.calls.isEmpty, let name = chain.name,
            chain.end > index + 1 || aliases[tokens[index].text]?.contains(".") == true,
            let effect = PythonNames.effect(of: name), effect == .command || effect == .code, index > 0,
            !isBinding(index, chain.end)
        {
            let isModule = if case .module = context { isImported } else { false }
            let isHanded =
                isModule && PythonScan.handed.contains(name)
                && (tokens[index - 1].isSymbol("(") || tokens[index - 1].isSymbol(",")
                    || tokens[index - 1].isSymbol("="))
                && chain.end < tokens.count && (tokens[chain.end].isSymbol(",") || tokens[chain.end].isSymbol(")"))
            report(
                isHanded ? .pythonCallOnImport : .pythonDangerousCall, index,
                "\(CheckText.quoted(name)), which \(effect.rawValue), is passed on", name)
        }
    }

    /// Whether the chain is only named in an import, an annotation, an `except` or on the left of an assignment.
    private func isBinding(_ start: Int, _ end: Int) -> Bool {
        if end < tokens.count,
            tokens[end].isSymbol("=") || tokens[end].isSymbol(",") && start > 0 && tokens[start - 1].isName("import")
        {
            return true
        }
        var line = start
        while line > 0, tokens[line - 1].kind != .newline, tokens[line - 1].kind != .indent, start - line < 64 {
            line -= 1
        }
        return ["import", "from", "except"].contains(tokens[line].text)
            || start > 0 && [":", "->", "isinstance"].contains(tokens[start - 1].text)
    }

    private mutating func judge(_ call: Call, _ context: Context) {
        let caller: String
        switch context {
        case .module:
            moduleCalls.insert(call.written)
            caller = ""
        case .function(let name):
            calls[name, default: []].insert(call.written)
            caller = name
        case .program: caller = ""
        }
        var known = call.name
        if call.start + 1 == call.open, aliases[call.written] == nil {
            let wanted = stars.map { $0 + "." + call.written }.first { PythonNames.effect(of: $0) != nil }
            known = wanted ?? known
        }
        let arguments = call.open + 1..<call.close
        guard let name = known, PythonNames.effect(of: name) != nil || name.hasPrefix("np.") || name.hasPrefix("yaml.")
        else { return }
        budget.tokens -= arguments.count
        guard budget.tokens > 0, let effect = effect(name, call) else { return }
        let isModule = if case .module = context { isImported } else { false }
        if call.isHidden || hasDisguisedNames && [.command, .code].contains(effect) {
            return report(
                .pythonHiddenName, call.start,
                "\(CheckText.quoted(name)), which \(effect.rawValue), is called by a hidden name", name)
        }
        if effect == .code || effect == .load && name.contains("marshal")
            || effect == .load && name.contains("pickle.loads")
        {
            // Arguments of distributed jobs travel as pickles in base64; on import nothing needs them.
            let counts = effect == .code || isModule || !name.contains("pickle")
            if counts, name != "importlib.import_module", hasDecoding(arguments) {
                return report(
                    .pythonDecodedCode, call.start,
                    "\(CheckText.quoted(name)) gets something that is decoded or fetched", name)
            }
            if ["builtins.exec", "builtins.eval", "builtins.compile"].contains(name), let text = constant(arguments) {
                return nested(text.text, isModule, at: call.start)
            }
        }
        let words = "\(CheckText.quoted(name)), which \(effect.rawValue), is called"
        let review = ScanFinding(
            effect == .load ? .pythonUnsafeLoad : .pythonDangerousCall, place.line(tokens[call.start].line),
            words + (caller.isEmpty ? "" : " in \(CheckText.quoted(caller))"), name: name)
        let harmful = ScanFinding(
            .pythonCallOnImport, place.line(tokens[call.start].line), words + " when the file is imported", name: name)
        guard isCertain(effect, name, arguments) else { return add(review) }
        if isModule { return add(harmful) }
        if caller.isEmpty || !isImported { add(review) } else { deferred.append((caller, review, harmful)) }
    }

    /// Whether a call of this kind can only mean harm when it happens on import.
    private func isCertain(_ effect: PythonNames.Effect, _ name: String, _ arguments: Range<Int>) -> Bool {
        switch effect {
        case .command, .install: true
        case .code:
            PythonScan.certain.contains(name)
                && !tokens[arguments].contains { $0.isName("open") || $0.isName("read_text") }
        case .load: name == "marshal.loads" || name == "marshal.load"
        case .network:
            tokens[arguments].contains {
                $0.isName("environ") || $0.isName("getenv") || $0.isName("HfFolder")
                    || $0.kind == .string
                        && ["huggingface/token", "/.ssh/", ".aws/credentials", ".netrc"].contains { [text = $0.text] in
                            CheckText.contains(text, $0)
                        }
            }
        case .native, .file: false
        }
    }

    private func effect(_ name: String, _ call: Call) -> PythonNames.Effect? {
        let arguments = tokens[call.open + 1..<call.close]
        func has(_ argument: String, _ value: String) -> Bool {
            arguments.indices.contains { index in
                arguments[index].isName(argument) && index + 2 < arguments.endIndex
                    && arguments[index + 1].isSymbol("=")
                    && arguments[index + 2].isName(value)
            }
        }
        switch name {
        case "torch.load", "torch.serialization.load": return has("weights_only", "True") ? nil : .load
        case "numpy.load", "np.load": return has("allow_pickle", "True") ? .load : nil
        case "yaml.load", "yaml.load_all":
            return arguments.contains { ["SafeLoader", "CSafeLoader", "BaseLoader"].contains($0.text) } ? nil : .load
        default: return PythonNames.effect(of: name)
        }
    }

    private static let decoders: Set<String> = [
        "b64decode", "b32decode", "b16decode", "b85decode", "a85decode", "urlsafe_b64decode", "decodebytes", "fromhex",
        "unhexlify",
        "decompress", "urlopen", "decode_base64", "a2b_base64", "rot13", "marshal",
    ]

    private func hasDecoding(_ range: Range<Int>, isDirect: Bool = true) -> Bool {
        for index in range {
            let token = tokens[index]
            if token.kind == .name {
                if PythonScan.decoders.contains(token.text) || token.text == "chr" && isDirect { return true }
                if let constant = constants[token.text], constant.isBuilt { return true }
                if decoded.contains(token.text), !(index > 0 && tokens[index - 1].isSymbol(".")) { return true }
                if let name = aliases[token.text], name.hasPrefix("requests.") || name == "requests" || name == "httpx"
                {
                    return true
                }
            }
            if token.kind == .string, ["rot13", "rot_13", "base64", "hex", "zlib"].contains(token.text) { return true }
        }
        return false
    }

    private mutating func nested(_ text: String, _ isModule: Bool, at index: Int) {
        guard nesting < 4 else {
            return report(.pythonDecodedCode, index, "code in texts in code, more than four deep", nil)
        }
        PythonCheck.check(
            Array(text.utf8), name: "text", isImported: isModule, at: place.line(tokens[index].line), into: &findings,
            nesting: nesting + 1)
        report(.pythonDangerousCall, index, "a constant text is run as code", "builtins.exec")
    }

    private mutating func add(_ finding: ScanFinding) {
        let key = "\(finding.rule.id) \(finding.place.line ?? 0) \(finding.name ?? "")"
        if seen.count < 100 * ScanFindings.limit, seen.insert(key).inserted { findings.add(finding) }
    }

    private mutating func report(_ rule: ScanRule, _ index: Int, _ reason: String, _ name: String?) {
        add(
            ScanFinding(
                rule, place.line(tokens[index].line), reason, name: name.map { Escaped($0, limit: 120).description }))
    }

    /// Decides about calls in functions once it is known which functions run on import.
    private mutating func settle() {
        if budget.tokens <= 0 {
            findings.add(.documentTooLarge, place, "calls inside calls without end: not all of them were looked at")
        }
        var running = moduleCalls
        var queue = Array(moduleCalls)
        while let name = queue.popLast() {
            for next in calls[name] ?? [] where running.insert(next).inserted { queue.append(next) }
        }
        for (function, review, upgrade) in deferred { add(running.contains(function) ? upgrade : review) }
    }
}
