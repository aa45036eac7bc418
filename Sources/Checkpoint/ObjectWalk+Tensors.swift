// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Pickle

/// What a pickle says about a storage.
struct StorageRequest: Hashable {
    var key: String
    var location: String
    var element: ElementType
    var count: UInt64
    /// A view of old files: its own key, where it begins in the storage and how many elements it has.
    var view: View?

    struct View: Hashable {
        var key: String
        var offset: UInt64
        var count: UInt64
    }
}

extension ObjectWalk {
    private enum Callee {
        case plain, withHooks, withType
        case parameter, fromType
        case refused(TensorRefusal)
    }

    private static let callees: [(name: String, callee: Callee)] = [
        ("_rebuild_tensor", .plain), ("_rebuild_tensor_v2", .withHooks), ("_rebuild_tensor_v3", .withType),
        ("_rebuild_parameter", .parameter), ("_rebuild_parameter_with_state", .parameter),
        ("_rebuild_sparse_tensor", .refused(.sparse)), ("_rebuild_sparse_csr_tensor", .refused(.sparse)),
        ("_rebuild_qtensor", .refused(.quantized("_rebuild_qtensor"))), ("_rebuild_nested_tensor", .refused(.nested)),
        ("_rebuild_meta_tensor_no_storage", .refused(.meta)),
        ("_rebuild_device_tensor_from_numpy", .refused(.device("_rebuild_device_tensor_from_numpy"))),
        ("_rebuild_device_tensor_from_cpu_tensor", .refused(.device("_rebuild_device_tensor_from_cpu_tensor"))),
        ("_rebuild_xla_tensor", .refused(.device("_rebuild_xla_tensor"))),
    ]

    private func callee(_ global: PickleGlobal) -> Callee? {
        if global.matches("torch._tensor", "_rebuild_from_type_v2")
            || global.matches("torch._tensor", "_rebuild_from_type")
        {
            return .fromType
        }
        guard global.moduleBytes.elementsEqual("torch._utils".utf8) else {
            return global.moduleBytes.starts(with: "torch.distributed".utf8)
                ? .refused(.distributed(global.qualifiedName)) : nil
        }
        if let known = ObjectWalk.callees.first(where: { global.nameBytes.elementsEqual($0.name.utf8) }) {
            return known.callee
        }
        return global.matches("torch._utils", "_rebuild_wrapper_subclass") ? .refused(.subclass("unknown")) : nil
    }

    /// What the call makes, when it makes a tensor; nil otherwise.
    mutating func tensor(_ call: PickleCall, depth: Int) throws(CheckpointError) -> CheckpointEntry.Kind? {
        guard let global = graph.global(call.callee), let arguments = graph.tuple(call.arguments) else { return nil }
        return try tensor(global, arguments, at: call.offset, isParameter: false, depth: depth)
    }

    private mutating func tensor(
        _ global: PickleGlobal, _ arguments: [PickleValue], at offset: UInt64, isParameter: Bool, depth: Int
    ) throws(CheckpointError) -> CheckpointEntry.Kind? {
        guard let callee = callee(global) else { return nil }
        guard depth < 8 else { return .refused(.malformed("tensors in tensors")) }
        switch callee {
        case .refused(.subclass):
            return .refused(.subclass(arguments.first.flatMap { graph.global($0)?.qualifiedName } ?? "unknown"))
        case .refused(let refusal): return .refused(refusal)
        case .parameter:
            guard let inner = arguments.first, let call = graph.call(inner), let callee = graph.global(call.callee),
                let innerArguments = graph.tuple(call.arguments)
            else { return .refused(.malformed("a parameter without a tensor")) }
            return try tensor(callee, innerArguments, at: call.offset, isParameter: true, depth: depth + 1)
                ?? .refused(.malformed("a parameter made from `\(callee.qualifiedName)`"))
        case .fromType:
            guard arguments.count >= 3, let function = graph.global(arguments[0]),
                let type = graph.global(arguments[1]),
                let inner = graph.tuple(arguments[2])
            else { return .refused(.malformed("`_rebuild_from_type_v2` with other arguments")) }
            if type.moduleBytes.starts(with: "torch.distributed".utf8) {
                return .refused(.distributed(type.qualifiedName))
            }
            let isPlain = type.matches("torch", "Tensor") || type.matches("torch._tensor", "Tensor")
            let isParameter =
                type.matches("torch.nn.parameter", "Parameter") || type.matches("torch.nn", "Parameter")
                || type.matches("torch.nn.parameter", "Buffer")
            guard isPlain || isParameter else { return .refused(.subclass(type.qualifiedName)) }
            return try tensor(function, inner, at: offset, isParameter: isParameter, depth: depth + 1)
                ?? .refused(.malformed("a tensor made by `\(function.qualifiedName)`"))
        case .plain, .withHooks, .withType:
            let view: Result<CheckpointTensor, TensorRefusal>
            do throws(TensorFailure) {
                view = .success(try self.view(callee, arguments, at: offset, isParameter))
            } catch {
                switch error {
                case .refused(let refusal): view = .failure(refusal)
                case .failed(let error): throw error
                }
            }
            switch view {
            case .success(let tensor): return .tensor(tensor)
            case .failure(let refusal): return .refused(refusal)
            }
        }
    }

