// SPDX-License-Identifier: Apache-2.0

/// Looks at the `schema.json` of a skops archive.
enum SkopsCheck {
    /// Loaders that build data, not calls.
    private static let loaders: Set<String> = [
        "DictNode", "ListNode", "SetNode", "TupleNode", "FunctionNode", "PartialNode", "TypeNode", "SliceNode",
        "ObjectNode",
        "MethodNode", "JsonNode", "BytesNode", "BytearrayNode", "NdArrayNode", "MaskedArrayNode", "RandomStateNode",
        "RandomGeneratorNode", "SparseMatrixNode", "TreeNode", "CachedNode", "DefaultDictNode", "DatetimeTimezoneNode",
        "GeneratorNode", "OperatorFuncNode", "QuantileForestNode", "SGDNode", "LossNode", "ContentNode", "ReduceNode",
        "CriterionNode",
        "DataFrameNode", "BunchNode", "DtypeNode", "ABCMetaNode", "JoblibNode", "MemoryNode", "CythonNode",
        "NumpyScalarNode",
    ]

    /// Trees of which the classes are inert.
    private static let trees = [
        "sklearn.", "numpy.", "scipy.", "collections.", "xgboost.", "lightgbm.", "catboost.", "quantile_forest.",
    ]

    private static let builtins: Set<String> = [
        "dict", "list", "set", "tuple", "frozenset", "str", "int", "float", "bool", "complex", "bytes", "bytearray",
        "slice", "type",
        "NoneType", "object", "range",
    ]

    static func isSchema(_ node: ScannedJSON.Node) -> Bool { node.has("__loader__") && node.has("__module__") }

    static func check(_ node: ScannedJSON.Node, at place: ScanPlace, into findings: inout ScanFindings) {
        switch node.value {
        case .array(let items): for item in items { check(item, at: place, into: &findings) }
        case .object(let members):
            if let loader = node.all("__loader__").last?.string {
                judge(loader, node, at: place.line(node.line), into: &findings)
            }
            for (_, value) in members { check(value, at: place, into: &findings) }
        default: break
        }
    }

    private static func judge(
        _ loader: String, _ node: ScannedJSON.Node, at place: ScanPlace, into findings: inout ScanFindings
    ) {
        // Of equal keys the last one counts for Python, so all are judged.
        let modules = node.few("__module__").compactMap(\.string)
        let classes = node.few("__class__").compactMap(\.string)
        let names = modules.flatMap { module in classes.map { module.isEmpty ? $0 : module + "." + $0 } }
        if loader == "OperatorFuncNode" || loader == "MethodNode" || loader == "ReduceNode" {
            findings.add(
                .skopsDangerousNode, place,
                "the node \(CheckText.quoted(loader)) stands for \(CheckText.quoted(names.first ?? "?"))",
                name: names.first)
            return
        }
        if !CheckText.isListed(loader, in: loaders) {
            findings.add(.skopsUnknownType, place, "the loader \(CheckText.quoted(loader)) is not known", name: loader)
        }
        for name in names {
            if isInert(name) { continue }
            if PythonNames.isForbiddenTarget(name) {
                findings.add(.skopsDangerousNode, place, "an object of \(CheckText.quoted(name)) is built", name: name)
            } else {
                findings.add(.skopsUnknownType, place, "an object of \(CheckText.quoted(name)) is built", name: name)
            }
        }
    }

    private static func isInert(_ name: String) -> Bool {
        guard ConfigWalk.isDottedName(name) else { return false }
        if name.hasPrefix("builtins.") { return builtins.contains(String(name.dropFirst(9))) }
        // Nothing of `numpy` that reads files or code is a class with a capital or one of the plain types.
        guard trees.contains(where: { name.hasPrefix($0) }) else {
            return ["datetime.timezone", "datetime.timedelta"].contains(name)
        }
        return !PythonNames.isForbiddenTarget(name)
    }
}
