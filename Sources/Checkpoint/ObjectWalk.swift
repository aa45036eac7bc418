// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Pickle

/// Where a storage's bytes are.
struct StoragePlace {
    let contents: any ByteSource
    let range: Range<UInt64>?
    let checksum: UInt32?
}

/// Walks over the object of a checkpoint and lists what it holds.
struct ObjectWalk {
    /// Where storages come from.
    enum Storages {
        case zip(ZipStorages)
        case table([String: StoragePlace])
        /// The tensors of a tar archive, by key, and its storages.
        case tensors([String: CheckpointEntry.Kind])
    }

    let graph: PickleGraph
    let options: CheckpointOptions
    var source: Storages
    var entries: [CheckpointEntry] = []
    var storages: [CheckpointStorage] = []
    /// The storages by everything that the pickle says about them, and the first of each key.
    var known: [StorageRequest: Int] = [:]
    var roots: [String: Int] = [:]
    private var visited: [PickleNode: EntryPath] = [:]
    private var tensors: [PickleNode: CheckpointEntry.Kind] = [:]

    init(_ graph: PickleGraph, _ options: CheckpointOptions, _ source: Storages) {
        (self.graph, self.options, self.source) = (graph, options, source)
    }

    mutating func add(_ value: PickleValue) throws(CheckpointError) { try add(value, at: EntryPath([]), depth: 0) }

    private mutating func list(_ path: EntryPath, _ kind: CheckpointEntry.Kind) throws(CheckpointError) {
        guard entries.count < options.entries else {
            throw .overLimit(
                "entries of a checkpoint", count: UInt64(entries.count) + 1, limit: UInt64(options.entries))
        }
        entries.append(CheckpointEntry(path: path, kind: kind))
    }

    private mutating func add(_ value: PickleValue, at path: EntryPath, depth: Int) throws(CheckpointError) {
        guard case .node(let node) = value else { return try list(path, .value(describe(value))) }
        guard depth <= options.nesting else {
            throw .overLimit("containers in containers", count: UInt64(depth), limit: UInt64(options.nesting))
        }
        switch graph.shape(of: node) {
        case .dictionary(let pairs): try add(pairs.map { ($0.key, $0.value) }, of: node, at: path, depth: depth)
        case .list(let items), .tuple(let items): try add(items, of: node, at: path, depth: depth)
        case .set(let items), .frozenSet(let items): try list(path, .sequence(count: items.count))
        case .byteArray(let data): try list(path, .value("\(graph.count(of: data)) bytes"))
        case .global(let global): try list(path, .object(global.qualifiedName))
        case .persistent(let identifier):
            if case .tensors(let table) = source, let kind = table[key(identifier) ?? ""] {
                return try list(path, kind)
            }
            try list(path, .object("storage"))
        case .extensionCode, .buffer: try list(path, .object("unknown"))
        case .call(let call):
            if let kind = tensors[node] { return try list(path, kind) }
            if let kind = try tensor(call, depth: 0) {
                tensors[node] = kind
                return try list(path, kind)
            }
            let callee = graph.global(call.callee)
            if let callee, ObjectWalk.isMapping(callee) {
                guard let initial = initialPairs(callee, call) else {
                    return try list(path, .object(callee.qualifiedName))
                }
                return try add(initial + call.pairs.map { ($0.key, $0.value) }, of: node, at: path, depth: depth)
            }
            try list(path, .object(callee?.qualifiedName ?? "unknown"))
        }
    }

    /// Whether calling it gives a dict whose contents are written into it afterwards.
    private static func isMapping(_ global: PickleGlobal) -> Bool {
        global.matches("collections", "OrderedDict") || global.matches("collections", "defaultdict")
            || global.matches("collections", "Counter")
    }

    private typealias Pair = (key: PickleValue, value: PickleValue)

