// SPDX-License-Identifier: Apache-2.0

/// Runs the statements of one template once, within a budget.
final class Machine {
    let budget: RenderBudget
    let now: Moment
    private var stepsLeft: Int
    private var workLeft: Int
    private var outputLeft: Int
    private var depth = 0
    /// What is being written: the result, and on top of it macros, blocks and the like.
    private var buffers: [String] = [""]
    private(set) var generations: [Range<Int>] = []
    /// How much of the result has been counted.
    private var counted = (bytes: 0, scalars: 0)
    private(set) var clockFormats: [String] = []
    private var namespaces: [NamespaceObject] = []
    private var scopes: [Scope] = []
    /// The macros that are running, the innermost last.
    var running: [RunningCall] = []
    private var blocks: [String: [Statement]] = [:]

    enum Flow {
        case next
        case leave
        case again
    }

    init(budget: RenderBudget, now: Moment) {
        (self.budget, self.now) = (budget, now)
        (stepsLeft, workLeft, outputLeft) = (budget.steps, budget.workBytes, budget.outputBytes)
    }

    var stepsUsed: Int { budget.steps - stepsLeft }

    func render(_ body: [Statement], _ root: Scope) throws(JinjaError) -> String {
        // A macro holds the scope that holds it: what was made is taken apart at the end.
        defer {
            for namespace in namespaces { namespace.values = [:] }
            for scope in scopes { scope.values = [:] }
        }
        collectBlocks(body)
        let scope = newScope(root)
        _ = try run(body, scope)
        return buffers[0]
    }

    private func collectBlocks(_ body: [Statement]) {
        for statement in body {
            if case .block(let name, _, _, let inner) = statement.kind { blocks[name] = inner }
            for child in statement.children { collectBlocks(child) }
        }
    }

    // MARK: Budgets

    func step(_ count: Int = 1) throws(JinjaError) {
        stepsLeft -= min(count, stepsLeft + 1)
        if stepsLeft < 0 { throw JinjaError(.budget, "more than \(budget.steps) steps") }
    }

    func work(_ bytes: Int) throws(JinjaError) {
        workLeft -= min(max(0, bytes), workLeft + 1)
        if workLeft < 0 { throw JinjaError(.budget, "more than \(budget.workBytes) bytes of work") }
    }

    /// Checks the size that a string will have, before it is made.
    func reserve(_ bytes: Int) throws(JinjaError) {
        guard bytes <= budget.stringBytes else {
            throw JinjaError(.budget, "a string of more than \(budget.stringBytes) bytes")
        }
        try work(bytes)
    }

    /// Charges for going through a text once, character by character.
    func read(_ text: String) throws(JinjaError) {
        try reserve(text.utf8.count)
        try step(text.utf8.count / 8)
    }

    func reserve(items count: Int) throws(JinjaError) {
        guard count <= budget.sequenceCount else {
            throw JinjaError(.budget, "a sequence of more than \(budget.sequenceCount) items")
        }
        try work(count &* 32)
        try step(count / 8)
    }

    func string(_ text: String) throws(JinjaError) -> Value {
        try reserve(text.utf8.count)
        return .string(text)
    }

    func list(_ items: [Value]) throws(JinjaError) -> Value { .list(try sequence(items)) }

    func tuple(_ items: [Value]) throws(JinjaError) -> Value { .tuple(try sequence(items)) }

    private func sequence(_ items: [Value]) throws(JinjaError) -> SequenceObject {
        try reserve(items: items.count)
        let object = SequenceObject(items)
        try check(object.depth, object.weight)
        return object
    }

    /// A generator: `make` runs when it is read.
    func generator(
        _ label: String, _ sources: [Value], _ make: @escaping () throws(JinjaError) -> [Value]
    )
        throws(JinjaError) -> Value
    {
        let object = IteratorObject(label: label, sources: sources) { [self] () throws(JinjaError) in
            let items = try nested { () throws(JinjaError) in try make() }
            try reserve(items: items.count)
            return items
        }
        try work(256)
        try check(object.depth, object.weight)
        return .iterator(object)
    }

    func dict(_ pairs: [(key: Value, value: Value)]) throws(JinjaError) -> Value {
        try reserve(items: pairs.count)
        try step(pairs.count)
        let object = DictObject()
        for pair in pairs { try object.set(pair.key, pair.value) }
        try check(object.depth, object.weight)
        return .dict(object)
    }

    func check(_ depth: Int, _ weight: Int) throws(JinjaError) {
        guard depth <= budget.containerDepth else {
            throw JinjaError(.budget, "more than \(budget.containerDepth) containers inside each other")
        }
        guard weight <= budget.stringBytes else {
            throw JinjaError(.budget, "a container of more than \(budget.stringBytes) bytes")
        }
    }

