// SPDX-License-Identifier: Apache-2.0

/// Something that a checkpoint's object holds.
package struct CheckpointEntry: Sendable, Hashable {
    /// Where it is.
    package let path: EntryPath
    /// What it is.
    package let kind: Kind

    /// What an entry is.
    package enum Kind: Sendable, Hashable {
        /// A tensor whose bytes can be read.
        case tensor(CheckpointTensor)
        /// A tensor of a kind that is not read.
        case refused(TensorRefusal)
        /// A dict or an `OrderedDict` with so many keys; its entries follow.
        case mapping(count: Int)
        /// A list, tuple or set with so many items; its entries follow, but those of a set do not.
        case sequence(count: Int)
        /// A number, a string, a truth value or nothing: a few words about it.
        case value(String)
        /// Another object: the name of its class or of the function that makes it.
        case object(String)
        /// A container that is listed already, at this path.
        case same(EntryPath)
    }
}