    /// The contents that the call is given: Python 2 writes `OrderedDict([[key, value], …])`. Nil when they are not pairs.
    private func initialPairs(_ callee: PickleGlobal, _ call: PickleCall) -> [Pair]? {
        guard var arguments = graph.tuple(call.arguments) else { return nil }
        if callee.matches("collections", "defaultdict"), !arguments.isEmpty { arguments.removeFirst() }
        guard let contents = arguments.first else { return [] }
        guard arguments.count == 1 else { return nil }
        if let pairs = graph.pairs(contents) { return pairs.map { ($0.key, $0.value) } }
        guard let items = graph.list(contents) ?? graph.tuple(contents) else { return nil }
        var pairs: [Pair] = []
        for item in items {
            guard let pair = graph.list(item) ?? graph.tuple(item), pair.count == 2 else { return nil }
            pairs.append((pair[0], pair[1]))
        }
        return pairs
    }

    private mutating func add(
        _ pairs: [Pair], of node: PickleNode, at path: EntryPath, depth: Int
    ) throws(CheckpointError) {
        if let first = visited[node] { return try list(path, .same(first)) }
        visited[node] = path
        // A key that is written twice keeps its first place and its last value, as in Python. The text `1` and the number are
        // two keys all the same, and what they name has one name.
        var order: [(key: Key, value: PickleValue)] = []
        var places: [Key: Int] = [:]
        for pair in pairs {
            let key = try self.key(of: pair.key)
            if let place = places.updateValue(places[key] ?? order.count, forKey: key) {
                order[place].value = pair.value
            } else {
                order.append((key, pair.value))
            }
        }
        try list(path, .mapping(count: order.count))
        for (key, value) in order {
            let start = entries.count
            try add(value, at: path.appending(name(key)), depth: depth + 1)
            guard case .other = key else { continue }
            // A name that we made up is not the tensor's.
            for index in start..<entries.count {
                guard case .tensor = entries[index].kind else { continue }
                entries[index] = CheckpointEntry(path: entries[index].path, kind: .refused(.key))
            }
        }
    }

    private enum Key: Hashable {
        case text([UInt8])
        case number(Int64)
        case other(PickleValue)
    }

    private mutating func add(
        _ items: [PickleValue], of node: PickleNode, at path: EntryPath, depth: Int
    ) throws(CheckpointError) {
        if let first = visited[node] { return try list(path, .same(first)) }
        if !items.isEmpty { visited[node] = path }
        try list(path, .sequence(count: items.count))
        for (index, item) in items.enumerated() {
            try add(item, at: path.appending(Array(String(index).utf8)), depth: depth + 1)
        }
    }

    /// How long a key may be.
    private static let keyLimit = 65_536

    private func key(of value: PickleValue) throws(CheckpointError) -> Key {
        switch value {
        case .string(let data), .byteString(let data):
            guard graph.count(of: data) <= ObjectWalk.keyLimit else {
                throw .overLimit(
                    "bytes of a key", count: UInt64(clamping: graph.count(of: data)), limit: UInt64(ObjectWalk.keyLimit)
                )
            }
            do throws(ByteError) {
                return .text(try graph.bytes(of: data, limit: ObjectWalk.keyLimit))
            } catch { throw .bytes(error) }
        case .integer(let number): return .number(number)
        default: return .other(value)
        }
    }

    /// What a key is called in a path: a text itself; what is neither text nor a number is described, in parentheses.
    private func name(_ key: Key) -> [UInt8] {
        switch key {
        case .text(let bytes): bytes
        case .number(let number): Array(String(number).utf8)
        case .other(let value): Array("(\(describe(value)))".utf8)
        }
    }

    /// The key of a storage or a tensor: a string or a number.
    func key(_ value: PickleValue) -> String? {
        switch value {
        case .string, .byteString: graph.text(of: value)
        case .integer(let number): String(number)
        default: nil
        }
    }

    private func describe(_ value: PickleValue) -> String {
        switch value {
        case .none: "none"
        case .bool(let value): value ? "true" : "false"
        case .integer(let number): String(number)
        case .bigInteger(let data): "an integer of \(graph.count(of: data)) bytes"
        case .float(let number): "\(number)"
        case .string(let data), .byteString(let data):
            graph.count(of: data) <= 200
                ? graph.text(of: value) ?? "a string" : "a string of \(graph.count(of: data)) bytes"
        case .bytes(let data): "\(graph.count(of: data)) bytes"
        case .node(let node):
            switch graph.shape(of: node) {
            case .tuple(let items) where items.count <= 8: "a tuple of \(items.count)"
            default: "an object"
            }
        }
    }
}