    private enum TensorFailure: Error {
        case refused(TensorRefusal)
        case failed(CheckpointError)
    }

    private mutating func view(
        _ callee: Callee, _ arguments: [PickleValue], at place: UInt64, _ isParameter: Bool
    ) throws(TensorFailure) -> CheckpointTensor {
        let minimum =
            switch callee {
            case .withHooks: 5
            case .withType: 7
            default: 4
            }
        guard arguments.count >= minimum, arguments.count <= minimum + 3 else {
            throw .refused(.malformed("\(arguments.count) arguments"))
        }
        guard let identifier = graph.persistentID(arguments[0]) else { throw .refused(.malformed("no storage")) }
        guard case .integer(let start) = arguments[1], start >= 0 else {
            throw .refused(.malformed("a storage offset"))
        }
        guard let shape = numbers(arguments[2]), let strides = numbers(arguments[3]), shape.count == strides.count
        else {
            throw .refused(.malformed("sizes or strides that are not numbers from 0"))
        }
        guard shape.count <= options.dimensions else { throw .refused(.malformed("\(shape.count) dimensions")) }
        var element: ElementType?
        var metadata: PickleValue = .none
        if case .withType = callee {
            guard let type = graph.global(arguments[6]), type.moduleBytes.elementsEqual("torch".utf8) else {
                throw .refused(.malformed("no element type"))
            }
            guard let known = ElementType.named[type.name] else { throw .refused(.type(type.name)) }
            element = known
            if arguments.count > 7 { metadata = arguments[7] }
        } else if case .withHooks = callee, arguments.count > 6 {
            metadata = arguments[6]
        }
        let index = try storage(identifier)
        let (conjugated, negated) = try flags(metadata)
        let geometry = try TensorGeometry.check(
            shape: shape, strides: strides, offset: UInt64(start), element: element ?? storages[index].element,
            storage: storages[index], limit: options.expanded
        ).orRefuse { TensorFailure.refused($0) }
        return CheckpointTensor(
            element: geometry.element, type: geometry.type, shape: shape, strides: strides, offset: UInt64(start),
            storage: index, extent: geometry.extent, elementCount: geometry.elementCount, isParameter: isParameter,
            isConjugated: conjugated, isNegated: negated, callOffset: place)
    }

    /// What the metadata say about signs; other keys are refused, for they may change the numbers too.
    private func flags(_ metadata: PickleValue) throws(TensorFailure) -> (conjugated: Bool, negated: Bool) {
        if case .none = metadata { return (false, false) }
        guard let pairs = graph.pairs(metadata) else { throw .refused(.malformed("tensor metadata")) }
        var flags = (conjugated: false, negated: false)
        for pair in pairs {
            guard case .bool(let value) = pair.value else { throw .refused(.malformed("tensor metadata")) }
            if graph.isText(pair.key, "conj") {
                flags.conjugated = value
            } else if graph.isText(pair.key, "neg") {
                flags.negated = value
            } else {
                throw .refused(.malformed("unknown tensor metadata"))
            }
        }
        return flags
    }

