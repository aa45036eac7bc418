// SPDX-License-Identifier: Apache-2.0

/// What is known of the names that pickles import.
///
/// Only `clean` lets a name pass, and only as an exact pair of module and name. The lists of dangerous names choose the words of
/// a finding: without them the same names would be refused as unknown.
enum GlobalNames {
    /// What a name is.
    enum Standing: Hashable {
        /// Does nothing beyond making a value.
        case clean
        /// An object of a known library, by its exact name.
        case object
        /// A class of a known library of which nothing but its place is known.
        case part
        /// A function that objects keep to call it later.
        case function
        /// An object that holds Python code.
        case code
        /// Unpickles the bytes that it is given.
        case nested
        /// Used in attacks.
        case dangerous
        /// Reaches through an object to another: `pathlib`, `os.system`.
        case dotted
        /// On no list, but a class whose name says that it holds settings.
        case settings
        /// In Python's standard library, and on no list.
        case standardLibrary
        /// On no list.
        case unknown
    }

    /// Judges a name after the mapping of Python 2 names.
    static func standing(of global: PickleGlobal, isTorchScript: Bool) -> Standing {
        // The lists are ASCII. Other names are on none of them; they must not come near `==` of strings, which folds.
        guard (global.moduleBytes + global.nameBytes).allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return .unknown }
        let (module, name) = (global.module, global.name)
        let pair = module + " " + name
        if contains(clean, pair) { return .clean }
        if pair == "torch.storage _load_from_bytes" { return .nested }
        if contains(code, pair) { return .code }
        if contains(review, pair) { return .object }
        if contains(functions, pair) { return .function }
        if name.utf8.contains(0x2E) { return .dotted }
        if contains(dangerousNames, pair) || isInDangerousModule(module) { return .dangerous }
        if isBelow(module, "__torch__") { return isTorchScript ? .clean : .part }
        if name.hasPrefix("__") { return name.hasPrefix("__pyx_unpickle_") ? .unknown : .dotted }
        let isClass = isClassName(name) || module.hasPrefix("scipy.stats.") && name.hasSuffix("_gen")
        if isClass, isIn(trees, module) { return .part }
        if !isClass, isIn(functionTrees, module) { return .function }
        if contains(standardModules, firstPart(module)) { return .standardLibrary }
        if isClass, ["Arguments", "Args", "Config"].contains(where: { name.hasSuffix($0) }) { return .settings }
        return .unknown
    }

    /// Whether torch's `weights_only` loader accepts the name.
    static func isAcceptedByWeightsOnly(_ global: PickleGlobal) -> Bool {
        guard (global.moduleBytes + global.nameBytes).allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        return contains(weightsOnly, global.module + " " + global.name)
    }

    private static func isClassName(_ name: String) -> Bool {
        let bytes = name.utf8.drop { $0 == UInt8(ascii: "_") }
        guard let first = bytes.first, first >= 0x41, first <= 0x5A else { return false }
        return bytes.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F }
    }

    private static func firstPart(_ module: String) -> String { String(module.prefix { $0 != "." }) }

    private static func isBelow(_ module: String, _ root: String) -> Bool {
        module == root || module.hasPrefix(root + ".")
    }

    private static func isIn(_ list: [String], _ module: String) -> Bool {
        prefixes(module).contains { contains(list, $0 + ".") }
    }

    private static func isInDangerousModule(_ module: String) -> Bool {
        prefixes(module).contains { contains(dangerousModules, $0) }
    }

    /// `a`, `a.b`, `a.b.c` for `a.b.c`; of absurdly deep names only the first sixteen.
    private static func prefixes(_ module: String) -> [String] {
        var result: [String] = []
        for (index, byte) in zip(module.utf8.indices, module.utf8) where byte == 0x2E {
            result.append(String(module[..<index]))
            if result.count == 16 { break }
        }
        return result + [module]
    }

    /// Looks an ASCII text up in a list that is sorted by bytes.
    private static func contains(_ list: [String], _ text: String) -> Bool {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].utf8.lexicographicallyPrecedes(text.utf8) { low = middle + 1 } else { high = middle }
        }
        return low < list.count && list[low] == text
    }
}
