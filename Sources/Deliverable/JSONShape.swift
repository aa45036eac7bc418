// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Looks over a JSON text before a parser does: how deep it is, and whether an object has a key twice.
///
/// Readers disagree about a key that is there twice (some take the first, some the last), so a text that has one means
/// nothing. What is not JSON passes here and fails in the parser.
enum JSONShape {
    /// The deepest nesting accepted.
    static let maximumDepth = 64

    /// Checks `bytes`; the first defect goes through `failure` and is thrown.
    static func check<Problem: Error>(_ bytes: [UInt8], _ failure: (String) -> Problem) throws(Problem) {
        if let defect = defect(of: bytes) { throw failure(defect.rawValue) }
    }

    enum Defect: String {
        case tooDeep = "too deep"
        case duplicateKey = "duplicate key"
    }

    /// The first defect, or nil. Linear in the size of the text.
    static func defect(of bytes: [UInt8]) -> Defect? {
        var options = JSONReader.Options()
        // The reader gives the container that is too deep before it would refuse the one in it.
        options.depth = maximumDepth + 1
        options.tellsHalvesApart = true
        var reader = JSONReader(bytes, options)
        var scopes: [Set<[UInt8]>] = []  // the keys of each open object; an array has none
        while let event = try? reader.next() {
            switch event {
            case .beginArray, .beginObject:
                guard scopes.count < maximumDepth else { return .tooDeep }
                scopes.append([])
            case .endArray, .endObject: scopes.removeLast()
            case .key(let key):
                if !scopes[scopes.count - 1].insert(Array(key.utf8)).inserted { return .duplicateKey }
            case .end: return nil
            default: break
            }
        }
        return nil
    }
}