    private func numbers(_ value: PickleValue) -> [UInt64]? {
        var value = value
        // `torch.Size((2, 3))`.
        if let call = graph.call(value), let callee = graph.global(call.callee), callee.matches("torch", "Size"),
            let inner = graph.tuple(call.arguments), inner.count == 1
        {
            value = inner[0]
        }
        guard let items = graph.tuple(value) ?? graph.list(value) else { return nil }
        var numbers: [UInt64] = []
        for item in items {
            guard case .integer(let number) = item, number >= 0 else { return nil }
            numbers.append(UInt64(number))
        }
        return numbers
    }

    // MARK: Storages

    /// The request in `("storage", class, key, location, count[, view])`; nil for any other persistent id.
    func request(_ identifier: PickleValue) -> StorageRequest? {
        guard let items = graph.tuple(identifier), items.count == 5 || items.count == 6,
            graph.isText(items[0], "storage"),
            let type = graph.global(items[1]), let key = key(items[2]), case .integer(let count) = items[4], count >= 0
        else { return nil }
        let modules = ["torch", "torch.cuda", "torch.storage"]
        guard modules.contains(where: { type.moduleBytes.elementsEqual($0.utf8) }),
            let element = ElementType.ofStorage(type.name)
        else { return nil }
        var request = StorageRequest(
            key: key, location: graph.text(of: items[3]) ?? "", element: element, count: UInt64(count))
        if items.count == 6, items[5] != .none {
            guard let view = graph.tuple(items[5]), view.count == 3, let viewKey = self.key(view[0]),
                case .integer(let offset) = view[1], case .integer(let size) = view[2], offset >= 0, size >= 0
            else { return nil }
            request.view = StorageRequest.View(key: viewKey, offset: UInt64(offset), count: UInt64(size))
        }
        return request
    }

    private mutating func storage(_ identifier: PickleValue) throws(TensorFailure) -> Int {
        guard let request = request(identifier) else { throw .refused(.malformed("a storage that is not PyTorch's")) }
        if let index = known[request] { return index }
        let size = UInt64(request.element.byteCount)
        let (bytes, overflow) = request.count.multipliedReportingOverflow(by: size)
        guard !overflow else { throw .refused(.overflow) }
        let place: StoragePlace
        do throws(CheckpointError) {
            place = try locate(request.key)
        } catch {
            if case .storage(_, let reason) = error {
                throw .refused(.storage("the storage `\(request.key)`: \(reason)"))
            }
            throw .failed(error)
        }
        guard place.contents.size == bytes else {
            throw .refused(
                .storage("the storage `\(request.key)` has \(place.contents.size) bytes, \(bytes) are declared"))
        }
        let index = storages.count
        let root = roots[request.key] ?? index
        roots[request.key] = root
        var (contents, range, count, rootOffset) = (place.contents, place.range, request.count, UInt64(0))
        if let view = request.view {
            guard view.offset <= request.count, view.count <= request.count - view.offset else {
                throw .refused(.outOfBounds(needed: view.offset &+ view.count, available: request.count))
            }
            // No overflow: both are at most the storage's size, which was multiplied above.
            rootOffset = view.offset * size
            do throws(ByteError) {
                contents = try place.contents.part(rootOffset, view.count * size)
            } catch { throw .failed(.bytes(error)) }
            range = range.map { $0.lowerBound + rootOffset..<$0.lowerBound + rootOffset + view.count * size }
            count = view.count
        }
        storages.append(
            CheckpointStorage(
                key: request.key, location: request.location, element: request.element, elementCount: count,
                contents: contents, range: range, checksum: request.view == nil ? place.checksum : nil, root: root,
                rootOffset: rootOffset))
        known[request] = index
        return index
    }

    private mutating func locate(_ key: String) throws(CheckpointError) -> StoragePlace {
        switch source {
        case .zip(var zip):
            let place = try zip.locate(key)
            source = .zip(zip)
            return place
        case .table(let table):
            guard let place = table[key] else { throw .storage(key: key, reason: "it is not in the file") }
            return place
        case .tensors: throw .storage(key: key, reason: "it is not in the file")
        }
    }
}

extension Result {
    /// The value, or the failure in another error's clothes.
    func orRefuse<Other: Error>(_ wrap: (Failure) -> Other) throws(Other) -> Success {
        switch self {
        case .success(let value): return value
        case .failure(let error): throw wrap(error)
        }
    }
}
