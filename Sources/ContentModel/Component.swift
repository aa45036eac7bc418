// SPDX-License-Identifier: Apache-2.0

/// One layer of a deliverable.
public enum Component: String, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    // In a repository's files
    case weights, tokenizer
    case chatTemplate = "chat-template"
    case config, generation, quantization, code, docs, other
    // Beside them
    case image, packages, launch, datasets, prompts, patches

    /// The word used everywhere for this component.
    public var description: String { rawValue }

    /// Whether a change in this component can change an output. Only documentation cannot: what is not known counts.
    public var affectsBehaviour: Bool { self != .docs }

    /// Orders by name bytes, which is the order of the lines that `identity` hashes.
    public static func < (left: Component, right: Component) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}