    /// `str(value)`, charged for.
    func text(_ value: Value) throws(JinjaError) -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .namespace(let namespace): try reserve(Value.weight(namespace.values.values))
        default: try reserve(value.weight)
        }
        return Representation.text(value)
    }

    func newScope(_ parent: Scope?) -> Scope {
        let scope = Scope(parent)
        return scope
    }

    func newNamespace() throws(JinjaError) -> NamespaceObject {
        try work(256)
        let namespace = NamespaceObject()
        namespaces.append(namespace)
        return namespace
    }

    /// Keeps a scope that a macro has caught, to take it apart at the end.
    func keep(_ scope: Scope) { if scopes.last !== scope { scopes.append(scope) } }

    func useClock(_ format: String) { clockFormats.append(format) }

    // MARK: Output

    /// Counts the characters that were written since it was last asked: once each, however many stretches there are.
    private func countOutput() {
        // A view that outlives this would make the next thing that is written copy the whole result.
        let bytes = buffers[0].utf8
        let added = bytes[bytes.index(bytes.startIndex, offsetBy: counted.bytes)...]
        counted = (bytes.count, counted.scalars + added.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) })
    }

    private func write(_ text: String) throws(JinjaError) {
        let count = text.utf8.count
        outputLeft -= min(count, outputLeft + 1)
        if outputLeft < 0 { throw JinjaError(.budget, "more than \(budget.outputBytes) bytes of output") }
        buffers[buffers.count - 1] += text
    }

    /// Runs `body` and returns what it writes.
    func capture(_ body: () throws(JinjaError) -> Void) throws(JinjaError) -> String {
        buffers.append("")
        do throws(JinjaError) { try body() } catch {
            buffers.removeLast()
            throw error
        }
        return buffers.removeLast()
    }

    /// Counts one level of evaluation.
    func nested<Result>(_ body: () throws(JinjaError) -> Result) throws(JinjaError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= budget.depth else { throw tooDeep() }
        return try body()
    }

    // MARK: Statements

    func run(_ body: [Statement], _ scope: Scope) throws(JinjaError) -> Flow {
        for statement in body {
            try step()
            let flow: Flow
            do throws(JinjaError) { flow = try nested { () throws(JinjaError) in try run(statement, scope) } } catch {
                throw error.located(at: statement.place)
            }
            if flow != .next { return flow }
        }
        return .next
    }

    private func run(_ statement: Statement, _ scope: Scope) throws(JinjaError) -> Flow {
        switch statement.kind {
        case .text(let text): try write(text)
        case .output(let expression): try write(try text(try evaluate(expression, scope)))
        case .conditional(let branches):
            for branch in branches {
                if let condition = branch.condition, !(try evaluate(condition, scope)).isTrue { continue }
                return try run(branch.body, scope)
            }
        case .loop(let loop): try runLoop(loop, scope)
        case .set(let target, let expression): try assign(target, try evaluate(expression, scope), scope)
        case .setBlock(let target, let filter, let body):
            var value = Value.string(try capture { () throws(JinjaError) in _ = try run(body, newScope(scope)) })
            if let filter { value = try self.filter(filter, scope, seed: value) }
            try assign(target, value, scope)
        case .macro(let macro):
            keep(scope)
            scope.set(macro.name, .function(FunctionObject(.macro(MacroObject(macro, scope: scope)))))
        case .call(let call, let caller):
            keep(scope)
            let object = Value.function(FunctionObject(.macro(MacroObject(caller, scope: scope))))
            guard case .call(let function, let arguments) = call.kind else { return .next }
            let value = try evaluate(function, scope)
            var list = try evaluate(arguments, scope)
            list.named.append(("caller", object))
            try write(try text(try self.call(value, list)))
        case .filter(let filter, let body):
            let text = try capture { () throws(JinjaError) in _ = try run(body, newScope(scope)) }
            let value = try self.filter(filter, scope, seed: .string(text))
            // As jinja2 joins what was written, which must be texts.
            guard let result = value.text else {
                throw JinjaError(.type, "expected str instance, \(value.typeName) found")
            }
            try write(result)
        case .with(let bindings, let body):
            let inner = newScope(scope)
            // Values see what is around, not each other.
            var values: [Value] = []
            for binding in bindings { values.append(try evaluate(binding.value, scope)) }
            for (binding, value) in zip(bindings, values) { try assign(binding.target, value, inner) }
            return try run(body, inner)
        case .autoescape(let value, let body):
            if try evaluate(value, scope).isTrue {
                throw JinjaError(.unsupported, "`autoescape` with a true value")
            }
            return try run(body, newScope(scope))
        case .generation(let body):
            let text = try capture { () throws(JinjaError) in _ = try run(body, newScope(scope)) }
            countOutput()
            generations.append(counted.scalars..<counted.scalars + text.unicodeScalars.count)
            try write(text)
        case .block(let name, _, _, let body):
            var top = scope
            while let parent = top.parent, parent.parent != nil { top = parent }
            _ = try run(blocks[name] ?? body, newScope(top))
        case .include, .import, .fromImport, .extends:
            throw JinjaError(.type, "no loader for this environment specified")
        case .breakLoop: return .leave
        case .continueLoop: return .again
        }
        return .next
    }

    private func runLoop(_ loop: Statement.Loop, _ scope: Scope) throws(JinjaError) {
        try runLoop(loop, over: try evaluate(loop.items, scope), scope, level: 1)
    }

    func runLoop(_ statement: Statement.Loop, over value: Value, _ scope: Scope, level: Int) throws(JinjaError) {
        var items = try iterate(value)
        if let condition = statement.condition {
            var kept: [Value] = []
            for item in items {
                let inner = newScope(scope)
                try assign(statement.target, item, inner)
                if try evaluate(condition, inner).isTrue { kept.append(item) }
            }
            items = kept
        }
        if items.isEmpty {
            _ = try run(statement.otherwise, newScope(scope))
            return
        }
        let object = LoopObject(items, level: level, statement: statement, scope: scope)
        for index in items.indices {
            try step()
            object.index = index
            let inner = newScope(scope)
            inner.set("loop", .loop(object))
            try assign(statement.target, items[index], inner)
            if try run(statement.body, inner) == .leave { break }
        }
    }

    func assign(_ target: Statement.Target, _ value: Value, _ scope: Scope) throws(JinjaError) {
        switch target {
        case .name(let name): scope.set(name, value)
        case .attribute(let object, let name):
            guard case .namespace(let namespace) = try lookup(object, scope) else {
                throw JinjaError(.runtime, "cannot assign attribute on non-namespace object")
            }
            try Machine.checkNamespaceName(name)
            try work(64)
            namespace.set(name, value)
        case .tuple(let targets):
            let items: [Value]
            do throws(JinjaError) { items = try iterate(value) } catch {
                guard error.kind == .type else { throw error }
                throw JinjaError(.type, "cannot unpack non-iterable \(value.typeName) object")
            }
            guard items.count >= targets.count else {
                throw JinjaError(
                    .value, "not enough values to unpack (expected \(targets.count), got \(items.count))")
            }
            guard items.count == targets.count else {
                throw JinjaError(.value, "too many values to unpack (expected \(targets.count))")
            }
            for (target, item) in zip(targets, items) { try assign(target, item, scope) }
        }
    }

    static func checkNamespaceName(_ name: String) throws(JinjaError) {
        guard name.hasPrefix("_") else { return }
        throw JinjaError(
            .security,
            "Chat templates cannot store underscore-prefixed attributes on a namespace, but got "
                + "\(Representation.quoted(name)). Please rename the attribute.")
    }

    /// The items of anything that can be iterated; an iterator is used up.
    func iterate(_ value: Value) throws(JinjaError) -> [Value] {
        switch value {
        case .list(let sequence), .tuple(let sequence): return sequence.items
        case .undefined(let missing):
            if missing.kind == .security { throw missing.error }
            return []
        case .string(let text), .markup(let text):
            try reserve(items: text.utf8.count)
            return text.unicodeScalars.map { .string(String($0)) }
        case .dict(let dict): return dict.entries.map(\.key)
        case .view(let view):
            try reserve(items: view.dict.count)
            return view.items
        case .range(let range):
            try reserve(items: range.count)
            return (0..<range.count).map { range[$0] }
        case .iterator(let iterator): return try iterator.drain()
        case .loop(let loop):
            return loop.items
        case .none, .bool, .int, .float, .function, .namespace, .cycler, .joiner:
            throw JinjaError(.type, "'\(value.typeName)' object is not iterable")
        }
    }

    /// Whether the template has a block with this name.
    func hasBlock(_ name: String) -> Bool { blocks[name] != nil }

    /// Runs a block by its name, for `self.name()`.
    func runBlock(_ name: String, _ scope: Scope) throws(JinjaError) -> String? {
        guard let body = blocks[name] else { return nil }
        return try capture { () throws(JinjaError) in _ = try run(body, newScope(scope)) }
    }
}
